# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses and prefixes as ranges of numbers, fast (rulesets have hundreds of thousands of them)."""

from __future__ import annotations

import socket
from typing import Any, Optional, Tuple

from ..model import IPV4_TOP, SADDR, TOP
from .conditions import Unclear
from .names import decimal

_KIND = {4: socket.AF_INET, 6: socket.AF_INET6}
_BITS = {4: 32, 6: 128}


def address(value: Any, family: int) -> int:
    """:raises Unclear: when it is no address of that family."""
    try:
        return int.from_bytes(socket.inet_pton(_KIND[family], value), "big")
    except (OSError, TypeError, ValueError):
        raise Unclear("{0!r} is no IPv{1} address".format(value, family)) from None


def network(value: int, length: int, family: int) -> Tuple[int, int]:
    """The range of the prefix of ``length`` bits that ``value`` lies in."""
    bits = _BITS[family]
    if not 0 <= length <= bits:
        raise Unclear("a prefix of {0} bits".format(length))
    rest = (1 << (bits - length)) - 1
    last = value | rest
    return (value & ~rest, TOP[SADDR] if last == IPV4_TOP and family == 4 else last)


def prefix_range(text: Any, family: int) -> Tuple[int, int]:
    """``10.0.0.0/8``, ``10.0.0.0/255.0.0.0`` or one address. :raises Unclear: for a mask with gaps, or no address."""
    if not isinstance(text, str):
        raise Unclear("{0!r} is no IPv{1} address".format(text, family))
    if "/" not in text:
        first = address(text, family)
        return (first, TOP[SADDR] if first == IPV4_TOP and family == 4 else first)
    start, _slash, mask = text.partition("/")
    first = address(start, family)
    if mask.isdigit():
        bits = decimal(mask, 32 if family == 4 else 128)
        if bits is None:
            raise Unclear("no length of a prefix")
        return network(first, bits, family)
    length = mask_length(address(mask, family), family)
    if length is None:
        raise Unclear("a mask with gaps")
    return network(first, length, family)


def mask_length(mask: int, family: int) -> Optional[int]:
    """How many leading bits a mask has, or None when it has gaps."""
    bits = _BITS[family]
    gap = mask ^ ((1 << bits) - 1)
    return bits - gap.bit_length() if gap & (gap + 1) == 0 else None
