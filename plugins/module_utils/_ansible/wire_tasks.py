# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the wire modules and their action plugins do: options in, the look, results out. Both call the same function."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from .._gate.dataclass import replace
from .._gate.intent.services import Service
from .._gate.judge.mail_ports import judge_mail_ports
from .._gate.judge.verdict import parse_fail_on, reach_verdict
from .._gate.report.plain import verdict_as_dict
from .._gate.report.ports import port_as_dict
from .._gate.wire.evidence import PortEvidence
from .._gate.wire.look import Progress, look
from .look_options import limits, mail_services, targets


def mail_ports_info(options: Mapping[str, Any], waiting: Progress | None = None) -> dict[str, Any]:
    """The result of ``mail_ports_info``: ``ports``, one entry for each port of each address."""
    evidence = _look(options, mail_services(options), waiting)
    return {"changed": False, "ports": [port_as_dict(port, options["verbose"]) for port in evidence]}


def assert_mail_ports(options: Mapping[str, Any], waiting: Progress | None = None) -> dict[str, Any]:
    """The result of ``assert_mail_ports``: the verdict, ``failed`` as ``fail_on`` says."""
    fail_on = parse_fail_on(options["fail_on"])
    services = mail_services(options)
    verdict = reach_verdict(judge_mail_ports(services, _look(options, services, waiting)))
    return dict(verdict_as_dict(verdict), changed=False, failed=verdict.stops(fail_on))


def _look(options: Mapping[str, Any], services: Sequence[Service], waiting: Progress | None) -> list[PortEvidence]:
    evidence = look(targets(options, services), limits(options), waiting=waiting)
    return [replace(port, host=options["host"][0]) for port in evidence] if options["addresses"] else evidence
