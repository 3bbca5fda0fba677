# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the options of the wire modules to what to look at, and within which limits."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from .._gate.errors import IntentError
from .._gate.intent.policy import Policy, questions_of
from .._gate.intent.services import Service
from .._gate.wire.hello.groups import ALL_SCHEMES, GROUPS, scheme_name
from .._gate.wire.hello.suites import SUITES
from .._gate.wire.look import Limits, Target
from .._gate.wire.names import as_address, lacks_scope, to_ascii
from .._gate.wire.posture_questions import Questions
from .._gate.wire.target import DEFAULT_CHECKS, LOGIN, SCOPE_WANTED
from .numbers import parse_number, parse_timeout
from .shared_options import parse_list

#: To one port. A dozen suffices for a server without fault; the others are for asking again where one hangs up.
_MOST_CONNECTIONS = 24
HANDSHAKE, ENUMERATE = "handshake", "enumerate"


def mail_services(options: Mapping[str, Any]) -> tuple[Service, ...]:
    """The services that a client can be asked about. The list may hold other doors too, but not only."""
    services = tuple(service for service in parse_list(options) if service.protocol)
    if not services:
        raise IntentError("services", options["services"], "a list with at least one mail service, such as submission")
    return services


def targets(options: Mapping[str, Any], services: Sequence[Service]) -> list[Target]:
    """Every service at every host, or at the addresses given instead of its name's."""
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
    for option, given in (("addresses", addresses), ("host", () if addresses else hosts)):
        for name in filter(lacks_scope, given):
            raise IntentError(option, name, SCOPE_WANTED)
    checks = DEFAULT_CHECKS + (LOGIN,) if options["try_login"] else DEFAULT_CHECKS
    # Most services share the task's one policy, and the complement of a policy is long.
    questions = {id(service.policy): _questions(service.policy, options["depth"]) for service in services}
    return [
        Target(
            host=place,
            port=service.port,
            protocol=str(service.protocol),
            begins=service.begins,
            server_name=service.server_name or host,
            trust=service.trust,
            proxy_protocol=service.proxy_protocol,
            checks=checks,
            relay_to=options["relay_to"],
            questions=None if service.closed else questions[id(service.policy)],
        )
        for host in hosts
        for place in addresses or [host]
        for service in services
    ]


def limits(options: Mapping[str, Any]) -> Limits:
    """The time and the connections that the look may take."""
    if not options["max_per_second"] >= 0:
        raise IntentError("max_per_second", options["max_per_second"], "a number of connections, or 0 for no bound")
    return Limits(
        deadline_seconds=parse_timeout(options),
        per_address=parse_number(options, "max_parallel", 1, 100, "connections"),
        in_all=parse_number(options, "max_connections", 1, 100000, "connections"),
        per_second=options["max_per_second"],
        ehlo_name=options["ehlo_name"],
    )


def _questions(policy: Policy, depth: str) -> Questions | None:
    """What the look is asked for under a policy: the complement of what the policy allows."""
    if depth == HANDSHAKE:
        return None
    allowed = questions_of(policy, SUITES.values(), GROUPS.values(), [scheme_name(scheme) for scheme in ALL_SCHEMES])
    return Questions(
        leave_out_suites=tuple(allowed.suites.items()),
        leave_out_groups=allowed.groups,
        leave_out_signatures=allowed.signature_algorithms,
        enumerate_fully=depth == ENUMERATE,
        most_connections=_MOST_CONNECTIONS,
    )


def _check_name(name: str, option: str) -> None:
    if as_address(name) is None:
        try:
            to_ascii(name)
        except ValueError:
            right = "a host name or an address, without scheme, path or port"
            raise IntentError(option, name, right) from None
