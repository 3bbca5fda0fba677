# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the place that looked can say about a port: whether it may connect at all, and whether it can send there."""

from __future__ import annotations

import ipaddress

from ..intent.services import ANYONE, Service
from ..wire import evidence as seen
from ..wire.evidence import PortEvidence

#: The looking machine's own system refused to send: no route, no such family, no scope, a filter of its own. (ip(7), connect(2))
_SENT_NOTHING = ("ENETUNREACH", "ENETDOWN", "ENODEV", "EINVAL", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EPERM", "EACCES")


def sent_nothing(evidence: PortEvidence) -> bool:
    """Whether the attempt to connect did not leave the machine that looked, so that it says nothing of the server."""
    return evidence.state == seen.UNREACHABLE and evidence.detail.startswith(_SENT_NOTHING)


def may_connect(service: Service, evidence: PortEvidence) -> bool | None:
    """Whether the address that looked belongs to those who may connect. None where the server sees another one: its own is
    not known, or it is private and the server is not, so that it is translated on the way."""
    if service.sources == ANYONE:
        return True
    source = _address(evidence.source_address)
    if source is None:
        return None
    networks = [ipaddress.ip_network(cidr) for cidr in service.sources]
    if any(source.version == network.version and source in network for network in networks):
        return True
    server = _address(evidence.address)
    translated = source.is_private and server is not None and server.is_global
    return None if translated else False


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    return ipaddress.ip_address(text.split("%", maxsplit=1)[0]) if text else None
