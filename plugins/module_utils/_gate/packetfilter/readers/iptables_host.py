# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iptables' matches on what the host has: addresses, routes, sets, bridges, sockets.

As the kernel treats the first packet of a connection (net/netfilter/xt_*.c, net/ipv4/netfilter/ipt_rpfilter.c).
"""

from __future__ import annotations

from typing import Dict, List, Sequence, Set, Tuple

from ..intervals import complement, minus, normal
from ..model import (
    ANY,
    BROADCAST,
    DADDR,
    DESTINATION_TYPE,
    IIF,
    LOCAL,
    MARK,
    MULTICAST,
    SADDR,
    TOP,
    UNICAST,
    Box,
    Intervals,
    address_range,
    interface_value,
)
from . import names
from .addresses import prefix_range
from .conditions import ALWAYS, EVERYTHING, NEVER, NOTHING, Boxes, Condition, Region, Unclear, doubt, holds, merged
from .iptables_matches import match_words, one_value, read_option
from .iptables_options import Context, Option
from .question import ASSUMES_REVERSE_PATH, OF_CLIENT, OF_HOST, REVERSE_PATH_EXISTS, REVERSE_PATH_MISSING, V4, V6

_TYPES = {name.upper(): number for name, number in names.ADDRESS_TYPES.items()}
_LO: Box = {IIF: ((interface_value("lo"), interface_value("lo")),)}
_MULTICAST4 = normal([prefix_range("224.0.0.0/4", 4)])
_BROADCAST4 = normal([prefix_range("0.0.0.0/8", 4), prefix_range("255.255.255.255", 4)])
_LOOPBACK4 = prefix_range("127.0.0.0/8", 4)
_MULTICAST6 = normal([prefix_range("ff00::/8", 6)])
#: Of IPv6, neither unicast nor multicast: no address, and addresses of IPv4 in IPv6 (ipv6_addr_type).
_NEITHER6 = normal([prefix_range("::", 6), prefix_range("::ffff:0:0/96", 6)])
_DIRECTIONS = {"src", "dst"}


def read_address_type(context: Context, module: str, options: Sequence[Option]) -> List[Condition]:
    """``-m addrtype``. IPv4 asks the table of the host's addresses; IPv6 the kind of the address, and for LOCAL that table."""
    limits = {option.name for option in options if not option.values}
    result: List[Condition] = []
    for option in options:
        if option.values:
            handler = _source_type if option.name == "--src-type" else _destination_type
            if limits:
                handler = _destination_on_input if limits == {"--limit-iface-in"} else _out_of_model
                if option.name == "--src-type":
                    handler = _out_of_model
            result.append(read_option(handler, context, option))
    return result


def _types(option: Option) -> Set[int]:
    wanted = set(one_value(option).split(","))
    if not wanted <= set(_TYPES):
        raise Unclear("no type known here")
    return {_TYPES[name] for name in wanted}


def _out_of_model(context: Context, option: Option) -> Condition:
    raise Unclear("limited to one interface")


def _destination_type(context: Context, option: Option) -> Condition:
    wanted = _types(option)
    numbers = normal((number, number) for number in wanted)
    if context.family == 4:
        return holds(Region(({DESTINATION_TYPE: numbers},)), V4, option.negated, option.words)
    kind = _kind6(wanted)
    asked = normal((number, number) for number in wanted - {UNICAST, MULTICAST, _TYPES["UNSPEC"]})
    box: Dict[int, Intervals] = {DADDR: kind}
    if asked:
        box[DESTINATION_TYPE] = asked
    return holds(Region((box,) if kind else NOTHING), V6, option.negated, option.words)


def _kind6(wanted: Set[int]) -> Intervals:
    """The addresses that are of all the kinds asked for: that of UNICAST with MULTICAST is empty (match_type6)."""
    result: Intervals = ((0, TOP[DADDR]),)
    if _TYPES["UNSPEC"] in wanted:
        result = minus(result, complement(((0, 0),), TOP[DADDR]))
    if MULTICAST in wanted:
        result = minus(result, complement(_MULTICAST6, TOP[DADDR]))
    if UNICAST in wanted:
        result = minus(minus(result, _MULTICAST6), _NEITHER6)
    return result


