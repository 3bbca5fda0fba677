# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules, addresses and interfaces of the host that this runs on. It reads, and changes nothing.

No kernel module is loaded for the look: iptables-legacy is asked only where the kernel already lists legacy tables.
"""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Callable, List, Mapping, Optional, Sequence, Tuple, Union

from ..errors import EvidenceError
from .readers import iptables_save, nft_json
from .readers.combine import RulesEvidence, combine

_DIRECTORIES = ("/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin")
_LEGACY_TABLES = {4: "/proc/net/ip_tables_names", 6: "/proc/net/ip6_tables_names"}
_PREFIX = {4: "iptables", 6: "ip6tables"}
_FAMILY_NAME = {4: "ip", 6: "ip6"}
_SECONDS = 60.0

IpAddress = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


@dataclass(frozen=True)
class Address:
    """``scope`` is the kernel's: ``global``, ``link``, ``host`` or ``site``."""

    family: int
    address: str
    interface: str
    scope: str


@dataclass(frozen=True)
class HostFacts:
    addresses: Tuple[Address, ...]
    interfaces: Tuple[str, ...]

    def reachable_addresses(self) -> List[IpAddress]:
        """Those that another host can send to: all but loopback's."""
        return self._of_scopes("global", "site", "link")

    def global_addresses(self) -> List[IpAddress]:
        """Those that clients are given: no link-local ones."""
        return self._of_scopes("global", "site")

    def _of_scopes(self, *scopes: str) -> List[IpAddress]:
        return [ipaddress.ip_address(item.address) for item in self.addresses if item.scope in scopes]


@dataclass(frozen=True)
class Output:
    code: int
    out: str
    err: str


#: Runs a command (a full path and its arguments) and returns what came of it. May raise EvidenceError.
Run = Callable[[Sequence[str]], Output]


