# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The store of a reduced, ordered, hash-consed interval decision diagram, and the operations on its nodes.

A function of a packet is a node: a number. The numbers below `LEAVES` are the function's values; a set of packets has
the values 0 (outside) and 1 (inside), the fate of packets has more (see chains.py). An inner node asks for one
dimension. Its axis 0..top is cut at ``starts`` into segments, each with the node that goes on from there; neighbours
differ, and a node with one segment is not made. Every function therefore has exactly one node: equality is ``==``.

All operations merge the two sorted lists of cuts (or slice the longer one around the few cuts of the shorter), so
their cost follows the cuts and never their product. They recurse once per dimension, no deeper.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import ne
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple, TypeVar

from ..dataclass import dataclass

_T = TypeVar("_T")

#: Node numbers below this one are values.
LEAVES = 1 << 16
_END = 1 << 200  # beyond every axis
_FEW_KIDS = 16
_SLICING_PAYS = 8  # how many times more cuts one side must have

Binary = Callable[[int, int], int]
Unary = Callable[[int], int]


class _Lazy(Dict[int, _T]):
    """A function of one number that is computed once for each."""

    def __init__(self, function: Callable[[int], _T]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, number: int) -> _T:
        self[number] = found = self._function(number)
        return found


def _false(_value: int) -> bool:
    return False


def _none(_value: int) -> Optional[int]:
    return None


#: For the values of one side: whether they are an identity, and their constant result.
_Side = Tuple[_Lazy[bool], _Lazy[Optional[int]]]


@dataclass(frozen=True)
class Laws:
    """What the values of an operation tell about it before any node is looked at.

    ``left_identity``: with this value on the left, the result is what stands on the right. ``left_constant``: the result
    with this value on the left, where it does not hang on the right. ``idempotent``: of two equal sides comes that side;
    ``same_constant``: of two equal sides comes always this value.
    """

    left_identity: Callable[[int], bool] = _false
    right_identity: Callable[[int], bool] = _false
    left_constant: Callable[[int], Optional[int]] = _none
    right_constant: Callable[[int], Optional[int]] = _none
    idempotent: bool = False
    same_constant: Optional[int] = None
    commutes: bool = False


def laws_of(function: Binary, left: Sequence[int], right: Sequence[int]) -> Laws:
    """The laws of an operation on few values, found by trying them all."""
    rows = {a: [function(a, b) for b in right] for a in left}
    columns = {b: [function(a, b) for a in left] for b in right}
    same_domain = list(left) == list(right)
    diagonal = [function(a, a) for a in left] if same_domain else []
    return Laws(
        left_identity=lambda a: rows.get(a) == list(right),
        right_identity=lambda b: columns.get(b) == list(left),
        left_constant=lambda a: _constant(rows.get(a)),
        right_constant=lambda b: _constant(columns.get(b)),
        idempotent=same_domain and diagonal == list(left),
        same_constant=_constant(diagonal),
        commutes=same_domain and all(function(a, b) == function(b, a) for a in left for b in right),
    )


def _constant(values: Optional[List[int]]) -> Optional[int]:
    return values[0] if values and values.count(values[0]) == len(values) else None


