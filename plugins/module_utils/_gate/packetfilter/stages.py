# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of a packet's way through the kernel: base chains in their order, and conntrack between them."""

from __future__ import annotations

from typing import Callable, Dict, FrozenSet, List, Optional, Sequence, Set, Tuple, Union

from ..dataclass import dataclass
from .chains import Compiler
from .diagram import EMPTY, Space
from .intervals import normal
from .model import (
    CT_DNAT,
    CT_MARK,
    CT_STATE,
    CT_ZONE,
    FAMILY,
    ICMP_TYPE,
    IIF,
    NAT,
    NEW,
    NO_INTERFACE,
    OIF,
    ORIGINAL_DADDR,
    ORIGINAL_DPORT,
    PROTOCOL,
    REVERSE_PATH,
    UNTRACKED,
    Base,
    Chain,
    Ruleset,
    Table,
    Where,
    interface_range,
)
from .nodes import Binary
from .outcomes import GOES_ON, RETURNED, Fates
from .regions import Regions
from .routing import Routing, interface
from .state import NAT_SLOT, NO_NAT, SAME, SLOTS, State, tracked
from .substitute import Substitution, pick

CONNTRACK = -200
#: All nat chains of a hook run here, whatever their own priority, which orders them among each other
#: (nf_nat_register_fn; NF_IP_PRI_NAT_DST, NF_IP_PRI_NAT_SRC).
_NAT_PRIORITY = {"prerouting": -100, "input": 100, "postrouting": 100}
_FAMILIES = {"ip": ((4, 4),), "ip6": ((6, 6),)}
#: Tables whose chains are not on the way of routed packets.
ASIDE = ("bridge", "arp")
_OF_CONNTRACK = frozenset((CT_STATE, CT_DNAT, CT_ZONE, CT_MARK, ORIGINAL_DADDR, ORIGINAL_DPORT))
_CT_STATE = SLOTS[CT_STATE]
_CT_READS = (_CT_STATE,)


@dataclass(frozen=True)
class Stage:
    """A base chain. ``looks_at``: the packets that pass through it. ``reverse``: the packets that come from where their
    source is routed. ``idle``: those for which the chain may not be called, since nothing is seen to switch conntrack on."""

    space: Space
    fates: Fates
    compiler: Compiler
    chain: Chain
    base: Base
    looks_at: int
    dimensions: FrozenSet[int]
    reverse: Optional[int]
    idle: int = EMPTY

    @property
    def of_nat(self) -> bool:
        return self.base.kind == "nat"

    @property
    def sets_up_nat(self) -> bool:
        return self.of_nat and self.base.hook == "prerouting"

    @property
    def reads(self) -> Tuple[int, ...]:
        block = self.compiler.blocks[self.chain.name]
        mine = {_CT_STATE, NAT_SLOT} if self.sets_up_nat else {_CT_STATE} if self.of_nat else set()
        return tuple(sorted(mine.union(block.reads)))

    @property
    def active(self) -> bool:
        """Whether it changes or asks for the state."""
        block = self.compiler.blocks[self.chain.name]
        return bool(block.reads or block.writes)

    def where(self) -> Where:
        """Of the policy."""
        table = self.compiler.table
        text = "policy {0}".format(self.base.policy)
        return Where(table.source, table.family, table.name, self.chain.name, "policy", text)

    def passes(self, state: State) -> bool:
        """Whether packets in this state come to the chain at all."""
        if not self.of_nat:
            return True
        return tracked(state) and not (self.sets_up_nat and state[NAT_SLOT] != NO_NAT)

    def fate(self, state: State) -> int:
        """What becomes of every packet; who passes goes on."""
        if not self.passes(state):
            return self.fates.goes_on
        node = self.fates.policies[self.base.policy](self.compiler.chain(self.chain.name, state))
        if self.idle != EMPTY:
            node = self.fates.otherwise(self.fates.within(self.idle, self.fates.perhaps(node, False)), node)
        if NAT_SLOT in self.compiler.blocks[self.chain.name].writes and not self.sets_up_nat:
            node = self.fates.not_translated(node)
        return self.settle(node)

    def undecided(self, state: State, fate: Callable[[int], int]) -> int:
        """The packets that may be left to the policy. ``fate``: from what this stage knows to what a client sends."""
        seen = fate(self.compiler.chain(self.chain.name, state))
        return self.space.union(self.fates.where[GOES_ON](seen), self.fates.where[RETURNED](seen))

    def settle(self, node: int) -> int:
        """A fate with what this stage knows put in; packets that it does not look at go on."""
        fates = self.fates
        node = self.settle_fate(node)
        if self.looks_at == Space.full:
            return node
        return fates.otherwise(fates.within(self.looks_at, node), fates.goes_on)

    def settle_fate(self, node: int) -> int:
        """The same for packets that it looks at."""
        return self._resolve(node, self.fates.merge, self.fates.within, self.fates.otherwise)

    def settle_region(self, node: int) -> int:
        space = self.space
        return self._resolve(node, lambda _run_time: space.union, space.intersect, space.union)

    def _resolve(self, node: int, merge: Callable[[bool], Binary], within: Binary, union: Binary) -> int:
        nodes = self.space.nodes
        if OIF in self.dimensions and self.base.hook not in ("forward", "postrouting"):
            node = Substitution(nodes, {OIF: pick(NO_INTERFACE)}, {}, merge, originals=False).apply(node)
        if REVERSE_PATH in self.dimensions:
            passed = Substitution(nodes, {REVERSE_PATH: pick(1)}, {}, merge, originals=False).apply(node)
            if self.reverse is None:
                return passed
            failed = Substitution(nodes, {REVERSE_PATH: pick(0)}, {}, merge, originals=False).apply(node)
            node = union(within(self.reverse, passed), within(self.space.complement(self.reverse), failed))
        return node


