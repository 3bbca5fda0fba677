# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules for the host's answers, as conditions on the client's packet that they answer.

An answer goes from where the packet was sent to, back to where it came from: source and destination have changed places, and it
leaves by the interface by which its destination, the client, is reached. With every condition turned round so, all that is
known of the client's packets (the question, NAT, routes) serves for the answers, and what is found is told in the client's
words. `ORIGINAL_DPORT` and `ORIGINAL_DADDR` are the connection's, and are what they were.
"""

from __future__ import annotations

from typing import Collection, Dict, Optional, Tuple

from ..dataclass import replace
from .intervals import contains
from .model import (
    DADDR,
    DESTINATION_TYPE,
    DPORT,
    IIF,
    OIF,
    REVERSE_PATH,
    SADDR,
    SPORT,
    UNICAST,
    Box,
    Chain,
    Intervals,
    Match,
    Rule,
    Ruleset,
    Table,
)

_TURNED = {SADDR: DADDR, DADDR: SADDR, SPORT: DPORT, DPORT: SPORT, IIF: OIF, OIF: IIF}
#: Of an answer these are known: it goes to the client, and comes from where its source is.
_KNOWN = {DESTINATION_TYPE: UNICAST, REVERSE_PATH: 1}

_Boxes = Tuple[Box, ...]


def mirrored(ruleset: Ruleset, hooks: Collection[str]) -> Ruleset:
    """The rules that answers meet at the hooks."""
    mirror = _Mirror()
    return replace(ruleset, tables=tuple(mirror.table(table, hooks) for table in ruleset.tables))


class _Mirror:
    def __init__(self) -> None:
        self._known: Dict[int, Tuple[_Boxes, _Boxes]] = {}

    def table(self, table: Table, hooks: Collection[str]) -> Table:
        chains: Dict[str, Chain] = {}
        waiting = [chain.name for chain in table.chains.values() if chain.base is not None and chain.base.hook in hooks]
        while waiting:
            chain = table.chains[waiting.pop()]
            if chain.name in chains:
                continue
            base = chain.base if chain.base is not None and chain.base.hook in hooks else None
            chains[chain.name] = Chain(chain.name, tuple(map(self._rule, chain.rules)), base)
            waiting.extend(
                verdict.chain
                for rule in chain.rules
                for _boxes, verdict in rule.branches
                if verdict.chain in table.chains
            )
        return replace(table, chains=chains)

    def _rule(self, rule: Rule) -> Rule:
        branches = tuple((self._boxes(boxes), verdict) for boxes, verdict in rule.branches)
        return Rule(tuple(map(self._match, rule.matches)), branches, rule.where)

    def _match(self, match: Match) -> Match:
        within = _turned(match.within)
        boxes = self._boxes(match.boxes)
        if within is None:
            return Match((), {}, False, match.doubt, match.run_time)
        return Match(boxes, within, match.negated, match.doubt, match.run_time)

    def _boxes(self, boxes: _Boxes) -> _Boxes:
        """Sets are shared by many rules as one object, and stay so."""
        if len(boxes) == 1:
            one = _turned(boxes[0])
            return () if one is None else (one,)
        found = self._known.get(id(boxes))
        if found is None:
            turned = [box for box in map(_turned, boxes) if box is not None]
            found = self._known[id(boxes)] = (boxes, tuple(turned))
        return found[1]


def _turned(box: Box) -> Optional[Box]:
    """None: no answer lies in the box."""
    result: Dict[int, Intervals] = {}
    for dim, intervals in box.items():
        if dim in _KNOWN:
            if not contains(intervals, _KNOWN[dim]):
                return None
        else:
            result[_TURNED.get(dim, dim)] = intervals
    return result
