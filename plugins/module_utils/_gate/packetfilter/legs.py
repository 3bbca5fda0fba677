# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a packet goes after prerouting: the cases in which it is known what the rules see from then on.

A `Leg` is a region of what clients send, with the ways that its packets may take. A `Way` says what the later stages see:
the destination (as it was sent, or what NAT made of it), the output interface, the type of the destination.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, FrozenSet, Iterator, List, Optional, Sequence, Tuple

from .diagram import EMPTY, Space
from .intervals import complement, normal
from .model import (
    BROADCAST,
    DADDR,
    DESTINATION_TYPE,
    DPORT,
    FAMILY,
    IIF,
    LOCAL,
    MULTICAST,
    NO_INTERFACE,
    OIF,
    PORT_PROTOCOLS,
    PROTOCOL,
    SADDR,
    TOP,
    UNICAST,
    Box,
    Intervals,
    Nat,
    Own,
    interface_value,
)
from .routing import (
    ADDRESS_TOP,
    ANYCAST,
    ASSUMED_OWN,
    LINK,
    LINK_LOCAL,
    LOOPBACK,
    NO_ROUTE,
    Hop,
    Routing,
    interface,
)
from .substitute import Pick, Shift, pick

INPUT = "input"
FORWARD = "forward"
NOWHERE = ""  # the kernel drops it, or has no route
NOT_FOLLOWED = "?"

_WITH_PORTS = normal((number, number) for number in PORT_PROTOCOLS.values())
_MOST_PIECES = 4096

NO_FORWARDING_KNOWN = "whether the host forwards is not known"
NO_ADDRESSES_KNOWN = "the host's addresses are not known"
NO_ROUTES_KNOWN = "the host's routes are not known"
NOT_ON_LINKS = "by which link a link-local address is reached is not known"
NOT_TRANSLATED = "destination NAT to an address that is not followed"


@dataclass(frozen=True)
class Way:
    """``picks``, ``shifts``: what the stages see, see `substitute.Substitution`. ``perhaps_dropped``: whether it is forwarded
    at all is not known. ``run_time``: whether the kernel chooses between this way and the ones before, packet by packet.
    ``because``: why it is not known, where it is not. ``dnat``: conntrack's status."""

    path: str
    picks: Tuple[Tuple[int, Pick], ...] = ()
    shifts: Tuple[Tuple[int, Shift], ...] = ()
    interface: Optional[str] = None
    perhaps_dropped: bool = False
    run_time: bool = False
    because: Tuple[str, ...] = ()
    dnat: int = 0
    family: int = 0

    @property
    def translates(self) -> bool:
        """Whether the packet may have another destination than the client sent it to."""
        return bool(self.shifts) or any(dim in (DADDR, DPORT) for dim, _choice in self.picks)

    def to_address(self) -> Optional[Tuple[int, int]]:
        value = self._single(DADDR)
        return None if value is None else (self.family, value)

    def to_port(self) -> Optional[int]:
        return self._single(DPORT)

    def _single(self, dim: int) -> Optional[int]:
        for at, choice in self.picks:
            if at == dim and len(choice.values) == 1 and choice.values[0][0] == choice.values[0][1]:
                return choice.values[0][0]
        return None


@dataclass(frozen=True)
class Leg:
    region: int
    ways: Tuple[Way, ...]


