# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields of the packet and of its meta data that nft's JSON names.

Implicit dependencies, which the JSON omits, are in ``within``: ``tcp dport`` is about TCP only, ``ip saddr`` about IPv4 only.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..intervals import complement, normal
from ..model import (
    ANY,
    DADDR,
    DPORT,
    FAMILY,
    ICMP_CODE,
    ICMP_TYPE,
    IIF,
    MARK,
    OIF,
    PORT_PROTOCOLS,
    PROTOCOL,
    SADDR,
    SPORT,
    TCP_FLAGS,
    TOP,
    Box,
    interface_range,
    interface_value,
)
from . import names
from .addresses import address, prefix_range
from .conditions import EVERYTHING, Boxes, Unclear
from .nft_field import Field, Part, from_names, in_dimension, named, no_number, with_known_value
from .question import (
    ASSUMES_OWN_DESTINATION,
    HOP_LIMIT,
    HOP_LIMIT_UNKNOWN,
    OF_HOST,
    PACKET_TYPE,
    V4,
    V6,
    ZERO,
    Partition,
)

#: No packet in question has the field.
NO_PACKET: Box = {FAMILY: ()}

protocol = named(names.protocol_number, "protocol")
port = named(names.port_number, "port")
PORTED: Box = {PROTOCOL: normal((number, number) for number in PORT_PROTOCOLS.values())}
_PORTLESS: Box = {PROTOCOL: complement(PORTED[PROTOCOL], TOP[PROTOCOL])}


def interface(value: Any) -> Tuple[int, int]:
    """``eth*`` is a wildcard, ``eth\\*`` the name with an asterisk."""
    if not isinstance(value, str):
        raise Unclear("interface number {0} has no name: the interface no longer exists".format(value))
    if value.endswith("\\*"):
        return interface_range(value[:-2] + "*", "\0")
    return interface_range(value, "*")


def interface_by_index(value: Any) -> Tuple[int, int]:
    """``iif`` prints the name of an index, or the bare number when no such interface exists; 0 is no interface."""
    if value in (0, "0"):
        return (0, 0)
    if isinstance(value, int) or (isinstance(value, str) and value.isdigit()):
        raise Unclear("interface number {0} has no name: the interface no longer exists".format(value))
    number = interface_value(str(value))
    return (number, number)


def _addresses(dimension: int, family: int) -> Field:
    return Field(
        V4 if family == 4 else V6,
        lambda value: address(value, family),
        (Part(ANY, dimension),),
        range_of=lambda value: prefix_range(value, family),
        width=32 if family == 4 else 128,
        family=family,
    )


def any_port(dimension: int) -> Field:
    """``th dport`` without a protocol reads the same two bytes of *any* transport header, ICMP's included."""
    return Field(ANY, port, (Part(PORTED, dimension),), unsure=(_PORTLESS,), width=16)


def _icmp(number: int, family: Box, dimension: int, table: Dict[str, int]) -> Field:
    what = "ICMP type" if dimension == ICMP_TYPE else "ICMP code"
    return in_dimension({**family, PROTOCOL: ((number, number),)}, from_names(table, what), dimension, 8)


def _of(number: int) -> Box:
    return {PROTOCOL: ((number, number),)}


_FAMILY_NUMBERS = {"ipv4": 2, "ipv6": 10, "ip": 2, "ip6": 10, "inet": 1, "arp": 3, "bridge": 7}
_FAMILIES: Partition = (((V4,), 2), ((V6,), 10))
_ETHERTYPE_NUMBERS = {"ip": 0x0800, "ip6": 0x86DD, "arp": 0x0806, "vlan": 0x8100, "8021q": 0x8100, "8021ad": 0x88A8}
_ETHERTYPES: Partition = (((V4,), 0x0800), ((V6,), 0x86DD))
_LL_NUMBER = from_names(_ETHERTYPE_NUMBERS, "protocol")
_plain = from_names({}, "number")

