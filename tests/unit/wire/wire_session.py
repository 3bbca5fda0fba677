# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a session of a server is written down, with what a client should learn from it.

``S`` is what the server says, ``C`` what the client must say next, TLS where the handshake takes place.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Tuple

from _gate.wire.dialogue.base import NO_ERRAND, Errand, Event, Send, StartTls
from _gate.wire.dialogue.conversation import Conversation

CLIENT = "client.example.org"
EHLO = b"EHLO client.example.org\r\n"
TLS = ("tls", b"")


def S(*lines: bytes) -> Tuple[str, bytes]:
    return "server", b"".join(line + b"\r\n" for line in lines)


def C(line: bytes) -> Tuple[str, bytes]:
    return "client", line + b"\r\n"


class Session(NamedTuple):
    steps: List[Tuple[str, bytes]]
    # Of Facts; "before" and "after" are (starttls, login_mechanisms), "observed" has the answers by question.
    facts: Dict[str, Any]
    encrypted: bool = False
    protocol: str = "smtp"
    errand: Errand = NO_ERRAND


HELLO = C(EHLO[:-2])


def play(session: Session, pieces_of: Callable[[bytes], List[bytes]], conversation: Conversation) -> List[Event]:
    """Hold the session; the client must say exactly its part, one command at a time, and never early.

    Returns what the client wants last.
    """
    events: List[Event] = []
    steps = list(session.steps)
    for position, (who, words) in enumerate(steps):
        if who == "client":
            assert events == [Send(words)]
            events = []
        elif (who, words) == TLS:
            assert events == [StartTls()]
            events = conversation.handshake_done()
        else:
            pieces = pieces_of(words)
            for piece in pieces[:-1]:
                assert events == [], "spoke before the server had finished"
                events = conversation.feed(piece)
            assert events == [], "spoke before the server had finished"
            events = conversation.feed(pieces[-1])
        if position + 1 < len(steps) and steps[position + 1][0] == "server" and who == "server":
            assert events == [], "spoke between two parts of a reply"
    return events
