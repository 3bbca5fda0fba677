# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What destination NAT makes of a packet (net/netfilter/nf_nat_core.c, nf_nat_redirect.c)."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Optional, Tuple

from ..model import (
    CT_DNAT,
    DADDR,
    DESTINATION_TYPE,
    DPORT,
    IIF,
    IPV4_TOP,
    LOCAL,
    PORT_PROTOCOLS,
    PROTOCOL,
    TOP,
    Host,
    Nat,
    interface_value,
)
from .packet import CERTAIN, OTHER, RUN_TIME, Choice, Kinds, Packet, Value, choice, pieces
from .routes import LINK_LOCAL, LOOPBACK_NETWORK, MULTICAST_NETWORK, anycasts, broadcasts, family_of, in_range, type_of


def translated(packet: Packet, nat: Nat, host: Host) -> Tuple[Kinds, List[Packet]]:
    """What destination NAT may make of the packet, and what decides; nothing where the kernel drops it (a redirect on an
    interface without an address, nf_nat_redirect.c)."""
    packet = replace(packet, translated=True)
    address, port = _new_address(packet, nat, host), _new_port(packet, nat)
    if address is None:
        return CERTAIN, []
    if (address, port) == (packet.values[DADDR], packet.values[DPORT]):
        return CERTAIN, [packet]
    changed = packet.with_values({DADDR: address, DPORT: port, CT_DNAT: 1})
    if nat.local:
        return CERTAIN, [changed.with_values({DESTINATION_TYPE: LOCAL})]
    pieces_of_it = [changed.with_values({DADDR: piece}) for piece in _told_apart(address, family_of(packet), host)]
    result = [piece.with_values({DESTINATION_TYPE: type_of(piece, host)}) for piece in pieces_of_it]
    return frozenset([address.kind]) if isinstance(address, Choice) else CERTAIN, result


def _new_address(packet: Packet, nat: Nat, host: Host) -> Optional[Value]:
    old = packet.values[DADDR]
    if nat.local:
        return _redirected_address(packet, host)
    if nat.addresses is None:
        return old
    first, last = nat.addresses
    if nat.netmap:
        host_bits = first ^ last
        return (packet.known(DADDR) & host_bits) | (first & ~host_bits)
    return choice(first, last, RUN_TIME)


def _redirected_address(packet: Packet, host: Host) -> Optional[Value]:
    """The first address of the input interface that has the scope of the destination (nf_nat_redirect.c)."""
    family, iif = family_of(packet), packet.known(IIF)
    on_it = [own for own in host.own or () if own.family == family and interface_value(own.interface) == iif]
    known = host.interfaces is not None and iif in [interface_value(name) for name in host.interfaces]
    if host.own is None or (not on_it and not known):
        return Choice(0, IPV4_TOP if family == 4 else TOP[DADDR], OTHER)
    if family == 6 and in_range(packet.values[DADDR], LINK_LOCAL):
        on_it = [own for own in on_it if own.scope == "link"]
    return on_it[0].value if on_it else None


def _new_port(packet: Packet, nat: Nat) -> Value:
    old = packet.known(DPORT)
    if nat.ports is None or packet.values[PROTOCOL] not in PORT_PROTOCOLS.values():
        return old
    first, last = nat.ports
    if nat.old_first_port is not None:
        return first + ((old - nat.old_first_port) & 0xFFFF) % (last - first + 1)
    if first <= old <= last:
        return old
    return choice(first, last, RUN_TIME)


def _told_apart(address: Value, family: int, host: Host) -> List[Value]:
    """The address in pieces none of which is partly the host's own, multicast, or behind another route."""
    if not isinstance(address, Choice):
        return [address]
    spans = [LOOPBACK_NETWORK[family], MULTICAST_NETWORK[family], (IPV4_TOP, IPV4_TOP)]
    spans += [(own.value, own.value) for own in host.own or () if own.family == family]
    spans += [(edge, edge) for own in host.own or () for edge in broadcasts(own, family)]
    spans += [(first, first) for own in host.own or () for first in (anycasts(own, host) if family == 6 else ())]
    spans += [LINK_LOCAL] if family == 6 else []
    spans += [(route.first, route.last) for route in host.routes or () if route.family == family]
    return pieces(address, [start for first, last in spans for start in (first, last + 1)])
