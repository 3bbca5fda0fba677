# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients to whom the host cannot answer, since a route to them is there to lead nowhere."""

from __future__ import annotations

from typing import List

from .model import FAMILY, SADDR, Box, Host
from .routing import NO_ROUTE, Routing

#: The kernel's own last route of IPv6, which means that there is no other.
_LAST_METRIC = 0xFFFFFFFF


def dead_routes(host: Host) -> List[Box]:
    """The packets from clients to whom a route is ``blackhole``, ``unreachable`` or ``prohibit``. Where there is no route at all,
    that may be meant to be so (a client on the same link, say); none where routes are not known.
    """
    boxes: List[Box] = []
    routing = Routing(host)
    for route in host.routes or ():
        if route.interface or route.metric == _LAST_METRIC:
            continue
        for hop in routing.between(route.family, route.first, route.last):
            if hop.kind == NO_ROUTE:
                family = ((route.family, route.family),)
                boxes.append({FAMILY: family, SADDR: (hop.interval(route.family),)})
    return boxes