#: By protocol and name.
FIELDS: Dict[Tuple[str, str], Field] = {
    ("ip", "saddr"): _addresses(SADDR, 4),
    ("ip", "daddr"): _addresses(DADDR, 4),
    ("ip6", "saddr"): _addresses(SADDR, 6),
    ("ip6", "daddr"): _addresses(DADDR, 6),
    ("ip", "protocol"): in_dimension(V4, protocol, PROTOCOL, 8),
    ("ip6", "nexthdr"): in_dimension(V6, protocol, PROTOCOL, 8),
    ("ip", "version"): with_known_value(((EVERYTHING, 4),), _plain, V4, 4),
    ("ip", "hdrlength"): with_known_value(((EVERYTHING, 5),), _plain, V4, 4),
    ("ip6", "version"): with_known_value(((EVERYTHING, 6),), _plain, V6, 4),
    # The offset and the flag "more fragments" are 0 in a packet that is no fragment; "don't fragment" may be set.
    ("ip", "frag-off"): Field(V4, _plain, known=ZERO, open_bits=0xC000, width=16),
    ("ip6", "hoplimit"): Field(V6, _plain, known=HOP_LIMIT, unsure=HOP_LIMIT_UNKNOWN, width=8),
    ("tcp", "flags"): in_dimension(_of(6), from_names(names.TCP_FLAGS, "TCP flag"), TCP_FLAGS, 8),
    ("icmp", "type"): _icmp(1, V4, ICMP_TYPE, names.NFT_ICMP),
    ("icmp", "code"): _icmp(1, V4, ICMP_CODE, names.NFT_ICMP_CODE),
    ("icmpv6", "type"): _icmp(58, V6, ICMP_TYPE, names.NFT_ICMPV6),
    ("icmpv6", "code"): _icmp(58, V6, ICMP_CODE, names.NFT_ICMPV6_CODE),
    ("th", "sport"): any_port(SPORT),
    ("th", "dport"): any_port(DPORT),
    ("ether", "type"): with_known_value(_ETHERTYPES, _LL_NUMBER, ANY, 16),
}
for _name, _number in PORT_PROTOCOLS.items():
    FIELDS[(_name, "sport")] = in_dimension(_of(_number), port, SPORT, 16)
    FIELDS[(_name, "dport")] = in_dimension(_of(_number), port, DPORT, 16)

#: What a field that is not in the model demands of the packet all the same.
DEMANDS: Dict[str, Box] = {
    "ip": V4,
    "ip6": V6,
    "arp": NO_PACKET,
    "icmp": {**V4, **_of(1)},
    "icmpv6": {**V6, **_of(58)},
    **{name: _of(names.PROTOCOLS[name]) for name in (*PORT_PROTOCOLS, "ah", "esp", "comp", "igmp", "gre")},
}

META: Dict[str, Field] = {
    "iifname": in_dimension(ANY, no_number, IIF, range_of=interface),
    "iif": in_dimension(ANY, no_number, IIF, range_of=interface_by_index),
    "oifname": in_dimension(ANY, no_number, OIF, range_of=interface),
    "oif": in_dimension(ANY, no_number, OIF, range_of=interface_by_index),
    "l4proto": in_dimension(ANY, protocol, PROTOCOL, 8),
    "mark": in_dimension(ANY, _plain, MARK, 32),
    "nfproto": with_known_value(_FAMILIES, from_names(_FAMILY_NUMBERS, "family")),
    "protocol": with_known_value(_ETHERTYPES, _LL_NUMBER, ANY, 16),
    "pkttype": Field(
        ANY, from_names(names.PACKET_TYPES, "packet type"), known=PACKET_TYPE, note=ASSUMES_OWN_DESTINATION
    ),
}
#: Of the socket that sent the packet: what comes in has none, and the rule does not hold, not even negated. Whose the host's
#: answers are is not known.
_OF_SENDER = frozenset(("skuid", "skgid", "cgroup"))
_RUN_TIME = frozenset(("random", "cpu", "time", "hour", "day", "prandom"))