class Legs:
    """The routing decision. ``dimensions``: those that rules ask for; cases that no rule tells apart are one leg."""

    def __init__(self, space: Space, routing: Routing, dimensions: FrozenSet[int], asked: int) -> None:
        self.space = space
        self.routing = routing
        self.dimensions = dimensions
        self.asked = asked
        self._without_nat: Optional[List[Leg]] = None

    # Without NAT of the address

    def without_nat(self) -> List[Leg]:
        if self._without_nat is None:
            self._without_nat = list(self._as_sent())
        return self._without_nat

    def _as_sent(self) -> Iterator[Leg]:
        if self.routing.host.own is None and DESTINATION_TYPE not in self.dimensions:
            yield Leg(self.space.full, (Way(INPUT, ((OIF, pick(NO_INTERFACE)),)),))
            return
        boxes: Dict[Tuple[Tuple[Way, ...], bool], List[Box]] = {}
        for family, hops in self.routing.hops.items():
            for hop in hops:
                ways = tuple(replace(way, family=0) for way in self._ways(family, hop))
                if hop.kind == ASSUMED_OWN:
                    ways = (self._local(),)
                box: Box = {FAMILY: ((family, family),), DADDR: (hop.interval(family),)}
                boxes.setdefault((ways, family == 4 and hop.kind == LOOPBACK), []).append(box)
        local = self.space.box({IIF: self.routing.inputs_for_loopback()})
        for (ways, loopback), some in boxes.items():
            region = self.space.intersect(self.space.boxes(some), self.asked)
            if loopback:
                yield Leg(self.space.intersect(region, local), (self._local(),))
                region = self.space.minus(region, local)
            if region != EMPTY:
                yield from self._on_link(Leg(region, ways))

    def _local(self, kind: int = LOCAL) -> Way:
        return Way(INPUT, ((OIF, pick(NO_INTERFACE)), (DESTINATION_TYPE, pick(kind))))

    def _ways(self, family: int, hop: Hop) -> List[Way]:
        """Where the routing decision sends packets to addresses of the hop."""
        host = self.routing.host
        if hop.kind in (LOCAL, BROADCAST, MULTICAST, ANYCAST):
            return [self._local(hop.kind)]
        if hop.kind in (ASSUMED_OWN, LINK):
            why = NO_ADDRESSES_KNOWN if hop.kind == ASSUMED_OWN else NOT_ON_LINKS
            return [replace(self._local(), path=NOT_FOLLOWED, because=(why,))]
        if hop.kind in (NO_ROUTE, LOOPBACK) or (host.forwarding is not None and family not in host.forwarding):
            return [Way(NOWHERE)]
        unknown = host.forwarding is None
        because: Tuple[str, ...] = (NO_FORWARDING_KNOWN,) if unknown else ()
        kind = (DESTINATION_TYPE, pick(UNICAST))
        if not hop.interfaces:
            picks = ((OIF, Pick(_names(host.interfaces))), kind)
            return [Way(FORWARD, picks, (), None, unknown, because=because + (NO_ROUTES_KNOWN,), family=family)]
        return [
            Way(FORWARD, ((OIF, pick(interface_value(name))), kind), (), name, unknown, index > 0, because, 0, family)
            for index, name in enumerate(hop.interfaces)
        ]

    def _on_link(self, leg: Leg) -> Iterator[Leg]:
        """What comes from a link-local address is not forwarded to another link (RFC 4291, 2.5.6)."""
        space = self.space
        inside = EMPTY
        if any(way.path == FORWARD for way in leg.ways):
            inside = space.intersect(leg.region, space.box({FAMILY: ((6, 6),), SADDR: (LINK_LOCAL,)}))
        yield Leg(space.minus(leg.region, inside), leg.ways)
        for name in sorted({way.interface for way in leg.ways if way.interface} if inside != EMPTY else ()):
            here = space.intersect(inside, space.box({IIF: interface(name)}))
            inside = space.minus(inside, here)
            yield Leg(here, tuple(each for way in leg.ways for each in _bound(way, name)))
        yield Leg(inside, tuple(each for way in leg.ways for each in _bound(way, "")))

    # With NAT

    def with_nat(self, nat: Nat, region: int) -> List[Leg]:
        """``region``: the packets, as clients send them, for which this NAT was set up."""
        legs: List[Leg] = []
        for family in (4, 6):
            mine = self.space.intersect(region, self.space.box({FAMILY: ((family, family),)}))
            mine = self.space.intersect(mine, self.asked)
            if mine != EMPTY:
                for at_address in self._addressed(nat, family, mine):
                    legs.extend(self._ported(nat, at_address))
        return [bound for leg in legs for bound in self._on_link(leg) if bound.region != EMPTY]

    def _addressed(self, nat: Nat, family: int, region: int) -> Iterator[Leg]:
        if nat.local:
            yield from self._redirected(family, region)
        elif nat.addresses is None:
            for leg in self.without_nat():
                yield Leg(self.space.intersect(region, leg.region), tuple(replace(w, family=0) for w in leg.ways))
        elif nat.netmap:
            yield from self._netmapped(nat.addresses, family, region)
        else:
            yield from self._to_addresses(family, region, nat.addresses)

    def _to_addresses(self, family: int, region: int, target: Tuple[int, int]) -> Iterator[Leg]:
        """The kernel chooses an address of the range for each connection."""
        hops = self.routing.between(family, *target)
        ways: List[Way] = []
        local: List[Way] = []
        for hop in hops:
            seen = (DADDR, Pick((hop.interval(family),), True))
            ways.extend(self._nat_ways(family, hop, seen))
            here = [self._local()] if hop.kind == LOOPBACK and family == 4 else self._nat_ways(family, hop, None)
            local.extend(_seeing(way, seen, family) for way in here)
        if family == 6 or not any(hop.kind == LOOPBACK for hop in hops):
            yield Leg(region, _chosen(ways))
            return
        inputs = self.space.box({IIF: self.routing.inputs_for_loopback()})
        yield Leg(self.space.minus(region, inputs), _chosen(ways))
        yield Leg(self.space.intersect(region, inputs), _chosen(local))

    def _nat_ways(self, family: int, hop: Hop, seen: Optional[Tuple[int, Pick]]) -> List[Way]:
        ways = self._ways(family, hop)
        if hop.kind == MULTICAST:
            ways = [Way(NOT_FOLLOWED, because=(NOT_TRANSLATED,))]
        elif hop.kind == ASSUMED_OWN:
            because = (NO_ADDRESSES_KNOWN,)
            forwarded = self._ways(family, self.routing.if_not_own(family, hop))
            ways = [replace(way, because=because + way.because) for way in [self._local(), *forwarded]]
        return [_seeing(way, seen, family) for way in ways]

    def _redirected(self, family: int, region: int) -> Iterator[Leg]:
        """To the first address of the interface on which the packet arrived, of the same scope as the old one."""
        own = self.routing.host.own
        anything = (DADDR, Pick(((0, TOP[DADDR]),)))
        if own is None:
            yield Leg(region, (replace(_seeing(self._local(), anything, 0), because=(NO_ADDRESSES_KNOWN,)),))
            return
        link = self.space.box({FAMILY: ((6, 6),), DADDR: (LINK_LOCAL,)})
        known: List[Tuple[int, int]] = []
        for name in dict.fromkeys([item.interface for item in own] + list(self.routing.host.interfaces or ())):
            known.extend(interface(name))
            here = self.space.intersect(region, self.space.box({IIF: interface(name)}))
            values = [item for item in own if item.family == family and item.interface == name]
            on_link = [item for item in values if item.scope == "link"]
            yield self._to_first(self.space.minus(here, link), values)
            yield self._to_first(self.space.intersect(here, link), on_link)
        anywhere = replace(_seeing(self._local(), anything, 0), because=(NO_ADDRESSES_KNOWN,))
        yield Leg(self.space.minus(region, self.space.box({IIF: normal(known)})), (anywhere,))

    def _to_first(self, region: int, addresses: Sequence[Own]) -> Leg:
        """Where the interface has no address, the kernel drops what is redirected (nf_nat_redirect.c)."""
        if not addresses:
            return Leg(region, (Way(NOWHERE),))
        value = addresses[0].value
        return Leg(region, (_seeing(self._local(), (DADDR, pick(value)), addresses[0].family),))

    def _netmapped(self, target: Tuple[int, int], family: int, region: int) -> Iterator[Leg]:
        """The bits in which the ends of the range differ stay as they were sent (nf_nat's NF_NAT_RANGE_NETMAP)."""
        first, last = target
        host_bits = first ^ last
        sent = tuple((low, min(high, ADDRESS_TOP[family])) for low, high in self.space.values(region, DADDR))
        blocks = [] if host_bits & (host_bits + 1) else _blocks(sent, host_bits + 1)
        if not blocks or len(blocks) > _MOST_PIECES:
            yield Leg(region, (Way(NOT_FOLLOWED, because=(NOT_TRANSLATED,), dnat=1),))
            return
        for low, high in blocks:
            base = low & ~host_bits
            network = first & ~host_bits
            for hop in self.routing.between(family, network + low - base, network + high - base):
                old = Hop(base + hop.first - network, base + hop.last - network, 0)
                span = old.interval(family)
                here = self.space.intersect(region, self.space.box({FAMILY: ((family, family),), DADDR: (span,)}))
                shift = (DADDR, Shift(span[0], span[1], hop.first))
                ways = self._nat_ways(family, hop, None)
                yield Leg(here, tuple(replace(way, shifts=(shift,)) for way in ways))

    def _ported(self, nat: Nat, leg: Leg) -> Iterator[Leg]:
        """The same leg, with the port that NAT gives, and with conntrack's status."""
        if nat.ports is None:
            yield from self._status(leg)
            return
        with_ports = self.space.box({PROTOCOL: _WITH_PORTS})
        yield from self._status(Leg(self.space.minus(leg.region, with_ports), leg.ways))
        region = self.space.intersect(leg.region, with_ports)
        if nat.old_first_port is None:
            # A port that already lies in the range stays (get_unique_tuple); so the legs' regions tell the rest apart.
            kept = self.space.intersect(region, self.space.box({DPORT: (nat.ports,)}))
            yield from self._status(Leg(kept, leg.ways))
            seen = (DPORT, Pick((nat.ports,), True))
            rest = self.space.minus(region, kept)
            yield from self._status(Leg(rest, tuple(_seeing(way, seen, way.family) for way in leg.ways)))
            return
        for low, high, new in _port_pieces(self.space.values(region, DPORT), nat.ports, nat.old_first_port):
            here = self.space.intersect(region, self.space.box({DPORT: ((low, high),)}))
            shift = (DPORT, Shift(low, high, new))
            ways = tuple(replace(way, shifts=way.shifts + (shift,)) for way in leg.ways)
            yield from self._status(Leg(here, ways))

    def _status(self, leg: Leg) -> Iterator[Leg]:
        """Conntrack's status is "dnat" only where NAT changed something."""
        if leg.region == EMPTY:
            return
        if not any(_moves(way) for way in leg.ways):
            as_sent = self.routing.host.own is None and any(way.path in (INPUT, FORWARD) for way in leg.ways)
            yield Leg(leg.region, (self._local(),)) if as_sent else leg
            return
        unchanged = self.space.union_all(self._unchanged(leg.region, way) for way in leg.ways)
        yield Leg(self.space.minus(leg.region, unchanged), tuple(replace(way, dnat=1) for way in leg.ways))
        if unchanged == EMPTY:
            return
        if self.routing.host.own is None and all(map(_one_value, leg.ways)):
            yield Leg(unchanged, (self._local(),))
            return
        if len(leg.ways) == 1 and _one_value(leg.ways[0]):
            yield Leg(unchanged, leg.ways)
            return
        both = [
            each for way in leg.ways for each in (replace(way, dnat=1), replace(way, dnat=0, run_time=not way.because))
        ]
        yield Leg(unchanged, tuple(both))

    def _unchanged(self, region: int, way: Way) -> int:
        """The packets that already go where the way leads, or may."""
        if way.path in (NOWHERE, NOT_FOLLOWED):
            return EMPTY
        box: Dict[int, Intervals] = {dim: choice.values for dim, choice in way.picks if dim in (DADDR, DPORT)}
        for dim, shift in way.shifts:
            if shift.first != shift.new:
                return EMPTY
            box[dim] = ((shift.first, shift.last),)
        return self.space.intersect(region, self.space.box(box))


