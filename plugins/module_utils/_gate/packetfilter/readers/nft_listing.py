# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``nft list ruleset`` (or ``list table``) prints: the few things that nft's JSON does not tell, or tells wrongly."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Dict, Tuple

from .nft_document import TableKey

_TABLE = re.compile(r"table (?P<family>\w+) (?P<name>\S+) \{")
_CHAIN = re.compile(r"\tchain (?P<name>\S+) \{")
_FLAGS = re.compile(r"\tflags (?P<flags>[\w, ]+);?$")
#: ``type filter hook ingress device "eth0" priority filter; policy accept;``, or ``devices = { "eth0", "eth1" }``.
_HOOK = re.compile(r"\t\ttype \w+ hook \w+ device(?:s = \{(?P<several>[^}]*)\}| (?P<one>\S+)) priority ")


@dataclass(frozen=True)
class Listing:
    """``devices``: of each chain at ingress or egress (family, table, chain). ``dormant``: for each table, whether it is."""

    devices: Dict[Tuple[str, str, str], Tuple[str, ...]] = field(default_factory=dict)
    dormant: Dict[TableKey, bool] = field(default_factory=dict)


def read_listing(text: str) -> Listing:
    """From the text as nft prints it, with its tabs: what stands at another depth is a rule or an element."""
    found = Listing()
    table: TableKey = ("", "")
    chain = ""
    for line in text.splitlines():
        if line.startswith("table "):
            head = _TABLE.match(line)
            if head is not None:
                table = (head.group("family"), head.group("name"))
                found.dormant[table] = False
        elif line.startswith("\tchain "):
            head = _CHAIN.match(line)
            chain = head.group("name") if head is not None else ""
        elif line.startswith("\tflags "):
            flags = _FLAGS.match(line)
            if flags is not None and "dormant" in flags.group("flags").replace(",", " ").split():
                found.dormant[table] = True
        elif line.startswith("\t\ttype ") and chain:
            hook = _HOOK.match(line)
            if hook is not None:
                names = hook.group("several") if hook.group("one") is None else hook.group("one")
                found.devices[(*table, chain)] = tuple(
                    name.strip().strip('"') for name in names.split(",") if name.strip()
                )
    return found
