# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listening sockets and own addresses from the files of /proc/PID/net, for namespaces that cannot be asked otherwise."""

from __future__ import annotations

import os
import re
import socket
import sys
from typing import List, Optional

from .evidence import IPV4, IPV6, TCP, UDP, RawSocket

#: File, protocol, family, and the state of a listening TCP socket or of a UDP socket that is not connected.
_FILES = (("tcp", TCP, IPV4, "0A"), ("tcp6", TCP, IPV6, "0A"), ("udp", UDP, IPV4, "07"), ("udp6", UDP, IPV6, "07"))
_LOCAL_HOST_ROUTE = re.compile(r"\|-- ([0-9.]+)\n\s+/32 host LOCAL")
#: Scopes in if_inet6 (include/net/ipv6.h): global, and site-local.
_INET6_SCOPES = ("00", "40")


def read_text(path: str) -> Optional[str]:
    """A file of /proc; None where it is not there, may not be read, or its process has ended."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return None


def sockets(directory: str) -> List[RawSocket]:
    """What ``tcp``, ``tcp6``, ``udp`` and ``udp6`` in a directory such as ``/proc/net`` list. A file that is not there lists
    nothing: a kernel without IPv6 has no tcp6. ``v6only`` and ``interface`` are not told."""
    found: List[RawSocket] = []
    for name, protocol, family, state in _FILES:
        for line in (read_text(os.path.join(directory, name)) or "").splitlines()[1:]:
            fields = line.split()
            if len(fields) < 10 or fields[3] != state:
                continue
            address, _colon, port = fields[1].partition(":")
            if int(port, 16):
                found.append(
                    RawSocket(protocol, family, _address(address), int(port, 16), int(fields[7]), int(fields[9]))
                )
    return found


def own_addresses(directory: str) -> List[str]:
    """The addresses of a network namespace, IPv4 first, without loopback's and link-local ones."""
    tree = read_text(os.path.join(directory, "fib_trie")) or ""
    found = [address for address in dict.fromkeys(_LOCAL_HOST_ROUTE.findall(tree)) if not address.startswith("127.")]
    for line in (read_text(os.path.join(directory, "if_inet6")) or "").splitlines():
        fields = line.split()
        if len(fields) == 6 and fields[3] in _INET6_SCOPES:
            found.append(socket.inet_ntop(socket.AF_INET6, bytes.fromhex(fields[0])))
    return found


def _address(text: str) -> str:
    """The address that the kernel prints as words of 32 bits in the machine's own byte order."""
    words = [int(text[start : start + 8], 16).to_bytes(4, sys.byteorder) for start in range(0, len(text), 8)]
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, b"".join(words))
