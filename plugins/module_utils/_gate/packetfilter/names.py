# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people call protocols, ports, ICMP types and interfaces, from the numbers of the dimensions."""

from __future__ import annotations

from bisect import bisect_right
from typing import Dict, Iterable, List, Sequence, Set, Tuple, Union

from .intervals import complement
from .model import IIF, PORT_PROTOCOLS, PROTOCOL, TOP, Intervals

PROTOCOLS: Dict[int, str] = {number: name for name, number in PORT_PROTOCOLS.items()}
PROTOCOLS.update({1: "icmp", 2: "igmp", 4: "ipencap", 41: "ipv6", 47: "gre", 50: "esp", 51: "ah", 58: "icmpv6"})
PROTOCOLS.update({89: "ospf", 103: "pim", 112: "vrrp"})

_ICMP_TYPES: Dict[int, Dict[int, str]] = {
    1: {
        0: "echo-reply",
        3: "destination-unreachable",
        4: "source-quench",
        5: "redirect",
        8: "echo-request",
        9: "router-advertisement",
        10: "router-solicitation",
        11: "time-exceeded",
        12: "parameter-problem",
        13: "timestamp-request",
        14: "timestamp-reply",
    },
    58: {
        1: "destination-unreachable",
        2: "packet-too-big",
        3: "time-exceeded",
        4: "parameter-problem",
        128: "echo-request",
        129: "echo-reply",
        130: "mld-listener-query",
        131: "mld-listener-report",
        132: "mld-listener-done",
        133: "nd-router-solicit",
        134: "nd-router-advert",
        135: "nd-neighbor-solicit",
        136: "nd-neighbor-advert",
        137: "nd-redirect",
        143: "mld2-listener-report",
    },
}
_FEW = 32

ProtocolName = Union[str, int]


def split_protocols(intervals: Intervals) -> List[Tuple[ProtocolName, Intervals]]:
    """One entry for each protocol; most or all of them together make one entry, ``any`` or ``any but tcp, udp``."""
    if len(intervals) == 1 and intervals[0][0] == intervals[0][1]:
        return [(PROTOCOLS.get(intervals[0][0], intervals[0][0]), intervals)]
    missing = complement(intervals, TOP[PROTOCOL])
    if not missing:
        return [("any", intervals)]
    left_out = _values(missing)
    if len(left_out) <= _FEW:
        names = ", ".join(str(PROTOCOLS.get(number, number)) for number in left_out)
        return [("any but {0}".format(names), intervals)]
    return [(PROTOCOLS.get(number, number), ((number, number),)) for number in _values(intervals)]


def range_texts(intervals: Intervals) -> List[str]:
    """``25``, ``1000-2000``"""
    return [str(low) if low == high else "{0}-{1}".format(low, high) for low, high in intervals]


def icmp_type_texts(protocol: int, intervals: Intervals) -> List[str]:
    """Names where there are any, numbers and ranges otherwise."""
    names = _ICMP_TYPES.get(protocol, {})
    result: List[str] = []
    for low, high in intervals:
        numbers = range(low, high + 1)
        if all(number in names for number in numbers):
            result.extend(names[number] for number in numbers)
        else:
            result.extend(range_texts(((low, high),)))
    return result


def _values(intervals: Intervals) -> List[int]:
    return [value for low, high in intervals for value in range(low, high + 1)]


class InterfaceNames:
    """Names and wildcards for sets of input interfaces.

    ``ranges``: those that rules and question tell apart, as ranges of `model.interface_value`. A name stands for
    itself, a wildcard such as ``eth*`` for what begins so and has no name or longer wildcard of its own, ``*`` for
    every other interface.
    """

    def __init__(self, ranges: Iterable[Tuple[int, int]]) -> None:
        cuts: Set[int] = {0, TOP[IIF] + 1}
        for low, high in ranges:
            cuts.update((low, high + 1))
        self._patterns: List[Tuple[int, int, str]] = [(0, TOP[IIF], "*")]
        for cut in sorted(cuts - {0, TOP[IIF] + 1}):
            prefix = cut.to_bytes(16, "big").rstrip(b"\0")
            name = prefix.decode("utf-8", "replace")
            low, high = _prefix_range(prefix)
            if high > low and high + 1 in cuts:
                self._patterns.append((low, high, name + "*"))
            if cut + 1 in cuts:
                self._patterns.append((cut, cut, name))
        ordered = sorted(cuts)
        #: label -> one value for each stretch between cuts that belongs to it
        self._samples: Dict[str, List[int]] = {}
        self._parents: Dict[str, str] = {}
        for sample in ordered[:-1]:
            around = sorted((p for p in self._patterns if p[0] <= sample <= p[1]), key=lambda p: p[1] - p[0])
            self._samples.setdefault(around[0][2], []).append(sample)
            if len(around) > 1:
                self._parents[around[0][2]] = around[1][2]

    def labels(self, intervals: Intervals) -> List[str]:
        """All labels of which the set has at least one interface."""
        return [label for label, samples in self._samples.items() if any(_has(intervals, s) for s in samples)]

    def told_apart(self, sets: Sequence[Intervals]) -> List[str]:
        """The labels that some of the sets treat differently from what surrounds them."""
        found: Set[str] = {"*"}
        for intervals in sets:
            inside = set(self.labels(intervals))
            found.update(label for label, parent in self._parents.items() if (label in inside) != (parent in inside))
        return [label for label in self._samples if label in found]


def _prefix_range(prefix: bytes) -> Tuple[int, int]:
    return int.from_bytes(prefix.ljust(16, b"\0"), "big"), int.from_bytes(prefix.ljust(16, b"\xff"), "big")


def _has(intervals: Intervals, value: int) -> bool:
    index = bisect_right(intervals, (value, TOP[IIF] + 1)) - 1
    return index >= 0 and intervals[index][1] >= value
