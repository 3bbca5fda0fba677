# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that are in the kernel now, of nftables, of both kinds of iptables, and the sets of ipset that they use."""

from __future__ import annotations

import json
import os
import re
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from ...errors import EvidenceError
from ...host.commands import NFT_NAME, Commands
from ..model import Host
from ..readers import ipset, iptables_save, nft_json
from ..readers.combine import RulesEvidence, combine
from ..readers.iptables_around import sets_used, surroundings
from ..readers.nft_anonymous import has_anonymous
from ..readers.nft_file import name_anonymous_chains
from ..readers.nft_listing import document_by_parts, is_cut_off, questions, read_listing
from ..readers.nft_needed import needed_sets

_LEGACY_TABLES = {4: "/proc/net/ip_tables_names", 6: "/proc/net/ip6_tables_names"}
_PREFIX = {4: "iptables", 6: "ip6tables"}
_FAMILY_NAME = {4: "ip", 6: "ip6"}
#: Above this many sets, one listing of everything is faster than one for each. There is no other for names that other programs
#: than nft gave.
_MANY_SETS = 16


def live_rules(commands: Commands, host: Host, notes: Sequence[str]) -> RulesEvidence:
    """:param notes: what else the user should know.

    :raises EvidenceError: without nft, or when a command fails.
    """
    return _Live(commands, host).evidence(notes)


