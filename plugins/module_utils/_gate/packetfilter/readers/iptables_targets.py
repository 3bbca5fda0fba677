# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iptables' targets: what a rule does to the packets that it matches."""

from __future__ import annotations

from typing import Callable, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..intervals import complement, normal
from ..model import (
    ACCEPT,
    CHANGE,
    CT_MARK,
    CT_STATE,
    CT_ZONE,
    DPORT,
    DROP,
    ELSEWHERE,
    INVALID,
    MARK,
    NAT,
    REJECT,
    RETURN,
    TOP,
    UNFOLLOWED,
    UNTRACKED,
    Change,
    Match,
    Nat,
    Verdict,
)
from . import names
from .addresses import address, prefix_range
from .conditions import EVERYTHING, Boxes, Condition, Unclear, doubt
from .iptables_conntrack import value_and_mask
from .iptables_options import Context, Option
from .names import NO_EFFECT_TARGETS
from .question import TRACKED
from .source_nat import SOURCE_NAT

_WHOLE = TOP[MARK]
_UNATTACHED: Condition = (Match(({CT_STATE: normal(((INVALID, INVALID), (UNTRACKED, UNTRACKED)))},)),)
_CONNECTED: Condition = (Match((TRACKED,)),)


class Effect(NamedTuple):
    """What happens to the packets for which the ``conditions`` hold too. A rule may have several, one after the other."""

    branches: Tuple[Tuple[Boxes, Verdict], ...]
    conditions: Tuple[Condition, ...] = ()


_Options = Mapping[str, Tuple[str, ...]]
_Target = Callable[[Context, _Options], List[Effect]]


def effects(context: Context, target: str, options: Sequence[Option]) -> List[Effect]:
    """Of ``-j TARGET``; none for a target that neither decides nor changes what the question is about."""
    kind = _VERDICTS.get(target)
    if kind is not None:
        return [_effect(Verdict(kind))]
    reader = _TARGETS.get(target)
    words = " ".join(["-j " + target] + [option.words for option in options])
    if reader is not None:
        try:
            return reader(context, {option.name: option.values for option in options})
        except Unclear as unclear:
            words = "{0} ({1})".format(words, unclear.why) if unclear.why else words
    elif target in NO_EFFECT_TARGETS or target in _MORE_WITHOUT_EFFECT:
        return []
    elif target in _ELSEWHERE:
        return [_effect(Verdict(ELSEWHERE, text=words))]
    return [_effect(Verdict(UNFOLLOWED, text=words))]


def _effect(verdict: Verdict, *conditions: Condition) -> Effect:
    return Effect(((EVERYTHING, verdict),), conditions)


def _value(options: _Options, *known: str) -> Optional[str]:
    for name in known:
        if name in options:
            if len(options[name]) != 1:
                raise Unclear("one value expected")
            return options[name][0]
    return None


def _xmark(options: _Options) -> Optional[Tuple[int, int]]:
    """(keep, flip) of the options that MARK and CONNMARK share."""
    for name, text in options.items():
        if name not in _XMARK:
            continue
        value, mask = value_and_mask(text[0] if text else "")
        if name == "--set-xmark":
            return _WHOLE & ~mask, value
        if name in ("--set-mark", "--mark-set"):
            return _WHOLE & ~(mask | value), value
        if name == "--or-mark":
            return _WHOLE & ~value, value
        if name == "--and-mark":
            return value, 0
        return _WHOLE, value  # --xor-mark
    return None


_XMARK = {"--set-xmark", "--set-mark", "--or-mark", "--and-mark", "--xor-mark"}


def _changes(*changes: Change) -> Verdict:
    return Verdict(CHANGE, changes=changes)


def _mark(context: Context, options: _Options) -> List[Effect]:
    found = _xmark(options)
    if found is None:
        raise Unclear("no mark")
    return [_effect(_changes(Change(MARK, *found)))]


def _connection_mark(context: Context, options: _Options) -> List[Effect]:
    """Nothing happens to a packet without a connection."""
    found = _xmark(options)
    if found is not None:
        return [_effect(_changes(Change(CT_MARK, *found)), _CONNECTED)]
    whole = (_value(options, "--mask") or "0xffffffff",)
    packet, _mask = value_and_mask(options.get("--nfmask", whole)[0])
    connection, _mask = value_and_mask(options.get("--ctmask", whole)[0])
    if "--save-mark" in options:
        change = Change(CT_MARK, _WHOLE & ~connection, 0, MARK, packet)
    elif "--restore-mark" in options:
        change = Change(MARK, _WHOLE & ~packet, 0, CT_MARK, connection)
    else:
        raise Unclear("no mark")
    if "--left-shift-mark" in options or "--right-shift-mark" in options:
        change = Change(change.dimension, unclear="-j CONNMARK with a shift")
    return [_effect(_changes(change), _CONNECTED)]


def _connection(context: Context, options: _Options) -> List[Effect]:
    """``CT`` acts on packets that conntrack has not seen and that have nothing attached."""
    if "--notrack" in options:
        return _no_track(context, options)
    zone = _value(options, "--zone", "--zone-orig", "--zone-reply")
    if zone is None:
        return []
    if "--zone" not in options:  # answers are in another zone, which is what it is for
        return [_effect(_changes(Change(CT_ZONE, unclear="-j CT with a zone for one direction")), _UNATTACHED)]
    if zone == "mark":
        return [_effect(_changes(Change(CT_ZONE, 0, 0, MARK, TOP[CT_ZONE])), _UNATTACHED)]
    try:
        return [_effect(_changes(Change(CT_ZONE, 0, int(zone, 0) & TOP[CT_ZONE])), _UNATTACHED)]
    except ValueError:
        raise Unclear("no zone") from None


