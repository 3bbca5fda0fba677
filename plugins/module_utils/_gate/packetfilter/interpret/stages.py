# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a packet meets at each hook, in the kernel's order (net/netfilter/core.c, nf_conntrack_proto.c, nf_nat_core.c).

Conntrack is one function at prerouting -200. All chains of type nat at one hook are called by one function, at -100 (prerouting)
or 100 (input, postrouting), whatever their own priorities, which order them among themselves.
Of functions of one priority, the one that was registered last comes first. nft lists its tables and chains in the order
of their making; when xtables' tables came between them is not known, so that several orders are possible.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterable, List, Sequence, Tuple

from ..model import (
    CHANGE,
    CT_DNAT,
    CT_MARK,
    CT_STATE,
    CT_ZONE,
    FAMILY,
    IIF,
    NAT,
    ORIGINAL_DADDR,
    ORIGINAL_DPORT,
    Base,
    Box,
    Chain,
    Host,
    Ruleset,
    Table,
    interface_range,
    interface_value,
)
from .packet import Packet

PREROUTING, INPUT, FORWARD, POSTROUTING = "prerouting", "input", "forward", "postrouting"

BEFORE_ROUTING = ("ingress", "bridge", PREROUTING)
HOOKS_AFTER = {INPUT: (INPUT,), FORWARD: (FORWARD, POSTROUTING)}

CONNTRACK_PRIORITY = -200
_NAT_PRIORITY = {PREROUTING: -100, INPUT: 100, POSTROUTING: 100}
_OF_CONNTRACK = frozenset((CT_STATE, CT_DNAT, CT_ZONE, CT_MARK, ORIGINAL_DADDR, ORIGINAL_DPORT))
_TABLE_FAMILIES = {"ip": (4,), "ip6": (6,), "inet": (4, 6), "netdev": (4, 6)}


@dataclass(frozen=True)
class BaseChain:
    """A base chain that looks at the packet. ``number``: its place in the list of all."""

    table: Table
    chain: Chain
    base: Base
    number: int

    @property
    def label(self) -> int:
        return self.number

    @property
    def owner(self) -> str:
        """Base chains of one owner were registered in the order in which they are listed."""
        return "nft" if self.table.source == "nft" else "{0} {1}".format(self.table.source, self.number)

    @property
    def has_effects(self) -> bool:
        """Whether packets may leave the chain otherwise than they came, so that the order matters."""
        return any(
            verdict.kind in (CHANGE, NAT)
            for chain in self.table.chains.values()
            for rule in chain.rules
            for _boxes, verdict in rule.branches
        )


@dataclass(frozen=True)
class Stage:
    """What is called at one place: one base chain, all those of type nat at a hook, or conntrack (no chains)."""

    priority: int
    owner: str
    chains: Tuple[BaseChain, ...]
    nat: bool = False

    @property
    def label(self) -> Tuple[object, ...]:
        return (self.priority, self.nat, tuple(chain.number for chain in self.chains))

    @property
    def has_effects(self) -> bool:
        return not self.chains or any(chain.has_effects for chain in self.chains)


def base_chains(ruleset: Ruleset, packet: Packet) -> List[BaseChain]:
    """Those that look at the packet, as listed."""
    found: List[BaseChain] = []
    for table in ruleset.tables:
        if packet.values[FAMILY] not in _TABLE_FAMILIES.get(table.family, ()):
            continue
        for chain in table.chains.values():
            base = chain.base
            if base is None or (base.hook == "ingress" and not _on_device(base, packet.known(IIF))):
                continue
            found.append(BaseChain(table, chain, base, len(found)))
    return found


def _on_device(base: Base, interface: int) -> bool:
    ranges = (interface_range(device, "*") for device in base.devices)
    return any(first <= interface <= last for first, last in ranges)


def uses_conntrack(ruleset: Ruleset, packet: Packet) -> bool:
    """Whether some rule surely switches connection tracking on for the packet's family. Without it, no packet passes a chain of
    type nat. (Rules that were decided as they were read, or masquerade, do not show.)"""
    return any(
        any(verdict.kind == NAT or _looks_at(boxes) for boxes, verdict in rule.branches)
        or any(_looks_at((match.within,)) or _looks_at(match.boxes) for match in rule.matches)
        for table in ruleset.tables
        if packet.values[FAMILY] in _TABLE_FAMILIES.get(table.family, ())
        for chain in table.chains.values()
        for rule in chain.rules
    )


def _looks_at(boxes: Iterable[Box]) -> bool:
    return any(not _OF_CONNTRACK.isdisjoint(box) for box in boxes)


def orders(bases: Sequence[BaseChain], hook: str) -> List[Tuple[Stage, ...]]:
    """What a packet meets at the hook: one order, or all that are possible where that may make a difference."""
    stages = [
        Stage(chain.base.priority, chain.owner, (chain,))
        for chain in bases
        if chain.base.hook == hook and chain.base.kind != "nat"
    ]
    if hook == PREROUTING:
        stages.append(Stage(CONNTRACK_PRIORITY, "conntrack", ()))
    nat = [chain for chain in bases if chain.base.hook == hook and chain.base.kind == "nat"]
    single = [Stage(chain.base.priority, chain.owner, (chain,)) for chain in nat]
    found: List[Tuple[Stage, ...]] = []
    for in_nat in _sorted_stages(single) if nat else [()]:
        together = [Stage(_NAT_PRIORITY.get(hook, 0), "nat", tuple(stage.chains[0] for stage in in_nat), True)]
        found.extend(_sorted_stages(stages + (together if nat else [])))
    return found


def _sorted_stages(stages: Sequence[Stage]) -> List[Tuple[Stage, ...]]:
    """By priority, with all orders that are possible within each."""
    result: List[Tuple[Stage, ...]] = [()]
    for priority in sorted({stage.priority for stage in stages}):
        level = [stage for stage in stages if stage.priority == priority][::-1]
        ways = [tuple(level)]
        if any(stage.has_effects for stage in level):
            owners = sorted({stage.owner for stage in level})
            ways = _merged([[stage for stage in level if stage.owner == owner] for owner in owners])
        result = [before + way for before in result for way in ways]
    return result


def _merged(sequences: Iterable[Sequence[Stage]]) -> List[Tuple[Stage, ...]]:
    """All sequences that hold these, each in its own order."""
    left = [sequence for sequence in sequences if sequence]
    if not left:
        return [()]
    return [
        (sequence[0],) + rest
        for place, sequence in enumerate(left)
        for rest in _merged(left[:place] + [sequence[1:]] + left[place + 1 :])
    ]


def bridge_chains(ruleset: Ruleset, packet: Packet, host: Host) -> Tuple[BaseChain, ...]:
    """Those that see what comes in on a bridge for the host itself; none for what comes in elsewhere."""
    if packet.known(IIF) not in [interface_value(name) for name in host.bridges]:
        return ()
    found = [
        BaseChain(table, chain, chain.base, 0)
        for table in ruleset.tables
        if table.family == "bridge"
        for chain in table.chains.values()
        if chain.base is not None and chain.base.hook in (PREROUTING, INPUT)
    ]
    return tuple(replace(chain, number=-1 - place) for place, chain in enumerate(found))
