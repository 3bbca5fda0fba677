# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the firewall modules do: options in, the look, results out."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any, Mapping

from .._gate.errors import EvidenceError, IntentError
from .._gate.host.commands import Access
from .._gate.judge.firewall import judge_firewall
from .._gate.judge.verdict import parse_fail_on, reach_verdict
from .._gate.packetfilter.evaluate import Acceptance, difference, undecided_difference
from .._gate.packetfilter.idle import idle_rules
from .._gate.packetfilter.openings import describe, lines, openings, rule_text
from .._gate.packetfilter.parity import open_in_one_family
from .._gate.packetfilter.sensor import LIVE, FilterEvidence, look_at_filter
from .._gate.report.plain import verdict_as_dict
from .evidence_tasks import sockets
from .numbers import parse_timeout
from .shared_options import parse_list


@dataclass(frozen=True)
class Afar:
    """A host that is not this one. ``listeners``: what listens there, if that was asked for."""

    access: Access
    hostname: str
    listeners: Mapping[str, Any] | None = None


def reads_files(options: Mapping[str, Any]) -> bool:
    """Whether the look reads files of the host, or what it may load: then it can only be done there."""
    return bool(options["rules"] or options.get("baseline") is not None or options.get("next_boot"))


def firewall_ports_info(options: Mapping[str, Any], afar: Afar | None = None) -> dict[str, Any]:
    """The result of ``firewall_ports_info``: the openings.

    :param afar: the host to look at; None for the one that this runs on.
    """
    evidence = _look(options, afar)
    result = _opened(evidence)
    only = open_in_one_family(evidence.acceptance)
    result["parity"] = {f"ipv{family}_only": _brief(evidence.acceptance, node) for family, node in only.items()}
    if evidence.routed is not None:
        result["routed"] = openings(evidence.routed)[0]
    if evidence.baseline is not None:
        opened, closed = difference(evidence.baseline, evidence.acceptance)
        result["difference"] = {
            "opened": lines(evidence.acceptance, opened),
            "closed": lines(evidence.baseline, closed),
            "undecided": lines(evidence.acceptance, undecided_difference(evidence.baseline, evidence.acceptance)),
        }
    if options["verbose"]:
        idle = idle_rules(evidence.acceptance)
        result["idle_rules"] = [{"rule": rule_text(where), "text": where.text, "why": why} for where, why in idle]
    return dict(result, changed=False)


def assert_firewall_ports(options: Mapping[str, Any], afar: Afar | None = None) -> dict[str, Any]:
    """The result of ``assert_firewall_ports``: the verdict, ``failed`` as ``fail_on`` says. What listens stands beside it, if
    asked for, even where the packet filter could not be read.

    :param afar: the host to look at; None for the one that this runs on.
    """
    if not options["listeners"]:
        return _asserted(options, afar)
    try:
        result = _asserted(options, afar)
    except EvidenceError as error:
        result = {"msg": str(error), "failed": True}
    return dict(result, listeners=afar.listeners if afar else sockets())


def _asserted(options: Mapping[str, Any], afar: Afar | None) -> dict[str, Any]:
    fail_on = parse_fail_on(options["fail_on"])
    services = parse_list(options)
    if options["host"] and not options["host"][0]:
        raise IntentError("host", "", "the name that findings carry, or left out for the host's own")
    evidence = _look(options, afar)
    host = options["host"][0] if options["host"] else afar.hostname if afar else socket.gethostname()
    verdict = reach_verdict(judge_firewall(host, services, evidence))
    result = dict(verdict_as_dict(verdict), notes=_notes(evidence), changed=False, failed=verdict.stops(fail_on))
    return dict(result, **_opened(evidence)) if options["verbose"] else result


def _opened(evidence: FilterEvidence) -> dict[str, Any]:
    entries, interfaces = openings(evidence.acceptance)
    return {
        "openings": entries,
        "interfaces": interfaces,
        "families": [f"ipv{family}" for family in sorted(evidence.families)],
        "notes": _notes(evidence),
    }


def _notes(evidence: FilterEvidence) -> list[str]:
    """What the user should know, what could not be asked about first."""
    return [f"not looked at: what is sent to {item.what}" for item in evidence.left_out] + list(evidence.notes)


def _brief(acceptance: Acceptance, region: int) -> list[str]:
    text = describe(acceptance, region, brief=True)
    return text.split("; ") if text else []


def _look(options: Mapping[str, Any], afar: Afar | None) -> FilterEvidence:
    return look_at_filter(
        options["rules"],
        options["interfaces"],
        options["addresses"],
        options["families"],
        parse_timeout(options),
        _baseline(options.get("baseline")),
        options.get("next_boot", False),
        afar.access if afar else None,
    )


def _baseline(given: object) -> Mapping[str, str] | str | None:
    if given is None or given == LIVE or (isinstance(given, dict) and given):
        return given
    raise IntentError("baseline", given, "live, or a mapping of files as in rules")
