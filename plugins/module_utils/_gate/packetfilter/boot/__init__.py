# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rules the host will have after its next start, as far as its configuration tells.

What is switched on decides (``systemctl is-enabled``), and which files that loads. What other programs add once they run
(Docker, fail2ban, scripts of one's own) is in no file: they are named, and the answer is unknown as far as theirs go.
"""

from __future__ import annotations

import os
import re
from typing import Callable, Dict, List, Optional, Tuple

from ...dataclass import dataclass, replace
from ...errors import EvidenceError
from ...host.commands import Commands
from ..model import NOTHING_KNOWN, Host, Ruleset
from ..readers import ipset, iptables_save, nft_file
from ..readers.combine import RulesEvidence, combine
from ..readers.iptables_around import surroundings
from . import firewalld, ufw

#: Units that load rules, in the order in which they are looked at.
_UNITS = ("nftables", "netfilter-persistent", "iptables", "ip6tables", "ipset", "ufw", "firewalld")
#: Units that add rules of their own once they run.
_OTHERS = (
    "docker",
    "fail2ban",
    "libvirtd",
    "virtnetworkd",
    "kubelet",
    "crowdsec-firewall-bouncer",
    "sshguard",
    "lxd",
    "incus",
)
_NFT_FILE = re.compile(r"argv\[\]=\S*nft (?:\S+ )*?-f (?P<path>/[^\s;]+)")
_FILES = {
    "netfilter-persistent": {4: "/etc/iptables/rules.v4", 6: "/etc/iptables/rules.v6"},
    "iptables": {4: "/etc/sysconfig/iptables"},
    "ip6tables": {6: "/etc/sysconfig/ip6tables"},
}
_SETS = {"netfilter-persistent": "/etc/iptables/ipsets", "ipset": "/etc/sysconfig/ipset"}
_SUBJECT = "the rules after the next start"


@dataclass(frozen=True)
class Boot:
    """``evidence``: the rules that files tell; None where what is loaded cannot be said in rules. ``as_now``: firewalld's rules
    will be those of now, as it says itself. ``differs``: what it says will change. ``unknown``: what else may change the
    answer, and why it is not known. ``sources``: what loads what."""

    evidence: Optional[RulesEvidence]
    as_now: bool = False
    differs: Tuple[str, ...] = ()
    unknown: Tuple[str, ...] = ()
    sources: Tuple[str, ...] = ()


def rules_at_boot(
    commands: Commands,
    host: Host = NOTHING_KNOWN,
    runs: Callable[[str], bool] = lambda path: os.access(path, os.X_OK),
) -> Boot:
    """:param host: what is known of the host. ``runs``: whether a file can be run, for tests.

    :raises EvidenceError: when there is no systemctl, or a file that is loaded cannot be read rightly.
    """
    path = commands.find("systemctl")
    if path is None:
        raise EvidenceError(_SUBJECT, "there is no systemctl on this host, so what is loaded then is not known")
    return _Boot(commands, host, path, runs).all()


class _Boot:
    def __init__(self, commands: Commands, host: Host, systemctl: str, runs: Callable[[str], bool]) -> None:
        self.commands = commands
        self.host = host
        self.systemctl = systemctl
        self.runs = runs
        self.unknown: List[str] = []
        self.sources: List[str] = []

    def all(self) -> Boot:
        enabled = [unit for unit in _UNITS if self._is_enabled(unit)]
        for unit in _OTHERS:
            if self._is_enabled(unit):
                self.unknown.append("{0} adds rules of its own once it runs".format(unit))
        if "firewalld" in enabled:
            return self._firewalld([unit for unit in enabled if unit != "firewalld"])
        texts: Dict[int, Tuple[str, str]] = {}  # family -> text, where it stands
        for unit in enabled:
            for family, found in self._iptables_texts(unit).items():
                if family in texts:
                    self.unknown.append(
                        "{0} and {1} are both loaded, and one replaces the other".format(texts[family][1], found[1])
                    )
                texts[family] = found
        nft_path = self._nft_path() if "nftables" in enabled else None
        if nft_path is not None and texts and self._uses_nft():
            self.unknown.append(
                "{0} and iptables rules are both loaded into nftables: which of them lasts hangs on their order".format(
                    nft_path
                )
            )
        return Boot(
            self._evidence(texts, self._sets(enabled), nft_path),
            unknown=tuple(self.unknown),
            sources=tuple(self.sources),
        )

    def _is_enabled(self, unit: str) -> bool:
        done = self.commands.run([self.systemctl, "is-enabled", unit + ".service"])
        return done.code == 0 and done.out.strip() in ("enabled", "enabled-runtime", "alias", "static", "generated")

    def _firewalld(self, others: List[str]) -> Boot:
        self.sources.append("firewalld.service: its permanent configuration")
        self.unknown.extend("{0} and firewalld are both switched on".format(unit) for unit in others)
        path = self.commands.find("firewall-cmd")
        differs: List[str] = []
        if path is None:
            self.unknown.append("firewalld is switched on, and there is no firewall-cmd to ask")
        else:
            try:
                differs = firewalld.differences(self.commands, path)
            except EvidenceError as error:
                self.unknown.append(str(error))
        return Boot(None, not differs and not self.unknown, tuple(differs), tuple(self.unknown), tuple(self.sources))

    def _nft_path(self) -> Optional[str]:
        """The file that nftables.service loads: /etc/nftables.conf on Debian, /etc/sysconfig/nftables.conf on Red Hat."""
        done = self.commands.run([self.systemctl, "show", "--property=ExecStart", "nftables.service"])
        found = _NFT_FILE.search(done.out)
        if done.code != 0 or found is None:
            self.unknown.append("which file nftables.service loads is not known ({0})".format(done.out.strip()[:120]))
            return None
        self.sources.append("nftables.service: {0}".format(found.group("path")))
        return found.group("path")

    def _iptables_texts(self, unit: str) -> Dict[int, Tuple[str, str]]:
        if unit == "ufw":
            return self._ufw()
        result: Dict[int, Tuple[str, str]] = {}
        for family, path in _FILES.get(unit, {}).items():
            text = self.commands.read(path)
            if text.strip():
                self.sources.append("{0}.service: {1}".format(unit, path))
                result[family] = (text, path)
        return result

    def _ufw(self) -> Dict[int, Tuple[str, str]]:
        read = self.commands.read
        if not ufw.is_enabled(read):
            return {}
        self.unknown.extend("ufw runs {0}, too".format(path) for path in ufw.HOOKS if self.runs(path))
        self.sources.append("ufw.service: /etc/ufw")
        return {family: (ufw.saved_rules(read, family), "/etc/ufw") for family in (4, 6)}

    def _sets(self, enabled: List[str]) -> Dict[str, ipset.IpSet]:
        found: Dict[str, ipset.IpSet] = {}
        for unit, path in _SETS.items():
            text = self.commands.read(path) if unit in enabled else ""
            if text.strip():
                self.sources.append("{0}.service: {1}".format(unit, path))
                found.update(ipset.read(text, path))
        return found

    def _uses_nft(self) -> bool:
        """Whether iptables-restore of this host writes to nftables."""
        path = self.commands.find("iptables")
        done = self.commands.run([path, "-V"]) if path is not None else None
        return done is None or "legacy" not in done.out

    def _evidence(
        self, texts: Dict[int, Tuple[str, str]], sets: Dict[str, ipset.IpSet], nft_path: Optional[str]
    ) -> RulesEvidence:
        around = surroundings([text for text, _path in texts.values()], sets, self.host)
        nft = None
        if nft_path is not None:
            nft = nft_file.read_text(nft_path, nft_path, self.host)
        saves = [(family, iptables_save.read(text, family, path, around)) for family, (text, path) in texts.items()]
        both = frozenset((4, 6))  # what no file speaks of is open
        if nft is None and not saves:
            return RulesEvidence(Ruleset(()), both, tuple(self.sources))
        return replace(combine(nft, saves, self.sources), families=both)
