# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields of the routing tables (``fib``) that nft's JSON names."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Set, Tuple

from .. import model
from ..intervals import complement, minus, normal
from ..model import ANY, DADDR, IIF, SADDR, Box, Host, address_range, interface_value
from ..routing import LOOPBACKS
from ..routing import interface as on_interface
from . import names
from .conditions import NOTHING, Boxes, Unclear
from .nft_field import Field, Part, from_names, in_dimension
from .nft_fields import interface, interface_by_index
from .question import DESTINATION_TYPE, REVERSE_PATH_EXISTS, REVERSE_PATH_MISSING, V4, V6

# Of a source's type, the address alone tells these (inet_addr_type, ipv6_addr_type). Older kernels take all of 0.0.0.0/8 for
# broadcast, newer ones 0.0.0.0 alone.
_MULTICAST: Boxes = ({**V4, SADDR: ((0xE0000000, 0xEFFFFFFF),)}, {**V6, SADDR: ((0xFF << 120, model.TOP[SADDR]),)})
_BROADCAST: Boxes = ({**V4, SADDR: ((0, 0), (model.IPV4_TOP, model.TOP[SADDR]))},)
_OTHER_SOURCES: Boxes = (
    {**V4, SADDR: ((1, 0xDFFFFFFF), (0xF0000000, model.IPV4_TOP - 1))},
    {**V6, SADDR: ((0, (0xFF << 120) - 1),)},
)
_type = from_names(names.ADDRESS_TYPES, "address type")
_SOURCE_TYPE = Field(
    ANY,
    _type,
    known=((_MULTICAST, names.ADDRESS_TYPES["multicast"]), (_BROADCAST, names.ADDRESS_TYPES["broadcast"])),
    unsure=_OTHER_SOURCES,
    possible=frozenset(names.ADDRESS_TYPES.values()) - {names.ADDRESS_TYPES["multicast"]},
)
_DESTINATION_TYPE = in_dimension(ANY, _type, model.DESTINATION_TYPE)
_LOCAL = names.ADDRESS_TYPES["local"]
#: Of a type that is not local, the interface makes no difference.
_NOT_LOCAL = tuple(entry for entry in DESTINATION_TYPE if entry[1] != _LOCAL)
_IS_LOCAL: Box = {model.DESTINATION_TYPE: ((model.LOCAL, model.LOCAL),)}


def _on_interface(host: Host) -> Field:
    """``fib daddr . iif type``: an address of the host's is local on its own interface and unicast on any other. Where the
    host's addresses or the interface of one are not known, it is one of the two."""
    local: List[Box] = []
    unicast: List[Box] = []
    unsure: List[Box] = []
    for family, base in ((4, V4), (6, V6)):
        interfaces: Dict[int, Set[str]] = {}
        for own in host.own or ():
            if own.family == family:
                interfaces.setdefault(own.value, set()).add(own.interface)
        here: Box = {**base, **_IS_LOCAL}
        if not interfaces:
            unsure.append(here)
            continue
        for value, those in interfaces.items():
            at: Box = {**here, DADDR: (address_range(family, value, value),)}
            known = normal((number, number) for number in map(interface_value, those - {""}))
            # Of an IPv4 address on several interfaces the kernel finds one route.
            sure = "" not in those and (family == 6 or len(those) == 1)
            (local if sure else unsure).append({**at, IIF: known} if sure or "" not in those else at)
            if "" not in those:
                unicast.append({**at, IIF: complement(known, model.TOP[IIF])})
        known_ones = [address_range(family, value, value) for value in interfaces]
        if family == 4:
            rest = minus((LOOPBACKS[4],), normal(known_ones))
            local.append({**here, DADDR: rest, IIF: on_interface("lo")})
            unicast.append({**here, DADDR: rest, IIF: complement(on_interface("lo"), model.TOP[IIF])})
            known_ones.append(LOOPBACKS[4])
        unsure.append({**here, DADDR: complement(normal(known_ones), model.TOP[DADDR])})
    return Field(
        ANY,
        _type,
        known=(*_NOT_LOCAL, (tuple(local), _LOCAL), (tuple(unicast), model.UNICAST)),
        unsure=tuple(unsure),
        possible=frozenset((model.LOCAL, model.UNICAST)),
    )


def fib_field(body: Dict[str, Any], host: Host) -> Field:
    """:param host: where the rules act, as far as that is known.

    :raises Unclear: when the model has no such field.
    """
    flags = set(body.get("flags", ())) - {"mark"}
    result = body.get("result")
    if result == "type":
        if flags == {"daddr"}:
            return _DESTINATION_TYPE
        if flags == {"daddr", "iif"}:
            return _on_interface(host)
        if flags == {"saddr"}:
            return _SOURCE_TYPE
    if result in ("oif", "oifname") and flags == {"saddr", "iif"}:
        return Field(
            ANY,
            lambda value: interface_by_index(value)[0],
            (Part(REVERSE_PATH_EXISTS, IIF),),
            known=(((REVERSE_PATH_MISSING,), 0),),
            range_of=interface_by_index if result == "oif" else _name_or_none,
        )
    raise Unclear()


def _name_or_none(value: Any) -> Tuple[int, int]:
    return (0, 0) if value == "" else interface(value)


def reverse_path(body: Dict[str, Any]) -> Optional[Tuple[Boxes, Boxes, Boxes]]:
    """Of an expression that looks for a route to the source: where there surely is one, where there surely is none, and
    where that is not known; None for any other expression."""
    flags = set(body.get("flags", ()))
    if body.get("result") not in ("oif", "oifname", "check") or "saddr" not in flags or "daddr" in flags:
        return None
    if "iif" in flags:
        return (REVERSE_PATH_EXISTS,), (REVERSE_PATH_MISSING,), NOTHING
    return (REVERSE_PATH_EXISTS,), NOTHING, (REVERSE_PATH_MISSING,)
