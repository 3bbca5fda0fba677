# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets of packets: the algebra that the whole analysis rests on.

A set is a node of one `Space`, a plain number; two sets of the same space are equal exactly if their numbers are.

Two families share the address dimensions, so boxes are brought into one form here, in `_normal`, and nowhere else:

- family 4 occupies the values 0..4 of its dimension and family 6 the values 5..6, so that "both" is the whole axis;
- the last IPv4 address occupies all values from there to the top, so that "every address" is the whole axis too.

`Space.paths` and `Space.witness` speak of families 4 and 6 again.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Collection, Dict, Iterable, Iterator, List, Mapping, Sequence, Tuple

from .intervals import contains, normal
from .model import (
    DADDR,
    DIMENSIONS,
    DPORT,
    FAMILY,
    ICMP_TYPE,
    IIF,
    IPV4_TOP,
    ORIGINAL_DADDR,
    PROTOCOL,
    SADDR,
    SPORT,
    TOP,
    Box,
    Intervals,
    interface_value,
)
from .nodes import LEAVES, Binary, Nodes, laws_of

EMPTY = 0
FULL = 1

_FAMILY_RANGES = {4: (0, 4), 6: (5, 6)}
_ONE_FAMILY: Dict[Intervals, int] = {((4, 4),): 4, ((6, 6),): 6}
_ADDRESSES = (DADDR, ORIGINAL_DADDR, SADDR)
_MANY_BOXES = 64
_MANY_RANGES = 16  # from here on, interval tuples are told apart by identity: cheaper than hashing them

#: A constraint as sorted (dimension, intervals) pairs.
_Items = Tuple[Tuple[int, Intervals], ...]

# What a witness takes where it has the choice: addresses reserved for documentation, a usual port.
_PREFERRED: Dict[int, Dict[int, int]] = {
    4: {
        IIF: interface_value("eth0"),
        PROTOCOL: 6,
        ICMP_TYPE: 8,
        DPORT: 25,
        SPORT: 40000,
        DADDR: 0xC0000201,  # 192.0.2.1
        SADDR: 0xC6336401,  # 198.51.100.1
    },
    6: {
        IIF: interface_value("eth0"),
        PROTOCOL: 6,
        ICMP_TYPE: 128,
        DPORT: 25,
        SPORT: 40000,
        DADDR: (0x20010DB8 << 96) + 1,  # 2001:db8::1
        SADDR: (0x20010DB8 << 96) + (1 << 64) + 1,  # 2001:db8:0:1::1
    },
}


