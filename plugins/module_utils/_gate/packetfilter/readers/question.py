# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known about the packet in question before any rule is read.

The question is about the first packet of a new connection and those that follow it, without IP options and extension
headers, and no fragments. Many conditions are decided by that. Each fact here is a partition of all packets: boxes, with the
value that the field has for the packets in them. What changes on the packet's way (conntrack state, type of the destination,
marks), or from the first packet to those that follow it, is a dimension of the model, and the partition tells which values of
the field are which values of the dimension.
"""

from __future__ import annotations

from typing import Callable, Tuple

from .. import model
from ..intervals import complement, normal
from ..model import (
    ANSWER,
    CT_DNAT,
    CT_STATE,
    DADDR,
    ESTABLISHED,
    FAMILY,
    ICMP_TYPE,
    INVALID,
    IPV4_TOP,
    NEW,
    ORIGINAL_DADDR,
    PROTOCOL,
    RELATED,
    REVERSE_PATH,
    TOP,
    UNTRACKED,
    Box,
)
from .conditions import EVERYTHING, Boxes, merged
from .names import ADDRESS_TYPES, CT_STATES, PACKET_TYPES

#: Chains at prerouting with a lower priority run before conntrack (NF_IP_PRI_CONNTRACK).
CONNTRACK_PRIORITY = -200

#: Boxes that together hold every packet, each with the field's value there.
Partition = Tuple[Tuple[Boxes, int], ...]

V4: Box = {FAMILY: ((4, 4),)}
V6: Box = {FAMILY: ((6, 6),)}

ASSUMES_REVERSE_PATH = (
    "reverse-path filters (fib saddr . iif, -m rpfilter) were taken as passed: the answer is about packets that arrive on"
    " the interface to which their source is routed"
)
ASSUMES_OWN_DESTINATION = (
    "rules on the type of the destination (fib daddr type, -m addrtype, pkttype) were decided for packets to the host's own"
    " addresses"
)

_MULTICAST4 = ((0xE0000000, 0xEFFFFFFF),)
_MULTICAST6 = ((0xFF << 120, TOP[DADDR]),)
_BROADCAST4 = ((IPV4_TOP, TOP[DADDR]),)  # the last IPv4 address stands for all values above it, see model.address_range
_OWN4 = complement(tuple(sorted(_MULTICAST4 + _BROADCAST4)), TOP[DADDR])
_OWN6 = complement(_MULTICAST6, TOP[DADDR])

#: ``fib daddr type`` and ``-m addrtype --dst-type``: the dimension has the kernel's numbers.
DESTINATION_TYPE: Partition = tuple(
    (({model.DESTINATION_TYPE: ((number, number),)},), number) for number in sorted(set(ADDRESS_TYPES.values()))
)
#: Where a route to the source leads out of the input interface (``fib saddr . iif oif``, ``-m rpfilter``), and where none does.
REVERSE_PATH_EXISTS: Box = {REVERSE_PATH: ((1, 1),)}
REVERSE_PATH_MISSING: Box = {REVERSE_PATH: ((0, 0),)}

#: ``meta pkttype``, the link layer's kind: of the address that the client sent to, whatever NAT makes of it.
PACKET_TYPE: Partition = (
    (({FAMILY: ((4, 4),), ORIGINAL_DADDR: _OWN4}, {FAMILY: ((6, 6),), ORIGINAL_DADDR: _OWN6}), PACKET_TYPES["host"]),
    (
        ({FAMILY: ((4, 4),), ORIGINAL_DADDR: _MULTICAST4}, {FAMILY: ((6, 6),), ORIGINAL_DADDR: _MULTICAST6}),
        PACKET_TYPES["multicast"],
    ),
    (({FAMILY: ((4, 4),), ORIGINAL_DADDR: _BROADCAST4},), PACKET_TYPES["broadcast"]),
)

#: A field whose value is 0 for every packet in question: ``ip frag-off``.
ZERO: Partition = ((EVERYTHING, 0),)

#: ``ip6 hoplimit`` and ``-m hl``: receivers drop neighbour discovery with another hop limit (RFC 4861, 6.1 and 7.1; RFC 3971;
#: RFC 3122), and multicast listener messages are sent with 1 (RFC 3810, 5; RFC 4286). For all else it is not known.
_ICMPV6 = ((58, 58),)
_HOPS_255 = ((133, 137), (141, 142), (148, 149))
_HOPS_1 = ((130, 132), (143, 143), (151, 153))
HOP_LIMIT: Partition = (
    (({FAMILY: ((6, 6),), PROTOCOL: _ICMPV6, ICMP_TYPE: _HOPS_255},), 255),
    (({FAMILY: ((6, 6),), PROTOCOL: _ICMPV6, ICMP_TYPE: _HOPS_1},), 1),
)
HOP_LIMIT_UNKNOWN: Boxes = (
    {FAMILY: ((6, 6),), PROTOCOL: complement(_ICMPV6, TOP[PROTOCOL])},
    {FAMILY: ((6, 6),), PROTOCOL: _ICMPV6, ICMP_TYPE: complement(normal(_HOPS_255 + _HOPS_1), TOP[ICMP_TYPE])},
)

#: ``ct state`` and ``--ctstate``: the kernel's bit for each value of the dimension. What sets the dimension (conntrack at
#: prerouting -200, notrack, neighbour discovery) is followed by the evaluation, so this holds in every chain.
CONNTRACK_STATE: Partition = tuple(
    (({CT_STATE: ((value, value),)},), CT_STATES[name])
    for value, name in (
        (INVALID, "invalid"),
        (NEW, "new"),
        (UNTRACKED, "untracked"),
        (RELATED, "related"),
        (ESTABLISHED, "established"),
    )
)
#: Packets that have a connection at all. ``ct mark``, ``--ctorigdst`` and all other conntrack matches but the state hold for no
#: other packet, not even negated.
TRACKED: Box = {CT_STATE: ((NEW, NEW), (ESTABLISHED, ESTABLISHED))}
#: Of these, the packets whose connection has nothing but the first packet so far, and those that belong to one with more.
NOT_ANSWERED: Box = {CT_STATE: ((NEW, NEW),)}
ANSWERED: Box = {CT_STATE: ((ESTABLISHED, ESTABLISHED),)}
#: The client's packets, and the host's answers.
OF_CLIENT: Box = {ANSWER: ((0, 0),)}
OF_HOST: Box = {ANSWER: ((1, 1),)}
#: Packets whose destination was translated (``ct status dnat``, ``--ctstate DNAT``), and the others.
TRANSLATED: Box = {**TRACKED, CT_DNAT: ((1, 1),)}
NOT_TRANSLATED: Box = {**TRACKED, CT_DNAT: ((0, 0),)}


def conntrack_state(before_conntrack: bool = False) -> Partition:
    """Kept until the iptables reader uses `CONNTRACK_STATE`: the parameter no longer matters."""
    return CONNTRACK_STATE


def where_value(partition: Partition, wanted: Callable[[int], bool]) -> Boxes:
    """The packets whose value of the field is ``wanted``."""
    return tuple(box for boxes, value in partition if wanted(value) for box in boxes)


def one_of_states(bits: int) -> Boxes:
    """The packets whose ``ct state`` is one of the kernel's ``bits`` (`names.CT_STATES`, joined with ``|``)."""
    return merged(where_value(CONNTRACK_STATE, lambda state: state & bits != 0))