def run_command(command: Sequence[str], seconds: float = _SECONDS) -> Output:
    """:raises EvidenceError: when it cannot be started or does not end in time."""
    environment = {"PATH": ":".join(_DIRECTORIES), "LC_ALL": "C.UTF-8"}
    try:
        # The library is no module: it has no run_command of Ansible's.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            list(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EvidenceError(" ".join(command), "it did not end in {0:g} s".format(seconds)) from error
    except OSError as error:
        raise EvidenceError(" ".join(command), "it cannot be started: {0}".format(error.strerror or error)) from error
    return Output(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def find_command(name: str) -> Optional[str]:
    """The full path, also in the directories that an ordinary user's PATH leaves out."""
    return shutil.which(name, path=":".join((os.environ.get("PATH", ""),) + _DIRECTORIES))


def read_text(path: str) -> str:
    """A file of /proc; empty when it is not there."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise EvidenceError(path, "it cannot be read: {0}".format(error.strerror or error)) from error


def from_host(
    run: Run = run_command,
    find: Callable[[str], Optional[str]] = find_command,
    read: Callable[[str], str] = read_text,
    is_root: Optional[bool] = None,
) -> Tuple[RulesEvidence, HostFacts]:
    """What the kernel's rules are now, and the host's own addresses and interfaces.

    :param run: such as ``functools.partial(run_command, seconds=30)``. The other parameters are for tests.
    :raises EvidenceError: without root, without nft, or when a command fails.
    """
    if not (os.geteuid() == 0 if is_root is None else is_root):
        raise EvidenceError("nft -j list ruleset", "it needs root", "set `become: true`, or give `rules`")
    return _Host(run, find, read).rules(), host_facts(run, find)


class _Host:
    def __init__(self, run: Run, find: Callable[[str], Optional[str]], read: Callable[[str], str]) -> None:
        self.run = run
        self.find = find
        self.read = read
        self.sources: List[str] = []
        self.notes: List[str] = []

    def rules(self) -> RulesEvidence:
        nft = self.find("nft")
        if nft is None:
            raise EvidenceError(
                "nft -j list ruleset", "there is no nft on this host", "install the package nftables, or give `rules`"
            )
        command = [nft, "-j", "list", "ruleset"]
        listing = self._output(command)
        rules = nft_json.read(listing, " ".join(command))
        if rules.perhaps_dormant:
            dormant = {key: self._is_dormant(nft, *key) for key in rules.perhaps_dormant}
            rules = nft_json.read(listing, " ".join(command), dormant)
        saves: List[Tuple[int, iptables_save.Saved]] = []
        for family in (4, 6):
            if any(name == _FAMILY_NAME[family] for name, _table in rules.hidden):
                saves.extend(self._saved(family, "-nft-save", iptables_save.LEGACY))
            if self.read(_LEGACY_TABLES[family]).split():
                legacy = self._saved(family, "-legacy-save", iptables_save.NFT)
                if not legacy:
                    raise EvidenceError(
                        _LEGACY_TABLES[family],
                        "iptables-legacy tables are active, and no {0}-legacy-save is here to read them".format(
                            _PREFIX[family]
                        ),
                        "install the package iptables",
                    )
                saves.extend(legacy)
        evidence = combine(rules, saves, self.sources)
        notes = tuple(sorted(set(evidence.ruleset.notes) | set(self.notes)))
        ruleset = type(evidence.ruleset)(evidence.ruleset.tables, notes)
        return RulesEvidence(ruleset, evidence.families, evidence.sources)

    def _is_dormant(self, nft: str, family: str, table: str) -> bool:
        """From nft's text, which tells the flags where its JSON does not."""
        text = self._output([nft, "-t", "list", "table", family, table])
        flags = [line.split(None, 1)[1] for line in text.splitlines() if line.strip().startswith("flags ")]
        return any("dormant" in line.replace(",", " ").split() for line in flags)

    def _saved(self, family: int, suffix: str, unwanted: str) -> List[Tuple[int, iptables_save.Saved]]:
        """The save of one backend: by the command that names it, else by the plain one where that is of this backend."""
        for name in (_PREFIX[family] + suffix, _PREFIX[family] + "-save"):
            path = self.find(name)
            if path is None:
                continue
            text = self._output([path])
            if not any(line.startswith("*") for line in text.splitlines()):
                self._note_remarks(name, text)
                return []
            saved = iptables_save.read(text, family, path)
            if saved.backend != unwanted:
                return [(family, saved)]
            self.sources.pop()
        return []

    def _note_remarks(self, name: str, text: str) -> None:
        for line in text.splitlines():
            if line.startswith(("# Table", "# Warning")):
                self.notes.append("{0}: {1}".format(name, line.lstrip("# ")))

    def _output(self, command: Sequence[str]) -> str:
        shown = " ".join(command)
        done = self.run(command)
        if done.code != 0:
            problem = done.err.strip().splitlines()
            denied = "ermitted" in done.err or "ermission denied" in done.err
            raise EvidenceError(
                shown,
                "it failed with code {0}: {1}".format(done.code, problem[-1] if problem else "no message"),
                "it needs root and CAP_NET_ADMIN (`become: true`)" if denied else None,
            )
        self.sources.append(shown)
        self._note_errors(shown, done.err)
        return done.out

    def _note_errors(self, shown: str, text: str) -> None:
        for line in text.splitlines():
            line = line.strip().lstrip("# ")
            if line and "tables-legacy tables present" not in line:
                note = "{0}: {1}".format(shown, line)
                if note not in self.notes:
                    self.notes.append(note)


def host_facts(run: Run = run_command, find: Callable[[str], Optional[str]] = find_command) -> HostFacts:
    """The host's addresses and interfaces, from ``ip -j address``.

    :raises EvidenceError: when there is no ``ip``, or it fails.
    """
    path = find("ip")
    remedy = "install the package iproute2 (Debian) or iproute (Red Hat), or give `addresses` and `interfaces`"
    if path is None:
        raise EvidenceError("ip -j address", "there is no ip command on this host", remedy)
    command = [path, "-j", "address", "show"]
    done = run(command)
    shown = " ".join(command)
    if done.code != 0:
        raise EvidenceError(shown, "it failed with code {0}: {1}".format(done.code, done.err.strip()), remedy)
    try:
        links: List[Mapping[str, object]] = [link for link in json.loads(done.out) if "ifname" in link]
    except (ValueError, TypeError) as error:
        raise EvidenceError(shown, "it printed no JSON ({0})".format(error), remedy) from error
    addresses: List[Address] = []
    for link in links:
        found = link.get("addr_info", ())
        for item in found if isinstance(found, list) else ():
            if item.get("family") in ("inet", "inet6") and "local" in item:
                family = 4 if item["family"] == "inet" else 6
                addresses.append(
                    Address(family, str(item["local"]), str(link["ifname"]), str(item.get("scope", "global")))
                )
    return HostFacts(tuple(addresses), tuple(sorted(str(link["ifname"]) for link in links)))
