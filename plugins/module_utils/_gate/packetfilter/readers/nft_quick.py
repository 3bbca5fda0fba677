# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conditions that rulesets have by the ten thousand, by a short way: a header field equals a number or lies in a prefix.

Everything else, and whatever is unusual about these, is for `nft_matches.Matcher`, which says the same of them.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from ..model import ACCEPT, ANY, DROP, Box, Intervals, Match, Rule, Where
from .addresses import address, network, prefix_range
from .conditions import MISSHAPEN, Condition, Unclear, plain
from .nft_fields import FIELDS

_VERDICTS = ({"accept": None}, {"drop": None})
_BRANCHES = {"accept": plain(ACCEPT), "drop": plain(DROP)}
#: What most matches have. Frozen classes set their fields one by one, so these are made around that.
_CERTAIN: Dict[str, Any] = {"within": ANY, "negated": False, "doubt": "", "run_time": False}


class Quick:
    """``_known``: conditions on numbers, of which many rules ask for the same."""

    def __init__(self) -> None:
        self._known: Dict[Tuple[Any, Any, int], Box] = {}

    def condition(self, body: Any) -> Optional[Condition]:
        """Of a ``match`` object; None where it is none of these."""
        box = self._box(body)
        return None if box is None else (_certain_match(box),)

    def _box(self, body: Any) -> Optional[Box]:
        left, right = body["left"], body["right"]
        payload = left.get("payload") if isinstance(left, dict) else None
        if not isinstance(payload, dict) or len(payload) != 2 or body.get("op", "==") != "==":
            return None
        protocol, name = payload.get("protocol"), payload.get("field")
        kind = type(right)
        if kind is int:
            known = self._known.get((protocol, name, right))
            if known is not None:
                return known
        field = FIELDS.get((protocol, name))  # type: ignore[arg-type]
        if field is None or field.dimension < 0:
            return None
        if kind is int and not field.family and 0 <= right < 1 << field.width:
            self._known[(protocol, name, right)] = box = {**field.within, field.dimension: ((right, right),)}
            return box
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
        return {**field.within, field.dimension: (pair,)}

    def rule(self, statements: Any, where: Where) -> Optional[Rule]:
        """A rule that accepts or drops where all of some of these conditions hold, about different fields; or None. The
        conditions become one match."""
        if not isinstance(statements, list) or not statements or statements[-1] not in _VERDICTS:
            return None
        together: Dict[int, Intervals] = {}
        asked = 0
        try:
            for statement in statements[:-1]:
                box = self._box(statement["match"]) if len(statement) == 1 else None
                if box is None:
                    return None
                asked += len(box)
                together.update(box)
        except MISSHAPEN:
            return None
        if len(together) != asked:
            return None
        rule = Rule.__new__(Rule)
        fields = rule.__dict__
        fields["matches"] = (_certain_match(together),) if together else ()
        fields["branches"] = _BRANCHES[next(iter(statements[-1]))]
        fields["where"] = where
        return rule


def _certain_match(box: Box) -> Match:
    match = Match.__new__(Match)
    match.__dict__.update(_CERTAIN, boxes=(box,))
    return match
