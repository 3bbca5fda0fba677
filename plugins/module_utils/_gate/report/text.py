# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict as text: a summary line, then for each fault what, where, why, and what mends it."""

from __future__ import annotations

from ..dataclass import replace
from ..judge.finding import FAIL, PASS, UNKNOWN, WARN, Finding
from ..judge.verdict import Verdict

_WORDS = {FAIL: "failed", UNKNOWN: "unknown", WARN: "warned"}


def render(verdict: Verdict) -> str:
    """Lines for a person. Findings that say the same of several ports stand together."""
    lines = [_summary(verdict)]
    hosts = {finding.host for finding in verdict.findings}
    for finding, ports in _grouped(verdict.findings):
        place = ", ".join(ports)
        host = f"{finding.host} " if len(hosts) > 1 else ""
        head = f"{finding.outcome.upper():<7} {host}{place + '  ' if place else ''}{finding.check}"
        lines.append(head + (f"  [{', '.join(finding.addresses)}]" if finding.addresses else ""))
        lines.append(f"        expected  {finding.expected}")
        lines.append(f"        observed  {finding.observed}")
        if finding.cause:
            lines.append(f"        why       {finding.cause}")
        if finding.fix:
            lines.append(f"        fix       {finding.fix}")
    return "\n".join(lines)


def _summary(verdict: Verdict) -> str:
    everything = verdict.findings + verdict.passed
    hosts = sorted({finding.host for finding in everything})
    names = ", ".join(hosts[:3]) + (f" and {len(hosts) - 3} more" if len(hosts) > 3 else "")
    if not everything:
        return "nothing was established"
    if verdict.outcome == PASS:
        return f"{names}: all {len(verdict.passed)} checks passed"
    counts = []
    for outcome, word in _WORDS.items():
        count = sum(1 for finding in verdict.findings if finding.outcome == outcome)
        if count:
            counts.append(f"{count} {word}")
    return f"{names}: {', '.join(counts)} of {len(everything)} checks"


def _grouped(findings: tuple[Finding, ...]) -> list[tuple[Finding, list[str]]]:
    groups: dict[Finding, list[str]] = {}
    for finding in findings:
        place = f"{finding.port}/{finding.service}" if finding.port and finding.service else finding.service
        if finding.port and not finding.service:
            place = str(finding.port)
        places = groups.setdefault(replace(finding, port=0, service=""), [])
        if place:
            places.append(place)
    return list(groups.items())
