# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules as the analysis sees them, whatever wrote them.

The readers turn nftables' JSON and iptables-save text into these classes; the diagram's evaluation and the
interpreter both start from them. A packet is a point in the dimensions below; a match is a union of boxes.
The question is about the *first packet of a new connection*, and then, for the doors that are let in, about the packets
that follow it (answers.py): TCP flags, and whether it is the host's answer, are dimensions for that alone. Conntrack state,
marks and the like change on the packet's way through the rules: they are dimensions that conditions ask for, but no part of
what is asked about or answered (`ON_THE_WAY`).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Dict, FrozenSet, Mapping, Optional, Tuple

from ..dataclass import dataclass, field

# Dimensions, in the order of the diagram (saddr last: it has the most values).
FAMILY = 0  # 4 or 6
IIF = 1  # input interface, see interface_value()
OIF = 2  # output interface; NO_INTERFACE before routing and on the way to the host itself
PROTOCOL = 3  # layer-4 protocol number
ICMP_TYPE = 4  # of icmp (1) and icmpv6 (58); irrelevant to the others
ICMP_CODE = 5  # the same
CT_STATE = 6  # conntrack state: one of INVALID, NEW, UNTRACKED, RELATED, ESTABLISHED
CT_DNAT = 7  # 1: destination NAT was applied to the connection (`ct status dnat`, `--ctstate DNAT`), else 0
CT_ZONE = 8  # 16 bits
MARK = 9  # the packet's mark, 32 bits
CT_MARK = 10  # the connection's mark, 32 bits
DESTINATION_TYPE = 11  # fib daddr type, -m addrtype --dst-type: an RTN_* number (LOCAL, UNICAST, ...)
REVERSE_PATH = 12  # 1: a route to the source leads out of the input interface, else 0 (fib saddr . iif oif, rpfilter)
DPORT = 13  # as the rules see it: after NAT, the new one
ORIGINAL_DPORT = 14  # as the client addressed it (`ct original proto-dst`, --ctorigdstport)
SPORT = 15
DADDR = 16  # as the rules see it: after NAT, the new one
ORIGINAL_DADDR = 17  # as the client addressed it (`ct original ip daddr`, --ctorigdst)
SADDR = 18
TCP_FLAGS = 19  # SYN alone, but for the packets that follow the first (answers.py)
ANSWER = 20  # 0: the client's packet, 1: the host's answer to it
DIMENSIONS = 21

#: What conditions may ask for, but what a client does not choose: the analysis knows or follows it, and answers
#: without it. The two original dimensions equal DPORT and DADDR of the packet that the client sent.
ON_THE_WAY = frozenset(
    (
        OIF, CT_STATE, CT_DNAT, CT_ZONE, MARK, CT_MARK, DESTINATION_TYPE, REVERSE_PATH, ORIGINAL_DPORT, ORIGINAL_DADDR,
        TCP_FLAGS, ANSWER,
    )
)  # fmt: skip

_ADDRESS = (1 << 128) - 1
_NAME = (1 << 128) - 1
_MARK = (1 << 32) - 1
#: Largest value of each dimension.
TOP: Tuple[int, ...] = (
    6, _NAME, _NAME, 255, 255, 255, 7, 1, 65535, _MARK, _MARK, 255, 1, 65535, 65535, 65535, _ADDRESS, _ADDRESS, _ADDRESS,
    255, 1,
)  # fmt: skip

IPV4_TOP = (1 << 32) - 1

# Values of CT_STATE. Before conntrack has seen a packet, rules see INVALID.
INVALID = 0
NEW = 1
UNTRACKED = 2
#: An ICMP error about a connection that is there: no packet in question, but some of them are essential.
RELATED = 3
#: A packet of a connection of which an answer was seen, or such an answer.
ESTABLISHED = 4

# Values of TCP_FLAGS that matter.
SYN = 0x02
ACK = 0x10
PUSH = 0x08

# Values of DESTINATION_TYPE: the kernel's RTN_* numbers (linux/rtnetlink.h).
UNICAST = 1
LOCAL = 2
BROADCAST = 3
MULTICAST = 5

#: OIF where there is none. No name has this value.
NO_INTERFACE = 0

#: Sorted, disjoint, non-adjacent closed ranges.
Intervals = Tuple[Tuple[int, int], ...]
#: Constraint per dimension; a dimension that is absent is unconstrained. All dimensions must hold.
Box = Mapping[int, Intervals]

ANY: Box = MappingProxyType({})

#: Protocols with ports in the first four bytes of their header.
PORT_PROTOCOLS: Dict[str, int] = {"tcp": 6, "udp": 17, "dccp": 33, "sctp": 132, "udplite": 136}


