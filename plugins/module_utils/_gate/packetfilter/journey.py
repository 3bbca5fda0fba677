# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All packets on their way through all stages: the fates of the question.

Up to the last chain that sets up NAT the rules see what the client sent. What comes then is computed once, over what the
rules see and what was sent as separate dimensions; each way out of the routing decision (legs.py) is then a substitution
in it. So a thousand published ports cost a thousand small substitutions, and not a thousand evaluations.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, Sequence, Tuple

from .diagram import EMPTY, FULL, Space
from .legs import Legs
from .model import (
    CT_DNAT,
    DESTINATION_TYPE,
    IIF,
    NEW,
    OIF,
    ORIGINAL_DADDR,
    ORIGINAL_DPORT,
    UNICAST,
    Host,
    Ruleset,
    interface_value,
)
from .outcomes import DROPPED, MISS, TAINTED, Fates
from .regions import Regions
from .routing import Routing
from .stages import Event, Item, Stages, stages
from .state import AT_FIRST, NAT_SLOT, NO_NAT, SLOTS, State, updated
from .substitute import Pick, Substitution, pick
from .ways import FORWARD, INPUT, NOT_FOLLOWED, NOWHERE, REFUSED, Leg, Way

_SEEN = frozenset((OIF, DESTINATION_TYPE, ORIGINAL_DPORT, ORIGINAL_DADDR))
_DNAT_SLOT = SLOTS[CT_DNAT]


class View:
    """What rules see on one way through the later stages, as functions and regions of what the client sent.
    ``needed``: whether they see anything else than that."""

    def __init__(self, space: Space, fates: Fates, way: Way, needed: bool) -> None:
        picks, shifts = dict(way.picks), dict(way.shifts)
        self._needed = needed
        self._fates = Substitution(space.nodes, picks, shifts, fates.merge)
        self._regions = Substitution(space.nodes, picks, shifts, lambda _run_time: space.union)

    def fate(self, node: int) -> int:
        return self._fates.apply(node) if self._needed else node

    def region(self, node: int) -> int:
        return self._regions.apply(node) if self._needed else node


