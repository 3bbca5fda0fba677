# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the chains of one table, whoever wrote them."""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Set

from ...dataclass import replace
from ..model import JUMP, Chain, Rule


def without_idle_jumps(chains: Mapping[str, Chain]) -> Dict[str, Chain]:
    """The chains without jumps to chains that do nothing (those only log, or are empty), which firewalld and ufw have by
    the hundred. A ``goto`` to such a chain stays: it ends its own chain."""
    result = dict(chains)
    callers: Dict[str, Set[str]] = {}
    for name, chain in chains.items():
        for rule in chain.rules:
            for _boxes, verdict in rule.branches:
                if verdict.kind == JUMP:
                    callers.setdefault(verdict.chain, set()).add(name)
    idle: Set[str] = set()
    waiting = [name for name, chain in chains.items() if _is_idle(chain)]
    while waiting:
        idle.update(waiting)
        touched: Set[str] = set()
        for name in waiting:
            touched.update(callers.get(name, ()))
        waiting = []
        for name in sorted(touched):
            kept = _kept(result[name].rules, idle)
            if len(kept) < len(result[name].rules):
                result[name] = replace(result[name], rules=tuple(kept))
                if _is_idle(result[name]):
                    waiting.append(name)
    return result


def _is_idle(chain: Chain) -> bool:
    return not chain.rules and chain.base is None


def _kept(rules: Iterable[Rule], idle: Set[str]) -> List[Rule]:
    return [
        rule
        for rule in rules
        if not all(verdict.kind == JUMP and verdict.chain in idle for _boxes, verdict in rule.branches)
    ]
