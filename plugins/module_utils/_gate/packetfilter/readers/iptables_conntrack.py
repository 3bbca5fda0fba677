# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iptables' matches on connections and marks: conntrack, state, connmark, mark.

As the kernel treats the first packet of a connection (net/netfilter/xt_conntrack.c, xt_connmark.c, xt_mark.c).
"""

from __future__ import annotations

from typing import Callable, Dict, List, Sequence, Tuple

from ..intervals import complement, normal
from ..model import (
    ANY,
    CT_DNAT,
    CT_MARK,
    CT_STATE,
    DADDR,
    DPORT,
    ESTABLISHED,
    IIF,
    INVALID,
    MARK,
    NEW,
    ORIGINAL_DADDR,
    ORIGINAL_DPORT,
    PORT_PROTOCOLS,
    PROTOCOL,
    SADDR,
    SPORT,
    TOP,
    UNTRACKED,
    Box,
    Intervals,
    Match,
    interface_value,
)
from . import names
from .addresses import prefix_range
from .conditions import NOTHING, Boxes, Condition, Region, Unclear, holds, product
from .iptables_matches import Handler, one_value, port_pairs, read_option
from .iptables_options import Context, Option
from .marks import mark_condition, masked
from .question import ANSWERED, NOT_ANSWERED, OF_CLIENT, OF_HOST, TRACKED, one_of_states

_PORTED = normal((number, number) for number in PORT_PROTOCOLS.values())
_STATES = {name.upper(): number for name, number in names.CT_STATES.items()}
#: No packet on its way in has got source NAT yet.
_NAT_STATES = {"SNAT", "DNAT"}
#: No first packet's connection has one of these; a mask of none of them (NONE) never matches.
_STATUS_NEVER = {"NONE", "EXPECTED", "SEEN_REPLY", "ASSURED"}
#: Of a connection that was answered, these hold.
_STATUS_ANSWERED = {"SEEN_REPLY", "CONFIRMED"}
#: It is confirmed once it has left the host or arrived at a socket: on lo, when the packet was sent.
_CONFIRMED = "CONFIRMED"
_UNCONNECTED: Match = Match(({CT_STATE: normal(((INVALID, INVALID), (UNTRACKED, UNTRACKED)))},))
_NOT_INVALID: Box = {CT_STATE: normal(((NEW, NEW), (UNTRACKED, UNTRACKED), (ESTABLISHED, ESTABLISHED)))}
_ALL_STATES = sum(_STATES.values())
_TRACKED_STATES = ((NEW, _STATES["NEW"]), (ESTABLISHED, _STATES["ESTABLISHED"]))
_STATE_OPTIONS = {"--ctstate", "--state"}


def read_conntrack(context: Context, module: str, options: Sequence[Option]) -> List[Condition]:
    """``-m conntrack``, ``-m state``. Of a packet without a connection (before conntrack, or untracked) the kernel looks at the
    state alone, and without ``--ctstate`` does not match it, whatever is negated (conntrack_mt)."""
    states = [read_option(_state, context, option) for option in options if option.name in _STATE_OPTIONS]
    others = [
        read_option(_CONNECTION[option.name], context, option) for option in options if option.name in _CONNECTION
    ]
    if not states or not all(map(_admits_unconnected, states)):
        return states + others
    return states + [(_UNCONNECTED,) + condition for condition in others]


def _admits_unconnected(condition: Condition) -> bool:
    unconnected = _UNCONNECTED.boxes
    return any(match.doubt or product(match.boxes, unconnected) for match in condition)


def _state(context: Context, option: Option) -> Condition:
    wanted = set(one_value(option).split(","))
    if wanted - set(_STATES) - _NAT_STATES:
        raise Unclear("no state known here")
    bits = sum(_STATES[name] for name in wanted - _NAT_STATES)
    translated = "DNAT" in wanted
    others = [(state, bit) for state, bit in _TRACKED_STATES if translated and not bits & bit]
    by_nat = normal((state, state) for state, _bit in others)
    boxes: Boxes
    if option.negated:
        boxes = one_of_states(_ALL_STATES & ~bits & ~sum(bit for _state, bit in others))
    else:
        boxes = one_of_states(bits)
    if by_nat:
        boxes += ({CT_STATE: by_nat, CT_DNAT: ((0, 0),) if option.negated else ((1, 1),)},)
    if context.table == "raw" and context.around.templates:
        known = product(boxes, (_NOT_INVALID,))
        why = "a conntrack template may be attached to the packet"
        return holds(Region(known, ({CT_STATE: ((INVALID, INVALID),)},), why), {}, False, option.words)
    return holds(Region(boxes), {}, False, option.words)


def _connection(dimension: int, ranges: Callable[[Context, str], Sequence[Tuple[int, int]]]) -> Handler:
    """A match on one field of the connection's addresses."""

    def handler(context: Context, option: Option) -> Condition:
        found = normal(ranges(context, one_value(option)))
        boxes = _on_both_sides(dimension, found) if found else NOTHING
        return holds(Region(boxes), TRACKED, option.negated, option.words)

    return handler


