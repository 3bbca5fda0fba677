# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iptables' generic options, and its matches on what a packet says about itself: ports, ranges, flags, types, headers.

One function reads one option. iptables_state.py has the matches whose options belong together, or that ask for more than
the packet; `MATCHES` in iptables_rules.py names all of them.
"""

from __future__ import annotations

import operator
from typing import Callable, Dict, List, Sequence, Tuple

from ..intervals import complement, normal
from ..model import (
    ANY,
    DADDR,
    DPORT,
    ICMP_CODE,
    ICMP_TYPE,
    IIF,
    OIF,
    PROTOCOL,
    SADDR,
    SPORT,
    TCP_FLAGS,
    TOP,
    Box,
    address_range,
    interface_range,
)
from . import names
from .addresses import address, prefix_range
from .conditions import ALWAYS, EVERYTHING, NEVER, NOTHING, Condition, Region, Unclear, doubt, holds
from .iptables_options import Context, Option
from .question import (
    ASSUMES_OWN_DESTINATION,
    HOP_LIMIT,
    HOP_LIMIT_UNKNOWN,
    PACKET_TYPE,
    V4,
    V6,
    where_value,
)

_ICMP_MATCHES = {"icmp": (1, V4, names.IPTABLES_ICMP), "icmp6": (58, V6, names.IPTABLES_ICMPV6)}
#: Protocol numbers that are extension headers of IPv6, or end its chain of headers.
_EXTENSION_HEADERS = normal((number, number) for number in (0, 43, 44, 50, 51, 59, 60))

#: Reads one option. May raise Unclear.
Handler = Callable[[Context, Option], Condition]
#: Reads one match with its options.
Reader = Callable[[Context, str, Sequence[Option]], List[Condition]]


def one_by_one(handlers: Dict[str, Handler]) -> Reader:
    """A match whose options are conditions of their own, all of which must hold."""

    def reader(context: Context, module: str, options: Sequence[Option]) -> List[Condition]:
        return [read_option(handlers[option.name], context, option) for option in options]

    return reader


def read_option(handler: Handler, context: Context, option: Option) -> Condition:
    try:
        return handler(context, option)
    except Unclear as unclear:
        return unclear.doubt(option.words)


def in_doubt(run_time: bool, within: Box = ANY) -> Reader:
    """A match that is not in the model. ``run_time``: as in `model.Match`."""

    def reader(context: Context, module: str, options: Sequence[Option]) -> List[Condition]:
        return [doubt(match_words(module, options), within, run_time)]

    return reader


def never(context: Context, module: str, options: Sequence[Option]) -> List[Condition]:
    """A match that holds for no packet in question, negated or not: on a header that it does not have."""
    return [NEVER]


def always(context: Context, option: Option) -> Condition:
    return ALWAYS


def match_words(module: str, options: Sequence[Option]) -> str:
    return " ".join(["-m " + module] + [option.words for option in options])


def one_value(option: Option) -> str:
    if len(option.values) != 1:
        raise Unclear("one value expected")
    return option.values[0]


def read_protocol(context: Context, option: Option) -> Condition:
    name = one_value(option)
    number = names.protocol_number(name)
    if number is None and name != "all":
        raise Unclear("no protocol known here")
    if not number:  # -p all, -p 0
        return NEVER if option.negated else ALWAYS
    return holds(Region(({PROTOCOL: ((number, number),)},)), {}, option.negated, option.words)


def networks(dimension: int) -> Handler:
    def handler(context: Context, option: Option) -> Condition:
        ranges = normal(prefix_range(item, context.family) for item in one_value(option).split(","))
        return holds(Region(({dimension: ranges},)), {}, option.negated, option.words)

    return handler


def _address_range(dimension: int) -> Handler:
    def handler(context: Context, option: Option) -> Condition:
        first, _dash, last = one_value(option).partition("-")
        family = context.family
        ranges = normal([address_range(family, address(first, family), address(last or first, family))])
        return holds(Region(({dimension: ranges},) if ranges else NOTHING), {}, option.negated, option.words)

    return handler


def _interface(dimension: int) -> Handler:
    """A packet without an output interface has the name ``""`` there: ``-o eth0`` does not hold, ``! -o eth0`` does."""

    def handler(context: Context, option: Option) -> Condition:
        box: Box = {dimension: (interface_range(one_value(option), "+"),)}
        return holds(Region((box,)), {}, option.negated, option.words)

    return handler


def _fragment(context: Context, option: Option) -> Condition:
    return ALWAYS if option.negated else NEVER


def _of_family(family: int) -> Handler:
    return lambda context, option: ALWAYS if context.family == family else NEVER


def port_pairs(text: str) -> List[Tuple[int, int]]:
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

    def handler(context: Context, option: Option) -> Condition:
        ranges = normal(port_pairs(one_value(option)))
        boxes = tuple({dimension: ranges} for dimension in dimensions) if ranges else NOTHING
        return holds(Region(boxes), context.ports_within(), option.negated, option.words)

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


def _tcp_flags(context: Context, option: Option) -> Condition:
    if len(option.values) != 2:
        raise Unclear("two lists of flags expected")
    mask, value = _flags(option.values[0]), _flags(option.values[1])
    flags = normal((number, number) for number in range(256) if (number & mask == value) != option.negated)
    return holds(Region(({TCP_FLAGS: flags},) if flags else NOTHING), {PROTOCOL: ((6, 6),)}, False, option.words)


def _syn(context: Context, option: Option) -> Condition:
    return _tcp_flags(context, option._replace(values=("FIN,SYN,RST,ACK", "SYN")))


def _not_modelled(protocol: int) -> Handler:
    """Something in a protocol's header that the model does not have."""

    def handler(context: Context, option: Option) -> Condition:
        raise Unclear("", {PROTOCOL: ((protocol, protocol),)})

    return handler


