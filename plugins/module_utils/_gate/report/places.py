# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a place is named to people: 587/submission, 3306, the host as a whole."""

from __future__ import annotations

from typing import Any, Mapping


def place_name(finding: Mapping[str, Any]) -> str:
    port, service = finding.get("port", 0), finding.get("service", "")
    if port and service and not service.startswith(f"{port}/"):
        return f"{port}/{service}"
    return service or (str(port) if port else "")


def plural(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def headline(whole: Mapping[str, Any]) -> str:
    """The whole report in a sentence."""
    hosts, findings = whole["counts"]["hosts"], whole["counts"]["findings"]
    looked = plural(hosts["all"], "host")
    if not hosts["all"]:
        return "no host was looked at"
    if hosts["pass"] == hosts["all"]:
        return f"{looked}: all {whole['counts']['passed']} checks passed"
    words = {"fail": "failed", "unknown": "unknown", "warn": "warned"}
    counts = [f"{findings[outcome]} {word}" for outcome, word in words.items() if findings[outcome]]
    troubled = sum(1 for host in whole["hosts"] if host.get("problems"))
    if troubled:
        counts.append(f"{plural(troubled, 'host')} not wholly looked at")
    if hosts["all"] > 1:
        counts.append(f"{plural(hosts['pass'], 'host')} without fault")
    return f"{looked}: {', '.join(counts)}"
