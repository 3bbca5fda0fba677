# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of iptables' matches as conditions, one function for each kind of option."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Callable, Dict, FrozenSet, List, Set, Tuple

from ..intervals import complement, normal
from ..model import (
    DADDR,
    DPORT,
    ICMP_TYPE,
    IIF,
    PORT_PROTOCOLS,
    PROTOCOL,
    SADDR,
    SPORT,
    TOP,
    Box,
    address_range,
    interface_range,
)
from . import names
from .addresses import address, prefix_range
from .conditions import ALWAYS, EVERYTHING, NEVER, NOTHING, Condition, Region, Unclear, holds
from .question import (
    ASSUMES_OWN_DESTINATION,
    DESTINATION_TYPE,
    HOP_LIMIT,
    HOP_LIMIT_UNKNOWN,
    PACKET_TYPE,
    SYN_ALONE,
    V4,
    V6,
    ZERO,
    Partition,
    conntrack_state,
    where_value,
)

_ICMP_MATCHES = {"icmp": (1, V4, names.IPTABLES_ICMP), "icmp6": (58, V6, names.IPTABLES_ICMPV6)}
_PORTED = normal((number, number) for number in PORT_PROTOCOLS.values())
_ADDRESS_TYPES = {name.upper(): number for name, number in names.ADDRESS_TYPES.items()}
_STATES = {name.upper(): number for name, number in names.CT_STATES.items()}
#: Pseudo-states that a first packet has only where NAT touched it, and such packets are uncertain anyway.
_NAT_STATES = {"SNAT", "DNAT"}
_STATUS_NEVER = {"EXPECTED", "SEEN_REPLY", "ASSURED"}


@dataclass
class Context:
    """What the options of one rule depend on besides themselves.

    ``family``: 4 or 6. ``before_conntrack``: the rule's table (raw) is run before connection tracking.
    ``limits_interface``: the rule narrows an address type to one interface. ``protocol``: what ``-p`` demands.
    ``notes``: collects what was assumed.
    """

    family: int
    before_conntrack: bool
    notes: Set[str]
    limits_interface: bool = False
    protocol: Box = field(default_factory=dict)

    def ports_within(self) -> Box:
        """The packets that a port option of the rule can be about."""
        return self.protocol or {PROTOCOL: _PORTED}

    def conntrack_needed(self) -> None:
        if self.before_conntrack:
            raise Unclear("in the raw table, which is run before connection tracking")


#: Reads one option: its words for messages, whether ``!`` stands before it, its values. May raise Unclear.
Handler = Callable[[Context, str, bool, List[str]], Condition]


