# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A slow port is named while it is waited for, not after."""

from __future__ import annotations

import time
from typing import Callable, Dict, Hashable, List, Tuple

from ..dataclass import dataclass

#: Seconds after which a port is named; then again each time that the wait has doubled.
SLOW = 3.0


@dataclass
class _Wait:
    host: str
    port: int
    begun: float
    named_at: float


class Waits:
    """What is being waited for. ``tell`` gets one line for each host that has slow ports, from the calling thread.

    A look is known by ``key``; its host and port are for people.
    """

    def __init__(self, tell: Callable[[str], None], now: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._now = now
        self._waits: Dict[Hashable, _Wait] = {}

    def begin(self, key: Hashable, host: str, port: int) -> None:
        now = self._now()
        self._waits[key] = _Wait(host, port, now, now + SLOW)

    def end(self, key: Hashable) -> None:
        self._waits.pop(key, None)

    def seconds_to_next(self) -> float:
        """Until there is something to tell: at most :data:`SLOW`, since something may begin meanwhile."""
        now = self._now()
        return min([max(wait.named_at - now, 0.0) for wait in self._waits.values()], default=SLOW)

    def name_slow(self) -> None:
        """Tell of every port whose time has come."""
        now = self._now()
        slow: Dict[Tuple[str, int], List[int]] = {}
        for wait in self._waits.values():
            if now >= wait.named_at:
                seconds = now - wait.begun
                wait.named_at = wait.begun + 2 * seconds
                slow.setdefault((wait.host, round(seconds)), []).append(wait.port)
        for (host, seconds_so_far), ports in slow.items():
            named = ", ".join(str(port) for port in sorted(set(ports)))
            self._tell("{0}: still waiting for {1}, {2} s".format(host, named, seconds_so_far))
