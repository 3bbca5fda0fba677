# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a command that was sent in clear, together with STARTTLS, is answered inside TLS (CVE-2011-0411 and its kin).

No waiting is needed to know: inside TLS the same command is sent properly, which is the control, and then the goodbye.
Servers answer in order, so one answer more than there were commands is the answer to the injected one.
"""

from __future__ import annotations

from typing import List

from ..evidence import NO, NOT_ESTABLISHED, YES, Observation
from ..text import printable


class AnswerCount:
    """Counts the replies inside TLS.

    :param unasked: how many replies the server owes without being asked (ManageSieve sends its capabilities).
    """

    def __init__(self, unasked: int) -> None:
        self._owed = unasked
        self._controlled = False
        self._surplus = 0
        self._answers: List[str] = []

    def asked(self) -> None:
        """A command was sent."""
        self._owed += 1

    def goodbye(self) -> None:
        """The control has been answered, and the goodbye was sent."""
        self._controlled = True
        self.asked()

    def answered(self, line: bytes, can_be_owed: bool = True) -> None:
        """A reply ended with this line. ``can_be_owed``: it has the shape of what is owed now."""
        self._answers.append(printable(line))
        self._surplus += 0 if can_be_owed else 1

    @property
    def settled(self) -> bool:
        """Nothing is owed any more."""
        return len(self._answers) - self._surplus >= self._owed

    @property
    def too_many(self) -> bool:
        """There was a reply to something that was not sent inside TLS."""
        return len(self._answers) > self._owed or self._surplus > 0

    @property
    def observation(self) -> Observation:
        if self.too_many:
            return Observation(YES, self._answers[0], "answered inside TLS, where it had not been sent")
        if self._controlled:
            return Observation(NO, "", "not answered inside TLS, where the same command is answered when sent there")
        return Observation(NOT_ESTABLISHED, "", "the command was not answered when it was sent inside TLS")
