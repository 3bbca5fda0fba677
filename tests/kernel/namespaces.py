# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network namespaces with names that were never used before, and commands inside of them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import subprocess
from typing import Iterator, List, Sequence

CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


class CommandFailed(Exception):
    """A command inside a namespace failed; the text is what it said."""


def run(command: Sequence[str], text: str = "") -> str:
    """Standard output of a command that must succeed, given ``text`` on its standard input."""
    done = subprocess.run(list(command), input=text, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode != 0:
        raise CommandFailed("{0}: {1}".format(" ".join(command), (done.stderr or done.stdout).strip()))
    return done.stdout


class Namespace:
    """A network namespace with a name that was never used before; ``close`` removes it."""

    def __init__(self, role: str) -> None:
        self.name = "gate-{0}-{1}-{2}".format(os.getpid(), secrets.token_hex(4), role)
        run(["ip", "netns", "add", self.name])

    def close(self) -> None:
        run(["ip", "netns", "del", self.name])

    def run(self, *command: str, text: str = "") -> str:
        return run(self.inside(*command), text)

    def inside(self, *command: str) -> List[str]:
        """The command that runs ``command`` inside the namespace."""
        return ["ip", "netns", "exec", self.name, *command]

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread inside the namespace; the sockets it opens there stay there."""
        with open("/proc/thread-self/ns/net", "rb") as home, open("/run/netns/" + self.name, "rb") as place:
            _set_namespace(place.fileno())
            try:
                yield
            finally:
                _set_namespace(home.fileno())


def _set_namespace(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "setns: " + os.strerror(number))
