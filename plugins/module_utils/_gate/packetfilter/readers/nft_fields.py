# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields that nft's JSON names, as dimensions or known facts of the packet in question.

A `Field` tells for one value (a number, a name, a prefix, a range) which packets carry it. Implicit dependencies, which
the JSON omits, are in ``within``: ``tcp dport`` is about TCP only, ``ip saddr`` about IPv4 only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Optional, Tuple

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
    interface_range,
    interface_value,
)
from . import names
from .addresses import address, prefix_range
from .conditions import EVERYTHING, NOTHING, Boxes, Unclear
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
)


@dataclass(frozen=True)
class Field:
    """A field is either one of the model's dimensions, or a partition of all packets by its known value.

    ``within``: the packets that have the field at all. ``number``: a value as written -> the number.
    ``range_of``: a value as written -> the range it stands for, where that is more than one number (wildcards, prefixes).
    ``only``, ``unsure``: the packets for which the dimension is exact, and those for which the field's value is unknown.
    ``bits``, ``family``: the width, for masks; the family of an address. ``open_bits``: bits of the known value that are
    not known. ``note``: what was assumed (for `Ruleset.notes`).
    """

    within: Box
    number: Callable[[Any], int]
    dimension: int = -1
    partition: Optional[Partition] = None
    range_of: Optional[Callable[[Any], Tuple[int, int]]] = None
    only: Box = field(default_factory=dict)
    unsure: Boxes = NOTHING
    bits: int = 0
    family: int = 0
    open_bits: int = 0
    note: str = ""


def _from_names(table: Dict[str, int], what: str) -> Callable[[Any], int]:
    def number(value: Any) -> int:
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, int):
            return value
        if isinstance(value, str):
            if value in table:
                return table[value]
            if value.isdigit():
                return int(value)
            if value.lower().startswith("0x"):
                return int(value, 16)
        raise Unclear("{0!r} is no {1} known here".format(value, what))

    return number


def _named(find: Callable[[str], Optional[int]], what: str) -> Callable[[Any], int]:
    def number(value: Any) -> int:
        if isinstance(value, int):
            return value
        found = find(value) if isinstance(value, str) else None
        if found is None:
            raise Unclear("{0!r} is no {1} known here".format(value, what))
        return found

    return number


protocol = _named(names.protocol_number, "protocol")
port = _named(names.port_number, "port")
_ports_only: Box = {PROTOCOL: normal((number, number) for number in PORT_PROTOCOLS.values())}
_portless: Box = {PROTOCOL: complement(_ports_only[PROTOCOL], TOP[PROTOCOL])}


def _interface(value: Any) -> Tuple[int, int]:
    """``eth*`` is a wildcard, ``eth\\*`` the name with an asterisk."""
    if not isinstance(value, str):
        raise Unclear("interface number {0} has no name: the interface no longer exists".format(value))
    if value.endswith("\\*"):
        return interface_range(value[:-2] + "*", "\0")
    return interface_range(value, "*")


def _interface_by_index(value: Any) -> Tuple[int, int]:
    """``iif`` prints the name of an index, or the bare number when no such interface exists."""
    if isinstance(value, int) or (isinstance(value, str) and value.isdigit()):
        raise Unclear("interface number {0} has no name: the interface no longer exists".format(value))
    number = interface_value(str(value))
    return (number, number)


def _no_number(value: Any) -> int:
    raise Unclear("{0!r} cannot be compared".format(value))


def _addresses(dimension: int, family: int) -> Field:
    return Field(
        V4 if family == 4 else V6,
        lambda value: address(value, family),
        dimension,
        bits=32 if family == 4 else 128,
        family=family,
        range_of=lambda value: prefix_range(value, family),
    )


def _port_of(name: str, dimension: int) -> Field:
    number = PORT_PROTOCOLS[name]
    return Field({PROTOCOL: ((number, number),)}, port, dimension, bits=16)


