# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which sets' elements an answer needs, from a listing without elements (``nft -j -t list ruleset``)."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Set, Tuple

from .nft_document import MALFORMED, TableData, malformed, read_document

#: Hooks that a packet which comes in can pass, or an answer to it.
_HOOKS = frozenset(("ingress", "prerouting", "input", "forward", "output", "postrouting"))


def needed_sets(terse_json: str, subject: str = "nft -j -t list ruleset") -> List[Tuple[str, str, str]]:
    """The sets and maps that rules look into which a packet can come to on its way in: (family, table, name).

    :raises EvidenceError: as `nft_json.read`, where there are any.
    """
    if '"@' not in terse_json:
        return []
    tables = read_document(terse_json, subject)
    try:
        found = [
            (family, name, used)
            for (family, name), data in tables.items()
            if not data.dormant and family != "arp"
            for used in sorted(_used(data))
        ]
    except MALFORMED as error:
        raise malformed(subject, error) from error
    return found


def _used(data: TableData) -> Set[str]:
    uses: Dict[str, Set[str]] = {}
    calls: Dict[str, Set[str]] = {}
    for chain in data.chains.values():
        words = [word for rule in chain.rules for word in _words(rule.get("expr") or ())]
        uses[chain.name] = {word[1:] for word in words if word[:1] == "@" and word[1:] in data.sets}
        calls[chain.name] = {word for word in words if word in data.chains}
        if any(data.sets[name].get("map") == "verdict" for name in uses[chain.name]):
            calls[chain.name] = set(data.chains)  # where its elements lead is not known yet
    reached: Set[str] = set()
    waiting = [chain.name for chain in data.chains.values() if chain.base is not None and chain.base.hook in _HOOKS]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(calls[name])
    return {used for name in reached for used in uses[name]}


def _words(value: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, (list, tuple)):
            waiting.extend(value)
