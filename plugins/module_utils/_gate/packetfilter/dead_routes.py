# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients to whom the host cannot answer, since a route to them is there to lead nowhere."""

from __future__ import annotations

from typing import Iterator, List, Tuple

from .intervals import minus, normal
from .model import FAMILY, SADDR, Box, Host, Route, address_range
from .routing import ADDRESS_TOP, NO_ROUTE, Routing

#: The kernel's own last route of IPv6, which means that there is no other.
_LAST_METRIC = 0xFFFFFFFF
#: A route to as many addresses is one to a good part of the Internet, and no ban: the longest prefix of such a one.
_WIDE = {4: 8, 6: 16}


def dead_routes(host: Host) -> List[Box]:
    """The packets from clients to whom a route is ``blackhole``, ``unreachable`` or ``prohibit``. Where there is no route at all,
    that may be meant to be so (a client on the same link, say); none where routes are not known.
    """
    boxes: List[Box] = []
    routing = Routing(host)
    for route in _dead(host):
        for hop in routing.between(route.family, route.first, route.last):
            if hop.kind == NO_ROUTE:
                family = ((route.family, route.family),)
                boxes.append({FAMILY: family, SADDR: (hop.interval(route.family),)})
    return boxes


def wide_dead_routes(host: Host) -> List[Tuple[Route, Box]]:
    """The dead routes to a good part of all addresses, each with the packets from clients for whom no smaller route, dead or not,
    decides."""
    found: List[Tuple[Route, Box]] = []
    routing = Routing(host)
    for route in _dead(host):
        if route.last - route.first < ADDRESS_TOP[route.family] >> _WIDE[route.family]:
            continue
        smaller = normal(
            address_range(other.family, other.first, other.last)
            for other in host.routes or ()
            if other.family == route.family and other.last - other.first < route.last - route.first
        )
        hops = routing.between(route.family, route.first, route.last)
        dead = minus(normal(hop.interval(route.family) for hop in hops if hop.kind == NO_ROUTE), smaller)
        if dead:
            found.append((route, {FAMILY: ((route.family, route.family),), SADDR: dead}))
    return found


def _dead(host: Host) -> Iterator[Route]:
    return (route for route in host.routes or () if not route.interface and route.metric != _LAST_METRIC)
