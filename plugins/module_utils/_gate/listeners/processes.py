# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds sockets open: one walk through the file descriptors of all processes, and the facts of those that matter."""

from __future__ import annotations

import os
import pwd
from typing import Callable, Collection, Dict, List, Optional, Tuple

from ..dataclass import dataclass
from .cgroups import ContainerNames, unit_and_container
from .evidence import Owner
from .proc_net import read_text

_SOCKET = "socket:["
_MOST_ARGUMENTS = 30
_MOST_CHARACTERS = 300
_MOST_ANCESTORS = 30
#: The program with which Podman (and CRI-O) stays beside each container, as its parent.
MONITOR = "conmon"


@dataclass(frozen=True)
class Holders:
    """``by_inode``: the ids of the processes that hold each socket, ascending. ``namespaces``: of each network namespace the
    lowest id of a process in it. ``denied``: how many processes were not to be looked into."""

    by_inode: Dict[int, Tuple[int, ...]]
    namespaces: Dict[str, int]
    denied: int


def find_holders(proc: str) -> Holders:
    """Walk ``/proc`` once. Processes that end meanwhile hold nothing.

    All sockets are kept, not only those looked for: which are, is known only once the namespaces are.
    """
    by_inode: Dict[int, List[int]] = {}
    namespaces: Dict[str, int] = {}
    denied = 0
    for pid in sorted(int(name) for name in os.listdir(proc) if name.isdigit()):
        directory = "{0}/{1}/fd/".format(proc, pid)
        try:
            descriptors = os.listdir(directory)
            if not descriptors:  # a thread of the kernel, or a process that is ending
                continue
            namespaces.setdefault(os.readlink("{0}/{1}/ns/net".format(proc, pid)), pid)
        except PermissionError:
            denied += 1
            continue
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                target = os.readlink(directory + descriptor)
            except OSError:
                continue
            if target.startswith(_SOCKET):
                holders = by_inode.setdefault(int(target[len(_SOCKET) : -1]), [])
                if not holders or holders[-1] != pid:
                    holders.append(pid)
    return Holders({inode: tuple(pids) for inode, pids in by_inode.items()}, namespaces, denied)


class Processes:
    """The facts of processes, each read once.

    :param user_name: the name of a user id, or its number.
    """

    def __init__(self, proc: str, names: ContainerNames, user_name: Callable[[int], str]) -> None:
        self._proc = proc
        self._names = names
        self._user_name = user_name
        self._known: Dict[int, Optional[Tuple[int, Owner]]] = {}
        self._ancestry: Dict[int, Tuple[str, int]] = {}
        #: A container in which this runs itself is the host, as far as its processes go.
        self._own = unit_and_container(read_text(proc + "/self/cgroup") or "")[1]
        self._own_monitored = self._monitored(_parent(read_text(proc + "/self/stat") or ""))

    def owners(self, pids: Collection[int]) -> Tuple[Owner, ...]:
        """One owner for each program among them, the oldest first."""
        merged: Dict[Tuple[str, str, str, str], List[Owner]] = {}
        known = [fact for fact in (self._fact(pid) for pid in pids) if fact is not None]
        for _started, owner in sorted(known, key=lambda fact: (fact[0], fact[1].pid)):
            merged.setdefault((owner.name, owner.user, owner.unit, owner.container), []).append(owner)
        return tuple(
            Owner(same[0].pid, same[0].name, same[0].command, same[0].user, same[0].unit, same[0].container, len(same))
            for same in merged.values()
        )

    def container_of(self, pid: int) -> str:
        """The name of the container that the process is in, ``""`` for none."""
        return self._container(pid, self._unit_and_container(pid)[1])

    def _fact(self, pid: int) -> Optional[Tuple[int, Owner]]:
        """When the process started (ticks since boot) and what it is; None when it has ended."""
        if pid not in self._known:
            self._known[pid] = self._look(pid)
        return self._known[pid]

    def _look(self, pid: int) -> Optional[Tuple[int, Owner]]:
        stat = self._read(pid, "stat")
        fields = stat.rpartition(")")[2].split()
        if len(fields) < 20:
            return None
        unit, container = self._unit_and_container(pid)
        user = self._user(pid, bool(container))
        owner = Owner(pid, _program(stat), self._command(pid), user, unit, self._container(pid, container))
        return int(fields[19]), owner

    def _unit_and_container(self, pid: int) -> Tuple[str, str]:
        unit, container = unit_and_container(self._read(pid, "cgroup"))
        return unit, "" if container == self._own else container

    def _container(self, pid: int, from_cgroups: str) -> str:
        """Its name. The control groups say nothing where Podman makes none (``--cgroups=disabled``), and nothing of the monitor
        where that is not in the container's own (``--cgroups=split``, as Quadlet has it; the manager ``cgroupfs``)."""
        if from_cgroups:
            return self._names.of(from_cgroups)
        monitored = self._monitored(pid)
        return "" if monitored == self._own_monitored else monitored

    def _monitored(self, pid: int) -> str:
        """The name of the container whose monitor this is, or is beneath; ``""`` for none."""
        for _generation in range(_MOST_ANCESTORS):
            if pid <= 1:
                break
            if pid not in self._ancestry:
                stat = self._read(pid, "stat")
                self._ancestry[pid] = (_program(stat), _parent(stat))
            name, parent = self._ancestry[pid]
            if name == MONITOR:
                return _option(self._command(pid), "-n")
            pid = parent
        return ""

    def _command(self, pid: int) -> Tuple[str, ...]:
        arguments = self._read(pid, "cmdline").rstrip("\0").split("\0")[:_MOST_ARGUMENTS]
        return tuple(argument[:_MOST_CHARACTERS] for argument in arguments) if arguments != [""] else ()

    def _user(self, pid: int, contained: bool) -> str:
        """Of the effective user. A container has names of its own, which are not known here."""
        for line in self._read(pid, "status").splitlines():
            if line.startswith("Uid:"):
                uid = int(line.split()[2])
                return str(uid) if contained and uid else self._user_name(uid)
        return ""

    def _read(self, pid: int, name: str) -> str:
        return read_text("{0}/{1}/{2}".format(self._proc, pid, name)) or ""


def _program(stat: str) -> str:
    """The name stands in parentheses and may hold any character, these too (proc_pid_stat(5))."""
    return stat.rpartition(")")[0].partition("(")[2]


def _parent(stat: str) -> int:
    """The id of the parent, 0 for none."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[1]) if len(fields) > 1 else 0


def _option(command: Tuple[str, ...], name: str) -> str:
    """What follows an option; ``""`` where it is not there."""
    return dict(zip(command, command[1:])).get(name, "")


def user_name(uid: int) -> str:
    """The name of a user id on this host, or its number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
