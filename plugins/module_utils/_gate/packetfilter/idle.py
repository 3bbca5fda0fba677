# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that could be taken out: those that no packet can match, and those without which nothing would change.

Each chain is judged by itself, for every packet in every state: what is said here holds whatever the host's addresses,
routes and marks are, but not all such rules are found. Rules that ask for the state, or stand in doubt, are left alone.

The chain's tree of blocks is walked down with the packets that come to a block and match something there, and with the fate
that they would meet after it. Both shrink as the blocks do, so that the whole takes about n log n.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Tuple

from .chains import Block, Compiler, pair, rule_boxes
from .diagram import EMPTY
from .evaluate import Acceptance
from .model import ANSWER, CHANGE, CONTINUE, GOTO, JUMP, TCP_FLAGS, Rule, Where
from .outcomes import ACCEPTED, DROPPED, GOES_ON
from .regions import settled_boxes
from .state import AT_FIRST, SLOTS, UNCLEAR, State

NEVER_MATCHES = "never matches"
CHANGES_NOTHING = "changes nothing"

#: Of what changes on the way.
_ANY_STATE: State = tuple(
    value if slot in (SLOTS[TCP_FLAGS], SLOTS[ANSWER]) else UNCLEAR for slot, value in enumerate(AT_FIRST)
)


def idle_rules(acceptance: Acceptance) -> List[Tuple[Where, str]]:
    """The rules and why they are idle, table by table, in the order of their chains. A rule of the text that became
    several here is idle if all of them are."""
    result: List[Tuple[Where, str]] = []
    for compiler in acceptance.journey.stages.compilers:
        found: Dict[Where, List[str]] = {}
        for rule, why in _Table(compiler).judged():
            found.setdefault(rule.where, []).append(why)
        for where, reasons in found.items():
            if all(reasons):
                kinds = set(reasons)
                result.append((where, kinds.pop() if len(kinds) == 1 else CHANGES_NOTHING))
    return result


class _Table:
    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.fates = compiler.fates
        self.space = compiler.space
        self._entering: Dict[str, List[int]] = {}
        self._matching: Dict[int, int] = {}
        self._runs: Dict[int, Block] = {}

    def judged(self) -> Iterator[Tuple[Rule, str]]:
        """All rules that are judged, each with why it is idle, or an empty text."""
        for name in self.compiler.order:
            chain = self.compiler.table.chains[name]
            after = self.fates.returned
            if chain.base is not None:
                self._entering.setdefault(name, []).append(self.space.full)
                after = self.fates.certain(ACCEPTED if chain.base.policy == "accept" else DROPPED)
            entering = self.space.union_all(self._entering.get(name, ()))
            if chain.rules:
                yield from self._block(self.compiler.blocks[name], entering, after)

    def _block(self, block: Block, entering: int, after: int) -> Iterator[Tuple[Rule, str]]:
        fates, space = self.fates, self.space
        waiting = [(block, entering, after)]
        while waiting:
            block, entering, after = waiting.pop()
            entering = space.intersect(entering, self._matches(block))
            if block.halves is None and len(block.rules) > 1:
                block = self._run(block)
            if block.halves is None:
                yield block.rules[0], self._why(block, entering, after)
                self._enter_callees(block.rules[0], entering)
                continue
            first, second = block.halves
            going_on = fates.where[GOES_ON](self._fate(first))
            waiting.append((second, space.intersect(entering, going_on), after))
            here = fates.within(entering, self._fate(second))
            waiting.append((first, entering, fates.then(here, fates.within(entering, after))))

    def _why(self, block: Block, entering: int, after: int) -> str:
        rule = block.rules[0]
        if block.reads or block.writes or block.doubt:
            return ""
        if any(not match.boxes and not match.negated for match in rule.matches):
            return ""  # it is about other packets than first ones
        if entering == EMPTY:
            return NEVER_MATCHES
        if all(verdict.kind in (CONTINUE, CHANGE) for _boxes, verdict in rule.branches):
            return ""
        fates = self.fates
        without = fates.within(entering, after)
        return CHANGES_NOTHING if fates.then(fates.within(entering, self._fate(block)), without) == without else ""

    def _fate(self, block: Block) -> int:
        return self.compiler.fate(block, _ANY_STATE)

    def _matches(self, block: Block) -> int:
        """The packets that may match some rule of the block."""
        found = self._matching.get(id(block))
        if found is None:
            if block.halves is not None:
                found = self.space.union(self._matches(block.halves[0]), self._matches(block.halves[1]))
            elif len(block.rules) > 1:
                found = self._matches(self._run(block))
            else:
                found = self.compiler.regions.held(block.rules[0], _ANY_STATE).possible
            self._matching[id(block)] = found
        return found

    def _run(self, block: Block) -> Block:
        """A run of rules with the same verdict as a tree of single ones."""
        found = self._runs.get(id(block))
        if found is None:
            level = [Block((rule,), None, block.kind, rule_boxes(rule) or (), block.reads) for rule in block.rules]
            while len(level) > 1:
                pairs = [pair(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
                level = pairs + level[len(pairs) * 2 :]
            found = self._runs[id(block)] = level[0]
        return found

    def _enter_callees(self, rule: Rule, entering: int) -> None:
        for boxes, verdict in rule.branches:
            if verdict.kind in (JUMP, GOTO):
                _sure, possible = settled_boxes(boxes, _ANY_STATE)
                part = self.space.intersect(entering, self.space.boxes(possible))
                self._entering.setdefault(verdict.chain, []).append(part)