def _any_port(dimension: int) -> Field:
    """``th dport`` without a protocol reads the same two bytes of *any* transport header, ICMP's included."""
    return Field({}, port, dimension, only=_ports_only, unsure=(_portless,), bits=16)


def _icmp(number: int, family: Box, table: Dict[str, int]) -> Field:
    return Field({**family, PROTOCOL: ((number, number),)}, _from_names(table, "ICMP type"), ICMP_TYPE, bits=8)


def _known(
    partition: Partition, table: Dict[str, int], what: str, within: Optional[Box] = None, note: str = ""
) -> Field:
    return Field(within or {}, _from_names(table, what), partition=partition, note=note)


_FAMILIES: Partition = (((V4,), 2), ((V6,), 10))
_ETHERTYPES: Partition = (((V4,), 0x0800), ((V6,), 0x86DD))

_PAYLOAD: Dict[Tuple[str, str], Field] = {
    ("ip", "saddr"): _addresses(SADDR, 4),
    ("ip", "daddr"): _addresses(DADDR, 4),
    ("ip6", "saddr"): _addresses(SADDR, 6),
    ("ip6", "daddr"): _addresses(DADDR, 6),
    ("ip", "protocol"): Field(V4, protocol, PROTOCOL, bits=8),
    ("ip6", "nexthdr"): Field(V6, protocol, PROTOCOL, bits=8),
    ("ip", "version"): _known(((EVERYTHING, 4),), {}, "IP version", V4),
    ("ip6", "version"): _known(((EVERYTHING, 6),), {}, "IP version", V6),
    # The offset and the flag "more fragments" are 0 in a packet that is no fragment; "don't fragment" may be set.
    ("ip", "frag-off"): Field(V4, _from_names({}, "fragment offset"), partition=ZERO, open_bits=0xC000),
    ("ip6", "hoplimit"): Field(V6, _from_names({}, "hop limit"), partition=HOP_LIMIT, unsure=HOP_LIMIT_UNKNOWN),
    ("tcp", "flags"): _known(SYN_ALONE, names.TCP_FLAGS, "TCP flag", {PROTOCOL: ((6, 6),)}),
    ("icmp", "type"): _icmp(1, V4, names.NFT_ICMP),
    ("icmpv6", "type"): _icmp(58, V6, names.NFT_ICMPV6),
    ("th", "sport"): _any_port(SPORT),
    ("th", "dport"): _any_port(DPORT),
}
for _name in PORT_PROTOCOLS:
    _PAYLOAD[(_name, "sport")] = _port_of(_name, SPORT)
    _PAYLOAD[(_name, "dport")] = _port_of(_name, DPORT)

#: What a field that is not in the model demands of the packet all the same.
_DEMANDS: Dict[str, Box] = {
    "ip": V4,
    "ip6": V6,
    "icmp": {**V4, PROTOCOL: ((1, 1),)},
    "icmpv6": {**V6, PROTOCOL: ((58, 58),)},
}
for _name in list(PORT_PROTOCOLS) + ["ah", "esp", "comp"]:
    _number = names.PROTOCOLS[_name]
    _DEMANDS[_name] = {PROTOCOL: ((_number, _number),)}

#: The output interface does not exist yet when a packet comes in: it equals no name.
NO_OUTPUT = Field({}, lambda value: 1, partition=ZERO, open_bits=1)

_META: Dict[str, Field] = {
    "oif": NO_OUTPUT,
    "oifname": NO_OUTPUT,
    "iifname": Field({}, _no_number, IIF, range_of=_interface),
    "iif": Field({}, _no_number, IIF, range_of=_interface_by_index),
    "l4proto": Field({}, protocol, PROTOCOL, bits=8),
    "nfproto": _known(
        _FAMILIES, {"ipv4": 2, "ipv6": 10, "ip": 2, "ip6": 10, "inet": 1, "arp": 3, "bridge": 7}, "family"
    ),
    "protocol": _known(
        _ETHERTYPES,
        {"ip": 0x0800, "ip6": 0x86DD, "arp": 0x0806, "vlan": 0x8100, "8021q": 0x8100, "8021ad": 0x88A8},
        "protocol",
    ),
    "pkttype": _known(PACKET_TYPE, names.PACKET_TYPES, "packet type", note=ASSUMES_OWN_DESTINATION),
}

