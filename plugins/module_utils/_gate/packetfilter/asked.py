# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packets the look asks about, which of those clients send, and which addresses and interfaces that hangs on."""

from __future__ import annotations

import ipaddress
import re
from typing import Collection, List, Optional, Sequence, Set, Tuple

from ..dataclass import dataclass, replace
from ..errors import IntentError
from .addresses import ADDRESS_TOP, interface_ranges, question
from .diagram import Space
from .intervals import minus, normal
from .live import HostFacts, IpAddress
from .model import DADDR, FAMILY, IIF, SADDR, Box, Host, Own, interface_value
from .routing import LINK_LOCAL, Routing

FAMILIES = {"ipv4": 4, "ipv6": 6}
#: What the kernel takes for a name, less the ends by which iptables and nft say "any that begins so".
_INTERFACE = re.compile(r"(?!\.{1,2}$)[^/:\s]{0,14}[^/:\s+*]")
_LOOPBACK = "lo"


@dataclass(frozen=True)
class Asked:
    """``families``: 4, 6. ``named``: the interfaces that were asked for by name, () for all but lo. ``arrivals``: those on which
    clients arrive, () where any may. ``receiving``: all that are known to receive, without ports of bridges. ``own``: the
    host's addresses that are asked about; ``promised``: those of them that clients are given. Families without any there are
    asked about with any unicast destination."""

    families: Tuple[int, ...]
    named: Tuple[str, ...]
    arrivals: Tuple[str, ...]
    receiving: Tuple[str, ...]
    own: Tuple[IpAddress, ...]
    promised: Tuple[IpAddress, ...]

    def elsewhere(self) -> Set[int]:
        """The families of which no address of the host's is known: any counts as its own."""
        return set(self.families) - {address.version for address in self.own}

    def whole(self, space: Space, host: Host) -> int:
        named = self.named or None
        return space.union_all(
            (
                question(space, self.elsewhere(), named),
                question(space, self.families, named, self.own),
                _loopback(space, host, self.families, self.named or self.receiving),
            )
        )

    def of_clients(self, space: Space, host: Host) -> int:
        """What clients are promised to get through, where the services say so."""
        arrivals = self.arrivals or None
        sent = space.union(
            question(space, self.elsewhere(), arrivals), question(space, self.families, arrivals, self.promised)
        )
        return space.minus(sent, astray(space, host))


def check_interfaces(names: Sequence[str]) -> None:
    """:raises IntentError: for what is no name, and for lo."""
    for name in names:
        if not _INTERFACE.fullmatch(name):
            raise IntentError("interfaces", name, "the whole name of an interface, such as eth0")
        if name == _LOOPBACK:
            raise IntentError("interfaces", name, "an interface on which clients arrive: lo is no part of the question")


def checked_address(text: str) -> IpAddress:
    """:raises IntentError: for what is no address, or none to which a client sends."""
    address = text.split("%", maxsplit=1)[0]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise IntentError("addresses", text, "an IPv4 or IPv6 address") from None
    if parsed.is_loopback or parsed.is_multicast or parsed.is_unspecified or getattr(parsed, "ipv4_mapped", None):
        raise IntentError("addresses", text, "an address of the host that clients can send to")
    return parsed


def asked_of_any_host(given: Sequence[IpAddress], names: Sequence[str], families: Collection[int]) -> Asked:
    """Rules for a host of which nothing is known but the given addresses."""
    asked = tuple(sorted(families or FAMILIES.values()))
    return Asked(asked, tuple(names), tuple(names), tuple(names), tuple(given), tuple(given))


def asked_of_this_host(
    facts: HostFacts, given: Sequence[IpAddress], names: Sequence[str], families: Collection[int]
) -> Asked:
    """:param given: addresses to ask about instead of the host's own of the same family; it need not have them.
    :param families: those asked for; without any, those that the host has addresses of.

    :raises IntentError: for an interface that the host has not, or that receives nothing.
    """
    receiving = [name for name in facts.interfaces if name not in facts.ports]
    for name in names:
        if name not in receiving:
            why = ", and not a port of a bridge or bond, which receives for it" if name in facts.ports else ""
            raise IntentError("interfaces", name, "an interface of this host{0}: {1}".format(why, ", ".join(receiving)))
    inner = inner_bridges(facts)
    instead = {address.version for address in given}
    own = [*given, *(address for address in facts.reachable_addresses() if address.version not in instead)]
    offered = [*given, *(address for address in facts.offered_addresses(inner) if address.version not in instead)]
    present = {address.version for address in [*given, *facts.reachable_addresses()]}
    arrivals = list(names) or [name for name in receiving if name != _LOOPBACK and name not in inner]
    asked = tuple(sorted(families or present or FAMILIES.values()))
    return Asked(asked, tuple(names), tuple(arrivals), tuple(receiving), tuple(own), tuple(offered))


