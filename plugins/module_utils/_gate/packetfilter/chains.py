# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a chain does with every packet, as one diagram for each state in which packets come to it.

The value at a packet is its fate (outcomes.py). "First match wins" is an associative operation on such functions
(`Fates.then`), so a chain of n rules is computed as a balanced tree of blocks, and a chain is computed once however many
rules jump to it. A block knows which slots of the state it reads; it is computed once for all states that are alike in
these, so most blocks are computed once. The tree is kept: it is what finds the rules behind a verdict without walking
all of them.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterator, List, Optional, Sequence, Tuple

from ..dataclass import dataclass, field, replace
from .calls import callers_first
from .diagram import EMPTY, Space
from .model import (
    ANY,
    CHANGE,
    DROP,
    ELSEWHERE,
    GOTO,
    JUMP,
    NAT,
    REJECT,
    UNFOLLOWED,
    Box,
    Chain,
    Intervals,
    Match,
    Rule,
    Table,
    Verdict,
)
from .outcomes import ACCEPTED, GOES_ON, KINDS, MISS, Fates
from .regions import Regions, combine, combined_boxes, settled, settled_boxes
from .state import NAT_SLOT, SAME, STATE_DIMENSIONS, UNCLEAR, State, changed, reads_of, slots_of, updated, writes_of

_DEEP = 12  # so many calls nest in Python; deeper ones are computed first
_NOTHING: FrozenSet[int] = frozenset()


@dataclass
class Block:
    """Some consecutive rules of a chain as one function: two smaller blocks, or the rules of a leaf.

    The rules of a leaf are one rule, or a run of rules that all certainly give the same final verdict ``kind`` (so that
    their order does not matter). ``doubt``: something in here, or in what it jumps to, is uncertain. ``boxes``: of a run
    that does not ask for the state.
    """

    rules: Tuple[Rule, ...]
    halves: Optional[Tuple[Block, Block]] = None
    kind: str = ""
    boxes: Sequence[Box] = ()
    reads: Tuple[int, ...] = ()
    writes: FrozenSet[int] = _NOTHING
    doubt: bool = False
    fates: Dict[State, int] = field(default_factory=dict)

    def key(self, state: State) -> State:
        return tuple([state[slot] for slot in self.reads])


class _TooDeep(Exception):
    def __init__(self, chain: str, state: State) -> None:
        super().__init__(chain)
        self.chain = chain
        self.state = state