def _icmp(module: str) -> Handler:
    def handler(context: Context, option: Option) -> Condition:
        number, family, known = _ICMP_MATCHES[module]
        within: Box = {**family, PROTOCOL: ((number, number),)}
        text = one_value(option)
        if text == "any" or (text == "255" and number == 1):
            return NEVER if option.negated else holds(Region(EVERYTHING), within, False, option.words)
        kind, slash, code_text = text.partition("/")
        value = names.decimal(kind, 255)
        code = names.decimal(code_text, 255) if slash else None
        if text in known:
            value, code = known[text]
        elif value is None or (slash and code is None):
            raise Unclear("no ICMP type known here", within)
        box: Dict[int, Tuple[Tuple[int, int], ...]] = {ICMP_TYPE: ((value, value),)}
        if code is not None:
            box[ICMP_CODE] = ((code, code),)
        return holds(Region((box,)), within, option.negated, option.words)

    return handler


def _packet_type(context: Context, option: Option) -> Condition:
    name = one_value(option)
    if name not in ("host", "unicast", "broadcast", "multicast"):
        raise Unclear()
    context.notes.add(ASSUMES_OWN_DESTINATION)
    wanted = names.PACKET_TYPES[name]
    boxes = where_value(PACKET_TYPE, lambda value: (value == wanted) != option.negated)
    return holds(Region(boxes), V4 if context.family == 4 else V6, False, option.words)


def _hop_limit(compare: Callable[[int, int], bool]) -> Handler:
    def handler(context: Context, option: Option) -> Condition:
        limit = names.decimal(one_value(option), 255)
        if limit is None:
            raise Unclear("no hop limit")
        sure = where_value(HOP_LIMIT, lambda value: compare(value, limit) != option.negated)
        return holds(Region(sure, HOP_LIMIT_UNKNOWN), V6, False, option.words)

    return handler


def read_ipv6_header(context: Context, module: str, options: Sequence[Option]) -> List[Condition]:
    """``-m ipv6header``: the packet in question has no extension header, so of all names ``prot`` alone is there. ``--soft``: the
    names are among the headers (``!``: none is), instead of being all of them (ip6t_ipv6header.c)."""
    soft = any(option.name == "--soft" for option in options)
    within: Box = {**V6, PROTOCOL: complement(_EXTENSION_HEADERS, TOP[PROTOCOL])}
    others: Box = {**V6, PROTOCOL: _EXTENSION_HEADERS}
    result: List[Condition] = []
    for option in options:
        if option.name != "--header":
            continue
        wanted = set(",".join(option.values).split(","))
        payload = bool(wanted & {"prot", "proto"})
        if soft:
            holding = not payload if option.negated else wanted <= {"prot", "proto"}
        else:
            holding = (wanted <= {"prot", "proto"}) != option.negated
        region = Region((within,) if holding else NOTHING, (others,))
        result.append(holds(region, {}, False, match_words(module, options)))
    return result or [doubt(match_words(module, options))]


GENERIC_HANDLERS: Dict[str, Handler] = {
    "-p": read_protocol,
    "-s": networks(SADDR),
    "-d": networks(DADDR),
    "-i": _interface(IIF),
    "-o": _interface(OIF),
    "-f": _fragment,
    "-c": always,
    "-4": _of_family(4),
    "-6": _of_family(6),
}
_PORT_OPTIONS: Dict[str, Handler] = {"--sport": _ports(SPORT), "--dport": _ports(DPORT)}
#: Matches whose options are conditions of their own.
SIMPLE: Dict[str, Dict[str, Handler]] = {
    "comment": {"--comment": always},
    "tcp": {**_PORT_OPTIONS, "--tcp-flags": _tcp_flags, "--syn": _syn, "--tcp-option": _not_modelled(6)},
    "udp": _PORT_OPTIONS,
    "dccp": {**_PORT_OPTIONS, "--dccp-types": _not_modelled(33), "--dccp-option": _not_modelled(33)},
    "sctp": {**_PORT_OPTIONS, "--chunk-types": _not_modelled(132)},
    "udplite": _PORT_OPTIONS,
    "icmp": {"--icmp-type": _icmp("icmp")},
    "icmp6": {"--icmpv6-type": _icmp("icmp6"), "--icmp6-type": _icmp("icmp6")},
    "hl": {"--hl-eq": _hop_limit(operator.eq), "--hl-lt": _hop_limit(operator.lt), "--hl-gt": _hop_limit(operator.gt)},
    "multiport": {
        "--sports": _ports(SPORT),
        "--dports": _ports(DPORT),
        "--ports": _ports(SPORT, DPORT),
        "--port": _ports(SPORT, DPORT),
    },
    "iprange": {"--src-range": _address_range(SADDR), "--dst-range": _address_range(DADDR)},
    "pkttype": {"--pkt-type": _packet_type},
    "esp": {"--espspi": _not_modelled(50)},
    "ah": {"--ahspi": _not_modelled(51)},
    "mh": {"--mh-type": _not_modelled(135)},
}
