# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A /proc on paper: directories and files as the kernel shows them, with only what the sensor reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, Optional, Sequence

OWN = "net:[4026531840]"
TCP_HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def socket_line(local: str, state: str, uid: int, inode: int, remote: str = "") -> str:
    """A line of /proc/net/tcp or udp. ``local``: hexadecimal address and port, such as ``0100007F:0019``."""
    empty = "{0}:0000".format("0" * (len(local) - 5))
    return "   0: {0} {1} {2} 00000000:00000000 00:00000000 00000000 {3:5} 0 {4} 1 0 100 0 0 10 0\n".format(
        local, remote or empty, state, uid, inode
    )


class Tree:
    """``directory`` becomes a /proc; every process is added with what it holds."""

    def __init__(self, directory: Path) -> None:
        self.proc = directory / "proc"
        self.root = directory / "root"
        self.write("thread-self/ns/.keep", "")
        os.symlink(OWN, str(self.proc / "thread-self/ns/net"))

    def write(self, name: str, text: str) -> None:
        path = self.proc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def write_root(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def process(
        self,
        pid: int,
        name: str,
        sockets: Sequence[int] = (),
        cgroup: str = "0::/system.slice/{name}.service\n",
        command: str = "",
        uid: int = 0,
        started: Optional[int] = None,
        namespace: str = OWN,
        net: Optional[Dict[str, str]] = None,
        parent: int = 1,
    ) -> None:
        """A process that holds these inodes; ``started``: ticks since boot, ``pid`` by default."""
        directory = self.proc / str(pid)
        (directory / "fd").mkdir(parents=True)
        (directory / "ns").mkdir()
        os.symlink(namespace, str(directory / "ns/net"))
        for number, target in enumerate(["/dev/null"] + ["socket:[{0}]".format(inode) for inode in sockets]):
            os.symlink(target, str(directory / "fd" / str(number)))
        ticks = pid if started is None else started
        self.write("{0}/stat".format(pid), "{0} ({1}) S {4}{2} {3} 0\n".format(pid, name, " 0" * 17, ticks, parent))
        self.write("{0}/status".format(pid), "Name:\t{0}\nUid:\t0\t{1}\t{1}\t{1}\n".format(name, uid))
        self.write("{0}/cgroup".format(pid), cgroup.format(name=name))
        self.write("{0}/cmdline".format(pid), (command or "/usr/sbin/" + name).replace(" ", "\0") + "\0")
        for file_name, text in (net or {}).items():
            self.write("{0}/net/{1}".format(pid, file_name), text)
