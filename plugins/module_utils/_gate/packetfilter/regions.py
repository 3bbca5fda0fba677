# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the conditions of a rule to the set of packets that meet them."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

from ..dataclass import dataclass
from .diagram import EMPTY, FULL, Space
from .intervals import complement, intersect, normal
from .model import ANY, TOP, Box, Intervals, Match, Rule
from .state import STATE_DIMENSIONS, State, holds, stripped

NEVER = Match(())
_FEW_BOXES = 16  # up to here, boxes are combined one by one instead of through the diagram


class Regions:
    """The packets of matches and boxes, each computed once."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._of_boxes: Dict[int, Tuple[Tuple[Box, ...], int]] = {}

    def of_boxes(self, boxes: Tuple[Box, ...]) -> int:
        """Sets are shared by many rules as one object, so identity is the key (and the object is kept)."""
        if len(boxes) == 1:
            return self.space.box(boxes[0])
        found = self._of_boxes.get(id(boxes))
        if found is None:
            found = self._of_boxes[id(boxes)] = (boxes, self.space.boxes(boxes))
        return found[1]

    def of_match(self, match: Match) -> int:
        """The packets for which the match holds (or may hold, when it is in doubt)."""
        space = self.space
        inside = self.of_boxes(match.boxes)
        within = space.box(match.within)
        return space.minus(within, inside) if match.negated else space.intersect(within, inside)

    def of_matches(self, matches: Sequence[Match]) -> int:
        boxes = combined_boxes(matches)
        if boxes is not None:
            return self.space.boxes(boxes)
        region = FULL
        for match in matches:
            if region == EMPTY:
                break
            region = self.space.intersect(region, self.of_match(match))
        return region

    def held(self, rule: Rule, state: State) -> Held:
        """Where the rule's matches hold for packets in this state."""
        certain: List[Match] = []
        doubtful: List[Match] = []
        unclear: List[Tuple[Match, Match]] = []
        for match in rule.matches:
            sure, possible = settled(match, state)
            if possible is None:
                return Held(EMPTY, EMPTY, False, False)
            if match.doubt:
                doubtful.append(possible)
            if sure is not possible:
                unclear.append((sure or NEVER, possible))
            elif not match.doubt:
                certain.append(possible)
        region = self.of_matches(certain)
        possible_region = region
        for match in doubtful + [possible for _sure, possible in unclear]:
            possible_region = self.space.intersect(possible_region, self.of_match(match))
        clear_region = possible_region
        for match, _possible in unclear:
            clear_region = self.space.intersect(clear_region, self.of_match(match))
        run_time = any(match.run_time for match in doubtful)
        return Held(possible_region, clear_region, run_time, any(not match.run_time for match in doubtful))


@dataclass(frozen=True)
class Held:
    """``possible``: where all matches may hold. ``clear``: the part of it where only matches in doubt stand between the
    packet and the verdict; in the rest also the state is not known. ``run_time``, ``other``: whether there are matches in
    doubt of the one kind and of the other."""

    possible: int
    clear: int
    run_time: bool
    other: bool


def settled(match: Match, state: State) -> Tuple[Optional[Match], Optional[Match]]:
    """The match for packets in this state, free of what it asks of the state: as far as it surely holds, and as far as
    it may hold where the state is not known. None: it never does. The same object twice: the state is known."""
    if not _asks(match.boxes) and STATE_DIMENSIONS.isdisjoint(match.within):
        return match, match
    inside = holds(match.within, state)
    if inside is False:
        return None, None
    sure, possible = settled_boxes(match.boxes, state)
    if match.negated:
        sure, possible = possible, sure
    within = stripped(match.within)
    widest = Match(possible, within, match.negated, match.doubt, match.run_time) if possible or match.negated else None
    if inside is None:
        return None, widest
    if sure == possible:
        return widest, widest
    return (Match(sure, within, match.negated, match.doubt, match.run_time) if sure or match.negated else None), widest


def settled_boxes(boxes: Tuple[Box, ...], state: State) -> Tuple[Tuple[Box, ...], Tuple[Box, ...]]:
    """The same for a union of boxes."""
    if not _asks(boxes):
        return boxes, boxes
    found = [(stripped(box), held) for box in boxes for held in (holds(box, state),) if held is not False]
    return tuple(box for box, held in found if held), tuple(box for box, _held in found)


def _asks(boxes: Sequence[Box]) -> bool:
    return any(not STATE_DIMENSIONS.isdisjoint(box) for box in boxes)


def combined_boxes(matches: Sequence[Match]) -> Optional[List[Box]]:
    """Boxes whose union is where all matches hold; None when that is easier to say with the diagram."""
    result: List[Box] = [ANY]
    for match in matches:
        boxes = _boxes_of(match)
        if boxes is None or len(boxes) * len(result) > _FEW_BOXES:
            return None
        products = [combine(left, right) for left in result for right in boxes]
        result = [box for box in products if box is not None]
    return result


def _boxes_of(match: Match) -> Optional[List[Box]]:
    if len(match.boxes) > _FEW_BOXES:
        return None
    if not match.negated:
        joined = [combine(match.within, box) for box in match.boxes] if match.within else list(match.boxes)
        return [box for box in joined if box is not None]
    if not match.boxes:
        return [match.within]
    dims = {dim for box in match.boxes for dim in box}
    if len(dims) != 1 or not all(match.boxes):
        return None
    dim = dims.pop()
    outside = complement(normal(span for box in match.boxes for span in box[dim]), TOP[dim])
    rest = combine(match.within, {dim: outside}) if outside else None
    return [] if rest is None else [rest]


def combine(left: Box, right: Box) -> Optional[Box]:
    """The intersection of two boxes; None when it is empty."""
    if not left:
        return right
    if not right:
        return left
    result: Dict[int, Intervals] = dict(left)
    for dim, intervals in right.items():
        present = result.get(dim)
        if present is not None:
            intervals = intersect(present, intervals)
            if not intervals:
                return None
        result[dim] = intervals
    return result
