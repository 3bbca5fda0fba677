# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nft's ``match`` objects as conditions: operators, sets, concatenations, bit operations."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from ..intervals import complement, intersect, minus
from ..model import ANY, CT_MARK, MARK, NOTHING_KNOWN, PROTOCOL, TOP, Box, Host, Intervals
from ..regions import combine
from . import nft_text
from .conditions import ALWAYS, EVERYTHING, NEVER, NOTHING, Boxes, Condition, Region, Unclear, holds, merged, product
from .marks import mark_condition
from .nft_bits import OPERATORS, Bits
from .nft_conntrack import conntrack_field
from .nft_fib import fib_field, reverse_path
from .nft_field import Field
from .nft_fields import DEMANDS, NO_PACKET, meta_field, payload_field
from .nft_quick import Quick
from .nft_sets import CATCH_ALL, Elements, NamedSet, bounds, number, of_expression, of_set, ranges
from .question import V4, V6

_EXTENSION_HEADERS = frozenset(("hbh", "rt", "rt0", "rt2", "srh", "frag", "dst"))
_MOBILITY: Box = {**V6, PROTOCOL: ((135, 135),)}
_LOOPBACK_KIND = "loopback"
#: A field, and the bit operations on it.
Operand = Tuple[Field, Optional[Bits]]
_OF_CHANCE = ("numgen", "jhash", "symhash")
_WITHIN = {
    "tcp option": DEMANDS["tcp"],
    "osf": DEMANDS["tcp"],
    "sctp chunk": DEMANDS["sctp"],
    "dccp option": DEMANDS["dccp"],
}


