# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts one hello after the other to a server, each on a connection of its own, and says what the answer proves.

Only an alert proves that the server rejects what was offered. Where it closes, resets, stalls or sends other bytes instead, a
hello that it must know is the control: is that not answered either, we are being kept off, and nothing at all may be concluded
from then on. Is it answered, an intolerant server is given the same in small pieces; what is not answered by then stays
inconclusive.
"""

from __future__ import annotations

import time
from typing import Dict, List

from ..dataclass import dataclass, field, replace
from .connection import Broken, Connection, DeadlineReached, NotOpened, Silence
from .hello.client import TLS12, TLS13, VERSION_NAMES, ClientHello, farewell
from .hello.fields import MalformedFlight
from .hello.flight import Flight, FlightReader
from .hello.server import ServerHello
from .hello.sslv2 import Sslv2Hello
from .hello.suites import SUITES, suite_name
from .hello.traits import suite_traits
from .posture_evidence import ACCEPTED, INCONCLUSIVE, REJECTED, Answer
from .posture_hellos import AnyHello, control, is_big, pieces_of, size_of, without_finite_field
from .reach import CutOff, PutOff, Reach

_PROTOCOL_VERSION = 70
_INTERNAL_ERROR = 80
_UNRECOGNIZED_NAME = 112
_NO_APPLICATION_PROTOCOL = 120
# These complain of the hello's form: unexpected_message, record_overflow, illegal_parameter, decode_error.
_COMPLAINTS = (10, 22, 47, 50)
#: Bytes by which a hello may be smaller than one that was too large and yet is taken for too large: each that asks for the rest
#: of a set is by two bytes smaller than the last.
_ABOUT = 64
_CLOSED = "closed without an alert"
_HUNG_UP = (_CLOSED, "reset")
#: The cause of such a refusal: Dovecot 2.3 and others send no alert. See :meth:`Asker.confirm`.
REFUSED_BY_HANGING_UP = "hung up each time, while control hellos were answered"


@dataclass
class Reply:
    """What a hello led to. ``answer``: ACCEPTED, REJECTED or INCONCLUSIVE, with its cause in ``why``. ``ended``: how the flight
    was interrupted, if it was."""

    flight: Flight = field(default_factory=Flight)
    answer: str = INCONCLUSIVE
    why: str = ""
    ended: str = ""

    @property
    def version(self) -> int:
        """The number of the version that the server chose; 0 for none."""
        return self.flight.hello.version if self.flight.hello else 0

    @property
    def suite(self) -> int:
        """The number of the suite that the server chose; 0 for none."""
        return self.flight.hello.suite if self.flight.hello else 0

    @property
    def wrong_version(self) -> bool:
        """The alert is about the version: all that the hello offered, and everything older, is out of the question."""
        return self.flight.alert is not None and self.flight.alert.description == _PROTOCOL_VERSION

    def about(self, subject: str) -> Answer:
        return Answer(subject, self.answer, self.why)


class Asker:
    """``most_connections`` may be raised between questions. ``lost``: why nothing can be asked any more. ``server_name``: what
    hellos say; it becomes ``""`` where the server refuses the name."""

    def __init__(self, reach: Reach, encryption: str, server_name: str, most_connections: int) -> None:
        self._reach = reach
        self._encryption = encryption
        self._seconds = reach.setting.limits.reply_seconds
        self._answered_until = reach.connections
        #: It is known to refuse by hanging up: on the same hello twice, with a control answered between.
        self._hangs_up = False
        #: It hung up last, and has answered nothing since: that may have been the end of its patience.
        self._unconfirmed = False
        self.server_name = server_name
        self.most_connections = most_connections
        self.alpn_refused = False
        #: Large hellos go in small ones, each with a part of the suites.
        self.cuts_hellos = False
        #: Whether hellos of so many bytes and more are answered, up to the next number.
        self._sizes: Dict[int, bool] = {}
        self.lost = ""
        self.notes: List[str] = []

    @property
    def connections(self) -> int:
        """To this port, all that were made before included."""
        return self._reach.connections

    def ask_for_any(self, hello: AnyHello) -> Reply:
        """As :meth:`ask`; but a server that fails over one of the suites is not taken for one that refuses them all."""
        reply = self.ask(hello)
        alert = reply.flight.alert
        if reply.answer == REJECTED and (alert is None or alert.description == _INTERNAL_ERROR):
            others = without_finite_field(hello)
            # What it would have chosen here, and could not, it does not accept either.
            return self.ask(others) if others else reply
        return reply

    def ask(self, hello: AnyHello) -> Reply:
        """Put the hello, and what else it takes to know what the answer means."""
        if isinstance(hello, ClientHello) and self._is_too_big(hello):
            return self._in_pieces(hello)
        reply = self._once(hello)
        if isinstance(hello, ClientHello) and reply.flight.alert is not None:
            refused = reply.flight.alert.description
            if refused == _UNRECOGNIZED_NAME and hello.server_name:
                self._note("the server refuses the name {0}: {1}".format(hello.server_name, reply.flight.alert))
                self.server_name = ""
                return self.ask(replace(hello, server_name=""))
            if refused == _NO_APPLICATION_PROTOCOL and hello.alpn:
                self._note("the server refuses the protocol {0}: {1}".format(hello.alpn[0], reply.flight.alert))
                self.alpn_refused = True
                return self.ask(replace(hello, alpn=()))
        if isinstance(hello, ClientHello) and self._complains(reply) and _can_be_cut(hello):
            self._note_size(str(reply.flight.alert))
            return self._in_pieces(hello)
        if reply.answer != INCONCLUSIVE or reply.why:
            return reply
        if self._hangs_up and reply.ended in _HUNG_UP:
            self._unconfirmed = True
            return replace(reply, answer=REJECTED, why=REFUSED_BY_HANGING_UP)
        return self._after_control(hello, reply)

    def confirm(self) -> str:
        """Make sure that the server answers still, where it hung up last. What was refused by hanging up holds only then.

        :returns: why it does not hold, ``""`` where it does.
        """
        if self._unconfirmed and not self.lost:
            known = self._once(control(self.server_name))
            if not known.flight.answered:
                self.lost = self.lost or self._cause(known)
        return self.lost if self._unconfirmed else ""

    @staticmethod
    def _complains(reply: Reply) -> bool:
        alert = reply.flight.alert
        return reply.answer == REJECTED and alert is not None and alert.description in _COMPLAINTS

    def _after_control(self, hello: AnyHello, reply: Reply) -> Reply:
        known = self._once(control(self.server_name))
        if known.why and not self.lost:
            return replace(reply, why="{0}; a control hello was {1}".format(reply.ended, known.why))
        if not known.flight.answered:
            self.lost = self.lost or self._cause(known)
            return replace(reply, why=self.lost)
        if isinstance(hello, ClientHello) and is_big(hello):
            big = self._once(control(self.server_name, as_big_as=hello))
            if big.why:
                return replace(reply, why=big.why)
            if not big.flight.answered and _can_be_cut(hello):
                self._sizes[size_of(hello) - _ABOUT] = False
                self._note_size(reply.ended)
                return self._in_pieces(hello)
        again = self._once(hello)
        if again.answer != INCONCLUSIVE or again.why:
            return again
        if reply.ended in _HUNG_UP and again.ended in _HUNG_UP:
            self._hangs_up = self._unconfirmed = True
            return replace(again, answer=REJECTED, why=REFUSED_BY_HANGING_UP)
        return replace(again, why="{0}, while a control hello was answered".format(again.ended))

    def _is_too_big(self, hello: ClientHello) -> bool:
        """One of about this size was not answered, and none between the two was."""
        if all(self._sizes.values()):
            return False
        size = size_of(hello)
        tried = [each for each in self._sizes if each <= size]
        return bool(tried) and not self._sizes[max(tried)] and _can_be_cut(hello)

    def _in_pieces(self, hello: ClientHello) -> Reply:
        self.cuts_hellos = True
        last = Reply()
        for piece in pieces_of(hello):
            last = self.ask(piece)
            if last.answer != REJECTED or last.wrong_version:
                return last
        return last

    def _cause(self, reply: Reply) -> str:
        """Why even the control was not answered."""
        if reply.why:
            return reply.why
        if "no answer" in reply.ended:
            return "slow: {0}".format(reply.ended)
        return "cut off after {0} connections: {1}".format(self._answered_until, reply.ended)

    # One connection

    def _once(self, hello: AnyHello) -> Reply:
        if self.lost:
            return Reply(why=self.lost)
        if self._reach.connections >= self.most_connections:
            return Reply(why="not asked within {0} connections".format(self.most_connections))
        reply = Reply()
        record = hello.to_bytes()
        try:
            connection = self._reach.at_tls_start(self._encryption)
        except PutOff as why:
            self.lost = "throttled: {0}".format(why)
        except CutOff as why:
            self.lost = str(why)
        except NotOpened as why:
            self.lost = (
                str(self._reach.setting.deadline)
                if why.cut_off
                else "cut off after {0} connections: {1}".format(self._answered_until, why.state)
            )
        except DeadlineReached:
            self.lost = str(self._reach.setting.deadline)
        except Silence:
            reply.ended = "no answer before TLS within {0:g} s".format(self._seconds)
        except Broken as why:
            reply.ended = str(why)
        else:
            try:
                self._exchange(connection, record, isinstance(hello, Sslv2Hello), reply)
            finally:
                connection.close()
        if self.lost:
            reply.why = self.lost
            return reply
        if reply.flight.answered:
            self._unconfirmed = False
            if isinstance(hello, ClientHello):
                self._sizes[len(record)] = True
            self._reach.answered()
            self._answered_until = self._reach.connections
        self._judge(hello, reply)
        return reply

    def _exchange(self, connection: Connection, record: bytes, sslv2: bool, reply: Reply) -> None:
        reader = FlightReader(sslv2)
        reply.flight = reader.flight
        until = time.monotonic() + self._seconds
        try:
            connection.send(record, self._seconds)
            while not reader.flight.complete:
                data = connection.receive(max(until - time.monotonic(), 0.001))
                if not data:
                    reply.ended = _CLOSED
                    # Some servers give only a warning before they close.
                    if reader.flight.hello is None and reader.flight.warnings:
                        reader.flight.alert = reader.flight.warnings[-1]
                    return
                reader.feed(data)
            if reader.flight.alert is None:
                connection.send(farewell(reply.version or TLS12), self._seconds)
            elif reader.flight.alert.description == 0:
                reply.ended = _CLOSED
        except Silence:
            reply.ended = "no answer within {0:g} s".format(self._seconds)
        except Broken as why:
            reply.ended = str(why)
        except MalformedFlight as why:
            reply.ended = "answered with other bytes: {0}".format(why)
        except DeadlineReached:
            self.lost = str(self._reach.setting.deadline)

    @staticmethod
    def _judge(hello: AnyHello, reply: Reply) -> None:
        flight = reply.flight
        if flight.sslv2 is not None:
            reply.answer = ACCEPTED
        elif flight.hello is not None and isinstance(hello, ClientHello):
            if _was_offered(flight.hello, hello):
                reply.answer = ACCEPTED
            else:
                chosen = "{0} in {1}".format(suite_name(flight.hello.suite), VERSION_NAMES[flight.hello.version])
                reply.why = "the server chose {0}, which was not offered".format(chosen)
        elif flight.alert is not None and flight.alert.description != 0:
            reply.answer = REJECTED

    def _note_size(self, became: str) -> None:
        self._note("a large hello: {0}; it was put in small ones".format(became))

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _can_be_cut(hello: ClientHello) -> bool:
    return is_big(hello) and all(size_of(piece) < size_of(hello) for piece in pieces_of(hello))


def _was_offered(chosen: ServerHello, hello: ClientHello) -> bool:
    if chosen.suite not in hello.suites or chosen.version > max(hello.version, *hello.supported_versions, 0):
        return False
    return chosen.suite not in SUITES or suite_traits(chosen.suite).tls13 == (chosen.version == TLS13)
