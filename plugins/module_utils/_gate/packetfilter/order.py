# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Base chains of one hook and priority: the kernel calls first the one that was registered last, and nothing prints that order.

Listings have tables in the order in which they were made, which is another one where a chain came later than its table, or a
table was dormant in between.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional, Set, Tuple

from .model import CHANGE, NAT, Ruleset, Table

_FAMILIES = {"ip": (4,), "ip6": (6,)}
_CHANGING = frozenset((CHANGE, NAT))


def other_order(ruleset: Ruleset) -> Optional[Ruleset]:
    """The same rules with their tables the other way round; None where the order of tables cannot matter: no two of them have
    base chains of one hook, priority and kind of which one changes packets."""
    places: Dict[Tuple[int, str, bool, int], Set[int]] = {}
    changing: List[bool] = []
    for number, table in enumerate(ruleset.tables):
        changing.append(_changes(table))
        for base in (chain.base for chain in table.chains.values() if chain.base):
            for family in _FAMILIES.get(table.family, (4, 6)):
                places.setdefault((family, base.hook, base.kind == "nat", base.priority), set()).add(number)
    if any(len(numbers) > 1 and any(changing[number] for number in numbers) for numbers in places.values()):
        return replace(ruleset, tables=ruleset.tables[::-1])
    return None


def _changes(table: Table) -> bool:
    return any(
        verdict.kind in _CHANGING
        for chain in table.chains.values()
        for rule in chain.rules
        for _boxes, verdict in rule.branches
    )