class Space:
    """Where nodes live. One per analysis: it keeps every node that it ever made."""

    empty = EMPTY
    full = FULL

    def __init__(self) -> None:
        self.nodes = Nodes(TOP)
        self.union = self._operation(lambda a, b: a | b)
        self.intersect = self._operation(lambda a, b: a & b)
        self.minus = self._operation(lambda a, b: a & ~b & 1)
        self.complement = self.nodes.unary(lambda a: 1 - a)
        self.meet = self.nodes.meet

    def _operation(self, function: Binary) -> Binary:
        return self.nodes.binary(function, laws_of(function, (0, 1), (0, 1)))

    # Building

    def box(self, box: Box) -> int:
        return self.boxes((box,))

    def boxes(self, boxes: Iterable[Box]) -> int:
        """The union of boxes. Those that differ in one dimension only are joined before any node is made."""
        group: List[_Items] = []
        for box in _gathered(boxes):
            group.extend(_normal(box))
        return self._build(group)

    def union_all(self, regions: Iterable[int]) -> int:
        """The union of many, smallest with smallest."""
        level = list(dict.fromkeys(regions))
        while len(level) > 1:
            pairs = [self.union(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            level = pairs + level[len(pairs) * 2 :]
        return level[0] if level else EMPTY

    def _build(self, group: Sequence[_Items]) -> int:
        if not group:
            return EMPTY
        if len(group) == 1:
            node = FULL
            for dim, intervals in reversed(group[0]):
                node = self._edge(dim, intervals, node)
            return node
        if () in group:
            return FULL
        dim = min([items[0][0] for items in group])
        if max(map(len, group)) == 1 and max(items[0][0] for items in group) == dim:
            return self._edge(dim, normal([span for items in group for span in items[0][1]]), FULL)
        whole: Intervals = ((0, TOP[dim]),)
        buckets: Dict[object, Tuple[Intervals, List[_Items]]] = {}
        for items in group:
            if items[0][0] == dim:
                intervals, rest = items[0][1], items[1:]
            else:
                intervals, rest = whole, items
            key: object = intervals if len(intervals) < _MANY_RANGES else id(intervals)
            bucket = buckets.get(key)
            if bucket is None:
                buckets[key] = (intervals, [rest])
            else:
                bucket[1].append(rest)
        ranges_by_child: Dict[int, List[Tuple[int, int]]] = {}
        for intervals, rests in buckets.values():
            ranges_by_child.setdefault(self._build(rests), []).extend(intervals)
        return self._node(dim, ranges_by_child)

    def _node(self, dim: int, ranges_by_child: Mapping[int, Sequence[Tuple[int, int]]]) -> int:
        """The union of ``ranges -> child`` over all children; the ranges of different children may overlap."""
        spans = [(low, high, kid) for kid, ranges in ranges_by_child.items() for low, high in normal(ranges)]
        spans.sort()
        if all(spans[i][1] < spans[i + 1][0] for i in range(len(spans) - 1)):
            return self._segments(dim, spans)
        return self.union_all(self._edge(dim, normal(ranges), kid) for kid, ranges in ranges_by_child.items())

    def _edge(self, dim: int, intervals: Intervals, kid: int) -> int:
        return self._segments(dim, [(low, high, kid) for low, high in intervals])

    def _segments(self, dim: int, spans: Sequence[Tuple[int, int, int]]) -> int:
        starts: List[int] = []
        kids: List[int] = []
        at = 0
        for low, high, kid in spans:
            if low < at:
                raise ValueError("ranges of dimension {0} are not sorted and disjoint at {1}".format(dim, low))
            if low > at:
                starts.append(at)
                kids.append(EMPTY)
            elif kids and kids[-1] == kid:
                at = high + 1
                continue
            starts.append(low)
            kids.append(kid)
            at = high + 1
        if at <= TOP[dim]:
            starts.append(at)
            kids.append(EMPTY)
        return self.nodes.make(dim, starts, kids)

    # Asking

    def is_subset(self, part: int, whole: int) -> bool:
        return self.minus(part, whole) == EMPTY

    def contains(self, region: int, packet: Mapping[int, int]) -> bool:
        """``packet``: a value for each dimension."""
        while region >= LEAVES:
            index = bisect_right(self.nodes.starts[region], packet[self.nodes.dims[region]]) - 1
            region = self.nodes.kids[region][index]
        return region == FULL

    def witness(self, region: int) -> Dict[int, int]:
        """A packet of the region, always the same one, as ordinary as the region allows; otherwise its lowest.

        :raises ValueError: the region is empty.
        """
        if region == EMPTY:
            raise ValueError("an empty region has no witness")
        family = 4
        if self.nodes.dims[region] == FAMILY:
            index = bisect_right(self.nodes.starts[region], 4) - 1
            if self.nodes.kids[region][index] == EMPTY:
                family = 6
        packet = dict.fromkeys(range(DIMENSIONS), 0)
        packet.update(_PREFERRED[family])
        packet[FAMILY] = family
        while region >= LEAVES:
            dim, starts, kids = self.nodes.dims[region], self.nodes.starts[region], self.nodes.kids[region]
            kid = kids[bisect_right(starts, packet[dim]) - 1]
            if kid == EMPTY:
                index = next(i for i, other in enumerate(kids) if other != EMPTY)
                packet[dim], kid = starts[index], kids[index]
            region = kid
        return packet

    def paths(self, region: int) -> Iterator[Dict[int, Intervals]]:
        """The region as disjoint boxes, in a stable order."""
        if region < LEAVES:
            if region == FULL:
                yield {}
            return
        dim = self.nodes.dims[region]
        for kid, intervals in self._intervals_by_kid(region).items():
            if dim == FAMILY:
                intervals = tuple((f, f) for f, span in _FAMILY_RANGES.items() if span in intervals)
            for rest in self.paths(kid):
                box = {dim: intervals}
                box.update(rest)
                yield box

    def values(self, region: int, dim: int) -> Intervals:
        """All values of one dimension (not FAMILY) that packets of the region have: its projection."""
        found: Dict[int, Intervals] = {}

        def project(node: int) -> Intervals:
            if node == EMPTY:
                return ()
            if self.nodes.dims[node] > dim:
                return ((0, TOP[dim]),)
            if node not in found:
                by_kid = self._intervals_by_kid(node)
                parts = list(by_kid.values()) if self.nodes.dims[node] == dim else [project(kid) for kid in by_kid]
                alike = all(part is parts[0] for part in parts)
                found[node] = parts[0] if alike else normal(span for part in parts for span in part)
            return found[node]

        return project(region)

    def any_of(self, region: int, dims: Collection[int]) -> int:
        """The packets that lie in the region with some value of these dimensions: the region, quantified."""
        found: Dict[int, int] = {}

        def quantified(node: int) -> int:
            if node < LEAVES:
                return node
            if node not in found:
                kids = {kid: quantified(kid) for kid in set(self.nodes.kids[node])}
                if self.nodes.dims[node] in dims:
                    found[node] = self.union_all(kids.values())
                else:
                    found[node] = self.nodes.relabel(node, kids)
            return found[node]

        return quantified(region)

    def _intervals_by_kid(self, node: int) -> Dict[int, Intervals]:
        """The edges of a node to what is not empty, in order of their first value."""
        starts, kids = self.nodes.starts[node], self.nodes.kids[node]
        ends = starts[1:] + (TOP[self.nodes.dims[node]] + 1,)
        by_kid: Dict[int, List[Tuple[int, int]]] = {}
        for start, end, kid in zip(starts, ends, kids):
            if kid != EMPTY:
                by_kid.setdefault(kid, []).append((start, end - 1))
        return {kid: tuple(spans) for kid, spans in by_kid.items()}


def _gathered(boxes: Iterable[Box]) -> Iterable[Box]:
    """The same union in fewer boxes, where many differ in their last dimension alone. Rules share what is alike as one
    object, so identity is enough."""
    boxes = list(boxes)
    if len(boxes) < _MANY_BOXES:
        return boxes
    alike: Dict[Tuple[int, ...], List[Box]] = {}
    lasts: Dict[Tuple[int, ...], int] = {(): 0}
    for box in boxes:
        dims = tuple(box)
        last = lasts.get(dims)
        if last is None:
            last = lasts[dims] = dims.index(max(dims))
        others = list(map(id, box.values()))
        others[last : last + 1] = dims
        key = tuple(others)
        same = alike.get(key)
        if same is None:
            alike[key] = [box]
        else:
            same.append(box)
    result: List[Box] = []
    for some in alike.values():
        if len(some) == 1 or not some[0]:
            result.append(some[0])
        else:
            last = max(some[0])
            result.append({**some[0], last: normal([span for box in some for span in box[last]])})
    return result


def _normal(box: Box) -> Iterable[_Items]:
    """The box in the form that the module's docstring describes: none, one or two disjoint boxes."""
    family = _ONE_FAMILY.get(box.get(FAMILY, ()))
    return _of_any_families(box) if family is None else _of_one_family(box, family)


def _of_one_family(box: Box, family: int) -> Sequence[_Items]:
    """The short way for what most rules ask for."""
    items: List[Tuple[int, Intervals]] = []
    for dim, intervals in sorted(box.items()):
        if dim == FAMILY:
            intervals = (_FAMILY_RANGES[family],)
        elif not intervals:
            return ()
        elif family == 4 and dim in _ADDRESSES:
            intervals = _ipv4_form(intervals)
            if not intervals:
                return ()
        if intervals[0] != (0, TOP[dim]):
            items.append((dim, intervals))
    return (tuple(items),)


def _of_any_families(box: Box) -> Iterator[_Items]:
    families = [f for f in _FAMILY_RANGES if FAMILY not in box or contains(box[FAMILY], f)]
    if not any(dim in box for dim in _ADDRESSES):
        spans = [_FAMILY_RANGES[f] for f in families]
        yield from _items(box, {FAMILY: normal(spans)})
        return
    for family in families:
        replaced: Dict[int, Intervals] = {FAMILY: (_FAMILY_RANGES[family],)}
        if family == 4:
            for dim in _ADDRESSES:
                if dim in box:
                    replaced[dim] = _ipv4_form(box[dim])
        yield from _items(box, replaced)


def _ipv4_form(intervals: Intervals) -> Intervals:
    if not intervals or intervals[-1][1] < IPV4_TOP:
        return intervals
    kept = [(low, high) for low, high in intervals if low <= IPV4_TOP]
    if kept and kept[-1][1] >= IPV4_TOP:
        kept[-1] = (kept[-1][0], TOP[SADDR])
    return tuple(kept)


def _items(box: Box, replaced: Mapping[int, Intervals]) -> Iterator[_Items]:
    items: List[Tuple[int, Intervals]] = []
    for dim in range(DIMENSIONS):
        intervals = replaced.get(dim)
        if intervals is None:
            intervals = box.get(dim)
            if intervals is None:
                continue
        if not intervals:
            return
        if intervals[0] != (0, TOP[dim]):
            items.append((dim, intervals))
    yield tuple(items)
