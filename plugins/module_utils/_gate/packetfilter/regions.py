# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the conditions of a rule to the set of packets that meet them."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

from .diagram import EMPTY, FULL, Space
from .intervals import complement, intersect, normal
from .model import ANY, TOP, Box, Intervals, Match, Rule

_FEW_BOXES = 16  # up to here, boxes are combined one by one instead of through the diagram


class Regions:
    """The packets of matches and boxes, each computed once. The ruleset must outlive this object."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._of_boxes: Dict[int, int] = {}

    def of_boxes(self, boxes: Tuple[Box, ...]) -> int:
        """Sets are shared by many rules as one object, so identity is the key."""
        if len(boxes) == 1:
            return self.space.box(boxes[0])
        found = self._of_boxes.get(id(boxes))
        if found is None:
            found = self._of_boxes[id(boxes)] = self.space.boxes(boxes)
        return found

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

    def sure_and_possible(self, rule: Rule) -> Tuple[int, int]:
        """The packets for which all matches hold, and those for which all may hold."""
        certain = self.of_matches([match for match in rule.matches if not match.doubt])
        doubtful = [match for match in rule.matches if match.doubt]
        if not doubtful:
            return certain, certain
        return EMPTY, self.space.intersect(certain, self.of_matches(doubtful))


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
