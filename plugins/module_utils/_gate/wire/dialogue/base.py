# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A protocol dialogue without sockets: bytes in, events out, facts gathered on the way.

Each dialogue sends one command and waits for its whole reply before the next (Postfix 3.9 and later answers 554 to
a client that does not). What a server may send is bounded, so that a hostile one ends as ``stopped``.
"""

from __future__ import annotations

import abc
import re
from dataclasses import dataclass, field
from typing import List, Optional, Union

from ..evidence import Capabilities
from ..recognise import software_of
from ..text import printable

#: Bounds of one reply (or greeting), in bytes, lines, bytes.
LONGEST_LINE = 8192
MOST_LINES = 200
MOST_BYTES = 65536

_LITERAL = re.compile(rb"\{(\d{1,9})\+?\}\r?$")
_TRY_LATER = re.compile(
    r"\[(?:UNAVAILABLE|LIMIT|INUSE|IN-USE|LOGIN-DELAY|SYS/TEMP)\]|\(TRYLATER\b|too many|try again|try later"
    r"|temporar|overload|\bbusy\b|max(?:imum)? (?:number of )?connections",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Send:
    """Send these bytes."""

    data: bytes


@dataclass(frozen=True)
class StartTls:
    """Hand the connection to TLS; afterwards call :meth:`Dialogue.handshake_done`."""


@dataclass(frozen=True)
class Done:
    """Nothing more to say: close."""


Event = Union[Send, StartTls, Done]


@dataclass(frozen=True)
class Errand:
    """What a dialogue does beyond asking what is offered.

    ``straight_to_tls``: it asks for STARTTLS at once, advertised or not, and for nothing that is not needed before.
    """

    straight_to_tls: bool = False


NO_ERRAND = Errand()


@dataclass
class Facts:
    """What the dialogue has learnt so far; the fields of the same names in ``PortEvidence`` say what they mean.

    ``stays_plain``: it is established that this dialogue does not go over to TLS.
    """

    speaks: str = ""
    greeting: str = ""
    software: str = ""
    before_tls: Optional[Capabilities] = None
    after_tls: Optional[Capabilities] = None
    starttls_reply: str = ""
    stays_plain: bool = False
    throttled: str = ""
    stopped: str = ""
    notes: List[str] = field(default_factory=list)


class _TooMuch(Exception):
    """The server sent more than a reply may hold."""


def asks_to_try_later(text: str) -> bool:
    """Whether a refusal says, by response code or in common words, that it is a passing one."""
    return _TRY_LATER.search(text) is not None


class Dialogue(abc.ABC):
    """The client's side of one connection.

    :param encrypted: the dialogue runs inside TLS from its first byte.
    :param client_name: a valid host name for EHLO.
    :param errand: what to do beyond asking what is offered.
    """

    protocol = ""
    goodbye = b""
    literals = False  # {n} at a line's end announces n bytes that belong to the line

    def __init__(self, encrypted: bool, client_name: str, errand: Errand = NO_ERRAND) -> None:
        self.facts = Facts(speaks=self.protocol)
        self.errand = errand
        self.encrypted = encrypted
        self.client_name = client_name
        self.leaving = False
        #: Seconds of silence after which :meth:`nudge` may help; None: just wait.
        self.patience: Optional[float] = None
        self._awaited = "greeting"
        self._finished = False
        self._in_handshake = False
        self._buffer = bytearray()
        self._left_over = bytearray()
        self._lines_seen = 0
        self._bytes_seen = 0

    # What the connection tells us

    def feed(self, data: bytes) -> List[Event]:
        """Take bytes that the server sent, split anyhow. Those after the STARTTLS reply are set aside as left over."""
        if self._in_handshake:
            self._left_over += data
            return []
        self._buffer += data
        events: List[Event] = []
        try:
            while not self._finished and not self._in_handshake:
                line = self._take_line()
                if line is None:
                    break
                events += self._line(line)
        except _TooMuch as excess:
            events += self._stop(str(excess))
        if self._in_handshake:
            self._left_over += self._buffer
            self._buffer.clear()
        return events

    def handshake_done(self) -> List[Event]:
        """TLS is established: forget what came before it, and ask again."""
        if self._left_over:
            self.facts.notes.append(
                "left-over bytes after the STARTTLS reply, {0} of them, were discarded: {1}".format(
                    len(self._left_over), printable(bytes(self._left_over), 80)
                )
            )
            self._left_over.clear()
        self._in_handshake = False
        self.encrypted = True
        self._buffer.clear()
        return self._after_handshake()

    def closed(self) -> List[Event]:
        """The server closed the connection."""
        if self.leaving or self._finished:
            return [Done()]
        if self._awaited == "greeting":
            return self._stop("closed before the greeting was complete")
        return self._stop("closed before the {0}".format(self._awaited))

    def silent(self, seconds: float) -> List[Event]:
        """The reply did not become complete within ``seconds``."""
        if self.leaving or self._finished:
            return [Done()]
        return self._stop("no complete {0} within {1:g} s".format(self._awaited, seconds))

    def nudge(self) -> List[Event]:
        """The server has been silent for :attr:`patience` seconds."""
        self.patience = None
        return []

    # What a protocol fills in

    @abc.abstractmethod
    def _line(self, line: bytes) -> List[Event]:
        """Take one line without its line end (with its literals, where the protocol has them)."""

    @abc.abstractmethod
    def _after_handshake(self) -> List[Event]:
        """The first words after STARTTLS."""

    # What protocols share

    def _say(self, command: str, awaited: str = "") -> List[Event]:
        self._awaited = "reply to {0}".format(awaited or command)
        self._lines_seen = self._bytes_seen = 0
        return [Send(command.encode("ascii") + b"\r\n")]

    def _start_tls(self) -> List[Event]:
        self._in_handshake = True
        return [StartTls()]

    def _offered(self, capabilities: Capabilities) -> None:
        if self.encrypted:
            self.facts.after_tls = capabilities
        else:
            self.facts.before_tls = capabilities

    def _announced(self, text: str) -> None:
        self.facts.software = self.facts.software or software_of(text)

    def _leave(self) -> List[Event]:
        self.leaving = True
        self._awaited = "goodbye"
        self._lines_seen = self._bytes_seen = 0
        return [Send(self.goodbye)]

    def _finish(self) -> List[Event]:
        self._finished = True
        return [Done()]

    def _stop(self, reason: str) -> List[Event]:
        if not self.leaving:
            self.facts.stopped = reason
        return self._finish()

    def _put_off(self, line: bytes) -> None:
        self.facts.throttled = printable(line)
        self.facts.stopped = "put off by the server"

    def _take_line(self) -> Optional[bytes]:
        start = 0
        while True:
            end = self._buffer.find(b"\n", start)
            if end < 0 or end > LONGEST_LINE:
                if len(self._buffer) > LONGEST_LINE:
                    raise _TooMuch("line longer than {0} bytes".format(LONGEST_LINE))
                return None
            literal = _LITERAL.search(bytes(self._buffer[start:end])) if self.literals else None
            if literal is None:
                break
            start = end + 1 + int(literal.group(1))
            if start > LONGEST_LINE:
                raise _TooMuch("literal longer than {0} bytes".format(LONGEST_LINE))
            if len(self._buffer) < start:
                return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._lines_seen += 1
        self._bytes_seen += len(line)
        if self._lines_seen > MOST_LINES:
            raise _TooMuch("more than {0} lines in one reply".format(MOST_LINES))
        if self._bytes_seen > MOST_BYTES:
            raise _TooMuch("more than {0} bytes in one reply".format(MOST_BYTES))
        return line[:-1] if line.endswith(b"\r") else line
