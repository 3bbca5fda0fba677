# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that came from outside, made safe to show: a banner or a host name must not steer a terminal, hide, or go on for ever."""

from __future__ import annotations

import unicodedata
from typing import Any

#: Characters of one text that a report shows. A remedy over a long list of ports stays whole.
MOST = 2000
#: Those of a name: no host name is longer (RFC 1035 section 2.3.4).
MOST_OF_A_NAME = 253
_NAMES = ("host", "service", "names")
#: Controls, invisible and direction-changing characters, lone surrogates, what is not assigned, line separators.
_UNSEEN = ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")


def clean(value: Any, most: int = MOST) -> Any:
    """Plain data with every text, keys too, as :func:`shown` gives it; names are shorter."""
    if isinstance(value, str):
        return shown(value, most)
    if isinstance(value, dict):
        return {shown(str(key)): clean(item, MOST_OF_A_NAME if key in _NAMES else most) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item, most) for item in value]
    return value


def shown(text: str, most: int = MOST) -> str:
    """The text with every character that cannot be seen written as its escape, and no longer than ``most`` and a word on it."""
    if len(text) > most:
        text = "{} … ({} more characters)".format(text[:most], len(text) - most)
    return "".join(
        char.encode("unicode_escape").decode("ascii") if unicodedata.category(char) in _UNSEEN else char
        for char in text
    )
