# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nft's ``match`` objects and map keys as conditions: operators, sets, concatenations, masks."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from ..intervals import normal
from ..model import ANY, FAMILY, TOP, Box
from ..regions import combine
from . import nft_fields, nft_text
from .addresses import address, mask_length, network
from .conditions import (
    ALWAYS,
    EVERYTHING,
    NEVER,
    NOTHING,
    Boxes,
    Condition,
    Region,
    Unclear,
    doubt,
    holds,
    merged,
    product,
)
from .nft_fields import Field
from .question import ASSUMES_REVERSE_PATH, V4, V6, Partition, where_value

_EXTENSION_HEADERS = ("hbh", "rt", "rt0", "rt2", "srh", "frag", "dst")
#: The element that stands for every value without one of its own.
_CATCH_ALL = "*"
_COMPARE: Dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "in": lambda value, bits: value & bits != 0,
    "!": lambda value, bits: value & bits == 0,
}


@dataclass(frozen=True)
class NamedSet:
    """A set or map of a table. ``changing``: rules add and remove elements while packets pass."""

    elements: Sequence[Any]
    changing: bool


class Matcher:
    """Reads conditions of the rules of one table.

    ``before_conntrack``: of the chain in hand; None when it is run both before and after connection tracking.
    ``notes``: collects what was assumed.
    """

    def __init__(self, sets: Mapping[str, NamedSet], notes: Set[str]) -> None:
        self.sets = sets
        self.notes = notes
        self.before_conntrack: Optional[bool] = False
        self._regions: Dict[Tuple[str, str], Region] = {}

    def condition(self, body: Any) -> Condition:
        text = nft_text.match(body)
        try:
            return self._condition(body["left"], body.get("op", "=="), body["right"], text)
        except Unclear as unclear:
            return doubt("{0} ({1})".format(text, unclear.why) if unclear.why else text, unclear.within)

    def branches(self, key: Any, data: Any) -> Tuple[Box, List[Tuple[Boxes, Any]]]:
        """A verdict map: the packets that have the key, and for each element its packets and its verdict object.

        :raises Unclear: when an element is not understood, or may be gone when the packet comes.
        """
        fields = self._fields(key)
        elements, changing = self._elements(data)
        if changing:
            raise Unclear("its elements change at run time", self._within(fields))
        result: List[Tuple[Boxes, Any]] = []
        otherwise: List[Tuple[Boxes, Any]] = []
        for element in elements:
            value, verdict = element
            value, timed = _unwrap(value)
            if value == _CATCH_ALL and not timed:
                otherwise.append((EVERYTHING, verdict))
                continue
            if timed:
                raise Unclear("its elements have time-outs", self._within(fields))
            sure, unsure = self._element(fields, value)
            if unsure:
                raise Unclear("", self._within(fields))
            result.append((sure, verdict))
        return self._within(fields), result + otherwise

    def _condition(self, left: Any, op: str, right: Any, text: str) -> Condition:
        decided = self._decided(left, op, right)
        if decided is not None:
            return decided
        if op not in _COMPARE:
            raise Unclear("operator {0}".format(op))
        mask: Any = None
        if isinstance(left, dict) and set(left) == {"&"} and len(left["&"]) == 2:
            left, mask = left["&"]
        fields = self._fields(left)
        within = self._within(fields)
        if fields == [nft_fields.NO_OUTPUT] and op in ("==", "in") and right not in (0, "0", ""):
            return NEVER
        try:
            partition = fields[0].partition if len(fields) == 1 else None
            if partition is not None:
                region = Region(self._known(fields[0], partition, op, right, mask), fields[0].unsure)
                return holds(region, within, False, text)
            if mask is not None:
                right = _masked(fields, right, mask)
            if op in ("<", ">", "<=", ">="):
                return holds(_ordered(fields, op, right), within, False, text)
            return holds(self._region(left, fields, right), within, op in ("!=", "!"), text)
        except Unclear as unclear:
            raise Unclear(unclear.why, within) from None

    def _decided(self, left: Any, op: str, right: Any) -> Optional[Condition]:
        """Conditions that hold for every packet in question, or for none."""
        if not isinstance(left, dict) or len(left) != 1:
            return None
        ((kind, body),) = left.items()
        reverse_path = kind == "fib" and body.get("result") == "oif" and "saddr" in body.get("flags", ())
        if reverse_path and right in (True, False, 0, "0") and op in ("==", "!="):
            self.notes.add(ASSUMES_REVERSE_PATH)
            exists = (right is True) == (op == "==")
            return ALWAYS if exists else NEVER
        absent = (kind == "exthdr" and body.get("name") in _EXTENSION_HEADERS) or kind == "ip option"
        if absent:
            if "field" in body or op != "==" or not isinstance(right, bool):
                return NEVER  # the kernel ends the rule when it does not find the header
            return NEVER if right else holds(Region(EVERYTHING), V4 if kind == "ip option" else V6, False, "")
        return None

    def _fields(self, left: Any) -> List[Field]:
        parts = left["concat"] if isinstance(left, dict) and set(left) == {"concat"} else [left]
        fields = [nft_fields.find(part, self.before_conntrack) for part in parts]
        self.notes.update(field.note for field in fields if field.note)
        return fields

    @staticmethod
    def _within(fields: Sequence[Field]) -> Box:
        within: Optional[Box] = ANY
        for field in fields:
            within = None if within is None else combine(within, field.within)
        return {FAMILY: ()} if within is None else within

    def _known(self, field: Field, partition: Partition, op: str, right: Any, mask: Any) -> Boxes:
        """Where a field with a known value satisfies the condition."""
        if _is_set(right):
            elements, changing = self._elements(right)
            if changing or field.open_bits or mask is not None:
                raise Unclear()
            wanted = [_bounds(field, _unwrap(element)[0]) for element in elements]
            if any(_unwrap(element)[1] for element in elements):
                raise Unclear("its elements have time-outs")
            return where_value(
                partition, lambda value: any(low <= value <= high for low, high in wanted) != (op == "!=")
            )
        bits = ~0 if mask is None else _number(field, mask)
        if op in ("in", "!"):
            bits &= _number(field, right)
        if bits & field.open_bits:
            raise Unclear()
        low, high = _bounds(field, right)
        if low != high:
            return where_value(partition, lambda value: (low <= value & bits <= high) != (op == "!="))
        compare = _COMPARE[op]
        return where_value(partition, lambda value: compare(value & bits, low))

    def _elements(self, right: Any) -> Tuple[Sequence[Any], bool]:
        if isinstance(right, str) and right.startswith("@"):
            found = self.sets.get(right[1:])
            if found is None:
                raise Unclear("there is no set {0}".format(right))
            return found.elements, found.changing
        if isinstance(right, dict) and set(right) == {"set"}:
            elements = right["set"]
            return (elements if isinstance(elements, list) else [elements]), False
        return [right], False

    def _region(self, left: Any, fields: Sequence[Field], right: Any) -> Region:
        name = right if isinstance(right, str) and right.startswith("@") else ""
        key = (name, nft_text.expression(left))
        if name and key in self._regions:
            return self._regions[key]
        elements, changing = self._elements(right)
        if changing:
            region = Region(NOTHING, EVERYTHING, "its elements change at run time")
        else:
            region = self._union(fields, elements)
        if name:
            self._regions[key] = region
        return region

    def _union(self, fields: Sequence[Field], elements: Sequence[Any]) -> Region:
        sure: List[Box] = []
        unsure: List[Box] = []
        ranges: List[Tuple[int, int]] = []
        why = ""
        fast = len(fields) == 1 and fields[0].partition is None and not fields[0].unsure
        for element in elements:
            value, timed = _unwrap(element)
            if value == _CATCH_ALL:
                (unsure if timed else sure).append(ANY)
                continue
            try:
                if fast and not timed:
                    ranges.append(_bounds(fields[0], value))
                    continue
                found, maybe = self._element(fields, value)
            except Unclear as unclear:
                unsure.append(ANY)
                why = unclear.why
                continue
            unsure.extend(maybe)
            (unsure if timed else sure).extend(found)
            why = why or ("its elements have time-outs" if timed else "")
        if ranges:
            union = normal(ranges)
            if union:
                sure.append({fields[0].dimension: union})
        return Region(merged(sure), merged(unsure), why)

    @staticmethod
    def _element(fields: Sequence[Field], value: Any) -> Tuple[Boxes, Boxes]:
        """The packets that carry ``value``, and those that may carry it."""
        values = [value]
        if isinstance(value, dict) and set(value) == {"concat"}:
            values = value["concat"]
        if len(values) != len(fields):
            raise Unclear("an element with {0} parts".format(len(values)))
        sure: Boxes = EVERYTHING
        possible: Boxes = EVERYTHING
        for field, part in zip(fields, values):
            low, high = _bounds(field, part)
            if field.partition is not None:
                if field.open_bits and field is not nft_fields.NO_OUTPUT:
                    raise Unclear()
                found = _value_between(field.partition, low, high)
            elif low > high:
                found = NOTHING
            else:
                found = ({**field.only, field.dimension: ((low, high),)},)
            sure = product(sure, found)
            possible = product(possible, found + field.unsure)
        return sure, tuple(box for box in possible if box not in sure)


