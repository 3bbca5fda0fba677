# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way out, held against what the user names: relays and domains that this host must be able to send to.

A port that is closed towards everybody while another works is one fault of the way, not one of each target.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Sequence, Tuple

from ..egress.plan import SMTP, SUBMISSIONS
from ..egress.sensor import EgressEvidence, Way
from ..names.sensor import NULL_MX, DomainEvidence
from ..wire import evidence as seen
from .checks import CHECKS
from .egress_remedies import RELAY_PORTS, egress_remedy
from .finding import FAIL, PASS, UNKNOWN, WARN, Finding, merge_addresses
from .vantage import sent_nothing

_SHUT = (seen.REFUSED, seen.TIMED_OUT, seen.UNREACHABLE, seen.RESET)
_WORDS = {
    seen.OPEN: "open",
    seen.REFUSED: "refused",
    seen.TIMED_OUT: "timed out",
    seen.UNREACHABLE: "unreachable",
    seen.RESET: "reset",
    seen.NOT_TRIED: "not tried",
    seen.NAME_NOT_FOUND: "name not found",
}
_REFUSES = ("greeting refuses service", "HELO refused", "EHLO refused")


def judge_egress(host: str, evidence: EgressEvidence) -> list[Finding]:
    """One finding for each name, port and target; see docs/findings.md, ``mail.egress-*``.

    :param host: the name of the host that looked, which findings carry.
    """
    return merge_addresses(_Egress(host, evidence).judge())


