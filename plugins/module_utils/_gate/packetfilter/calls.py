# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which chains call which, and whether the kernel would load them."""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

from ..errors import EvidenceError
from .model import GOTO, JUMP, Chain, Table

_JUMP_STACK = 15  # nested jumps and gotos below a base chain that nf_tables takes; the 16th is EMLINK


def _callees(chain: Chain) -> List[str]:
    names = [verdict.chain for rule in chain.rules for _boxes, verdict in rule.branches if verdict.kind in (JUMP, GOTO)]
    return list(dict.fromkeys(names))


def callers_first(table: Table) -> List[str]:
    """All chains that can be reached from base chains.

    :raises EvidenceError: a chain is missing, jumps form a circle, or lie deeper than nf_tables allows.
    """
    finished: List[str] = []
    state: Dict[str, bool] = {}  # False: on the current way down; True: done
    callees: Dict[str, List[str]] = {}
    for base in [chain.name for chain in table.chains.values() if chain.base is not None]:
        way: List[Tuple[str, Iterator[str]]] = []
        waiting = [] if base in state else [base]
        while waiting or way:
            if waiting:
                name = waiting.pop()
                if name not in table.chains:
                    problem = "it jumps to chain {0}, which is missing".format(name)
                    raise EvidenceError(_subject(table, way[-1][0]), problem)
                callees[name] = _callees(table.chains[name])
                state[name] = False
                way.append((name, iter(callees[name])))
            name, rest = way[-1]
            following = next((callee for callee in rest if not _checked(table, name, callee, way, state)), None)
            if following is not None:
                waiting.append(following)
            else:
                state[name] = True
                finished.append(name)
                way.pop()
    order = finished[::-1]
    _check_depth(table, order, callees)
    return order


def _checked(
    table: Table, caller: str, callee: str, way: Sequence[Tuple[str, object]], state: Mapping[str, bool]
) -> bool:
    """Whether the callee is done with.

    :raises EvidenceError: the callee stands on the way to the caller.
    """
    if state.get(callee) is False:
        names = [name for name, _rest in way]
        circle = names[names.index(callee) :] + [callee]
        shown = circle if len(circle) <= 6 else circle[:3] + ["..."] + circle[-2:]
        raise EvidenceError(_subject(table, caller), "its jumps form a circle: {0}".format(" -> ".join(shown)))
    return state.get(callee, False)


def _check_depth(table: Table, order: Sequence[str], callees: Mapping[str, Sequence[str]]) -> None:
    if table.source != "nft":
        return
    depths: Dict[str, int] = {}
    for name in order:
        depth = depths.setdefault(name, 0)
        if depth > _JUMP_STACK:
            raise EvidenceError(
                _subject(table, name),
                "its jumps are nested deeper than the {0} that the kernel allows".format(_JUMP_STACK),
            )
        for callee in callees[name]:
            depths[callee] = max(depths.get(callee, 0), depth + 1)


def _subject(table: Table, chain: str) -> str:
    return "chain {0} of table {1} {2}".format(chain, table.family, table.name)