def _no_condition(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
    return ALWAYS


def _not_reverse_path(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
    """``-m rpfilter`` holds for packets from where they should come, with ``--invert`` for the others."""
    return NEVER


def _protocol(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
    name = _one(arguments)
    number = names.protocol_number(name)
    if number is None and name != "all":
        raise Unclear("no protocol known here")
    if not number:  # -p all, -p 0
        return NEVER if negated else ALWAYS
    box: Box = {PROTOCOL: ((number, number),)}
    context.protocol = {PROTOCOL: complement(box[PROTOCOL], TOP[PROTOCOL])} if negated else box
    return holds(Region((box,)), {}, negated, words)


def _one(arguments: List[str]) -> str:
    if len(arguments) != 1:
        raise Unclear("one value expected")
    return arguments[0]


def _network(dimension: int) -> Handler:
    def handler(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
        ranges = normal(prefix_range(item, context.family) for item in _one(arguments).split(","))
        return holds(Region(({dimension: ranges},)), {}, negated, words)

    return handler


def _addresses(dimension: int) -> Handler:
    def handler(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
        first, _dash, last = _one(arguments).partition("-")
        family = context.family
        pair = address_range(family, address(first, family), address(last or first, family))
        ranges = normal([pair])
        return holds(Region(({dimension: ranges},) if ranges else NOTHING), {}, negated, words)

    return handler


def _in_interface(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
    return holds(Region(({IIF: (interface_range(_one(arguments), "+"),)},)), {}, negated, words)


def _out_interface(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
    """A packet that comes in has no output interface yet; whether ``!`` then holds differs between kernels."""
    if _one(arguments) == "+" and not negated:
        return holds(Region(EVERYTHING), {}, False, words)
    if negated:
        raise Unclear("a packet that comes in has no output interface")
    return NEVER


def _fragment(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
    return holds(Region(EVERYTHING), {}, False, words) if negated else NEVER


def _pairs(text: str) -> List[Tuple[int, int]]:
    """``25,1000:2000,:5`` as ranges; an inverted range is empty."""
    result = []
    for item in text.split(","):
        first, colon, last = item.partition(":")
        low = names.port_number(first) if first else 0
        high = names.port_number(last) if last else (65535 if colon else low)
        if low is None or high is None:
            raise Unclear("no port known here")
        result.append((low, high))
    return result


def _ports(*dimensions: int) -> Handler:
    """The port is one of those given, in any of the dimensions."""

    def handler(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
        ranges = normal(_pairs(_one(arguments)))
        boxes = tuple({dimension: ranges} for dimension in dimensions) if ranges else NOTHING
        return holds(Region(boxes), context.ports_within(), negated, words)

    return handler


def _flags(text: str) -> int:
    total = 0
    for name in text.split(","):
        if name == "ALL":
            total |= 0x3F
        elif name != "NONE":
            bit = names.TCP_FLAGS.get(name.lower())
            if bit is None:
                raise Unclear("{0!r} is no TCP flag".format(name))
            total |= bit
    return total


def _tcp_flags(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
    if len(arguments) != 2:
        raise Unclear("two lists of flags expected")
    mask, value = _flags(arguments[0]), _flags(arguments[1])
    boxes = where_value(SYN_ALONE, lambda flags: (flags & mask == value) != negated)
    return holds(Region(boxes), {PROTOCOL: ((6, 6),)}, False, words)


def _syn(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
    return _tcp_flags(context, words, negated, ["FIN,SYN,RST,ACK", "SYN"])


def _icmp(module: str) -> Handler:
    def handler(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
        number, family, known = _ICMP_MATCHES[module]
        within: Box = {**family, PROTOCOL: ((number, number),)}
        text = _one(arguments)
        if text == "any" or (text == "255" and number == 1):
            return NEVER if negated else holds(Region(EVERYTHING), within, False, words)
        kind, slash, code = text.partition("/")
        given = names.decimal(kind, 255)
        if given is not None:
            value, has_code = given, bool(slash)
        elif text in known:
            value, found = known[text]
            has_code = found is not None
        else:
            raise Unclear("no ICMP type known here", within)
        box: Box = {ICMP_TYPE: ((value, value),)}
        region = Region(NOTHING, (box,), "the code is not looked at") if has_code else Region((box,))
        return holds(region, within, negated, words)

    return handler


def _state(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
    wanted = set(_one(arguments).split(","))
    if wanted - set(_STATES) - _NAT_STATES:
        raise Unclear("no state known here")
    bits = {_STATES[name] for name in wanted - _NAT_STATES}
    partition = conntrack_state(context.before_conntrack)
    return holds(Region(where_value(partition, lambda state: (state in bits) != negated)), {}, False, words)


def _status(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
    context.conntrack_needed()
    if set(_one(arguments).split(",")) <= _STATUS_NEVER:
        return holds(Region(EVERYTHING), {}, False, words) if negated else NEVER
    raise Unclear()


def _direction(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
    context.conntrack_needed()
    original = _one(arguments).upper() == "ORIGINAL"
    return holds(Region(where_value(ZERO, lambda value: original != negated)), {}, False, words)


def _original(inner: Handler) -> Handler:
    """``--ctorig...`` of the first packet is what the client addressed."""

    def handler(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
        context.conntrack_needed()
        return inner(context, words, negated, arguments)

    return handler


def _original_port(dimension: int) -> Handler:
    def handler(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
        context.conntrack_needed()
        ranges = normal(_pairs(_one(arguments)))
        sure = ({PROTOCOL: _PORTED, dimension: ranges},) if ranges else NOTHING
        return holds(Region(sure, ({PROTOCOL: complement(_PORTED, TOP[PROTOCOL])},)), {}, negated, words)

    return handler


def _conntrack_protocol(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
    number = names.protocol_number(_one(arguments))
    if number is None:
        raise Unclear("no protocol known here")
    return holds(Region(({PROTOCOL: ((number, number),)},)), {}, negated, words)


def _types(partition: Partition, known: Dict[str, int], decided: FrozenSet[str]) -> Handler:
    def handler(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
        wanted = set(_one(arguments).split(","))
        if not wanted <= decided or context.limits_interface:
            raise Unclear()
        context.notes.add(ASSUMES_OWN_DESTINATION)
        numbers = {known[name] for name in wanted}
        boxes = where_value(partition, lambda value: (value in numbers) != negated)
        return holds(Region(boxes), V4 if context.family == 4 else V6, False, words)

    return handler


def _hop_limit(compare: Callable[[int, int], bool]) -> Handler:
    def handler(context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
        text = _one(arguments)
        limit = names.decimal(text, 255)
        if limit is None:
            raise Unclear("no hop limit")
        sure = where_value(HOP_LIMIT, lambda value: compare(value, limit) != negated)
        return holds(Region(sure, HOP_LIMIT_UNKNOWN), V6, False, words)

    return handler


GENERIC: Dict[str, Handler] = {
    "-p": _protocol,
    "-s": _network(SADDR),
    "-d": _network(DADDR),
    "-i": _in_interface,
    "-o": _out_interface,
    "-f": _fragment,
}
_PORT_OPTIONS: Dict[str, Handler] = {"--sport": _ports(SPORT), "--dport": _ports(DPORT)}
_TYPE_NAMES = frozenset(_ADDRESS_TYPES) - {"ANYCAST", "UNSPEC"}
#: Matches and their options. An option that is not here is in doubt; so is a match that is not here, as a whole.
MATCHES: Dict[str, Dict[str, Handler]] = {
    "comment": {"--comment": _no_condition},
    "nfacct": {"--nfacct-name": _no_condition},
    "rpfilter": {
        "--invert": _not_reverse_path,
        "--loose": _no_condition,
        "--validmark": _no_condition,
        "--accept-local": _no_condition,
    },
    "tcp": {**_PORT_OPTIONS, "--tcp-flags": _tcp_flags, "--syn": _syn},
    "udp": _PORT_OPTIONS,
    "dccp": _PORT_OPTIONS,
    "sctp": _PORT_OPTIONS,
    "udplite": _PORT_OPTIONS,
    "icmp": {"--icmp-type": _icmp("icmp")},
    "hl": {"--hl-eq": _hop_limit(operator.eq), "--hl-lt": _hop_limit(operator.lt), "--hl-gt": _hop_limit(operator.gt)},
    "icmp6": {"--icmpv6-type": _icmp("icmp6"), "--icmp6-type": _icmp("icmp6")},
    "multiport": {
        "--sports": _ports(SPORT),
        "--dports": _ports(DPORT),
        "--ports": _ports(SPORT, DPORT),
        "--port": _ports(SPORT, DPORT),
    },
    "conntrack": {
        "--ctstate": _state,
        "--ctstatus": _status,
        "--ctdir": _direction,
        "--ctproto": _original(_conntrack_protocol),
        "--ctorigsrc": _original(_network(SADDR)),
        "--ctorigdst": _original(_network(DADDR)),
        "--ctorigsrcport": _original_port(SPORT),
        "--ctorigdstport": _original_port(DPORT),
    },
    "state": {"--state": _state},
    "iprange": {"--src-range": _addresses(SADDR), "--dst-range": _addresses(DADDR)},
    "addrtype": {"--dst-type": _types(DESTINATION_TYPE, _ADDRESS_TYPES, _TYPE_NAMES)},
    "pkttype": {
        "--pkt-type": _types(PACKET_TYPE, names.PACKET_TYPES, frozenset(["host", "unicast", "broadcast", "multicast"]))
    },
}
