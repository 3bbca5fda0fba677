# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rules are behind a verdict, and which doubts: a second way through the compiled chains."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Callable, Collection, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..dataclass import dataclass
from .chains import Block, Compiler
from .diagram import EMPTY
from .model import (
    ACCEPT,
    DADDR,
    DPORT,
    DROP,
    ELSEWHERE,
    GOTO,
    IIF,
    JUMP,
    NAT,
    PROTOCOL,
    REJECT,
    SADDR,
    SPORT,
    TOP,
    UNFOLLOWED,
    Box,
    Rule,
    Verdict,
    Where,
)
from .outcomes import ACCEPTED
from .regions import settled_boxes
from .state import State

_FEW_BRANCHES = 64
_FEW_RULES = 16
_FEW_RANGES = 4
#: Dimensions in which rules see what the client sent, whatever NAT did; and where it did nothing. Those in which rules differ
#: most come first.
NEVER_TRANSLATED = (SADDR, PROTOCOL, IIF, SPORT)
AS_SENT = (DPORT, *NEVER_TRANSLATED, DADDR)
_KINDS = {True: (ACCEPT, NAT, ELSEWHERE), False: (DROP, REJECT, ELSEWHERE)}

#: What of a diagram's packets a client sends; see `journey.View` and `stages.Stage`.
Resolve = Callable[[int], int]
_Bounds = Tuple[List[int], List[int]]


@dataclass(frozen=True)
class Doubt:
    """A match or statement that decides about packets of ``node`` and whose outcome is not known. ``run_time``: it hangs
    on the host's state, and not on understanding."""

    text: str
    where: Where
    node: int
    run_time: bool = False


