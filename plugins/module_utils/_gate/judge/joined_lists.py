# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the looks were held against the list that the verdict is about. One that was not says nothing of a service, or says
right of what is wrong."""

from __future__ import annotations

from typing import Iterator, Sequence

from ..intent.services import Service
from .diagnosis import Views
from .diagnosis_views import of_service
from .finding import UNKNOWN, Finding

_FILTER, _PORTS = "the packet filter", "the ports"


def tell_other_lists(services: Sequence[Service], seen: Views, beside: Sequence[Finding]) -> Iterator[Finding]:
    """One finding for each service that a look does not know, or knows as something else.

    :param beside: as in ``judge.joined``: of candidate rules, which were held against a list too.
    """
    filtered = [*seen.filter_findings, *beside]
    wire = [each for place in seen.vantages for each in place.findings]
    for service in services:
        must_be_open = not service.closed and not service.optional
        held = bool(of_service(filtered, service))
        if filtered and (must_be_open and not held or service.closed and held):
            yield _other_list(seen.host, service, _FILTER)
        if not seen.vantages or service.protocol is None or must_be_open:
            continue  # what must be open, and nobody looked at, has a cause of its own
        checks = {each.check for each in wire if (each.port, each.service) == (service.port, service.label)}
        if not checks or (service.closed and checks != {"mail.closed"}):
            yield _other_list(seen.host, service, _PORTS)


def _other_list(host: str, service: Service, view: str) -> Finding:
    return Finding(
        "server.looked-at",
        host,
        service.port,
        service.label,
        UNKNOWN,
        (),
        "held against the same list",
        "held against another one",
        f"{view}: that look does not know the service, or not as this",
        "give this task and those that look the same services",
    )
