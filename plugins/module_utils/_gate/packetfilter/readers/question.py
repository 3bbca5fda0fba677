# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known about the packet in question before any rule is read.

The question is about the first packet of a new connection to one of the host's own addresses, without IP options and
extension headers, not a fragment, arriving on the interface to which its source is routed. Many conditions are decided
by that. Each fact here is a partition of all packets: boxes, with the value that the field has
for the packets in them.
"""

from __future__ import annotations

from typing import Callable, Tuple

from ..intervals import complement, normal
from ..model import DADDR, FAMILY, ICMP_TYPE, IIF, IPV4_TOP, PROTOCOL, TOP, Box, interface_value
from .conditions import EVERYTHING, Boxes
from .names import ADDRESS_TYPES, CT_STATES, PACKET_TYPES, TCP_FLAGS

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

_OWN: Boxes = ({FAMILY: ((4, 4),), DADDR: _OWN4}, {FAMILY: ((6, 6),), DADDR: _OWN6})
_MULTICAST: Boxes = ({FAMILY: ((4, 4),), DADDR: _MULTICAST4}, {FAMILY: ((6, 6),), DADDR: _MULTICAST6})
_BROADCAST: Boxes = ({FAMILY: ((4, 4),), DADDR: _BROADCAST4},)

#: ``fib daddr type`` and ``-m addrtype --dst-type``.
DESTINATION_TYPE: Partition = (
    (_OWN, ADDRESS_TYPES["local"]),
    (_MULTICAST, ADDRESS_TYPES["multicast"]),
    (_BROADCAST, ADDRESS_TYPES["broadcast"]),
)
#: ``meta pkttype``.
PACKET_TYPE: Partition = (
    (_OWN, PACKET_TYPES["host"]),
    (_MULTICAST, PACKET_TYPES["multicast"]),
    (_BROADCAST, PACKET_TYPES["broadcast"]),
)

#: ``tcp flags``, where the protocol is TCP.
SYN_ALONE: Partition = ((EVERYTHING, TCP_FLAGS["syn"]),)
#: A field whose value is 0 for every packet in question: ``ct direction`` (original), ``ct status``, ``ip frag-off``.
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

# Conntrack leaves neighbour discovery and multicast listener messages untracked (nf_conntrack_icmpv6_error).
_UNTRACKED: Box = {FAMILY: ((6, 6),), PROTOCOL: ((58, 58),), ICMP_TYPE: ((130, 136), (143, 143))}
_TRACKED: Boxes = (
    V4,
    {FAMILY: ((6, 6),), PROTOCOL: complement(((58, 58),), TOP[PROTOCOL])},
    {FAMILY: ((6, 6),), PROTOCOL: ((58, 58),), ICMP_TYPE: complement(((130, 136), (143, 143)), TOP[ICMP_TYPE])},
)
_CONNTRACK_STATE: Partition = ((_TRACKED, CT_STATES["new"]), ((_UNTRACKED,), CT_STATES["untracked"]))

# Chains that run before conntrack (raw) see ``invalid``, except on lo, where the packet was tracked when it was sent.
_LO = ((interface_value("lo"), interface_value("lo")),)
_STATE_BEFORE_CONNTRACK: Partition = (
    (({IIF: complement(_LO, TOP[IIF])},), CT_STATES["invalid"]),
    (({IIF: _LO},), CT_STATES["new"]),
)

#: Chains at prerouting with a lower priority run before conntrack (NF_IP_PRI_CONNTRACK).
CONNTRACK_PRIORITY = -200


def conntrack_state(before_conntrack: bool) -> Partition:
    """``ct state`` of the packet in a chain that runs before or after conntrack."""
    return _STATE_BEFORE_CONNTRACK if before_conntrack else _CONNTRACK_STATE


def where_value(partition: Partition, wanted: Callable[[int], bool]) -> Boxes:
    """The packets whose value of the field is ``wanted``."""
    return tuple(box for boxes, value in partition if wanted(value) for box in boxes)
