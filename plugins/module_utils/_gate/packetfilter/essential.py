# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the ICMPv6 gets in without which connections over IPv6 fail (RFC 4890, 4.3.1 and 4.4.1).

These packets are no connections, and no part of the usual question: errors are `RELATED` to connections that are there,
and neighbour solicitations come to a multicast address.
"""

from __future__ import annotations

from typing import Collection, Dict, FrozenSet

from .addresses import interface_ranges
from .diagram import EMPTY, Space
from .evaluate import accepted
from .model import DADDR, FAMILY, ICMP_TYPE, IIF, NEW, PROTOCOL, RELATED, Box, Host, Intervals, Ruleset
from .narrow import narrowed

#: Types by how conntrack takes them: errors about connections, neighbour discovery (untracked, whatever arrives as new).
ERRORS = {1: "destination-unreachable", 2: "packet-too-big", 3: "time-exceeded", 4: "parameter-problem"}
DISCOVERY = {135: "nd-neighbor-solicit", 136: "nd-neighbor-advert"}
ESSENTIAL: Dict[int, str] = {**ERRORS, **DISCOVERY}

_V6 = ((6, 6),)
_ICMPV6 = ((58, 58),)
_LINK_MULTICAST = (0xFF02 << 112, (0xFF03 << 112) - 1)


def essential_icmpv6(
    space: Space, ruleset: Ruleset, host: Host, own: Collection[int], interfaces: Collection[str]
) -> FrozenSet[int]:
    """The types of `ESSENTIAL` of which anything gets in, at least now and then, from anyone, on any of the interfaces.

    :param own: IPv6 addresses of the host, as numbers; without any, all unicast destinations count as such.
    :param interfaces: input interfaces; none for all but lo.
    """
    found = set()
    ruleset = narrowed(ruleset, {FAMILY: _V6, PROTOCOL: _ICMPV6})
    addresses: Intervals = tuple((value, value) for value in sorted(own)) or ((0, (0xFF << 120) - 1),)
    for types, arrives, destinations in (
        (ERRORS, RELATED, addresses),
        (DISCOVERY, NEW, addresses + (_LINK_MULTICAST,)),
    ):
        box: Box = {FAMILY: _V6, PROTOCOL: _ICMPV6, ICMP_TYPE: tuple((number, number) for number in types)}
        rules = narrowed(ruleset, box)
        asked: Box = {**box, IIF: interface_ranges(interfaces or None), DADDR: _sorted(destinations)}
        answer = accepted(space, rules, space.box(asked), host, arrives)
        let_in = space.minus(answer.may, answer.unknown)
        for number in types:
            if space.intersect(let_in, space.box({ICMP_TYPE: ((number, number),)})) != EMPTY:
                found.add(number)
    return frozenset(found)


def _sorted(intervals: Intervals) -> Intervals:
    return tuple(sorted(intervals))
