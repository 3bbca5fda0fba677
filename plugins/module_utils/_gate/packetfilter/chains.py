# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a chain does with every packet, as one diagram.

The value at a packet is the set of what *may* become of it, as bits: it is accepted, dropped, returned to the caller,
goes on with the next rule, or has met a statement that is not followed (tainted). One bit means certainty.
"First match wins" is an associative operation on such functions (`Fates.then`), so a chain of n rules is computed as a
balanced tree, and a chain is computed once however many rules jump to it. The tree is kept: it is what finds the
rules behind a verdict without walking all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..errors import EvidenceError
from .diagram import EMPTY, Space
from .model import ACCEPT, CONTINUE, DROP, GOTO, JUMP, REJECT, RETURN, UNFOLLOWED, Box, Chain, Rule, Table, Verdict
from .nodes import LEAVES, Unary
from .regions import Regions, combine, combined_boxes

ACCEPTED = 1
DROPPED = 2
RETURNED = 4
GOES_ON = 8
TAINTED = 16

_MISS = 0  # no branch of the rule contains the packet (only while a rule is put together)
_CERTAIN = {ACCEPT: ACCEPTED, DROP: DROPPED, REJECT: DROPPED, RETURN: RETURNED, CONTINUE: GOES_ON}
_JUMP_STACK = 15  # nested jumps and gotos below a base chain that nf_tables takes; the 16th is EMLINK


class Fates:
    """The operations on functions from packets to what may become of them."""

    def __init__(self, space: Space) -> None:
        nodes, region, every = space.nodes, (0, 1), range(LEAVES)
        #: First one list of rules; what goes on there meets the other.
        self.then = nodes.binary(lambda a, b: (a & ~GOES_ON) | b if a & GOES_ON else a, every, every)
        #: The function inside of a region, `_MISS` outside.
        self.within = nodes.binary(lambda inside, fate: fate if inside else _MISS, region, every)
        self.otherwise = nodes.binary(lambda a, b: a if a != _MISS else b, every, every)
        self.miss_goes_on = nodes.unary(lambda fate: fate if fate != _MISS else GOES_ON)
        self.perhaps = nodes.unary(lambda fate: fate | GOES_ON)
        self.after_jump = nodes.unary(lambda fate: (fate & ~RETURNED) | GOES_ON if fate & RETURNED else fate)
        self.after_goto = nodes.unary(lambda fate: (fate & ~GOES_ON) | RETURNED if fate & GOES_ON else fate)
        #: Where each fate is possible.
        self.where = {bit: nodes.unary(_has(bit)) for bit in (ACCEPTED, DROPPED, RETURNED, GOES_ON, TAINTED)}
        #: What a base chain's policy makes of the packets that no rule decided about.
        self.policies = {kind: nodes.unary(_with_policy(_CERTAIN[kind])) for kind in (ACCEPT, DROP)}


def _has(bit: int) -> Unary:
    return lambda fate: 1 if fate & bit else 0


def _with_policy(bit: int) -> Unary:
    undecided = RETURNED | GOES_ON
    return lambda fate: (fate & ~undecided) | bit if fate & undecided else fate


@dataclass(frozen=True)
class Block:
    """Some consecutive rules of a chain as one function: two smaller blocks, or the rules of a leaf.

    The rules of a leaf are one rule, or a run of rules that all certainly give the same final verdict (so that
    their order does not matter). ``doubt``: something in here, or in what it jumps to, is uncertain.
    """

    fate: int
    rules: Tuple[Rule, ...]
    halves: Optional[Tuple[Block, Block]]
    doubt: bool