@dataclass(frozen=True)
class Where:
    """Where a rule stands: ``source`` is the command for it (nft, iptables, ip6tables, iptables-legacy ...); ``position``
    ``handle 9`` or ``line 12``, or ``policy``. ``text`` is the rule as a person reads it."""

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
    ``run_time``: the doubt is one of the host's state (a rate, a clock, a dynamic set), not of understanding: what hangs
    on it is accepted *sometimes*; what hangs on any other doubt is *unknown*.
    """

    boxes: Tuple[Box, ...]
    within: Box = field(default_factory=dict)
    negated: bool = False
    doubt: str = ""
    run_time: bool = False


# Verdicts
ACCEPT = "accept"
DROP = "drop"
REJECT = "reject"
JUMP = "jump"
GOTO = "goto"
RETURN = "return"
CONTINUE = "continue"
#: Changes what later conditions see (`Verdict.changes`); the packet goes on with the next rule.
CHANGE = "change"
#: Destination NAT (`Verdict.nat`): the end of the chain, as accept. It acts only in chains of type nat, at prerouting.
NAT = "nat"
#: Something outside of the rules accepts the packet or drops it (queue to userspace, a TPROXY without a socket): the end
#: of the chain. `Verdict.text` says what. Sometimes accepted.
ELSEWHERE = "elsewhere"
#: The statement may drop, accept, or change the packet in a way that is not followed (synproxy, an unknown
#: target). The packets it touches go on, and nothing that comes of them is certain.
UNFOLLOWED = "unfollowed"


@dataclass(frozen=True)
class Change:
    """``dimension := (old & keep) ^ flip ^ (source & source_mask)``; of MARK, CT_MARK, CT_ZONE, CT_STATE alone.

    ``meta mark set 1`` is ``Change(MARK, 0, 1)``, ``MARK --set-xmark 4/4`` ``Change(MARK, ~4 & 0xffffffff, 4)``,
    ``notrack`` ``Change(CT_STATE, 0, UNTRACKED)``, ``CONNMARK --restore-mark`` ``Change(MARK, 0, 0, CT_MARK, 0xffffffff)``.
    ``unclear``: not empty when the new value is not known; the text says why.
    """

    dimension: int
    keep: int = 0
    flip: int = 0
    source: Optional[int] = None  # MARK or CT_MARK
    source_mask: int = 0
    unclear: str = ""


@dataclass(frozen=True)
class Nat:
    """What destination NAT makes of the packet.

    ``addresses``: the new destination; a range where the kernel chooses one; None leaves the address alone.
    ``ports``: the same. ``local``: redirect, to an address of the host (the input interface's).
    ``shifted``: the n-th value of the old range (``old_first``) becomes the n-th of the new one: NETMAP (of addresses; the
    host bits stay) or a port map (``--to-destination :5000-5010/1000``), instead of a free choice.
    """

    addresses: Optional[Tuple[int, int]] = None
    ports: Optional[Tuple[int, int]] = None
    local: bool = False
    netmap: bool = False
    old_first_port: Optional[int] = None


@dataclass(frozen=True)
class Verdict:
    kind: str
    chain: str = ""  # of jump and goto
    text: str = ""  # of unfollowed and elsewhere: what it was
    changes: Tuple[Change, ...] = ()  # of change
    nat: Optional[Nat] = None  # of nat


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


@dataclass(frozen=True)
class Route:
    """``first``, ``last``: the destinations as numbers; the longest prefix decides, then the smallest ``metric``.
    ``interface``: empty for ``blackhole``, ``unreachable`` and ``prohibit``."""

    family: int
    first: int
    last: int
    interface: str
    metric: int = 0


@dataclass(frozen=True)
class Own:
    """An address of the host's. ``scope`` is the kernel's: ``global``, ``link``, ``host`` or ``site``."""

    family: int
    value: int
    interface: str
    scope: str = "global"
    prefix: int = 128


@dataclass(frozen=True)
class Host:
    """What decides besides the rules. None: not known (rules from files), and then what hangs on it is unknown.

    ``forwarding``: the families for which the kernel forwards (net.ipv4.ip_forward, net.ipv6.conf.all.forwarding).
    ``routes``: of the main table; None also where other tables decide (``ip rule``). ``route_localnet``: interfaces on
    which 127.0.0.0/8 is routed like any other destination. ``bridges``: interfaces that are bridges.
    """

    own: Optional[Tuple[Own, ...]] = None
    interfaces: Optional[Tuple[str, ...]] = None
    forwarding: Optional[FrozenSet[int]] = None
    routes: Optional[Tuple[Route, ...]] = None
    route_localnet: FrozenSet[str] = frozenset()
    bridges: FrozenSet[str] = frozenset()


NOTHING_KNOWN = Host()


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
