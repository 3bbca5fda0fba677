# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The elements of nft's sets and maps, in all the shapes that versions of nft print them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from ...dataclass import dataclass
from ..intervals import normal
from ..model import Intervals
from . import nft_text
from .addresses import address, network
from .conditions import Unclear
from .nft_field import Field

#: The element that stands for every value without one of its own.
CATCH_ALL = "*"
_TIMED = "its elements have time-outs"
_LIMITED = "its elements have limits"
_CHANGING = "its elements change at run time"
_EVERY = (0, (1 << 128) - 1)
_LIMITS = ("limit", "quota", "ct count")


@dataclass(frozen=True)
class NamedSet:
    """A set or map of a table. ``elements``: None when they were not read. ``added``, ``deleted``: rules add and remove elements
    while packets pass. ``timed``: elements are gone after a while unless they say otherwise."""

    elements: Optional[Sequence[Any]]
    added: bool = False
    deleted: bool = False
    timed: bool = False


@dataclass(frozen=True)
class Elements:
    """``sure``: values; of maps, pairs of value and data. ``perhaps``: those that may not count at the time of a packet, each
    with why. ``more``: not empty when there may be others, and why."""

    sure: Sequence[Any]
    perhaps: Sequence[Tuple[Any, str]] = ()
    more: str = ""


def named_sets(bodies: Dict[str, Dict[str, Any]], updates: Dict[str, Set[str]], whole: bool) -> Dict[str, NamedSet]:
    """The sets and maps of one table.

    ``updates``: name -> what the table's rules do with it (add, update, delete). ``whole``: the text tells the elements of
    every set, so that a set without any is empty.
    """
    result: Dict[str, NamedSet] = {}
    for name, body in bodies.items():
        flags = body.get("flags") or ()
        done = updates.get(name, set())
        elements = body.get("elem", () if whole else None)
        if elements is not None and not isinstance(elements, (list, tuple)):
            elements = [elements]
        dynamic = "dynamic" in ([flags] if isinstance(flags, str) else flags)
        result[name] = NamedSet(elements, dynamic or bool(done), "delete" in done, bool(body.get("timeout")))
    return result


def of_set(found: NamedSet, is_map: bool) -> Elements:
    """:raises Unclear: the elements were not read."""
    if found.elements is None:
        raise Unclear("its elements were not read")
    why = _CHANGING if found.deleted else _TIMED if found.timed else ""
    return _sorted(found.elements, is_map, why, _CHANGING if found.added else "")


def of_expression(right: Any, is_map: bool) -> Elements:
    """Of an anonymous set or a single value."""
    if isinstance(right, dict) and len(right) == 1 and "set" in right:
        elements = right["set"]
        return _sorted(elements if isinstance(elements, list) else [elements], is_map, "", "")
    return Elements([right])


def _sorted(elements: Sequence[Any], is_map: bool, why: str, more: str) -> Elements:
    """Elements of maps are pairs of key and data, with the wrapper around the key."""
    if not is_map and not why and not any(isinstance(element, dict) and "elem" in element for element in elements):
        return Elements(elements, (), more)
    sure: List[Any] = []
    perhaps: List[Tuple[Any, str]] = []
    for element in elements:
        if is_map:
            key, data = element
            value, reason = _unwrapped(key, why)
            value = (value, data)
        else:
            value, reason = _unwrapped(element, why)
        if reason:
            perhaps.append((value, reason))
        else:
            sure.append(value)
    return Elements(sure, perhaps, more)


def _unwrapped(element: Any, why: str) -> Tuple[Any, str]:
    if isinstance(element, dict) and len(element) == 1 and "elem" in element:
        inner = element["elem"]
        if any(limit in inner for limit in _LIMITS):
            why = why or _LIMITED
        if inner.get("timeout") or inner.get("expires"):
            why = why or _TIMED
        return inner["val"], why
    return element, why


def number(field: Field, value: Any) -> int:
    """A number, a name, or several flags."""
    if isinstance(value, list) or (isinstance(value, dict) and len(value) == 1 and "|" in value):
        total = 0
        for part in value if isinstance(value, list) else value["|"]:
            total |= number(field, part)
        return total
    if isinstance(value, dict):
        raise Unclear(nft_text.expression(value))
    return field.number(value)


def bounds(field: Field, value: Any) -> Tuple[int, int]:
    """The range of numbers that one value stands for; empty (first > last) when it can never match."""
    if isinstance(value, dict) and len(value) == 1:
        if "prefix" in value:
            prefix = value["prefix"]
            if field.family:
                return network(address(prefix["addr"], field.family), prefix["len"], field.family)
            if field.width:
                return _bit_prefix(number(field, prefix["addr"]), int(prefix["len"]), field.width)
        if "range" in value:
            first, last = value["range"]
            return bounds(field, first)[0], bounds(field, last)[1]
    elif field.range_of is not None:
        return field.range_of(value)
    found = value if value.__class__ is int else number(field, value)
    return found, found


def _bit_prefix(value: int, length: int, width: int) -> Tuple[int, int]:
    if not 0 <= length <= width:
        raise Unclear("a prefix of {0} bits".format(length))
    rest = (1 << (width - length)) - 1
    return value & ~rest, value | rest


def ranges(field: Field, elements: Elements) -> Tuple[Intervals, Intervals, str]:
    """What values of one field are surely in the set, which others are there perhaps, and why that is not known.

    :raises Unclear: an element is not understood, or there may be any others.
    """
    if elements.more:
        raise Unclear(elements.more, run_time=True)
    sure = [_EVERY if value == CATCH_ALL else bounds(field, value) for value in elements.sure]
    perhaps = [_EVERY if value == CATCH_ALL else bounds(field, value) for value, _why in elements.perhaps]
    return normal(sure), normal(perhaps), elements.perhaps[-1][1] if elements.perhaps else ""