def _value_between(partition: Partition, low: int, high: int) -> Boxes:
    return where_value(partition, lambda value: low <= value <= high)


def _is_set(right: Any) -> bool:
    return (isinstance(right, str) and right.startswith("@")) or (isinstance(right, dict) and set(right) == {"set"})


def _unwrap(element: Any) -> Tuple[Any, bool]:
    """An element without its ``elem`` wrapper, and whether it has a time-out."""
    if isinstance(element, dict) and set(element) == {"elem"}:
        inner = element["elem"]
        return inner["val"], "timeout" in inner or "expires" in inner
    return element, False


def _number(field: Field, value: Any) -> int:
    """A number, a name, or several flags."""
    if isinstance(value, list) or (isinstance(value, dict) and set(value) == {"|"}):
        parts = value if isinstance(value, list) else value["|"]
        total = 0
        for part in parts:
            total |= _number(field, part)
        return total
    if isinstance(value, dict):
        raise Unclear(nft_text.expression(value))
    return field.number(value)


def _bounds(field: Field, value: Any) -> Tuple[int, int]:
    """The range of numbers that one value stands for; empty (first > last) when it can never match."""
    if isinstance(value, dict):
        if set(value) == {"range"}:
            first, last = value["range"]
            low, high = _bounds(field, first)[0], _bounds(field, last)[1]
            return low, high
        if set(value) == {"prefix"}:
            prefix = value["prefix"]
            if not field.family:
                raise Unclear(nft_text.expression(value))
            return network(address(prefix["addr"], field.family), int(prefix["len"]), field.family)
    elif field.range_of is not None:
        return field.range_of(value)
    number = _number(field, value)
    return number, number


