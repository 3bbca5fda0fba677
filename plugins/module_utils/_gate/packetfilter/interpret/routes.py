# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the host's addresses and routes make of a packet.

Ways that exclude each other come as a list of packets; which of them happens is a doubt of the kind that is given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Optional, Sequence, Tuple

from .. import model
from ..model import (
    ANSWER,
    BROADCAST,
    CT_DNAT,
    CT_MARK,
    CT_STATE,
    CT_ZONE,
    DADDR,
    DESTINATION_TYPE,
    DPORT,
    FAMILY,
    ICMP_TYPE,
    IIF,
    INVALID,
    IPV4_TOP,
    LOCAL,
    MARK,
    MULTICAST,
    NEW,
    NO_INTERFACE,
    OIF,
    ORIGINAL_DADDR,
    ORIGINAL_DPORT,
    PROTOCOL,
    REVERSE_PATH,
    SADDR,
    SYN,
    TCP_FLAGS,
    TOP,
    UNICAST,
    UNTRACKED,
    Host,
    Own,
    interface_value,
)
from .packet import CERTAIN, OTHER, RUN_TIME, Choice, Kinds, Packet, Value, bounds, pieces

LOOPBACK = interface_value("lo")
LOOPBACK_NETWORK = {4: (0x7F000000, 0x7FFFFFFF), 6: (1, 1)}
MULTICAST_NETWORK = {4: (0xE0000000, 0xEFFFFFFF), 6: (0xFF << 120, TOP[DADDR])}
LINK_LOCAL = (0xFE80 << 112, (0xFEC0 << 112) - 1)

ICMPV6 = 58
# More RTN_* numbers (linux/rtnetlink.h)
ANYCAST = 4
BLACKHOLE, UNREACHABLE, PROHIBIT = 6, 7, 8
#: What conntrack leaves alone (nf_conntrack_proto_icmpv6.c: neighbour discovery and listener reports).
_UNTRACKED_TYPES = (130, 131, 132, 133, 134, 135, 136, 143)


def family_of(packet: Packet) -> int:
    return packet.known(FAMILY)


def in_range(value: Value, span: Tuple[int, int]) -> bool:
    first, last = bounds(value)
    return span[0] <= first and last <= span[1]


def _is_loopback(packet: Packet) -> bool:
    return in_range(packet.values[DADDR], LOOPBACK_NETWORK[family_of(packet)])


def _from_link_local(packet: Packet) -> bool:
    return family_of(packet) == 6 and in_range(packet.values[SADDR], LINK_LOCAL)


def arrived(packet: Packet, host: Host) -> Packet:
    """The packet as it comes in. On the loopback interface, conntrack has seen it already, as it was sent."""
    packet = packet.with_values(
        {
            OIF: NO_INTERFACE,
            CT_STATE: INVALID,
            CT_DNAT: 0,
            CT_ZONE: 0,
            MARK: 0,
            CT_MARK: 0,
            DESTINATION_TYPE: type_of(packet, host),
            REVERSE_PATH: _reverse_path(packet, host),
            ORIGINAL_DPORT: packet.values[DPORT],
            ORIGINAL_DADDR: packet.values[DADDR],
            TCP_FLAGS: SYN,
            ANSWER: 0,
        }
    )
    return tracked(packet) if packet.values[IIF] == LOOPBACK else packet


def at_bridge(packet: Packet) -> Packet:
    """The packet as the rules of a bridge see it: on one of its ports, which is not known."""
    return packet.with_values({IIF: Choice(1, TOP[IIF], OTHER)})


def tracked(packet: Packet) -> Packet:
    """The packet as conntrack leaves it."""
    if packet.values[CT_STATE] != INVALID and not packet.template:
        return packet
    untracked = packet.values[PROTOCOL] == ICMPV6 and packet.values[ICMP_TYPE] in _UNTRACKED_TYPES
    return replace(packet.with_values({CT_STATE: UNTRACKED if untracked else NEW}), template=False)


def type_of(packet: Packet, host: Host) -> Value:
    family, address = family_of(packet), packet.values[DADDR]
    if in_range(address, MULTICAST_NETWORK[family]):
        return MULTICAST
    if family == 4 and in_range(address, (IPV4_TOP, TOP[DADDR])):
        return BROADCAST
    if _is_loopback(packet):
        return LOCAL
    if host.own is None:
        return Choice(UNICAST, LOCAL, OTHER) if packet.translated else LOCAL
    kind = _kind_of_own(family, address, host)
    if kind is None and family == 6 and host.routes is not None:
        return _kind_of_route(address, host.routes)
    return UNICAST if kind is None else kind


def _kind_of_own(family: int, address: Value, host: Host) -> Optional[int]:
    """The type of an address that is the host's own in some way; None for those of others."""
    own = [one for one in host.own or () if one.family == family]
    for kind, values in (
        (LOCAL, [one.value for one in own]),
        (BROADCAST, [edge for one in own for edge in broadcasts(one, family)]),
        (ANYCAST, [first for one in own for first in anycasts(one, host)]),
    ):
        if any(in_range(address, (value, value)) for value in values):
            return kind
    return None


def _kind_of_route(address: Value, routes: Sequence[model.Route]) -> Value:
    """For IPv6, a route that leads nowhere is a type of its own, and so is no route (nft_fib_ipv6.c)."""
    best = best_routes(6, bounds(address)[0], routes)
    if not best:
        return UNREACHABLE
    return UNICAST if any(route.interface for route in best) else Choice(BLACKHOLE, PROHIBIT, OTHER)


