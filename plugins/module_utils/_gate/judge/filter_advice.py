# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about a region that is closed or open: whose rule it is, and the commands for it."""

from __future__ import annotations

from typing import Collection, Iterable, Sequence

from ..intent.registry import DOORS
from ..intent.services import ANYONE, Service
from ..packetfilter.addresses import cidrs, range_of
from ..packetfilter.diagram import EMPTY, Space
from ..packetfilter.live.kernel import KERNEL, XDP
from ..packetfilter.model import (
    DPORT,
    FAMILY,
    ICMP_TYPE,
    NAT,
    PORT_PROTOCOLS,
    PROTOCOL,
    SADDR,
    TOP,
    Base,
    Box,
    Intervals,
    Table,
    Where,
)
from ..packetfilter.names import PROTOCOLS
from ..packetfilter.openings import describe, destinations, lines, rule_text
from ..packetfilter.sensor import FilterEvidence
from ..packetfilter.walk import Doubt
from .filter_bans import ban_remedy
from .filter_remedies import close_command, icmpv6_command, manager, open_command
from .filter_sources import source_box, source_boxes
from .filter_ufw import unlimited
from .wording import first_of

_ALL_SOURCES: Intervals = ((0, TOP[SADDR]),)
_MOST_COMMANDS = 4
_MOST_NETWORKS = 4


def depends_on(doubts: Iterable[Doubt]) -> str:
    return "depends on " + first_of(f"{doubt.text} ({rule_text(doubt.where)})" for doubt in doubts)