def _seeing(way: Way, seen: Optional[Tuple[int, Pick]], family: int) -> Way:
    return way if seen is None else replace(way, picks=way.picks + (seen,), family=family)


def _chosen(ways: Sequence[Way]) -> Tuple[Way, ...]:
    """The kernel chooses one of the ways for each packet, unless it is not known at all which there are."""
    known = not any(way.because for way in ways)
    return tuple(replace(way, run_time=known and index > 0) for index, way in enumerate(ways))


def _bound(way: Way, name: str) -> Tuple[Way, ...]:
    """The way for packets that may leave by the interface of this name alone."""
    if way.path != FORWARD or way.interface == name:
        return (way,)
    if way.interface is None:
        return way, Way(NOWHERE, because=(NOT_ON_LINKS,))
    return (Way(NOWHERE, run_time=way.run_time),)


def _moves(way: Way) -> bool:
    """Whether the packet may leave with another destination than it came with."""
    return any(dim in (DADDR, DPORT) for dim, _choice in way.picks) or any(s.first != s.new for _dim, s in way.shifts)


def _one_value(way: Way) -> bool:
    return all(
        len(choice.values) == 1 and choice.values[0][0] == choice.values[0][1]
        for dim, choice in way.picks
        if dim in (DADDR, DPORT)
    )


def _names(interfaces: Optional[Sequence[str]]) -> Intervals:
    if interfaces is None:
        return complement(((NO_INTERFACE, NO_INTERFACE),), TOP[OIF])
    return normal(span for name in interfaces for span in interface(name))


def _blocks(intervals: Intervals, size: int) -> List[Tuple[int, int]]:
    """The intervals, cut at multiples of ``size``; one more than can be handled at the most."""
    result: List[Tuple[int, int]] = []
    for low, high in intervals:
        while low <= high and len(result) <= _MOST_PIECES:
            end = min(high, low | (size - 1))
            result.append((low, end))
            low = end + 1
    return result


def _port_pieces(sent: Intervals, ports: Tuple[int, int], base: int) -> Iterator[Tuple[int, int, int]]:
    """(first, last, what becomes of first) of a port map, which begins again where it ends (nf_nat_l4proto_unique_tuple)."""
    size = ports[1] - ports[0] + 1
    for low, high in sent:
        while low <= high:
            offset = ((low - base) & 0xFFFF) % size
            end = min(high, low + size - 1 - offset, base - 1 if low < base else 0xFFFF)
            yield low, end, ports[0] + offset
            low = end + 1
