# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what rules see to what a client sends: values put in for the dimensions that a client does not choose.

A diagram over all dimensions asks for the destination as it is (DPORT, DADDR) and as it was (ORIGINAL_DPORT,
ORIGINAL_DADDR), for the output interface and so on. For one case (no NAT, or one NAT target and one route) these are
functions of what the client sent. A `Substitution` puts them in; what it gives asks for the client's dimensions alone.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Callable, Dict, Iterator, List, Mapping, Sequence, Tuple

from ..dataclass import dataclass
from .model import DADDR, DPORT, ORIGINAL_DADDR, TOP, Intervals
from .nodes import LEAVES, Binary, Nodes, joined

_CURRENT = (DPORT, DADDR)  # each is followed by its original
OUTSIDE = 0


@dataclass(frozen=True)
class Pick:
    """The dimension has one of these values, whatever the client sent. Where there are several, either the kernel chooses
    for each packet (``run_time``), or it is not known which."""

    values: Intervals
    run_time: bool = False


@dataclass(frozen=True)
class Shift:
    """The n-th value of ``first``..``last`` becomes the n-th from ``new`` on. Other values do not occur."""

    first: int
    last: int
    new: int


def pick(value: int) -> Pick:
    return Pick(((value, value),))


class Substitution:
    """``picks``, ``shifts``: what to put in, by dimension. DPORT and DADDR without either are what the client sent.
    ``merge``: how the functions for several values become one, by `Pick.run_time`. ``originals``: whether the two
    original dimensions are to be put in."""

    def __init__(
        self,
        nodes: Nodes,
        picks: Mapping[int, Pick],
        shifts: Mapping[int, Shift],
        merge: Callable[[bool], Binary],
        originals: bool = True,
    ) -> None:
        self._nodes = nodes
        self._picks = picks
        self._shifts = shifts
        self._merge = merge
        self._current = _CURRENT if originals else ()
        self._found: Dict[int, int] = {}

    def apply(self, node: int) -> int:
        if node < LEAVES or self._nodes.dims[node] > ORIGINAL_DADDR:
            return node
        found = self._found.get(node)
        if found is None:
            found = self._found[node] = self._put_in(node)
        return found

    def _put_in(self, node: int) -> int:
        nodes = self._nodes
        dim = nodes.dims[node]
        choice = self._picks.get(dim)
        if choice is not None:
            kids = list(dict.fromkeys(kid for _first, _last, kid in self._cut(node, choice.values)))
            follow = self._renamed if dim in self._current else self.apply
            result = follow(kids[0])
            merge = self._merge(choice.run_time)
            for kid in kids[1:]:
                result = merge(result, follow(kid))
            return result
        if dim in self._shifts:
            return self._shifted(node, self._shifts[dim])
        if dim in self._current:
            return self._diagonal(node)
        if dim - 1 in self._current:
            return self._renamed(node)
        return nodes.relabel(node, {kid: self.apply(kid) for kid in set(nodes.kids[node])})

    def _renamed(self, node: int) -> int:
        """The original dimension is what the client sent."""
        nodes = self._nodes
        dim = nodes.dims[node]
        if node < LEAVES or dim - 1 not in self._current:
            return self.apply(node)
        return nodes.make(dim - 1, *joined(nodes.starts[node], list(map(self.apply, nodes.kids[node]))))

    def _diagonal(self, node: int) -> int:
        dim = self._nodes.dims[node]
        whole = ((0, TOP[dim]),)
        return self._joined_pieces(dim, [piece for cut in self._cut(node, whole) for piece in self._pieces(dim, cut)])

    def _shifted(self, node: int, shift: Shift) -> int:
        dim = self._nodes.dims[node]
        distance = shift.first - shift.new
        pieces: List[Tuple[int, int]] = [(0, OUTSIDE)] if shift.first else []
        for first, last, kid in self._cut(node, ((shift.new, shift.last - distance),)):
            pieces.extend(self._pieces(dim, (first + distance, last + distance, kid)))
        if shift.last < TOP[dim]:
            pieces.append((shift.last + 1, OUTSIDE))
        return self._joined_pieces(dim, pieces)

    def _joined_pieces(self, dim: int, pieces: Sequence[Tuple[int, int]]) -> int:
        starts, kids = zip(*pieces)
        return self._nodes.make(dim, *joined(starts, kids))

    def _pieces(self, dim: int, cut: Tuple[int, int, int]) -> Iterator[Tuple[int, int]]:
        """(start, kid) for a stretch of what the client sent, with the original dimension put in."""
        first, last, kid = cut
        if kid >= LEAVES and self._nodes.dims[kid] == dim + 1:
            for start, _last, below in self._cut(kid, ((first, last),)):
                yield start, self.apply(below)
        else:
            yield first, self.apply(kid)

    def _cut(self, node: int, intervals: Intervals) -> Iterator[Tuple[int, int, int]]:
        """The segments of a node within the intervals: (first, last, kid)."""
        starts, kids = self._nodes.starts[node], self._nodes.kids[node]
        for low, high in intervals:
            index = bisect_right(starts, low) - 1
            while index < len(starts) and starts[index] <= high:
                end = starts[index + 1] - 1 if index + 1 < len(starts) else high
                yield max(low, starts[index]), min(high, end), kids[index]
                index += 1


def split(nodes: Nodes, node: int) -> Dict[int, int]:
    """For each value of a diagram the region where it is."""
    found: Dict[int, Dict[int, int]] = {}

    def regions(at: int) -> Dict[int, int]:
        if at < LEAVES:
            return {at: 1}
        if at not in found:
            starts: Dict[int, List[int]] = {}
            kids: Dict[int, List[int]] = {}
            reached: Dict[int, int] = {}
            count = len(nodes.kids[at])
            for index, (start, kid) in enumerate(zip(nodes.starts[at], nodes.kids[at])):
                for value, region in regions(kid).items():
                    if value not in starts:
                        starts[value], kids[value] = ([], []) if index == 0 else ([0], [OUTSIDE])
                    elif reached[value] < index:
                        starts[value].append(nodes.starts[at][reached[value]])
                        kids[value].append(OUTSIDE)
                    starts[value].append(start)
                    kids[value].append(region)
                    reached[value] = index + 1
            for value, index in reached.items():
                if index < count:
                    starts[value].append(nodes.starts[at][index])
                    kids[value].append(OUTSIDE)
            dim = nodes.dims[at]
            found[at] = {value: nodes.make(dim, *joined(starts[value], kids[value])) for value in starts}
        return found[at]

    return regions(node)
