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
from typing import Dict, List, Optional, TypeVar, Union

from ...dataclass import dataclass, field
from ..evidence import NO, YES, Capabilities, Observation
from ..recognise import software_behind, software_of
from ..text import printable
from .injection import AnswerCount

#: Bounds of one reply (or greeting), in bytes, lines, bytes.
LONGEST_LINE = 8192
MOST_LINES = 200
MOST_BYTES = 65536

_Part = TypeVar("_Part")
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
    """What a dialogue does beyond asking what is offered. Nothing of it leaves a mail or a login attempt behind.

    ``straight_to_tls``: it asks for STARTTLS at once, advertised or not, and for nothing that is not needed before.
    ``leave_before_tls``: it leaves when the errands before TLS are done.
    ``try_unadvertised``: it asks for STARTTLS at the end where that is not advertised.
    ``mail_before_tls``: it begins a mail from the null sender before TLS (SMTP). ``mail``: at the end, under TLS where there is
    one. ``recipient``: the address that the mail at the end is begun for, if any. DATA never follows.
    ``start_login``: it begins a login before TLS, without a name or a password, and cancels it.
    ``injection_tag``: a word that marks a harmless command sent together with STARTTLS.
    """

    straight_to_tls: bool = False
    leave_before_tls: bool = False
    try_unadvertised: bool = False
    mail_before_tls: bool = False
    mail: bool = False
    recipient: str = ""
    start_login: bool = False
    injection_tag: str = ""


NO_ERRAND = Errand()


