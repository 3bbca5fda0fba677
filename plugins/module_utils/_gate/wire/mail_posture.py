# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a port does when it is asked for more than its capabilities.

These connections take part:

- the first visit, when all that is offered has been seen: begins a mail (and takes it back), tries a STARTTLS that is not
  advertised. Nothing that may go wrong there spoils what was seen.
- one more visit to a port with STARTTLS, or without encryption, for what may make a server hang up: a mail before TLS, a
  login that is cancelled, a command pipelined with STARTTLS. Where it does, what comes after has a visit of its own.
  Where TLS fails over the pipelined command, a hello of the TLS posture is the control, or one more visit if there is none.
- at a port of implicit TLS, a command in clear comes first of all, so that the visit that follows is the control which shows
  that the port is still there.
"""

from __future__ import annotations

import os
import re
from typing import Dict, Optional, Tuple

from ..dataclass import replace
from . import evidence
from .connection import Broken, Connection, NotOpened, Silence
from .dialogue.base import Errand
from .evidence import NO, NOT_ESTABLISHED, YES, Observation, PortEvidence
from .hello.flight import Flight, read_flight
from .posture_evidence import Posture
from .reach import CutOff, Reach
from .recognise import is_tls, protocol_of
from .target import INJECTION, LOGIN, MAIL_AT_LAST, MAIL_BEFORE_TLS, PROTOCOLS, UNADVERTISED, Target
from .text import printable
from .tls import FAILED, NOT_TLS, Demands
from .visit import Visit, Visitor

_FIRST_COMMANDS = {
    "imap": "g1 CAPABILITY",
    "pop3": "CAPA",
    "sieve": "CAPABILITY",
    "lmtp": "LHLO {0}",
    "smtp": "EHLO {0}",
}

Observations = Dict[str, Observation]

#: Postfix since 3.9, of commands that come with STARTTLS.
_COMPANY_UNWELCOME = re.compile(r"synchroni|pipelin", re.IGNORECASE)
_HUNG_UP_ON_MAIL = Observation(YES, "", "hung up when mail was begun, and answers those who begin none")
_HUNG_UP_ON_LOGIN = Observation(YES, "", "hung up when a login was begun, and answers those who begin none")


def first_errand(target: Target) -> Errand:
    """What the first visit does once all that is offered has been seen."""
    return Errand(
        try_unadvertised=target.asks(UNADVERTISED),
        mail=target.asks(MAIL_AT_LAST),
        recipient=target.relay_to,
    )


def knock_in_clear(connection: Connection, target: Target, client_name: str, seconds: float) -> Observation:
    """Say a first command in clear to a port of implicit TLS, and close the connection.

    :param seconds: how long an answer is waited for.
    :raises DeadlineReached: while waiting.
    """
    command = _FIRST_COMMANDS[target.protocol].format(client_name).encode("ascii") + b"\r\n"
    try:
        connection.send(command, seconds)
        answer = connection.receive(seconds)
    except Silence:
        return Observation(NO, "", "no answer within {0:g} s".format(seconds))
    except Broken as why:
        return Observation(NO, "", str(why))
    finally:
        connection.close()
    if answer and not is_tls(answer) and protocol_of(answer, complete=True) in PROTOCOLS:
        return Observation(YES, printable(answer.partition(b"\n")[0]))
    return Observation(NO, "", "answered with a TLS record" if is_tls(answer) else "hung up" if not answer else "")


def _ended_by_server(visit: Visit) -> bool:
    """Whether the server ended the visit before TLS, with its capabilities told, and not because it is busy."""
    facts = visit.facts
    ended = bool(facts.stopped) and not facts.throttled and not facts.slow
    return ended and facts.before_tls is not None and not facts.injected and visit.handshake is None


def _refused_for_another_reason(visit: Visit, errand: Errand) -> bool:
    """Whether STARTTLS, with the injected command, may have been refused for what was asked before it: Courier begins no TLS
    once a mail was begun."""
    facts = visit.facts
    asked_before = errand.mail_before_tls or errand.start_login
    refused = facts.injected and visit.handshake is None and bool(facts.starttls_reply) and not facts.throttled
    return refused and asked_before and not _COMPANY_UNWELCOME.search(facts.starttls_reply)


def _accepts_the_one_group(posture: Optional[Posture]) -> bool:
    """Whether a handshake with it alone failed for another reason. In TLS 1.2 the certificate's curve has to be offered too."""
    groups = posture.groups if posture is not None else ()
    return any(each.outside.subject == "TLSv1.3" and "secp256r1" in each.accepted for each in groups)


