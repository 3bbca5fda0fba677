# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts as plain data for return values: small, sorted, nothing empty."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from ..errors import IntentError
from ..judge.finding import PASS, Finding
from ..judge.verdict import Verdict, reach_verdict
from .text import render


def _place(finding: Finding) -> dict[str, Any]:
    plain = finding.as_dict()
    return {key: plain[key] for key in ("check", "host", "port", "service") if key in plain}


def verdict_as_dict(verdict: Verdict) -> dict[str, Any]:
    """``outcome``, ``findings`` (those that do not pass), ``passed`` (no more than their place) and ``msg`` for a person."""
    return {
        "outcome": verdict.outcome,
        "findings": [finding.as_dict() for finding in verdict.findings],
        "passed": [_place(finding) for finding in verdict.passed],
        "msg": render(verdict),
    }


def join_results(results: object, fail_on: Sequence[str]) -> dict[str, Any]:
    """One verdict over the plain results of several views, with ``stops`` for what ``fail_on`` says of it.

    :raises IntentError: something else than a list, or a result without findings, such as that of a task which failed or
        was skipped.
    """
    if not isinstance(results, (list, tuple)):
        raise IntentError("results", results, "a list of registered results")
    findings = []
    for index, result in enumerate(results):
        findings += findings_of(result, f"results[{index}]")
    verdict = reach_verdict(findings)
    return dict(verdict_as_dict(verdict), stops=verdict.stops(fail_on))


def findings_of(result: object, place: str) -> list[Finding]:
    """The findings of one registered result, those that passed too.

    :param place: how the user named the result.
    :raises IntentError: it holds none.
    """
    right = "the result of an assert module with fail_on: never"
    if not isinstance(result, Mapping):
        raise IntentError(place, result, right)
    if "findings" not in result or "passed" not in result:
        raise IntentError(place, result.get("msg", "skipped" if result.get("skipped") else sorted(result)), right)
    try:
        return [Finding.from_dict(finding) for finding in result["findings"]] + [
            Finding.from_dict(dict(finding, outcome=PASS)) for finding in result["passed"]
        ]
    except (KeyError, TypeError, ValueError):
        raise IntentError(place, result["findings"], right) from None
