# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rules are behind a verdict, and which doubts: a second way through the compiled chains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Tuple

from .chains import ACCEPTED, GOES_ON, Block, Compiler, rule_boxes
from .diagram import EMPTY
from .model import ACCEPT, DROP, GOTO, JUMP, REJECT, UNFOLLOWED, Rule, Verdict, Where

_FEW_BRANCHES = 64


@dataclass(frozen=True)
class Doubt:
    """A match or statement that decides about packets of ``node`` and whose outcome is not known."""

    text: str
    where: Where
    node: int


class Walk:
    """Follows packets from one base chain through its table, to the rules that decide about them. For one use.

    Each chain is walked once, with all packets that may enter it; blocks that cannot give the wanted fate are skipped.
    """

    def __init__(self, compiler: Compiler, wanted: Optional[int]) -> None:
        self.compiler = compiler
        self.space = compiler.space
        self.wanted = wanted
        self.entering: Dict[str, List[int]] = {}

    def verdicts(self, chain: str, entering: int) -> Iterator[Tuple[Where, int]]:
        kinds = (ACCEPT,) if self.wanted == ACCEPTED else (DROP, REJECT)
        for rule, region in self._rules(chain, entering):
            if any(verdict.kind in kinds for _boxes, verdict in rule.branches):
                parts = self._parts(rule, region)
                node = self.space.union_all(part for verdict, part in parts if verdict.kind in kinds)
                if node != EMPTY:
                    yield rule.where, node

    def doubts(self, chain: str, entering: int) -> Iterator[Doubt]:
        for rule, region in self._rules(chain, entering):
            _sure, possible = self.compiler.regions.sure_and_possible(rule)
            node = self.space.intersect(region, possible)
            if node == EMPTY:
                continue
            for match in rule.matches:
                if match.doubt:
                    yield Doubt(match.doubt, rule.where, node)
            for verdict, part in self._parts(rule, region):
                if verdict.kind == UNFOLLOWED and part != EMPTY:
                    yield Doubt(verdict.text, rule.where, part)

    def _rules(self, chain: str, entering: int) -> Iterator[Tuple[Rule, int]]:
        """The rules worth looking at, each with the packets that may arrive there."""
        self.entering[chain] = [entering]
        for name in self.compiler.order:
            if name in self.entering:
                region = self.space.union_all(self.entering[name])
                for block, part in self._leaves(self.compiler.blocks[name], region):
                    for rule in block.rules:
                        yield rule, part
                        self._enter_callees(rule, part)

    def _enter_callees(self, rule: Rule, region: int) -> None:
        if any(verdict.chain for _boxes, verdict in rule.branches):
            for verdict, part in self._parts(rule, region):
                if verdict.kind in (JUMP, GOTO) and part != EMPTY:
                    self.entering.setdefault(verdict.chain, []).append(part)

    def _leaves(self, block: Block, region: int) -> Iterator[Tuple[Block, int]]:
        """The blocks without halves that may give the wanted fate (or hold a doubt), and the packets that get there."""
        where = self.compiler.fates.where
        waiting = [(block, region)]
        while waiting:
            block, region = waiting.pop()
            if self.wanted is not None:
                region = self.space.intersect(region, where[self.wanted](block.fate))
            if region == EMPTY or (self.wanted is None and not block.doubt):
                continue
            if block.halves is None:
                yield block, region
            else:
                first, second = block.halves
                waiting.append((second, self.space.intersect(region, where[GOES_ON](first.fate))))
                waiting.append((first, region))

    def _parts(self, rule: Rule, region: int) -> Iterator[Tuple[Verdict, int]]:
        """What of the region may meet which verdict of the rule.

        A verdict map's keys do not overlap: with many branches, the packets of the earlier ones are not taken out.
        """
        regions, space = self.compiler.regions, self.space
        boxes = rule_boxes(rule) if len(rule.branches) == 1 else None
        if boxes is not None:
            yield rule.branches[0][1], space.intersect(region, space.boxes(boxes))
            return
        _sure, possible = regions.sure_and_possible(rule)
        region = space.intersect(region, possible)
        for branch_boxes, verdict in rule.branches:
            part = space.intersect(region, regions.of_boxes(branch_boxes))
            yield verdict, part
            if len(rule.branches) <= _FEW_BRANCHES:
                region = space.minus(region, part)
