# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SARIF 2.1.0: a rule for each check that occurs, a result for each finding.

What is unknown has the kind ``open`` (section 3.27.9: not enough to decide), whose level must be ``none`` (section 3.27.10). A
host is no file: it is a logical location, and stands as the artifact too, for readers that want one.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, List, Mapping
from urllib.parse import quote

from ..judge.finding import FAIL, UNKNOWN, WARN
from .order import key_of
from .places import place_name

_KINDS = {FAIL: ("fail", "error"), WARN: ("fail", "warning"), UNKNOWN: ("open", "none")}
_BASELINE = {"new": "new", "changed": "updated", "unchanged": "unchanged"}
_NOTES = {FAIL: "error", WARN: "warning"}


def as_sarif(whole: Mapping[str, Any], version: str) -> str:
    """:param version: of this collection."""
    findings = [finding for host in whole["hosts"] for finding in host["findings"]]
    names = sorted({finding["check"] for finding in findings})
    troubled = [(host["host"], problem) for host in whole["hosts"] for problem in host.get("problems", [])]
    run = {
        "tool": {
            "driver": {
                "name": "mailops.gate",
                "version": version,
                "rules": [_rule(name, whole["checks"][name]) for name in names],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not troubled,
                "endTimeUtc": whole["generated"],
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": f"{host}: {problem}"}} for host, problem in troubled
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, names.index(finding["check"])) for finding in findings],
    }
    return json.dumps({"version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(name: str, check: Mapping[str, str]) -> Dict[str, Any]:
    rule: Dict[str, Any] = {
        "id": name,
        "name": "".join(part.capitalize() for part in name.replace(".", "-").split("-")),
    }
    if check:
        rule["shortDescription"] = {"text": check["asks"]}
        rule["fullDescription"] = {"text": check["matters"]}
        rule["help"] = {"text": f"{check['matters']} Source: {check['source']}."}
    return rule


def _result(finding: Mapping[str, Any], index: int) -> Dict[str, Any]:
    kind, level = _KINDS[finding["outcome"]]
    place = place_name(finding)
    host = finding["host"]
    result: Dict[str, Any] = {
        "ruleId": finding["check"],
        "ruleIndex": index,
        "kind": kind,
        "level": level,
        "message": {"text": _message(finding, place)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(host, safe="")},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [
                    {
                        "name": place or host,
                        "fullyQualifiedName": f"{host}/{place}" if place else host,
                        "kind": "resource",
                    }
                ],
            }
        ],
        "partialFingerprints": {"place/v1": hashlib.sha256(repr(key_of(finding)).encode("utf-8")).hexdigest()},
    }
    if finding.get("since"):
        result["baselineState"] = _BASELINE[finding["since"]]
    return result


def _message(finding: Mapping[str, Any], place: str) -> str:
    lines: List[str] = [
        "{} {}: expected {}, observed {}".format(
            finding["host"], place, finding.get("expected") or "nothing", finding.get("observed") or "nothing"
        ).replace("  ", " ")
    ]
    lines += [f"{word}: {finding[key]}" for word, key in (("Why", "cause"), ("Fix", "fix")) if finding.get(key)]
    return "\n".join(lines)
