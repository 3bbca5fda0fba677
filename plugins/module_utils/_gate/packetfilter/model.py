# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules as the analysis sees them, whatever wrote them.

The readers turn nftables' JSON and iptables-save text into these classes; the diagram's evaluation and the
interpreter both start from them. A packet is a point in the dimensions below; a match is a union of boxes.
The question is always about the *first packet of a new connection*: its conntrack state is ``new``, its TCP flags
are SYN alone. So what depends on those is decided by the readers, and is no dimension.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Dict, Mapping, Optional, Tuple

# Dimensions, in the order of the diagram (saddr last: it has the most values).
FAMILY = 0  # 4 or 6
IIF = 1  # input interface, see interface_value()
PROTOCOL = 2  # layer-4 protocol number
ICMP_TYPE = 3  # of icmp (1) and icmpv6 (58); irrelevant to the others
DPORT = 4
SPORT = 5
DADDR = 6
SADDR = 7
DIMENSIONS = 8

#: Largest value of each dimension.
TOP: Tuple[int, ...] = (6, (1 << 128) - 1, 255, 255, 65535, 65535, (1 << 128) - 1, (1 << 128) - 1)

IPV4_TOP = (1 << 32) - 1

#: Sorted, disjoint, non-adjacent closed ranges.
Intervals = Tuple[Tuple[int, int], ...]
#: Constraint per dimension; a dimension that is absent is unconstrained. All dimensions must hold.
Box = Mapping[int, Intervals]

ANY: Box = MappingProxyType({})

#: Protocols with ports in the first four bytes of their header.
PORT_PROTOCOLS: Dict[str, int] = {"tcp": 6, "udp": 17, "dccp": 33, "sctp": 132, "udplite": 136}


@dataclass(frozen=True)
class Where:
    """Where a rule stands: ``source`` is nft, iptables or ip6tables; ``position`` ``handle 9`` or ``line 12``, or
    ``policy``. ``text`` is the rule as a person reads it."""

    source: str
    family: str
    table: str
    chain: str
    position: str
    text: str = ""


@dataclass(frozen=True)
class Match:
    """One condition. It holds for the packets that lie in ``within`` and (in one of ``boxes``) != ``negated``.

    ``doubt``: not empty when the condition is not fully understood or depends on the run: it then *may* hold, or may
    not, for every packet of that set, and for no other packet. The text names it: ``limit rate 10/minute``.
    """

    boxes: Tuple[Box, ...]
    within: Box = field(default_factory=dict)
    negated: bool = False
    doubt: str = ""


# Verdicts
ACCEPT = "accept"
DROP = "drop"
REJECT = "reject"
JUMP = "jump"
GOTO = "goto"
RETURN = "return"
CONTINUE = "continue"
#: The statement may drop, accept, or change the packet in a way that is not followed (dnat, notrack, queue, an unknown
#: target). The packets it touches go on, and nothing that comes of them is certain.
UNFOLLOWED = "unfollowed"


@dataclass(frozen=True)
class Verdict:
    kind: str
    chain: str = ""  # of jump and goto
    text: str = ""  # of unfollowed: what it was


@dataclass(frozen=True)
class Rule:
    """All ``matches`` must hold, then the first of ``branches`` that contains the packet gives the verdict.

    A plain rule has one branch ``((ANY,), verdict)``; a verdict map has one per element; a packet in none of them goes
    on with the next rule. Where one of the matches is in doubt, so is every branch.
    """

    matches: Tuple[Match, ...]
    branches: Tuple[Tuple[Tuple[Box, ...], Verdict], ...]
    where: Where


@dataclass(frozen=True)
class Base:
    """What hooks a chain into the kernel. ``policy`` is ACCEPT or DROP. ``devices``: of netdev ingress chains."""

    hook: str  # ingress, prerouting, input, forward, output, postrouting
    kind: str  # filter, nat, route
    priority: int
    policy: str
    devices: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Chain:
    name: str
    rules: Tuple[Rule, ...]
    base: Optional[Base] = None


@dataclass(frozen=True)
class Table:
    """``family``: ip, ip6, inet, netdev, bridge or arp. Tables that are dormant are not given by the readers."""

    source: str
    family: str
    name: str
    chains: Mapping[str, Chain]


@dataclass(frozen=True)
class Ruleset:
    """All tables that act together. ``notes``: what the reader wants the user to know (never silently)."""

    tables: Tuple[Table, ...]
    notes: Tuple[str, ...] = ()


def interface_value(name: str) -> int:
    """An interface name as a number such that names with a common prefix are neighbours (NUL-padded, 16 bytes)."""
    return int.from_bytes(name.encode("utf-8")[:16].ljust(16, b"\0"), "big")


def interface_name(value: int) -> str:
    """The inverse of :func:`interface_value`; a value that no name has is ``another interface``."""
    text = value.to_bytes(16, "big").rstrip(b"\0").decode("utf-8", "replace")
    return text if text.isprintable() and text else "another interface"


def interface_range(pattern: str, wildcard: str) -> Tuple[int, int]:
    """The values of ``pattern``: one name, or with ``wildcard`` (``*`` of nft, ``+`` of iptables) at its end all names
    that begin with what stands before it."""
    if pattern.endswith(wildcard):
        prefix = pattern[: -len(wildcard)].encode("utf-8")[:16]
        return (int.from_bytes(prefix.ljust(16, b"\0"), "big"), int.from_bytes(prefix.ljust(16, b"\xff"), "big"))
    value = interface_value(pattern)
    return (value, value)


def address_range(family: int, first: int, last: int) -> Tuple[int, int]:
    """A range of addresses. The last IPv4 address stands for all greater values too, so that IPv4 and IPv6 share one
    dimension and "all addresses" has one form."""
    if family == 4 and last == IPV4_TOP:
        last = TOP[SADDR]
    return (first, last)
