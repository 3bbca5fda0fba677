# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Anonymous chains (``jump { ... }``), for which nft 1.0.6 prints a raw string in its JSON.

Its text form tells what is in them. So they get names there, nft loads that, and prints chains.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterator, List, Tuple

_PREFIX = "__anonymous"
_RAW = re.compile(r'"(?:jump|goto) \{')
_OPENS = re.compile(r"^(?P<indent>\t+)(?P<before>.*?)(?P<verb>jump|goto) \{$")


def has_anonymous(document: str) -> bool:
    """Whether JSON of nft's holds raw strings instead of chains."""
    return _RAW.search(document) is not None


def with_named_chains(listing: str) -> str:
    """The ruleset of ``nft list ruleset`` with names for its anonymous chains, numbered in their order."""
    result: List[str] = []
    chains: List[str] = []
    closing = ""
    number = 0
    for line in listing.splitlines():
        opening = None if closing else _OPENS.match(line)
        if opening is not None:
            name = "{0}{1}".format(_PREFIX, number)
            number += 1
            closing = opening.group("indent") + "}"
            result.append(
                "{0}{1}{2} {3}".format(opening.group("indent"), opening.group("before"), opening.group("verb"), name)
            )
            chains.append("\tchain {0} {{".format(name))
        elif closing and line.startswith(closing):
            result[-1] += line[len(closing) :]  # a comment
            chains.append("\t}")
            closing = ""
        elif closing:
            chains.append(line)
        elif line == "}":
            result.extend([*chains, line])
            chains = []
        else:
            result.append(line)
    return "\n".join(result) + "\n"


def joined(document: str, named: str) -> str:
    """The JSON with jumps in place of its raw strings, and their chains from the JSON of the ruleset with names.

    The rules keep their handles. Where the two do not tell of the same rules, the raw string stays.
    """
    objects = json.loads(document)["nftables"]
    others = json.loads(named)["nftables"]
    targets = _by_rule(others)
    used: Dict[str, bool] = {}
    for key, rule in _rules(objects):
        found = targets.get(key, [])
        statements = rule.get("expr") or []
        for index, statement in enumerate(statements):
            if isinstance(statement, str) and statement.startswith(("jump {", "goto {")) and found:
                verb, target = found[0]
                if statement.startswith(verb):
                    statements[index] = {verb: {"target": target}}
                    used[target] = True
    for item in others:
        for kind in ("chain", "rule"):
            body = item.get(kind)
            if isinstance(body, dict) and body.get("name" if kind == "chain" else "chain") in used:
                objects.append(item)
    return json.dumps({"nftables": objects})


def _rules(objects: List[Any]) -> Iterator[Tuple[Tuple[str, str, str, int], Dict[str, Any]]]:
    """Rules by family, table, chain and their number in it."""
    counts: Dict[Tuple[str, str, str], int] = {}
    for item in objects:
        rule = item.get("rule") if isinstance(item, dict) else None
        if isinstance(rule, dict):
            chain = (str(rule.get("family")), str(rule.get("table")), str(rule.get("chain")))
            counts[chain] = counts.get(chain, 0) + 1
            yield (*chain, counts[chain]), rule


def _by_rule(objects: List[Any]) -> Dict[Tuple[str, str, str, int], List[Tuple[str, str]]]:
    """The anonymous chain that each rule jumps to, with the verb."""
    result: Dict[Tuple[str, str, str, int], List[Tuple[str, str]]] = {}
    for key, rule in _rules(objects):
        for statement in rule.get("expr") or []:
            if isinstance(statement, dict) and len(statement) == 1:
                ((verb, body),) = statement.items()
                if verb in ("jump", "goto") and str(body.get("target")).startswith(_PREFIX):
                    result.setdefault(key, []).append((verb, body["target"]))
    return result