class _Live:
    def __init__(self, commands: Commands, host: Host) -> None:
        self.commands = commands
        self.host = host

    def evidence(self, notes: Sequence[str]) -> RulesEvidence:
        nft = self.commands.find("nft")
        if nft is None:
            raise EvidenceError(
                "nft -j list ruleset", "there is no nft on this host", "install the package nftables, or give `rules`"
            )
        rules = self._nft(nft)
        texts: List[Tuple[int, str, str]] = []  # family, text, command
        self.commands.access.expect(self._saves_asked(rules))
        for family in (4, 6):
            if self._hides(rules, family):
                texts.extend(self._saved(family, "-nft-save", iptables_save.LEGACY))
            if self._has_legacy(family):
                legacy = self._saved(family, "-legacy-save", iptables_save.NFT)
                if not legacy:
                    raise EvidenceError(
                        _LEGACY_TABLES[family],
                        "iptables-legacy tables are active, and no {0}-legacy-save is here to read them".format(
                            _PREFIX[family]
                        ),
                        "install the package iptables",
                    )
                texts.extend(legacy)
        saves = [text for _family, text, _path in texts]
        around = surroundings(saves, self._sets(set().union(*map(sets_used, saves))), self.host)
        read = [(family, iptables_save.read(text, family, path, around, _tool(path))) for family, text, path in texts]
        return combine(rules, read, self.commands.sources, [*notes, *self.commands.notes])

    def _nft(self, nft: str) -> nft_json.NftRules:
        """Without elements first, since those of huge sets take long: then only of the sets that rules look into."""
        command = [nft, "-j", "-t", "list", "ruleset"]
        listing = self.commands.output(command)
        subject = " ".join(command)
        sets: Optional[List[str]] = []
        if has_anonymous(listing):
            listing = self._with_anonymous_chains(nft, listing, subject)
        if is_cut_off(listing):
            text = read_listing(self.commands.output([nft, "-t", "list", "ruleset"]))
            self.commands.access.expect([nft, *arguments] for arguments in questions(text))
            listing = document_by_parts(text, lambda arguments: self.commands.output([nft, *arguments]))
            return nft_json.read(listing, subject, text.dormant, text.devices, host=self.host)
        needed = needed_sets(listing, subject)
        if len(needed) > _MANY_SETS or not all(re.fullmatch(NFT_NAME, word) for key in needed for word in key):
            command.remove("-t")
            listing, sets = self.commands.output(command), None
        else:
            maps = _maps(listing) if needed else set()
            asked = [[nft, "-j", "list", "map" if key in maps else "set", *key] for key in needed]
            self.commands.access.expect(self._asked_after(listing, subject, nft, asked))
            sets = [self.commands.output(each) for each in asked]
        rules = nft_json.read(listing, subject, sets=sets, host=self.host)
        if rules.perhaps_dormant or rules.without_devices:
            text = read_listing(self.commands.output([nft, "-t", "list", "ruleset"]))
            dormant = {key: text.dormant[key] for key in rules.perhaps_dormant if key in text.dormant}
            rules = nft_json.read(listing, subject, dormant, text.devices, sets, host=self.host)
        return rules

    def _with_anonymous_chains(self, nft: str, listing: str, subject: str) -> str:
        """nft 1.0.6 leaves them out of its JSON. Where they cannot be told, what leads to them stays in doubt."""
        text = self.commands.output([nft, "-t", "list", "ruleset"])
        try:
            return name_anonymous_chains(listing, text, subject, self.host.interfaces or ())
        except EvidenceError as error:
            self.commands.note("anonymous chains: {0}".format(error))
            return listing

    def _asked_after(self, listing: str, subject: str, nft: str, sets: List[List[str]]) -> Iterator[List[str]]:
        """All that is known to be asked once there is a listing without elements."""
        yield from sets
        rules = nft_json.read(listing, subject, sets=(), host=self.host)
        if rules.perhaps_dormant or rules.without_devices:
            yield [nft, "-t", "list", "ruleset"]
        yield from self._saves_asked(rules)

    def _saves_asked(self, rules: nft_json.NftRules) -> Iterator[List[str]]:
        wanted = [(family, "-nft-save") for family in (4, 6) if self._hides(rules, family)]
        wanted += [(family, "-legacy-save") for family in (4, 6) if self._has_legacy(family)]
        found = [list(filter(None, map(self.commands.find, _save_commands(*each)))) for each in wanted]
        return (paths[:1] for paths in found if paths)

    def _hides(self, rules: nft_json.NftRules, family: int) -> bool:
        return any(name == _FAMILY_NAME[family] for name, _table in rules.hidden)

    def _has_legacy(self, family: int) -> bool:
        return bool(self.commands.read(_LEGACY_TABLES[family]).split())

    def _saved(self, family: int, suffix: str, unwanted: str) -> List[Tuple[int, str, str]]:
        """The save of one backend: by the command that names it, else by the plain one where that is of this backend."""
        for name in _save_commands(family, suffix):
            path = self.commands.find(name)
            if path is None:
                continue
            text = self.commands.output([path])
            if not any(line.startswith("*") for line in text.splitlines()):
                self._note_remarks(name, text)
                return []
            if iptables_save.backend(text) != unwanted:
                return [(family, text, path)]
            self.commands.sources.pop()
        return []

    def _note_remarks(self, name: str, text: str) -> None:
        for line in text.splitlines():
            if line.startswith(("# Table", "# Warning")):
                self.commands.note("{0}: {1}".format(name, line.lstrip("# ")))

    def _sets(self, names: Set[str]) -> Mapping[str, ipset.IpSet]:
        """The sets of ipset that rules use, and those that are in them."""
        found: Dict[str, ipset.IpSet] = {}
        waiting = sorted(names)
        path = self.commands.find("ipset") if names else None
        if names and path is None:
            self.commands.note(
                "what is in the sets {0} is not known: there is no ipset on this host to ask".format(", ".join(waiting))
            )
        while waiting and path is not None:
            self.commands.access.expect([path, "save", name] for name in waiting)
            name = waiting.pop()
            command = [path, "save", name]
            found.update(ipset.read(self.commands.output(command), " ".join(command)))
            for member in found[name].elements() if name in found and found[name].kind == "list:set" else ():
                if member.parts[0] not in found and member.parts[0] not in waiting:
                    waiting.append(member.parts[0])
        return found


def _save_commands(family: int, suffix: str) -> Tuple[str, str]:
    return _PREFIX[family] + suffix, _PREFIX[family] + "-save"


def _tool(path: str) -> str:
    """``iptables-legacy``, from the path of its save command."""
    return os.path.basename(path)[: -len("-save")]


def _maps(listing: str) -> Set[Tuple[str, str, str]]:
    items = json.loads(listing)["nftables"]
    bodies = [item["map"] for item in items if isinstance(item, dict) and isinstance(item.get("map"), dict)]
    return {(str(body["family"]), str(body["table"]), str(body["name"])) for body in bodies}