@dataclass(frozen=True)
class Event:
    """What the kernel does between the chains. ``at_first``: on lo packets were tracked when they were sent. ``arrives``:
    what conntrack takes the packets for, which are not untracked."""

    space: Space
    fates: Fates
    at_first: bool = False
    arrives: int = NEW
    reads: Tuple[int, ...] = _CT_READS

    def fate(self, state: State) -> int:
        """Conntrack leaves neighbour discovery and multicast listener messages alone (nf_conntrack_icmpv6_error)."""
        fates = self.fates
        if state[_CT_STATE] == UNTRACKED:
            return fates.goes_on
        discovery = self.space.box({FAMILY: ((6, 6),), PROTOCOL: ((58, 58),), ICMP_TYPE: ((130, 136), (143, 143))})
        new, untracked = (fates.certain(GOES_ON, (value,) + SAME[1:]) for value in (self.arrives, UNTRACKED))
        seen = fates.otherwise(fates.within(discovery, untracked), new)
        if self.at_first:
            return fates.otherwise(fates.within(self.space.box({IIF: interface("lo")}), seen), fates.goes_on)
        return seen


Item = Union[Stage, Event]


@dataclass(frozen=True)
class Stages:
    """All stages, in the kernel's order. ``before``: what sees the destination as the client sent it; ``after``: the rest of
    prerouting; ``bridge``: chains of bridge tables for what arrives."""

    before: Tuple[Item, ...]
    after: Tuple[Item, ...]
    input: Tuple[Item, ...]
    forward: Tuple[Item, ...]
    bridge: Tuple[Stage, ...]
    dimensions: FrozenSet[int]
    compilers: Tuple[Compiler, ...]


def stages(
    space: Space, fates: Fates, regions: Regions, ruleset: Ruleset, routing: Routing, arrives: int = NEW
) -> Stages:
    """:param arrives: what conntrack takes the packets for, NEW or RELATED.

    :raises EvidenceError: the rules cannot be loaded as they stand: a chain is missing, jumps form a circle."""
    return _arranged(space, fates, arrives, hooks_of(space, fates, regions, ruleset, routing))


@dataclass(frozen=True)
class Hooks:
    """``stages``: by hook, each with its priority, in their order."""

    stages: Dict[str, List[Tuple[int, int, Stage]]]
    dimensions: FrozenSet[int]
    compilers: Tuple[Compiler, ...]


