# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one document of plain data. All other formats are made from it, and it is what is written as JSON.

Its form is docs/report.schema.json. Every text in it is fit to be shown (clean.py).
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Sequence

from ..errors import EvidenceError
from ..intent.services import ANYONE, Service
from ..judge.checks import CHECKS
from ..judge.finding import OUTCOMES, UNKNOWN
from .clean import clean
from .compare import compare, mark
from .looks import HostLook
from .order import by_place, worst

FORMAT = "mailops.gate/report"
#: Raised when a reader of the former form would misread the new one. New keys alone do not raise it.
VERSION = 1


def document(
    looks: Sequence[HostLook],
    generated: str,
    title: str = "Mail ports and firewall",
    run: str = "",
    earlier: Mapping[str, Any] | None = None,
) -> Dict[str, Any]:
    """
    :param generated: when, as ISO 8601 with its zone.
    :param run: tells apart whether an earlier document is of the same run.
    :param earlier: the document to compare with, as :func:`read_document` gives it.
    """
    hosts = [clean(_host(look)) for look in looks]
    findings = [finding for host in hosts for finding in host["findings"]]
    named = sorted({finding["check"] for host in hosts for finding in host["findings"] + host["passed"]})
    whole: Dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "title": clean(title),
        "generated": generated,
        "outcome": worst([host["outcome"] for host in hosts]),
        "counts": {
            "hosts": _counts(hosts),
            "findings": _counts(findings),
            "passed": sum(len(host["passed"]) for host in hosts),
        },
        "hosts": hosts,
        "checks": {name: _check(name) for name in named},
    }
    if run:
        whole["run"] = run
    if earlier is not None:
        since = compare(whole, earlier)
        if since is not None:
            whole["since"] = since
            mark(findings, since)
    return whole


def _counts(judged: Sequence[Mapping[str, Any]]) -> Dict[str, int]:
    outcomes = [each["outcome"] for each in judged]
    return {"all": len(outcomes), **{outcome: outcomes.count(outcome) for outcome in reversed(OUTCOMES)}}


def _host(look: HostLook) -> Dict[str, Any]:
    verdict = look.verdict()
    outcomes = [finding.outcome for finding in verdict.findings + verdict.passed]
    plain: Dict[str, Any] = {
        "host": look.host,
        "outcome": worst(outcomes + [UNKNOWN] if look.problems else outcomes),
        "requirements": [_requirement(service) for service in look.services],
        "findings": sorted((finding.as_dict() for finding in verdict.findings), key=by_place),
        "passed": _passed(look, verdict.passed),
    }
    optional = {"names": look.names, "problems": list(dict.fromkeys(look.problems))}
    plain.update({key: value for key, value in optional.items() if value})
    if look.openings is not None:
        plain["openings"] = look.openings
        plain["interfaces"] = list(look.interfaces)
    return plain


def _passed(look: HostLook, passed: Sequence[Any]) -> List[Dict[str, Any]]:
    places = []
    for finding in passed:
        plain = finding.as_dict()
        place = {key: plain[key] for key in ("check", "host", "port", "service") if key in plain}
        if place not in places:
            places.append(place)
    return sorted(places, key=by_place)


def _requirement(service: Service) -> Dict[str, Any]:
    plain: Dict[str, Any] = {"service": service.label, "port": service.port, "transport": service.transport}
    if service.protocol and not service.closed:
        plain["encryption"] = service.encryption
    if service.closed:
        plain["closed"] = True
        return plain
    plain["from"] = ["any"] if service.sources == ANYONE else list(service.sources)
    if service.optional:
        plain["optional"] = True
    return plain


def _check(name: str) -> Dict[str, str]:
    known = CHECKS.get(name)
    return {"asks": known.asks, "matters": known.matters, "source": known.source} if known else {}


def as_json(whole: Mapping[str, Any]) -> str:
    """In a stable order, so that two runs that saw the same differ in the time only."""
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def read_document(text: str, place: str) -> Dict[str, Any]:
    """An earlier document.

    :param place: the file, for the message.
    :raises EvidenceError: it is none, or of a version that is not known here.
    """
    remedy = "give the JSON that a report of this collection wrote"
    try:
        whole = json.loads(text)
    except ValueError as error:
        raise EvidenceError(place, f"no JSON: {error}", remedy) from None
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise EvidenceError(place, "JSON, but no report", remedy)
    if whole.get("version") != VERSION:
        raise EvidenceError(place, f"a report of version {whole.get('version')!r}, {VERSION} is known here", remedy)
    try:
        findings = [finding for host in whole["hosts"] for finding in host["findings"]]
        broken = any(finding["outcome"] not in OUTCOMES or not finding["host"] for finding in findings)
    except (KeyError, TypeError):
        broken = True
    if broken:
        raise EvidenceError(place, "a report that was changed: hosts or findings are not whole", remedy)
    return whole
