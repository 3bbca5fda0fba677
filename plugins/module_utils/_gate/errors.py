# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two exceptions of the library. Everything else that goes wrong is a defect."""

from __future__ import annotations


class IntentError(ValueError):
    """What the user asked for cannot be meant.

    :param option: the option as the user wrote it, such as ``services[2].port``.
    :param value: what stood there (printed with ``repr``; never a secret).
    :param right: what would be right, as half a sentence: ``a number from 1 to 65535``.
    """

    def __init__(self, option: str, value: object, right: str) -> None:
        self.option = option
        self.value = value
        self.right = right
        super().__init__(f"{option}: {value!r} is not usable here; it must be {right}")


class EvidenceError(RuntimeError):
    """What should be looked at cannot be read: a file, a command, a permission.

    :param subject: what was to be read, such as ``rules.iptables=/etc/iptables/rules.v4`` or ``nft -j list ruleset``.
    :param problem: what is wrong with it.
    :param remedy: what the user can do about it.
    """

    def __init__(self, subject: str, problem: str, remedy: str | None = None) -> None:
        self.subject = subject
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{subject}: {problem}" + (f"; {remedy}" if remedy else ""))
