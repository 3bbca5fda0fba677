# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Base chains of one hook and priority: the kernel calls first the one that was registered last, and nothing prints that order.

Listings have tables in the order in which they were made, which is another one where a chain came later than its table, or a
table was dormant in between. Each place (family, hook, priority) has an order of its own.
"""

from __future__ import annotations

from functools import partial
from itertools import islice, permutations, product
from operator import eq
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from ..dataclass import replace
from .model import CHANGE, CT_STATE, NAT, Chain, Ruleset, Table
from .stages import ASIDE, table_dimensions

#: Hook, whether of kind nat, priority.
Place = Tuple[str, bool, int]
NOWHERE: Place = ("", False, 0)

#: More orders than this are not tried: each takes about as long as the whole look.
MOST_ORDERS = 24

_FAMILIES = {"ip": {4}, "ip6": {6}}


def other_orders(ruleset: Ruleset) -> Optional[List[Ruleset]]:
    """The same rules in every other order that may be the kernel's and that may matter, for each place apart. Empty where no
    table changes what another one in the same place looks at; None where there are more than `MOST_ORDERS`."""
    places = _places_that_matter(ruleset.tables)
    every = list(islice(_orders(places), MOST_ORDERS + 1))
    if len(every) > MOST_ORDERS:
        return None
    listed = {place: tuple(numbers) for place, numbers in places.items()}
    return [replace(ruleset, tables=_in_order(ruleset.tables, order)) for order in every if order != listed]


def _places_that_matter(tables: Sequence[Table]) -> Dict[Place, List[int]]:
    places: Dict[Place, List[int]] = {}
    for number, table in enumerate(tables):
        for place in sorted({_place(table, chain) for chain in table.chains.values()} - {NOWHERE}):
            places.setdefault(place, []).append(number)
    shared = {place: numbers for place, numbers in places.items() if len(numbers) > 1}
    effects = {number: _Effects(tables[number]) for numbers in shared.values() for number in numbers}
    return {
        place: numbers
        for place, numbers in shared.items()
        if any(effects[one].matters_to(effects[other]) for one in numbers for other in numbers if one != other)
    }


def _place(table: Table, chain: Chain) -> Place:
    """Nowhere, where what comes in does not pass: NAT of the destination acts in prerouting alone."""
    base = chain.base
    if base is None or base.hook in ("output", "egress") or table.family == "arp":
        return NOWHERE
    if base.kind == "nat" and base.hook != "prerouting":
        return NOWHERE
    return ("bridge " + base.hook if table.family in ASIDE else base.hook, base.kind == "nat", base.priority)


def _orders(places: Mapping[Place, List[int]]) -> Iterator[Dict[Place, Tuple[int, ...]]]:
    for choice in product(*(permutations(numbers) for numbers in places.values())):
        yield dict(zip(places, choice))


def _in_order(tables: Sequence[Table], order: Mapping[Place, Tuple[int, ...]]) -> Tuple[Table, ...]:
    """The base chains of each place in copies of their tables that have no others, since each place has an order of its own."""
    rest = [_with_bases(table, lambda place: place not in order) for table in tables]
    apart = [_with_bases(tables[number], partial(eq, place)) for place, numbers in order.items() for number in numbers]
    return (*rest, *apart)


def _with_bases(table: Table, wanted: Callable[[Place], bool]) -> Table:
    chains = {
        name: chain if chain.base is None or wanted(_place(table, chain)) else replace(chain, base=None)
        for name, chain in table.chains.items()
    }
    return replace(table, chains=chains)


class _Effects:
    """What a table asks for and what it changes."""

    def __init__(self, table: Table) -> None:
        self.families = _FAMILIES.get(table.family, {4, 6})
        self.reads: Set[int] = table_dimensions(table)
        self.changes: Set[int] = set()
        self.translates = False
        for chain in table.chains.values():
            for rule in chain.rules:
                for _boxes, verdict in rule.branches:
                    self.translates = self.translates or verdict.kind == NAT
                    if verdict.kind == CHANGE:
                        self.changes.update(change.dimension for change in verdict.changes)
                        self.reads.update(change.source for change in verdict.changes if change.source is not None)
        if self.translates:
            self.reads.add(CT_STATE)  # what is not tracked is not translated

    def matters_to(self, other: _Effects) -> bool:
        """Whether it makes a difference to the other table to come before this one."""
        if self.families.isdisjoint(other.families):
            return False
        return (self.translates and other.translates) or not self.changes.isdisjoint(other.reads | other.changes)