class Advice:
    """Remedies for one host.

    :param asked: the packets that the judgement is about. ``arriving``: those that clients can send.
    :param must: what certainly gets in.
    """

    def __init__(
        self, services: Sequence[Service], evidence: FilterEvidence, asked: int, arriving: int, must: int
    ) -> None:
        self.services = services
        self.evidence = evidence
        self.space: Space = evidence.space
        self.asked = asked
        self.arriving = arriving
        self.must = must
        self._destinations: list[tuple[str, int]] | None = None
        self._hooks: dict[int, dict[str, set[str]]] = {}
        self._doors: dict[tuple[int, str, tuple[str, ...]], int] = {}
        self._translators = {
            rule.where
            for table in evidence.ruleset.tables
            for chain in table.chains.values()
            for rule in chain.rules
            for _boxes, verdict in rule.branches
            if verdict.kind == NAT
        }

    def close(self, where: Where, part: int, whole: bool, service: Service | None) -> str:
        """How to close the part of the question that the rule or policy opens, or how to say that it is meant.

        :param whole: whether it opens nothing else that may be open.
        :param service: that which says the port is closed, if one does.
        """
        space, acceptance = self.space, self.evidence.acceptance
        anyone = whole or space.values(part, SADDR) == _ALL_SOURCES
        what = describe(acceptance, part, brief=True) if anyone else "; ".join(lines(acceptance, part))
        base = self._base(where)
        command = close_command(
            where, whole, what, self.neighbours(where), base.hook if base else "", self._siblings(where)
        )
        return command + ("" if service else self._if_meant(part))

    def open(self, service: Service, missing: int) -> str:
        """A command for each network and each family that misses the opening."""
        commands: list[str] = []
        for cidr in service.sources:
            part = self.space.intersect(missing, self.space.box(source_box(cidr)))
            source, family = ("" if cidr in ANYONE else cidr), range_of(cidr)[0]
            for where in self.droppers(part):
                ufw = self._ufw_without_ipv6(where)
                neighbours = ufw or self.neighbours(where)
                forwarded = "input" not in self.hooks(where) and "forward" in self.hooks(where)
                command = open_command(
                    where, service.transport, service.port, source, family, neighbours, forwarded, self._siblings(where)
                )
                if ufw:
                    command = f"set IPV6=yes in /etc/default/ufw, ufw reload, then {command}"
                commands.append(command)
        return first_of(commands, _MOST_COMMANDS, "; ")

    def open_icmpv6(self, types: Sequence[int]) -> str:
        """A command that lets the types in, in the chain that drops them."""
        box: Box = {FAMILY: ((6, 6),), PROTOCOL: ((58, 58),), ICMP_TYPE: tuple((number, number) for number in types)}
        region = self.space.intersect(self.space.box(box), self.evidence.question)
        where = next(iter(self.droppers(region)), None)
        return icmpv6_command(where, types, self.neighbours(where) if where else ())

    def _if_meant(self, part: int) -> str:
        """What to write into the service list so that the opening is no surplus."""
        space = self.space
        port = single(space.values(part, DPORT))
        transport = PROTOCOLS.get(single(space.values(part, PROTOCOL)))
        if not port or not transport:
            return ""
        networks = [
            cidr
            for family in (4, 6)
            if space.meet(part, family_box(space, family))
            for cidr in cidrs(
                family, space.values(space.intersect(part, family_box(space, family)), SADDR)[: _MOST_NETWORKS + 1]
            )
        ]
        shown = ", ".join(f'"{cidr}"' if ":" in cidr else cidr for cidr in networks)
        listed = next((item for item in self.services if (item.port, item.transport) == (port, transport)), None)
        if listed:
            which = shown if len(networks) <= _MOST_NETWORKS else "those networks"
            return f"; or add {which} to from of {listed.label} if it is meant"
        door = next((name for name, door in DOORS.items() if (door["port"], door["protocol"]) == (port, transport)), "")
        if door:
            return f"; or add {door} to services if it is meant"
        entry = f"port: {port}, protocol: {transport}"
        if not self._is_open_to(part, port, transport, ANYONE):
            if len(networks) <= _MOST_NETWORKS and self._is_open_to(part, port, transport, networks):
                entry += f", from: [{shown}]"
            else:
                entry += ", optional: true"
        return f"; or add {{{entry}}} to services if it is meant"

    def remoteness(self, where: Where) -> tuple[bool, bool, bool, bool]:
        """Every base chain on the way has let the packet in. The cause is first a rule that sends it elsewhere, then one of
        those that are there to filter, then one of their policies; a chain of prerouting that lets things pass is it last."""
        return (
            where not in self._translators,
            not self.hooks(where) & {"input", "forward"},
            where.position == "policy",
            where.source != "nft" and where.table != "filter",
        )

    def hooks(self, where: Where) -> set[str]:
        """The hooks from whose chains of type filter the rule's chain is reached."""
        table = self._table(where)
        if id(table) not in self._hooks:
            self._hooks[id(table)] = _filtering_hooks(table)
        return self._hooks[id(table)][where.chain]

    def not_delivered(self, missing: int) -> str:
        """Why packets do not arrive that no rule drops."""
        families = self._not_forwarding(missing)
        if families:
            return f"no rule closes it, but NAT sends it to another host, and this one does not forward {families}"
        return "no rule closes it, but the kernel has no way for what NAT makes of it"

    def deliver(self, missing: int) -> str:
        if self._not_forwarding(missing):
            return "sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1, and the same in /etc/sysctl.d"
        return "mend the rule that translates it, or the routes of the host"

    def _not_forwarding(self, missing: int) -> str:
        forwarding = self.evidence.host.forwarding
        families = [family for family in (4, 6) if self.space.meet(missing, family_box(self.space, family))]
        lacking = [f"IPv{family}" for family in families if forwarding is not None and family not in forwarding]
        return " and ".join(lacking) if self._translators else ""

    def destination(self, part: int) -> str:
        """Where packets of the part go, as far as it is not to the port of the host itself that the client named."""
        if self._destinations is None:
            self._destinations = [
                (words, node) for _path, words, node in destinations(self.evidence.acceptance) if words
            ]
        return first_of((words for words, node in self._destinations if self.space.meet(node, part)), _MOST_COMMANDS)

    def droppers(self, region: int) -> list[Where]:
        """The rules and policies that keep packets of the region out, that of a witness first."""
        if region == EMPTY:
            return []
        witness = self.space.witness(region)
        droppers = self.evidence.acceptance.dropped_by(region)
        return [where for where, _node in sorted(droppers, key=lambda item: not self.space.contains(item[1], witness))]

    def door(self, port: int, transport: str, networks: Sequence[str]) -> int:
        number = PORT_PROTOCOLS[transport]
        door: Box = {PROTOCOL: ((number, number),), DPORT: ((port, port),)}
        key = (port, transport, tuple(networks))
        if key not in self._doors:
            boxes = [{**door, **sources} for sources in source_boxes(networks)]
            self._doors[key] = self.space.intersect(self.space.boxes(boxes), self.asked)
        return self._doors[key]

    def _is_open_to(self, part: int, port: int, transport: str, networks: Sequence[str]) -> bool:
        """Whether the port is open to all of the networks, as far as they are of the part's families."""
        space = self.space
        families = [box for box in (family_box(space, family) for family in (4, 6)) if space.meet(part, box)]
        promised = space.intersect(self.evidence.promised, space.union_all(families))
        wanted = space.intersect(self.door(port, transport, networks), promised)
        return space.is_subset(space.intersect(wanted, self.arriving), self.must)

    def neighbours(self, where: Where) -> Collection[str]:
        return self._table(where).chains

    def _siblings(self, where: Where) -> Collection[str]:
        """The texts of the rules of its chain, where a remedy hangs on them."""
        if "-user-" not in where.chain:
            return ()
        return {rule.where.text for rule in self._table(where).chains[where.chain].rules}

    def without_condition(self, service: Service, region: int) -> str:
        """How to be sure of a door of which a part is open perhaps, or now and then."""
        doubts = [item for item in self.evidence.acceptance.doubts if self.space.meet(item.node, region)]
        bans = {item.where: remedy for item in doubts for remedy in [ban_remedy(item, self.evidence.ruleset)] if remedy}
        wheres = [item.where for item in doubts if item.where not in bans]
        cards = list(dict.fromkeys(where.chain for where in wheres if (where.source, where.table) == (KERNEL, XDP)))
        if cards:
            shown = ", ".join(cards)
            look = f"look at what the program does (bpftool net show; ip link show {shown})"
            return look + ", take it away, or ask about other interfaces"
        if bans and not wheres:
            return "; ".join(dict.fromkeys(bans.values()))
        by_ufw = list(dict.fromkeys(filter(None, map(self._unlimited, wheres))))
        if by_ufw:
            return "; ".join(by_ufw)
        return f"accept {service.transport} {service.port} without that condition"

    def _unlimited(self, where: Where) -> str:
        """Of ufw's rules that limit: those that let in behind the doubtful one are named ``limit``."""
        if "-user-input" not in where.chain:
            return ""
        options = where.text.partition(" -m conntrack ")[0].split()
        for rule in self._table(where).chains[where.chain].rules:
            if rule.where.text.split()[: len(options)] == options and unlimited(rule.where):
                return unlimited(rule.where)
        return ""

    def _ufw_without_ipv6(self, where: Where) -> Collection[str]:
        """With IPV6=no ufw closes all of IPv6 by a policy, and nothing there shows whose that is: ufw's chains for IPv4 do."""
        if (where.family, where.position) != ("ip6", "policy") or manager(where, self.neighbours(where)) == "ufw":
            return ()
        tables = [table for table in self.evidence.ruleset.tables if (table.family, table.name) == ("ip", where.table)]
        return next((table.chains for table in tables if manager(where, table.chains) == "ufw"), ())

    def _base(self, where: Where) -> Base | None:
        return self._table(where).chains[where.chain].base

    def _table(self, where: Where) -> Table:
        return next(
            table
            for table in self.evidence.ruleset.tables
            if (table.source, table.family, table.name) == (where.source, where.family, where.table)
            and where.chain in table.chains
        )


def family_box(space: Space, family: int) -> int:
    return space.box({FAMILY: ((family, family),)})


def single(values: Intervals) -> int:
    """The one value that there is, or 0."""
    return values[0][0] if len(values) == 1 and values[0][0] == values[0][1] else 0


def _filtering_hooks(table: Table) -> dict[str, set[str]]:
    """For each chain the hooks from which packets come through it to be filtered."""
    hooks: dict[str, set[str]] = {name: set() for name in table.chains}
    for base in table.chains.values():
        if not base.base or base.base.kind != "filter":
            continue
        waiting = [base.name]
        while waiting:
            name = waiting.pop()
            if base.base.hook not in hooks[name]:
                hooks[name].add(base.base.hook)
                rules = table.chains[name].rules
                waiting.extend(verdict.chain for rule in rules for _boxes, verdict in rule.branches if verdict.chain)
    return hooks
