# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what a condition says to `model.Match`, and from conditions and verdicts to `model.Rule`.

A condition has three regions: packets for which it surely holds, packets for which it may hold (a rate limit, a field
that is not in the model), and the rest. Both readers describe conditions by these regions, and only this module knows
how they become matches.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional, Sequence, Tuple

from ...dataclass import dataclass
from ..intervals import normal
from ..model import ANY, DIMENSIONS, Box, Intervals, Match, Rule, Verdict, Where
from ..regions import combine

Boxes = Tuple[Box, ...]
_MOST_COMBINATIONS = 64
#: What reading raises for JSON in a shape that no nft known here prints: the statement is then not understood.
MISSHAPEN = (KeyError, TypeError, AttributeError, IndexError, ValueError)
EVERYTHING: Boxes = (ANY,)
NOTHING: Boxes = ()

#: Matches with disjoint sets of packets, of which one must hold. Empty: the condition never holds.
Condition = Tuple[Match, ...]
ALWAYS: Condition = (Match(EVERYTHING),)
NEVER: Condition = ()


@dataclass(frozen=True)
class Region:
    """``sure``: packets for which it holds; ``unsure``: packets for which it may hold, and ``why`` that is not known.
    ``run_time``: as in `model.Match`, of all that is unsure."""

    sure: Boxes
    unsure: Boxes = NOTHING
    why: str = ""
    run_time: bool = False


class Unclear(Exception):
    """A part of a rule that the model cannot say exactly. ``within``: the packets that it can concern. ``run_time``: as
    in `model.Match`."""

    def __init__(self, why: str = "", within: Box = ANY, run_time: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.within = within
        self.run_time = run_time

    def doubt(self, text: str) -> Condition:
        """The condition with the words ``text`` that could not be read."""
        return doubt("{0} ({1})".format(text, self.why) if self.why else text, self.within, self.run_time)


def product(left: Boxes, right: Boxes) -> Boxes:
    """The packets that lie in both unions."""
    return tuple(box for one in left for other in right for box in (combine(one, other),) if box is not None)


def merged(boxes: Iterable[Box]) -> Boxes:
    """The same union in fewer boxes: those that differ in a single dimension become one."""
    result = list(boxes)
    for dimension in reversed(range(DIMENSIONS)):
        if len(result) < 2:
            break
        groups: Dict[Tuple[Tuple[int, Intervals], ...], List[Tuple[int, int]]] = {}
        rest: List[Box] = []
        for box in result:
            ranges = box.get(dimension)
            if ranges is None:
                rest.append(box)
            else:
                others = tuple(sorted(item for item in box.items() if item[0] != dimension))
                groups.setdefault(others, []).extend(ranges)
        result = rest
        for others, joined in groups.items():
            union: Dict[int, Intervals] = dict(others)
            union[dimension] = normal(joined)
            result.append(union)
    return tuple(result)


def holds(region: Region, within: Box, negated: bool, text: str) -> Condition:
    """The condition that a packet lies in ``within`` and in ``region`` (``negated``: not in it)."""
    matches: List[Match] = []
    sure = tuple(region.sure)
    unsure = tuple(region.unsure)
    doubt = "{0} ({1})".format(text, region.why) if region.why else text
    if negated:
        excluded = sure + unsure
        if not excluded:
            matches.append(Match(EVERYTHING, within))
        elif not any(not box for box in excluded):
            matches.append(Match(excluded, within, True))
    elif sure:
        matches.append(Match(sure, within))
    if unsure:
        matches.append(Match(unsure, within, False, doubt, region.run_time))
    return tuple(matches)


def doubt(text: str, within: Box = ANY, run_time: bool = False) -> Condition:
    """A condition that may hold for every packet in ``within``. ``run_time``: as in `model.Match`."""
    return (Match(EVERYTHING, within, False, text, run_time),)


def _bounds(match: Match) -> Optional[Box]:
    """A box around all packets for which the match can hold; None when it can hold for none."""
    if match.negated or match.__class__ is not Match:  # a subclass has boxes of its own, later
        return match.within
    if not match.boxes:
        return None
    if len(match.boxes) == 1:
        return combine(match.within, match.boxes[0])
    around: Dict[int, Intervals] = {}
    for dimension in set.intersection(*(set(box) for box in match.boxes)):
        around[dimension] = normal(pair for box in match.boxes for pair in box[dimension])
    return combine(match.within, around)


def _trivial(match: Match) -> bool:
    return not match.negated and not match.doubt and not match.within and any(not box for box in match.boxes)


def build(conditions: Sequence[Condition], branches: Sequence[Tuple[Boxes, Verdict]], where: Where) -> List[Rule]:
    """The rules for "if all conditions hold, then the first branch that contains the packet".

    One rule for each combination of alternatives that can hold at all, so possibly none.
    """
    matches = _simple(conditions)
    if matches is not None:
        return [Rule(matches, tuple(branches), where)]
    combinations: List[Tuple[Tuple[Match, ...], Box]] = [((), ANY)]
    for condition in conditions:
        if len(combinations) * len(condition) > _MOST_COMBINATIONS:
            condition = (_blurred(condition),)
        grown = []
        for chosen, around in combinations:
            for match in condition:
                bounds = _bounds(match)
                bounds = None if bounds is None else combine(around, bounds)
                if bounds is not None:
                    grown.append((chosen if _trivial(match) else chosen + (match,), bounds))
        combinations = grown
    return [Rule(chosen, tuple(branches), where) for chosen, _around in combinations]


def _simple(conditions: Sequence[Condition]) -> Optional[Tuple[Match, ...]]:
    """The matches of the one combination that there is, where it is plain to see that they do not exclude each other."""
    seen: Dict[int, Intervals] = {}
    asked = 0
    matches: List[Match] = []
    for condition in conditions:
        if len(condition) != 1:
            return None
        match = condition[0]
        boxes, within = match.boxes, match.within
        if match.negated or len(boxes) != 1 or match.doubt:
            return None
        if within or boxes[0]:
            seen.update(within)
            seen.update(boxes[0])
            asked += len(within) + len(boxes[0])
            matches.append(match)
    if len(seen) == asked or len(matches) == 1:
        return tuple(matches)
    return tuple(matches) if all(_agrees(match, seen) for match in matches) else None


def _agrees(match: Match, seen: Box) -> bool:
    """Where several matches ask for the same dimension, they ask for the same values."""
    return all(seen[dimension] == ranges for box in (match.within, match.boxes[0]) for dimension, ranges in box.items())


def _blurred(condition: Condition) -> Match:
    """A condition of many alternatives, of a rule that has many of those, as one that may hold for any packet."""
    doubts = [match.doubt for match in condition if match.doubt]
    return Match(EVERYTHING, doubt=doubts[0] if doubts else "one of many conditions that are in doubt")


def plain(kind: str, chain: str = "", text: str = "") -> Tuple[Tuple[Boxes, Verdict], ...]:
    """The branches of a rule with one verdict for all packets."""
    return ((EVERYTHING, Verdict(kind, chain, text)),)
