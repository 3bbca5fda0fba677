# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings gathered by fault: what is wrong on fifty hosts in the same way is told once, with its fifty hosts."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from ..dataclass import dataclass, field
from .order import by_place, severity
from .places import place_name


@dataclass
class Remedy:
    """One cause and its remedy. ``expected`` and ``observed`` are filled where they are the same at all places."""

    cause: str
    fix: str
    findings: List[Mapping[str, Any]] = field(default_factory=list)

    @property
    def expected(self) -> str:
        return self._common("expected")

    @property
    def observed(self) -> str:
        return self._common("observed")

    @property
    def places(self) -> Dict[str, List[str]]:
        """The hosts by what they have it at: 587/submission, or "" for the host as a whole."""
        places: Dict[str, List[str]] = {}
        for finding in self.findings:
            hosts = places.setdefault(place_name(finding), [])
            if finding["host"] not in hosts:
                hosts.append(finding["host"])
        return places

    @property
    def has_addresses(self) -> bool:
        return any(finding.get("addresses") for finding in self.findings)

    def _common(self, key: str) -> str:
        texts = {finding.get(key, "") for finding in self.findings}
        return str(texts.pop()) if len(texts) == 1 else ""


@dataclass
class Fault:
    """One check with one outcome, and its remedies, that of most places first."""

    check: str
    outcome: str
    remedies: List[Remedy]

    @property
    def findings(self) -> List[Mapping[str, Any]]:
        return [finding for remedy in self.remedies for finding in remedy.findings]

    @property
    def hosts(self) -> List[str]:
        return list(dict.fromkeys(finding["host"] for finding in self.findings))


def gather(whole: Mapping[str, Any]) -> List[Fault]:
    """The worst first, then the most frequent."""
    gathered: Dict[Tuple[str, str], Dict[Tuple[str, str], Remedy]] = {}
    for host in whole["hosts"]:
        for finding in sorted(host["findings"], key=by_place):
            remedies = gathered.setdefault((finding["outcome"], finding["check"]), {})
            cause, fix = finding.get("cause", ""), _for_all(finding.get("fix", ""), host)
            remedies.setdefault((cause, fix), Remedy(cause, fix)).findings.append(finding)
    faults = [
        Fault(check, outcome, sorted(remedies.values(), key=lambda remedy: -len(remedy.findings)))
        for (outcome, check), remedies in gathered.items()
    ]
    return sorted(faults, key=lambda fault: (severity(fault.outcome), -len(fault.findings), fault.check))


def _for_all(fix: str, host: Mapping[str, Any]) -> str:
    """A remedy that begins with where to look is the same one on other hosts."""
    for name in [host["host"], *host.get("names", [])]:
        if fix.startswith(f"on {name}: "):
            return "on the host: " + fix[len(f"on {name}: ") :]
    return fix
