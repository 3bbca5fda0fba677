# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bit operations in nft's conditions: which values of a field pass through them to a wanted value."""

from __future__ import annotations

from typing import Callable, List, Sequence, Tuple

from ...dataclass import dataclass
from ..intervals import contains, normal
from ..model import Intervals
from .conditions import Unclear

_BRUTE_FORCE_BITS = 16
_MOST_FREE_BITS = 12
_MOST_VALUES = 64
OPERATORS = ("&", "|", "^", "<<", ">>")


@dataclass(frozen=True)
class Bits:
    """``((value & mask) ^ flip) >> shift`` of a value of ``width`` bits."""

    width: int
    mask: int
    flip: int = 0
    shift: int = 0

    def apply(self, value: int) -> int:
        return ((value & self.mask) ^ self.flip) >> self.shift

    def then(self, operator: str, constant: int) -> Bits:
        """With one more operation behind it. :raises Unclear: a shift to the left."""
        top = (1 << self.width) - 1
        if operator == ">>":
            return Bits(self.width, self.mask, self.flip, min(self.shift + constant, self.width))
        if operator == "<<" or self.shift > self.width:
            raise Unclear("a shift to the left")
        constant = constant << self.shift & top
        dropped = (1 << self.shift) - 1
        if operator == "&":
            return Bits(self.width, self.mask & (constant | dropped), self.flip & (constant | dropped), self.shift)
        if operator == "|":
            return Bits(self.width, self.mask & ~constant, self.flip & ~constant | constant, self.shift)
        return Bits(self.width, self.mask, self.flip ^ constant, self.shift)

    def sources(self, wanted: Intervals) -> Intervals:
        """The values that end in ``wanted``. :raises Unclear: when they have no short description."""
        low_bits, top = (1 << self.shift) - 1, (1 << self.width) - 1
        wanted = tuple((first << self.shift, min(last << self.shift | low_bits, top)) for first, last in wanted)
        free = top & ~self.mask
        if not free & (free + 1) and not self.flip:
            return normal(_rounded(first, last, free) for first, last in wanted)
        if self.width <= _BRUTE_FORCE_BITS:
            values = [value for value in range(1 << self.width) if contains(wanted, (value & self.mask) ^ self.flip)]
            return normal((value, value) for value in values)
        if sum(last - first + 1 for first, last in wanted) > _MOST_VALUES:
            raise Unclear("a mask with gaps")
        found: List[Tuple[int, int]] = []
        for first, last in wanted:
            for value in range(first, last + 1):
                if (value ^ self.flip) & free == 0:
                    found.extend(_with_any(value ^ self.flip, free))
        return normal(found)

    def passes(self, wanted: Intervals, negated: bool) -> Callable[[int], bool]:
        return lambda value: contains(wanted, self.apply(value)) != negated


def _rounded(first: int, last: int, free: int) -> Tuple[int, int]:
    """The values that a mask with the low bits ``free`` cut off takes into the range."""
    return (first + free) & ~free, last & ~free | free


def _with_any(value: int, free: int) -> Sequence[Tuple[int, int]]:
    """All values that differ from ``value`` in the bits ``free`` alone."""
    low = (free ^ (free + 1)) >> 1 if free & 1 else 0  # the free bits at the low end make ranges
    rest = free & ~low
    if bin(rest).count("1") > _MOST_FREE_BITS:
        raise Unclear("a mask with gaps")
    found = []
    chosen = rest
    while True:
        found.append((value | chosen, value | chosen | low))
        if not chosen:
            return found
        chosen = (chosen - 1) & rest
