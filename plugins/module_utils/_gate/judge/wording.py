# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How findings name many things in few words."""

from __future__ import annotations

from typing import Iterable

_MOST = 5


def first_of(texts: Iterable[str], most: int = _MOST, separator: str = ", ") -> str:
    """Each text once, the first of them and how many more there are."""
    different = list(dict.fromkeys(texts))
    more = len(different) - most
    if more <= 0:
        return separator.join(different)
    return separator.join(different[:most]) + f"{separator.rstrip(', ')} and {more} more"