def _no_track(context: Context, options: _Options) -> List[Effect]:
    more = (doubt("a conntrack template may be attached to the packet"),) if context.around.templates else ()
    return [_effect(_changes(Change(CT_STATE, 0, UNTRACKED)), _UNATTACHED, *more)]


def _transparent_proxy(context: Context, options: _Options) -> List[Effect]:
    """A socket takes the packet, or it is dropped."""
    result: List[Effect] = []
    text = _value(options, "--tproxy-mark")
    if text is not None:
        value, mask = value_and_mask(text)
        result.append(_effect(_changes(Change(MARK, _WHOLE & ~mask, value))))
    words = " ".join(["-j TPROXY"] + [" ".join((name,) + values) for name, values in options.items()])
    return result + [_effect(Verdict(ELSEWHERE, text=words))]


def _map_set(context: Context, options: _Options) -> List[Effect]:
    """``-j SET`` fills sets (see `Sets.dynamic`); an element may also carry a mark for the packet."""
    if "--map-mark" in options:
        return [_effect(_changes(Change(MARK, unclear="-j SET --map-mark")))]
    return []


def _hash_mark(context: Context, options: _Options) -> List[Effect]:
    return [_effect(_changes(Change(MARK, unclear="-j HMARK")))]


def _destination_nat(context: Context, options: _Options) -> List[Effect]:
    text = _value(options, "--to-destination")
    if text is None:
        raise Unclear("no destination")
    addresses, ports, base = _destination(text, context.family)
    if addresses is None and ports is None:
        raise Unclear("no destination")
    if ports is None or base is None:
        return [_effect(Verdict(NAT, nat=Nat(addresses, ports)))]
    # Beyond the old range the kernel begins anew (nf_nat_l4proto_unique_tuple); that is no more than some port of the new one.
    old = ((base, min(base + ports[1] - ports[0], TOP[DPORT])),)
    shifted = _effect(Verdict(NAT, nat=Nat(addresses, ports, old_first_port=base)), (Match(({DPORT: old},)),))
    rest = complement(old, TOP[DPORT])
    return [shifted, _effect(Verdict(NAT, nat=Nat(addresses, ports)), (Match(({DPORT: rest},)),))]


_Pair = Tuple[int, int]


def _destination(text: str, family: int) -> Tuple[Optional[_Pair], Optional[_Pair], Optional[int]]:
    """``10.0.0.1-10.0.0.9:8080-8090/80`` as addresses, ports, and the first of the old ports; IPv6 stands in brackets."""
    if family == 6 and (text[:1] != ":" or text[:2] == "::"):
        hosts, colon, service = text[1:].partition("]:") if text[:1] == "[" else (text, "", "")
        hosts = hosts.rstrip("]")
    else:
        hosts, colon, service = text.partition(":")
    addresses = None
    if hosts:
        first, _dash, last = hosts.partition("-")
        addresses = address(first, family), address(last or first, family)
    if not colon:
        return addresses, None, None
    ports, slash, base = service.partition("/")
    first_base = names.port_number(base) if slash else None
    if slash and first_base is None:
        raise Unclear("no port known here")
    return addresses, _port_range(ports), first_base


def _port_range(text: str) -> _Pair:
    first, _dash, last = text.partition("-")
    low, high = names.port_number(first), names.port_number(last or first)
    if low is None or high is None:
        raise Unclear("no port known here")
    return (low, high) if low <= high else (high, low)


def _redirect(context: Context, options: _Options) -> List[Effect]:
    text = _value(options, "--to-ports", "--to-port")
    return [_effect(Verdict(NAT, nat=Nat(None, None if text is None else _port_range(text), local=True)))]


def _net_map(context: Context, options: _Options) -> List[Effect]:
    text = _value(options, "--to")
    if text is None:
        raise Unclear("no network")
    first, last = prefix_range(text, context.family)
    top = (1 << (32 if context.family == 4 else 128)) - 1
    return [_effect(Verdict(NAT, nat=Nat((first, min(last, top)), netmap=True)))]


def _accepted(context: Context, options: _Options) -> List[Effect]:
    """Source NAT: the end of its chain, of no effect on whether the packet is accepted."""
    return [_effect(Verdict(ACCEPT, text=SOURCE_NAT))]


_VERDICTS = {"ACCEPT": ACCEPT, "DROP": DROP, "REJECT": REJECT, "RETURN": RETURN}
_ELSEWHERE = {"NFQUEUE", "QUEUE"}
_MORE_WITHOUT_EFFECT = {"FLOWOFFLOAD"}
_TARGETS: Dict[str, _Target] = {
    "MARK": _mark,
    "CONNMARK": _connection_mark,
    "CT": _connection,
    "NOTRACK": _no_track,
    "TPROXY": _transparent_proxy,
    "SET": _map_set,
    "HMARK": _hash_mark,
    "DNAT": _destination_nat,
    "REDIRECT": _redirect,
    "NETMAP": _net_map,
    "SNAT": _accepted,
    "MASQUERADE": _accepted,
}
#: Options of targets that matches have too, or that stand before a match in some rules.
TARGET_OPTIONS: Dict[str, FrozenSet[str]] = {
    "MARK": frozenset(_XMARK),
    "CONNMARK": frozenset(_XMARK | {"--save-mark", "--restore-mark", "--mask", "--nfmask", "--ctmask"}),
    "SET": frozenset(["--add-set", "--del-set", "--map-set", "--exist", "--timeout"]),
    "TPROXY": frozenset(["--on-port", "--on-ip", "--tproxy-mark"]),
    "NETMAP": frozenset(["--to"]),
}