def inner_bridges(facts: HostFacts) -> Set[str]:
    """Bridges that lead to this host's own containers and virtual machines: others have a default route, and no port of
    theirs leads out of the machine. Docker publishes a port to all but these."""
    upstream = _upstream(facts.host)
    return set(facts.virtual_bridges) - upstream if upstream else set()


def with_own(host: Host, given: Sequence[IpAddress]) -> Host:
    """The host with the given addresses too."""
    if not given:
        return host
    present = {(item.family, item.value) for item in host.own or ()}
    more = [
        Own(address.version, int(address), "") for address in given if (address.version, int(address)) not in present
    ]
    return replace(host, own=(*(host.own or ()), *more))


def not_of_this_host(facts: HostFacts, given: Sequence[IpAddress]) -> List[str]:
    """Remarks on addresses that the host has not: floating ones, which it may have later, and slips of the pen."""
    present = facts.reachable_addresses()
    return [
        "{0} is no address of this host now: the answer is what its rules would do if it had it (option addresses)".format(
            address
        )
        for address in given
        if address not in present
    ]


def routed(space: Space, host: Host, families: Collection[int], interfaces: Sequence[str] = ()) -> int:
    """The packets to other hosts of the networks that the host is connected to, where it forwards. A network with a
    default route is where clients are, and not behind the host. Packets from a network to itself do not pass the host, and so
    none do where there is no other interface.
    """
    upstream = _upstream(host)
    boxes: List[Box] = []
    arriving = interface_ranges(interfaces or None)
    for item in host.own or ():
        width = 32 if item.family == 4 else 128
        known = host.forwarding is not None and host.routes is not None and item.family in host.forwarding
        if not known or item.family not in families or item.prefix >= width or item.scope in ("host", "link"):
            continue
        alone = host.interfaces is not None and set(host.interfaces) <= {_LOOPBACK, item.interface}
        if item.interface in upstream or alone:
            continue
        size = 1 << (width - item.prefix)
        first = item.value & ~(size - 1)
        mine = normal((own.value, own.value) for own in host.own or () if own.family == item.family)
        edges = normal([(first, first), (first + size - 1, first + size - 1)] if item.family == 4 else [(first, first)])
        others = minus(minus(((first, first + size - 1),), mine), edges)
        value = interface_value(item.interface)
        boxes.append(
            {
                FAMILY: ((item.family, item.family),),
                IIF: minus(arriving, ((value, value),)),
                DADDR: others,
            }
        )
    return space.boxes(boxes)


def _upstream(host: Host) -> Set[str]:
    """The interfaces with a default route."""
    return {
        route.interface for route in host.routes or () if (route.first, route.last) == (0, ADDRESS_TOP[route.family])
    }


def astray(space: Space, host: Host) -> int:
    """What no client sends: packets from the host's own addresses, from networks that are behind another interface than the
    one on which they arrive, and to global addresses from link-local ones. Firewalld's and other filters of the reverse path
    drop the former, and the kernel forwards no link-local sources to a container. A source without any route may be a client,
    and so may one to which a route of a worse metric leads out there: answers take the better one.
    """
    if host.own is None or host.routes is None:
        return space.empty
    link_local: Box = {FAMILY: ((6, 6),), SADDR: (LINK_LOCAL,)}
    alike = replace(host, routes=tuple(replace(route, metric=0) for route in host.routes))
    routing = Routing(alike)
    ways = routing.sources_by_interface()
    nobodys = [(item.family, item.value) for item in host.own]
    broadcasts = [(family, edge) for family in (4, 6) for edge in routing.edges(family)]  # in IPv6 anycast
    own: List[Box] = [{FAMILY: ((family, family),), SADDR: ((value, value),)} for family, value in nobodys + broadcasts]
    known: List[Box] = [{FAMILY: box[FAMILY], SADDR: box[SADDR]} for box in ways if SADDR in box]
    return space.union(space.box(link_local), space.minus(space.boxes([*own, *known]), space.boxes(ways)))


def _loopback(space: Space, host: Host, families: Collection[int], interfaces: Sequence[str]) -> int:
    """The packets to 127.0.0.0/8, on interfaces from which the kernel takes them (CVE-2020-8558)."""
    names: Optional[List[str]] = [name for name in interfaces if name in host.route_localnet and name != _LOOPBACK]
    return question(space, {4} & set(families), names, ["127.0.0.0/8"]) if names else space.empty
