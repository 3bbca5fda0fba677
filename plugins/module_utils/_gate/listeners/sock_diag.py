# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listening sockets from the kernel's socket diagnosis (sock_diag(7)), which needs no root and tells IPV6_V6ONLY and
SO_BINDTODEVICE, as /proc/net does not. It filters in the kernel: connections that are established cost nothing."""

from __future__ import annotations

import os
import socket
import struct
from typing import Iterator, List, Optional, Tuple

from .evidence import IPV4, IPV6, TCP, UDP, RawSocket

#: From linux/netlink.h, linux/sock_diag.h and linux/inet_diag.h.
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST, _NLM_F_DUMP, _NLM_F_DUMP_INTR = 0x1, 0x300, 0x10
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_INET_DIAG_SKV6ONLY = 11
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI48x")
#: Family, source port (in network order), source address, interface, user id, inode; the rest is of connections.
_ANSWER = struct.Struct("=B3x2s2x16s16xI8x12xII")
_ATTRIBUTE = struct.Struct("=HH")

_FAMILIES = ((IPV4, socket.AF_INET, 4), (IPV6, socket.AF_INET6, 16))
#: The state of a listening TCP socket, and of a UDP socket that is not connected, as a bit.
_PROTOCOLS = ((TCP, socket.IPPROTO_TCP, 1 << 10), (UDP, socket.IPPROTO_UDP, 1 << 7))
_SECONDS = 10.0
_CHUNK = 1 << 16
_TRIES = 3


class Unavailable(Exception):
    """The kernel does not answer; the text says why. /proc/net tells most of it too."""


def sockets() -> List[RawSocket]:
    """All of this network namespace.

    :raises Unavailable: no such netlink family, no module for it, or forbidden.
    """
    found: List[RawSocket] = []
    for protocol, number, states in _PROTOCOLS:
        for family, family_number, length in _FAMILIES:
            for answer in _dump(_REQUEST.pack(family_number, number, 0, states)):
                family_seen, port, source, interface, uid, inode = _ANSWER.unpack_from(answer)
                if family_seen != family_number or port == b"\0\0":
                    continue
                found.append(
                    RawSocket(
                        protocol,
                        family,
                        socket.inet_ntop(family_number, source[:length]),
                        int.from_bytes(port, "big"),
                        uid,
                        inode,
                        _interface(interface),
                        _v6only(answer[_ANSWER.size :]),
                    )
                )
    return found


def _dump(request: bytes) -> List[bytes]:
    """The payloads of the whole answer. One during which sockets came and went is asked for again."""
    message = (
        _HEADER.pack(_HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST | _NLM_F_DUMP, 1, 0) + request
    )
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as channel:
            channel.settimeout(_SECONDS)
            for _try in range(_TRIES):
                channel.sendto(message, (0, 0))
                payloads, interrupted = _gather(channel)
                if not interrupted:
                    return payloads
    except (AttributeError, OSError) as why:  # AttributeError: no netlink on this system at all
        raise Unavailable("socket diagnosis (netlink): {0}".format(why)) from why
    raise Unavailable("socket diagnosis (netlink): the sockets change too fast")


def _gather(channel: socket.socket) -> Tuple[List[bytes], bool]:
    """The payloads up to the end of the dump, and whether it is inconsistent.

    :raises OSError: the kernel's answer is an error.
    """
    payloads: List[bytes] = []
    interrupted = False
    while True:
        for kind, flags, payload in _messages(channel.recv(_CHUNK)):
            interrupted |= bool(flags & _NLM_F_DUMP_INTR)
            if kind in (_NLMSG_ERROR, _NLMSG_DONE):
                number = -struct.unpack_from("=i", payload)[0] if len(payload) >= 4 else 0
                if number:
                    raise OSError(number, os.strerror(number))
                return payloads, interrupted
            payloads.append(payload)


def _messages(data: bytes) -> Iterator[Tuple[int, int, bytes]]:
    """Kind, flags and payload of each netlink message."""
    while len(data) >= _HEADER.size:
        length, kind, flags, _number, _port = _HEADER.unpack_from(data)
        if length < _HEADER.size:
            return
        yield kind, flags, data[_HEADER.size : length]
        data = data[_aligned(length) :]


def _v6only(attributes: bytes) -> Optional[bool]:
    while len(attributes) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(attributes)
        if kind == _INET_DIAG_SKV6ONLY:
            return attributes[_ATTRIBUTE.size] != 0
        attributes = attributes[_aligned(max(length, _ATTRIBUTE.size)) :]
    return None


def _interface(index: int) -> str:
    if not index:
        return ""
    try:
        return socket.if_indextoname(index)
    except OSError:  # it is gone; nothing arrives there
        return "#{0}".format(index)


def _aligned(length: int) -> int:
    return (length + 3) & ~3
