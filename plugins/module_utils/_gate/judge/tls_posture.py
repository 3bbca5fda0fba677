# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS posture of a port, held against the policy of its service.

Only what was accepted counts against a server and only what it rejected counts for it: what stayed inconclusive is unknown, with
the cause. Each fault has one finding: suites of a version that must not be there at all are not counted again, for instance.
"""

from __future__ import annotations

from typing import Iterable, Iterator, NamedTuple, Sequence

from ..intent.policies.opportunistic import OPPORTUNISTIC
from ..intent.services import Service
from ..intent.suites import suite_traits
from ..intent.vocabulary import ALLOWED, DISCOURAGED, FEATURES, FORBIDDEN, readable_scheme
from ..wire.evidence import PortEvidence
from ..wire.posture_evidence import ACCEPTED, INCONCLUSIVE, REJECTED, VERSIONS, Answer, Posture
from .finding import FAIL, PASS, UNKNOWN, Finding
from .place import Place
from .tls_certificates import judge_certificates
from .weight import is_opportunistic, weigh, worst
from .wording import first_of

_SHOWN_NAMES = 8
_CHECK_OF_FEATURE = {
    "compression": "mail.tls-compression",
    "renegotiation_info": "mail.tls-renegotiation",
    "extended_master_secret": "mail.tls-extended-master-secret",
    "encrypt_then_mac": "mail.tls-encrypt-then-mac",
    "session_ticket": "mail.tls-session-tickets",
    "early_data": "mail.tls-early-data",
    "client_certificate": "mail.tls-client-certificate",
}
#: For each level of a feature: what is expected, and how bad the contrary is.
_EXPECTED = {
    "required": (True, FORBIDDEN),
    "recommended": (True, DISCOURAGED),
    "discouraged": (False, DISCOURAGED),
    "forbidden": (False, FORBIDDEN),
}


class _Tried(NamedTuple):
    """What came of offering the suites or groups of one version that the policy does not allow."""

    version: str
    outside: Answer
    accepted: Sequence[str]
    complete: bool


def judge_posture(service: Service, posture: Posture, evidence: PortEvidence) -> list[Finding]:
    """One finding for each requirement that could be judged.

    :param evidence: of the same port: where it is, the software, and the certificate that an ordinary client got.
    """
    place = Place(service, evidence)
    return [*_Judge(place, posture).judge(), *judge_certificates(place, posture)]


class _Judge:
    def __init__(self, place: Place, posture: Posture) -> None:
        self.place = place
        self.service = place.service
        self.policy = place.service.policy
        self.posture = posture
        answers = {answer.subject: answer for answer in posture.versions}
        self.answers = {
            version: answers.get(version, Answer(version, INCONCLUSIVE, "not looked at")) for version in VERSIONS
        }
        #: Versions that are accepted and allowed: their suites and groups are judged.
        self.judged = [
            version
            for version in VERSIONS
            if self.answers[version].answer == ACCEPTED and self.policy.allows_version(version)
        ]
        #: Allowed versions that may be there though they gave no answer: their suites are unknown. Those that are required
        #: have a finding for that already.
        self.silent = _doubts(
            self.answers[version]
            for version in VERSIONS
            if self.policy.allows_version(version) and version not in self.policy.required_versions
        )
        self.before_tls13 = any(version != "TLSv1.3" for version in self.judged)

    def judge(self) -> Iterator[Finding]:
        yield self._old_versions()
        if self.policy.required_versions:
            yield self._required_versions()
        if self.judged or self.silent:
            yield self._suites()
        if self.judged:
            yield self._groups()
            yield from self._finite_field()
            yield from self._signature_algorithms()
            for feature, check in _CHECK_OF_FEATURE.items():
                yield from self._feature(feature, check)
        if is_opportunistic(self.service):
            yield self._without_sni()

    # -- versions ------------------------------------------------------------------------------------------------------

    def _accepted_versions(self) -> str:
        return ", ".join(version for version in VERSIONS if self.answers[version].answer == ACCEPTED)

    def _old_versions(self) -> Finding:
        levels = {version: self.policy.version_level(version) for version in VERSIONS}
        bad = [version for version in VERSIONS if levels[version] != ALLOWED]
        outcomes = [
            weigh(self.service, levels[version], version) for version in bad if self.answers[version].answer == ACCEPTED
        ]
        doubts = _doubts(self.answers[version] for version in bad)
        discouraged = [version for version in bad if levels[version] == DISCOURAGED]
        return self.place.finding(
            "mail.tls-old-versions",
            worst(outcomes + [UNKNOWN] * bool(doubts)),
            ", ".join(version for version in VERSIONS if levels[version] == ALLOWED),
            self._accepted_versions(),
            _cause("the server accepts old versions" if outcomes else "", doubts),
            source=self.policy.source("discouraged_versions" if discouraged else "min_version"),
        )

    def _required_versions(self) -> Finding:
        required = self.policy.required_versions
        missing = [version for version in required if self.answers[version].answer == REJECTED]
        doubts = _doubts(self.answers[version] for version in required)
        outcomes = [weigh(self.service, FORBIDDEN)] * bool(missing) + [UNKNOWN] * bool(doubts)
        return self.place.finding(
            "mail.tls-required-versions",
            worst(outcomes),
            ", ".join(required),
            self._accepted_versions(),
            _cause("the server rejects " + ", ".join(missing) if missing else "", doubts),
            source=self.policy.source("required_versions"),
        )

    # -- what is negotiated --------------------------------------------------------------------------------------------

    def _suites(self) -> Finding:
        tried = [_Tried(each.version, each.outside, each.accepted, each.complete) for each in self.posture.suites]
        return self._outside("mail.tls-suites", "suites", tried, self.silent)

    def _groups(self) -> Finding:
        tried = []
        for each in self.posture.groups:
            version = each.outside.subject
            # Before TLS 1.3 a finite-field group shows by its size, which is judged apart.
            accepted = [name for name in each.accepted if version == "TLSv1.3" or not name.startswith("ffdhe")]
            tried.append(_Tried(version, each.outside, accepted, each.complete))
        return self._outside("mail.tls-groups", "groups", tried, [])

    def _outside(self, check: str, key: str, tried: Iterable[_Tried], silent: Sequence[str]) -> Finding:
        """What is accepted beyond what the policy allows, over all versions that may be there."""
        by_version = {each.version: each for each in tried}
        names: dict[str, str] = {}
        outcomes: list[str] = []
        doubts = list(silent)
        for version in self.judged:
            each = by_version.get(version)
            if each is None:
                doubts.append(f"{version}: not looked at")
                continue
            found = {name: self.policy.level(key, name) for name in each.accepted}
            found = {name: level for name, level in found.items() if level != ALLOWED}
            names.update(found)
            outcomes.extend(weigh(self.service, level, name) for name, level in found.items())
            if each.outside.answer == INCONCLUSIVE:
                doubts.extend(_doubts([each.outside], version))
            elif each.outside.answer == ACCEPTED and not each.complete and FORBIDDEN not in found.values():
                if self.policy.rules[key].has(DISCOURAGED):
                    doubts.append(
                        f"{version}: accepts more than the policy allows, and what was not established in full"
                    )
                else:
                    outcomes.append(weigh(self.service, FORBIDDEN))
        listed = _listing(names) or "more than the policy allows"
        traits = sorted({trait for name in names for trait in suite_traits(name)}) if key == "suites" else []
        return self.place.finding(
            check,
            worst(outcomes + [UNKNOWN] * bool(doubts)),
            f"not {listed}",
            listed if outcomes else "not established",
            _cause(", ".join(traits) or f"outside {self.policy.name}" if outcomes else "", doubts),
            source=self.policy.source(key),
        )

    def _finite_field(self) -> Iterator[Finding]:
        least = self.policy.numbers["finite_field_bits"]
        good = self.policy.numbers["finite_field_bits_good"]
        sizes = sorted({bits for each in self.posture.groups for bits in each.finite_field_bits})
        if not sizes or (least is None and good is None):
            return
        levels = [
            FORBIDDEN if bits < (least or 0) else DISCOURAGED if bits < (good or 0) else ALLOWED for bits in sizes
        ]
        yield self.place.finding(
            "mail.tls-finite-field",
            worst(weigh(self.service, level) for level in levels),
            f"at least {max(least or 0, good or 0)} bits",
            ", ".join(f"{bits} bits" for bits in sizes),
            "the server uses a small Diffie-Hellman group",
            source=self.policy.source("finite_field_bits" if least is not None else "finite_field_bits_good"),
        )

    def _signature_algorithms(self) -> Iterator[Finding]:
        used = self.posture.features.signature_algorithms
        if not used or not self.before_tls13:
            return
        bad = {name: self.policy.level("signature_algorithms", name) for name in used}
        bad = {name: level for name, level in bad.items() if level != ALLOWED}
        yield self.place.finding(
            "mail.tls-signature-algorithms",
            worst(weigh(self.service, level) for level in bad.values()),
            f"not {_listing(map(readable_scheme, bad))}",
            _listing(map(readable_scheme, bad)),
            f"outside {self.policy.name}",
            source=self.policy.source("signature_algorithms"),
        )

    # -- features ------------------------------------------------------------------------------------------------------

    def _feature(self, feature: str, check: str) -> Iterator[Finding]:
        level = self.policy.features[feature]
        if level == "ignored" or not self._concerns(feature):
            return
        expected, badness = _EXPECTED[level]
        seen = getattr(self.posture.features, feature)
        outcome = UNKNOWN if seen is None else PASS if seen == expected else weigh(self.service, badness)
        yield self.place.finding(
            check,
            outcome,
            "yes" if expected else "no",
            "not established" if seen is None else "yes" if seen else "no",
            FEATURES[feature] + (" is missing" if expected else " is there") if seen is not None else "",
            source=self.policy.source(f"features.{feature}"),
        )

    def _concerns(self, feature: str) -> bool:
        """Whether the versions that are accepted have the feature where it can be seen: TLS 1.3 asks for a client certificate
        under encryption, and a server that insists on one breaks off the session (``mail.session``)."""
        if feature == "early_data":
            return "TLSv1.3" in self.judged
        if feature == "encrypt_then_mac":
            block = any("CBC" in suite_traits(name) for each in self.posture.suites for name in each.accepted)
            return self.before_tls13 and (block or self.posture.features.encrypt_then_mac is not None)
        return self.before_tls13

    def _without_sni(self) -> Finding:
        answer = self.posture.without_sni
        if answer is None:
            served = any(certificate.without_sni for certificate in self.posture.certificates)
            answer = Answer("no server name", ACCEPTED if served else INCONCLUSIVE, "" if served else "not looked at")
        outcomes = {ACCEPTED: PASS, REJECTED: FAIL, INCONCLUSIVE: UNKNOWN}
        sources: dict[str, str] = OPPORTUNISTIC["sources"]
        return self.place.finding(
            "mail.tls-without-sni",
            outcomes[answer.answer],
            "a handshake without a server name",
            "refused" if answer.answer == REJECTED else "not established",
            answer.why or "servers that send no server name cannot deliver under TLS",
            source=sources["without_sni"],
        )


def _doubts(answers: Iterable[Answer], subject: str = "") -> list[str]:
    """Why each inconclusive answer is so, one text for each cause."""
    causes: dict[str, list[str]] = {}
    for answer in answers:
        if answer.answer == INCONCLUSIVE:
            causes.setdefault(answer.why or "no answer", []).append(subject or answer.subject)
    return [f"{', '.join(subjects)}: {why}" for why, subjects in causes.items()]


def _cause(fault: str, doubts: Sequence[str]) -> str:
    return "; ".join(([fault] if fault else []) + list(doubts))


def _listing(names: Iterable[str]) -> str:
    """The names sorted, and only how many more where there are many: the evidence has them all."""
    return first_of(sorted(names), _SHOWN_NAMES)
