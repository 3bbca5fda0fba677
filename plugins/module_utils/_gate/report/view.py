# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the HTML page shows, in its order; the template only writes it down."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from .drawing import drawing_of
from .faults import Fault, gather
from .matrix import NOT_LOOKED_AT, NOT_REQUIRED, OPTIONAL, matrix_of
from .order import key_of, natural, severity
from .places import headline, place_name, plural

#: Hosts up to which the evidence stands open, and remedies of one fault up to which each has a place of its own.
_FEW = 3
#: A sign and a word for each state of a cell: the colour says nothing that they do not.
SIGNS = {
    "pass": ("✓", "pass"),
    "warn": ("!", "warn"),
    "unknown": ("?", "unknown"),
    "fail": ("✗", "fail"),
    NOT_REQUIRED: ("", "not required"),
    NOT_LOOKED_AT: ("–", "not looked at"),
    OPTIONAL: ("○", "optional"),
}


def view_of(whole: Mapping[str, Any]) -> Dict[str, Any]:
    """The names that the template uses."""
    matrix = matrix_of(whole)
    faults = gather(whole)
    anchors = {host["host"]: f"host-{number}" for number, host in enumerate(whole["hosts"], 1)}
    fault_anchors = {
        id(finding): f"fault-{number}" for number, fault in enumerate(faults, 1) for finding in fault.findings
    }
    return {
        "report": whole,
        "headline": headline(whole),
        "signs": SIGNS,
        "matrix": matrix,
        "anchors": anchors,
        "faults": [_fault(fault, whole) for fault in faults],
        "fault_anchors": fault_anchors,
        "hosts": [_host(row.host, fault_anchors) for row in matrix.rows],
        "open": len(whole["hosts"]) <= _FEW,
        "place": place_name,
        "plural": plural,
    }


def _fault(fault: Fault, whole: Mapping[str, Any]) -> Dict[str, Any]:
    return {
        "fault": fault,
        "check": whole["checks"].get(fault.check, {}),
        "compact": len(fault.remedies) > _FEW,
        "new": sum(1 for finding in fault.findings if finding.get("since") == "new"),
    }


def _host(host: Mapping[str, Any], fault_anchors: Mapping[int, str]) -> Dict[str, Any]:
    """``checks``: all of them by place, what does not pass first."""
    rows: List[Dict[str, Any]] = [
        dict(finding, place=place_name(finding), anchor=fault_anchors[id(finding)]) for finding in host["findings"]
    ]
    rows.sort(key=lambda row: (severity(row["outcome"]), key_of(row)))
    passed: Dict[str, List[str]] = {}
    for place in host["passed"]:
        passed.setdefault(place_name(place), []).append(place["check"])
    return {
        "host": host,
        "drawing": drawing_of(host),
        "findings": rows,
        "passed": [(name, passed[name]) for name in sorted(passed, key=natural)],
        "requirements": [dict(need, words=_words(need)) for need in host["requirements"]],
    }


def _words(need: Mapping[str, Any]) -> str:
    if need.get("closed"):
        return "closed to everybody"
    encryption = {
        "implicit": "TLS from the first byte",
        "starttls": "STARTTLS before login",
        "opportunistic": "STARTTLS offered",
        "none": "no encryption asked for",
    }.get(need.get("encryption", ""), "")
    parts = ["may be open" if need.get("optional") else "open", "from " + ", ".join(need["from"])]
    return " ".join(parts) + (f", {encryption}" if encryption else "")
