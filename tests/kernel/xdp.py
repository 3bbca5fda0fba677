# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An XDP program that does the same with every packet, loaded and attached by hand: bpf(2), and a netlink message."""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import struct

DROP, PASS = 1, 2  # XDP_DROP, XDP_PASS

_NUMBERS = {"x86_64": 321, "aarch64": 280}  # of bpf(2)
_LOAD, _TYPE_XDP, _GENERIC = 5, 6, 2
_SETLINK, _IFLA_XDP, _IFLA_XDP_FD, _IFLA_XDP_FLAGS, _NESTED = 19, 43, 1, 3, 0x8000

_libc = ctypes.CDLL(None, use_errno=True)


def attach(interface: str, verdict: int) -> None:
    """The program stays as long as the interface.

    :raises OSError: the kernel does not permit it, or knows it not.
    """
    program = _loaded(verdict)
    try:
        _set(socket.if_nametoindex(interface), program)
    finally:
        os.close(program)


def _loaded(verdict: int) -> int:
    instructions = struct.pack("<BBhi", 0xB7, 0, 0, verdict) + struct.pack("<BBhi", 0x95, 0, 0, 0)  # r0 = verdict; exit
    code, licence = ctypes.create_string_buffer(instructions), ctypes.create_string_buffer(b"GPL")
    attributes = struct.pack("<IIQQ", _TYPE_XDP, 2, ctypes.addressof(code), ctypes.addressof(licence)).ljust(128, b"\0")
    if platform.machine() not in _NUMBERS:
        raise OSError("the number of bpf(2) is not known for {0}".format(platform.machine()))
    found = int(_libc.syscall(_NUMBERS[platform.machine()], _LOAD, ctypes.create_string_buffer(attributes, 128), 128))
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def _set(index: int, program: int) -> None:
    nested = _attribute(_IFLA_XDP_FD, struct.pack("<i", program))
    nested += _attribute(_IFLA_XDP_FLAGS, struct.pack("<I", _GENERIC))
    body = struct.pack("<BBHiII", 0, 0, 0, index, 0, 0) + _attribute(_IFLA_XDP | _NESTED, nested)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.bind((0, 0))
        netlink.send(struct.pack("<IHHII", 16 + len(body), _SETLINK, 5, 1, 0) + body)
        error = struct.unpack("<i", netlink.recv(4096)[16:20])[0]
    if error:
        raise OSError(-error, os.strerror(-error))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("<HH", 4 + len(value), kind) + value