class Matcher:
    """Reads conditions of the rules of one table. ``family``: the table's. ``notes``: collects what was assumed. ``host``: where
    the rules act, as far as that is known."""

    def __init__(self, family: str, sets: Mapping[str, NamedSet], notes: Set[str], host: Host = NOTHING_KNOWN) -> None:
        self.family = family
        self.sets = sets
        self.notes = notes
        self.host = host
        self.quick = Quick()
        self._of_meta: Dict[Tuple[str, str, str], Condition] = {}
        self._regions: Dict[Tuple[str, str], Region] = {}

    def condition(self, body: Any) -> Condition:
        """Of a ``match`` object."""
        quick = self.quick.condition(body)
        if quick is not None:
            return quick
        left, operator, right = body["left"], body.get("op", "=="), body["right"]
        key = (operator, right, left["meta"]["key"]) if _is_plain_meta(left, right) else None
        if key is not None and key in self._of_meta:
            return self._of_meta[key]
        try:
            result = self._condition(left, operator, right, body)
        except Unclear as unclear:
            result = unclear.doubt(nft_text.match(body))
        if not all(all(match.within.values()) for match in result):
            result = tuple(match for match in result if all(match.within.values()))
        if key is not None:
            self._of_meta[key] = result
        return result

    def _condition(self, left: Any, operator: str, right: Any, body: Any) -> Condition:
        decided = self._decided(left, operator, right, body)
        if decided is not None:
            return decided
        operands = self.operands(left)
        within = self.within(operands)
        if not all(within.values()):
            return NEVER
        try:
            if len(operands) == 1:
                return self._of_field(operands[0], operator, right, left, within, body)
            if operator not in ("==", "!=", "in"):
                raise Unclear("operator {0}".format(operator))
            return _held(self._of_concatenation(operands, left, right), within, operator == "!=", body)
        except Unclear as unclear:
            raise Unclear(unclear.why, within, unclear.run_time) from None

    def _decided(self, left: Any, operator: str, right: Any, body: Any) -> Optional[Condition]:
        """Conditions on whether something is there."""
        if not isinstance(left, dict) or len(left) != 1:
            return None
        ((kind, inner),) = left.items()
        if kind == "payload" or not isinstance(inner, dict):
            return None
        if kind == "fib" and (right is True or right is False or right in (0, "0")):
            found = reverse_path(inner)
            if found is not None and operator in ("==", "!="):
                there, missing, unknown = found
                wanted = there if (right is True) == (operator == "==") else missing
                return _held(Region(wanted, unknown), ANY, False, body)
        if kind == "meta" and inner.get("key") in ("iif", "oif") and operator in ("==", "!=") and self._is_gone(right):
            return NEVER if operator == "==" else ALWAYS
        if kind == "meta" and inner.get("key") == "iiftype" and right == _LOOPBACK_KIND and operator in ("==", "!="):
            return self.condition({"left": {"meta": {"key": "iifname"}}, "op": operator, "right": "lo"})
        absent = kind == "ip option" or (kind == "exthdr" and inner.get("name") in _EXTENSION_HEADERS)
        if absent:
            if "field" in inner or operator != "==" or not isinstance(right, bool):
                return NEVER  # the kernel ends the rule when it does not find the header
            return NEVER if right else holds(Region(EVERYTHING), V4 if kind == "ip option" else V6, False, "")
        return None

    def _is_gone(self, value: Any) -> bool:
        """Whether it is the number of an interface that the host no longer has: nft prints the names of those that are there."""
        text = str(value)
        if self.host.interfaces is None or not text.isdigit() or text in ("0", *self.host.interfaces):
            return False
        self.notes.add(
            "a rule of a table of family {0} asks for interface number {1}, and there is none: it matches nothing, until an"
            " interface gets that number again; take it out, or name the interface (iifname)".format(self.family, text)
        )
        return True

    def operands(self, left: Any) -> List[Operand]:
        """The fields of an expression, one for each part of a concatenation. :raises Unclear: the model has no such field."""
        if isinstance(left, dict) and len(left) == 1 and "concat" in left:
            return [self._operand(part) for part in left["concat"]]
        return [self._operand(left)]

    def _operand(self, expression: Any) -> Operand:
        if not isinstance(expression, dict) or len(expression) != 1:
            raise Unclear()
        ((kind, body),) = expression.items()
        if kind in OPERATORS:
            field, bits = self._operand(body[0])
            if not field.width:
                raise Unclear()
            bits = bits or Bits(field.width, (1 << field.width) - 1)
            for constant in body[1:]:
                bits = bits.then(kind, self._constant(field, constant))
            return field, bits
        field = self._field(kind, body)
        if field.note:
            self.notes.add(field.note)
        return field, None

    @staticmethod
    def _constant(field: Field, value: Any) -> int:
        return number(field, value)

    def _field(self, kind: str, body: Any) -> Field:
        if kind == "payload":
            if body.get("protocol") == "ether" and self.family not in ("netdev", "bridge"):
                raise Unclear("for interfaces of Ethernet alone")  # which nft does not show
            return payload_field(body)
        if kind == "meta":
            return meta_field(body)
        if kind == "ct":
            return conntrack_field(body, self.family)
        if kind == "fib":
            return fib_field(body, self.host)
        if kind in _OF_CHANCE:
            raise Unclear("", self.within_of(body.get("expr")), True)
        if kind == "exthdr":
            raise Unclear("", _MOBILITY if body.get("name") == "mh" else V6)
        if kind == "ip option":
            raise Unclear("", V4)
        raise Unclear("", _WITHIN.get(kind, ANY), kind == "socket")

    def within_of(self, expression: Any) -> Box:
        """The packets that have all the fields of an expression, as far as that is known."""
        if expression is None:
            return ANY
        if isinstance(expression, dict) and len(expression) == 1 and "elem" in expression:
            expression = expression["elem"]["val"]
        within: Box = ANY
        parts = expression["concat"] if isinstance(expression, dict) and "concat" in expression else [expression]
        for part in parts:
            try:
                one = self._operand(part)[0].within
            except Unclear as unclear:
                one = unclear.within
            within = within_both(within, one)
        return within

    @staticmethod
    def within(operands: Sequence[Operand]) -> Box:
        if len(operands) == 1:
            return operands[0][0].within
        within: Box = ANY
        for field, _bits in operands:
            within = within_both(within, field.within)
        return within

    def elements(self, right: Any, is_map: bool = False) -> Elements:
        if isinstance(right, str) and right[:1] == "@":
            found = self.sets.get(right[1:])
            if found is None:
                raise Unclear("there is no set {0}".format(right))
            return of_set(found, is_map)
        return of_expression(right, is_map)

    def _of_field(self, operand: Operand, operator: str, right: Any, left: Any, within: Box, body: Any) -> Condition:
        field, bits = operand
        negated = operator == "!="
        if right is True or right is False:
            raise Unclear()
        if operator in ("in", "!") and not _is_set(right):
            bits = (bits or Bits(field.width, (1 << field.width) - 1)).then("&", number(field, right))
            wanted: Intervals = ((0, 0),)
            perhaps: Intervals = ()
            why, negated = "", operator == "in"
        elif operator in ("==", "!=", "in"):
            if isinstance(right, str) and right[:1] == "@" and bits is None and field.dimension >= 0:
                return _held(self._of_named_set(field, left, right), within, negated, body)
            if _is_set(right):
                wanted, perhaps, why = ranges(field, self.elements(right))
            else:
                low, high = bounds(field, right)
                wanted, perhaps, why = ((low, high),) if low <= high else (), (), ""
        elif operator in ("<", ">", "<=", ">="):
            wanted, perhaps, why = _ordered(field, operator, right), (), ""
        else:
            raise Unclear("operator {0}".format(operator))
        if bits is not None and len(field.parts) == 1 and field.parts[0].dimension in (MARK, CT_MARK):
            if perhaps:
                raise Unclear(why, run_time=True)
            test = bits.passes(wanted, negated)
            return mark_condition(field.parts[0].dimension, test, within, nft_text.match(body))
        sure, maybe = (
            _packets(field, bits, wanted),
            _packets(field, bits, minus(perhaps, wanted)) if perhaps else NOTHING,
        )
        if negated and not field.unsure and not maybe and field.known and not field.parts:
            # A known value: the other packets have the other values.
            others = field.known_packets(lambda value: not _in(wanted, bits.apply(value) if bits else value))
            return holds(Region(merged(others)), within, False, "")
        unsure = field.unsure if bits is not None else field.unsure_packets(wanted + perhaps)
        run_time = field.run_time or (bool(maybe) and not unsure)
        return _held(Region(sure, maybe + unsure, why, run_time), within, negated, body)

    def _of_named_set(self, field: Field, left: Any, right: Any) -> Region:
        key = (right, nft_text.expression(left))
        region = self._regions.get(key)
        if region is None:
            elements = self.elements(right)
            sure, perhaps, why = ranges(field, Elements(elements.sure, elements.perhaps))
            sure_boxes, maybe = _packets(field, None, sure), _packets(field, None, minus(perhaps, sure))
            if elements.more:
                rest = complement(sure, TOP[field.dimension])
                maybe, why = _packets(field, None, rest), elements.more
            region = self._regions[key] = Region(sure_boxes, maybe, why, True)
        return region

    def _of_concatenation(self, operands: Sequence[Operand], left: Any, right: Any) -> Region:
        key = (right, nft_text.expression(left)) if isinstance(right, str) else None
        if key is not None and key in self._regions:
            return self._regions[key]
        elements = self.elements(right)
        sure: List[Box] = []
        unsure: List[Box] = []
        why, run_time = elements.more, True
        if elements.more:
            unsure.append(ANY)
        for value in elements.sure:
            found, maybe = of_element(operands, value)
            sure.extend(found)
            if maybe:
                unsure.extend(maybe)
                run_time = all(field.run_time for field, _bits in operands if field.unsure)
        for value, reason in elements.perhaps:
            found, maybe = of_element(operands, value)
            unsure.extend(found + maybe)
            why = why or reason
        region = Region(merged(sure), merged(unsure), why, run_time)
        if key is not None:
            self._regions[key] = region
        return region