def _destination_on_input(context: Context, option: Option) -> Condition:
    """``--limit-iface-in``: of the host's addresses, those of the input interface are LOCAL."""
    wanted = _types(option)
    own_ones = [own for own in context.around.own or () if own.family == context.family]
    if context.around.own is None or wanted != {LOCAL} or any(not own.interface for own in own_ones):
        raise Unclear("limited to one interface")  # of an address that the user gave, the interface is not known
    boxes: List[Box] = []
    for own in own_ones:
        interface = interface_value(own.interface)
        pair = address_range(own.family, own.value, own.value)
        boxes.append({IIF: ((interface, interface),), DADDR: (pair,)})
    if context.family == 4:
        boxes.append({**_LO, DADDR: (_LOOPBACK4,)})
    within = V4 if context.family == 4 else V6
    return holds(Region(merged(boxes)), within, option.negated, option.words)


def _source_type(context: Context, option: Option) -> Condition:
    wanted = _types(option)
    within = V4 if context.family == 4 else V6
    sure, unsure = _sources4(context, wanted) if context.family == 4 else _sources6(context, wanted)
    if option.negated:
        sure = minus(complement(sure, TOP[SADDR]), unsure)
    region = Region(({SADDR: sure},) if sure else NOTHING, ({SADDR: unsure},) if unsure else NOTHING)
    return holds(region, within, False, option.words)


def _own(context: Context) -> Intervals:
    own = context.around.own or ()
    ranges = [address_range(item.family, item.value, item.value) for item in own if item.family == context.family]
    ranges.append(_LOOPBACK4 if context.family == 4 else prefix_range("::1", 6))
    return normal(ranges)


def _sources4(context: Context, wanted: Set[int]) -> Tuple[Intervals, Intervals]:
    """The sources that have a type which is asked for, and those that may have one."""
    by_type: Dict[int, Intervals] = {MULTICAST: _MULTICAST4, BROADCAST: _BROADCAST4}
    rest = complement(normal(_MULTICAST4 + _BROADCAST4), TOP[SADDR])
    unsure: Intervals = ()
    if context.around.own is None:
        unsure = () if {LOCAL, UNICAST, BROADCAST} <= wanted else rest
        unsure = unsure if wanted & {LOCAL, UNICAST, BROADCAST} else ()
        by_type[UNICAST] = () if unsure else rest
    else:
        local = by_type[LOCAL] = minus(_own(context), normal(_MULTICAST4 + _BROADCAST4))
        edges = [
            prefix_range("{0}/{1}".format(_dotted(own.value), own.prefix), 4)
            for own in context.around.own
            if own.family == 4 and own.prefix < 31
        ]
        last = by_type[BROADCAST] = normal(_BROADCAST4 + minus(normal((end, end) for _start, end in edges), local))
        first = minus(minus(normal((start, start) for start, _end in edges), local), last)
        unsure = first if {UNICAST, BROADCAST} & wanted and not {UNICAST, BROADCAST} <= wanted else ()
        rest = minus(rest, last)  # the first address of a network was one for broadcasts up to Linux 5.13
        by_type[UNICAST] = minus(minus(rest, local), unsure)
    sure = normal(pair for number in wanted for pair in by_type.get(number, ()))
    return minus(sure, unsure), unsure


def _dotted(value: int) -> str:
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _sources6(context: Context, wanted: Set[int]) -> Tuple[Intervals, Intervals]:
    kind = _kind6(wanted)
    asked = wanted - {UNICAST, MULTICAST, _TYPES["UNSPEC"]}
    if not asked:
        return kind, ()
    if asked == {LOCAL} and context.around.own is not None:
        return minus(kind, complement(_own(context), TOP[SADDR])), ()
    return (), kind


