# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a connection lives on after its first packet: the client's later packets come in, and the host's answers get out.

Asked where the first packet is let in, of two kinds of packets (`KINDS`):

- the client's later packets take the way of the first: established, TCP flags without SYN, no NAT rule but the NAT that was set
  up; through prerouting and input, or forward.
- the host's answers pass output and postrouting (mirror.py), those of another host behind NAT prerouting, forward, postrouting.
  Who owns the answering socket is not known. The chains of netdev tables are not looked at on the way out.

Conntrack takes both for established if it saw both ways. Where one of them is not tracked, or in another zone, the other is
invalid (TCP) or new.
"""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from ..dataclass import dataclass, replace
from .collector import uncollected
from .diagram import EMPTY, Space
from .evaluate import Acceptance
from .journey import Journey
from .mirror import mirrored
from .model import (
    ACK,
    ANSWER,
    CHANGE,
    CT_MARK,
    CT_STATE,
    CT_ZONE,
    DPORT,
    ESTABLISHED,
    INVALID,
    NAT,
    NEW,
    PROTOCOL,
    PUSH,
    SPORT,
    SYN,
    TCP_FLAGS,
    UNTRACKED,
    Base,
    Box,
    Chain,
    Host,
    Nat,
    Rule,
    Ruleset,
    Table,
    Where,
)
from .narrow import narrowed
from .outcomes import Fates
from .regions import Regions
from .routing import Routing
from .stages import CONNTRACK, Event, Item, Stage, Stages, hooks_of
from .state import AT_FIRST, NO_NAT, SLOTS, UNCLEAR, State
from .undisturbed import Undisturbed
from .walk import Doubt
from .ways import FORWARD

LATER = "what clients send after the first packet"
ANSWERS = "the host's answers"
KINDS = (LATER, ANSWERS)

_FLAGS = {LATER: (ACK, ACK | PUSH), ANSWERS: (SYN | ACK, ACK, ACK | PUSH)}
_IN = ("ingress", "prerouting", "input")
_THROUGH = ("forward", "postrouting")
_TCP: Box = {PROTOCOL: ((6, 6),)}


@dataclass(frozen=True)
class Lost:
    """A kind of packets that not all get through. Nodes are of the first packets, as clients send them: of those whose
    connection certainly loses packets of the kind, loses them now and then, or perhaps. ``one_way``: conntrack sees one way
    of these connections only."""

    kind: str
    dropped: int
    sometimes: int
    unknown: int
    one_way: bool
    answers: Tuple[Acceptance, ...]

    def dropped_by(self, part: int) -> List[Where]:
        """The rules and policies that drop packets of the part, in the order in which packets meet them."""
        return list(dict.fromkeys(where for answer in self.answers for where, _node in answer.dropped_by(part)))

    def before_conntrack(self, where: Where) -> bool:
        """Whether packets come to the rule, or to one of its table, before conntrack has told what they belong to."""
        for answer in self.answers:
            stages = answer.journey.stages
            for item in (*stages.before, *stages.after, *stages.input, *stages.forward):
                if isinstance(item, Stage) and _is_early(item.base):
                    table = item.compiler.table
                    if (table.source, table.family, table.name) == (where.source, where.family, where.table):
                        return where.chain == item.chain.name or table.chains[where.chain].base is None
        return False

    def doubts(self, part: int) -> List[Doubt]:
        return [doubt for answer in self.answers for doubt in answer.about(part).doubts]


@uncollected()
def lost_packets(ruleset: Ruleset, first: Acceptance, let_in: int) -> Tuple[Lost, ...]:
    """What is lost of the connections whose first packets are ``let_in``, a part of what ``first`` may let in. The interface by
    which the host answers is taken to be the one by which the client came, which the question says anyway where routes are known.
    """
    if let_in == EMPTY:
        return ()
    return tuple(_Followers(ruleset, first, let_in).lost())


@dataclass(frozen=True)
class _Group:
    """First packets after which conntrack and NAT know the same of the connection."""

    nat: Optional[Nat]
    connection: Tuple[Tuple[int, int], ...]  # slot and value
    untracked: bool
    node: int

    def arriving(self, kind: str, flags: int, fates: Fates) -> State:
        state = list(AT_FIRST)
        state[SLOTS[TCP_FLAGS]] = flags
        state[SLOTS[ANSWER]] = KINDS.index(kind)
        state[-1] = NO_NAT if self.nat is None else fates.nat_number(self.nat)
        for slot, value in self.connection:
            state[slot] = value
        return tuple(state)


class _Followers:
    def __init__(self, ruleset: Ruleset, first: Acceptance, let_in: int) -> None:
        self.first = first
        self.let_in = let_in
        self.space: Space = first.space
        self.ruleset = ruleset
        verdicts = [verdict for rule in _rules(ruleset) for _boxes, verdict in rule.branches]
        changes = {change.dimension for verdict in verdicts for change in verdict.changes}
        self.may_be_one_way = not changes.isdisjoint((CT_STATE, CT_ZONE))
        self.plain = changes.isdisjoint((CT_STATE, CT_MARK, CT_ZONE)) and not any(v.kind == NAT for v in verdicts)
        self._journeys: Dict[Tuple[str, int], Journey] = {}

    def lost(self) -> Iterator[Lost]:
        reduced = {kind: self._disturbing(kind) for kind in KINDS}
        if not any(reduced.values()):
            return
        groups = self._groups()
        for kind in KINDS:
            ruleset = reduced[kind]
            if ruleset is None:
                continue
            for one_way, arrives, some in self._by_tracking(kind, groups):
                found = self._lost(kind, ruleset, one_way, arrives, some)
                if found is not None:
                    yield found

    # What may disturb at all

    def _disturbing(self, kind: str) -> Optional[Ruleset]:
        """The ruleset with those base chains alone that may drop packets of the kind; None where there are none."""
        hooks = self._hooks(kind)
        disturbed = False
        tables: List[Table] = []
        for table in self.ruleset.tables:
            chains: Dict[str, Chain] = {}
            for chain in table.chains.values():
                if chain.base is not None and self._is_undisturbed(kind, table, chain, hooks):
                    chain = Chain(chain.name, chain.rules)
                chains[chain.name] = chain
                disturbed = disturbed or (chain.base is not None and chain.base.hook in hooks)
            tables.append(Table(table.source, table.family, table.name, chains))
        return Ruleset(tuple(tables)) if disturbed else None

    def _is_undisturbed(self, kind: str, table: Table, chain: Chain, hooks: Sequence[str]) -> bool:
        base = chain.base
        if base is None or base.hook not in hooks:
            return True
        if base.kind == "nat" or (kind == LATER and self._is_the_same_for_all(table, chain)):
            return True
        states = (
            [INVALID] if _is_early(base) else [ESTABLISHED, *([INVALID, NEW, UNTRACKED] if self.may_be_one_way else [])]
        )
        later: Box = {
            CT_STATE: tuple((state, state) for state in sorted(states)),
            TCP_FLAGS: tuple((flags, flags) for flags in sorted(_FLAGS[kind])),
            **self._box(kind),
        }
        if any(verdict.kind == CHANGE for rule in _rules_of(table) for _boxes, verdict in rule.branches):
            return False
        return Undisturbed(table, later).passes(chain, kind == LATER)

    def _is_the_same_for_all(self, table: Table, chain: Chain) -> bool:
        """Whether nothing in the chain, or in what it calls, asks for the state: it does with all packets what it did with the
        first one."""
        for compiler in self.first.journey.stages.compilers:
            if compiler.table is table:
                block = compiler.blocks[chain.name]
                return not block.reads and not block.writes
        return False

    def _hooks(self, kind: str) -> Sequence[str]:
        forwarded = not self.plain and any(way.path == FORWARD for way in self.first.about(self.let_in).deliveries)
        if kind == LATER:
            return _IN + (_THROUGH if forwarded else ())
        return ("output", "postrouting") + (("prerouting", "forward") if forwarded else ())

    # What conntrack and NAT know of the connections

    def _groups(self) -> List[_Group]:
        if self.plain:
            return [_Group(None, (), False, self.let_in)]
        nodes: Dict[Tuple[int, Tuple[Tuple[int, int], ...], bool], int] = {}
        for end in self.first.ends(self.let_in):
            connection = tuple((SLOTS[dim], end.state[SLOTS[dim]]) for dim in (CT_MARK, CT_ZONE))
            key = (end.nat, connection, end.state[SLOTS[CT_STATE]] == UNTRACKED)
            nodes[key] = self.space.union(nodes.get(key, EMPTY), end.node)
        nats = self.first.journey.fates.nats
        return [_Group(nats[nat], known, untracked, node) for (nat, known, untracked), node in nodes.items()]

    def _by_tracking(self, kind: str, groups: Sequence[_Group]) -> Iterator[Tuple[bool, int, List[_Group]]]:
        """(whether conntrack sees one way alone, what it takes the packets for, the groups of which that is so)."""
        if not self.may_be_one_way:
            yield False, ESTABLISHED, list(groups)
            return
        space = self.space
        parts: Dict[Tuple[bool, int], List[_Group]] = {}
        tcp = space.box(_TCP)
        for group in groups:
            differs = space.intersect(self._told_apart(group), group.node)
            for node, one_way, arrives in (
                (space.minus(group.node, differs), False, ESTABLISHED),
                (space.intersect(differs, tcp), True, INVALID),
                (space.minus(differs, tcp), True, NEW),
            ):
                if node != EMPTY:
                    part = _Group(group.nat, group.connection, group.untracked, node)
                    parts.setdefault((one_way, arrives), []).append(part)
        for (one_way, arrives), some in parts.items():
            yield one_way, arrives, some

    def _told_apart(self, group: _Group) -> int:
        """The packets whose answers conntrack does not take for those of their connection: they are tracked and the packets are
        not, or the other way round, or in another zone (nf_conntrack_in asks for the zone that the answer's own rules give)."""
        zone = SLOTS[CT_ZONE]
        unzoned = replace(group, connection=tuple(pair for pair in group.connection if pair[0] != zone))
        mine = dict(group.connection)[zone]
        journey = self._journey(ANSWERS, self.ruleset, ESTABLISHED)
        untracked = elsewhere = EMPTY
        for end in self._acceptance(journey, ANSWERS, unzoned, _FLAGS[ANSWERS][0]).ends(group.node):
            if end.state[SLOTS[CT_STATE]] == UNTRACKED:
                untracked = self.space.union(untracked, end.node)
            elif UNCLEAR not in (mine, end.state[zone]) and end.state[zone] != mine:
                elsewhere = self.space.union(elsewhere, end.node)
        return self.space.minus(group.node, untracked) if group.untracked else self.space.union(untracked, elsewhere)

    # What is lost

    def _lost(
        self, kind: str, ruleset: Ruleset, one_way: bool, arrives: int, groups: Sequence[_Group]
    ) -> Optional[Lost]:
        space = self.space
        journey = self._journey(kind, ruleset, arrives)
        asks_flags = TCP_FLAGS in journey.stages.dimensions
        dropped = sometimes = unknown = EMPTY
        answers: List[Acceptance] = []
        for group in groups:
            for flags in _FLAGS[kind] if asks_flags else _FLAGS[kind][:1]:
                answer = self._acceptance(journey, kind, group, flags)
                gone = space.minus(group.node, answer.may)
                if gone == EMPTY and answer.must == answer.question:
                    continue
                answers.append(answer)
                dropped = space.union(dropped, gone)
                sometimes = space.union(sometimes, answer.sometimes)
                unknown = space.union(unknown, answer.unknown)
        if not answers:
            return None
        return Lost(kind, dropped, sometimes, unknown, one_way, tuple(answers))

    def _acceptance(self, journey: Journey, kind: str, group: _Group, flags: int) -> Acceptance:
        arriving = group.arriving(kind, flags, journey.fates)
        return Acceptance(journey, journey.fate(arriving), group.node, arriving)

    def _box(self, kind: str) -> Box:
        """Packets of the kind, as the rules see them."""
        number = KINDS.index(kind)
        protocols = self.space.values(self.let_in, PROTOCOL)
        if not self.plain:  # NAT may change the port
            return {ANSWER: ((number, number),), PROTOCOL: protocols}
        ports = self.space.values(self.let_in, DPORT)
        return {ANSWER: ((number, number),), PROTOCOL: protocols, SPORT if kind == ANSWERS else DPORT: ports}

    def _journey(self, kind: str, ruleset: Ruleset, arrives: int) -> Journey:
        host: Host = self.first.journey.host
        ruleset = narrowed(ruleset, self._box(kind))
        if kind == LATER:
            return Journey(self.space, ruleset, host, self.let_in, arrives)
        hooks = ("output", "prerouting", "forward", "postrouting")
        return Journey(self.space, mirrored(ruleset, hooks), host, self.let_in, arrives, _answering)


def _answering(
    space: Space, fates: Fates, regions: Regions, ruleset: Ruleset, routing: Routing, arrives: int
) -> Stages:
    """The stages of answers. They follow the client's routing decision, since they are told in the client's words."""
    found = hooks_of(space, fates, regions, ruleset, routing)
    early: Dict[str, List[Item]] = {}
    late: Dict[str, List[Item]] = {}
    for hook in ("output", "prerouting", "forward", "postrouting"):
        for priority, _own, stage in found.stages.get(hook, []):
            before = hook in ("output", "prerouting") and priority < CONNTRACK
            (early if before else late).setdefault(hook, []).append(_known_interfaces(stage))
    tracking = Event(space, fates, False, arrives)
    ways = {
        start: (
            *early.get(start, ()),
            tracking,
            *(item for hook in (start, *more) for item in late.get(hook, ())),
        )
        for start, more in (("output", ("postrouting",)), ("prerouting", ("forward", "postrouting")))
    }
    return Stages((), (), ways["output"], ways["prerouting"], (), found.dimensions, found.compilers)


def _known_interfaces(stage: Stage) -> Stage:
    """Turned round, the output interface is where the answer comes from, which the chains of prerouting know already."""
    return replace(stage, base=replace(stage.base, hook="forward")) if stage.base.hook == "prerouting" else stage


def _is_early(base: Base) -> bool:
    return base.hook == "ingress" or (base.hook in ("prerouting", "output") and base.priority < CONNTRACK)


def _rules(ruleset: Ruleset) -> Iterable[Rule]:
    for table in ruleset.tables:
        yield from _rules_of(table)


def _rules_of(table: Table) -> Iterable[Rule]:
    for chain in table.chains.values():
        yield from chain.rules
