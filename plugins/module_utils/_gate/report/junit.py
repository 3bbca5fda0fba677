# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JUnit XML: a suite for each host, a case for each requirement.

A requirement that is not met is a failure; one that is unknown is an error, since nothing was established; a warning passes
and stands in the output; a service of which no check says anything (optional, or nobody looked) is skipped.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple
from xml.etree import ElementTree

from ..judge.finding import FAIL, UNKNOWN, WARN
from .order import severity
from .places import place_name

_LINES = (("expected", "expected"), ("observed", "observed"), ("why", "cause"), ("fix", "fix"), ("source", "source"))
_Case = Tuple[str, str]


def as_junit(whole: Mapping[str, Any]) -> str:
    root = ElementTree.Element("testsuites", {"name": whole["title"]})
    for host in whole["hosts"]:
        root.append(_suite(host, whole["generated"]))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", "0")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(host: Mapping[str, Any], generated: str) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": host["host"], "hostname": host["host"], "time": "0"})
    suite.set("timestamp", generated[:19])
    cases = _cases(host)
    for (service, name), findings in cases.items():
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": f"{host['host']}.{service or 'host'}", "name": name}
        )
        case.set("time", "0")
        _tell(case, findings)
    for number, problem in enumerate(host.get("problems", []), 1):
        case = ElementTree.SubElement(suite, "testcase", {"classname": host["host"], "name": f"looked at ({number})"})
        case.set("time", "0")
        ElementTree.SubElement(case, "error", {"type": "not-looked-at", "message": problem}).text = problem
    told = {(place.get("port", 0)) for place in host["findings"] + host["passed"]}
    for required in host["requirements"]:
        if required["port"] not in told:
            name = place_name(required)
            case = ElementTree.SubElement(
                suite, "testcase", {"classname": f"{host['host']}.{name}", "name": name, "time": "0"}
            )
            ElementTree.SubElement(case, "skipped", {"message": _why_not(required, host)})
    for name, tag in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error")):
        suite.set(name, str(len(suite.findall(tag))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    return suite


def _why_not(required: Mapping[str, Any], host: Mapping[str, Any]) -> str:
    if required.get("optional"):
        return "may be open, need not be"
    return "nobody looked at it" if not host.get("problems") else "not established: see the errors of this host"


def _cases(host: Mapping[str, Any]) -> Dict[_Case, List[Mapping[str, Any]]]:
    """A check that two addresses answer differently is one case."""
    cases: Dict[_Case, List[Mapping[str, Any]]] = {}
    for place in host["passed"] + host["findings"]:
        service = place_name(place)
        name = f"{service} {place['check']}".strip()
        findings = cases.setdefault((service, name), [])
        if "outcome" in place:
            findings.append(place)
    return cases


def _tell(case: ElementTree.Element, findings: List[Mapping[str, Any]]) -> None:
    if not findings:
        return
    findings = sorted(findings, key=lambda finding: severity(finding["outcome"]))
    text = "\n\n".join(_text(finding) for finding in findings)
    outcome = findings[0]["outcome"]
    if outcome == WARN:
        ElementTree.SubElement(case, "system-out").text = "warning\n" + text
        return
    message = findings[0].get("observed") or findings[0].get("cause", "")
    told = {"type": findings[0]["check"], "message": message}
    ElementTree.SubElement(case, {FAIL: "failure", UNKNOWN: "error"}[outcome], told).text = text


def _text(finding: Mapping[str, Any]) -> str:
    lines = [f"{word:<9} {finding[key]}" for word, key in _LINES if finding.get(key)]
    if finding.get("addresses"):
        lines.insert(0, f"at        {', '.join(finding['addresses'])}")
    return "\n".join(lines)
