# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is new since an earlier report, what is gone, and what was not looked at again.

A finding is the same one where host, check, port and service are. What is no longer found is gone only where the host was
looked at without a problem: a host that could not be reached has mended nothing.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional

from ..judge.finding import OUTCOMES
from .order import Key, by_place, key_of, worst

_PLACE = ("host", "check", "port", "service")


def compare(whole: Mapping[str, Any], earlier: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """The ``since`` of a document: ``earlier`` (when that was), and lists of places with their outcomes: ``new``, ``changed``
    (with ``was``), ``gone`` (with ``now``: passes, or not found), ``not_looked_at``; ``unchanged`` is their number. None where
    the earlier one is of the same run and was the first of all."""
    same_run = bool(whole.get("run")) and whole.get("run") == earlier.get("run")
    if same_run and "since" not in earlier:
        return None
    before = _baseline(earlier) if same_run else _findings(earlier)
    now = _findings(whole)
    passing = {key_of(place) for host in whole["hosts"] for place in host["passed"]}
    looked_at = {host["host"] for host in whole["hosts"] if not host.get("problems")}
    gone = {key: outcome for key, outcome in before.items() if key not in now}
    return {
        "earlier": earlier["since"]["earlier"] if same_run else earlier["generated"],
        "new": _places({key: {"outcome": now[key]} for key in now if key not in before}),
        "changed": _places(
            {key: {"outcome": now[key], "was": before[key]} for key in now if before.get(key, now[key]) != now[key]}
        ),
        "gone": _places(
            {
                key: {"outcome": outcome, "now": "passes" if key in passing else "not found"}
                for key, outcome in gone.items()
                if key[0] in looked_at
            }
        ),
        "not_looked_at": _places(
            {key: {"outcome": outcome} for key, outcome in gone.items() if key[0] not in looked_at}
        ),
        "unchanged": sum(1 for key in now if before.get(key) == now[key]),
    }


def mark(findings: Iterable[Dict[str, Any]], since: Mapping[str, Any]) -> None:
    """Write into each finding whether it is ``new``, ``changed`` or ``unchanged``."""
    states = {key_of(place): state for state in ("new", "changed") for place in since[state]}
    for finding in findings:
        finding["since"] = states.get(key_of(finding), "unchanged")


def _findings(whole: Mapping[str, Any]) -> Dict[Key, str]:
    """The worst outcome of each, in stable order."""
    found: Dict[Key, str] = {}
    for host in whole["hosts"]:
        for finding in host["findings"]:
            key = key_of(finding)
            found[key] = worst([finding["outcome"], found.get(key, OUTCOMES[0])])
    return found


def _baseline(earlier: Mapping[str, Any]) -> Dict[Key, str]:
    """What an earlier document of the same run was compared with: a play in batches writes its report after each of them."""
    since = earlier["since"]
    found = _findings(earlier)
    for place in since["new"]:
        found.pop(key_of(place), None)
    for place in since["changed"]:
        found[key_of(place)] = place["was"]
    for place in since["gone"] + since["not_looked_at"]:
        found[key_of(place)] = place["outcome"]
    return found


def _places(entries: Mapping[Key, Mapping[str, str]]) -> List[Dict[str, Any]]:
    plain = [
        {**{name: part for name, part in zip(_PLACE, key) if part not in (0, "")}, **entry}
        for key, entry in entries.items()
    ]
    return sorted(plain, key=by_place)