class Journey:
    """``question``: the packets; what lies outside of it may come out in any way."""

    def __init__(
        self,
        space: Space,
        ruleset: Ruleset,
        host: Host,
        question: int,
        arrives: int = NEW,
        arrange: Callable[[Space, Fates, Regions, Ruleset, Routing, int], Stages] = stages,
    ) -> None:
        self.space = space
        self.question = question
        self.host = host
        self.fates = Fates(space)
        self.regions = Regions(space)
        self.routing = Routing(host)
        self.stages: Stages = arrange(space, self.fates, self.regions, ruleset, self.routing, arrives)
        self.legs = Legs(space, self.routing, self.stages.dimensions, question)
        self._tails: Dict[Tuple[str, Tuple[int, ...], State], int] = {}
        self._views: Dict[Way, View] = {}
        self._by_nat: Dict[Tuple[int, int], List[Leg]] = {}

    def fate(self, arriving: State = AT_FIRST) -> int:
        """For every packet of the question whether it is accepted, dropped, or both; see outcomes.py. ``arriving``: the state in
        which the packets come."""
        fates = self.fates
        start = self.through(self._bridged(), self.stages.before, arriving)
        start = self._as_sent(start)
        parts: List[int] = []
        entering: Dict[int, List[int]] = {}
        asked = self.space.meet
        regions = {leaf: part for leaf, part in fates.split(start).items() if asked(part, self.question)}
        for leaf, region in regions.items():
            for update in fates.updates_going_on(leaf):
                entering.setdefault(update, []).append(region)
        after = {
            update: self.after(updated(arriving, fates.updates[update]), self.space.union_all(some))
            for update, some in entering.items()
        }
        for leaf, region in regions.items():
            groups = {frozenset((u,)): after[u] for u in fates.updates_going_on(leaf)}
            parts.append(fates.within(region, fates.followed_by(leaf, groups) if groups else leaf))
        return self.joined(parts)

    def joined(self, parts: Sequence[int]) -> int:
        """Functions on disjoint regions as one."""
        level = list(parts)
        while len(level) > 1:
            pairs = [self.fates.otherwise(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            level = pairs + level[len(pairs) * 2 :]
        return level[0] if level else MISS

    # Stages

    def through(self, fate: int, items: Sequence[Item], state: State) -> int:
        """What becomes of packets with this fate, which began in this state, in the stages."""
        for item in items:
            fate = self._through(fate, item, state)
        return fate

    def _through(self, fate: int, item: Item, state: State) -> int:
        if not item.reads:
            return self.fates.then(fate, item.fate(state))
        groups: Dict[State, List[int]] = {}
        states: Dict[State, State] = {}
        for number in self.fates.updates_going_on(fate):
            following = updated(state, self.fates.updates[number])
            key = tuple([following[slot] for slot in item.reads])
            groups.setdefault(key, []).append(number)
            states[key] = following
        if not groups:
            return fate
        return self.fates.followed_by(fate, {frozenset(some): item.fate(states[key]) for key, some in groups.items()})

    def _bridged(self) -> int:
        fates = self.fates
        return fates.otherwise(fates.within(self.doubtful_on_bridges(), fates.unfollowed), fates.goes_on)

    def doubtful_on_bridges(self) -> int:
        """Chains of bridge tables may drop what arrives on a bridge; which port it comes from is not asked about."""
        fates, space = self.fates, self.space
        bridges = [(value, value) for value in sorted(map(interface_value, self.host.bridges))]
        if not bridges or not self.stages.bridge:
            return EMPTY
        dropped = EMPTY
        for stage in self.stages.bridge:
            fate = stage.fate(AT_FIRST)
            perhaps = space.union(fates.where[DROPPED](fate), fates.where[TAINTED](fate))
            dropped = space.union(dropped, space.any_of(perhaps, (IIF, OIF)))
        return space.intersect(dropped, space.box({IIF: tuple(bridges)}))

    # The routing decision and what follows

    def after(self, state: State, region: int) -> int:
        """What becomes of packets that have passed the chains which set up NAT, as a function of what the client sent."""
        return self.joined(
            [self.fates.within(leg.region, self.leg_fate(leg, state, region)) for leg in self.legs_of(state, region)]
        )

    def legs_of(self, state: State, region: int) -> List[Leg]:
        number = state[NAT_SLOT]
        nat = self.fates.nats[number] if number != NO_NAT else None
        if nat is None:
            return self.legs.without_nat()
        key = (number, region)
        if key not in self._by_nat:
            self._by_nat[key] = self.legs.with_nat(nat, region)
        return self._by_nat[key]

    def leg_fate(self, leg: Leg, state: State, region: int) -> int:
        result = MISS
        for way in leg.ways:
            result = self.fates.merge(way.run_time)(result, self.way_fate(way, state, region))
        return result

    def way_fate(self, way: Way, state: State, region: int) -> int:
        """``region``: the packets that come there, as clients send them; what lies outside of it may come out in any way."""
        if way.path == REFUSED:
            return self.fates.dropped
        asked = self.space.intersect(region, self.question)
        fate = self.view(way).fate(self._tail(way.path, state_on(way, state), asked))
        return self.fates.either(fate, self.fates.dropped) if way.perhaps_dropped else fate

    def items_of(self, path: str) -> Tuple[Item, ...]:
        later = {INPUT: self.stages.input, FORWARD: self.stages.forward}
        return self.stages.after + later.get(path, ())

    def _tail(self, path: str, state: State, region: int) -> int:
        # Nothing on the way changes what decides whether a stage looks at a packet: its family, and where it comes from.
        items = [
            item for item in self.items_of(path) if isinstance(item, Event) or self.space.meet(item.looks_at, region)
        ]
        reads = sorted({slot for item in items for slot in item.reads})
        key = (path, tuple(map(id, items)), tuple(state[slot] for slot in reads))
        if key not in self._tails:
            fates = self.fates
            end = {NOWHERE: fates.dropped, NOT_FOLLOWED: fates.unfollowed}.get(path, fates.goes_on)
            self._tails[key] = fates.arrived(fates.then(self.through(fates.goes_on, items, state), end))
        return self._tails[key]

    def view(self, way: Way) -> View:
        found = self._views.get(way)
        if found is None:
            needed = bool(way.shifts) or not _SEEN.isdisjoint(self.stages.dimensions) or way.translates
            found = self._views[way] = View(self.space, self.fates, way, needed)
        return found

    def views_as_sent(self) -> Iterator[Tuple[int, View]]:
        """The same for the stages before NAT: by the type of the destination."""
        if DESTINATION_TYPE not in self.stages.dimensions:
            yield FULL, self.view(Way(INPUT))
            return
        regions: Dict[Pick, int] = {}
        for leg in self.legs.without_nat():
            kind = dict(leg.ways[0].picks).get(DESTINATION_TYPE, pick(UNICAST))
            regions[kind] = self.space.union(regions.get(kind, EMPTY), leg.region)
        for kind, region in regions.items():
            yield region, self.view(Way(INPUT, ((DESTINATION_TYPE, kind),)))

    def _as_sent(self, fate: int) -> int:
        return self.joined([self.fates.within(region, view.fate(fate)) for region, view in self.views_as_sent()])


def state_on(way: Way, state: State) -> State:
    """The state of a packet on a way: NAT itself is behind it, what conntrack says of it is not."""
    changed = list(state)
    changed[NAT_SLOT] = NO_NAT
    changed[_DNAT_SLOT] = way.dnat
    return tuple(changed)
