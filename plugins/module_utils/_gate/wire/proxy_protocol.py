# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PROXY protocol, versions 1 and 2: the first bytes for a port that expects a load balancer in front.

Source: HAProxy's doc/proxy-protocol.txt, sections 2.1 and 2.2.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import Tuple

NO_HEADER = "none"
VERSION_1 = "v1"
VERSION_2 = "v2"
CHOICES = (NO_HEADER, VERSION_1, VERSION_2)

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_VERSION_AND_PROXY_COMMAND = 0x21
_TCP_OVER_IPV4 = 0x11
_TCP_OVER_IPV6 = 0x21

#: Address (a scope such as ``%eth0`` is left off) and port.
End = Tuple[str, int]


def header(choice: str, source: End, destination: End) -> bytes:
    """The header that says: this connection comes from ``source`` and goes to ``destination``.

    :param choice: one of :data:`CHOICES`; nothing is sent for ``none``.
    """
    if choice == NO_HEADER:
        return b""
    addresses = [ipaddress.ip_address(address.partition("%")[0]) for address, _port in (source, destination)]
    ports = (source[1], destination[1])
    if choice == VERSION_1:
        line = "PROXY TCP{0} {1} {2} {3} {4}\r\n".format(addresses[0].version, *addresses, *ports)
        return line.encode("ascii")
    family = _TCP_OVER_IPV6 if addresses[0].version == 6 else _TCP_OVER_IPV4
    ends = b"".join(address.packed for address in addresses) + struct.pack("!HH", *ports)
    return _SIGNATURE + struct.pack("!BBH", _VERSION_AND_PROXY_COMMAND, family, len(ends)) + ends
