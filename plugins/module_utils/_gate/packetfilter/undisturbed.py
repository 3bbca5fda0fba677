# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether it is plain to see that a base chain lets all packets pass that follow a first packet which it let in.

Most rulesets accept what belongs to a connection in one of their first rules, and then nothing else needs to be computed. A
rule in front of that which does not tell later packets from first ones did with the first packet what it does with the later
ones, and the first packet was let in. "No" means no more than that it is not plain.
"""

from __future__ import annotations

from typing import Dict, Iterator, Sequence, Tuple

from .model import ACCEPT, CHANGE, CONTINUE, DROP, GOTO, JUMP, REJECT, RETURN, Box, Chain, Rule, Table, Verdict
from .narrow import can_match, covers, meets, meets_all
from .state import STATE_DIMENSIONS

#: What becomes of later packets in a chain: all are accepted; none is dropped, and some go on behind it; not plain.
_ACCEPTED, _PASSED, _UNCLEAR = "accepted", "passed", "unclear"


class Undisturbed:
    """``later``: the later packets, by the dimensions that they are known by."""

    def __init__(self, table: Table, later: Box) -> None:
        self.table = table
        self.later = later
        self._tells: Dict[str, bool] = {}

    def passes(self, chain: Chain, follows: bool) -> bool:
        """:param follows: whether the first packet came through this very chain, and was let in."""
        found, same = self._chain(chain, follows, 0)
        if found == _PASSED:
            return same or (chain.base is not None and chain.base.policy == ACCEPT)
        return found == _ACCEPTED

    def _chain(self, chain: Chain, same: bool, depth: int) -> Tuple[str, bool]:
        """``same``: whether the first packet of a later one that comes here has come here too; returned for behind it."""
        left = False
        if depth > 32:
            return _UNCLEAR, False
        for rule in chain.rules:
            possible = can_match(rule.matches, self.later)
            tells = self._rule_tells(rule)
            if not possible:
                same = same and not (tells and any(v.kind not in (DROP, REJECT, CONTINUE) for _b, v in rule.branches))
                continue
            if same and not tells:
                left = left or any(verdict.kind in (RETURN, GOTO) for _boxes, verdict in rule.branches)
                if _accepts_all(rule, self.later):
                    return (_PASSED if left else _ACCEPTED), same
                continue
            for verdict, whole in self._verdicts(rule):
                if verdict.kind == ACCEPT and whole:
                    return (_PASSED if left else _ACCEPTED), same
                if verdict.kind == JUMP:
                    found, after = self._chain(self.table.chains[verdict.chain], same, depth + 1)
                    if found == _UNCLEAR:
                        return _UNCLEAR, False
                    if found == _ACCEPTED and whole:
                        return (_PASSED if left else _ACCEPTED), same
                    same = same and after
                elif verdict.kind not in (ACCEPT, CONTINUE, CHANGE):
                    return _UNCLEAR, False
            same = same and not tells
        return _PASSED, same

    def _verdicts(self, rule: Rule) -> Iterator[Tuple[Verdict, bool]]:
        """The verdicts that later packets may meet, and whether all of them meet it."""
        sure = all(meets_all(match, self.later) for match in rule.matches)
        for boxes, verdict in rule.branches:
            if any(meets(box, self.later) for box in boxes):
                whole = any(covers(box, self.later) for box in boxes)
                yield verdict, sure and whole
                if whole:
                    return

    def _rule_tells(self, rule: Rule) -> bool:
        """Whether the rule, or what it leads to, may do otherwise with a later packet than with the first one."""
        if any(asks_state(match.boxes) or asks_state((match.within,)) for match in rule.matches):
            return True
        return any(
            asks_state(boxes) or verdict.kind == CHANGE or (bool(verdict.chain) and self._chain_tells(verdict.chain))
            for boxes, verdict in rule.branches
        )

    def _chain_tells(self, name: str) -> bool:
        if name not in self._tells:
            self._tells[name] = True  # chains that call each other in a circle cannot be loaded
            self._tells[name] = any(self._rule_tells(rule) for rule in self.table.chains[name].rules)
        return self._tells[name]


def _accepts_all(rule: Rule, box: Box) -> bool:
    boxes, verdict = rule.branches[0]
    certain = all(meets_all(match, box) for match in rule.matches)
    return verdict.kind == ACCEPT and certain and any(covers(one, box) for one in boxes)


def asks_state(boxes: Sequence[Box]) -> bool:
    return any(not STATE_DIMENSIONS.isdisjoint(box) for box in boxes)
