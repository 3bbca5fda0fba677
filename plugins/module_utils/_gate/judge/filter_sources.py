# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sources from which nobody connects, whatever the rules say of them, or which need no rules to."""

from __future__ import annotations

from typing import Iterable, Iterator

from ..packetfilter.addresses import ADDRESS_TOP, range_of
from ..packetfilter.diagram import Space
from ..packetfilter.evaluate import Acceptance
from ..packetfilter.intervals import normal
from ..packetfilter.model import DADDR, FAMILY, IIF, SADDR, Box, Host, Own, interface_value

#: From these no client connects, since the kernel lets none of them in from outside, or nobody has them (240.0.0.0/4): that they
#: are closed is no matter of reachability.
_NEVER_ARRIVE = ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "::ffff:0:0/96", "ff00::/8")
#: Of these, what the kernel drops itself (ip_route_input_slow, ip6_rcv_core): that rules accept them opens nothing.
_DROPPED = ("224.0.0.0/4", "::1/128", "ff00::/8")
_LOOPBACK = "127.0.0.0/8"
#: Not reached by the Internet (RFC 1918, 6598, 3927, 2544, 4193; 192.0.0.0/24: RFC 6890).
_PRIVATE = (
    "10.0.0.0/8",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "fc00::/7",
)


def source_box(cidr: str) -> Box:
    family, first, last = range_of(cidr)
    return {FAMILY: ((family, family),), SADDR: ((first, last),)}


def source_boxes(networks: Iterable[str]) -> list[Box]:
    """The packets from any of the networks: a box for each family that these are of."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for cidr in networks:
        family, first, last = range_of(cidr)
        spans.setdefault(family, []).append((first, last))
    return [{FAMILY: ((family, family),), SADDR: normal(some)} for family, some in spans.items()]


def holds_a_whole_network(space: Space, sources: Iterable[str], clients: int, banned: int) -> bool:
    """Whether all clients of one of a service's sources are banned."""
    wanted = (space.intersect(clients, space.box(source_box(cidr))) for cidr in sources)
    return any(each != space.empty and space.is_subset(each, banned) for each in wanted)


def from_clients(space: Space) -> int:
    """The packets whose source a client can have."""
    return space.complement(space.boxes(source_boxes(_NEVER_ARRIVE)))


def dropped_by_kernel(space: Space, host: Host) -> int:
    """The packets that the kernel drops for their source before rules of the input hook see them. 127.0.0.0/8 comes in where
    it is routed as other addresses are."""
    routed = [space.box({IIF: ((value, value),)}) for value in map(interface_value, sorted(host.route_localnet))]
    loopback = space.minus(space.box(source_box(_LOOPBACK)), space.union_all(routed))
    return space.union(loopback, space.boxes(source_boxes(_DROPPED)))


def private_from_afar(space: Space, host: Host) -> int:
    """The packets from private networks to addresses that are not private, where no route but the default one leads back. None
    where the routes are not known."""
    if host.routes is None:
        return space.empty
    private = source_boxes(_PRIVATE)
    to_private: list[Box] = [{FAMILY: box[FAMILY], DADDR: box[SADDR]} for box in private]
    near: list[Box] = [
        {FAMILY: ((family, family),), SADDR: ((first, last),)} for family, first, last in _networks_of(host)
    ]
    return space.minus(space.boxes(private), space.boxes([*to_private, *near]))


def _networks_of(host: Host) -> Iterator[tuple[int, int, int]]:
    """The networks that the host is in, or has a route of its own to: family, first, last."""
    for mine in host.own or ():
        yield (mine.family, *_network(mine))
    for route in host.routes or ():
        if (route.first, route.last) != (0, ADDRESS_TOP[route.family]):
            yield route.family, route.first, route.last


def _network(mine: Own) -> tuple[int, int]:
    others = (1 << max((32 if mine.family == 4 else 128) - mine.prefix, 0)) - 1
    return mine.value & ~others, mine.value | others


def round_trips(acceptance: Acceptance, host: Host) -> int:
    """The packets that NAT sends back into the network that they come from: who sends them is beside that destination and gets
    there without this host. So it is where Podman publishes on the loopback only: other containers of the network get in."""
    space = acceptance.space
    found = space.empty
    for delivery in acceptance.deliveries:
        if delivery.path == "forward" and delivery.to_address is not None:
            beside = space.boxes(_beside(*delivery.to_address, delivery.interface, host.own or ()))
            found = space.union(found, space.intersect(delivery.node, beside))
    return found


def _beside(family: int, address: int, interface: str, own: Iterable[Own]) -> Iterator[Box]:
    """The packets from the networks of an interface that the address is in."""
    for mine in own:
        if (mine.family, mine.interface) == (family, interface):
            first, last = _network(mine)
            if first <= address <= last:
                value = interface_value(interface)
                yield {FAMILY: ((family, family),), IIF: ((value, value),), SADDR: ((first, last),)}
