# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fault expects of a look at a packet filter, held against the findings and against what a client saw."""

from __future__ import annotations

from typing import Any, Mapping, Sequence


def unexpected(
    expected: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], seen: Sequence[str], ordinary: Sequence[str]
) -> list[str]:
    """One line for each thing that is not as ``expected`` says.

    :param expected: ``findings``, each written "CHECK PORT OUTCOME" or without a port, exactly those that there are;
        ``outside``, each "FAMILY PORT open" or "... closed", exactly those that a client sees other than ``ordinary``;
        ``observed``, ``cause`` and ``fix``, texts that must stand in those of a finding; ``run``, a command that must be
        its ``fix``, or the first of its alternatives.
    """
    lines: list[str] = []
    told = sorted(" ".join(str(one[key]) for key in ("check", "port", "outcome") if key in one) for one in findings)
    if told != sorted(expected.get("findings", [])):
        texts = [" | ".join(str(one.get(key, "")) for key in ("port", "observed", "cause", "fix")) for one in findings]
        lines.append(f"{told} instead of {expected.get('findings', [])}: {texts}")
    changed = sorted(set(seen) - set(ordinary))
    if changed != sorted(expected.get("outside", [])):
        lines.append(f"a client sees {changed} instead of {expected.get('outside', [])}")
    for part in ("observed", "cause", "fix"):
        wanted = expected.get(part, [])
        for text in [wanted] if isinstance(wanted, str) else wanted:
            if not any(text in finding.get(part, "") for finding in findings):
                lines.append(f"no {text!r} in {[finding.get(part) for finding in findings]}")
    if "run" in expected:
        given = [finding["fix"].split("; or add ")[0] for finding in findings]
        command = expected["run"].strip()
        if command not in given:
            lines.append(f"no finding's fix is {command!r}: {given}")
    return lines


class FilterModule:
    def filters(self) -> dict[str, object]:
        return {"unexpected": unexpected}
