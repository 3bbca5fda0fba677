# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a field is: which packets carry which value of something that a condition of nft names."""

from __future__ import annotations

from typing import Any, Callable, Dict, FrozenSet, Optional, Tuple

from ...dataclass import dataclass
from ..model import ANY, TOP, Box, address_range
from .conditions import NOTHING, Boxes, Unclear
from .question import Partition, where_value

_INVALID_TYPE = " [invalid type]"


@dataclass(frozen=True)
class Part:
    """For the packets of ``within`` the field's value is in a dimension, without its low ``shift`` bits. ``family``: of a
    dimension of addresses."""

    within: Box
    dimension: int
    shift: int = 0
    family: int = 0


@dataclass(frozen=True)
class Field:
    """``within``: the packets that have the field at all; an empty box where none has. Of these, ``parts`` tell where its value
    is in a dimension, ``known`` where it is a known number (but for its ``open_bits``), ``unsure`` where it is not known, and
    ``possible`` what it can be there (None: anything).

    ``number``: a value as written -> the number. ``range_of``: a value as written -> the range it stands for, where that is
    more than one number (wildcards, prefixes). ``width``: in bits, 0 where there are no bit operations. ``family``: of an
    address. ``run_time``: as in `model.Match`, of what is unsure. ``note``: what was assumed (for `Ruleset.notes`).
    """

    within: Box
    number: Callable[[Any], int]
    parts: Tuple[Part, ...] = ()
    known: Partition = ()
    unsure: Boxes = NOTHING
    possible: Optional[FrozenSet[int]] = None
    range_of: Optional[Callable[[Any], Tuple[int, int]]] = None
    width: int = 0
    family: int = 0
    open_bits: int = 0
    run_time: bool = False
    note: str = ""

    @property
    def dimension(self) -> int:
        """The dimension that has the field's value, for all packets that have the field; -1: there is none."""
        if len(self.parts) == 1 and not self.known and not self.unsure:
            part = self.parts[0]
            if not part.within and not part.shift:
                return part.dimension
        return -1

    def packets(self, wanted: Tuple[Tuple[int, int], ...]) -> Boxes:
        """The packets whose value surely lies in one of the ranges. :raises Unclear: bits of the value are open."""
        if self.open_bits:
            raise Unclear()
        boxes = []
        for part in self.parts:
            top, ranges = TOP[part.dimension], []
            for first, last in wanted:
                first, last = first << part.shift, last + 1 << part.shift
                if first < last and first <= top:
                    pair = (first, min(last - 1, top))
                    ranges.append(address_range(part.family, *pair) if part.family else pair)
            if ranges:
                boxes.append({**part.within, part.dimension: tuple(ranges)})
        return tuple(boxes) + self.known_packets(lambda value: any(low <= value <= high for low, high in wanted))

    def unsure_packets(self, wanted: Tuple[Tuple[int, int], ...]) -> Boxes:
        """The packets whose value perhaps lies in one of the ranges, besides those of `packets`."""
        if self.possible is not None and not any(
            low <= value <= high for value in self.possible for low, high in wanted
        ):
            return NOTHING
        return self.unsure

    def known_packets(self, test: Callable[[int], bool]) -> Boxes:
        return where_value(self.known, test)


def in_dimension(
    within: Box,
    number: Callable[[Any], int],
    dimension: int,
    width: int = 0,
    range_of: Optional[Callable[[Any], Tuple[int, int]]] = None,
) -> Field:
    """A field whose value is that of a dimension."""
    return Field(within, number, (Part(ANY, dimension),), width=width, range_of=range_of)


def with_known_value(partition: Partition, number: Callable[[Any], int], within: Box = ANY, width: int = 0) -> Field:
    return Field(within, number, known=partition, width=width)


def from_names(table: Dict[str, int], what: str) -> Callable[[Any], int]:
    """Numbers written as such or as a name of the table."""

    def number(value: Any) -> int:
        if isinstance(value, int):
            return int(value)
        if isinstance(value, str):
            if value in table:
                return table[value]
            if value.endswith(_INVALID_TYPE):  # of 1.0.6, in sets
                value = value[: -len(_INVALID_TYPE)]
            if value.isdigit() and value.isascii() and len(value) < 40:
                return int(value)
            if value[:2].lower() == "0x" and len(value) < 40:
                try:
                    return int(value, 16)
                except ValueError:
                    pass
        raise Unclear("{0!r} is no {1} known here".format(value, what))

    return number


def named(find: Callable[[str], Optional[int]], what: str) -> Callable[[Any], int]:
    """Numbers written as such or as a name that ``find`` knows."""
    plain = from_names({}, what)

    def number(value: Any) -> int:
        if isinstance(value, int):
            return int(value)
        found = find(value) if isinstance(value, str) else None
        return plain(value) if found is None else found

    return number


def no_number(value: Any) -> int:
    raise Unclear("{0!r} cannot be compared".format(value))
