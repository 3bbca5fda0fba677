# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One order for all reports: hosts and services as a person counts them, faults with the worst first."""

from __future__ import annotations

import re
from typing import Any, List, Mapping, Sequence, Tuple

from ..judge.finding import OUTCOMES, UNKNOWN

#: What makes two findings of two runs the same one.
Key = Tuple[str, str, int, str]


def natural(text: str) -> List[Tuple[int, int, str]]:
    """A sort key in which mail2 stands before mail10."""
    return [
        (0, int(part), part) if part.isascii() and part.isdigit() else (1, 0, part)
        for part in re.split(r"([0-9]+)", text)
    ]


def severity(outcome: str) -> int:
    """The worst first."""
    return -OUTCOMES.index(outcome)


def worst(outcomes: Sequence[str]) -> str:
    """Unknown where there is none: nothing was established."""
    return max(outcomes, key=OUTCOMES.index, default=UNKNOWN)


def key_of(finding: Mapping[str, Any]) -> Key:
    return (finding["host"], finding["check"], finding.get("port", 0), finding.get("service", ""))


def by_place(finding: Mapping[str, Any]) -> Tuple[Any, ...]:
    """Hosts in natural order, then ports, then checks; the worst first where all are the same."""
    host, check, port, service = key_of(finding)
    outcome = finding.get("outcome")
    return (natural(host), port, service, check, severity(outcome) if outcome else 0, finding.get("observed", ""))
