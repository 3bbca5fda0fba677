# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conditions that rulesets have by the ten thousand, by a short way: a header field equals a number or lies in a prefix.

Everything else, and whatever is unusual about these, is for `nft_matches.Matcher`, which says the same of them.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from ..model import Match
from .addresses import address, network, prefix_range
from .conditions import Condition, Unclear
from .nft_fields import FIELDS


class Quick:
    """``_known``: conditions on numbers, of which many rules ask for the same."""

    def __init__(self) -> None:
        self._known: Dict[Tuple[Any, Any, int], Condition] = {}

    def condition(self, body: Any) -> Optional[Condition]:
        """Of a ``match`` object; None where it is none of these."""
        left = body["left"]
        if type(left) is not dict:
            return None
        payload = left.get("payload")
        if type(payload) is not dict or len(payload) != 2 or body.get("op", "==") != "==":
            return None
        protocol, name, right = payload.get("protocol"), payload.get("field"), body["right"]
        kind = type(right)
        if kind is int:
            known = self._known.get((protocol, name, right))
            if known is not None:
                return known
        field = FIELDS.get((protocol, name))  # type: ignore[arg-type]
        if field is None or field.dimension < 0:
            return None
        if kind is int and not field.family and 0 <= right < 1 << field.width:
            result = (Match(({field.dimension: ((right, right),)},), field.within),)
            self._known[(protocol, name, right)] = result
            return result
        if not field.family:
            return None
        try:
            if kind is str and right[:1] != "@":
                pair = prefix_range(right, field.family)
            elif kind is dict and "prefix" in right:
                prefix = right["prefix"]
                pair = network(address(prefix["addr"], field.family), prefix["len"], field.family)
            else:
                return None
        except Unclear:
            return None
        return (Match(({field.dimension: (pair,)},), field.within),)
