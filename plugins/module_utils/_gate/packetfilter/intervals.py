# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets of integers as sorted, disjoint, non-adjacent closed ranges (`model.Intervals`)."""

from __future__ import annotations

from typing import Iterable, List, Tuple

from .model import Intervals


def normal(ranges: Iterable[Tuple[int, int]]) -> Intervals:
    """The union of any ranges, in any order. A range whose first value exceeds its last is empty."""
    result: List[Tuple[int, int]] = []
    low, high = 0, -2
    for first, last in sorted(ranges):
        if last < first:
            continue
        if first <= high + 1:
            if last > high:
                high = last
        else:
            if high >= low:
                result.append((low, high))
            low, high = first, last
    if high >= low:
        result.append((low, high))
    return tuple(result)


def complement(ranges: Intervals, top: int) -> Intervals:
    """What of 0..``top`` lies in none of ``ranges``."""
    result: List[Tuple[int, int]] = []
    start = 0
    for first, last in ranges:
        if first > start:
            result.append((start, first - 1))
        start = last + 1
    if start <= top:
        result.append((start, top))
    return tuple(result)


def intersect(left: Intervals, right: Intervals) -> Intervals:
    if left is right or left == right:
        return left
    result: List[Tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        first = max(left[i][0], right[j][0])
        last = min(left[i][1], right[j][1])
        if first <= last:
            result.append((first, last))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(result)


def minus(left: Intervals, right: Intervals) -> Intervals:
    if not left or not right:
        return left
    return intersect(left, complement(right, max(left[-1][1], right[-1][1])))


def contains(ranges: Intervals, value: int) -> bool:
    return any(first <= value <= last for first, last in ranges)
