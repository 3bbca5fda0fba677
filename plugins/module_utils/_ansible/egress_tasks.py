# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the egress modules do: options in, the look, results out."""

from __future__ import annotations

import socket
from typing import Any, Mapping

from .._gate.egress.elsewhere import Elsewhere
from .._gate.egress.plan import parse_domains, parse_targets
from .._gate.egress.sensor import EgressEvidence, look_at_egress
from .._gate.errors import IntentError
from .._gate.judge.egress import judge_egress
from .._gate.judge.verdict import parse_fail_on, reach_verdict
from .._gate.report.egress import egress_as_dict
from .._gate.report.plain import verdict_as_dict
from .look_options import limits


def mail_egress_info(options: Mapping[str, Any]) -> dict[str, Any]:
    """The result of ``mail_egress_info``: ``ports``, ``domains`` and ``reachable``."""
    return dict(egress_as_dict(_look(options), options["verbose"]), changed=False)


def assert_mail_egress(options: Mapping[str, Any]) -> dict[str, Any]:
    """The result of ``assert_mail_egress``: the verdict, ``failed`` as ``fail_on`` says."""
    fail_on = parse_fail_on(options["fail_on"])
    host = options["host"][0] if options["host"] else socket.gethostname()
    if not host:
        raise IntentError("host", host, "the name that findings carry, or left out for the host's own")
    verdict = reach_verdict(judge_egress(host, _look(options)))
    return dict(verdict_as_dict(verdict), changed=False, failed=verdict.stops(fail_on))


def _look(options: Mapping[str, Any]) -> EgressEvidence:
    targets = parse_targets(options["targets"], options["ports"])
    domains = parse_domains(options["domains"])
    if not targets and not domains:
        raise IntentError("targets", [], "at least one host to reach, or domains at least one domain to send to")
    elsewhere = Elsewhere(options["reference"])
    return look_at_egress(targets, domains, limits(options), options["trust"], elsewhere)