def broadcasts(own: Own, family: int) -> Sequence[int]:
    """The broadcast address of the network of an address of the host's."""
    if own.family != family or family == 6 or own.prefix > 30:
        return ()
    return (own.value | ((1 << (32 - own.prefix)) - 1),)


def anycasts(own: Own, host: Host) -> Sequence[int]:
    """A router listens to the first address of each of its networks (RFC 4291, 2.6.1)."""
    if own.family == 4 or own.prefix > 126 or host.forwarding is None or 6 not in host.forwarding:
        return ()
    return (own.value >> (128 - own.prefix) << (128 - own.prefix),)


def _reverse_path(packet: Packet, host: Host) -> Value:
    """1 where the kernel would send to the source by the interface on which the packet came."""
    family, source, iif = family_of(packet), packet.known(SADDR), packet.known(IIF)
    if iif == LOOPBACK or host.routes is None:
        return 1
    kind = None if host.own is None else _kind_of_own(family, source, host)
    if kind == BROADCAST:
        return Choice(
            0, 1, OTHER
        )  # nft_fib_ipv4.c takes the interface of the broadcast route, ipt_rpfilter.c takes none
    if kind is not None:
        return 0
    routes = _out_of(iif, host.routes) if _from_link_local(packet) else host.routes
    return int(any(interface_value(route.interface) == iif for route in best_routes(family, source, routes)))


def _out_of(interface: int, routes: Sequence[model.Route]) -> List[model.Route]:
    """What the kernel looks at for link-local and loopback addresses of IPv6 (rt6_need_strict)."""
    return [route for route in routes if interface_value(route.interface) == interface]


def best_routes(family: int, address: int, routes: Sequence[model.Route]) -> List[model.Route]:
    """The routes that the kernel may take to an address: more than one where they weigh the same."""
    found = [route for route in routes if route.family == family and route.first <= address <= route.last]
    if not found:
        return []
    best = min((route.last - route.first, route.metric) for route in found)
    return [route for route in found if (route.last - route.first, route.metric) == best]


@dataclass(frozen=True)
class Route:
    """A way after the routing decision: to ``input`` or ``forward``; ``routing`` once more, with more known; or to none of
    them, and ``why``."""

    path: str
    packet: Packet
    why: str = ""


def routed(packet: Packet, host: Host) -> Tuple[Kinds, List[Route]]:
    """The ways that the packet may go, and what decides between them."""
    kind = packet.values[DESTINATION_TYPE]
    if kind == UNREACHABLE or (isinstance(kind, Choice) and kind.first >= BLACKHOLE):
        return CERTAIN, [Route("", packet, "no route leads to its destination")]
    if isinstance(kind, Choice):
        known = [packet.with_values({DESTINATION_TYPE: value}) for value in range(kind.first, kind.last + 1)]
        return frozenset([kind.kind]), [Route("routing", way) for way in known]
    if family_of(packet) == 4 and _is_loopback(packet) and not _takes_loopback(packet, host):
        return CERTAIN, [Route("", packet, "its new destination is a loopback address, and it came from outside")]
    if kind == MULTICAST:
        return frozenset([OTHER]), [Route("input", packet), Route("", packet, "the host may not listen to that group")]
    if kind != UNICAST and not (family_of(packet) == 6 and _is_loopback(packet) and not _takes_loopback(packet, host)):
        return CERTAIN, [Route("input", packet)]
    return _forwarded(packet, host)


def _forwarded(packet: Packet, host: Host) -> Tuple[Kinds, List[Route]]:
    family = family_of(packet)
    if host.forwarding is not None and family not in host.forwarding:
        why = "it is not for this host, which does not forward IPv{0}".format(family)
        return CERTAIN, [Route("", packet, why)]
    interfaces = _output_interfaces(packet, host)
    if not interfaces:
        return CERTAIN, [Route("", packet, "no route leads to its destination")]
    ways = [_through(packet, interface) for interface in interfaces]
    kinds = frozenset([RUN_TIME if host.routes is not None else OTHER]) if len(ways) > 1 else CERTAIN
    if host.forwarding is None:
        return kinds | {OTHER}, ways + [Route("", packet, "the host may not forward IPv{0}".format(family))]
    return kinds, ways


def _through(packet: Packet, interface: Value) -> Route:
    if interface != packet.values[IIF] and _from_link_local(packet):
        return Route("", packet, "what comes from a link-local address stays on its link (RFC 4291, 2.5.6)")
    return Route("forward", packet.with_values({OIF: interface}))


def _output_interfaces(packet: Packet, host: Host) -> List[Value]:
    """The routes are those of one piece of a choice: no border of any lies inside of it (see `_told_apart`)."""
    iif = packet.known(IIF)
    if host.routes is None:
        anywhere = Choice(1, TOP[OIF], OTHER)
        return pieces(anywhere, (iif, iif + 1)) if _from_link_local(packet) else [anywhere]
    family, address = family_of(packet), packet.values[DADDR]
    strict = family == 6 and (_is_loopback(packet) or in_range(address, LINK_LOCAL))
    routes = best_routes(family, bounds(address)[0], _out_of(iif, host.routes) if strict else host.routes)
    return [interface_value(name) for name in sorted({route.interface for route in routes}) if name]


def _takes_loopback(packet: Packet, host: Host) -> bool:
    iif = packet.known(IIF)
    if iif == LOOPBACK:
        return True
    return family_of(packet) == 4 and iif in [interface_value(name) for name in host.route_localnet]