def _ordered(fields: Sequence[Field], op: str, right: Any) -> Region:
    if len(fields) != 1:
        raise Unclear()
    field = fields[0]
    low, high = _bounds(field, right)
    if low != high and not (field.family and high == TOP[field.dimension]):
        raise Unclear()
    top = TOP[field.dimension]
    wanted = {"<": (0, low - 1), "<=": (0, high), ">": (high + 1, top), ">=": (low, top)}[op]
    if wanted[0] > wanted[1]:
        return Region(NOTHING, field.unsure)
    return Region(({**field.only, field.dimension: (wanted,)},), field.unsure)


def _masked(fields: Sequence[Field], right: Any, mask: Any) -> Any:
    """``field & mask == value`` as a range, where the mask has no gaps."""
    if len(fields) != 1 or not fields[0].bits or isinstance(right, (dict, list)) or fields[0].unsure:
        raise Unclear("a mask")
    field = fields[0]
    if field.family:
        length = mask_length(address(mask, field.family), field.family)
        if length is None:
            raise Unclear("a mask with gaps")
        value = address(right, field.family)
        if network(value, length, field.family)[0] != value:
            return _never(field)
        return {"prefix": {"addr": right, "len": length}}
    bits, value = _number(field, mask), _number(field, right)
    free = ((1 << field.bits) - 1) & ~bits
    if free & (free + 1):
        raise Unclear("a mask with gaps")
    if value & free or value >> field.bits:
        return {"range": [1, 0]}
    return {"range": [value, value | free]}


def _never(field: Field) -> Any:
    high, low = ("0.0.0.1", "0.0.0.0") if field.family == 4 else ("::1", "::")
    return {"range": [high, low]}