def meta_field(body: Any) -> Field:
    """:raises Unclear: when the model has no such field."""
    key = str(body.get("key") if isinstance(body, dict) else body)
    if key in META:
        return META[key]
    if key in _OF_SENDER:
        return Field(OF_HOST, _plain, unsure=EVERYTHING)
    raise Unclear("", run_time=key in _RUN_TIME)


def payload_field(body: Dict[str, Any]) -> Field:
    """:raises Unclear: when the model has no such field."""
    if "base" in body:
        return _raw_field(str(body["base"]), int(body["offset"]), int(body["len"]))
    key = (str(body.get("protocol", "")), str(body.get("field", "")))
    if "tunnel" in body:
        raise Unclear("", DEMANDS.get(str(body["tunnel"]), ANY))
    if key in FIELDS:
        return FIELDS[key]
    raise Unclear("", DEMANDS.get(key[0], ANY))


#: Where the headers have what, in bits: start, width, family, dimension.
_NETWORK_HEADER = (
    (96, 32, 4, SADDR), (128, 32, 4, DADDR), (72, 8, 4, PROTOCOL),
    (64, 128, 6, SADDR), (192, 128, 6, DADDR), (48, 8, 6, PROTOCOL),
)  # fmt: skip
_TRANSPORT_HEADER: Tuple[Tuple[int, int, Box, int], ...] = (
    (0, 16, PORTED, SPORT),
    (16, 16, PORTED, DPORT),
    (0, 8, DEMANDS["icmp"], ICMP_TYPE),
    (8, 8, DEMANDS["icmp"], ICMP_CODE),
    (0, 8, DEMANDS["icmpv6"], ICMP_TYPE),
    (8, 8, DEMANDS["icmpv6"], ICMP_CODE),
)
#: The first byte of a network header: version, and the length of IPv4's (no options) or the first bits of IPv6's class.
_FIRST_BYTE: Partition = (((V4,), 0x45), ((V6,), 0x60))


def _raw_field(base: str, offset: int, length: int) -> Field:
    """``@nh,96,32``: any bits of a header, of whatever protocol the packet is."""
    if base in ("nh", "network"):
        if (offset, length) == (0, 8):
            return Field(ANY, _plain, known=_FIRST_BYTE, open_bits=0x0F, width=8)
        if (offset, length) == (0, 4):
            return with_known_value((((V4,), 4), ((V6,), 6)), _plain, ANY, 4)
        parts = [
            Part(V4 if family == 4 else V6, dimension, width - length, 0 if dimension == PROTOCOL else family)
            for start, width, family, dimension in _NETWORK_HEADER
            if start == offset and length <= width
        ]
        missing = [box for box in (V4, V6) if not any(part.within == box for part in parts)]
        return _raw(parts, tuple(missing), length)
    if base in ("th", "transport"):
        parts = [
            Part(within, dimension, width - length)
            for start, width, within, dimension in _TRANSPORT_HEADER
            if start == offset and length <= width
        ]
        return _raw(parts, _other_protocols(parts), length)
    raise Unclear()


def _raw(parts: Sequence[Part], unsure: Boxes, length: int) -> Field:
    if not parts:
        raise Unclear()
    return Field(ANY, _plain, tuple(parts), unsure=unsure, width=length)


def _other_protocols(parts: Sequence[Part]) -> Boxes:
    """The packets that none of the parts is about."""
    covered: Dict[Optional[int], List[Tuple[int, int]]] = {None: [], 4: [], 6: []}
    for part in parts:
        family = part.within[FAMILY][0][0] if FAMILY in part.within else None
        covered[family].extend(part.within[PROTOCOL])
    return tuple(
        {**box, PROTOCOL: complement(normal(covered[None] + covered[family]), TOP[PROTOCOL])}
        for family, box in ((4, V4), (6, V6))
    )
