# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens real sockets in the network namespace that it is started in, looks at them, and prints what it saw as JSON.

    unshare --net python listener_sockets.py

With ``beside`` as its argument it opens one socket, says so, and holds it until its standard input ends.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "plugins" / "module_utils"))

from _gate.listeners import proc_net, sock_diag  # noqa: E402
from _gate.listeners.sensor import look_at_listeners  # noqa: E402

SO_BINDTODEVICE = 25


def bound(kind, address, port, v6only=None, interface="", reuse=False):
    opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    if v6only is not None:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(v6only))
    if interface:
        opened.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, interface.encode() + b"\0")
    if reuse:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    opened.bind((address, port))
    if kind == socket.SOCK_STREAM:
        opened.listen(5)
    return opened


def open_all():
    tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
    held = [
        bound(tcp, "0.0.0.0", 2501),
        bound(tcp, "127.0.0.1", 2502),
        bound(tcp, "::", 2503, v6only=False),
        bound(tcp, "::", 2504, v6only=True),
        bound(tcp, "::ffff:127.0.0.1", 2505, v6only=False),
        bound(tcp, "0.0.0.0", 2506, interface="lo"),
        bound(tcp, "0.0.0.0", 2507, reuse=True),
        bound(tcp, "0.0.0.0", 2507, reuse=True),
        bound(udp, "127.0.0.1", 2508),
        bound(udp, "::", 2509, v6only=False),
    ]
    client = socket.create_connection(("127.0.0.1", 2502))  # an established one, to be left out
    talking = bound(udp, "127.0.0.1", 2510)
    talking.connect(("127.0.0.1", 2508))  # a connected one, to be left out
    return held + [client, talking]


def beside():
    """A process in a namespace of its own, with one socket."""
    command = ["unshare", "--net", sys.executable, __file__, "beside"]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    other.stdout.readline()
    return other


def as_stranger(held):
    """What a user sees who owns none of the sockets."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        for each in held:
            each.close()
        os.setgid(65534)
        os.setuid(65534)
        seen = {str(each.port): each.owner_unknown for each in look_at_listeners().listeners}
        os.write(writer, json.dumps(seen).encode())
        os._exit(0)
    os.close(writer)
    text = os.read(reader, 65536)
    os.waitpid(child, 0)
    return json.loads(text)


def main():
    os.system("ip link set lo up")
    if sys.argv[1:] == ["beside"]:
        held = bound(socket.SOCK_STREAM, "::", 2525, v6only=True)
        print("open", flush=True)
        sys.stdin.read()
        held.close()
        return
    held = open_all()
    other = beside()
    try:
        own = sorted([each.protocol, each.address, each.port, each.inode] for each in sock_diag.sockets())
        files = sorted(
            [each.protocol, each.address, each.port, each.inode] for each in proc_net.sockets("/proc/self/net")
        )
        evidence = look_at_listeners()
        report = {
            "same": own == files,
            "pid": os.getpid(),
            "listeners": [asdict(each) for each in evidence.listeners],
            "other": [os.readlink("/proc/{0}/ns/net".format(other.pid)), other.pid],
            "stranger": as_stranger(held) if not os.environ.get("MAPPED") else None,
        }
    finally:
        other.communicate()
    for each in held:
        each.close()
    print(json.dumps(report))


if __name__ == "__main__":
    main()