class Compiler:
    """Compiles the chains of one table."""

    def __init__(self, space: Space, fates: Fates, regions: Regions, table: Table) -> None:
        self.space = space
        self.fates = fates
        self.regions = regions
        self.table = table
        self.blocks: Dict[str, Block] = {}
        self._depth = 0
        #: Chains reachable from base chains, callers before callees.
        self.order = callers_first(table)
        for name in reversed(self.order):
            self.blocks[name] = self._block(table.chains[name])

    # The tree of blocks

    def _block(self, chain: Chain) -> Block:
        level = list(self._leaves(chain.rules))
        while len(level) > 1:
            pairs = [pair(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            level = pairs + level[len(pairs) * 2 :]
        return level[0] if level else Block(())

    def _leaves(self, rules: Sequence[Rule]) -> Iterator[Block]:
        free: List[Rule] = []
        boxes: List[Box] = []
        asking: List[Rule] = []
        run_kind = ""
        for rule in rules:
            kind = _final_kind(rule)
            box = _one_box(rule) if kind else None
            alternatives: Optional[Sequence[Box]]
            if box is None:
                reads = rule_reads(rule)
                alternatives = rule_boxes(rule) if kind else None
            else:
                reads, alternatives = _NOTHING if STATE_DIMENSIONS.isdisjoint(box) else slots_of((box,)), (box,)
            if alternatives is None or kind != run_kind:
                yield from self._runs(run_kind, free, boxes, asking)
                free, boxes, asking = [], [], []
                run_kind = kind if alternatives is not None else ""
            if alternatives is None:
                yield self._leaf(rule, reads)
            elif reads:
                asking.append(rule)
            else:
                free.append(rule)
                boxes.extend(alternatives)
        yield from self._runs(run_kind, free, boxes, asking)

    @staticmethod
    def _runs(kind: str, free: List[Rule], boxes: List[Box], asking: List[Rule]) -> Iterator[Block]:
        if free:
            yield Block(tuple(free), kind=kind, boxes=boxes)
        if asking:
            reads = frozenset().union(*map(rule_reads, asking))
            yield Block(tuple(asking), kind=kind, reads=tuple(sorted(reads)))

    def _leaf(self, rule: Rule, reads: FrozenSet[int]) -> Block:
        doubt = any(match.doubt for match in rule.matches)
        writes = _NOTHING
        for _boxes, verdict in rule.branches:
            if verdict.chain:
                callee = self.blocks[verdict.chain]
                reads = reads.union(callee.reads)
                writes |= callee.writes
                doubt = doubt or callee.doubt
            elif verdict.kind in (CHANGE, NAT):
                reads |= reads_of(verdict)
                writes |= writes_of(verdict)
                doubt = doubt or any(change.unclear for change in verdict.changes)
            else:
                doubt = doubt or verdict.kind in (UNFOLLOWED, ELSEWHERE)
        return Block((rule,), reads=tuple(sorted(reads)), writes=writes, doubt=doubt)

    # What it does

    def chain(self, name: str, state: State) -> int:
        """The chain's function for packets that come to it in this state."""
        waiting = [(name, state)]
        while waiting:
            try:
                found = self._chain(*waiting[-1])
                waiting.pop()
            except _TooDeep as first:
                waiting.append((first.chain, first.state))
        return found

    def _chain(self, name: str, state: State) -> int:
        block = self.blocks[name]
        if self._depth > _DEEP and block.key(state) not in block.fates:
            raise _TooDeep(name, state)
        self._depth += 1
        try:
            return self.fate(block, state)
        finally:
            self._depth -= 1

    def fate(self, block: Block, state: State) -> int:
        """The block's function for packets that come to it in this state."""
        key = block.key(state)
        found = block.fates.get(key)
        if found is None:
            if block.halves is not None:
                found = self._sequence(block.halves[0], block.halves[1], state)
            elif block.kind:
                found = self._run(block, state)
            else:
                found = self._rule(block.rules[0], state) if block.rules else self.fates.goes_on
            block.fates[key] = found
        return found

    def _sequence(self, first: Block, second: Block, state: State) -> int:
        before = self.fate(first, state)
        if first.writes.isdisjoint(second.reads):
            return self.fates.then(before, self.fate(second, state))
        groups = {
            updates: self.fate(second, following) for updates, following in self.followers(first, before, second, state)
        }
        return self.fates.followed_by(before, groups) if groups else before

    def followers(self, first: Block, before: int, second: Block, state: State) -> List[Tuple[FrozenSet[int], State]]:
        """The states in which packets go on after the first block, whose function is ``before``, as far as the second
        block tells them apart; each with the updates that lead there."""
        if not first.writes:
            return [(frozenset((0,)), state)]
        groups: Dict[State, List[int]] = {}
        states: Dict[State, State] = {}
        for number in self.fates.updates_going_on(before):
            following = updated(state, self.fates.updates[number])
            key = second.key(following)
            groups.setdefault(key, []).append(number)
            states.setdefault(key, following)
        return [(frozenset(numbers), states[key]) for key, numbers in groups.items()]

    def _run(self, block: Block, state: State) -> int:
        if any(state[slot] == UNCLEAR for slot in block.reads):
            fate = self.fates.goes_on
            for rule in block.rules:
                fate = self.fates.then(fate, self._rule(rule, state))
            return fate
        boxes: List[Box] = list(block.boxes)
        if block.reads:
            settled_rules = [settled_rule(rule, state) for rule in block.rules]
            boxes = [box for rule in settled_rules if rule is not None for box in rule_boxes(rule) or ()]
        return self.fates.runs[block.kind](self.space.boxes(boxes))

    def _rule(self, rule: Rule, state: State) -> int:
        fates = self.fates
        held = self.regions.held(rule, state)
        if held.possible == EMPTY:
            return fates.goes_on
        fate = self._branches(rule, state)
        if held.run_time:
            fate = fates.perhaps(fate, True)
        if held.other:
            fate = fates.perhaps(fate, False)
        result = fates.within(held.clear, fate)
        if held.clear != held.possible:
            result = fates.otherwise(result, fates.within(held.possible, fates.perhaps(fate, False)))
        return fates.miss_goes_on(result)

    def _branches(self, rule: Rule, state: State) -> int:
        """What the verdicts do with the packets of their boxes, the first branch first; `MISS` elsewhere."""
        by_verdict: List[Tuple[Verdict, List[Box], List[Box]]] = []
        for boxes, verdict in rule.branches:
            sure, possible = settled_boxes(boxes, state)
            if not by_verdict or by_verdict[-1][0] != verdict or sure != possible:
                by_verdict.append((verdict, [], []))
            by_verdict[-1][1].extend(sure)
            by_verdict[-1][2].extend(possible)
        fates, space = self.fates, self.space
        if any(sure != possible for _verdict, sure, possible in by_verdict):
            result = MISS
            for verdict, sure_boxes, possible_boxes in reversed(by_verdict):
                fate, surely = self.verdict(verdict, state), space.boxes(sure_boxes)
                unclear = fates.within(
                    space.minus(space.boxes(possible_boxes), surely), fates.either(fate, fates.miss_goes_on(result))
                )
                result = fates.otherwise(fates.otherwise(fates.within(surely, fate), unclear), result)
            return result
        level = [
            fates.within(space.boxes(boxes), self.verdict(verdict, state))
            for verdict, boxes, _same in by_verdict
            if boxes
        ]
        while len(level) > 1:
            pairs = [fates.otherwise(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            level = pairs + level[len(pairs) * 2 :]
        return level[0] if level else MISS

    def verdict(self, verdict: Verdict, state: State) -> int:
        fates = self.fates
        if verdict.kind == JUMP:
            return fates.after_jump(self._chain(verdict.chain, state))
        if verdict.kind == GOTO:
            return fates.after_goto(self._chain(verdict.chain, state))
        if verdict.kind == UNFOLLOWED:
            return fates.unfollowed
        if verdict.kind == ELSEWHERE:
            return fates.elsewhere
        if verdict.kind == CHANGE:
            return fates.certain(GOES_ON, changed(state, verdict.changes))
        if verdict.kind == NAT and verdict.nat is not None:
            return fates.certain(ACCEPTED, SAME[:NAT_SLOT] + (fates.nat_number(verdict.nat),))
        return fates.certain(KINDS[verdict.kind])


def pair(first: Block, second: Block) -> Block:
    """The block of two that follow each other."""
    reads = first.reads if second.reads == first.reads else tuple(sorted({*first.reads, *second.reads}))
    return Block((), (first, second), "", (), reads, first.writes | second.writes, first.doubt or second.doubt)


def _final_kind(rule: Rule) -> str:
    """The verdict of a rule that certainly gives it to all packets it matches, so that it may join a run; or empty."""
    if len(rule.branches) != 1:
        return ""
    kind = rule.branches[0][1].kind
    if kind not in KINDS:
        return ""
    for match in rule.matches:
        if match.doubt:
            return ""
    return DROP if kind == REJECT else kind


def _one_box(rule: Rule) -> Optional[Box]:
    """The packets of a rule with one branch for all of them, where it is plain to see that they are one box."""
    if rule.branches[0][0] != (ANY,):
        return None
    if len(rule.matches) == 1:
        (match,) = rule.matches
        if len(match.boxes) == 1 and not match.within and not match.negated:
            return match.boxes[0]
    result: Dict[int, Intervals] = {}
    for match in rule.matches:
        if match.negated or len(match.boxes) != 1:
            return None
        for box in (match.within, match.boxes[0]):
            for dim, intervals in box.items():
                if result.setdefault(dim, intervals) is not intervals:
                    return None
    return result


def rule_reads(rule: Rule) -> FrozenSet[int]:
    """The slots of the state that the rule's conditions ask for."""
    found = _NOTHING
    for match in rule.matches:
        found = found.union(slots_of(match.boxes), slots_of((match.within,)))
    for boxes, _verdict in rule.branches:
        found |= slots_of(boxes)
    return found


def rule_boxes(rule: Rule) -> Optional[List[Box]]:
    """The packets of a rule with one branch as a few boxes, or None."""
    boxes = combined_boxes(rule.matches)
    if boxes is None:
        return None
    products = [combine(left, right) for left in boxes for right in rule.branches[0][0]]
    return [box for box in products if box is not None]


def settled_rule(rule: Rule, state: State) -> Optional[Rule]:
    """A rule of a run for packets in a known state; None where it holds for none."""
    matches: List[Match] = []
    for match in rule.matches:
        _sure, possible = settled(match, state)
        if possible is None:
            return None
        matches.append(possible)
    boxes, verdict = rule.branches[0]
    return replace(rule, matches=tuple(matches), branches=((settled_boxes(boxes, state)[1], verdict),))