class Compiler:
    """Compiles the chains of one table."""

    def __init__(self, space: Space, fates: Fates, regions: Regions, table: Table) -> None:
        self.space = space
        self.fates = fates
        self.regions = regions
        self.table = table
        self.blocks: Dict[str, Block] = {}
        #: Chains reachable from base chains, callers before callees.
        self.order = _callers_first(table)
        for name in reversed(self.order):
            self.blocks[name] = self._block(table.chains[name])

    def _block(self, chain: Chain) -> Block:
        level = list(self._leaves(chain.rules))
        if not level:
            return Block(GOES_ON, (), None, False)
        while len(level) > 1:
            pairs = [self._pair(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            level = pairs + level[len(pairs) * 2 :]
        return level[0]

    def _pair(self, first: Block, second: Block) -> Block:
        return Block(self.fates.then(first.fate, second.fate), (), (first, second), first.doubt or second.doubt)

    def _leaves(self, rules: Sequence[Rule]) -> Iterator[Block]:
        run: List[Rule] = []
        boxes: List[Box] = []
        run_kind = ""
        for rule in rules:
            kind = _final_kind(rule)
            alternatives = rule_boxes(rule) if kind else None
            if alternatives is None or kind != run_kind:
                if run:
                    yield self._run(run, boxes, run_kind)
                run, boxes, run_kind = [], [], kind
            if alternatives is None:
                run_kind = ""
                yield self._single(rule)
            else:
                run.append(rule)
                boxes.extend(alternatives)
        if run:
            yield self._run(run, boxes, run_kind)

    def _run(self, rules: Sequence[Rule], boxes: Sequence[Box], kind: str) -> Block:
        region = self.space.boxes(boxes)
        return Block(self.fates.miss_goes_on(self.fates.within(region, _CERTAIN[kind])), tuple(rules), None, False)

    def _single(self, rule: Rule) -> Block:
        fates = self.fates
        sure, possible = self.regions.sure_and_possible(rule)
        body = self._branches(rule) if possible != EMPTY else _MISS
        fate = fates.within(sure, body)
        if possible != sure:
            fate = fates.otherwise(fate, fates.within(possible, fates.perhaps(body)))
        doubt = possible != sure or any(self._in_doubt(verdict) for _boxes, verdict in rule.branches)
        return Block(fates.miss_goes_on(fate), (rule,), None, doubt)

    def _branches(self, rule: Rule) -> int:
        """What the verdicts do with the packets of their boxes, the first branch first; `_MISS` elsewhere."""
        boxes_by_verdict: List[Tuple[Verdict, List[Box]]] = []
        for boxes, verdict in rule.branches:
            if not boxes_by_verdict or boxes_by_verdict[-1][0] != verdict:
                boxes_by_verdict.append((verdict, []))
            boxes_by_verdict[-1][1].extend(boxes)
        level = [
            self.fates.within(self.space.boxes(boxes), self._verdict(verdict)) for verdict, boxes in boxes_by_verdict
        ]
        while len(level) > 1:
            pairs = [self.fates.otherwise(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            level = pairs + level[len(pairs) * 2 :]
        return level[0] if level else _MISS

    def _verdict(self, verdict: Verdict) -> int:
        if verdict.kind == JUMP:
            return self.fates.after_jump(self.blocks[verdict.chain].fate)
        if verdict.kind == GOTO:
            return self.fates.after_goto(self.blocks[verdict.chain].fate)
        if verdict.kind == UNFOLLOWED:
            return GOES_ON | TAINTED
        return _CERTAIN[verdict.kind]

    def _in_doubt(self, verdict: Verdict) -> bool:
        return verdict.kind == UNFOLLOWED or (bool(verdict.chain) and self.blocks[verdict.chain].doubt)


def _final_kind(rule: Rule) -> str:
    """The verdict of a rule that certainly gives it to all packets it matches, so that it may join a run; or empty."""
    if len(rule.branches) != 1:
        return ""
    kind = rule.branches[0][1].kind
    if kind not in _CERTAIN or any(match.doubt for match in rule.matches):
        return ""
    return DROP if kind == REJECT else kind


def rule_boxes(rule: Rule) -> Optional[List[Box]]:
    """The packets of a rule with one branch as a few boxes, or None."""
    boxes = combined_boxes(rule.matches)
    if boxes is None:
        return None
    products = [combine(left, right) for left in boxes for right in rule.branches[0][0]]
    return [box for box in products if box is not None]


def _callees(chain: Chain) -> List[str]:
    names = [verdict.chain for rule in chain.rules for _boxes, verdict in rule.branches if verdict.kind in (JUMP, GOTO)]
    return list(dict.fromkeys(names))


def _callers_first(table: Table) -> List[str]:
    """All chains that can be reached from base chains.

    :raises EvidenceError: a chain is missing, jumps form a circle, or lie deeper than nf_tables allows.
    """
    finished: List[str] = []
    state: Dict[str, bool] = {}  # False: on the current way down; True: done
    callees: Dict[str, List[str]] = {}
    for base in [chain.name for chain in table.chains.values() if chain.base is not None]:
        way: List[Tuple[str, Iterator[str]]] = []
        waiting = [] if base in state else [base]
        while waiting or way:
            if waiting:
                name = waiting.pop()
                if name not in table.chains:
                    problem = "it jumps to chain {0}, which is missing".format(name)
                    raise EvidenceError(_subject(table, way[-1][0]), problem)
                callees[name] = _callees(table.chains[name])
                state[name] = False
                way.append((name, iter(callees[name])))
            name, rest = way[-1]
            following = next((callee for callee in rest if not _checked(table, name, callee, way, state)), None)
            if following is not None:
                waiting.append(following)
            else:
                state[name] = True
                finished.append(name)
                way.pop()
    order = finished[::-1]
    _check_depth(table, order, callees)
    return order


def _checked(
    table: Table, caller: str, callee: str, way: Sequence[Tuple[str, object]], state: Mapping[str, bool]
) -> bool:
    """Whether the callee is done with.

    :raises EvidenceError: the callee stands on the way to the caller.
    """
    if state.get(callee) is False:
        names = [name for name, _rest in way]
        circle = names[names.index(callee) :] + [callee]
        shown = circle if len(circle) <= 6 else circle[:3] + ["..."] + circle[-2:]
        raise EvidenceError(_subject(table, caller), "its jumps form a circle: {0}".format(" -> ".join(shown)))
    return state.get(callee, False)


def _check_depth(table: Table, order: Sequence[str], callees: Mapping[str, Sequence[str]]) -> None:
    if table.source != "nft":
        return
    depths: Dict[str, int] = {}
    for name in order:
        depth = depths.setdefault(name, 0)
        if depth > _JUMP_STACK:
            raise EvidenceError(
                _subject(table, name),
                "its jumps are nested deeper than the {0} that the kernel allows".format(_JUMP_STACK),
            )
        for callee in callees[name]:
            depths[callee] = max(depths.get(callee, 0), depth + 1)


def _subject(table: Table, chain: str) -> str:
    return "chain {0} of table {1} {2}".format(chain, table.family, table.name)