@dataclass
class Facts:
    """What the dialogue has learnt so far; the fields of the same names in ``PortEvidence`` say what they mean.

    ``stays_plain``: it is established that this dialogue does not go over to TLS by what is advertised.
    ``injected``: the tagged command was sent with STARTTLS. ``slow``: ``stopped`` by a reply that did not come in time.
    ``observed``: by the names of ``MailPosture``.
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
    slow: bool = False
    injected: bool = False
    notes: List[str] = field(default_factory=list)
    observed: Dict[str, Observation] = field(default_factory=dict)


class _TooMuch(Exception):
    """The server sent more than a reply may hold."""


def asks_to_try_later(text: str) -> bool:
    """Whether a refusal says, by response code or in common words, that it is a passing one."""
    return _TRY_LATER.search(text) is not None


def begun(part: Optional[_Part]) -> _Part:
    """The part of a dialogue that runs now. That it was begun is sure; if not, it is a defect."""
    if part is None:
        raise AssertionError("not begun")
    return part


class Dialogue(abc.ABC):
    """The client's side of one connection.

    :param encrypted: the dialogue runs inside TLS from its first byte.
    :param client_name: a valid host name for EHLO.
    :param errand: what to do beyond asking what is offered.
    """

    protocol = ""
    goodbye = b""
    literals = False  # {n} at a line's end announces n bytes that belong to the line
    speaks_first_under_tls = False

    def __init__(self, encrypted: bool, client_name: str, errand: Errand = NO_ERRAND) -> None:
        self.facts = Facts(speaks=self.protocol)
        self.errand = errand
        self.encrypted = encrypted
        self.client_name = client_name
        self.leaving = False
        #: All that is offered has been seen: what is outstanding is an errand or the goodbye.
        self.complete = False
        #: Seconds of silence after which :meth:`nudge` may help; None: just wait.
        self.patience: Optional[float] = None
        self._awaited = "greeting"
        self._finished = False
        self._in_handshake = False
        self._buffer = bytearray()
        self._left_over = bytearray()
        self._lines_seen = 0
        self._bytes_seen = 0
        self._control: Optional[AnswerCount] = None
        self._control_sent = False

    # What the connection tells us

    def feed(self, data: bytes) -> List[Event]:
        """Take bytes that the server sent, split anyhow. Those after the STARTTLS reply are set aside as left over."""
        if self._finished:
            return []
        if self._in_handshake:
            self._left_over += data[: MOST_BYTES - len(self._left_over)]
            return []
        self._buffer += data
        events: List[Event] = []
        try:
            while not self._finished and not self._in_handshake:
                line = self._take_line()
                if line is None:
                    break
                events += self._line_in_control(line) if self._control else self._line(line)
        except _TooMuch as excess:
            events += self._stop(str(excess))
        if self._in_handshake:
            self._left_over += self._buffer
            self._buffer.clear()
        return events

    def handshake_done(self) -> List[Event]:
        """TLS is established: forget what came before it, and ask again."""
        self.observe("left_over_bytes", YES if self._left_over else NO, bytes(self._left_over))
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
        if self.errand.injection_tag:
            return self._begin_control()
        # Accepted without having been advertised: that was the question.
        return self._leave() if self.facts.stays_plain else self._after_handshake()

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
        self.facts.slow = not self.complete
        return self._stop("no complete {0} within {1:g} s".format(self._awaited, seconds))

    def nudge(self) -> List[Event]:
        """The server has been silent for :attr:`patience` seconds."""
        self.patience = None
        return []

    def observe(self, question: str, answer: str, line: bytes = b"", why: str = "") -> None:
        """Keep the answer to a question of ``MailPosture``."""
        self.facts.observed[question] = Observation(answer, printable(line), why)

    # What a protocol fills in

    @abc.abstractmethod
    def _line(self, line: bytes) -> List[Event]:
        """Take one line without its line end (with its literals, where the protocol has them)."""

    @abc.abstractmethod
    def _after_handshake(self) -> List[Event]:
        """The first words after STARTTLS."""

    @abc.abstractmethod
    def _tagged_command(self, tag: str) -> str:
        """A command that changes nothing, is answered by every server in one reply, and carries the tag."""

    @abc.abstractmethod
    def _ends_reply(self, line: bytes) -> bool:
        """Whether the line is the last of a reply to a command."""

    def _can_be_owed(self) -> bool:
        """Whether the reply just read has the shape of what the server owes now."""
        return True

    def _is_goodbye(self, line: bytes) -> bool:
        """Whether the line can only be the answer to the goodbye. Where that is not to be told, the server closes."""
        return False

    # What protocols share

    def _say(self, command: str, awaited: str = "") -> List[Event]:
        self._awaited = "reply to {0}".format(awaited or command)
        self._lines_seen = self._bytes_seen = 0
        return [Send(command.encode("ascii") + b"\r\n")]

    def _start_tls(self) -> List[Event]:
        self._in_handshake = True
        return [StartTls()]

    def _with_injection(self, events: List[Event]) -> List[Event]:
        """STARTTLS and, where that is the errand, the tagged command in the same segment."""
        tag = self.errand.injection_tag
        if not tag:
            return events
        self.facts.injected = True
        injected = self._tagged_command(tag).encode("ascii") + b"\r\n"
        return [Send(event.data + injected) if isinstance(event, Send) else event for event in events]

    def _begin_control(self) -> List[Event]:
        self._control = AnswerCount(unasked=1 if self.speaks_first_under_tls else 0)
        self._weigh()
        return self._after_handshake() if self.speaks_first_under_tls else self._send_control()

    def _send_control(self) -> List[Event]:
        self._control_sent = True
        control = begun(self._control)
        control.asked()
        return self._say(self._tagged_command(self.errand.injection_tag + "c"), awaited="the command that was injected")

    def _line_in_control(self, line: bytes) -> List[Event]:
        control = begun(self._control)
        if not self._ends_reply(line):
            return []
        control.answered(line, self._can_be_owed())
        events: List[Event] = []
        if self.leaving:
            if control.too_many or self._is_goodbye(line):
                events = self._finish()
        elif control.settled and not self._control_sent:
            events = self._send_control()
        elif control.settled:
            control.goodbye()
            events = self._leave()
        self._weigh()
        return events

    def _weigh(self) -> None:
        control = begun(self._control)
        self.facts.observed["starttls_injection"] = control.observation

    def _offered(self, capabilities: Capabilities) -> None:
        if self.encrypted:
            self.facts.after_tls = capabilities
        else:
            self.facts.before_tls = capabilities

    def _announced(self, text: str) -> None:
        self.facts.software = self.facts.software or software_of(text)

    def _behaves(self, text: str) -> None:
        """Software that does not announce itself may still be known by its words."""
        self.facts.software = self.facts.software or software_behind(text)

    def _leave(self) -> List[Event]:
        self.leaving = self.complete = True
        self._awaited = "goodbye"
        self._lines_seen = self._bytes_seen = 0
        return [Send(self.goodbye)]

    def _finish(self) -> List[Event]:
        self._finished = True
        return [Done()]

    def _stop(self, reason: str) -> List[Event]:
        if not self.complete:
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
