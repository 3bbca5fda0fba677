# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packets the rules accept: surely, sometimes, perhaps; where they are delivered; and by which rule.

The base chains of all tables run hook by hook, in order of priority; a packet gets in only if all of them accept it.
Where no base chain looks at a packet, it gets in. What is addressed to another host, or sent there by NAT, takes the
forward path. All answers are about packets as clients send them.
"""

from __future__ import annotations

from typing import Collection, Dict, Iterable, Iterator, List, Optional, Set, Tuple

from ..dataclass import dataclass
from .collector import uncollected
from .diagram import EMPTY, Space
from .journey import Journey, View, state_on
from .model import ACCEPT, IIF, NEW, NOTHING_KNOWN, Box, Host, Ruleset, Where, interface_range
from .outcomes import ACCEPTED, DROPPED, TAINTED
from .stages import ASIDE, Item, Stage
from .state import AT_FIRST, NAT_SLOT, State, updated
from .walk import Doubt, Resolve, Walk
from .ways import FORWARD, INPUT, REFUSED, Leg, one_value

__all__ = ["Acceptance", "Delivery", "Doubt", "accepted", "difference", "undecided_difference"]

HOST = Where("host", "host", "", "", "", "the host's addresses and routes")


@dataclass(frozen=True)
class Delivery:
    """Where a part of what may get in goes. ``path``: ``input``, or ``forward`` out of ``interface`` (empty: not known).
    ``to_address`` (family, value) and ``to_port``: what NAT made of the destination, where it changed that to one value.
    ``translated``: NAT changed the destination, or may have, perhaps to one of several."""

    path: str
    to_address: Optional[Tuple[int, int]]
    to_port: Optional[int]
    interface: str
    node: int
    translated: bool = False


@dataclass(frozen=True)
class End:
    """``nat``: the number of the destination NAT that was set up (`Fates.nats`); ``state``: what the packets carry then."""

    path: str
    nat: int
    state: State
    node: int


@dataclass(frozen=True)
class _Entry:
    """A base chain, with packets that come to it in a state. ``fate``, ``region``: to what a client sends. ``as_sent``: the chain
    sees the destination that the client sent."""

    stage: Stage
    state: State
    entering: int
    fate: Resolve
    region: Resolve
    as_sent: bool


class Acceptance:
    """The answer. Nodes belong to the space of the question.

    ``question``: what was asked about. ``may``: what of it may get in. ``must``: what certainly gets in. ``sometimes``:
    what gets in now and then, which hangs on the host's state. ``unknown``: what cannot be said. ``interfaces``: the ranges
    of input interfaces that the rules name. ``notes``: what the user should know, besides the notes of the ruleset.
    """

    def __init__(self, journey: Journey, fate: int, question: int, arriving: State = AT_FIRST) -> None:
        self.space = space = journey.space
        self.question = question
        self.journey = journey
        self._fate = fate
        self._arriving = arriving
        fates = journey.fates
        self.may = self.must = space.intersect(question, fates.perhaps_accepted(fate))
        self.sometimes = EMPTY
        if any(fates.is_doubtful(leaf) for leaf in fates.leaves(fate)):
            self.must = space.intersect(question, fates.certainly_accepted(fate))
            self.sometimes = space.intersect(question, fates.sometimes_accepted(fate))
        self.unknown = space.minus(self.may, space.union(self.must, self.sometimes))
        self.interfaces: Tuple[Tuple[int, int], ...] = ()
        self.notes: Tuple[str, ...] = ()
        self._accepts: Optional[List[Tuple[Where, int]]] = None
        self._doubts: Optional[List[Doubt]] = None
        self._deliveries: Optional[List[Delivery]] = None

    def about(self, part: int) -> Acceptance:
        """The same answer to a part of the question."""
        answer = Acceptance(self.journey, self._fate, self.space.intersect(self.question, part), self._arriving)
        answer.interfaces, answer.notes = self.interfaces, self.notes
        return answer

    @property
    def accepts(self) -> List[Tuple[Where, int]]:
        """For each base chain, which rule or policy accepted which packets of ``may`` (see `accepted_by`)."""
        if self._accepts is None:
            self._accepts = self.accepted_by(self.may)
        return self._accepts

    @property
    def deliveries(self) -> List[Delivery]:
        """Which part of ``may`` is delivered where; parts overlap where that is not known, or changes."""
        if self._deliveries is None:
            self._deliveries = list(self._delivered())
        return self._deliveries

    @property
    def doubts(self) -> List[Doubt]:
        """What makes the difference between ``may`` and ``must``."""
        if self._doubts is None:
            nodes: Dict[Tuple[str, Where, bool], int] = {}
            unsure = self.space.minus(self.may, self.must)
            for doubt in self._found_doubts(unsure):
                key = (doubt.text, doubt.where, doubt.run_time)
                nodes[key] = self.space.union(nodes.get(key, EMPTY), doubt.node)
            self._doubts = [Doubt(text, where, node, run_time) for (text, where, run_time), node in nodes.items()]
        return self._doubts

    def accepted_by(self, region: int, among: Optional[Collection[Where]] = None) -> List[Tuple[Where, int]]:
        """Which rule or policy accepts which packets of the region, in each base chain, and which rule translates them.

        Rules of an unbroken run of accepting rules are all named, even where an earlier one of the run already
        accepts: to close the door, all of them have to go. ``among``: the only ones to look for.
        """
        return self._deciders(region, ACCEPTED, among)

    def dropped_by(self, region: int) -> List[Tuple[Where, int]]:
        """The same for drop and reject, in the order in which packets meet them. What a base chain certainly drops
        does not come to the next."""
        return self._deciders(region, DROPPED)

    def _deciders(self, region: int, kind: int, among: Optional[Collection[Where]] = None) -> List[Tuple[Where, int]]:
        nodes: Dict[Where, int] = {}
        space = self.space
        for entry in self._entries(region):
            stage = entry.stage
            walk = Walk(stage.compiler, kind, entry.fate, entry.region, entry.as_sent, among)
            for where, node in walk.verdicts(stage.chain.name, entry.state, entry.entering):
                nodes[where] = space.union(nodes.get(where, EMPTY), node)
            if (ACCEPTED if stage.base.policy == ACCEPT else DROPPED) == kind:
                left = stage.undecided(entry.state, entry.fate)
                node = space.intersect(entry.entering, left)
                if node != EMPTY:
                    where = stage.where()
                    nodes[where] = space.union(nodes.get(where, EMPTY), node)
        return list(nodes.items())

    def _found_doubts(self, region: int) -> Iterator[Doubt]:
        for entry in self._entries(region):
            walk = Walk(entry.stage.compiler, None, entry.fate, entry.region, entry.as_sent)
            yield from walk.doubts(entry.stage.chain.name, entry.state, entry.entering)
            idle = self.space.intersect(entry.entering, entry.stage.idle)
            if idle != EMPTY:
                yield Doubt("whether connections are tracked, so that this chain is called", entry.stage.where(), idle)
        for _state, leg, entering in self._on_legs(region):
            for text in dict.fromkeys(text for way in leg.ways for text in way.because):
                yield Doubt(text, HOST, entering)
            several = len(leg.ways) > 1 or not all(map(one_value, leg.ways))
            if several and not any(way.because for way in leg.ways):
                yield Doubt("the kernel chooses where NAT leads", HOST, entering, True)
        for stage in self.journey.stages.bridge:
            node = self.space.intersect(region, self.journey.doubtful_on_bridges())
            if node != EMPTY:
                table = stage.compiler.table
                where = Where(
                    table.source, table.family, table.name, stage.chain.name, "", "what a bridge lets through"
                )
                yield Doubt("the bridge's own rules", where, node)

    def ends(self, region: int) -> List[End]:
        """In which states packets of the region may have passed all chains."""
        for _entry in self._entries(region):
            pass
        return self._ends

    # The way of a region's packets

    def _entries(self, region: int) -> Iterator[_Entry]:
        """The base chains that packets of the region come to, with the state that they are in; in their order."""
        region = self.space.intersect(region, self.question)
        reached = {self._arriving: region}
        self._ends: List[End] = []
        views = list(self.journey.views_as_sent())
        for item in self.journey.stages.before:
            following: Dict[State, int] = {}
            for state, entering in reached.items():
                for part, view in views:
                    inside = self.space.intersect(entering, part)
                    yield from self._passed(item, state, inside, view, True, following)
            reached = following
        self._last = reached
        for state, leg, entering in self._legs_of(reached):
            for way in leg.ways:
                if way.path == REFUSED:
                    continue
                view = self.journey.view(way)
                here = {state_on(way, state): entering}
                for item in self.journey.items_of(way.path):
                    following = {}
                    for at, inside in here.items():
                        yield from self._passed(item, at, inside, view, not way.translates, following)
                    here = following
                self._ends.extend(End(way.path, state[NAT_SLOT], at, inside) for at, inside in here.items())

    def _passed(
        self, item: Item, state: State, entering: int, view: View, as_sent: bool, following: Dict[State, int]
    ) -> Iterator[_Entry]:
        """One stage; adds to ``following`` in which states which packets leave it."""
        space, fates = self.space, self.journey.fates
        if entering == EMPTY:
            return
        if isinstance(item, Stage):
            looked_at = space.intersect(entering, item.looks_at) if item.passes(state) else EMPTY
            if looked_at == EMPTY:
                following[state] = space.union(following.get(state, EMPTY), entering)
                return
            yield _Entry(
                item,
                state,
                looked_at,
                lambda node: view.fate(item.settle_fate(node)),
                lambda node: view.region(item.settle_region(node)),
                as_sent,
            )
        raw = item.fate(state)
        seen = view.fate(raw)
        for update in fates.updates_going_on(raw):
            after = updated(state, fates.updates[update])
            going = space.intersect(entering, fates.where_going_on(seen, update))
            if going != EMPTY:
                following[after] = space.union(following.get(after, EMPTY), going)

    def _legs_of(self, reached: Dict[State, int]) -> Iterator[Tuple[State, Leg, int]]:
        for state, region in reached.items():
            for leg in self.journey.legs_of(state, region):
                entering = self.space.intersect(region, leg.region)
                if entering != EMPTY:
                    yield state, leg, entering

    def _on_legs(self, region: int) -> Iterator[Tuple[State, Leg, int]]:
        """The ways out of the routing decision, with the packets of the region that may come there."""
        for _entry in self._entries(region):
            pass
        yield from self._legs_of(self._last)

    def _delivered(self) -> Iterator[Delivery]:
        nodes: Dict[Tuple[str, Optional[Tuple[int, int]], Optional[int], str, bool], int] = {}
        fates, space = self.journey.fates, self.space
        for state, leg, entering in self._on_legs(self.may):
            for way in leg.ways:
                fate = self.journey.way_fate(way, state, entering)
                arriving = space.union(fates.where[ACCEPTED](fate), fates.where[TAINTED](fate))
                node = space.intersect(entering, arriving)
                if node != EMPTY and way.path in (INPUT, FORWARD):
                    key = (way.path, way.to_address(), way.to_port(), way.interface or "", way.translates)
                    nodes[key] = space.union(nodes.get(key, EMPTY), node)
        for (path, address, port, interface, translated), node in nodes.items():
            yield Delivery(path, address, port, interface, node, translated)


@uncollected()
def accepted(
    space: Space, ruleset: Ruleset, question: int, host: Host = NOTHING_KNOWN, arrives: int = NEW
) -> Acceptance:
    """Follow all packets of ``question`` (a node of ``space``) through the hooks.

    :param arrives: what conntrack takes the packets for: NEW, or RELATED for ICMP errors about connections that are there.
    :raises EvidenceError: the rules cannot be loaded as they stand: a chain is missing, jumps form a circle.
    """
    journey = Journey(space, ruleset, host, question, arrives)
    answer = Acceptance(journey, journey.fate(), question)
    answer.interfaces = _interface_ranges(ruleset, IIF in journey.stages.dimensions)
    answer.notes = tuple(_notes(ruleset, host))
    return answer


def undecided_difference(before: Acceptance, after: Acceptance) -> int:
    """What one ruleset certainly lets in and the other perhaps, where `difference` finds no difference."""
    space = before.space
    sure = space.union(space.minus(before.must, after.must), space.minus(after.must, before.must))
    return space.intersect(sure, space.intersect(before.may, after.may))


def difference(before: Acceptance, after: Acceptance) -> Tuple[int, int]:
    """What another ruleset opens and closes: what may get in only after, and what only before. Both answers are of one
    space, to the same question."""
    space = before.space
    return space.minus(after.may, before.may), space.minus(before.may, after.may)


def _interface_ranges(ruleset: Ruleset, asked_for: bool) -> Tuple[Tuple[int, int], ...]:
    """All input interfaces and wildcards that any rule names. ``asked_for``: whether a rule that acts on routed packets does."""
    found: Set[Tuple[int, int]] = set()
    for table in ruleset.tables:
        acts = table.family not in ASIDE and any(chain.base for chain in table.chains.values())
        may_name = asked_for or not acts
        for chain in table.chains.values():
            if chain.base is not None:
                found.update(interface_range(device, "*") for device in chain.base.devices)
            for rule in chain.rules if may_name else ():
                for match in rule.matches:
                    if IIF in match.within:
                        found.update(match.within[IIF])
                    _collect(match.boxes, found)
                for boxes, _verdict in rule.branches:
                    _collect(boxes, found)
    return tuple(sorted(found))


def _collect(boxes: Iterable[Box], found: Set[Tuple[int, int]]) -> None:
    for box in boxes:
        if IIF in box:
            found.update(box[IIF])


def _notes(ruleset: Ruleset, host: Host) -> Iterator[str]:
    for table in ruleset.tables:
        aside = table.family == "arp" or (table.family == "bridge" and not host.bridges)
        if aside and any(chain.base for chain in table.chains.values()):
            yield "table {0} {1} does not act on routed packets and was left out".format(table.family, table.name)
        for chain in table.chains.values():
            base = chain.base
            if base is not None and base.hook == "ingress" and not base.devices and table.family not in ASIDE:
                yield "chain {0} of table {1} {2} has no devices and sees no packet".format(
                    chain.name, table.family, table.name
                )
