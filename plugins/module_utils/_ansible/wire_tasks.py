# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the wire modules and their action plugins do: options in, the look, results out. Both call the same function."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Mapping, Sequence

from .._gate.errors import IntentError
from .._gate.intent.policy import parse_policy
from .._gate.intent.services import Defaults, Service, parse_services
from .._gate.judge.mail_ports import judge_mail_ports
from .._gate.judge.verdict import parse_fail_on, reach_verdict
from .._gate.report.plain import port_as_dict, verdict_as_dict
from .._gate.wire.certificate import require_cryptography
from .._gate.wire.evidence import PortEvidence
from .._gate.wire.look import Limits, Target, look
from .._gate.wire.names import as_address, to_ascii


def mail_ports_info(options: Mapping[str, Any]) -> dict[str, Any]:
    """The result of ``mail_ports_info``: ``ports``, one entry for each port of each address."""
    return {"changed": False, "ports": [port_as_dict(port) for port in _look(options, mail_services(options))]}


def assert_mail_ports(options: Mapping[str, Any]) -> dict[str, Any]:
    """The result of ``assert_mail_ports``: the verdict, ``failed`` as ``fail_on`` says."""
    fail_on = parse_fail_on(options["fail_on"])
    services = mail_services(options)
    verdict = reach_verdict(judge_mail_ports(services, _look(options, services)))
    return dict(verdict_as_dict(verdict), changed=False, failed=verdict.stops(fail_on))


def parse_timeout(options: Mapping[str, Any]) -> int:
    """The seconds that the whole task may take, checked."""
    timeout = options["timeout"]
    if not 1 <= timeout <= 3600:
        raise IntentError("timeout", timeout, "a number of seconds from 1 to 3600")
    return int(timeout)


def parse_list(options: Mapping[str, Any]) -> tuple[Service, ...]:
    """The services of the task, with the task's policy, trust and server name where they have none of their own."""
    defaults = Defaults(parse_policy(options["policy"]), options["trust"], options["server_name"])
    return parse_services(options["services"], defaults)


def mail_services(options: Mapping[str, Any]) -> tuple[Service, ...]:
    """The services that a client can be asked about. The list may hold other doors too, but not only."""
    services = tuple(service for service in parse_list(options) if service.protocol)
    if not services:
        raise IntentError("services", options["services"], "a list with at least one mail service, such as submission")
    return services


def _look(options: Mapping[str, Any], services: Sequence[Service]) -> list[PortEvidence]:
    require_cryptography()
    hosts, addresses = options["host"], options["addresses"]
    if not hosts:
        raise IntentError("host", hosts, "a name, an address, or a list of them")
    for host in hosts:
        _check_name(host, "host")
    for service in services:
        if service.server_name:
            _check_name(service.server_name, "server_name")
    if addresses and len(hosts) > 1:
        raise IntentError("addresses", addresses, "left out where host names several, or given with one host")
    for address in addresses:
        if as_address(address) is None:
            raise IntentError("addresses", address, "an IPv4 or IPv6 address")
    targets = [
        Target(place, service.port, str(service.protocol), service.begins, service.server_name or host, service.trust)
        for host in hosts
        for place in addresses or [host]
        for service in services
    ]
    evidence = look(targets, Limits(deadline_seconds=parse_timeout(options)))
    return [replace(port, host=hosts[0]) for port in evidence] if addresses else evidence


def _check_name(name: str, option: str) -> None:
    if as_address(name) is None:
        try:
            to_ascii(name)
        except ValueError:
            right = "a host name or an address, without scheme, path or port"
            raise IntentError(option, name, right) from None
