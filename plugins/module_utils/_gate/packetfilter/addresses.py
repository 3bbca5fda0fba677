# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between address ranges and the CIDRs that people write, and the question that the analysis is asked."""

from __future__ import annotations

import ipaddress
import socket
from typing import Dict, Iterable, List, Optional, Tuple

from .diagram import Space
from .intervals import complement, minus, normal
from .model import DADDR, FAMILY, IIF, IPV4_TOP, TOP, Box, Intervals, interface_value

ADDRESS_TOP = {4: IPV4_TOP, 6: TOP[DADDR]}
_WIDTH = {4: 32, 6: 128}
#: By the length of a prefix as people write it: the bits behind it, all set.
_HOSTS = {family: {str(bits): (1 << width - bits) - 1 for bits in range(width + 1)} for family, width in _WIDTH.items()}
_NOT_UNICAST: Dict[int, Tuple[str, ...]] = {4: ("224.0.0.0/4", "255.255.255.255/32"), 6: ("ff00::/8",)}


def address_text(family: int, value: int) -> str:
    if family == 4:
        return socket.inet_ntop(socket.AF_INET, value.to_bytes(4, "big"))
    return socket.inet_ntop(socket.AF_INET6, value.to_bytes(16, "big"))


def range_of(text: str) -> Tuple[int, int, int]:
    """A CIDR or a single address as (family 4 or 6, first, last).

    :raises ValueError: it is neither, or has host bits set.
    """
    address, _slash, length = text.partition("/")
    family, kind = (6, socket.AF_INET6) if ":" in address else (4, socket.AF_INET)
    hosts = _HOSTS[family].get(length)
    if hosts is not None:
        try:
            first = int.from_bytes(socket.inet_pton(kind, address), "big")
        except (OSError, ValueError):
            first = hosts
        if not first & hosts:
            return family, first, first | hosts
    network = ipaddress.ip_network(text)  # which also has the words for what is wrong
    return network.version, int(network.network_address), int(network.broadcast_address)


def clipped(family: int, intervals: Intervals) -> Intervals:
    """Values of the shared address dimension as real addresses of the family."""
    top = ADDRESS_TOP[family]
    return tuple((low, min(high, top)) for low, high in intervals if low <= top)


def cidrs(family: int, intervals: Intervals) -> List[str]:
    """The fewest CIDRs that make up the ranges, in their order."""
    result: List[str] = []
    width = _WIDTH[family]
    for low, high in clipped(family, intervals):
        while low <= high:
            size = min((low & -low).bit_length() - 1 if low else width, (high - low + 1).bit_length() - 1)
            result.append("{0}/{1}".format(address_text(family, low), width - size))
            low += 1 << size
    return result


def cidrs_or_all_but(family: int, intervals: Intervals, universe: Intervals) -> Tuple[List[str], List[str]]:
    """Ranges out of a universe as (CIDRs, CIDRs to leave out of those), the shorter way. The whole universe is written
    as all addresses; values outside of the universe do not count."""
    everything = cidrs(family, ((0, ADDRESS_TOP[family]),))
    missing = minus(clipped(family, universe), clipped(family, intervals))
    if not missing:
        return everything, []
    if len(missing) < len(intervals):
        return everything, cidrs(family, missing)
    return cidrs(family, intervals), []


def question(
    space: Space,
    families: Iterable[int] = (4, 6),
    interfaces: Optional[Iterable[str]] = None,
    addresses: Optional[Iterable[object]] = None,
) -> int:
    """The packets to ask about.

    :param families: of 4 and 6.
    :param interfaces: names of input interfaces; None for every one but ``lo``.
    :param addresses: the destinations: addresses or CIDRs, as text or as objects of `ipaddress`; None for all
        unicast addresses. Families without any destination are not asked about.
    """
    inputs = interface_ranges(interfaces)
    destinations: Dict[int, Intervals]
    if addresses is None:
        destinations = {
            family: complement(_ranges(excluded)[family], ADDRESS_TOP[family])
            for family, excluded in _NOT_UNICAST.items()
        }
    else:
        destinations = _ranges(str(address) for address in addresses)
    boxes: List[Box] = [
        {FAMILY: ((family, family),), IIF: inputs, DADDR: destinations.get(family, ())} for family in sorted(families)
    ]
    return space.boxes(boxes)


def interface_ranges(names: Optional[Iterable[str]]) -> Intervals:
    """The input interfaces of these names; None for every one but ``lo``."""
    if names is None:
        loopback = interface_value("lo")
        return complement(((loopback, loopback),), TOP[IIF])
    return normal((value, value) for value in map(interface_value, names))


def _ranges(texts: Iterable[str]) -> Dict[int, Intervals]:
    by_family: Dict[int, List[Tuple[int, int]]] = {}
    for text in texts:
        family, first, last = range_of(text)
        by_family.setdefault(family, []).append((first, last))
    return {family: normal(ranges) for family, ranges in by_family.items()}
