# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at what a port's TLS accepts, with hellos of our own.

The order is by what matters: should the budget or the server's patience end, the last questions stay inconclusive. Where a
handshake of an ordinary client came about before, it saves questions.
"""

from __future__ import annotations

import datetime
from typing import Dict, List, Optional, Tuple

from ..dataclass import replace
from .hello.client import VERSION_NUMBERS
from .hello.groups import group_name, group_number
from .hello.suites import suite_names
from .posture_asking import REFUSED_BY_HANGING_UP, Asker
from .posture_enumerating import Enumerator, ExactSet
from .posture_evidence import (
    ACCEPTED,
    INCONCLUSIVE,
    REJECTED,
    VERSIONS,
    Answer,
    Groups,
    Posture,
    ServedCertificate,
    Suites,
)
from .posture_inquiry import Application, Inquiry, not_asked
from .posture_outside import OutsideLook
from .posture_questions import Questions, check_questions
from .posture_versions import VersionsLook
from .reach import Reach
from .text import unique

__all__ = ["Application", "Questions", "look_at_posture"]

# IANA's names of the protocols (ALPN); SMTP and LMTP have none.
_ALPN = {"imap": ("imap",), "pop3": ("pop3",), "sieve": ("managesieve",)}
_WITH_GROUPS = ("TLSv1.2", "TLSv1.3")


def look_at_posture(
    reach: Reach, encryption: str, questions: Questions, application: Optional[Application] = None
) -> Posture:
    """Ask a port all the questions, one connection after the other. Never raises for what a server does.

    :param reach: the way to the port; the connections that it made before count.
    :param encryption: IMPLICIT or STARTTLS of :mod:`.evidence`, where TLS begins.
    :param application: what an ordinary client's handshake at this port showed, if there was one.
    :raises IntentError: the questions cannot be meant.
    """
    left_out = check_questions(questions)
    before = reach.connections
    target = reach.setting.target
    asker = Asker(reach, encryption, target.sni, questions.most_connections)
    inquiry = Inquiry(asker, left_out, application, _ALPN.get(target.protocol, ()))
    versions, outside = VersionsLook(inquiry, questions.enumerate_fully), OutsideLook(inquiry)
    versions.run()
    if not questions.enumerate_fully:  # exact sets say it as well
        outside.run()
    versions.look_at_sslv2()
    if not questions.enumerate_fully:
        outside.look_at_finite_fields_and_cbc()
    enumeration = _Enumeration(inquiry, questions)
    enumeration.run()
    doubt = asker.confirm()
    posture = _Conclusion(inquiry, enumeration).posture(reach.connections - before)
    return _without_refusals_by_hanging_up(posture, doubt) if doubt else posture


class _Enumeration:
    """Exact sets by version, where they were asked for or something outside was accepted."""

    def __init__(self, inquiry: Inquiry, questions: Questions) -> None:
        self._inquiry = inquiry
        self._questions = questions
        told_groups = inquiry.application.told_groups if inquiry.application else ()
        self._enumerator = Enumerator(inquiry.asker, inquiry.gathering, told_groups)
        self.suites: Dict[str, ExactSet] = {}
        self.groups: Dict[str, ExactSet] = {}
        self.server_chooses: Dict[str, Optional[bool]] = {}

    def run(self) -> None:
        # SSL 2.0's set is in its ServerHello. What TLS 1.2 shows of groups helps with those of TLS 1.3.
        for version in ("TLSv1.2", "TLSv1.3", *VERSIONS[3:0:-1]):
            if not self._inquiry.accepts(version) or self._inquiry.asker.lost:
                continue
            suites = self._is_wanted(version, self._inquiry.outside_suites)
            groups = version in _WITH_GROUPS and self._is_wanted(version, self._inquiry.outside_groups)
            if suites or groups:
                asker = self._inquiry.asker
                asker.most_connections = max(asker.most_connections, self._questions.most_when_enumerating)
                self._enumerate(version, suites, groups)

    def _is_wanted(self, version: str, outside: Dict[str, Answer]) -> bool:
        return self._questions.enumerate_fully or (version in outside and outside[version].answer == ACCEPTED)

    def _enumerate(self, version: str, suites: bool, groups: bool) -> None:
        inquiry = self._inquiry
        whole = inquiry.whole.get(version, 0)
        if version == "TLSv1.3":
            self.suites[version], self.groups[version] = self._enumerator.tls13(whole)
        if groups and version != "TLSv1.3":
            self.groups[version] = self._enumerator.groups_of_tls12(self._curves_of_certificates())
        if suites and version != "TLSv1.3":
            self.suites[version] = self._enumerator.suites(version, whole)
        if version in self.suites:
            self.server_chooses[version] = self.suites[version].server_chooses
            _settle(inquiry.outside_suites, version, self.suites[version], inquiry.left_out.suites.get(version))
        if version in self.groups:
            # TLS 1.2 can do without groups.
            none = version == "TLSv1.2"
            _settle(inquiry.outside_groups, version, self.groups[version], inquiry.left_out.groups, may_be_empty=none)

    def _curves_of_certificates(self) -> List[int]:
        served = self._inquiry.gathering.certificates(_now())
        if any(certificate.kind == "RSA" for certificate in served):
            return []
        return [group_number(certificate.curve) for certificate in served if certificate.curve]


class _Conclusion:
    def __init__(self, inquiry: Inquiry, enumeration: _Enumeration) -> None:
        self._inquiry = inquiry
        self._enumeration = enumeration
        self._notes: List[str] = []

    def posture(self, connections: int) -> Posture:
        inquiry = self._inquiry
        accepted = [version for version in VERSIONS if inquiry.accepts(version)]
        certificates = self._certificates()
        # A ticket of TLS 1.3 is encrypted: the ordinary client has it.
        early_data = inquiry.application.early_data if inquiry.application else None
        return Posture(
            versions=tuple(inquiry.versions.get(version) or not_asked(version) for version in VERSIONS),
            suites=tuple(self._suites(version) for version in accepted),
            groups=tuple(self._groups(version) for version in accepted if version != "SSLv2"),
            certificates=certificates,
            features=replace(inquiry.gathering.features(), early_data=early_data),
            connections=connections,
            notes=unique(inquiry.asker.notes + inquiry.gathering.notes + self._notes),
            without_sni=inquiry.without_sni,
            signatures=inquiry.signatures,
            stopped=inquiry.asker.lost,
            hellos_met=inquiry.gathering.has_flights,
        )

    def _suites(self, version: str) -> Suites:
        if version == "SSLv2":
            return Suites(version, Answer(version, ACCEPTED), self._inquiry.sslv2_suites, complete=True)
        exact = self._enumeration.suites.get(version)
        return Suites(
            version=version,
            outside=self._inquiry.outside_suites.get(version) or not_asked(version),
            accepted=suite_names(exact.accepted if exact else tuple(self._inquiry.seen_suites(version))),
            complete=exact is not None and exact.complete,
            server_chooses=self._enumeration.server_chooses.get(version),
        )

    def _groups(self, version: str) -> Groups:
        exact = self._enumeration.groups.get(version)
        numbers = exact.accepted if exact else self._inquiry.seen_groups(version)
        return Groups(
            outside=self._inquiry.outside_groups.get(version) or not_asked(version),
            accepted=tuple(group_name(number) for number in numbers),
            complete=exact is not None and exact.complete,
            finite_field_bits=tuple(self._inquiry.gathering.finite_field_bits.get(VERSION_NUMBERS[version], ())),
        )

    def _certificates(self) -> Tuple[ServedCertificate, ...]:
        inquiry, application = self._inquiry, self._inquiry.application
        if application is not None and application.chain and application.chain[0] not in inquiry.gathering.leaves:
            inquiry.gathering.take_chain(application.chain)
            if not application.whole_chain:
                self._notes.append("the chain is encrypted in TLS 1.3: only its first certificate was seen")
        return inquiry.gathering.certificates(_now())


def _without_refusals_by_hanging_up(posture: Posture, doubt: str) -> Posture:
    """The posture with what was refused by hanging up taken back: the server answered nothing any more after it."""

    def revised(answer: Answer) -> Answer:
        return replace(answer, answer=INCONCLUSIVE, why=doubt) if answer.why == REFUSED_BY_HANGING_UP else answer

    def revised_if_any(answer: Optional[Answer]) -> Optional[Answer]:
        return None if answer is None else revised(answer)

    return replace(
        posture,
        versions=tuple(revised(answer) for answer in posture.versions),
        suites=tuple(replace(each, outside=revised(each.outside)) for each in posture.suites),
        groups=tuple(replace(each, outside=revised(each.outside)) for each in posture.groups),
        without_sni=revised_if_any(posture.without_sni),
        signatures=revised_if_any(posture.signatures),
    )


def _settle(
    outside: Dict[str, Answer],
    version: str,
    exact: ExactSet,
    inside: Optional[Tuple[int, ...]],
    may_be_empty: bool = False,
) -> None:
    """An exact set leaves no doubt; an incomplete one with something outside neither. A version in which nothing was ever chosen
    is one that only the ordinary client met: then that is what stays in doubt."""
    if inside is None:
        return
    if any(number not in inside for number in exact.accepted):
        outside[version] = Answer(version, ACCEPTED)
    elif exact.complete and (exact.accepted or may_be_empty):
        outside[version] = Answer(version, REJECTED)
    else:
        outside.setdefault(
            version, Answer(version, INCONCLUSIVE, exact.why or "nothing was chosen of what was offered")
        )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
