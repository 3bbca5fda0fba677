# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The walk itself: a machine that takes one packet from hook to hook and rule to rule.

Where it is in doubt what happens, every way is followed, each by a machine of its own; ways that meet in the same place
with the same packet are followed once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, FrozenSet, List, Optional, Sequence, Tuple, Union

from ...errors import EvidenceError
from ..model import (
    ACCEPT,
    CHANGE,
    CONTINUE,
    CT_STATE,
    DROP,
    ELSEWHERE,
    GOTO,
    IIF,
    JUMP,
    NAT,
    NEW,
    REJECT,
    RETURN,
    Chain,
    Host,
    Ruleset,
    Verdict,
)
from .nat import translated
from .packet import CERTAIN, OTHER, RUN_TIME, Kinds, Packet, changed, first_branch, held, split_for
from .report import Delivered, Recorder, delivered_to
from .routes import LOOPBACK, Route, arrived, at_bridge, routed, tracked
from .stages import (
    BEFORE_ROUTING,
    HOOKS_AFTER,
    BaseChain,
    Stage,
    base_chains,
    bridge_chains,
    orders,
    uses_conntrack,
)

Task = Union[str, Stage, BaseChain]


@dataclass(frozen=True)
class Machine:
    """``tasks``: what is still to do, the next one first. ``current``: the base chain at work; ``calls``: the chains that
    it is in, the innermost last, each with the next rule. ``path``: input or forward, after routing."""

    tasks: Tuple[Task, ...]
    packet: Packet
    current: Optional[BaseChain] = None
    calls: Tuple[Tuple[str, int], ...] = ()
    path: str = ""

    @property
    def place(self) -> Tuple[object, ...]:
        """Machines in the same place do the same from here on. Chains are told apart by their numbers, for hashing all of
        their rules would take long."""
        tasks = tuple(task if isinstance(task, str) else task.label for task in self.tasks)
        return (tasks, self.packet, self.current and self.current.label, self.calls, self.path)


@dataclass(frozen=True)
class Ending:
    """``outcomes``: accept and drop, those that are possible; ``kinds``: the doubts that decide between them."""

    outcomes: FrozenSet[str]
    kinds: Kinds = CERTAIN
    deliveries: Tuple[Delivered, ...] = ()


@dataclass(frozen=True)
class Fork:
    """``of_order``: the ways differ in the order of base chains alone, which mostly makes no difference."""

    kinds: Kinds
    ways: Tuple[Machine, ...]
    of_order: bool = False


Next = Union[Machine, Ending, Fork]


def joined(kinds: Kinds, endings: Sequence[Ending]) -> Ending:
    """What can come of a packet that goes one of several ways. A doubt on which nothing hangs is none."""
    outcomes = frozenset(outcome for ending in endings for outcome in ending.outcomes)
    deliveries = tuple(dict.fromkeys(delivery for ending in endings for delivery in ending.deliveries))
    if len(outcomes) > 1:
        return Ending(outcomes, kinds.union(*(ending.kinds for ending in endings)), deliveries)
    return Ending(outcomes, CERTAIN, deliveries)


