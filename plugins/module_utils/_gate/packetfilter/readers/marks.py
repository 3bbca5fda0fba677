# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conditions on single bits of a mark.

``mark & 1 == 1`` holds for two thousand million values that have no gap-free description, but the rules of a host make a
handful of marks. So such a condition keeps its test, and its boxes list those of the marks that the rules can make which
pass it. The reader of one text writes the boxes for its own rules; who joins rules of several texts calls
`resolved` for the whole.
"""

from __future__ import annotations

from typing import Callable, Dict, FrozenSet, Iterable, List, Mapping, Optional, Set, Tuple

from ...dataclass import dataclass, replace
from ..intervals import normal
from ..model import ANY, CHANGE, CT_MARK, MARK, Box, Chain, Change, Match, Rule, Ruleset, Table
from .conditions import NOTHING, Condition

_MOST_VALUES = 4096


def _never(value: int) -> bool:
    return False


@dataclass(frozen=True)
class MarkMatch(Match):
    """A match on one mark whose boxes `resolved` fills in. ``dimension``: MARK or CT_MARK. ``text``: the condition."""

    dimension: int = MARK
    test: Callable[[int], bool] = _never
    text: str = ""


def mark_condition(dimension: int, test: Callable[[int], bool], within: Box, text: str) -> Condition:
    """The condition that the mark passes ``test`` (which includes any negation), for the packets of ``within``."""
    return (MarkMatch(NOTHING, within, dimension=dimension, test=test, text=text),)


def masked(mask: int, value: int, negated: bool = False) -> Callable[[int], bool]:
    """The test of ``-m mark --mark value/mask`` and ``meta mark & mask == value``."""
    return lambda mark: (mark & mask == value) != negated


def resolved(ruleset: Ruleset) -> Ruleset:
    """The ruleset with the boxes of all conditions on bits of marks. Where the rules can make too many marks to list, such
    a condition is in doubt."""
    if not any(isinstance(match, MarkMatch) for rule in _rules(ruleset) for match in rule.matches):
        return ruleset
    values = _possible(ruleset)
    known: Dict[Tuple[int, int], Match] = {}

    def of_match(match: Match) -> Match:
        if not isinstance(match, MarkMatch):
            return match
        key = (id(match.test), match.dimension)
        if key not in known:
            known[key] = _resolved_match(match, values)
        found = known[key]
        return replace(match, boxes=found.boxes, doubt=found.doubt)

    tables: List[Table] = []
    for table in ruleset.tables:
        chains: Dict[str, Chain] = {}
        for name, chain in table.chains.items():
            rules = chain.rules
            if any(map(_asks, rules)):
                rules = tuple(
                    replace(rule, matches=tuple(map(of_match, rule.matches))) if _asks(rule) else rule for rule in rules
                )
                chain = replace(chain, rules=rules)
            chains[name] = chain
        tables.append(replace(table, chains=chains))
    return replace(ruleset, tables=tuple(tables))


def _resolved_match(match: MarkMatch, values: Mapping[int, Optional[FrozenSet[int]]]) -> Match:
    possible = values[match.dimension]
    if possible is None:
        return replace(match, boxes=(ANY,), doubt="{0} (the rules make too many marks)".format(match.text))
    passing = normal((value, value) for value in possible if match.test(value))
    return replace(match, boxes=({match.dimension: passing},) if passing else NOTHING, doubt="")


def _rules(ruleset: Ruleset) -> Iterable[Rule]:
    for table in ruleset.tables:
        for chain in table.chains.values():
            yield from chain.rules


def _asks(rule: Rule) -> bool:
    return any(isinstance(match, MarkMatch) for match in rule.matches)


def _possible(ruleset: Ruleset) -> Dict[int, Optional[FrozenSet[int]]]:
    """The values that each mark can have, whatever rules a packet passes in whatever order; None: too many."""
    changes: Set[Change] = {
        change
        for rule in _rules(ruleset)
        for _boxes, verdict in rule.branches
        if verdict.kind == CHANGE
        for change in verdict.changes
        if change.dimension in (MARK, CT_MARK) and not change.unclear
    }
    values: Dict[int, Set[int]] = {MARK: {0}, CT_MARK: {0}}
    grew = True
    while grew:
        grew = False
        for change in changes:
            old = values[change.dimension]
            sources = values[change.source] if change.source is not None and change.source_mask else {0}
            kept = {value & change.keep ^ change.flip for value in old}
            added = {value & change.source_mask for value in sources}
            if len(kept) * len(added) > 16 * _MOST_VALUES:
                return {MARK: None, CT_MARK: None}
            new = {one ^ other for one in kept for other in added}
            if not new <= old:
                grew = True
                old |= new
            if len(old) > _MOST_VALUES:
                return {MARK: None, CT_MARK: None}
    return {dimension: frozenset(found) for dimension, found in values.items()}
