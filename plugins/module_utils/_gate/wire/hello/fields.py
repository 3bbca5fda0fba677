# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads fields from bytes that a stranger sent. Whatever is wrong with them is one exception."""

from __future__ import annotations

import struct


class MalformedFlight(ValueError):
    """The bytes are not what TLS allows here. Nothing else is raised for what a server sends."""


class Fields:
    """Takes one field after the other from ``content``. ``what`` names it in complaints."""

    def __init__(self, content: bytes, what: str) -> None:
        self._content = content
        self._what = what
        self._at = 0

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return self._at < len(self._content)

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._content):
            raise MalformedFlight("{0} ends too early".format(self._what))
        taken = self._content[self._at : end]
        self._at = end
        return taken

    def number8(self) -> int:
        return self.take(1)[0]

    def number16(self) -> int:
        number: int = struct.unpack(">H", self.take(2))[0]
        return number

    def number24(self) -> int:
        number: int = struct.unpack(">I", b"\x00" + self.take(3))[0]
        return number

    def vector8(self) -> bytes:
        return self.take(self.number8())

    def vector16(self) -> bytes:
        return self.take(self.number16())

    def vector24(self) -> bytes:
        return self.take(self.number24())

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self:
            raise MalformedFlight("{0} is longer than it says".format(self._what))
