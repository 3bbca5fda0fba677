# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What vars expect of a look, as services to look at, and held against what was seen."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

#: Keys of a port that are about what is expected of it; the others are the service.
EXPECTATIONS = ("software", "findings", "or_findings", "fix", "cause")


def services_of(look: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{key: value for key, value in port.items() if key not in EXPECTATIONS} for port in look["ports"]]


def differences(
    look: Mapping[str, Any], seen: Sequence[Mapping[str, Any]], findings: Sequence[Mapping[str, Any]]
) -> list[str]:
    """One line for each port that is not as expected. A finding is written "CHECK OUTCOME".

    ``or_findings`` stands beside ``findings`` where either is right, by what comes first; ``fix`` and ``cause`` are texts that
    stand in those of a finding.
    """
    lines: list[str] = []
    evidence = {port["port"]: port for port in seen}
    for port in look["ports"]:
        own = [finding for finding in findings if finding["port"] == port["port"]]
        told = sorted("{check} {outcome}".format(**finding) for finding in own)
        where = "{0}, port {1}".format(look["name"], port["port"])
        right = [sorted(port.get("findings", []))] + [sorted(port[key]) for key in ("or_findings",) if key in port]
        if told not in right:
            lines.append("{0}: {1} instead of {2}; {3}".format(where, told, " or ".join(map(str, right)), own))
        software = evidence[port["port"]].get("software", "")
        if software != port.get("software", software):
            lines.append("{0}: {1!r} instead of {2!r}".format(where, software, port["software"]))
        for part in ("fix", "cause"):
            texts = [finding[part] for finding in own] or [""]
            if not any(port.get(part, "") in text for text in texts):
                lines.append("{0}: no {1!r} in {2}".format(where, port[part], texts))
    if len(seen) != len(look["ports"]):
        lines.append("{0}: {1} ports seen".format(look["name"], len(seen)))
    return lines


class FilterModule:
    def filters(self) -> dict[str, Callable[..., object]]:
        return {"services_of": services_of, "differences": differences}
