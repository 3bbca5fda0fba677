# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways that a packet may take after the routing decision.

A `Leg` is a region of what clients send, with the ways that its packets may take. A `Way` says what the later stages see:
the destination (as it was sent, or what NAT made of it), the output interface, the type of the destination.
"""

from __future__ import annotations

from typing import Iterator, List, Optional, Sequence, Tuple

from ..dataclass import dataclass, replace
from .intervals import complement, normal
from .model import DADDR, DPORT, NO_INTERFACE, OIF, TOP, Intervals, interface_value
from .routing import interface
from .substitute import Pick, Shift, pick

INPUT = "input"
FORWARD = "forward"
NOWHERE = ""  # the routing decision drops it
REFUSED = "!"  # NAT drops it
NOT_FOLLOWED = "?"

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
        return None if value is None or not self.family else (self.family, value)

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


def seeing(way: Way, seen: Optional[Tuple[int, Pick]], family: int) -> Way:
    return way if seen is None else replace(way, picks=way.picks + (seen,), family=family)


def chosen(ways: Sequence[Way]) -> Tuple[Way, ...]:
    """The kernel chooses one of the ways for each packet, unless it is not known at all which there are."""
    known = not any(way.because for way in ways)
    return tuple(replace(way, run_time=known and index > 0) for index, way in enumerate(ways))


def bound(way: Way, name: str) -> Tuple[Way, ...]:
    """The way for packets that may leave by the interface of this name alone."""
    if way.path != FORWARD or way.interface == name:
        return (way,)
    if way.interface is None and name:
        picks = tuple((dim, pick(interface_value(name)) if dim == OIF else choice) for dim, choice in way.picks)
        return replace(way, picks=picks), replace(way, path=NOWHERE, because=(NOT_ON_LINKS,))
    if way.interface is None:
        return way, replace(way, path=NOWHERE, because=(NOT_ON_LINKS,))
    return (replace(way, path=NOWHERE, interface=None, perhaps_dropped=False, because=()),)


def moves(way: Way) -> bool:
    """Whether the packet may leave with another destination than it came with."""
    return any(dim in (DADDR, DPORT) for dim, _choice in way.picks) or any(s.first != s.new for _dim, s in way.shifts)


def one_value(way: Way) -> bool:
    return all(
        len(choice.values) == 1 and choice.values[0][0] == choice.values[0][1]
        for dim, choice in way.picks
        if dim in (DADDR, DPORT)
    )


def names(interfaces: Optional[Sequence[str]]) -> Intervals:
    if interfaces is None:
        return complement(((NO_INTERFACE, NO_INTERFACE),), TOP[OIF])
    return normal(span for name in interfaces for span in interface(name))


def blocks(intervals: Intervals, size: int) -> List[Tuple[int, int]]:
    """The intervals, cut at multiples of ``size``."""
    result: List[Tuple[int, int]] = []
    for low, high in intervals:
        while low <= high:
            end = min(high, low | (size - 1))
            result.append((low, end))
            low = end + 1
    return result


def port_pieces(sent: Intervals, ports: Tuple[int, int], base: int) -> Iterator[Tuple[int, int, int]]:
    """(first, last, what becomes of first) of a port map, which begins again where it ends (nf_nat_l4proto_unique_tuple)."""
    size = ports[1] - ports[0] + 1
    for low, high in sent:
        while low <= high:
            offset = ((low - base) & 0xFFFF) % size
            end = min(high, low + size - 1 - offset, base - 1 if low < base else 0xFFFF)
            yield low, end, ports[0] + offset
            low = end + 1