def read_reverse_path(context: Context, module: str, options: Sequence[Option]) -> List[Condition]:
    """``-m rpfilter``. On lo it always passes; ``--loose`` asks for any route to the source, ``--validmark`` for one of the
    packet's mark, ``--accept-local`` lets the host's own sources pass."""
    given = {option.name for option in options}
    if not context.around.routes_known:
        context.notes.add(ASSUMES_REVERSE_PATH)
    passes: List[Box] = [{**REVERSE_PATH_EXISTS}, _LO]
    if context.family == 6:
        passes.append({SADDR: ((0, 0),)})
    elsewhere: Box = {**REVERSE_PATH_MISSING, IIF: complement(_LO[IIF], TOP[IIF])}
    unsure: List[Box] = []
    why = ""
    if "--loose" in given:
        unsure.append(elsewhere)
        why = "whether there is another route to the source is not looked at"
    elif "--accept-local" in given:
        own = _own(context) if context.around.own is not None else ((0, TOP[SADDR]),)
        unsure.append({**elsewhere, SADDR: own})
        why = "whether the source is the host's own is not looked at"
    if "--validmark" in given:
        passes[0] = {**REVERSE_PATH_EXISTS, MARK: ((0, 0),)}
        unsure.append({MARK: ((1, TOP[MARK]),), IIF: elsewhere[IIF]})
        why = why or "routes of marked packets are not looked at"
    region = Region(tuple(passes), tuple(unsure), why)
    within = V4 if context.family == 4 else V6
    return [holds(region, within, "--invert" in given, match_words(module, options))]


def read_set(context: Context, module: str, options: Sequence[Option]) -> List[Condition]:
    """``-m set``. With conditions on an element's counters, whether a member matches depends on the run."""
    counters = [option for option in options if option.name.startswith(("--packets-", "--bytes-"))]
    nomatch = any(option.name == "--return-nomatch" for option in options)
    result: List[Condition] = []
    for option in options:
        if option.name not in ("--match-set", "--set"):
            continue
        words = match_words(module, [option])
        try:
            if len(option.values) != 2 or not set(option.values[1].split(",")) <= _DIRECTIONS:
                raise Unclear("a set and its directions expected")
            name, flags = option.values
            region = context.around.sets.region(name, context.family, flags.split(","), nomatch)
        except Unclear as unclear:
            result.append(unclear.doubt(words))
            continue
        if counters:
            why = " ".join(counter.words for counter in counters)
            region = Region(NOTHING, region.sure + region.unsure, why, True)
        result.append(holds(region, {}, option.negated, words))
    return result or [doubt(match_words(module, options))]


def read_physical_device(context: Context, module: str, options: Sequence[Option]) -> List[Condition]:
    """``-m physdev`` is about bridged frames. A packet that was not bridged matches when all is negated."""
    unbridged = bool(options) and all(option.negated for option in options)
    bridges = context.around.bridges
    words = match_words(module, options)
    why = "of frames that come over a bridge"
    if bridges is None:
        return [holds(Region(NOTHING, EVERYTHING, why), {}, False, words)]
    names_of_bridges = normal((interface_value(name), interface_value(name)) for name in bridges)
    others = complement(names_of_bridges, TOP[IIF])
    sure: Boxes = ({IIF: others},) if unbridged else NOTHING
    return [holds(Region(sure, ({IIF: names_of_bridges},) if names_of_bridges else NOTHING, why), {}, False, words)]


def holds_when_negated(context: Context, module: str, options: Sequence[Option]) -> List[Condition]:
    """Matches on what the packets in question do not have: a master connection (helper)."""
    return [ALWAYS if options and all(option.negated for option in options) else NEVER]


def read_owner(context: Context, module: str, options: Sequence[Option]) -> List[Condition]:
    """Matches on the sending socket: what comes in has none, and whose the host's answers are is not known."""
    inverted = module == "owner" and bool(options) and all(option.negated for option in options)
    region = Region((OF_CLIENT,) if inverted else NOTHING, (OF_HOST,), "whose the host's answers are is not looked at")
    return [holds(region, ANY, False, match_words(module, options))]


def read_recent(context: Context, module: str, options: Sequence[Option]) -> List[Condition]:
    """``-m recent``: ``--set`` notes the source and always holds; whatever asks depends on what was noted."""
    for option in options:
        if option.name == "--set":
            return [NEVER if option.negated else ALWAYS]
    return [doubt(match_words(module, options), ANY, True)]