class Run:
    """All ways of one packet through a ruleset."""

    def __init__(self, ruleset: Ruleset, packet: Packet, host: Host) -> None:
        self.host = host
        self.recorder = Recorder()
        self._sure = True
        self._bases = base_chains(ruleset, packet)
        self._start = Machine(BEFORE_ROUTING + ("routing",), arrived(packet, host))
        self._tracks = uses_conntrack(ruleset, packet)
        self._bridge = bridge_chains(ruleset, packet, host)

    def ending(self) -> Ending:
        return self._followed(self._start)

    def _followed(self, start: Machine) -> Ending:
        """Follow every way to its end, the earlier ways of a fork first."""
        known: Dict[Tuple[object, ...], Ending] = {}
        forks: Dict[Tuple[object, ...], Tuple[Fork, List[Tuple[object, ...]]]] = {}
        waiting = [(start.place, start)]
        while waiting:
            place, machine = waiting[-1]
            if place in known:
                waiting.pop()
                continue
            if place not in forks:
                self._sure = not forks
                found = self._until_doubt(machine)
                if isinstance(found, Ending):
                    known[place] = found
                    continue
                forks[place] = (found, [way.place for way in found.ways])
            fork, places = forks[place]
            following = next(((there, way) for there, way in zip(places, fork.ways) if there not in known), None)
            if following is not None:
                waiting.append(following)
            else:
                endings = [known[there] for there in places]
                same = fork.of_order and len({(ending.outcomes, ending.kinds) for ending in endings}) == 1
                known[place] = joined(CERTAIN if same else fork.kinds, endings)
        return known[start.place]

    def _until_doubt(self, machine: Machine) -> Union[Ending, Fork]:
        found: Next = machine
        while isinstance(found, Machine):
            found = self._next(found)
        return found

    def _next(self, machine: Machine) -> Next:
        if machine.current is not None:
            return self._in_chain(machine, machine.current)
        if not machine.tasks:
            if not machine.path:
                return self._ended(machine.packet, ACCEPT)
            delivered = delivered_to(machine.path, machine.packet)
            self.recorder.kernel(delivered.text, ACCEPT, self._sure)
            return self._ended(machine.packet, ACCEPT, (delivered,))
        task, machine = machine.tasks[0], replace(machine, tasks=machine.tasks[1:])
        if isinstance(task, BaseChain):
            return replace(machine, current=task, calls=((task.chain.name, 0),))
        if isinstance(task, Stage):
            return self._at_stage(machine, task)
        if task == DROP:
            return self._ended(machine.packet, DROP)
        if task == "routing":
            return self._after_routing(machine)
        if task == "bridge":
            return self._over_bridge(machine)
        ways = [replace(machine, tasks=order + machine.tasks) for order in orders(self._bases, task)]
        return ways[0] if len(ways) == 1 else Fork(frozenset([OTHER]), tuple(ways), of_order=True)

    def _ended(self, packet: Packet, outcome: str, deliveries: Tuple[Delivered, ...] = ()) -> Ending:
        if packet.tainted:
            return Ending(frozenset([ACCEPT, DROP]), frozenset([OTHER]), deliveries)
        return Ending(frozenset([outcome]), CERTAIN, deliveries)

    # From hook to hook

    def _at_stage(self, machine: Machine, stage: Stage) -> Next:
        if not stage.chains:
            return replace(machine, packet=tracked(machine.packet))
        if not stage.nat:
            return replace(machine, tasks=stage.chains + machine.tasks)
        # A packet on the loopback interface met the NAT of the hook output when it was sent, and no other.
        if machine.packet.values[CT_STATE] != NEW or machine.packet.values[IIF] == LOOPBACK:
            return machine
        if machine.packet.translated and not machine.path:
            return machine
        rest = replace(stage, chains=stage.chains[1:])
        through = replace(machine, tasks=stage.chains[:1] + ((rest,) if rest.chains else ()) + machine.tasks)
        return through if self._tracks else Fork(frozenset([OTHER]), (through, machine))

    def _over_bridge(self, machine: Machine) -> Next:
        """What the rules of a bridge may drop is in doubt: they see the packet earlier, and on another interface."""
        if not self._bridge or DROP not in self._followed(Machine(self._bridge, at_bridge(machine.packet))).outcomes:
            return machine
        self.recorder.kernel("a table of the bridge may drop it", DROP, False)
        return Fork(frozenset([OTHER]), (machine, _dropped(machine)))

    def _after_routing(self, machine: Machine) -> Next:
        kinds, routes = routed(machine.packet, self.host)
        ways = [self._along(machine, route, certain=len(routes) == 1) for route in routes]
        return ways[0] if len(ways) == 1 else Fork(kinds, tuple(ways))

    def _along(self, machine: Machine, route: Route, certain: bool) -> Machine:
        if not route.path:
            self.recorder.kernel(route.why, DROP, self._sure and certain)
            return _dropped(machine)
        return replace(
            machine,
            packet=route.packet,
            path=route.path,
            tasks=HOOKS_AFTER.get(route.path, (route.path,)) + machine.tasks,
        )

    # From rule to rule

    def _in_chain(self, machine: Machine, current: BaseChain) -> Next:
        if not machine.calls:
            self.recorder.policy(current.table, current.chain, current.base, self._sure)
            return _decided(machine, current.base.policy)
        name, index = machine.calls[-1]
        chain = _chain(current, name)
        if index >= len(chain.rules):
            return replace(machine, calls=machine.calls[:-1])
        rule, packet = chain.rules[index], machine.packet
        split = split_for(rule, packet)
        if split is not None:
            return Fork(split[0], tuple(replace(machine, packet=part) for part in split[1]))
        after = replace(machine, calls=machine.calls[:-1] + ((name, index + 1),))
        kinds = held(rule.matches, packet)
        verdict = first_branch(rule, packet) if kinds is not None else None
        if kinds is None or verdict is None or verdict.kind == CONTINUE:
            return after
        self.recorder.rule(rule, verdict, self._sure and not kinds)
        verdict_kinds, ways = self._after_verdict(after, current, verdict)
        if kinds:
            ways = ways + (after,)
        return ways[0] if len(ways) == 1 else Fork(kinds | verdict_kinds, ways)

    def _after_verdict(
        self, machine: Machine, current: BaseChain, verdict: Verdict
    ) -> Tuple[Kinds, Tuple[Machine, ...]]:
        """Where the packet may go on, and what decides between those."""
        kind = verdict.kind
        if kind in (ACCEPT, DROP, REJECT):
            return CERTAIN, (_decided(machine, kind),)
        if kind in (JUMP, GOTO):
            return CERTAIN, (_called(machine, current, verdict),)
        if kind == RETURN:
            return CERTAIN, (replace(machine, calls=machine.calls[:-1]),)
        if kind == CHANGE:
            return CERTAIN, (replace(machine, packet=changed(machine.packet, verdict.changes)),)
        if kind == NAT and verdict.nat is not None:
            kinds, packets = translated(machine.packet, verdict.nat, self.host)
            if not packets:
                self.recorder.kernel("there is no address to redirect to", DROP, self._sure)
                return CERTAIN, (_dropped(machine),)
            return kinds, tuple(_decided(replace(machine, packet=packet), ACCEPT) for packet in packets)
        if kind == ELSEWHERE:
            return frozenset([RUN_TIME]), (_decided(machine, ACCEPT), _decided(machine, DROP))
        return CERTAIN, (replace(machine, packet=replace(machine.packet, tainted=True)),)


def _dropped(machine: Machine) -> Machine:
    return Machine((DROP,), machine.packet)


def _decided(machine: Machine, kind: str) -> Machine:
    """Accept ends the base chain alone; drop is final."""
    return replace(machine, current=None, calls=()) if kind == ACCEPT else _dropped(machine)


def _called(machine: Machine, current: BaseChain, verdict: Verdict) -> Machine:
    """Goto leaves the calling chain for good."""
    _chain(current, verdict.chain)
    calls = machine.calls[:-1] if verdict.kind == GOTO else machine.calls
    if any(name == verdict.chain for name, _index in machine.calls):
        raise EvidenceError(_subject(current, verdict.chain), "its jumps form a circle")
    return replace(machine, calls=calls + ((verdict.chain, 0),))


def _chain(current: BaseChain, name: str) -> Chain:
    chain = current.table.chains.get(name)
    if chain is None:
        raise EvidenceError(_subject(current, name), "the chain is missing")
    return chain


def _subject(current: BaseChain, name: str) -> str:
    return "chain {0} of table {1} {2}".format(name, current.table.family, current.table.name)
