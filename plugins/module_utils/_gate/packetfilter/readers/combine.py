# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nftables' JSON and iptables-save texts as one ruleset.

iptables-nft keeps its rules in nftables' tables ``filter``, ``nat``, ``mangle``, ``raw`` and ``security`` of the families
``ip`` and ``ip6``. nft shows them, but not the parameters of their matches. So where a save text shows the same table, the
save's table takes its place. Base chains that nft alone shows in such a table (iptables-save leaves them out) stay.

A save text is about *other* rules than nft's when it comes from iptables-legacy: both then filter, and both are kept.
When it is not clear whether two tables are the same one (their rules differ in number), both are kept too: what is really
one table twice accepts the same packets, and its hidden matches stay in doubt.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple

from ...dataclass import dataclass, replace
from ..model import Ruleset, Table
from .iptables_save import LEGACY, NFT, Saved
from .marks import resolved
from .nft_json import NftRules
from .source_nat import behind_source_nat

_FAMILY = {4: "ip", 6: "ip6"}
_COMMAND = {"ip": "iptables-save (option rules.iptables)", "ip6": "ip6tables-save (option rules.ip6tables)"}


@dataclass(frozen=True)
class RulesEvidence:
    """``families``: 4 and 6, those whose rules the evidence covers; the other's answer is unknown, not "no filter".
    ``sources``: where the rules were read, for reports."""

    ruleset: Ruleset
    families: FrozenSet[int]
    sources: Tuple[str, ...]


def combine(
    nft: Optional[NftRules],
    saves: Sequence[Tuple[int, Saved]],
    sources: Sequence[str],
    more_notes: Sequence[str] = (),
) -> RulesEvidence:
    """:param saves: the family (4 or 6) with each text; there can be several of one family (nft and legacy)."""
    tables: Dict[Tuple[str, str], Table] = {}
    families: Set[int] = {family for family, _saved in saves}
    notes: Set[str] = set(more_notes)
    hidden: Set[Tuple[str, str]] = set()
    if nft is not None:
        families = {4, 6}
        tables = {(table.family, table.name): table for table in nft.ruleset.tables}
        notes.update(nft.ruleset.notes)
        hidden = set(nft.hidden)
    beside: List[Table] = []
    for _family, saved in saves:
        notes.update(saved.ruleset.notes)
        for table in saved.ruleset.tables:
            key = (table.family, table.name)
            shown = tables.get(key)
            same = shown is not None and (saved.backend == NFT or (saved.backend != LEGACY and key in hidden))
            if nft is not None and shown is not None and same:
                if _same_rules(nft.rule_counts, saved.rule_counts, key):
                    hidden.discard(key)
                    rest = _only_in_nft(shown, table)
                    if rest is None:
                        del tables[key]
                    else:
                        tables[key] = rest
                else:
                    notes.add(
                        "table {0} {1}: nft and iptables-save show different numbers of rules; both were taken as active".format(
                            *key
                        )
                    )
            beside.append(table)
    for family, name in sorted(hidden):
        if family in _COMMAND:
            notes.add(
                "table {0} {1} has iptables matches, whose parameters nft does not show: give the output of {2}".format(
                    family, name, _COMMAND[family]
                )
            )
    ruleset = Ruleset(tuple(tables.values()) + tuple(beside), tuple(sorted(notes)))
    if saves:  # marks that the rules of one text set, others ask for
        ruleset = resolved(ruleset)
    ruleset = behind_source_nat(ruleset)
    return RulesEvidence(ruleset, frozenset(families), tuple(sources))


def _same_rules(
    nft: Mapping[Tuple[str, str, str], int], saved: Mapping[Tuple[str, str], int], key: Tuple[str, str]
) -> bool:
    """nft does not show built-in chains that were never used; iptables-save shows them, empty."""
    return all(nft.get(key + (chain,), 0) == count for (table, chain), count in saved.items() if table == key[1])


def _only_in_nft(shown: Table, saved: Table) -> Optional[Table]:
    """The table with those base chains alone that the save does not have; None when there are none."""
    chains = {
        name: replace(chain, base=None) if name in saved.chains else chain for name, chain in shown.chains.items()
    }
    if all(chain.base is None for chain in chains.values()):
        return None
    return replace(shown, chains=chains)
