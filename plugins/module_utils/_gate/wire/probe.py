# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for one port of one address: which connections to make, and what they mean together."""

from __future__ import annotations

import datetime
from typing import List, Optional, Sequence, Tuple, Union

from ..dataclass import replace
from . import evidence
from .connection import (
    Broken,
    Connection,
    DeadlineReached,
    Endpoint,
    NotOpened,
    Silence,
)
from .dialogue.base import Facts
from .evidence import NO, NOT_ESTABLISHED, MailPosture, Observation, PortEvidence
from .hello.flight import read_flight
from .mail_posture import Observations, SecondVisit, first_errand, knock_in_clear
from .names import as_address
from .posture import Application, look_at_posture
from .reach import CutOff, Reach
from .recognise import protocol_of
from .slots import Slots
from .target import IMPLICIT_FIRST, IN_CLEAR, PROTOCOLS, Target
from .text import printable, unique
from .tls import FAILED, NO_TRUST, NOT_TLS, SILENT, Demands, lowered, summary
from .visit import Setting, Visit, Visitor, interruption

#: Connections to one port before its mode and certificate are known, all attempts together.
MOST_CONNECTIONS = 6


class PortLook:
    """Looks at one port of one address. Use once; one connection of ``slots`` must be taken for it already."""

    def __init__(self, setting: Setting, endpoint: Endpoint, slots: Slots) -> None:
        self._setting = setting
        self._target = setting.target
        self._limits = setting.limits
        self._deadline = setting.deadline
        self._endpoint = endpoint
        self._slots = slots
        self._reach = Reach(setting, endpoint, slots)
        self._notes: List[str] = []
        self._observed: Observations = {}
        self._proven_demands = self._first_demands()
        self._application: Optional[Application] = None
        self._connections_before = 0

    def run(self) -> PortEvidence:
        """Make the connections and say what was seen. Never raises for what a server does."""
        seen = self._look()
        if seen.throttled:
            seen = self._look_again(seen)
        knock = self._observed.get("plaintext_answered")
        if knock is not None and knock.answer == NO and seen.encryption != evidence.IMPLICIT:
            self._observed["plaintext_answered"] = Observation(NOT_ESTABLISHED, "", "no TLS after it either")
        second: Optional[SecondVisit] = None
        if seen.state == evidence.OPEN and not seen.throttled:
            second = SecondVisit(self._reach, seen, self._second_demands())
            self._observed.update(second.run())
            if self._application is not None:
                flights = self._application.flights + second.flights
                told_groups = self._application.told_groups or second.told_groups
                self._application = replace(self._application, flights=flights, told_groups=told_groups)
        seen = self._with_posture(seen)
        if second is not None:
            self._observed.update(second.confirm(seen.posture))
        hindered = seen.hindered
        if seen.throttled or self._reach.put_off_elsewhere:
            hindered = evidence.THROTTLED
        elif self._reach.gone:
            hindered = evidence.CUT_OFF
        notes = seen.notes + ((self._reach.gone,) if self._reach.gone and self._reach.gone not in seen.stopped else ())
        return replace(
            seen,
            mail_posture=MailPosture(**self._observed) if self._observed else None,
            hindered=hindered,
            notes=unique(notes),
            connections=self._reach.connections,
        )

    def _with_posture(self, seen: PortEvidence) -> PortEvidence:
        """The TLS posture added, where it is asked for and there is a way to TLS."""
        questions = self._target.questions
        if questions is None or seen.throttled or seen.encryption not in (evidence.IMPLICIT, evidence.STARTTLS):
            return seen
        posture = look_at_posture(self._reach, seen.encryption, questions, self._application)
        hindrances = (evidence.THROTTLED, evidence.SLOW, evidence.CUT_OFF)
        hindered = next((each for each in hindrances if posture.stopped.startswith(each)), seen.hindered)
        return replace(seen, posture=posture, hindered=hindered)

    def _look_again(self, seen: PortEvidence) -> PortEvidence:
        """A server that puts a client off gets one more chance, after a pause."""
        try:
            if not self._reach.may_try_again(seen.throttled):
                return seen
        except DeadlineReached:
            return seen
        self._notes.append("put off at first: {0}".format(seen.throttled))
        self._connections_before = self._reach.connections
        again = self._look()
        if again.throttled:
            self._reach.put_off_for_good(again.throttled)
        return again if again.state == evidence.OPEN and not again.throttled else seen

    def _look(self) -> PortEvidence:
        seen = blank(self._target, self._endpoint)
        try:
            connection = self._reach.connect()
        except CutOff as why:
            return replace(seen, stopped=str(why))
        except NotOpened as failure:
            return replace(
                seen,
                state=failure.state,
                seconds=round(failure.seconds, 4),
                detail=failure.detail,
                source_address=failure.source_address,
                stopped=str(self._deadline) if failure.cut_off else "",
                connections=self._reach.connections,
            )
        seen = replace(
            seen,
            state=evidence.OPEN,
            seconds=round(connection.seconds, 4),
            source_address=connection.source_address,
            from_itself=as_address(connection.source_address) == as_address(self._endpoint.address),
        )
        if self._target.begins == IMPLICIT_FIRST:
            return self._look_tls_first(seen, connection)
        return self._look_plain_first(seen, connection)

    # The two plans

    def _look_tls_first(self, seen: PortEvidence, connection: Connection) -> PortEvidence:
        if self._target.asks(IN_CLEAR):
            try:
                patience = min(self._limits.silence_seconds, self._limits.reply_seconds)
                knock = knock_in_clear(connection, self._target, self._limits.client_name, patience)
                self._observed["plaintext_answered"] = knock
                connection = self._reach.connect()
            except DeadlineReached as why:
                return self._conclude(seen, [interruption(why, self._deadline)], inside_tls=True)
            except (NotOpened, CutOff) as failure:
                self._note_missed("the look with TLS", failure)
                return self._conclude(seen, [Visit(Facts(stopped=str(failure)))], inside_tls=True)
        visit = self._visit(connection, self._first_demands(), inside_tls=True)
        visits = self._repeat(visit, inside_tls=True)
        if not self._worth_a_look_without_tls(visits):
            return self._conclude(seen, visits, inside_tls=True)
        try:
            connection = self._reach.connect()
        except (NotOpened, CutOff) as failure:
            self._note_missed("the look without TLS", failure)
            return self._conclude(seen, visits, inside_tls=True)
        plain = self._visit(connection, self._first_demands(), inside_tls=False)
        if plain.untold:
            return self._conclude(seen, visits, inside_tls=True)
        self._notes.append("plaintext is spoken here, without waiting for TLS")
        return self._conclude(seen, self._repeat(plain, inside_tls=False), inside_tls=False)

    def _worth_a_look_without_tls(self, visits: Sequence[Visit]) -> bool:
        """The ClientHello met other bytes than TLS, or a closed door: plaintext is spoken here, perhaps."""
        last = visits[-1].handshake
        if last is None or self._made() >= MOST_CONNECTIONS:
            return False
        if last.outcome == NOT_TLS:
            return protocol_of(last.first_bytes, complete=True) in PROTOCOLS + ("",)
        return last.outcome == FAILED and not any(each.first_bytes_are_tls for each in visits)

    def _look_plain_first(self, seen: PortEvidence, connection: Connection) -> PortEvidence:
        first: Optional[bytes] = None
        visit: Optional[Visit] = None
        waiting: Optional[Connection] = connection
        try:
            first = connection.receive(self._greeting_seconds())
        except Silence:
            # The greeting may be slow, or the port may be waiting for a ClientHello.
            knock, waiting = self._knock_with_tls(connection)
            if knock is not None and self._settles_the_mode(knock):
                if waiting is not None:
                    waiting.close()
                return self._conclude(seen, self._repeat(knock, inside_tls=True), inside_tls=True)
        except (Broken, DeadlineReached) as why:
            connection.close()
            visit = interruption(why, self._deadline)
        if waiting is None:
            visit = interruption(Broken("silent, and not to be reached again"), self._deadline)
        elif visit is None:
            visit = self._visit(waiting, self._first_demands(), inside_tls=False, first=first)
        if visit.untold and visit.reset:
            seen = replace(seen, state=evidence.RESET, detail="reset after the connection was accepted")
        return self._conclude(seen, self._repeat(visit, inside_tls=False), inside_tls=False)

    def _greeting_seconds(self) -> float:
        """How long to wait for a greeting before a ClientHello is sent to the port.

        Postfix looks the client's name up before it greets, which may take seconds, and logs what comes meanwhile as improper
        command pipelining; Sendmail pauses for five seconds to see who does not wait. Stock jails of fail2ban count both.
        """
        if self._target.protocol == "smtp":
            return self._limits.reply_seconds
        return min(self._limits.silence_seconds, self._limits.reply_seconds)

    @staticmethod
    def _settles_the_mode(knock: Visit) -> bool:
        """TLS answered the ClientHello, or something that is no mail protocol (a web server's complaint)."""
        if knock.handshake is None or knock.handshake.outcome != NOT_TLS:
            return knock.first_bytes_are_tls
        return protocol_of(knock.handshake.first_bytes, complete=True) not in PROTOCOLS

    def _knock_with_tls(self, waiting: Connection) -> Tuple[Optional[Visit], Optional[Connection]]:
        """Try TLS on a second connection; the first stays open for a slow greeting, if there is room for both.

        :returns: what the second one told, and the connection to go on waiting on; either may not have come about.
        """
        beside = self._slots.take_if_free()
        if not beside:
            waiting.close()
        knock: Optional[Visit] = None
        try:
            knock = self._visit(self._reach.connect(), self._first_demands(), inside_tls=True, patient=False)
        except (NotOpened, CutOff) as failure:
            self._note_missed("the look with TLS", failure)
        finally:
            if beside:
                self._slots.give_back()
        if beside or (knock is not None and self._settles_the_mode(knock)):
            return knock, waiting
        try:
            return knock, self._reach.connect()
        except (NotOpened, CutOff) as failure:
            self._note_missed("the connection again", failure)
            return knock, None

    # Connections

    def _made(self) -> int:
        """Connections of this look, without those of a first one that was put off."""
        return self._reach.connections - self._connections_before

    def _first_demands(self) -> Demands:
        return Demands(verify=self._target.trust != NO_TRUST)

    def _second_demands(self) -> Demands:
        """Where exact sets are asked for, a handshake with one group spares the hello that would ask for it; the certificate
        may be another there."""
        questions = self._target.questions
        if questions is None or not questions.enumerate_fully:
            return self._proven_demands
        return replace(self._proven_demands, verify=False, one_group=True)

    def _repeat(self, first: Visit, inside_tls: bool) -> List[Visit]:
        """The visit, and more like it with lowered demands until a handshake is established or tells no more."""
        visits = [first]
        while visits[-1].handshake is not None and not visits[-1].facts.stays_plain:
            demands = lowered(visits[-1].handshake)
            if demands is None:
                break
            if self._made() >= MOST_CONNECTIONS:
                self._notes.append("not looked further after {0} connections".format(self._made()))
                break
            try:
                connection = self._reach.connect()
            except (NotOpened, CutOff) as failure:
                self._note_missed("the next handshake", failure)
                break
            again = self._visit(connection, demands, inside_tls)
            if again.handshake is None:
                if again.untold:
                    again.facts.stopped = str(self._reach.cut_off(again.facts.stopped))
                visits[-1].facts.throttled = again.facts.throttled
                visits[-1].facts.stopped = again.facts.stopped
                break
            visits.append(again)
        before, last = visits[0].handshake, visits[-1].handshake
        if before is not None and last is not None and last.demands.small and visits[-1].first_bytes_are_tls:
            self._notes.append("{0}, while a small ClientHello was answered".format(before.error))
        return visits

    def _visit(
        self,
        connection: Connection,
        demands: Demands,
        inside_tls: bool,
        first: Optional[bytes] = None,
        patient: bool = True,
    ) -> Visit:
        errand = first_errand(self._target)
        visit = Visitor(self._setting, connection, demands, inside_tls, errand, patient).run(first)
        if not visit.untold or visit.first_bytes_are_tls:
            self._reach.answered()
        return visit

    def _note_missed(self, what: str, failure: Union[NotOpened, CutOff]) -> None:
        said = "{0} {1}".format(failure.state, failure.detail) if isinstance(failure, NotOpened) else str(failure)
        self._notes.append("{0} did not come about: {1}".format(what, said).rstrip())

    # What it means

    def _conclude(self, seen: PortEvidence, visits: Sequence[Visit], inside_tls: bool) -> PortEvidence:
        visit = visits[-1]
        facts = visit.facts
        handshakes = [each.handshake for each in visits if each.handshake is not None]
        speaks, software, stopped = facts.speaks, facts.software, facts.stopped
        encryption: Optional[str] = None
        if inside_tls:
            if any(each.first_bytes_are_tls for each in visits):
                encryption = evidence.IMPLICIT
        elif facts.stays_plain:
            # A handshake after a STARTTLS that was not advertised answers that question and no other.
            encryption, handshakes = evidence.NONE, []
        elif handshakes:
            encryption = evidence.STARTTLS
        greeting = facts.greeting
        if inside_tls and handshakes and handshakes[-1].outcome == NOT_TLS:
            speaks = protocol_of(handshakes[-1].first_bytes, complete=True) or ""
            greeting = printable(handshakes[-1].first_bytes)
            stopped = stopped or "{0} is spoken here".format(speaks or "an unknown protocol")
        tls = None
        if handshakes and not (inside_tls and handshakes[-1].outcome == NOT_TLS):
            now = datetime.datetime.now(datetime.timezone.utc)
            tls = summary(handshakes, self._target.trust, self._target.reference, self._target.sni, now)
            if not tls.established:
                stopped = stopped or "no TLS: {0}".format(tls.error)
        for each in visits:
            self._observed.update(each.facts.observed)
        if handshakes and handshakes[-1].established:
            last = handshakes[-1]
            self._proven_demands = last.demands
            early_data = next((each.early_data for each in visits if each.handshake is last), None)
            self._application = Application(
                last.version,
                last.chain or (last.der,),
                bool(last.chain),
                early_data,
                (read_flight(last.first_bytes),),
                last.told_groups,
            )
        slow = facts.slow or (bool(handshakes) and handshakes[-1].outcome == SILENT)
        return replace(
            seen,
            hindered=evidence.SLOW if slow else "",
            greeting=greeting,
            speaks=speaks,
            software=software,
            encryption=encryption,
            before_tls=facts.before_tls,
            starttls_reply=facts.starttls_reply,
            tls=tls,
            after_tls=facts.after_tls,
            throttled=facts.throttled,
            stopped=stopped,
            connections=self._reach.connections,
            notes=unique(self._notes + [note for each in visits for note in each.facts.notes]),
        )


def blank(target: Target, endpoint: Optional[Endpoint], state: str = evidence.NOT_TRIED) -> PortEvidence:
    """Evidence of nothing yet, for an address of the target's host, or for the name that has none."""
    family = ""
    if endpoint is not None:
        family = "ipv6" if endpoint.is_ipv6 else "ipv4"
    return PortEvidence(
        host=target.host,
        address=endpoint.address if endpoint else "",
        family=family,
        port=target.port,
        state=state,
    )
