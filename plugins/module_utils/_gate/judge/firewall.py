# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packet filter's openings, held against the service list: set equality, both ways, for IPv4 and IPv6 alike.

The question is about protocols with ports. A service that is optional may be open and need not be.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, Sequence

from ..intent.services import ANYONE, Service
from ..packetfilter.addresses import address_text, range_of
from ..packetfilter.diagram import EMPTY, Space
from ..packetfilter.evaluate import Acceptance
from ..packetfilter.model import (
    DPORT,
    FAMILY,
    IIF,
    PORT_PROTOCOLS,
    PROTOCOL,
    SADDR,
    Box,
    Intervals,
    Where,
    interface_name,
)
from ..packetfilter.names import PROTOCOLS
from ..packetfilter.openings import describe, lines, rule_text
from ..packetfilter.sensor import FilterEvidence
from .checks import CHECKS
from .filter_remedies import close_command, open_command
from .finding import FAIL, PASS, UNKNOWN, Finding

_NAMES = {4: "IPv4", 6: "IPv6"}
_MOST_DOUBTS = 5
#: Sources from which no client connects, since the kernel lets none of them in from outside, or nobody has them (240.0.0.0/4):
#: what the filter says of them is no matter of reachability.
_NEVER_ARRIVE = ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "::ffff:0:0/96", "ff00::/8")


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
        read = self.space.boxes({FAMILY: ((family, family),)} for family in sorted(evidence.families))
        self.asked = self.space.intersect(self.space.intersect(evidence.question, with_ports), read)
        self.arriving = self.space.complement(self.space.boxes(_source_box(cidr) for cidr in _NEVER_ARRIVE))

    def judge(self) -> Iterator[Finding]:
        space = self.space
        allowed = EMPTY
        for service in self.services:
            if not service.closed:
                region = self._region(service)
                allowed = space.union(allowed, region)
                if not service.optional:
                    yield self._required(service, space.intersect(region, self.evidence.promised))
        surplus = space.minus(space.intersect(self.may, self.asked), allowed)
        for family in sorted(_NAMES):
            finding = self._unfiltered(family)
            if finding is not None:
                yield finding
            if finding is not None and finding.outcome != PASS:
                surplus = space.minus(surplus, self._family(family))
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
            if service.closed and not space.meet(self.may, self._region(service)):
                yield self._finding("firewall.surplus-opening", PASS, service)
        if surplus == EMPTY:
            yield self._finding("firewall.surplus-opening", PASS)

    def _required(self, service: Service, region: int) -> Finding:
        space = self.space
        if not space.meet(region, self.arriving):
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
        missing = space.minus(space.intersect(region, self.arriving), self.may)
        undecided = space.minus(space.intersect(region, self.may), self.must)
        if missing != EMPTY:
            where = self._dropper(missing)
            cause = f"closed by {rule_text(where)}: {where.text}" if where else "closed"
            source, family = self._first_source(service, missing)
            fault = self._finding(
                "firewall.missing-opening",
                FAIL,
                service,
                self._lines(region),
                self._lines(space.intersect(region, self.may)) or "closed",
                f"{cause}; for example {self._witness(missing)}",
                open_command(where, service.transport, service.port, source, family),
            )
            lacking = [family for family in sorted(_NAMES) if space.meet(missing, self._family(family))]
            return replace(fault, families=tuple(f"ipv{family}" for family in lacking))
        if space.meet(undecided, self.arriving):
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
        if not space.is_subset(space.intersect(asked, self.arriving), self.must):
            return self._finding("firewall.unfiltered", PASS)
        rules = [rule_text(where) for where, _node in self.acceptance.accepted_by(asked)]
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
            port = _single(space.values(part, DPORT))
            transport = PROTOCOLS.get(_single(space.values(part, PROTOCOL)))
            service = next(
                (item for item in self.services if item.closed and (item.port, item.transport) == (port, transport)),
                None,
            )
            what = describe(self.acceptance, part, brief=True)
            whole = not any(opener == where and space.meet(node, allowed) for opener, node in self.acceptance.accepts)
            wanted = ""
            if port and transport and not service:
                wanted = f"; or add {{port: {port}, protocol: {transport}}} to services if it is meant"
            yield self._finding(
                "firewall.surplus-opening",
                FAIL,
                service,
                "closed",
                self._lines(part),
                f"opened by {rule_text(where)}: {where.text}",
                close_command(where, whole, what) + wanted,
                port,
            )

    # -- helpers -------------------------------------------------------------------------------------------------------

    def _family(self, family: int) -> int:
        return self.space.box({FAMILY: ((family, family),)})

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
            if self.space.meet(missing, self.space.box(_source_box(cidr))):
                return ("" if cidr in ANYONE else cidr), range_of(cidr)[0]
        raise AssertionError("what is missing lies in one of the service's networks")

    def _dropper(self, region: int) -> Where | None:
        """The rule or policy that keeps a witness of the region out: the first that drops it on its way."""
        witness = self.space.witness(region)
        for where, node in self.acceptance.dropped_by(region):
            if self.space.contains(node, witness):
                return where
        return None

    def _lines(self, region: int) -> str:
        return "; ".join(lines(self.acceptance, region))

    def _witness(self, region: int) -> str:
        """A packet of the region in words."""
        packet = self.space.witness(region)
        source = address_text(packet[FAMILY], packet[SADDR])
        return f"{source} to {PROTOCOLS[packet[PROTOCOL]]} {packet[DPORT]} on {interface_name(packet[IIF])}"

    def _doubts(self, region: int) -> str:
        texts = []
        for doubt in self.acceptance.doubts:
            if self.space.meet(doubt.node, region):
                text = f"{doubt.text} ({rule_text(doubt.where)})"
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


def _single(values: Intervals) -> int:
    """The one value that there is, or 0."""
    return values[0][0] if len(values) == 1 and values[0][0] == values[0][1] else 0


def _source_box(cidr: str) -> Box:
    family, first, last = range_of(cidr)
    return {FAMILY: ((family, family),), SADDR: ((first, last),)}
