# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the host's addresses and routes send a packet.

For each family the axis of addresses is cut into hops: stretches for which the routing decision is the same.
"""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

from ..dataclass import dataclass, replace
from .intervals import intersect, minus, normal
from .model import (
    BROADCAST,
    DADDR,
    FAMILY,
    IIF,
    IPV4_TOP,
    LOCAL,
    MULTICAST,
    SADDR,
    TOP,
    UNICAST,
    Box,
    Host,
    Intervals,
    Route,
    address_range,
    interface_value,
)

ADDRESS_TOP = {4: IPV4_TOP, 6: TOP[DADDR]}
MULTICASTS = {4: (0xE0000000, 0xEFFFFFFF), 6: (0xFF << 120, TOP[DADDR])}
LINK_LOCAL = (0xFE80 << 112, (0xFEC0 << 112) - 1)
ANYCAST = 4  # RTN_ANYCAST
LOOPBACKS = {4: (0x7F000000, 0x7FFFFFFF), 6: (1, 1)}

#: What becomes of a packet to an address of a hop, besides the RTN_* numbers LOCAL, UNICAST, BROADCAST, MULTICAST.
NO_ROUTE = 0
LOOPBACK = -1  # an address of the host's that nothing but itself may send to
LINK = -3  # on some link: the interface on which the packet came in decides
ASSUMED_OWN = -2  # the host's addresses are not known, and so neither is whether this is one


@dataclass(frozen=True)
class Hop:
    """``interfaces``: of UNICAST, those among which the kernel may choose; empty where routes are not known."""

    first: int
    last: int
    kind: int
    interfaces: Tuple[str, ...] = ()

    def interval(self, family: int) -> Tuple[int, int]:
        """In the shared dimension of addresses."""
        return address_range(family, self.first, self.last)


class Routing:
    def __init__(self, host: Host) -> None:
        self.host = host
        self.hops: Dict[int, List[Hop]] = {family: self._hops(family) for family in (4, 6)}

    def between(self, family: int, first: int, last: int) -> List[Hop]:
        """The hops of a range of addresses."""
        return [
            replace(hop, first=max(first, hop.first), last=min(last, hop.last))
            for hop in self.hops[family]
            if hop.first <= last and hop.last >= first
        ]

    def if_not_own(self, family: int, hop: Hop) -> Hop:
        """The hop, taken for another host's, where the host's addresses are not known."""
        routes = [route for route in self._routes(family) if route.first <= hop.last and route.last >= hop.first]
        return (
            replace(hop, kind=routes[0].kind, interfaces=routes[0].interfaces)
            if len(routes) == 1
            else replace(hop, kind=UNICAST)
        )

    def _hops(self, family: int) -> List[Hop]:
        host = self.host
        layers: List[Hop] = [Hop(*MULTICASTS[family], kind=MULTICAST)]
        if family == 4:
            layers.append(Hop(IPV4_TOP, IPV4_TOP, BROADCAST))
        layers.append(Hop(*LOOPBACKS[family], kind=LOOPBACK))
        if host.own is None:
            base = [Hop(0, ADDRESS_TOP[family], ASSUMED_OWN)]
        else:
            own = [item for item in host.own if item.family == family]
            layers += [Hop(item.value, item.value, LOCAL) for item in own]
            layers += [Hop(edge, edge, BROADCAST if family == 4 else ANYCAST) for edge in self.edges(family)]
            if family == 6:
                layers.append(Hop(*LINK_LOCAL, kind=LINK))
            base = self._routes(family)
        return _painted(base, layers)

    def edges(self, family: int) -> Iterator[int]:
        """The broadcast addresses of the host's networks; in IPv6 the first ones, to which a router listens (RFC 4291,
        2.6.1)."""
        routes6 = 6 in (self.host.forwarding or ())
        for item in self.host.own or ():
            if item.family == family == 4 and item.prefix < 31:
                yield item.value | ((1 << (32 - item.prefix)) - 1)
            elif item.family == family == 6 and routes6 and item.prefix < 127:
                yield item.value >> (128 - item.prefix) << (128 - item.prefix)

    def _routes(self, family: int) -> List[Hop]:
        top = ADDRESS_TOP[family]
        if self.host.routes is None:
            return [Hop(0, top, UNICAST)]
        by_prefix: Dict[Tuple[int, int], List[Route]] = {}
        for route in self.host.routes:
            if route.family == family:
                by_prefix.setdefault((route.first, route.last), []).append(route)
        nested: List[Hop] = []
        for (first, last), routes in sorted(by_prefix.items(), key=lambda item: (item[0][0], -item[0][1])):
            metric = min(route.metric for route in routes)
            names = tuple(sorted({route.interface for route in routes if route.interface and route.metric == metric}))
            nested.append(Hop(first, last, UNICAST if names else NO_ROUTE, names))
        return _innermost(nested, top)

    def sources_by_interface(self) -> List[Box]:
        """The packets whose source is routed out of the interface on which they arrive, where routes are known."""
        ranges: Dict[Tuple[int, str], List[Tuple[int, int]]] = {}
        for family in (4, 6):
            layers = [Hop(item.value, item.value, LOCAL) for item in self.host.own or () if item.family == family]
            layers += [Hop(edge, edge, BROADCAST if family == 4 else ANYCAST) for edge in self.edges(family)]
            if family == 6:
                layers.append(Hop(*LINK_LOCAL, kind=LINK))
            for hop in _painted(self._routes(family), layers):
                for name in hop.interfaces:
                    ranges.setdefault((family, name), []).append(hop.interval(family))
        own = normal((item.value, item.value) for item in self.host.own or () if item.family == 6)
        for route in self.host.routes or ():
            if route.family == 6 and route.interface:
                ranges.setdefault((6, route.interface), []).extend(
                    minus(intersect(((route.first, route.last),), (LINK_LOCAL,)), own)
                )
        boxes: List[Box] = [
            {FAMILY: ((family, family),), IIF: interface(name), SADDR: normal(spans)}
            for (family, name), spans in ranges.items()
        ]
        return boxes + [{IIF: interface("lo")}]

    def inputs_for_loopback(self) -> Intervals:
        """The input interfaces from which 127.0.0.0/8 may be addressed."""
        return normal(span for name in {"lo", *self.host.route_localnet} for span in interface(name))


def interface(name: str) -> Intervals:
    value = interface_value(name)
    return ((value, value),)


def _painted(base: Iterable[Hop], layers: Iterable[Hop]) -> List[Hop]:
    """The layers over the base; where layers overlap, the earlier one is seen."""
    taken: List[Hop] = []
    for layer in layers:
        taken.extend(_outside(layer, taken))
        taken.sort(key=lambda hop: hop.first)
    result = list(taken)
    for hop in base:
        result.extend(_outside(hop, taken))
    result.sort(key=lambda hop: hop.first)
    return result


def _outside(hop: Hop, taken: Sequence[Hop]) -> List[Hop]:
    """What of the hop is not taken. ``taken`` is sorted and disjoint."""
    result: List[Hop] = []
    at = hop.first
    for other in taken:
        if other.last < at or other.first > hop.last:
            continue
        if other.first > at:
            result.append(replace(hop, first=at, last=other.first - 1))
        at = other.last + 1
    if at <= hop.last:
        result.append(replace(hop, first=at))
    return result


def _innermost(nested: Iterable[Hop], top: int) -> List[Hop]:
    """Prefixes, each sorted before those that it contains: everywhere the smallest one, and no route elsewhere."""
    result: List[Hop] = []
    around: List[Hop] = [Hop(0, top, NO_ROUTE)]
    at = 0

    def until(end: int) -> None:
        nonlocal at
        if end >= at:
            result.append(replace(around[-1], first=at, last=end))
            at = end + 1

    for hop in nested:
        while around[-1].last < hop.first:
            until(around[-1].last)
            around.pop()
        until(hop.first - 1)
        around.append(hop)
    while around:
        until(around[-1].last)
        around.pop()
    return result
