# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a file of nft's text form leaves of the rules that a host has: ``nft -f`` adds to them what it does not flush."""

from __future__ import annotations

import re
from typing import Iterable, Optional, Set, Tuple

_FAMILIES = "(ip6|ip|inet|arp|bridge|netdev)"
_ASIDE = re.compile(r'"[^"\n]*"|#[^\n]*|\\\n')
_RULESET = re.compile(r"(?:^|[\n;{{}}])\s*flush\s+ruleset(?:[ \t]+{0})?[ \t]*(?=$|[\n;])".format(_FAMILIES))
_TABLE = re.compile(
    r"(?:^|[\n;{{}}])\s*(?:flush|delete|destroy)\s+table\s+(?:{0}[ \t]+)?([A-Za-z][\w./-]*)".format(_FAMILIES)
)


def what_stays(texts: Iterable[str], tables: Iterable[Tuple[str, str]], subject: str) -> Optional[str]:
    """A remark, where the rules are judged as if alone and will not be.

    :param texts: the file, and what it includes. ``tables``: family and name of those that it makes.
    """
    families: Set[str] = set()
    names: Set[Tuple[str, str]] = set()
    whole = False
    for text in texts:
        plain = _ASIDE.sub(" ", text)
        for family in _RULESET.findall(plain):
            whole = whole or not family
            families.add(family)
        names.update((family or "ip", name) for family, name in _TABLE.findall(plain))
    if whole:
        return None
    kept = sorted(key for key in set(tables) - names if key[0] not in families)
    more = "; nor does it flush " + ", ".join("table {0} {1}".format(*key) for key in kept) if kept else ""
    return (
        "{0} has no `flush ruleset`: its rules were judged as if they were alone, and nft -f adds them to those that a host"
        " has{1}".format(subject, more)
    )