#: ``ct original ...`` of the first packet is what the client addressed.
_CT_ORIGINAL: Dict[str, Field] = {
    "ip saddr": _PAYLOAD[("ip", "saddr")],
    "ip daddr": _PAYLOAD[("ip", "daddr")],
    "ip6 saddr": _PAYLOAD[("ip6", "saddr")],
    "ip6 daddr": _PAYLOAD[("ip6", "daddr")],
    "protocol": _META["l4proto"],
    "proto-src": _any_port(SPORT),
    "proto-dst": _any_port(DPORT),
}
# The bits of ct status that no first packet of a connection has set before the filter saw it. (DNAT is in question only
# where a dnat rule touched the packet, and such packets are uncertain anyway.)
_CT_STATUS = {name: names.CT_STATUS[name] for name in ("expected", "seen-reply", "assured", "snat", "dnat", "dying")}


def find(left: Any, before_conntrack: Optional[bool]) -> Field:
    """The field that an expression names. :raises Unclear: when the model has no such field."""
    if isinstance(left, dict) and len(left) == 1:
        ((kind, body),) = left.items()
        if kind == "payload" and isinstance(body, dict):
            return _payload_field(body)
        if kind == "meta":
            key = body.get("key") if isinstance(body, dict) else body
            if key in _META:
                return _META[str(key)]
        if kind == "ct" and isinstance(body, dict):
            return _conntrack_field(body, before_conntrack)
        if kind == "fib" and isinstance(body, dict):
            flags = set(body.get("flags", ()))
            if body.get("result") == "type" and flags == {"daddr"}:
                return _known(DESTINATION_TYPE, names.ADDRESS_TYPES, "address type", note=ASSUMES_OWN_DESTINATION)
        if kind == "ip option":
            raise Unclear("", V4)
        if kind == "exthdr":
            raise Unclear("", V6)
        if kind == "tcp option":
            raise Unclear("", {PROTOCOL: ((6, 6),)})
    raise Unclear()


def _payload_field(body: Dict[str, Any]) -> Field:
    key = (str(body.get("protocol", "")), str(body.get("field", "")))
    if "base" in body and body.get("base") in ("th", "transport") and body.get("len") == 16:
        key = ("th", {0: "sport", 16: "dport"}.get(body.get("offset", -1), ""))
    if key in _PAYLOAD:
        return _PAYLOAD[key]
    raise Unclear("", _DEMANDS.get(key[0], {}))


def _conntrack_field(body: Dict[str, Any], before_conntrack: Optional[bool]) -> Field:
    key = body.get("key")
    if before_conntrack is None:
        raise Unclear("in a chain that is run both before and after connection tracking")
    if key == "state":
        return _known(conntrack_state(before_conntrack), names.CT_STATES, "state")
    if before_conntrack:
        raise Unclear("in a chain that is run before connection tracking")
    if key == "direction":
        return _known(ZERO, {"original": 0, "reply": 1}, "direction")
    if key == "status":
        return Field({}, _from_names(_CT_STATUS, "status"), partition=ZERO, open_bits=~sum(_CT_STATUS.values()))
    direction = body.get("dir", "original" if key == "protocol" else "")
    name = str(key)
    if key in ("saddr", "daddr"):
        name = "{0} {1}".format(body.get("family", "?"), key)
    if direction == "original" and name in _CT_ORIGINAL:
        return _CT_ORIGINAL[name]
    raise Unclear()