def hooks_of(space: Space, fates: Fates, regions: Regions, ruleset: Ruleset, routing: Routing) -> Hooks:
    """:raises EvidenceError: the rules cannot be loaded as they stand."""
    found: Dict[str, List[Tuple[int, int, Stage]]] = {}
    everything: Set[int] = set()
    compilers: List[Compiler] = []
    reverse: Optional[int] = None
    dimensions_of = [table_dimensions(table) for table in ruleset.tables]
    tracking = [
        table.family
        for table, dimensions in zip(ruleset.tables, dimensions_of)
        if not _OF_CONNTRACK.isdisjoint(dimensions) or _translates(table)
    ]
    untracked = space.boxes({FAMILY: ((family, family),)} for family in (4, 6) if not _tracks(tracking, family))
    for table, dimensions in zip(ruleset.tables, dimensions_of):
        bases = [(chain, chain.base) for chain in table.chains.values() if chain.base is not None]
        if not bases or table.family == "arp":
            continue
        if table.family not in ASIDE:
            everything |= dimensions
        if REVERSE_PATH in dimensions and reverse is None and routing.host.routes is not None:
            reverse = space.boxes(routing.sources_by_interface())
        compiler = Compiler(space, fates, regions, table)
        compilers.append(compiler)
        for chain, base in bases:
            looks_at = space.box({FAMILY: _FAMILIES[table.family]}) if table.family in _FAMILIES else space.full
            if base.hook == "ingress":
                devices = normal(interface_range(device, "*") for device in base.devices)
                looks_at = space.intersect(looks_at, space.box({IIF: devices}))
            idle = EMPTY
            if base.kind == "nat":
                # On lo the packet met the NAT of the hook output, and no other.
                looks_at = space.minus(looks_at, space.box({IIF: interface("lo")}))
                idle = untracked
            hook = "bridge " + base.hook if table.family in ASIDE else base.hook
            priority = _NAT_PRIORITY.get(hook, base.priority) if base.kind == "nat" else base.priority
            stage = Stage(space, fates, compiler, chain, base, looks_at, frozenset(dimensions), reverse, idle)
            found.setdefault(hook, []).append((priority, base.priority, stage))
    for some in found.values():
        # Of equal priorities, the chain that was registered last comes first (nf_hook_entries_grow).
        some.reverse()
        some.sort(key=lambda entry: (entry[0], not entry[2].of_nat, entry[1]))
    return Hooks(found, frozenset(everything), tuple(compilers))


def _arranged(space: Space, fates: Fates, arrives: int, by_hook: Hooks) -> Stages:
    found = by_hook.stages
    prerouting = found.get("prerouting", [])
    early: List[Item] = [stage for _p, _own, stage in found.get("ingress", [])]
    early += [stage for priority, _own, stage in prerouting if priority < CONNTRACK]
    late = [stage for priority, _own, stage in prerouting if priority >= CONNTRACK]
    last_nat = max((index for index, stage in enumerate(late) if stage.sets_up_nat), default=len(late) - 1)
    hooks = {hook: [stage for _p, _own, stage in some] for hook, some in found.items()}
    before: List[Item] = []
    if any(isinstance(item, Stage) and item.active for item in early):
        before.append(Event(space, fates, True, arrives))
    before += early
    following: List[Stage] = late + hooks.get("input", []) + hooks.get("forward", []) + hooks.get("postrouting", [])
    if any(_CT_STATE in stage.reads for stage in following):
        before.append(Event(space, fates, False, arrives))
    before += late[: last_nat + 1]
    return Stages(
        tuple(before),
        tuple(late[last_nat + 1 :]),
        tuple(hooks.get("input", [])),
        tuple(hooks.get("forward", []) + hooks.get("postrouting", [])),
        tuple(hooks.get("bridge prerouting", []) + hooks.get("bridge input", [])),
        by_hook.dimensions,
        by_hook.compilers,
    )


def _tracks(tracking: Sequence[str], family: int) -> bool:
    """Whether some rule is seen to switch connection tracking on for the family: one that asks for it, or a NAT rule.
    ``tracking``: the families of the tables with such rules."""
    return not {"inet", "netdev", {4: "ip", 6: "ip6"}[family]}.isdisjoint(tracking)


def _translates(table: Table) -> bool:
    return any(
        verdict.kind == NAT
        for chain in table.chains.values()
        for rule in chain.rules
        for _boxes, verdict in rule.branches
    )


def table_dimensions(table: Table) -> Set[int]:
    """All dimensions that conditions of the table ask for."""
    found: Set[int] = set()
    seen: Set[int] = set()
    for chain in table.chains.values():
        for rule in chain.rules:
            for match in rule.matches:
                found.update(match.within)
                if len(match.boxes) == 1:
                    found.update(match.boxes[0])
                elif id(match.boxes) not in seen:
                    seen.add(id(match.boxes))
                    found.update(*match.boxes)
            for boxes, _verdict in rule.branches:
                if id(boxes) not in seen:
                    seen.add(id(boxes))
                    found.update(*boxes)
    return found
