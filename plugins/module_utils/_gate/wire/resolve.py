# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names to addresses, with the system's resolver."""

from __future__ import annotations

import ipaddress
import socket
from typing import List, Tuple

from .connection import Endpoint
from .names import as_address, to_ascii


class NoAddress(Exception):
    """The name has no address; the text is the resolver's."""


def addresses_of(host: str) -> List[Endpoint]:
    """All IPv4 and IPv6 addresses of a name or of an address itself, sorted, IPv4 first. May take long.

    :raises NoAddress: there is none, or the resolver did not say.
    """
    literal = as_address(host) is not None
    try:
        found = socket.getaddrinfo(
            host if literal else to_ascii(host),
            None,
            type=socket.SOCK_STREAM,
            proto=socket.IPPROTO_TCP,
            flags=socket.AI_NUMERICHOST if literal else 0,
        )
    except socket.gaierror as why:
        raise NoAddress(why.strerror or str(why)) from why
    endpoints = {
        _endpoint(family, socket_address)
        for family, _type, _protocol, _canonical, socket_address in found
        if family in (socket.AF_INET, socket.AF_INET6)
    }
    if not endpoints:
        raise NoAddress("no IPv4 or IPv6 address")
    return sorted(endpoints, key=_order)


def _endpoint(family: int, socket_address: Tuple[object, ...]) -> Endpoint:
    address = str(socket_address[0]).partition("%")[0]
    scope_id = int(str(socket_address[3])) if family == socket.AF_INET6 else 0
    if scope_id:
        address += "%" + _interface(scope_id)
    return Endpoint(family, address, scope_id)


def _interface(scope_id: int) -> str:
    try:
        return socket.if_indextoname(scope_id)
    except OSError:  # no such interface: connecting will say so
        return str(scope_id)


def _order(endpoint: Endpoint) -> Tuple[bool, bytes, int]:
    packed = ipaddress.ip_address(endpoint.address.partition("%")[0]).packed
    return endpoint.is_ipv6, packed, endpoint.scope_id
