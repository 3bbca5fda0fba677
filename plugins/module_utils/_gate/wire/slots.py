# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many connections to one address are open at a time."""

from __future__ import annotations

import threading


class Slots:
    """A number of places, taken without waiting. Safe to share between threads."""

    def __init__(self, places: int) -> None:
        self._free = places
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
