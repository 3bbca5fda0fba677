# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The budget of connections to one address: how many at a time, how many in all, how many a second."""

from __future__ import annotations

import threading
import time
from typing import Callable, Dict

from .connection import Deadline


class Spent(Exception):
    """No connection is left of those that the look may make to this address."""


class Slots:
    """Shared by all ports of one address. Safe to share between threads.

    :param places: connections at a time.
    :param in_all: connections in all.
    :param per_second: connections a second, evenly spaced; 0 for as fast as can be.
    """

    def __init__(
        self,
        places: int,
        in_all: int = 1000000,
        per_second: float = 0.0,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._free = places
        self._in_all = in_all
        self._left = in_all
        self._gap = 1.0 / per_second if per_second else 0.0
        self._next = 0.0
        self._put_off: Dict[str, str] = {}
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()

    def take_if_free(self) -> bool:
        """Take a place if there is one."""
        with self._lock:
            if self._free <= 0:
                return False
            self._free -= 1
            return True

    def give_back(self) -> None:
        """Free a place that was taken."""
        with self._lock:
            self._free += 1

    def put_off(self, protocol: str, line: str) -> None:
        """Note that the server of this protocol puts us off for good: its other ports are the same server's."""
        with self._lock:
            self._put_off.setdefault(protocol, line)

    def put_off_with(self, protocol: str) -> str:
        """The line with which the server of this protocol has put us off for good, or ``""``."""
        with self._lock:
            return self._put_off.get(protocol, "")

    def spend(self, deadline: Deadline) -> None:
        """Count one more connection, and wait for its turn.

        :raises Spent: there were as many as there may be.
        :raises DeadlineReached: its turn comes after the deadline.
        """
        with self._lock:
            if self._left <= 0:
                raise Spent("the budget of {0} connections to this address is spent".format(self._in_all))
            self._left -= 1
            turn = max(self._next, self._now())
            self._next = turn + self._gap
        wait = turn - self._now()
        if wait > 0:
            self._sleep(deadline.grant(wait))
            deadline.grant(1.0)
