# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules from files: the option ``rules`` of the firewall modules."""

from __future__ import annotations

import os
from typing import Dict, List, Mapping, Optional, Tuple

from ...errors import EvidenceError, IntentError
from ..model import NOTHING_KNOWN, Host
from . import ipset, iptables_save, nft_file, nft_json
from .combine import RulesEvidence, combine
from .iptables_around import sets_used, surroundings
from .nft_flush import what_stays

#: What each key of ``rules`` holds: the command whose output it is (``nft list ruleset`` stands for nft's text form).
COMMANDS: Dict[str, str] = {
    "nft": "nft list ruleset",
    "nft_json": "nft -j list ruleset",
    "iptables": "iptables-save",
    "ip6tables": "ip6tables-save",
    "ipset": "ipset save",
}
_KEYS = {4: "iptables", 6: "ip6tables"}
_LARGEST = 256 * 1024 * 1024


def from_files(rules: Mapping[str, str], host: Host = NOTHING_KNOWN) -> RulesEvidence:
    """:param rules: key of `COMMANDS` -> path of a file with that command's output. ``host``: where the rules will act.

    :raises IntentError: for a key that is not known, or no path at all.
    :raises EvidenceError: for a file that is missing, unreadable, empty, cut off, or something else.
    """
    if not rules:
        raise IntentError("rules", dict(rules), "a mapping with any of {0}".format(", ".join(COMMANDS)))
    for key, path in rules.items():
        option = "rules.{0}".format(key)
        if key not in COMMANDS:
            raise IntentError(option, path, "one of {0}".format(", ".join("rules." + known for known in COMMANDS)))
        if not isinstance(path, str) or not path:
            raise IntentError(option, path, "the path of a file with the output of `{0}`".format(COMMANDS[key]))
    if "ipset" in rules and not {"iptables", "ip6tables"} & set(rules):
        raise IntentError("rules.ipset", rules["ipset"], "given together with the iptables rules that use the sets")
    if {"nft", "nft_json"} <= set(rules):
        raise IntentError("rules.nft", rules["nft"], "left out where rules.nft_json is given: both hold nft's rules")
    texts: Dict[str, str] = {}
    subjects: Dict[str, str] = {}
    sources: List[str] = []
    for key in COMMANDS:
        if key in rules:
            subjects[key] = "rules.{0}={1}".format(key, rules[key])
            right = "give a file with the output of `{0}`".format(COMMANDS[key])
            sources.append("{0} ({1})".format(rules[key], COMMANDS[key]))
            if key != "nft":
                texts[key] = _text(rules[key], subjects[key], right)
    nft: Optional[nft_json.NftRules] = None
    notes: List[str] = []
    if "nft" in rules:
        nft = nft_file.read_text(rules["nft"], subjects["nft"], host)
        made = [(table.family, table.name) for table in nft.ruleset.tables]
        stays = what_stays(nft_file.contents(rules["nft"], subjects["nft"]), made, subjects["nft"])
        notes += [stays] if stays else []
    elif "nft_json" in rules:
        nft = nft_json.read(texts["nft_json"], subjects["nft_json"], host=nft_file.elsewhere(host))
    saves = {family: texts[key] for key, family in (("iptables", 4), ("ip6tables", 6)) if key in texts}
    sets = ipset.read(texts["ipset"], subjects["ipset"]) if "ipset" in texts else {}
    around = surroundings(saves.values(), sets, host)
    saved: List[Tuple[int, iptables_save.Saved]] = []
    for family, text in saves.items():
        saved.append((family, iptables_save.read(text, family, subjects[_KEYS[family]], around)))
    missing = sorted(set().union(*map(sets_used, saves.values())) - set(sets))
    if missing:
        notes.append(
            "what is in the sets {0} is not known: give the output of `ipset save` (option rules.ipset)".format(
                ", ".join(missing)
            )
        )
    return combine(nft, saved, sources, notes)


def _text(path: str, subject: str, right: str) -> str:
    try:
        size = os.path.getsize(path)
        if os.path.isdir(path):
            raise EvidenceError(subject, "it is a directory", right)
        if size > _LARGEST:
            raise EvidenceError(subject, "it has {0} bytes, more than {1}".format(size, _LARGEST), right)
        with open(path, "rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise EvidenceError(subject, "it cannot be read: {0}".format(error.strerror or error), right) from error
    if len(data) > _LARGEST:
        raise EvidenceError(subject, "it has more than {0} bytes".format(_LARGEST), right)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EvidenceError(subject, "it is no text: {0}".format(error), right) from error
