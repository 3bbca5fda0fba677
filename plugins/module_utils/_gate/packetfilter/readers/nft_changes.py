# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements of nft that change what later conditions see: marks, zones, notrack, header fields."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Set

from ..model import (
    ANY,
    CT_MARK,
    CT_STATE,
    CT_ZONE,
    GOTO,
    INVALID,
    JUMP,
    MARK,
    RETURN,
    UNFOLLOWED,
    UNTRACKED,
    Box,
    Match,
    Rule,
    Verdict,
)
from . import nft_text
from .conditions import ALWAYS, EVERYTHING, Condition, Unclear, build
from .marks import MarkMatch
from .nft_effects import NOTRACK, change_to, changed_dimension, unclear_change
from .nft_maps import look_up
from .nft_matches import within_both
from .nft_step import Step, inside, split
from .question import TRACKED

#: Fields whose change no condition of the model sees: conditions on them are in doubt in any case.
_HARMLESS_CHANGES = {
    ("meta", "priority"), ("meta", "nftrace"), ("meta", "secmark"), ("ct", "label"), ("ct", "event"), ("ct", "helper"),
    ("ct", "secmark"), ("ip", "dscp"), ("ip", "ecn"), ("ip", "ttl"), ("ip", "id"), ("ip", "checksum"), ("ip6", "dscp"),
    ("ip6", "ecn"), ("ip6", "hoplimit"), ("ip6", "flowlabel"), ("tcp option", "maxseg"), ("tcp", "window"),
    ("tcp", "checksum"), ("udp", "checksum"),
}  # fmt: skip
#: Where a statement acts: a connection's mark only where there is a connection, a zone and notrack only before there is one.
_ACTS_ON: Dict[int, Box] = {MARK: ANY, CT_MARK: TRACKED}
_ZONE_ACTS_ON: Box = {CT_STATE: ((INVALID, INVALID), (UNTRACKED, UNTRACKED))}
_NOTRACK_ACTS_ON: Box = {CT_STATE: ((INVALID, INVALID),)}
_OPERATORS = ("&", "|", "^", "<<", ">>")


def mangle(step: Step, kind: str, body: Any) -> bool:
    """``meta mark set 1``, ``ip dscp set cs1``."""
    key, value, text = body["key"], body["value"], step.text
    dimension = changed_dimension(key)
    if dimension is None:
        within = step.matcher.within_of(key)
        if not _harmless(key):
            step.emit(Verdict(UNFOLLOWED, text=text), inside(within))
        step.narrow(within)
        return False
    acts_on = _ACTS_ON.get(dimension, _ZONE_ACTS_ON)
    unclear_one = [_rule(step, acts_on, unclear_change(dimension, text))]
    if dimension == CT_ZONE and "dir" in key["ct"]:  # answers are in another zone, which is what it is for
        return _change(step, unclear_one, ALWAYS)
    if isinstance(value, dict) and "map" in value:
        try:
            found = look_up(step.matcher, value["map"]["key"], value["map"]["data"])
        except Unclear as unclear:
            return _change(step, unclear_one, unclear.doubt(text))
        if found.chance:
            return _change(step, unclear_one, found.found(text))
        try:
            rules = found.rules(lambda data: change_to(dimension, data, text), [inside(acts_on)], step.where, text)
        except Unclear:
            rules = unclear_one
        return _change(step, rules, found.found(text))
    return _change(step, [_rule(step, acts_on, change_to(dimension, value, text))], inside(_within_value(step, value)))


def notrack(step: Step, kind: str, body: Any) -> bool:
    return _change(step, [_rule(step, _NOTRACK_ACTS_ON, NOTRACK)], ALWAYS)


def hidden_mark(step: Step, dimensions: Sequence[int]) -> None:
    """A mark of iptables' that nft does not show."""
    for dimension in dimensions:
        step.emit(unclear_change(dimension, step.text), inside(_ACTS_ON[dimension]))


def _rule(step: Step, acts_on: Box, verdict: Verdict) -> Rule:
    (rule,) = build([inside(acts_on)], ((EVERYTHING, verdict),), step.where)
    return rule


def _within_value(step: Step, value: Any) -> Box:
    """The packets that have the fields of a value."""
    if not isinstance(value, dict) or len(value) != 1:
        return ANY
    ((kind, body),) = value.items()
    if kind not in _OPERATORS:
        return step.matcher.within_of(value)
    within: Box = ANY
    for part in body:
        within = within_both(within, _within_value(step, part))
    return within


def _change(step: Step, changes: List[Rule], found: Condition) -> bool:
    """The ``changes`` happen where the conditions hold, ``found`` included, and the rule goes on there.

    What follows in the rule must not ask its conditions again where the change may have decided them anew, or where they are
    in doubt: then it moves to a chain of its own.
    """
    if found != ALWAYS:
        step.conditions.append(found)
    changed = {change.dimension for rule in changes for _boxes, verdict in rule.branches for change in verdict.changes}
    if any(_asks(match, changed) for condition in step.conditions for match in condition):
        following = step.read_rest()
        if following or len(changes) > 1:
            return _apart(step, changes + following)
    for rule in changes:
        for outer in build(step.conditions, rule.branches, step.where):
            step.rules.append(Rule(outer.matches + rule.matches, rule.branches, step.where))
    return False


def _asks(match: Match, dimensions: Set[int]) -> bool:
    if match.doubt or (isinstance(match, MarkMatch) and match.dimension in dimensions):
        return True
    return any(not dimensions.isdisjoint(box) for box in (match.within, *match.boxes))


def _apart(step: Step, rules: List[Rule]) -> bool:
    kinds = {verdict.kind for rule in rules for _boxes, verdict in rule.branches}
    leaves = bool(kinds & {RETURN, GOTO})
    if leaves and not (not rules[-1].matches and rules[-1].branches[0][1].kind in (RETURN, GOTO)):
        step.emit(Verdict(UNFOLLOWED, text=nft_text.rule(step.rest)))
        return True
    name = "{0} {1} ({2})".format(step.where.chain, step.where.position, len(step.rest))
    while name in step.table.chains or name in step.table.extra:
        name += "'"
    step.table.extra[name] = tuple(rules)
    step.emit(Verdict(GOTO if leaves else JUMP, name))
    return True


def _harmless(key: Any) -> bool:
    kind, field = split(key)
    if not isinstance(field, dict):
        return False
    if kind == "payload":
        return (field.get("protocol"), field.get("field")) in _HARMLESS_CHANGES
    return (kind, field.get("name" if kind == "tcp option" else "key")) in _HARMLESS_CHANGES