class SecondVisit:
    """One more visit to a port with STARTTLS or without encryption. Use once.

    :param seen: what the first visit told.
    :param demands: for its handshake. With ``one_group``, the server may fail over that: see :meth:`confirm`.
    """

    def __init__(self, reach: Reach, seen: PortEvidence, demands: Demands) -> None:
        self._reach = reach
        self._seen = seen
        self._demands = demands
        #: What the server said in handshakes that came about; and the groups that it said there to support in TLS 1.3.
        self.flights: Tuple[Flight, ...] = ()
        self.told_groups: Tuple[int, ...] = ()
        self._errand = self._choose(reach.setting.target)
        #: TLS failed with the injected command; it came about without it on the first visit, but does it still?
        self._without_control = False

    def _choose(self, target: Target) -> Errand:
        seen = self._seen
        with_starttls = seen.encryption == evidence.STARTTLS
        inject = target.asks(INJECTION) and with_starttls and seen.tls is not None and seen.tls.established
        start_login = target.asks(LOGIN) and (with_starttls or seen.encryption == evidence.NONE)
        return Errand(
            straight_to_tls=inject and not start_login,
            leave_before_tls=not inject,
            mail_before_tls=target.asks(MAIL_BEFORE_TLS) and with_starttls and seen.speaks == "smtp",
            start_login=start_login,
            injection_tag="gate{0}".format(os.urandom(4).hex()) if inject else "",
        )

    def run(self) -> Observations:
        """Make the visit, if there is anything to ask. Never raises for what a server does."""
        errand = self._errand
        asked = {
            "starttls_enforced": errand.mail_before_tls,
            "login_refused": errand.start_login,
            "starttls_injection": bool(errand.injection_tag),
        }
        if not any(asked.values()):
            return {}
        try:
            visit, observed = self._ask(errand)
            if errand.injection_tag and "starttls_injection" not in observed:
                observed["starttls_injection"] = self._without_answers(visit)
            cause = visit.facts.throttled or visit.facts.stopped or "not answered"
        except (NotOpened, CutOff) as failure:
            observed, cause = {}, str(failure) or "not opened"
        return {
            question: observed.get(question) or Observation(NOT_ESTABLISHED, "", cause)
            for question, wanted in asked.items()
            if wanted
        }

    def confirm(self, posture: Optional[Posture]) -> Observations:
        """The control after an injection over which TLS failed: TLS without the command, now.

        :param posture: what was seen since; a hello that led to a choice there is the control, and no visit is needed.
        """
        if not self._without_control:
            return {}
        again: Observations = {}
        if self._demands.one_group and not _accepts_the_one_group(posture):
            self._demands, self._without_control = replace(self._demands, one_group=False), False
            again = self.run()
            if not self._without_control:
                return again
        elif posture is not None and posture.hellos_met:
            return {}
        try:
            control = self._visit(Errand(straight_to_tls=True))
        except (NotOpened, CutOff) as failure:
            return dict(again, starttls_injection=Observation(NOT_ESTABLISHED, "", str(failure) or "not opened"))
        if control.handshake is not None and control.handshake.established:
            return again
        why = "no TLS, and none without the command either"
        return dict(again, starttls_injection=Observation(NOT_ESTABLISHED, "", why))

    def _ask(self, errand: Errand) -> Tuple[Visit, Observations]:
        """The last visit and all answers. What a server hangs up on is left out of the next one, which is the control: that it
        answers shows that the port is there for those who do not ask so."""
        observed: Observations = {}
        hung_up: Observations = {}
        while True:
            visit = self._visit(errand)
            if visit.facts.before_tls is not None or visit.handshake is not None:
                observed.update(hung_up)
            observed.update({key: value for key, value in visit.facts.observed.items() if key not in observed})
            if visit.handshake is not None and visit.handshake.established:
                self.flights += (read_flight(visit.handshake.first_bytes),)
                self.told_groups = visit.handshake.told_groups
            if _refused_for_another_reason(visit, errand):
                errand = replace(errand, mail_before_tls=False, start_login=False, straight_to_tls=True)
                continue
            if not _ended_by_server(visit):
                return visit, observed
            if errand.mail_before_tls and "starttls_enforced" not in observed:
                hung_up = {"starttls_enforced": _HUNG_UP_ON_MAIL}
                errand = replace(errand, mail_before_tls=False)
            elif errand.start_login and "login_refused" not in observed:
                hung_up = {"login_refused": _HUNG_UP_ON_LOGIN}
                errand = replace(errand, mail_before_tls=False, start_login=False)
            else:
                return visit, observed
            errand = replace(errand, straight_to_tls=bool(errand.injection_tag) and not errand.start_login)

    def _visit(self, errand: Errand) -> Visit:
        visit = Visitor(
            self._reach.setting, self._reach.connect(), self._demands, inside_tls=False, errand=errand
        ).run()
        if visit.untold:
            raise self._reach.cut_off(visit.facts.stopped)
        return visit

    def _without_answers(self, visit: Visit) -> Observation:
        """What became of the injected command where there were no answers inside TLS to count."""
        facts = visit.facts
        if facts.throttled:
            return Observation(NOT_ESTABLISHED, facts.throttled, "put off by the server")
        if visit.handshake is None and facts.starttls_reply:
            return Observation(NO, facts.starttls_reply, "STARTTLS was refused when a command came with it")
        if visit.handshake is not None and visit.handshake.outcome == NOT_TLS:
            said = printable(visit.handshake.first_bytes, 80)
            return Observation(NOT_ESTABLISHED, said, "answered before TLS began")
        if visit.handshake is not None and visit.handshake.outcome != FAILED:
            return Observation(NOT_ESTABLISHED, "", visit.handshake.error)
        self._without_control = True
        became = "hung up" if visit.handshake is None else visit.handshake.error
        return Observation(NO, "", "no TLS when a command came with STARTTLS ({0}), TLS without".format(became))
