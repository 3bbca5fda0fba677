# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a packet goes after prerouting: the cases in which it is known what the rules see from then on (see ways.py)."""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterator, List, Optional, Sequence, Tuple

from ..dataclass import replace
from .diagram import EMPTY, Space
from .intervals import normal
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
from .ways import (
    FORWARD,
    INPUT,
    NO_ADDRESSES_KNOWN,
    NO_FORWARDING_KNOWN,
    NO_ROUTES_KNOWN,
    NOT_FOLLOWED,
    NOT_ON_LINKS,
    NOT_TRANSLATED,
    NOWHERE,
    REFUSED,
    Leg,
    Way,
    blocks,
    bound,
    chosen,
    moves,
    names,
    one_value,
    port_pieces,
    seeing,
)

_WITH_PORTS = normal((number, number) for number in PORT_PROTOCOLS.values())
_MOST_PIECES = 1024

#: For IPv6, the type of a destination behind a route that leads nowhere (nft_fib_ipv6.c): RTN_BLACKHOLE, RTN_UNREACHABLE or
#: RTN_PROHIBIT. For IPv4 it is unicast.
_LEADING_NOWHERE = (6, 8)


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
                assumed = self.routing.host.own is None and hop.kind in (ASSUMED_OWN, LOOPBACK)
                if assumed:
                    ways = (self._local(),)
                box: Box = {FAMILY: ((family, family),), DADDR: (hop.interval(family),)}
                boxes.setdefault((ways, family == 4 and hop.kind == LOOPBACK and not assumed), []).append(box)
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
        if hop.kind == NO_ROUTE and family == 6:
            return [Way(NOWHERE, ((DESTINATION_TYPE, Pick((_LEADING_NOWHERE,))),))]
        if hop.kind == LOOPBACK:
            return [Way(NOWHERE, ((DESTINATION_TYPE, pick(LOCAL)),))]
        if hop.kind == NO_ROUTE or (host.forwarding is not None and family not in host.forwarding):
            return [Way(NOWHERE, ((DESTINATION_TYPE, pick(UNICAST)),))]
        unknown = host.forwarding is None
        because: Tuple[str, ...] = (NO_FORWARDING_KNOWN,) if unknown else ()
        kind = (DESTINATION_TYPE, pick(UNICAST))
        if not hop.interfaces:
            picks = ((OIF, Pick(names(host.interfaces))), kind)
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
        names = {way.interface for way in leg.ways if way.interface}
        if any(way.path == FORWARD and way.interface is None for way in leg.ways):
            names.update(self.routing.host.interfaces or ())
        for name in sorted(names) if inside != EMPTY else ():
            here = space.intersect(inside, space.box({IIF: interface(name)}))
            inside = space.minus(inside, here)
            yield Leg(here, tuple(each for way in leg.ways for each in bound(way, name)))
        yield Leg(inside, tuple(each for way in leg.ways for each in bound(way, "")))

    # With NAT

    def with_nat(self, nat: Nat, region: int) -> List[Leg]:
        """``region``: the packets, as clients send them, for which this NAT was set up."""
        legs: List[Leg] = []
        for family in (4, 6):
            mine = self.space.intersect(region, self.space.box({FAMILY: ((family, family),)}))
            mine = self.space.intersect(mine, self.asked)
            if mine != EMPTY:
                pieces = self._pieces(nat, family, mine)
                if pieces > _MOST_PIECES:
                    legs.append(Leg(mine, (Way(NOT_FOLLOWED, because=(NOT_TRANSLATED,), dnat=1),)))
                    continue
                for at_address in self._addressed(nat, family, mine):
                    legs.extend(self._ported(nat, at_address))
        return [bound for leg in legs for bound in self._on_link(leg) if bound.region != EMPTY]

    def _pieces(self, nat: Nat, family: int, region: int) -> int:
        """Into how many pieces a network map and a port map cut the region."""
        pieces = 1
        if nat.netmap and nat.addresses is not None:
            size = (nat.addresses[0] ^ nat.addresses[1]) + 1
            spans = self.space.values(region, DADDR)
            pieces *= sum((min(high, ADDRESS_TOP[family]) - low) // size + 2 for low, high in spans)
        if nat.ports is not None and nat.old_first_port is not None:
            size = nat.ports[1] - nat.ports[0] + 1
            pieces *= sum((high - low) // size + 2 for low, high in self.space.values(region, DPORT))
        return pieces

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
            local.extend(seeing(way, seen, family) for way in here)
        if family == 6 or not any(hop.kind == LOOPBACK for hop in hops):
            yield Leg(region, chosen(ways))
            return
        inputs = self.space.box({IIF: self.routing.inputs_for_loopback()})
        yield Leg(self.space.minus(region, inputs), chosen(ways))
        yield Leg(self.space.intersect(region, inputs), chosen(local))

    def _nat_ways(self, family: int, hop: Hop, seen: Optional[Tuple[int, Pick]]) -> List[Way]:
        ways = self._ways(family, hop)
        if hop.kind == MULTICAST:
            ways = [Way(NOT_FOLLOWED, because=(NOT_TRANSLATED,))]
        elif hop.kind == ASSUMED_OWN:
            because = (NO_ADDRESSES_KNOWN,)
            forwarded = self._ways(family, self.routing.if_not_own(family, hop))
            ways = [replace(way, because=because + way.because) for way in [self._local(), *forwarded]]
        return [seeing(way, seen, family) for way in ways]

    def _redirected(self, family: int, region: int) -> Iterator[Leg]:
        """To the first address of the interface on which the packet arrived, of the same scope as the old one."""
        own = self.routing.host.own
        anything = (DADDR, Pick(((0, TOP[DADDR]),)))
        if own is None:
            yield Leg(region, (replace(seeing(self._local(), anything, 0), because=(NO_ADDRESSES_KNOWN,)),))
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
        anywhere = replace(seeing(self._local(), anything, 0), because=(NO_ADDRESSES_KNOWN,))
        yield Leg(self.space.minus(region, self.space.box({IIF: normal(known)})), (anywhere,))

    def _to_first(self, region: int, addresses: Sequence[Own]) -> Leg:
        """Where the interface has no address, the kernel drops what is redirected (nf_nat_redirect.c)."""
        if not addresses:
            return Leg(region, (Way(REFUSED),))
        value = addresses[0].value
        return Leg(region, (seeing(self._local(), (DADDR, pick(value)), addresses[0].family),))

    def _netmapped(self, target: Tuple[int, int], family: int, region: int) -> Iterator[Leg]:
        """The bits in which the ends of the range differ stay as they were sent (nf_nat's NF_NAT_RANGE_NETMAP)."""
        first, last = target
        host_bits = first ^ last
        sent = tuple((low, min(high, ADDRESS_TOP[family])) for low, high in self.space.values(region, DADDR))
        if host_bits & (host_bits + 1):
            yield Leg(region, (Way(NOT_FOLLOWED, because=(NOT_TRANSLATED,), dnat=1),))
            return
        for low, high in blocks(sent, host_bits + 1):
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
            yield from self._status(Leg(rest, tuple(seeing(way, seen, way.family) for way in leg.ways)))
            return
        for low, high, new in port_pieces(self.space.values(region, DPORT), nat.ports, nat.old_first_port):
            here = self.space.intersect(region, self.space.box({DPORT: ((low, high),)}))
            shift = (DPORT, Shift(low, high, new))
            ways = tuple(replace(way, shifts=way.shifts + (shift,)) for way in leg.ways)
            yield from self._status(Leg(here, ways))

    def _status(self, leg: Leg) -> Iterator[Leg]:
        """Conntrack's status is "dnat" only where NAT changed something."""
        if leg.region == EMPTY:
            return
        if not any(moves(way) for way in leg.ways):
            as_sent = self.routing.host.own is None and any(way.path in (INPUT, FORWARD) for way in leg.ways)
            yield Leg(leg.region, (self._local(),)) if as_sent else leg
            return
        unchanged = self.space.union_all(self._unchanged(leg.region, way) for way in leg.ways)
        yield Leg(self.space.minus(leg.region, unchanged), tuple(replace(way, dnat=1) for way in leg.ways))
        if unchanged == EMPTY:
            return
        if self.routing.host.own is None and all(map(one_value, leg.ways)):
            yield Leg(unchanged, (self._local(),))
            return
        if len(leg.ways) == 1 and one_value(leg.ways[0]):
            yield Leg(unchanged, leg.ways)
            return
        both = [
            each for way in leg.ways for each in (replace(way, dnat=1), replace(way, dnat=0, run_time=not way.because))
        ]
        yield Leg(unchanged, tuple(both))

    def _unchanged(self, region: int, way: Way) -> int:
        """The packets that already go where the way leads, or may."""
        if way.path in (NOT_FOLLOWED, REFUSED) or not way.translates:
            return EMPTY
        box: Dict[int, Intervals] = {dim: choice.values for dim, choice in way.picks if dim in (DADDR, DPORT)}
        for dim, shift in way.shifts:
            if shift.first != shift.new:
                return EMPTY
            box[dim] = ((shift.first, shift.last),)
        return self.space.intersect(region, self.space.box(box))
