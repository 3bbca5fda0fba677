# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dialogue on one connection, whichever protocol the server turns out to speak."""

from __future__ import annotations

from typing import Dict, List, Optional, Type

from ..recognise import protocol_of, software_of
from ..text import printable
from .base import NO_ERRAND, Dialogue, Done, Errand, Event, Facts
from .imap import ImapDialogue
from .pop3 import Pop3Dialogue
from .sieve import SieveDialogue
from .smtp import LmtpDialogue, SmtpDialogue

_DIALOGUES: Dict[str, Type[Dialogue]] = {
    "smtp": SmtpDialogue,
    "imap": ImapDialogue,
    "pop3": Pop3Dialogue,
    "sieve": SieveDialogue,
}


class Conversation:
    """Waits for the server's first words, recognises the protocol and carries on in it.

    :param expected: the protocol that should be spoken; it decides only between SMTP and LMTP.
    :param encrypted: the connection is inside TLS already.
    :param client_name: a valid host name for EHLO.
    :param errand: what to do beyond asking what is offered.
    """

    def __init__(self, expected: str, encrypted: bool, client_name: str, errand: Errand = NO_ERRAND) -> None:
        self._expected = expected
        self._encrypted = encrypted
        self._client_name = client_name
        self._errand = errand
        self._first_bytes = b""
        self._own_facts = Facts()
        self._dialogue: Optional[Dialogue] = None

    @property
    def facts(self) -> Facts:
        return self._dialogue.facts if self._dialogue else self._own_facts

    @property
    def leaving(self) -> bool:
        """Everything is seen; only the goodbye is outstanding."""
        return self._dialogue is not None and self._dialogue.leaving

    @property
    def complete(self) -> bool:
        """All that is offered has been seen; an errand or the goodbye is outstanding."""
        return self._dialogue is not None and self._dialogue.complete

    @property
    def patience(self) -> Optional[float]:
        return self._dialogue.patience if self._dialogue else None

    def feed(self, data: bytes) -> List[Event]:
        """Take bytes that the server sent, split anyhow."""
        if self._dialogue:
            return self._dialogue.feed(data)
        if self._own_facts.stopped:
            return []
        self._first_bytes += data
        return self._recognise(complete=False)

    def closed(self) -> List[Event]:
        """The server closed the connection."""
        if self._dialogue is None and self._first_bytes:
            self._recognise(complete=True)
        if self._dialogue:
            return self._dialogue.closed()
        self._own_facts.stopped = self._own_facts.stopped or "closed without a greeting"
        return [Done()]

    def silent(self, seconds: float) -> List[Event]:
        """Nothing that completes a reply came within ``seconds``."""
        if self._dialogue is None and self._first_bytes:
            self._recognise(complete=True)
        if self._dialogue:
            return self._dialogue.silent(seconds)
        self._own_facts.slow = True
        self._own_facts.stopped = self._own_facts.stopped or "no greeting within {0:g} s".format(seconds)
        return [Done()]

    def nudge(self) -> List[Event]:
        """The server has been silent for :attr:`patience` seconds."""
        return self._dialogue.nudge() if self._dialogue else []

    def handshake_done(self) -> List[Event]:
        """STARTTLS has led to an established TLS connection."""
        if self._dialogue is None:
            raise AssertionError("STARTTLS before a greeting")
        return self._dialogue.handshake_done()

    def _recognise(self, complete: bool) -> List[Event]:
        spoken = protocol_of(self._first_bytes, complete)
        if spoken is None:
            return []
        if spoken not in _DIALOGUES:
            self._own_facts.speaks = spoken
            self._own_facts.greeting = printable(self._first_bytes)
            self._own_facts.software = software_of(self._own_facts.greeting)
            self._own_facts.stopped = "{0} is spoken here".format(spoken or "an unknown protocol")
            return [Done()]
        kind = LmtpDialogue if (spoken, self._expected) == ("smtp", "lmtp") else _DIALOGUES[spoken]
        self._dialogue = kind(self._encrypted, self._client_name, self._errand)
        return self._dialogue.feed(self._first_bytes)