class Walk:
    """Follows packets from one base chain through its table, to the rules that decide about them. For one use.

    Each chain is walked once for each state, with all packets that may enter it; blocks that cannot give the wanted fate
    are skipped. ``wanted``: ACCEPTED or DROPPED, or None for doubts. ``fate``, ``region``: from the diagrams of the rules to
    those of the client's packets. ``as_sent``: rules see the destination that the client sent. ``among``: the only rules to
    look for.
    """

    def __init__(
        self,
        compiler: Compiler,
        wanted: Optional[int],
        fate: Resolve,
        region: Resolve,
        as_sent: bool,
        among: Optional[Collection[Where]] = None,
    ) -> None:
        self.compiler = compiler
        self.space = compiler.space
        self.wanted = wanted
        self._fate = fate
        self._region = region
        self._fixed = AS_SENT if as_sent else NEVER_TRANSLATED
        self._among = among
        self._entering: Dict[str, Dict[State, Tuple[State, List[int]]]] = {}

    def verdicts(self, chain: str, state: State, entering: int) -> Iterator[Tuple[Where, int]]:
        kinds = _KINDS[self.wanted == ACCEPTED]
        for rule, at, region in self._rules(chain, state, entering):
            if self._among is not None and rule.where not in self._among:
                continue
            if any(verdict.kind in kinds for _boxes, verdict in rule.branches):
                parts = self._parts(rule, at, region)
                node = self.space.union_all(part for verdict, part in parts if verdict.kind in kinds)
                if node != EMPTY:
                    yield rule.where, node

    def doubts(self, chain: str, state: State, entering: int) -> Iterator[Doubt]:
        for rule, at, region in self._rules(chain, state, entering):
            node = self.space.intersect(region, self._region(self.compiler.regions.held(rule, at).possible))
            if node == EMPTY:
                continue
            for match in rule.matches:
                if match.doubt:
                    yield Doubt(match.doubt, rule.where, node, match.run_time)
            for verdict, part in self._parts(rule, at, region):
                if part != EMPTY:
                    if verdict.kind in (UNFOLLOWED, ELSEWHERE):
                        yield Doubt(verdict.text, rule.where, part, verdict.kind == ELSEWHERE)
                    for change in verdict.changes:
                        if change.unclear:
                            yield Doubt(change.unclear, rule.where, part)

    def _rules(self, chain: str, state: State, entering: int) -> Iterator[Tuple[Rule, State, int]]:
        """The rules worth looking at, each with a state and the packets that may arrive there in it."""
        self._enter(chain, state, entering)
        for name in self.compiler.order:
            for at, regions in list(self._entering.get(name, {}).values()):
                region = self.space.union_all(regions)
                for block, here, part in self._leaves(self.compiler.blocks[name], at, region):
                    for rule in self._near(block.rules, part):
                        yield rule, here, part
                        self._enter_callees(rule, here, part)

    def _near(self, rules: Sequence[Rule], region: int) -> Sequence[Rule]:
        """Those of many rules whose conditions do not exclude the whole region at first sight."""
        if len(rules) < _FEW_RULES:
            return rules
        if self._among is not None:
            rules = [rule for rule in rules if rule.where in self._among]
            if len(rules) < _FEW_RULES:
                return rules
        hull = {dim: self.space.values(region, dim) for dim in self._fixed}
        bounds = {
            dim: ([low for low, _high in spans], [high for _low, high in spans])
            for dim, spans in hull.items()
            if spans != ((0, TOP[dim]),)
        }
        known: Dict[int, Dict[int, bool]] = {dim: {} for dim in bounds}
        return [rule for rule in rules if _may_meet(rule, bounds, known)]

    def _enter(self, chain: str, state: State, region: int) -> None:
        key = self.compiler.blocks[chain].key(state)
        self._entering.setdefault(chain, {}).setdefault(key, (state, []))[1].append(region)

    def _enter_callees(self, rule: Rule, state: State, region: int) -> None:
        if any(verdict.chain for _boxes, verdict in rule.branches):
            for verdict, part in self._parts(rule, state, region):
                if verdict.kind in (JUMP, GOTO) and part != EMPTY:
                    self._enter(verdict.chain, state, part)

    def _leaves(self, block: Block, state: State, region: int) -> Iterator[Tuple[Block, State, int]]:
        """The blocks without halves that may give the wanted fate (or hold a doubt), and the packets that get there."""
        fates = self.compiler.fates
        waiting = [(block, state, region)]
        while waiting:
            block, state, region = waiting.pop()
            if self.wanted is not None:
                fate = self._fate(self.compiler.fate(block, state))
                region = self.space.intersect(region, fates.where[self.wanted](fate))
            if region == EMPTY or (self.wanted is None and not block.doubt):
                continue
            if block.halves is None:
                yield block, state, region
                continue
            first, second = block.halves
            before = self.compiler.fate(first, state)
            seen = self._fate(before)
            for updates, following in self.compiler.followers(first, before, second, state):
                going = self.space.union_all(fates.where_going_on(seen, update) for update in updates)
                waiting.append((second, following, self.space.intersect(region, going)))
            waiting.append((first, state, region))

    def _parts(self, rule: Rule, state: State, region: int) -> Iterator[Tuple[Verdict, int]]:
        """What of the region may meet which verdict of the rule.

        A verdict map's keys do not overlap: with many branches, the packets of the earlier ones are not taken out.
        """
        regions, space = self.compiler.regions, self.space
        region = space.intersect(region, self._region(regions.held(rule, state).possible))
        for boxes, verdict in rule.branches:
            if region == EMPTY:
                return
            sure, possible = settled_boxes(boxes, state)
            part = space.intersect(region, self._region(regions.of_boxes(possible)))
            yield verdict, part
            if len(rule.branches) <= _FEW_BRANCHES and sure == possible:
                region = space.minus(region, part)


def _may_meet(rule: Rule, bounds: Mapping[int, _Bounds], known: Mapping[int, Dict[int, bool]]) -> bool:
    """``bounds``: by dimension the first and the last values of all ranges in which the packets lie. ``known``: by dimension
    and identity of ranges, which many rules share, what was found."""
    for match in rule.matches:
        if match.within and not _box_may_meet(match.within, bounds, known):
            return False
        if len(match.boxes) == 1 and not match.negated and not _box_may_meet(match.boxes[0], bounds, known):
            return False
    return True


def _box_may_meet(box: Box, bounds: Mapping[int, _Bounds], known: Mapping[int, Dict[int, bool]]) -> bool:
    for dim in bounds:
        ranges = box.get(dim)
        if ranges is not None and len(ranges) <= _FEW_RANGES:
            found = known[dim].get(id(ranges))
            if found is None:
                firsts, lasts = bounds[dim]
                found = any(bisect_left(lasts, low) < bisect_right(firsts, high) for low, high in ranges)
                known[dim][id(ranges)] = found
            if not found:
                return False
    return True
