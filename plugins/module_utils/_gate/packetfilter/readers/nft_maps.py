# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nft looks up in a map: a verdict, a mark, an address to translate to.

The data of a map become branches of one rule. A key that is drawn at random (``numgen``, a hash) makes rules that each
may hold; elements with a time-out make rules that may hold, before the others.
"""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

from ...dataclass import dataclass
from ..intervals import normal
from ..model import ACCEPT, CT_MARK, DROP, ELSEWHERE, JUMP, MARK, NAT, REJECT, Box, Match, Rule, Verdict, Where
from .conditions import EVERYTHING, Boxes, Condition, Region, Unclear, build, doubt, holds, merged
from .marks import mark_condition
from .nft_bits import Bits
from .nft_field import Field
from .nft_matches import Matcher, Operand, of_element
from .nft_sets import CATCH_ALL, Elements, bounds

#: Verdicts after which no rule of the chain is looked at.
_ENDS = frozenset((ACCEPT, DROP, REJECT, NAT, ELSEWHERE))
_OF_CHANCE = ("numgen", "jhash", "symhash")


@dataclass(frozen=True)
class Lookup:
    """``entries``: packets and what they find; ``perhaps``: the same where the element may be gone. ``of_marks``: the same by
    bits of a mark. ``otherwise``: what all others find, in a list of one, or empty. ``chance``: data of which one is drawn;
    ``complete``: one is drawn in any case.
    """

    within: Box
    entries: Sequence[Tuple[Boxes, Any]]
    perhaps: Sequence[Tuple[Boxes, Any]] = ()
    of_marks: Sequence[Tuple[Condition, Any]] = ()
    otherwise: Sequence[Any] = ()
    chance: Sequence[Any] = ()
    complete: bool = False
    why: str = ""

    def found(self, text: str) -> Condition:
        """The condition that the map has data for the packet; without it the kernel ends the rule."""
        if self.chance:
            if self.complete:
                return holds(Region(EVERYTHING), self.within, False, "")
            return doubt(text, self.within, True)
        if self.otherwise:
            return holds(Region(EVERYTHING), self.within, False, "")
        if self.of_marks:
            return tuple(match for condition, _data in self.of_marks for match in condition)
        sure = merged(box for boxes, _data in self.entries for box in boxes)
        maybe = merged(box for boxes, _data in self.perhaps for box in boxes)
        return holds(Region(sure, maybe, self.why, True), self.within, False, text)

    def rules(
        self, verdict: Callable[[Any], Verdict], conditions: Sequence[Condition], where: Where, text: str
    ) -> List[Rule]:
        """Rules in which packets get the verdict on the data that they find. :raises Unclear: when rules cannot say it."""
        if self.chance:
            return self._of_chance([verdict(data) for data in self.chance], conditions, where, text)
        known = [*conditions, holds(Region(EVERYTHING), self.within, False, "")]
        rules: List[Rule] = []
        for boxes, data in self.perhaps:
            decided = verdict(data)
            if self.otherwise and decided.kind not in _ENDS:
                raise Unclear(self.why, self.within, True)
            maybe = (Match(boxes, doubt="{0} ({1})".format(text, self.why), run_time=True),)
            rules.extend(build([*known, maybe], ((EVERYTHING, decided),), where))
        for condition, data in self.of_marks:
            decided = verdict(data)
            if decided.kind == JUMP:
                raise Unclear("a jump by bits of a mark", self.within)
            rules.extend(build([*known, condition], ((EVERYTHING, decided),), where))
        branches = [(boxes, verdict(data)) for boxes, data in self.entries if boxes]
        branches.extend((EVERYTHING, verdict(data)) for data in self.otherwise)
        if branches:
            rules.extend(build(known, branches, where))
        return rules

    def _of_chance(
        self, verdicts: Sequence[Verdict], conditions: Sequence[Condition], where: Where, text: str
    ) -> List[Rule]:
        last_is_certain = self.complete and all(decided.kind in _ENDS for decided in verdicts)
        rules: List[Rule] = []
        for number, decided in enumerate(verdicts, 1):
            certain = last_is_certain and number == len(verdicts)
            drawn = holds(Region(EVERYTHING), self.within, False, "") if certain else doubt(text, self.within, True)
            rules.extend(build([*conditions, drawn], ((EVERYTHING, decided),), where))
        return rules


def look_up(matcher: Matcher, key: Any, data: Any) -> Lookup:
    """:raises Unclear: the key is no field of the model, an element is not understood, or elements change."""
    chance = _drawn(key)
    if chance is not None:
        return _by_chance(matcher, chance, data)
    operands = matcher.operands(key)
    within = matcher.within(operands)
    try:
        elements = matcher.elements(data, True)
        if elements.more:
            raise Unclear(elements.more, run_time=True)
        if len(operands) == 1 and operands[0][1] is not None and operands[0][0].dimension in (MARK, CT_MARK):
            return _by_mark(operands[0][0], operands[0][1], elements, within)
        entries: List[Tuple[Boxes, Any]] = []
        perhaps: List[Tuple[Boxes, Any]] = []
        otherwise: List[Any] = []
        for value, found in elements.sure:
            if value == CATCH_ALL:
                otherwise.append(found)
            else:
                entries.append((_certain(operands, value), found))
        for (value, found), _why in elements.perhaps:
            perhaps.append((_certain(operands, value), found))
        why = elements.perhaps[0][1] if elements.perhaps else ""
    except Unclear as unclear:
        raise Unclear(unclear.why, within, unclear.run_time) from None
    return Lookup(within, entries, perhaps, otherwise=otherwise, why=why)


def _certain(operands: Sequence[Operand], value: Any) -> Boxes:
    sure, unsure = of_element(operands, value)
    if unsure:
        raise Unclear()
    return sure


def _by_mark(field: Field, bits: Bits, elements: Elements, within: Box) -> Lookup:
    found: List[Tuple[Condition, Any]] = []
    otherwise: List[Any] = []
    if elements.perhaps:
        raise Unclear(elements.perhaps[0][1], run_time=True)
    for value, data in elements.sure:
        if value == CATCH_ALL:
            otherwise.append(data)
        else:
            test = bits.passes((bounds(field, value),), False)
            found.append((mark_condition(field.dimension, test, within, "bits of a mark in a map"), data))
    return Lookup(within, (), of_marks=found, otherwise=otherwise)


def _drawn(key: Any) -> Optional[Any]:
    if isinstance(key, dict) and len(key) == 1:
        ((kind, body),) = key.items()
        if kind in _OF_CHANCE and isinstance(body, dict):
            return body
    return None


def _by_chance(matcher: Matcher, body: Any, data: Any) -> Lookup:
    within = matcher.within_of(body.get("expr"))
    elements = matcher.elements(data, True)
    if elements.more:
        raise Unclear(elements.more, within, True)
    drawn, offset = int(body["mod"]), int(body.get("offset", 0))
    covered: List[Tuple[int, int]] = []
    complete = False
    for value, _found in elements.sure:
        if value == CATCH_ALL:
            complete = True
        elif value.__class__ is int:
            covered.append((value, value))
        elif isinstance(value, dict) and "range" in value:
            covered.append((int(value["range"][0]), int(value["range"][1])))
    complete = complete or any(low <= offset and high >= offset + drawn - 1 for low, high in normal(covered))
    chance = [found for (_value, found), _why in elements.perhaps] + [found for _value, found in elements.sure]
    if not chance:
        return Lookup(within, ())
    return Lookup(within, (), chance=chance, complete=complete)