class Nodes:
    """``top``: the largest value of each dimension, in the order in which the diagram asks for them."""

    def __init__(self, top: Sequence[int]) -> None:
        self.top = tuple(top)
        self.dims: List[int] = [len(self.top)] * LEAVES  # a leaf comes after every dimension
        self.starts: List[Tuple[int, ...]] = [()] * LEAVES
        self.kids: List[Tuple[int, ...]] = [()] * LEAVES
        self._unique: Dict[Tuple[int, Tuple[int, ...], Tuple[int, ...]], int] = {}
        self._meetings: Dict[Tuple[int, int], bool] = {}

    def make(self, dim: int, starts: Sequence[int], kids: Sequence[int]) -> int:
        """The node with these segments; neighbouring kids must differ."""
        if len(kids) == 1:
            return kids[0]
        key = (dim, tuple(starts), tuple(kids))
        node = self._unique.get(key)
        if node is None:
            node = len(self.dims)
            self._unique[key] = node
            self.dims.append(dim)
            self.starts.append(key[1])
            self.kids.append(key[2])
        return node

    def unary(self, function: Unary) -> Unary:
        """Lift a function on values to nodes."""
        values = _Lazy(function)
        cache: Dict[int, int] = {}
        dims, starts, kids, make = self.dims, self.starts, self.kids, self.make

        def apply(node: int) -> int:
            if node < LEAVES:
                return values[node]
            found = cache.get(node)
            if found is None:
                old = kids[node]
                if len(old) > _FEW_KIDS:
                    found = self.relabel(node, {kid: apply(kid) for kid in set(old)})
                else:
                    new = [values[kid] if kid < LEAVES else apply(kid) for kid in old]
                    if all(map(ne, new, new[1:])):
                        found = make(dims[node], starts[node], new)
                    else:
                        found = make(dims[node], *joined(starts[node], new))
                cache[node] = found
            return found

        return apply

    def binary(self, function: Binary, laws: Laws) -> Binary:
        """Lift a function on two values to nodes."""
        values = _Lazy(lambda key: function(key >> 16, key & 0xFFFF))
        left_identity, right_identity = _Lazy(laws.left_identity), _Lazy(laws.right_identity)
        left_constant, right_constant = _Lazy(laws.left_constant), _Lazy(laws.right_constant)
        left, right = (left_identity, left_constant), (right_identity, right_constant)
        idempotent, same_constant, commutes = laws.idempotent, laws.same_constant, laws.commutes
        dims, kids, relabel, merge = self.dims, self.kids, self.relabel, self._merge
        cache: Dict[Tuple[int, int], int] = {}

        def apply(a: int, b: int) -> int:
            if a < LEAVES:
                if b < LEAVES:
                    return values[a << 16 | b]
                if left_identity[a]:
                    return b
                constant = left_constant[a]
                if constant is not None:
                    return constant
            elif b < LEAVES:
                if right_identity[b]:
                    return a
                constant = right_constant[b]
                if constant is not None:
                    return constant
            elif a == b:
                if idempotent:
                    return a
                if same_constant is not None:
                    return same_constant
            elif commutes and a > b:
                a, b = b, a
            key = (a, b)
            found = cache.get(key)
            if found is not None:
                return found
            if dims[a] < dims[b]:
                found = relabel(a, {kid: apply(kid, b) for kid in set(kids[a])})
            elif dims[a] > dims[b]:
                found = relabel(b, {kid: apply(a, kid) for kid in set(kids[b])})
            else:
                found = merge(apply, values, left, right, a, b)
            cache[key] = found
            return found

        return apply

    def meet(self, a: int, b: int) -> bool:
        """Whether two sets have a packet in common, without making their intersection."""
        if a < LEAVES or b < LEAVES or a == b:
            return a != 0 and b != 0
        if a > b:
            a, b = b, a
        found = self._meetings.get((a, b))
        if found is None:
            if self.dims[a] < self.dims[b]:
                found = any(self.meet(kid, b) for kid in dict.fromkeys(self.kids[a]))
            elif self.dims[a] > self.dims[b]:
                found = any(self.meet(a, kid) for kid in dict.fromkeys(self.kids[b]))
            else:
                found = self._segments_meet(a, b)
            self._meetings[(a, b)] = found
        return found

    def _segments_meet(self, a: int, b: int) -> bool:
        few, many = (a, b) if len(self.kids[a]) < len(self.kids[b]) else (b, a)
        few_starts, many_starts, many_kids = self.starts[few] + (_END,), self.starts[many], self.kids[many]
        for index, few_kid in enumerate(self.kids[few]):
            if few_kid != 0:
                first = bisect_right(many_starts, few_starts[index]) - 1
                beyond = bisect_left(many_starts, few_starts[index + 1])
                if any(self.meet(few_kid, kid) for kid in dict.fromkeys(many_kids[first:beyond])):
                    return True
        return False

    def relabel(self, node: int, mapping: Mapping[int, int]) -> int:
        """The node with other kids."""
        dim, starts = self.dims[node], self.starts[node]
        kids = list(map(mapping.__getitem__, self.kids[node]))
        if len(set(mapping.values())) < len(mapping):
            return self.make(dim, *joined(starts, kids))
        return self.make(dim, starts, kids)

    def _merge(self, apply: Binary, values: Mapping[int, int], left: _Side, right: _Side, a: int, b: int) -> int:
        """Two nodes of the same dimension. ``values``: of the operation, by two values as one number."""
        a_count, b_count = len(self.kids[a]), len(self.kids[b])
        if a_count * _SLICING_PAYS < b_count:
            return self._sliced(apply, left, a, b)
        if b_count * _SLICING_PAYS < a_count:

            def swapped(few: int, many: int) -> int:
                return apply(many, few)

            return self._sliced(swapped, right, b, a)
        a_starts, b_starts = self.starts[a] + (_END,), self.starts[b] + (_END,)
        a_kids, b_kids = self.kids[a], self.kids[b]
        starts: List[int] = []
        kids: List[int] = []
        last = -1
        i = j = at = 0
        while True:
            a_kid, b_kid = a_kids[i], b_kids[j]
            kid = values[a_kid << 16 | b_kid] if a_kid < LEAVES and b_kid < LEAVES else apply(a_kid, b_kid)
            if kid != last:
                starts.append(at)
                kids.append(kid)
                last = kid
            a_next, b_next = a_starts[i + 1], b_starts[j + 1]
            if a_next < b_next:
                at = a_next
                i += 1
            elif b_next < a_next:
                at = b_next
                j += 1
            elif a_next == _END:
                return self.make(self.dims[a], starts, kids)
            else:
                at = a_next
                i += 1
                j += 1

    def _sliced(self, apply: Binary, side: _Side, few: int, many: int) -> int:
        """The same for a node with few cuts and one with many: those between two of the few are taken in bulk.

        ``side``: what the values of the node with few cuts do to any other.
        """
        identity, constant = side
        few_starts, many_starts, many_kids = self.starts[few] + (_END,), self.starts[many], self.kids[many]
        starts: List[int] = []
        kids: List[int] = []
        for index, few_kid in enumerate(self.kids[few]):
            begin, end = few_starts[index], few_starts[index + 1]
            fixed = constant[few_kid] if few_kid < LEAVES else None
            if fixed is not None:
                cuts: Sequence[int] = (begin,)
                piece: Sequence[int] = (fixed,)
            else:
                first = bisect_right(many_starts, begin) - 1
                beyond = bisect_left(many_starts, end)
                cuts, piece = (begin,) + many_starts[first + 1 : beyond], many_kids[first:beyond]
                if few_kid >= LEAVES or not identity[few_kid]:
                    mapping = {kid: apply(few_kid, kid) for kid in set(piece)}
                    piece = list(map(mapping.__getitem__, piece))
                    if len(mapping) > len(set(mapping.values())):
                        cuts, piece = joined(cuts, piece)
            if kids and kids[-1] == piece[0]:
                cuts, piece = cuts[1:], piece[1:]
            starts.extend(cuts)
            kids.extend(piece)
        return self.make(self.dims[few], starts, kids)


def joined(starts: Sequence[int], kids: Sequence[int]) -> Tuple[Tuple[int, ...], List[int]]:
    """Neighbouring segments with the same kid become one."""
    kept_starts: List[int] = []
    kept_kids: List[int] = []
    last = -1
    for start, kid in zip(starts, kids):
        if kid != last:
            kept_starts.append(start)
            kept_kids.append(kid)
            last = kid
    return tuple(kept_starts), kept_kids
