# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``assert_mail_server`` does: the registered results of the looks in, one verdict out."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from .._gate.errors import IntentError
from .._gate.judge.diagnosis import Vantage, Views, diagnose
from .._gate.judge.finding import Finding
from .._gate.judge.joined import join_views_of_server
from .._gate.judge.verdict import parse_fail_on, reach_verdict
from .._gate.listeners.evidence import ListenersEvidence
from .._gate.names.sensor import NameEvidence, look_at_names
from .._gate.report.plain import findings_of, verdict_as_dict
from .._gate.report.registered import filter_from, listeners_from, vantage_from, why_missing
from .._gate.wire.names import as_address
from .shared_options import parse_list

_SECONDS_FOR_NAMES = 10.0
LookUp = Callable[[str], NameEvidence]


def assert_mail_server(
    options: Mapping[str, Any], inventory_name: str, look_up: LookUp | None = None
) -> dict[str, Any]:
    """The result of ``assert_mail_server``: the verdict, ``failed`` as ``fail_on`` says, and the diagnoses behind it.

    :param inventory_name: of the host; the vantage of that name is the host itself.
    :param look_up: what DNS has for a name; None for the resolvers of the machine that this runs on.
    """
    fail_on = parse_fail_on(options["fail_on"])
    services = parse_list(options)
    host = options["host"]
    gathered = _Gathered(options, inventory_name)
    if not gathered.asked and not options["names"]:
        raise IntentError("firewall", None, "given, or listeners or wire or names: there is nothing to judge")
    seen = Views(
        host=host,
        own=gathered.listeners.addresses if gathered.listeners else (),
        listeners=gathered.listeners,
        filter_findings=gathered.filter_findings,
        openings=gathered.openings,
        filter_families=gathered.families,
        vantages=tuple(gathered.vantages),
        name=(look_up or _look_up)(host) if options["names"] and as_address(host) is None else None,
    )
    verdict = reach_verdict(join_views_of_server(services, seen, gathered.beside, gathered.missing))
    diagnoses = [
        {
            "service": each.service,
            "port": each.port,
            "cause": each.cause,
            "families": list(each.families),
            "certain": each.certain,
            "shown": dict(each.facts),
        }
        for first in diagnose(services, seen)
        for each in (first, first.other)
        if each is not None
    ]
    stops = verdict.stops(fail_on)
    return {
        **verdict_as_dict(verdict),
        "diagnoses": diagnoses,
        "views": gathered.asked,
        "errors": gathered.errors,
        "stops": stops,
        "changed": False,
        "failed": stops and not options["keep_going"],
    }


def _look_up(name: str) -> NameEvidence:
    return look_at_names(names=[name], seconds=_SECONDS_FOR_NAMES).names[0]


class _Gathered:
    """The results of the looks, read. ``asked``: the views that were looked at or should have been; ``missing``: those that gave
    nothing, and why; ``errors``: the same as failed results, without those that were skipped. ``beside``: findings about rules
    that are not the live ones, which explain nothing that clients see now."""

    def __init__(self, options: Mapping[str, Any], inventory_name: str) -> None:
        self.asked: list[str] = []
        self.missing: dict[str, str] = {}
        self.errors: list[dict[str, Any]] = []
        self.listeners: ListenersEvidence | None = None
        self.filter_findings: tuple[Finding, ...] = ()
        self.openings: tuple[Mapping[str, Any], ...] = ()
        self.families: tuple[str, ...] = ()
        self.beside: list[Finding] = []
        self.vantages: list[Vantage] = []
        if self._is_there(options["firewall"], "the packet filter"):
            if options["candidates"]:
                self.beside = findings_of(options["firewall"], "firewall")
            else:
                self.filter_findings, self.openings, self.families = filter_from(options["firewall"], "firewall")
        if self._is_there(options["listeners"], "the sockets"):
            self.listeners = listeners_from(options["listeners"], "listeners")
        for name, result in options["wire"].items():
            if self._is_there(result, f"the ports from {name}"):
                itself = name == inventory_name
                self.vantages.append(vantage_from(str(name), result, itself, f"wire.{name}", options["host"]))

    def _is_there(self, result: Any, view: str) -> bool:
        if result is None:
            return False
        self.asked.append(view)
        why = why_missing(result)
        if why:
            self.missing[view] = why
            self.errors += [] if result.get("skipped") else [{"view": view, "msg": why, "failed": True}]
        return not why
