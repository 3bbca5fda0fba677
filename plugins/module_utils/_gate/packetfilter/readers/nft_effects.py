# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nft statements do to a packet: destination NAT, marks, zones, notrack."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from ..model import CHANGE, CT_MARK, CT_STATE, CT_ZONE, MARK, NAT, NEW, UNTRACKED, Change, Nat, Verdict
from .conditions import Unclear
from .nft_field import Field, from_names
from .nft_fields import payload_field, port
from .nft_sets import bounds

_PORT = Field({}, port, width=16)
_plain = from_names({}, "number")
_ALL = (1 << 32) - 1
#: The dimension of what a statement sets, by the kind and key of the expression.
CHANGED = {("meta", "mark"): MARK, ("ct", "mark"): CT_MARK, ("ct", "zone"): CT_ZONE}
NOTRACK = Verdict(CHANGE, changes=(Change(CT_STATE, 0, UNTRACKED),))

#: A value as (flip, {source: mask}): flip ^ (mark & mask) ^ (connection mark & mask).
_Linear = Tuple[int, Dict[int, int]]


def changed_dimension(key: Any) -> Optional[int]:
    """The dimension that ``key set value`` changes; None: none that the model follows."""
    if isinstance(key, dict) and len(key) == 1:
        ((kind, body),) = key.items()
        if isinstance(body, dict) and isinstance(body.get("key"), str):
            return CHANGED.get((kind, body["key"]))
    return None


def change_to(dimension: int, value: Any, text: str) -> Verdict:
    """The verdict of ``meta mark set value``. ``text``: the statement, where the new value is not known."""
    try:
        flip, sources = _linear(value)
    except Unclear:
        return unclear_change(dimension, text)
    if dimension == CT_ZONE:
        if sources:
            return unclear_change(dimension, text)
        # Until conntrack looks at it, the packet has a template of a connection, which conditions take for a new one.
        return Verdict(CHANGE, changes=(Change(CT_ZONE, 0, flip & 0xFFFF), Change(CT_STATE, 0, NEW)))
    other = CT_MARK if dimension == MARK else MARK
    keep, mask = sources.get(dimension, 0), sources.get(other, 0)
    return Verdict(CHANGE, changes=(Change(dimension, keep, flip, other if mask else None, mask),))


def unclear_change(dimension: int, text: str) -> Verdict:
    changes: Tuple[Change, ...] = (Change(dimension, unclear=text),)
    if dimension == CT_ZONE:
        changes += (Change(CT_STATE, 0, NEW),)
    return Verdict(CHANGE, changes=changes)


def _linear(value: Any) -> _Linear:
    if not isinstance(value, dict):
        return _plain(value) & _ALL, {}
    if len(value) != 1:
        raise Unclear()
    ((kind, body),) = value.items()
    if kind in ("meta", "ct"):
        dimension = changed_dimension(value)
        if dimension not in (MARK, CT_MARK):
            raise Unclear()
        return 0, {int(dimension or 0): _ALL}
    if kind not in ("&", "|", "^", "<<", ">>") or not isinstance(body, list) or not body:
        raise Unclear()
    result = _linear(body[0])
    for part in body[1:]:
        result = _joined(kind, result, _linear(part))
    return result


def _joined(operator: str, left: _Linear, right: _Linear) -> _Linear:
    if not left[1] and operator in ("&", "|", "^"):
        left, right = right, left  # a constant comes second
    (flip, sources), (other, more) = left, right
    if operator in ("<<", ">>"):
        if sources or more or other > 31:
            raise Unclear("a shifted mark")
        return (flip << other & _ALL if operator == "<<" else flip >> other), {}
    if not more and operator == "&":
        return flip & other, {key: mask & other for key, mask in sources.items() if mask & other}
    if not more and operator == "|":
        return flip & ~other | other, {key: mask & ~other for key, mask in sources.items() if mask & ~other}
    if operator == "&":
        raise Unclear("two marks")
    joined = dict(sources)
    for key, mask in more.items():
        joined[key] = joined.get(key, 0) ^ mask
    if operator == "|":
        bits = [flip, other, *sources.values(), *more.values()]
        if sum(bits) != (flip | other | _any(sources) | _any(more)):
            raise Unclear("two marks")  # bits of both: no longer the sum of them
    return flip ^ other, joined


def _any(sources: Dict[int, int]) -> int:
    total = 0
    for mask in sources.values():
        total |= mask
    return total


def nat_verdict(body: Dict[str, Any], address: Any, ports: Any, local: bool) -> Verdict:
    """The verdict of ``dnat`` and ``redirect``. ``address``, ``ports``: what the statement says or its map gave.

    :raises Unclear: when the target is an expression that is not known here.
    """
    if isinstance(address, dict) and len(address) == 1 and "concat" in address:
        parts: List[Any] = address["concat"]
        if len(parts) != 2 or ports is not None:
            raise Unclear("a target of {0} parts".format(len(parts)))
        address, ports = parts
    flags = [body.get("flags"), body.get("type_flags")]
    netmap = any("netmap" in flag or "prefix" in flag for flag in flags if isinstance(flag, (str, list)))
    return Verdict(
        NAT,
        nat=Nat(
            addresses=None if address is None else _addresses(body, address),
            ports=None if ports is None else bounds(_PORT, ports),
            local=local,
            netmap=netmap and address is not None,
        ),
    )


def _addresses(body: Dict[str, Any], address: Any) -> Tuple[int, int]:
    family = nat_family(body, address)
    if family not in (4, 6):
        raise Unclear("a target of no family")
    low, high = bounds(payload_field({"protocol": "ip" if family == 4 else "ip6", "field": "daddr"}), address)
    low, high = (low, min(high, (1 << 32) - 1)) if family == 4 else (low, high)
    if low > high:
        raise Unclear("a range without addresses")
    return low, high


def nat_family(body: Dict[str, Any], address: Any) -> int:
    """4 or 6 where the statement is about one family, else 0."""
    named = {"ip": 4, "ip6": 6}.get(str(body.get("family")), 0)
    if named or address is None:
        return named
    while isinstance(address, (dict, list)):  # of a range, a prefix: its first address
        inner = list(address.values()) if isinstance(address, dict) else address
        if not inner:
            return 0
        address = inner[0]
    return 6 if ":" in str(address) else 4