class _Egress:
    def __init__(self, host: str, evidence: EgressEvidence) -> None:
        self.host = host
        self.evidence = evidence
        self.ways = [way for way in evidence.ways if way.evidence.state != seen.NAME_NOT_FOUND]
        self.blocked = self._blocked_ports()

    def judge(self) -> Iterator[Finding]:
        yield from self._names()
        for port, families in self.blocked.items():
            yield self._blocked(port, families)
        groups: Dict[Tuple[str, int], List[Way]] = {}
        for way in self.ways:
            if way.evidence.family not in self.blocked.get(way.evidence.port, ()):
                groups.setdefault((way.destination.label, way.evidence.port), []).append(way)
        for group in groups.values():
            yield self._reachable(group)
            for way in group:
                if way.evidence.state == seen.OPEN:
                    yield from self._answer(way)

    # -- names ---------------------------------------------------------------------------------------------------------

    def _names(self) -> Iterator[Finding]:
        for domain in self.evidence.domains:
            yield self._domain(domain)
        for way in self.evidence.ways:
            if way.evidence.state == seen.NAME_NOT_FOUND:
                target = way.evidence.host
                outcome = WARN if self._has_other_host(way) else FAIL
                yield self._finding(
                    "mail.egress-names", outcome, 0, target, (), "an address", "none", way.evidence.detail
                )

    def _domain(self, domain: DomainEvidence) -> Finding:
        check, expected = "mail.egress-names", "a host that takes its mail"
        if domain.unanswered:
            return self._finding(
                check, UNKNOWN, 0, domain.domain, (), expected, "no answer from DNS", domain.unanswered
            )
        if domain.problem:
            cause = "the domain takes no mail" if domain.problem == NULL_MX else "DNS has no such domain"
            return self._finding(check, FAIL, 0, domain.domain, (), expected, domain.problem, cause)
        return self._finding(check, PASS, 0, domain.domain)

    def _has_other_host(self, way: Way) -> bool:
        return any(
            other.destination.label == way.destination.label and other.evidence.host != way.evidence.host
            for other in self.ways
        )

    # -- ports ---------------------------------------------------------------------------------------------------------

    def _blocked_ports(self) -> Dict[int, Tuple[str, ...]]:
        """The families in which a port is shut towards all while another port is open to some."""
        blocked: Dict[int, Tuple[str, ...]] = {}
        for family in ("ipv4", "ipv6"):
            tried = [way.evidence for way in self.ways if way.evidence.family == family]
            is_open = {each.port for each in tried if each.state == seen.OPEN}
            for port in sorted({each.port for each in tried} - is_open):
                shut = [each for each in tried if each.port == port and not sent_nothing(each)]
                if is_open and shut and all(each.state in _SHUT for each in shut):
                    blocked[port] = (*blocked.get(port, ()), family)
        return blocked

    def _blocked(self, port: int, families: Tuple[str, ...]) -> Finding:
        ways = [way for way in self.ways if way.evidence.port == port and way.evidence.family in families]
        hosts = {way.evidence.host for way in ways}
        states = list(dict.fromkeys(_WORDS[way.evidence.state] for way in ways))
        silent = all(way.evidence.state == seen.TIMED_OUT for way in ways)
        who = "by a filter of this host, the provider, or a network between"
        cause = f"outbound {port} is {'blocked' if silent else 'refused on the way'} ({', '.join(families)}) {who}"
        if len(hosts) == 1:
            cause += f", as far as one target tells ({next(iter(hosts))} answers on another port)"
        relays = self._relays()
        if relays:
            cause += f"; {relays}"
        observed = f"{' or '.join(states)} at all of {len(hosts)} hosts" if len(hosts) > 1 else " or ".join(states)
        targets = ", ".join(dict.fromkeys(way.destination.label for way in ways))
        addresses = tuple(dict.fromkeys(way.evidence.address for way in ways))
        return self._finding(
            "mail.egress-blocked", FAIL, port, targets, addresses, "open", observed, cause, bool(relays), families
        )

    def _relays(self) -> str:
        """Where mail can be handed in instead. A port that is blocked is open nowhere."""
        found = [
            f"{way.evidence.host} on {way.evidence.port}"
            for relay_port in RELAY_PORTS
            for way in self.ways
            if way.evidence.port == relay_port and way.outcome == seen.OPEN
        ]
        return "relay through 587 or 465 works via " + ", ".join(list(dict.fromkeys(found))[:3]) if found else ""

    def _reachable(self, group: Sequence[Way]) -> Finding:
        """An address that this host has no way to is none of the target's, where it has another way."""
        label, port = group[0].destination.label, group[0].evidence.port
        sent = [way for way in group if not sent_nothing(way.evidence)] or list(group)
        shut = [way for way in sent if way.evidence.state != seen.OPEN]
        if not shut:
            return self._finding("mail.egress-reachable", PASS, port, label)
        undecided = all(way.evidence.state == seen.NOT_TRIED for way in shut)
        outcome = WARN if len(shut) < len(sent) else UNKNOWN if undecided else FAIL
        observed = ", ".join(dict.fromkeys(_WORDS[way.evidence.state] for way in shut))
        addresses = tuple(dict.fromkeys(way.evidence.address for way in shut if way.evidence.address))
        return self._finding(
            "mail.egress-reachable", outcome, port, label, addresses, "open", observed, self._why_shut(shut, sent)
        )

    def _why_shut(self, shut: Sequence[Way], sent: Sequence[Way]) -> str:
        if len(shut) < len(sent):
            return "mail is delayed until another address is tried"
        if all(sent_nothing(way.evidence) for way in shut):
            return f"this host has no way there ({shut[0].evidence.detail})"
        if not any(way.evidence.state == seen.OPEN for way in self.ways):
            return "nothing at all was reached: the network of this host, a filter of its own, or every target is down"
        states = {way.evidence.state for way in shut}
        if states == {seen.TIMED_OUT}:
            return "the target is down, or it or somebody on the way drops what this host sends"
        if states == {seen.NOT_TRIED}:
            return shut[0].evidence.stopped or "not looked at in time"
        return "nothing listens there, or a filter rejects"

    # -- who answers ---------------------------------------------------------------------------------------------------

    def _answer(self, way: Way) -> Iterator[Finding]:
        evidence, signs = way.evidence, way.signs
        refused = evidence.throttled or (evidence.stopped if evidence.stopped.startswith(_REFUSES) else "")
        if refused:
            final = "refuse" in refused and not evidence.throttled
            cause = "the target refuses this client" if final else "the target puts this client off"
            yield self._at(way, "mail.egress-greeting", FAIL if final else UNKNOWN, "a greeting", refused, cause)
            return
        if signs.signs:
            cause = "somebody on the way answers in the target's place, or the target is not set up as it should be"
            yield self._at(way, "mail.egress-intercepted", FAIL, "the target", "; ".join(signs.signs), cause)
            return
        if evidence.encryption is None and not evidence.greeting:
            cause = "it accepts and says nothing: slow, a tarpit, or somebody on the way who accepts for all"
            yield self._at(
                way, "mail.egress-greeting", UNKNOWN, "a greeting", evidence.stopped or "nothing in time", cause
            )
            return
        yield self._at(way, "mail.egress-greeting", PASS)
        yield from self._who(way)
        if evidence.port != SUBMISSIONS:
            yield self._starttls(way)

    def _who(self, way: Way) -> Iterator[Finding]:
        """Nothing where there is no encryption: that is for ``mail.egress-starttls`` to tell."""
        signs, check = way.signs, "mail.egress-intercepted"
        certificate = way.evidence.tls.certificate if way.evidence.tls else None
        if signs.proof:
            yield self._at(way, check, PASS)
        elif way.evidence.encryption != seen.NONE and signs.doubts:
            cause = "whether the target answers is not known"
            yield self._at(way, check, UNKNOWN, "the target", "; ".join(signs.doubts), cause)
        elif certificate is not None:
            observed = f"a certificate for {', '.join(certificate.names[:5]) or 'no name'}"
            cause = "the target has no certificate that is trusted for its name, so nobody can tell who answers"
            yield self._at(way, check, WARN, "the target", observed, cause)

    def _starttls(self, way: Way) -> Finding:
        evidence, signs, check = way.evidence, way.signs, "mail.egress-starttls"
        expected = "STARTTLS"
        if signs.stripped:
            cause = "somebody on the way takes STARTTLS out of what the target offers"
            return self._at(way, check, FAIL, expected, signs.stripped, cause)
        if evidence.encryption is None:
            return self._at(way, check, UNKNOWN, expected, "not established", evidence.stopped)
        if evidence.encryption == seen.NONE:
            cause = "the target does not offer it, or somebody on the way takes it out"
            doubts = "; ".join(("not offered", *signs.doubts))
            outcome = UNKNOWN if signs.doubts else WARN if evidence.port == SMTP else FAIL
            return self._at(way, check, outcome, expected, doubts, cause)
        if evidence.tls is None or not evidence.tls.established:
            observed = evidence.starttls_reply or (evidence.tls.error if evidence.tls else "") or evidence.stopped
            return self._at(
                way, check, FAIL, "a handshake", observed, "STARTTLS is offered and TLS does not come about"
            )
        return self._at(way, check, PASS)

    # -- helpers -------------------------------------------------------------------------------------------------------

    def _at(
        self, way: Way, check: str, outcome: str, expected: str = "", observed: str = "", cause: str = ""
    ) -> Finding:
        evidence, label = way.evidence, way.destination.label
        where = label if evidence.host == label else f"{evidence.host} for {label}"
        return self._finding(
            check, outcome, evidence.port, where, (evidence.address,), expected, observed, cause, target=evidence.host
        )

    def _finding(
        self,
        check: str,
        outcome: str,
        port: int,
        where: str,
        addresses: Tuple[str, ...] = (),
        expected: str = "",
        observed: str = "",
        cause: str = "",
        relay: bool = False,
        families: Tuple[str, ...] = (),
        target: str = "",
    ) -> Finding:
        """A finding; ``where``: the targets it is about, which stand in the place of a service."""
        if outcome == PASS:
            return Finding(check, self.host, port, where, outcome, addresses)
        fix = egress_remedy(check, port, target or where, self.host, relay)
        return Finding(
            check,
            self.host,
            port,
            where,
            outcome,
            addresses,
            expected,
            observed,
            cause,
            fix,
            CHECKS[check].source,
            families,
        )
