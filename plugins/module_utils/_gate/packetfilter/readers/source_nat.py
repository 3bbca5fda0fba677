# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes behind source NAT.

``snat`` and ``masquerade`` have no effect on what gets in, but on what later chains see: at the same hook no other chain of type
nat is called for the packet any more, and chains behind the hook's NAT see the new source. The model does not follow that. So
what such chains drop is in doubt; nearly all drop nothing there.
"""

from __future__ import annotations

from typing import Dict, List, Set, Tuple

from ...dataclass import replace
from ..model import ACCEPT, DROP, NAT, Base, Chain, Match, Rule, Ruleset, Table, Verdict, Where
from .conditions import EVERYTHING

#: Text of the verdict that the readers give for ``snat`` and ``masquerade``.
SOURCE_NAT = "source NAT"
#: All chains of type nat of these hooks are called at this priority (NF_IP_PRI_NAT_SRC), whatever their own.
_HOOKS = ("input", "postrouting")
_NAT_PRIORITY = 100

_Place = Tuple[int, str]  # of a table in the ruleset, and a chain's name


def behind_source_nat(ruleset: Ruleset) -> Ruleset:
    """The same ruleset, with doubt about what chains decide that packets may come to after source NAT."""
    tables: List[Table] = list(ruleset.tables)
    for hook in _HOOKS:
        bases = [
            ((index, chain.name), chain.base)
            for index, table in enumerate(ruleset.tables)
            for chain in table.chains.values()
            if chain.base is not None and chain.base.hook == hook
        ]
        translating = {
            place for place, base in bases if base.kind == "nat" and _translates(ruleset.tables[place[0]], place[1])
        }
        for place, base in bases:
            if _comes_behind(place, base, translating):
                tables[place[0]] = _doubtful(tables[place[0]], place[1], base)
    return replace(ruleset, tables=tuple(tables))


def _comes_behind(place: _Place, base: Base, translating: Set[_Place]) -> bool:
    if base.kind == "nat":
        return bool(translating - {place})
    return base.priority >= _NAT_PRIORITY and bool(translating)


def _reached(table: Table, start: str) -> List[str]:
    found: Dict[str, None] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in found and name in table.chains:
            found[name] = None
            rules = table.chains[name].rules
            waiting.extend(verdict.chain for rule in rules for _boxes, verdict in rule.branches if verdict.chain)
    return list(found)


def _translates(table: Table, start: str) -> bool:
    return any(
        verdict.kind == NAT or (verdict.kind == ACCEPT and verdict.text == SOURCE_NAT)
        for name in _reached(table, start)
        for rule in table.chains[name].rules
        for _boxes, verdict in rule.branches
    )


def _doubtful(table: Table, start: str, base: Base) -> Table:
    """The table with a copy of the chains that the base chain reaches, in which every rule is in doubt."""
    where = "{0} {1} {2}".format(table.family, table.name, start)
    doubt = Match(EVERYTHING, doubt="chain {0} behind source NAT, which is not followed".format(where))
    names = {
        name: name if name == start else "{0} (behind source NAT of {1})".format(name, start)
        for name in _reached(table, start)
    }
    chains = dict(table.chains)
    for name, copy in names.items():
        rules = tuple(_with(rule, doubt, names) for rule in table.chains[name].rules)
        chains[copy] = Chain(copy, rules, None)
    policy = base.policy
    rules = chains[start].rules
    if policy == DROP:
        at = Where(table.source, table.family, table.name, start, "policy", "policy drop")
        rules += (Rule((doubt,), ((EVERYTHING, Verdict(DROP)),), at),)
    chains[start] = Chain(start, rules, replace(base, policy=ACCEPT))
    return replace(table, chains=chains)


def _with(rule: Rule, doubt: Match, names: Dict[str, str]) -> Rule:
    branches = tuple(
        (boxes, replace(verdict, chain=names.get(verdict.chain, verdict.chain)) if verdict.chain else verdict)
        for boxes, verdict in rule.branches
    )
    return replace(rule, matches=rule.matches + (doubt,), branches=branches)
