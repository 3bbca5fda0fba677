# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict over findings: what it is, whether it stops the deployment, and which findings belong together."""

from __future__ import annotations

from typing import Iterable, Mapping, Sequence

from ..dataclass import dataclass, replace
from ..errors import IntentError
from .finding import FAIL, OUTCOMES, PASS, UNKNOWN, WARN, Finding

FAIL_ON = (FAIL, UNKNOWN, WARN, "never")


@dataclass(frozen=True)
class Verdict:
    """``outcome``: the worst of all findings. ``findings``: those that do not pass, worst first. ``passed``: the others."""

    outcome: str
    findings: tuple[Finding, ...]
    passed: tuple[Finding, ...]

    def stops(self, fail_on: Sequence[str]) -> bool:
        """Whether a task with this ``fail_on`` fails. Where nothing was established, that is the outcome that counts."""
        outcomes = {finding.outcome for finding in self.findings} or {self.outcome}
        return not outcomes.isdisjoint(fail_on)


def parse_fail_on(given: object, option: str = "fail_on") -> tuple[str, ...]:
    """The outcomes that fail a task, checked. ``never`` stands alone and means none.

    :raises IntentError: a word that is no outcome, or ``never`` beside others, or a list without ``fail``: who writes warn
        alone means warnings too, and must not let faults pass.
    """
    words = [str(word) for word in (given if isinstance(given, (list, tuple)) else [given])]
    if any(word not in FAIL_ON for word in words) or (words != ["never"] and (FAIL not in words or "never" in words)):
        raise IntentError(option, given, "a list of fail and, as wanted, unknown and warn, or never alone")
    return tuple(word for word in words if word != "never")


def reach_verdict(findings: Iterable[Finding]) -> Verdict:
    """The verdict over all findings of all views. No finding at all is ``unknown``: nothing was established."""
    joined = join_views(list(findings))
    outcome = max((finding.outcome for finding in joined), key=OUTCOMES.index, default=UNKNOWN)
    return Verdict(
        outcome,
        tuple(sorted((finding for finding in joined if finding.outcome != PASS), key=_worst_first)),
        tuple(finding for finding in joined if finding.outcome == PASS),
    )


def join_views(findings: list[Finding]) -> list[Finding]:
    """One fault seen by two views is one finding: where the filter misses an opening, a client that cannot reach the port
    adds nothing but its word. Only at addresses of the families that miss it: elsewhere the port has another fault."""
    missing = {
        (finding.host, finding.port): finding.families
        for finding in findings
        if finding.check == "firewall.missing-opening" and finding.outcome == FAIL and finding.port
    }
    seen_from_outside: dict[tuple[str, int], list[str]] = {}
    kept = []
    for finding in findings:
        key = (finding.host, finding.port)
        if finding.check == "mail.reachable" and finding.outcome == FAIL and key in missing:
            elsewhere = tuple(a for a in finding.addresses if _family(a) not in missing[key])
            if len(elsewhere) < len(finding.addresses):
                seen_from_outside.setdefault(key, []).append(finding.observed)
                if not elsewhere:
                    continue
                finding = replace(finding, addresses=elsewhere)
        kept.append(finding)
    return [_with_the_clients_word(finding, seen_from_outside) for finding in kept]


def _with_the_clients_word(finding: Finding, seen_from_outside: Mapping[tuple[str, int], list[str]]) -> Finding:
    words = seen_from_outside.get((finding.host, finding.port))
    if not words or finding.check != "firewall.missing-opening":
        return finding
    return replace(finding, cause="{}; a client sees: {}".format(finding.cause, ", ".join(dict.fromkeys(words))))


def _family(address: str) -> str:
    return "ipv6" if ":" in address else "ipv4"


def _worst_first(finding: Finding) -> tuple[int, str, int, str]:
    return (-OUTCOMES.index(finding.outcome), finding.host, finding.port, finding.check)
