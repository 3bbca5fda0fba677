# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rules of iptables depend on besides their own words, gathered from all texts that act together."""

from __future__ import annotations

import re
from typing import Iterable, Mapping, Set

from ..model import NOTHING_KNOWN, Host
from .ipset import IpSet
from .ipset_members import Sets
from .iptables_options import Surroundings

_NAME = r'(?:"(?P<quoted>[^"]*)"|(?P<name>\S+))'
_MATCHED = re.compile(r" --(?:match-set|set) " + _NAME + " (?:src|dst)")
_FILLED = re.compile(r" --(?:add|del)-set " + _NAME)
_TEMPLATE = re.compile(r"^(?:\[\d+:\d+\] )?-A .* -j CT (?!--notrack)", re.MULTILINE)


def surroundings(texts: Iterable[str], sets: Mapping[str, IpSet], host: Host = NOTHING_KNOWN) -> Surroundings:
    """:param texts: all iptables-save and ip6tables-save texts. ``sets``: what is known of the sets that they use."""
    filled: Set[str] = set()
    templates = False
    for text in texts:
        filled |= _names(_FILLED, text)
        templates = templates or _TEMPLATE.search(text) is not None
    return Surroundings(
        Sets(sets, frozenset(filled)),
        host.own,
        None if host.interfaces is None else host.bridges,
        host.routes is not None,
        templates,
    )


def sets_used(text: str) -> Set[str]:
    """The names of the sets that rules of the text match against."""
    return _names(_MATCHED, text)


def _names(pattern: re.Pattern[str], text: str) -> Set[str]:
    return {match.group("quoted") or match.group("name") for match in pattern.finditer(text)}