_OTHER_SIDE = {SADDR: DADDR, DADDR: SADDR, SPORT: DPORT, DPORT: SPORT}


def _on_both_sides(dimension: int, ranges: Intervals, within: Box = ANY) -> Boxes:
    """Of the client's packets and of the host's answers, in which source and destination have changed places."""
    other = _OTHER_SIDE.get(dimension)
    if other is None:
        return ({**within, dimension: ranges},)
    return ({**within, **OF_CLIENT, dimension: ranges}, {**within, **OF_HOST, other: ranges})


def _networks(context: Context, text: str) -> List[Tuple[int, int]]:
    return [prefix_range(item, context.family) for item in text.split(",")]


def _protocol(context: Context, text: str) -> List[Tuple[int, int]]:
    number = names.protocol_number(text)
    if number is None:
        raise Unclear("no protocol known here", TRACKED)
    return [(number, number)]


def _port(dimension: int) -> Handler:
    """Protocols without ports have something else in the same place (ICMP's identifier, GRE's key)."""

    def handler(context: Context, option: Option) -> Condition:
        ranges = normal(port_pairs(one_value(option)))
        ported: Box = {PROTOCOL: _PORTED}
        sure = _on_both_sides(dimension, ranges, ported) if ranges else NOTHING
        others: Box = {PROTOCOL: complement(_PORTED, TOP[PROTOCOL])}
        if option.negated:
            outside = complement(ranges, TOP[dimension])
            sure = _on_both_sides(dimension, outside, ported) if outside else NOTHING
        return holds(Region(sure, (others,), "of a protocol without ports"), TRACKED, False, option.words)

    return handler


def _status(context: Context, option: Option) -> Condition:
    wanted = set(one_value(option).split(","))
    if not wanted <= _STATUS_NEVER | {_CONFIRMED}:
        raise Unclear("no status known here", TRACKED)
    on_lo: Box = {IIF: ((interface_value("lo"), interface_value("lo")),)}
    sure: Boxes = ({**NOT_ANSWERED, **on_lo},) if _CONFIRMED in wanted else NOTHING
    if wanted & _STATUS_ANSWERED:
        sure += (ANSWERED,)
    unsure: Boxes = (ANSWERED,) if wanted & {"ASSURED"} and not wanted & _STATUS_ANSWERED else NOTHING
    return holds(Region(sure, unsure, "", True), TRACKED, option.negated, option.words)


def _direction(context: Context, option: Option) -> Condition:
    original = one_value(option).upper() == "ORIGINAL"
    return holds(Region((OF_CLIENT if original else OF_HOST,)), TRACKED, option.negated, option.words)


def _expires(context: Context, option: Option) -> Condition:
    raise Unclear("", TRACKED, True)


_CONNECTION: Dict[str, Handler] = {
    "--ctstatus": _status,
    "--ctdir": _direction,
    "--ctexpire": _expires,
    "--ctproto": _connection(PROTOCOL, _protocol),
    "--ctorigsrc": _connection(SADDR, _networks),
    "--ctorigdst": _connection(ORIGINAL_DADDR, _networks),
    "--ctreplsrc": _connection(DADDR, _networks),
    "--ctrepldst": _connection(SADDR, _networks),
    "--ctorigsrcport": _port(SPORT),
    "--ctorigdstport": _port(ORIGINAL_DPORT),
    "--ctreplsrcport": _port(DPORT),
    "--ctrepldstport": _port(SPORT),
}
CONNTRACK_OPTIONS = frozenset(_CONNECTION) | _STATE_OPTIONS


def value_and_mask(text: str) -> Tuple[int, int]:
    """``0x1/0xff``, ``5``.

    :raises Unclear: when it is neither.
    """
    value, slash, mask = text.partition("/")
    try:
        pair = int(value, 0), int(mask, 0) if slash else TOP[MARK]
    except ValueError:
        raise Unclear("no mark") from None
    if not all(0 <= number <= TOP[MARK] for number in pair):
        raise Unclear("no mark")
    return pair


def read_mark(dimension: int) -> Handler:
    """``-m mark`` and ``-m connmark``; a packet without a connection has no connection's mark, not even a negated one."""
    within = TRACKED if dimension == CT_MARK else ANY

    def handler(context: Context, option: Option) -> Condition:
        value, mask = value_and_mask(one_value(option))
        if mask == TOP[MARK]:
            return holds(Region(({dimension: ((value, value),)},)), within, option.negated, option.words)
        return mark_condition(dimension, masked(mask, value, option.negated), within, option.words)

    return handler
