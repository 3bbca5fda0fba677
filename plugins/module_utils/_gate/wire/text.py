# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What strangers send, made fit to print."""

from __future__ import annotations

import functools
from typing import Iterable, Tuple

#: Characters of a greeting, or of one quoted line, that evidence keeps.
LINE_KEPT = 200
#: Capability lines or words that evidence keeps.
LINES_KEPT = 100


# A server says the same on each of a hundred connections.
@functools.lru_cache(maxsize=256)
def printable(raw: bytes, limit: int = LINE_KEPT) -> str:
    """The bytes as text, cut at ``limit`` characters; undecodable and unprintable ones become ``?``."""
    text = raw.decode("utf-8", "replace").strip()
    shown = text[: limit + 1]
    # Most lines are printable as they are.
    if not shown.isprintable() or "\ufffd" in shown:
        shown = "".join(char if char.isprintable() and char != "\ufffd" else "?" for char in shown)
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def printable_lines(lines: Iterable[bytes]) -> Tuple[str, ...]:
    """Each line made printable; lines beyond :data:`LINES_KEPT` are left off."""
    return tuple(printable(line) for line in lines)[:LINES_KEPT]


def unique(words: Iterable[str]) -> Tuple[str, ...]:
    """The words in their order, each once."""
    return tuple(dict.fromkeys(words))
