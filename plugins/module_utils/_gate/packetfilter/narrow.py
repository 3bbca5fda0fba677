# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ruleset without the rules that packets of a box cannot match."""

from __future__ import annotations

from typing import Mapping, Sequence

from ..dataclass import replace
from .intervals import intersect, minus
from .model import Box, Intervals, Match, Ruleset


def narrowed(ruleset: Ruleset, box: Box) -> Ruleset:
    """The same ruleset for the packets of the box, without rules that can match none of them."""
    tables = []
    for table in ruleset.tables:
        chains = {
            name: replace(chain, rules=tuple(rule for rule in chain.rules if can_match(rule.matches, box)))
            for name, chain in table.chains.items()
        }
        tables.append(replace(table, chains=chains))
    return replace(ruleset, tables=tuple(tables))


def can_match(matches: Sequence[Match], box: Box) -> bool:
    """Whether a packet of the box may meet all of the matches, as far as each one alone tells."""
    for match in matches:
        if match.within and not meets(match.within, box):
            return False
        if match.negated:
            if any(covers(one, box) for one in match.boxes):
                return False
        elif not any(meets(one, box) for one in match.boxes):
            return False
    return True


def meets_all(match: Match, box: Box) -> bool:
    """Whether the match certainly holds for all packets of the box; "no" where that is not plain."""
    if match.doubt or not covers(match.within, box):
        return False
    if match.negated:
        return not any(meets(one, box) for one in match.boxes)
    return any(covers(one, box) for one in match.boxes)


def meets(one: Mapping[int, Intervals], box: Box) -> bool:
    """Whether the boxes have a packet in common."""
    for dim, intervals in one.items():
        asked = box.get(dim)
        if asked is None:
            continue
        if len(asked) == len(intervals) == 1:
            if asked[0][0] > intervals[0][1] or intervals[0][0] > asked[0][1]:
                return False
        elif not intersect(intervals, asked):
            return False
    return True


def covers(outer: Box, box: Box) -> bool:
    """Whether all packets of the box lie in the outer one."""
    return all(dim in box and not minus(box[dim], intervals) for dim, intervals in outer.items())
