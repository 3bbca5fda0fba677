# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields of a packet's connection (``ct``) that nft's JSON names."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from ..intervals import complement
from ..model import (
    ACK,
    ANSWER,
    ANY,
    CT_DNAT,
    CT_MARK,
    CT_ZONE,
    DADDR,
    DPORT,
    ORIGINAL_DADDR,
    ORIGINAL_DPORT,
    PROTOCOL,
    SADDR,
    SPORT,
    SYN,
    TCP_FLAGS,
    TOP,
    Box,
)
from . import names
from .addresses import address, prefix_range
from .conditions import Boxes, Unclear
from .nft_field import Field, Part, from_names, in_dimension, with_known_value
from .nft_fields import NO_PACKET, PORTED, any_port, protocol
from .question import (
    ANSWERED,
    CONNTRACK_STATE,
    NOT_ANSWERED,
    OF_CLIENT,
    OF_HOST,
    TRACKED,
    V4,
    V6,
    Partition,
)

_plain = from_names({}, "number")

#: The bits of ct status that are known: of a first packet, no answer was seen; source NAT comes behind the filter.
_KNOWN_BITS = ("expected", "seen-reply", "assured", "snat", "dying", "dnat")
_OPEN_STATUS = ~sum(names.CT_STATUS[name] for name in _KNOWN_BITS)
_TCP: Box = {PROTOCOL: ((6, 6),)}
_NOT_TCP: Box = {PROTOCOL: complement(_TCP[PROTOCOL], TOP[PROTOCOL])}
_SYN_ACK = ((SYN | ACK, SYN | ACK),)
#: A connection over TCP is assured with the client's packet behind the SYN and ACK (tcp_packet), others are some time later.
_ASSURED: Box = {**_TCP, TCP_FLAGS: complement(_SYN_ACK, TOP[TCP_FLAGS])}
_NOT_ASSURED: Boxes = ({**_TCP, TCP_FLAGS: _SYN_ACK}, _NOT_TCP)


def _status() -> Partition:
    entries: List[Tuple[Boxes, int]] = []
    for translated, dnat in (({CT_DNAT: ((0, 0),)}, 0), ({CT_DNAT: ((1, 1),)}, names.CT_STATUS["dnat"])):
        answered = names.CT_STATUS["seen-reply"] | dnat
        entries.append((({**NOT_ANSWERED, **translated},), dnat))
        entries.append((tuple({**ANSWERED, **box, **translated} for box in _NOT_ASSURED), answered))
        entries.append((({**ANSWERED, **_ASSURED, **translated},), answered | names.CT_STATUS["assured"]))
    return tuple(entries)


_STATE = Field(ANY, from_names(names.CT_STATES, "state"), known=CONNTRACK_STATE, width=32)
#: For all but the state the rule does not hold without a connection.
_CONNTRACK: Dict[str, Field] = {
    "direction": in_dimension(TRACKED, from_names({"original": 0, "reply": 1}, "direction"), ANSWER),
    "status": Field(
        TRACKED,
        from_names(names.CT_STATUS, "status"),
        known=_status(),
        open_bits=_OPEN_STATUS,
        width=32,
    ),
    "mark": in_dimension(TRACKED, _plain, CT_MARK, 32),
    "zone": in_dimension(TRACKED, _plain, CT_ZONE, 16),
    "l3proto": with_known_value((((V4,), 2), ((V6,), 10)), from_names({"ipv4": 2, "ipv6": 10}, "family"), TRACKED),
    "protocol": in_dimension(TRACKED, protocol, PROTOCOL, 8),
    # Only connections that another one announced have a helper here, and those are not new.
    "helper": Field(NO_PACKET, _plain),
}
_RUN_TIME = frozenset(("expiration", "bytes", "packets", "avgpkt", "id", "event"))


def _tuple_parts(dimension: int, within: Box = ANY) -> Tuple[Part, ...]:
    """Of the client's packets and of the host's answers, in which source and destination have changed places."""
    other = _OTHER_SIDE.get(dimension)
    if other is None:
        return (Part(within, dimension),)
    return (Part({**within, **OF_CLIENT}, dimension), Part({**within, **OF_HOST}, other))


_OTHER_SIDE = {SADDR: DADDR, DADDR: SADDR, SPORT: DPORT, DPORT: SPORT}


def _tuple_address(dimension: int, family: int) -> Field:
    return Field(
        {**TRACKED, **(V4 if family == 4 else V6)},
        lambda value: address(value, family),
        _tuple_parts(dimension),
        range_of=lambda value: prefix_range(value, family),
        width=32 if family == 4 else 128,
        family=family,
    )


def _tuple_port(dimension: int) -> Field:
    field = any_port(dimension)
    return Field(TRACKED, field.number, _tuple_parts(dimension, PORTED), unsure=field.unsure, width=16)


#: What the client sent, and what the answer to it looks like (after destination NAT).
_TUPLES: Dict[Tuple[str, str], int] = {
    ("original", "saddr"): SADDR, ("original", "daddr"): ORIGINAL_DADDR,
    ("original", "proto-src"): SPORT, ("original", "proto-dst"): ORIGINAL_DPORT,
    ("reply", "saddr"): DADDR, ("reply", "daddr"): SADDR,
    ("reply", "proto-src"): DPORT, ("reply", "proto-dst"): SPORT,
}  # fmt: skip


def conntrack_field(body: Dict[str, Any], table_family: str) -> Field:
    """:raises Unclear: when the model has no such field."""
    key = str(body.get("key"))
    if key == "state":
        return _STATE
    if key in _CONNTRACK:
        return _CONNTRACK[key]
    family, _space, field = key.rpartition(" ")
    dimension = _TUPLES.get((str(body.get("dir")), field))
    if dimension is None:
        raise Unclear("", TRACKED, key in _RUN_TIME)
    if field.startswith("proto-"):
        return _tuple_port(dimension)
    family = family or str(body.get("family", table_family))
    if family not in ("ip", "ip6"):
        raise Unclear("", TRACKED)
    return _tuple_address(dimension, 4 if family == "ip" else 6)
