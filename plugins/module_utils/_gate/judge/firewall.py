# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packet filter's openings, held against the service list: set equality, both ways, for IPv4 and IPv6 alike.

The question is about protocols with ports. A service that is optional may be open and need not be.
"""

from __future__ import annotations

from typing import Iterator, Sequence

from ..intent.services import ANYONE, Service
from ..packetfilter.diagram import EMPTY, Space
from ..packetfilter.evaluate import Acceptance
from ..packetfilter.model import DPORT, FAMILY, PORT_PROTOCOLS, PROTOCOL, SADDR, Where
from ..packetfilter.openings import describe, range_of
from ..packetfilter.sensor import FilterEvidence
from .checks import CHECKS
from .filter_remedies import close_command, open_command, place
from .finding import FAIL, PASS, UNKNOWN, Finding

_NAMES = {4: "IPv4", 6: "IPv6"}
_MOST_DOUBTS = 5


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
        self.may = self.space.intersect(self.acceptance.may, with_ports)
        self.must = self.space.intersect(self.acceptance.must, with_ports)
        self.asked = self.space.intersect(evidence.question, with_ports)

    def judge(self) -> Iterator[Finding]:
        space = self.space
        allowed = EMPTY
        for service in self.services:
            if not service.closed:
                region = self._region(service)
                allowed = space.union(allowed, region)
                if not service.optional:
                    yield self._required(service, space.intersect(region, self.evidence.promised))
        surplus = space.minus(self.may, allowed)
        for family in sorted(_NAMES):
            finding = self._unfiltered(family)
            if finding is not None:
                yield finding
            if finding is not None and finding.outcome != PASS:
                surplus = space.minus(surplus, space.box({FAMILY: ((family, family),)}))
        yield from self._surplus(space.intersect(surplus, self.must), allowed)
        undecided = space.minus(surplus, self.must)
        if undecided != EMPTY:
            yield self._finding(
                "firewall.undecided",
                UNKNOWN,
                expected="closed",
                observed=self._lines(undecided),
                cause=self._doubts(undecided),
            )
        for service in self.services:
            if service.closed and space.intersect(self.may, self._region(service)) == EMPTY:
                yield self._finding("firewall.surplus-opening", PASS, service)
        if surplus == EMPTY:
            yield self._finding("firewall.surplus-opening", PASS)

    def _required(self, service: Service, region: int) -> Finding:
        space = self.space
        missing = space.minus(region, self.may)
        undecided = space.minus(space.intersect(region, self.may), self.must)
        if missing != EMPTY:
            where = self._dropper(missing)
            cause = f"closed by {place(where)}: {where.text}" if where else "closed"
            source, family = self._first_source(service, missing)
            return self._finding(
                "firewall.missing-opening",
                FAIL,
                service,
                self._lines(region),
                self._lines(space.intersect(region, self.may)) or "closed",
                f"{cause}; for example {self._witness(missing)}",
                open_command(where, service.transport, service.port, source, family),
            )
        if undecided != EMPTY:
            return self._finding(
                "firewall.undecided",
                UNKNOWN,
                service,
                self._lines(region),
                self._lines(undecided),
                self._doubts(undecided),
            )
        return self._finding("firewall.missing-opening", PASS, service)

    def _unfiltered(self, family: int) -> Finding | None:
        space = self.space
        mine = space.box({FAMILY: ((family, family),)})
        asked = space.intersect(self.asked, mine)
        if family not in self.evidence.families:
            fix = "give the rules of both families, such as iptables and ip6tables"
            return self._finding(
                "firewall.undecided",
                UNKNOWN,
                expected=f"{_NAMES[family]} filtered",
                fix=fix,
                observed="not looked at",
                cause=f"no {_NAMES[family]} rules were given",
            )
        if asked == EMPTY:
            return None
        if not space.is_subset(asked, self.must):
            return self._finding("firewall.unfiltered", PASS)
        rules = [place(where) for where, _node in self.acceptance.accepted_by(asked)]
        cause = "accepted by " + ", ".join(rules[:3]) if rules else f"no chain looks at {_NAMES[family]} packets"
        return self._finding(
            "firewall.unfiltered",
            FAIL,
            expected=f"{_NAMES[family]} filtered",
            cause=cause,
            observed=f"every port open to anyone over {_NAMES[family]}",
            fix=f"filter {_NAMES[family]} as the other family: a drop policy and the same openings "
            "(nft: a table of family inet; ip6tables beside iptables; ufw: IPV6=yes)",
        )

    def _surplus(self, surplus: int, allowed: int) -> Iterator[Finding]:
        """One finding for each rule that opens something, since each has its own remedy. Policies come last: they are the
        cause only of what no rule accepts."""
        space = self.space
        openers = sorted(self.acceptance.accepted_by(surplus), key=lambda opener: opener[0].position == "policy")
        left = surplus
        for where, region in openers:
            part = space.intersect(region, left)
            if part == EMPTY:
                continue
            left = space.minus(left, part)
            ports = space.values(part, DPORT)
            port = ports[0][0] if len(ports) == 1 and ports[0][0] == ports[0][1] else 0
            service = next((item for item in self.services if item.closed and item.port == port), None)
            what = describe(space, part, brief=True)
            whole = not any(
                opener == where and space.intersect(node, allowed) != EMPTY for opener, node in self.acceptance.accepts
            )
            wanted = (
                "" if service or not port else f"; or add {{port: {port}, protocol: ...}} to services if it is meant"
            )
            yield self._finding(
                "firewall.surplus-opening",
                FAIL,
                service,
                "closed",
                self._lines(part),
                f"opened by {place(where)}: {where.text}",
                close_command(where, whole, what) + wanted,
                port,
            )

    # -- helpers -------------------------------------------------------------------------------------------------------

    def _region(self, service: Service) -> int:
        """What the service requires to be open, as packets of the question."""
        number = PORT_PROTOCOLS[service.transport]
        boxes = []
        for cidr in service.sources:
            family, first, last = range_of(cidr)
            boxes.append(
                {
                    FAMILY: ((family, family),),
                    PROTOCOL: ((number, number),),
                    DPORT: ((service.port, service.port),),
                    SADDR: ((first, last),),
                }
            )
        return self.space.intersect(self.space.boxes(boxes), self.asked)

    def _first_source(self, service: Service, missing: int) -> tuple[str, int]:
        """The first network of the service that misses the opening (``""`` for everybody), and its family."""
        for cidr in service.sources:
            family, first, last = range_of(cidr)
            box = {FAMILY: ((family, family),), SADDR: ((first, last),)}
            if self.space.intersect(missing, self.space.box(box)) != EMPTY:
                return ("" if cidr in ANYONE else cidr), family
        raise AssertionError("what is missing lies in one of the service's networks")

    def _dropper(self, region: int) -> Where | None:
        """The rule or policy that keeps a witness of the region out: the first that drops it on its way."""
        witness = self.space.witness(region)
        for where, node in self.acceptance.dropped_by(region):
            if self.space.contains(node, witness):
                return where
        return None

    def _doubts(self, region: int) -> str:
        texts = []
        for doubt in self.acceptance.doubts:
            if self.space.intersect(doubt.node, region) != EMPTY:
                text = f"{doubt.text} ({place(doubt.where)})"
                if text not in texts:
                    texts.append(text)
        more = f" and {len(texts) - _MOST_DOUBTS} more" if len(texts) > _MOST_DOUBTS else ""
        return "depends on " + ", ".join(texts[:_MOST_DOUBTS]) + more

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
