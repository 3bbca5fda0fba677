# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``nft list ruleset`` (or ``list table``) prints: the few things that nft's JSON does not tell, or tells wrongly."""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Dict, List, Tuple

from ...dataclass import dataclass, field
from ...errors import EvidenceError
from .nft_document import ChainKey, TableKey

_TABLE = re.compile(r"table (?P<family>\w+) (?P<name>\S+) \{")
_CHAIN = re.compile(r"\tchain (?P<name>\S+) \{")
_FLAGS = re.compile(r"\tflags (?P<flags>[\w, ]+);?$")
#: ``type filter hook ingress device "eth0" priority filter; policy accept;``, or ``devices = { "eth0", "eth1" }``.
_HOOK = re.compile(r"\t\ttype \w+ hook \w+ device(?:s = \{(?P<several>[^}]*)\}| (?P<one>\S+)) priority ")


@dataclass(frozen=True)
class Listing:
    """``devices``: of each chain at ingress or egress. ``dormant``: for each table, whether it is. ``chains``: all of them."""

    devices: Dict[ChainKey, Tuple[str, ...]] = field(default_factory=dict)
    dormant: Dict[TableKey, bool] = field(default_factory=dict)
    chains: List[ChainKey] = field(default_factory=list)


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
            found.chains.append((*table, chain))
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


def without_flags(listing: str) -> str:
    """The ruleset with no table dormant or owned: nft 1.0.6 can print those as JSON."""
    return "".join(line for line in listing.splitlines(True) if not line.startswith("\tflags "))


def is_cut_off(document: str) -> bool:
    """Whether nft 1.0.6 stopped in the middle of its JSON, because what it took for the flag of a table was no text."""
    return document.rstrip().endswith('"flags":')


def document_by_parts(listing: Listing, ask: Callable[[List[str]], str]) -> str:
    """What ``nft -j list ruleset`` would print, put together from what it prints of each chain: there, no flags come in.

    :param ask: runs nft with these arguments (one of `questions`) and returns what it prints as JSON.
    """
    objects: List[Any] = [{"table": {"family": family, "name": name}} for family, name in listing.dormant]
    for arguments in questions(listing):
        objects.extend(_objects(ask(arguments)))
    kept = [item for item in objects if isinstance(item, dict) and "metainfo" not in item]
    return json.dumps({"nftables": [{"metainfo": {"version": "by parts"}}, *kept]})


def questions(listing: Listing) -> List[List[str]]:
    """All that `document_by_parts` asks: arguments of nft."""
    return [["-j", "list", "sets"], ["-j", "list", "maps"], *(["-j", "list", "chain", *key] for key in listing.chains)]


def _objects(document: str) -> List[Any]:
    try:
        objects = json.loads(document)["nftables"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EvidenceError("nft -j list", "it printed no JSON ({0})".format(error)) from error
    return objects if isinstance(objects, list) else []
