# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the chains of one table, whoever wrote them."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Mapping, Optional, Set

from ..model import JUMP, Chain

Edges = Mapping[str, Set[str]]


def before_conntrack(edges: Edges, bases: Mapping[str, Optional[bool]]) -> Dict[str, Optional[bool]]:
    """For each chain that a base chain reaches, whether it runs before connection tracking; None when both happen.

    ``bases``: the same for the base chains.
    """
    result: Dict[str, Optional[bool]] = {}
    for start, early in bases.items():
        seen: Set[str] = set()
        waiting = [start]
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            result[name] = early if result.get(name, early) == early else None
            waiting.extend(edges.get(name, ()))
    return result


def without_idle_jumps(chains: Mapping[str, Chain]) -> Dict[str, Chain]:
    """The chains without jumps to chains that do nothing (those only log, or are empty), which firewalld and ufw have by
    the hundred. A ``goto`` to such a chain stays: it ends its own chain."""
    result = dict(chains)
    idle: Set[str] = set()
    while True:
        for name, chain in result.items():
            rules = tuple(
                rule
                for rule in chain.rules
                if not all(verdict.kind == JUMP and verdict.chain in idle for _boxes, verdict in rule.branches)
            )
            if len(rules) < len(chain.rules):
                result[name] = replace(chain, rules=rules)
        found = {name for name, chain in result.items() if not chain.rules and chain.base is None}
        if found == idle:
            return result
        idle = found
