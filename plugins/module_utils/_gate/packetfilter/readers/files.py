# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules from files: the option ``rules`` of the firewall modules."""

from __future__ import annotations

import os
from typing import Dict, List, Mapping, Optional, Tuple

from ...errors import EvidenceError, IntentError
from . import iptables_save, nft_json
from .combine import RulesEvidence, combine

#: What each key of ``rules`` holds: the command whose output it is.
COMMANDS: Dict[str, str] = {
    "nft_json": "nft -j list ruleset",
    "iptables": "iptables-save",
    "ip6tables": "ip6tables-save",
}
_NOT_YET = {
    "nft": "nft's text form is not read yet: give rules.nft_json, the output of `nft -j list ruleset`",
    "ipset": "ipset is not read yet: leave it out (matches on sets are then in doubt)",
}
_LARGEST = 256 * 1024 * 1024


def from_files(rules: Mapping[str, str]) -> RulesEvidence:
    """:param rules: key of `COMMANDS` -> path of a file with that command's output.

    :raises IntentError: for a key that is not known, or no path at all.
    :raises EvidenceError: for a file that is missing, unreadable, empty, cut off, or something else.
    """
    if not rules:
        raise IntentError("rules", dict(rules), "a mapping with any of {0}".format(", ".join(COMMANDS)))
    for key, path in rules.items():
        option = "rules.{0}".format(key)
        if key in _NOT_YET:
            raise IntentError(option, path, "left out: {0}".format(_NOT_YET[key]))
        if key not in COMMANDS:
            raise IntentError(option, path, "one of {0}".format(", ".join("rules." + known for known in COMMANDS)))
        if not isinstance(path, str) or not path:
            raise IntentError(option, path, "the path of a file with the output of `{0}`".format(COMMANDS[key]))
    nft: Optional[nft_json.NftRules] = None
    saves: List[Tuple[int, iptables_save.Saved]] = []
    sources: List[str] = []
    for key in COMMANDS:
        if key not in rules:
            continue
        subject = "rules.{0}={1}".format(key, rules[key])
        text = _text(rules[key], subject, "give a file with the output of `{0}`".format(COMMANDS[key]))
        sources.append("{0} ({1})".format(rules[key], COMMANDS[key]))
        if key == "nft_json":
            nft = nft_json.read(text, subject)
        else:
            family = 4 if key == "iptables" else 6
            saves.append((family, iptables_save.read(text, family, subject)))
    return combine(nft, saves, sources)


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
