# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the firewall modules do: options in, the look, results out."""

from __future__ import annotations

import socket
from typing import Any, Mapping

from .._gate.errors import IntentError
from .._gate.judge.firewall import judge_firewall
from .._gate.judge.verdict import parse_fail_on, reach_verdict
from .._gate.packetfilter.openings import openings
from .._gate.packetfilter.sensor import FilterEvidence, look_at_filter
from .._gate.report.plain import verdict_as_dict
from .shared_options import parse_list, parse_timeout


def firewall_ports_info(options: Mapping[str, Any]) -> dict[str, Any]:
    """The result of ``firewall_ports_info``: the openings."""
    return dict(_seen(_look(options)), changed=False)


def assert_firewall_ports(options: Mapping[str, Any]) -> dict[str, Any]:
    """The result of ``assert_firewall_ports``: the verdict, ``failed`` as ``fail_on`` says."""
    fail_on = parse_fail_on(options["fail_on"])
    services = parse_list(options)
    host = options["host"][0] if options["host"] else socket.gethostname()
    if not host:
        raise IntentError("host", host, "the name that findings carry, or left out for the host's own")
    evidence = _look(options)
    verdict = reach_verdict(judge_firewall(host, services, evidence))
    seen = _seen(evidence) if options["verbose"] else {}
    return dict(verdict_as_dict(verdict), **seen, changed=False, failed=verdict.stops(fail_on))


def _seen(evidence: FilterEvidence) -> dict[str, Any]:
    entries, interfaces = openings(evidence.acceptance)
    families = [f"ipv{family}" for family in sorted(evidence.families)]
    return {"openings": entries, "interfaces": interfaces, "families": families, "notes": list(evidence.notes)}


def _look(options: Mapping[str, Any]) -> FilterEvidence:
    return look_at_filter(
        options["rules"], options["interfaces"], options["addresses"], options["families"], parse_timeout(options)
    )