def _is_plain_meta(left: Any, right: Any) -> bool:
    """Of these, many rules ask for the same: ``iifname eth0``, ``meta l4proto tcp``."""
    if not isinstance(right, str) or not isinstance(left, dict) or len(left) != 1:
        return False
    body = left.get("meta")
    return isinstance(body, dict) and len(body) == 1 and isinstance(body.get("key"), str)


def _held(region: Region, within: Box, negated: bool, body: Any) -> Condition:
    """The condition, whose words are put together only where a doubt needs them."""
    return holds(region, within, negated, nft_text.match(body) if region.unsure else "")


def within_both(left: Box, right: Box) -> Box:
    """The packets of both, as a box without packets where there are none."""
    both = combine(left, right)
    return NO_PACKET if both is None else both


def of_element(operands: Sequence[Operand], value: Any) -> Tuple[Boxes, Boxes]:
    """The packets that carry a value, and those that may carry it."""
    if value == CATCH_ALL:
        return EVERYTHING, NOTHING
    values = value["concat"] if isinstance(value, dict) and "concat" in value else [value]
    if len(values) != len(operands):
        raise Unclear("an element with {0} parts".format(len(values)))
    sure: Boxes = EVERYTHING
    possible: Boxes = EVERYTHING
    doubtful = False
    for (field, bits), part in zip(operands, values):
        pair = bounds(field, part)
        found = _packets(field, bits, (pair,)) if pair[0] <= pair[1] else NOTHING
        sure = product(sure, found)
        unsure = field.unsure if bits is not None else field.unsure_packets((pair,))
        if unsure or doubtful:
            doubtful = True
            possible = product(possible, found + unsure)
        else:
            possible = sure
    return sure, tuple(box for box in possible if box not in sure) if doubtful else NOTHING


def _packets(field: Field, bits: Optional[Bits], wanted: Intervals) -> Boxes:
    """The packets whose value, after the bit operations, is surely wanted."""
    if bits is None:
        if not wanted:
            return NOTHING
        dimension = field.dimension
        if dimension < 0:
            return field.packets(wanted)
        if wanted[0][0] < 0 or wanted[-1][1] > TOP[dimension]:
            wanted = intersect(wanted, ((0, TOP[dimension]),))
        return ({dimension: wanted},) if wanted else NOTHING
    if field.open_bits & bits.mask:
        raise Unclear()
    if field.known and not field.parts:
        return merged(field.known_packets(lambda value: _in(wanted, bits.apply(value))))
    return field.packets(bits.sources(wanted))


def _in(wanted: Intervals, value: int) -> bool:
    return any(first <= value <= last for first, last in wanted)


def _is_set(right: Any) -> bool:
    return (isinstance(right, str) and right[:1] == "@") or (
        isinstance(right, dict) and len(right) == 1 and "set" in right
    )


def _ordered(field: Field, operator: str, right: Any) -> Intervals:
    low, high = bounds(field, right)
    if low != high and not field.family:
        raise Unclear()
    top = TOP[field.parts[0].dimension] if field.dimension >= 0 else (1 << (field.width or 32)) - 1
    first, last = {"<": (0, low - 1), "<=": (0, high), ">": (high + 1, top), ">=": (low, top)}[operator]
    return ((first, last),) if first <= last else ()
