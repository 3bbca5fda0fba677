# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packet filter's openings, held against the service list: set equality, both ways, for IPv4 and IPv6 alike.

The question is about protocols with ports. A service that is optional may be open and need not be.
"""

from __future__ import annotations

from typing import Iterator, Sequence

from ..dataclass import replace
from ..intent.registry import ONE_FAMILY_DOORS
from ..intent.services import Service
from ..packetfilter.addresses import address_text
from ..packetfilter.collector import uncollected
from ..packetfilter.diagram import EMPTY, Space
from ..packetfilter.essential import ESSENTIAL
from ..packetfilter.evaluate import Acceptance
from ..packetfilter.model import (
    DPORT,
    FAMILY,
    IIF,
    PORT_PROTOCOLS,
    PROTOCOL,
    SADDR,
    interface_name,
)
from ..packetfilter.names import PROTOCOLS
from ..packetfilter.openings import lines, rule_text
from ..packetfilter.parity import open_in_one_family
from ..packetfilter.sensor import FilterEvidence
from .checks import CHECKS
from .filter_advice import Advice, depends_on, family_box, single
from .filter_answers import judge_answers
from .filter_bans import Bans
from .filter_boot import judge_next_boot
from .filter_remedies import why_left_out
from .filter_routed import judge_routed
from .filter_sources import dropped_by_kernel, from_clients, round_trips
from .filter_tolerated import Tolerated
from .finding import FAIL, PASS, UNKNOWN, WARN, Finding

_NAMES = {4: "IPv4", 6: "IPv6"}


@uncollected()
def judge_firewall(host: str, services: Sequence[Service], evidence: FilterEvidence) -> list[Finding]:
    """One finding for each service, each opening rule of a surplus, and each family of addresses.

    :param host: the name that findings carry.
    """
    return list(_Filter(host, services, evidence).judge())


class _Filter:
    def __init__(self, host: str, services: Sequence[Service], evidence: FilterEvidence) -> None:
        self.host = host
        self.services = services
        self.evidence = evidence
        self.space: Space = evidence.space
        self.acceptance: Acceptance = evidence.acceptance
        with_ports = self.space.box({PROTOCOL: tuple((number, number) for number in sorted(PORT_PROTOCOLS.values()))})
        self.with_ports = with_ports
        self.may = self.space.intersect(self.acceptance.may, with_ports)
        self.must = self.space.intersect(self.acceptance.must, with_ports)
        self.unknown = self.space.intersect(self.acceptance.unknown, with_ports)
        self.bans = Bans(evidence)
        read = self.space.boxes({FAMILY: ((family, family),)} for family in sorted(evidence.families))
        self.asked = self.space.intersect(self.space.intersect(evidence.question, with_ports), read)
        self.arriving = from_clients(self.space)
        self.reaching = self.space.complement(dropped_by_kernel(self.space, evidence.host))
        self.advice = Advice(services, evidence, self.asked, self.arriving, self.must)
        self.tolerated = Tolerated(evidence, self.advice)

    def judge(self) -> Iterator[Finding]:
        space = self.space
        for service in self.services:
            if not service.closed and not service.optional:
                yield self._required(service, self._region(service))
        required = [service for service in self.services if not service.closed and not service.optional]
        yield from judge_answers(self.host, required, self.evidence, self.advice)
        allowed = space.union_all(self._region(service) for service in self.services if not service.closed)
        for tolerated in self.tolerated.told():
            yield self._finding("firewall.missing-opening", WARN, None, *tolerated)
        surplus = space.minus(space.intersect(self.may, self.asked), allowed)
        surplus = space.minus(surplus, round_trips(self.acceptance, self.evidence.host))
        for family in sorted(_NAMES):
            finding = self._unfiltered(family)
            if finding is not None:
                yield finding
            if finding is not None and finding.outcome != PASS:
                surplus = space.minus(surplus, self._family(family))
        # What is open now and then is open.
        yield from self._surplus(space.minus(surplus, self.unknown), allowed)
        undecided = space.intersect(surplus, self.unknown)
        if space.meet(undecided, self.reaching):
            yield self._finding(
                "firewall.undecided",
                UNKNOWN,
                expected="closed",
                observed=self._lines(undecided),
                cause=self._doubts(undecided),
                fix="close it, or add it to services with optional: true if it may be open",
            )
        for banned in self.bans.told():
            yield self._finding("firewall.sometimes-open", WARN, None, *banned)
        yield from self._left_out()
        yield from self._icmpv6()
        yield from self._parity()
        asked = space.intersect(self.with_ports, self.arriving)
        yield from judge_routed(self.host, self.evidence, self.advice, asked)
        yield from judge_next_boot(self.host, self.evidence, self.asked)
        for service in self.services:
            if service.closed and not space.meet(space.intersect(self.may, self.reaching), self._region(service)):
                yield self._finding("firewall.surplus-opening", PASS, service)
        if not space.meet(surplus, self.reaching) and not self.evidence.left_out:
            yield self._finding("firewall.surplus-opening", PASS)

    def _required(self, service: Service, region: int) -> Finding:
        space = self.space
        promised = space.intersect(region, self.evidence.promised)
        if not space.meet(promised, self.arriving):
            return self._finding(
                "firewall.undecided",
                UNKNOWN,
                service,
                "{} {} from {}".format(service.transport, service.port, ",".join(service.sources)),
                "not looked at",
                "no packet from there is asked about: the look is at other families of addresses, or it is no address "
                "of a client",
                "mend from, or families and the host's addresses; leave the service out where no client comes from outside",
            )
        missing = space.minus(space.intersect(promised, self.arriving), self.may)
        undecided = space.intersect(space.intersect(promised, self.unknown), self.arriving)
        sometimes = space.minus(space.intersect(space.intersect(promised, self.may), self.arriving), self.must)
        missing = space.minus(missing, self.tolerated.of(service, region, missing))
        if missing != EMPTY:
            where = next(iter(self.advice.droppers(missing)), None)
            cause = f"closed by {rule_text(where)}: {where.text}" if where else self.advice.not_delivered(missing)
            fault = self._finding(
                "firewall.missing-opening",
                FAIL,
                service,
                self._lines(region),
                self._lines(space.intersect(region, self.may)) or "closed",
                f"{cause}; for example {self._witness(missing)}",
                self.advice.open(service, missing) or self.advice.deliver(missing),
            )
            lacking = [family for family in sorted(_NAMES) if space.meet(missing, self._family(family))]
            return replace(fault, families=tuple(f"ipv{family}" for family in lacking))
        if undecided != EMPTY:
            return self._finding(
                "firewall.undecided",
                UNKNOWN,
                service,
                self._lines(region),
                self._lines(space.intersect(region, self.unknown)),
                self._doubts(undecided),
                self.advice.without_condition(service, undecided) + ", or set optional: true for it",
            )
        sometimes = space.minus(sometimes, self.bans.of(service, space.intersect(promised, self.arriving), sometimes))
        if sometimes != EMPTY:
            return self._finding(
                "firewall.sometimes-open",
                WARN,
                service,
                self._lines(region),
                f"open now and then: {self._lines(space.intersect(region, self.acceptance.sometimes))}",
                self._doubts(sometimes),
                self.advice.without_condition(service, sometimes) + ", if clients are to be sure of it",
            )
        return self._finding("firewall.missing-opening", PASS, service)

    def _left_out(self) -> Iterator[Finding]:
        kinds: dict[str, list[str]] = {}
        for item in self.evidence.left_out:
            kinds.setdefault(item.kind, []).append(item.what)
        for kind, texts in kinds.items():
            yield self._finding(
                "firewall.undecided",
                UNKNOWN,
                None,
                "closed, but for what is required",
                "not looked at: what is sent to " + "; ".join(texts),
                *why_left_out(kind),
            )

    def _icmpv6(self) -> Iterator[Finding]:
        """Whether IPv6 works at all, where it is to be used."""
        types = self.evidence.icmpv6
        mine = self._family(6)
        if types is None or not self.space.meet(self.evidence.promised, mine) or not self.space.meet(self.may, mine):
            return
        closed = sorted(set(ESSENTIAL) - types)
        if not closed:
            yield self._finding("firewall.icmpv6", PASS)
            return
        names = [ESSENTIAL[number] for number in closed]
        yield self._finding(
            "firewall.icmpv6",
            WARN,
            expected="icmpv6 " + ",".join(ESSENTIAL.values()),
            observed="not open: icmpv6 " + ",".join(names),
            cause="no rule is known to accept it, neither as related to a connection nor by its type",
            fix=self.advice.open_icmpv6(closed),
        )

    def _parity(self) -> Iterator[Finding]:
        """Optional doors that are open over one family alone, though both may come."""
        only = open_in_one_family(self.acceptance.about(self.reaching))
        for service in self.services:
            if service.closed or not service.optional or (service.port, service.transport) in ONE_FAMILY_DOORS:
                continue
            door = self._region(service)
            if not all(self.space.meet(door, self._family(family)) for family in _NAMES):
                continue
            family = next((family for family in _NAMES if self.space.meet(door, only[family])), 0)
            if not family:
                yield self._finding("firewall.parity", PASS, service)
                continue
            yield self._finding(
                "firewall.parity",
                WARN,
                service,
                "open over both families or over neither",
                f"open over {_NAMES[family]} alone",
                f"no rule opens it over {_NAMES[10 - family]}",
                self.advice.open(service, self.space.intersect(door, self._family(10 - family))),
            )

    def _unfiltered(self, family: int) -> Finding | None:
        space = self.space
        mine = self._family(family)
        if not space.meet(self.evidence.question, mine):
            return None
        if family not in self.evidence.families:
            fix = "give the rules of both families, such as iptables and ip6tables, or as families the only one in use"
            return self._finding(
                "firewall.undecided",
                UNKNOWN,
                expected=f"{_NAMES[family]} filtered",
                fix=fix,
                observed="not looked at",
                cause=f"no {_NAMES[family]} rules were given",
            )
        asked = space.intersect(self.asked, mine)
        if not self._lets_all_in(family):
            return self._finding("firewall.unfiltered", PASS)
        rules = [rule_text(where) for where, _node in self.acceptance.accepted_by(asked)]
        cause = "accepted by " + ", ".join(rules[:3]) if rules else f"no chain looks at {_NAMES[family]} packets"
        return self._finding(
            "firewall.unfiltered",
            FAIL,
            expected=f"{_NAMES[family]} filtered",
            cause=cause,
            observed=f"every port open to anyone over {_NAMES[family]}",
            fix="filter what comes in: a drop policy, and openings for what is required "
            "(nft: a table of family inet; iptables and ip6tables; ufw enable; firewalld)"
            if self._lets_all_in(10 - family)
            else f"filter {_NAMES[family]} as the other family: a drop policy and the same openings "
            "(nft: a table of family inet; ip6tables beside iptables; ufw: IPV6=yes)",
        )

    def _lets_all_in(self, family: int) -> bool:
        asked = self.space.intersect(self.asked, self._family(family))
        return self.space.is_subset(self.space.intersect(asked, self.arriving), self.must)

    def _surplus(self, surplus: int, allowed: int) -> Iterator[Finding]:
        """One finding for each rule that opens something, since each has its own remedy."""
        space = self.space
        openers = sorted(
            self.acceptance.accepted_by(surplus),
            key=lambda opener: (self.advice.remoteness(opener[0]), opener[0].family == "ip6"),
        )
        permitted = space.intersect(self.acceptance.may, allowed)
        among = {where for where, _region in openers}
        shared = {where for where, _node in self.acceptance.accepted_by(permitted, among)} if among else among
        left = surplus
        for where, region in openers:
            part = space.intersect(region, left)
            if not space.meet(part, self.reaching):
                continue
            left = space.minus(left, part)
            port = single(space.values(part, DPORT))
            transport = PROTOCOLS.get(single(space.values(part, PROTOCOL)))
            service = next(
                (item for item in self.services if item.closed and (item.port, item.transport) == (port, transport)),
                None,
            )
            yield self._finding(
                "firewall.surplus-opening",
                FAIL,
                service,
                "closed",
                self._lines(part),
                f"opened by {rule_text(where)}: {where.text}{self._elsewhere(part)}{self._now_and_then(part)}",
                self.advice.close(where, part, where not in shared, service),
                port,
            )

    # -- helpers -------------------------------------------------------------------------------------------------------

    def _family(self, family: int) -> int:
        return family_box(self.space, family)

    def _region(self, service: Service) -> int:
        """What the service requires to be open, as packets of the question."""
        return self.advice.door(service.port, service.transport, service.sources)

    def _lines(self, region: int) -> str:
        return "; ".join(lines(self.acceptance, region))

    def _witness(self, region: int) -> str:
        """A packet of the region in words."""
        packet = self.space.witness(region)
        source = address_text(packet[FAMILY], packet[SADDR])
        return f"{source} to {PROTOCOLS[packet[PROTOCOL]]} {packet[DPORT]} on {interface_name(packet[IIF])}"

    def _elsewhere(self, part: int) -> str:
        """What surprises people who look at the rules of the input hook alone."""
        destination = self.advice.destination(part)
        if not destination:
            return ""
        parts = [item for item in self.acceptance.deliveries if item.path == "forward"]
        past = any(self.space.meet(item.node, part) for item in parts)
        return f"; goes to {destination}" + (", past the rules for the host itself (ufw, INPUT)" if past else "")

    def _now_and_then(self, part: int) -> str:
        unsure = EMPTY if self.must == self.may else self.space.minus(part, self.must)
        return "; now and then, " + self._doubts(unsure) if unsure != EMPTY else ""

    def _doubts(self, region: int) -> str:
        return depends_on(doubt for doubt in self.acceptance.doubts if self.space.meet(doubt.node, region))

    def _finding(
        self,
        check: str,
        outcome: str,
        service: Service | None = None,
        expected: str = "",
        observed: str = "",
        cause: str = "",
        fix: str = "",
        port: int = 0,
    ) -> Finding:
        label = service.label if service else ""
        if service:
            port = service.port
        return Finding(
            check,
            self.host,
            port,
            label,
            outcome,
            (),
            expected,
            observed,
            cause,
            fix,
            CHECKS[check].source if outcome != PASS else "",
        )
