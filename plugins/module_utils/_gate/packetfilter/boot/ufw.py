# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ufw loads when the host starts: its files in /etc/ufw, put together as its start script does (ufw 0.36)."""

from __future__ import annotations

import re
from typing import Callable, Dict, List, Optional, Tuple

from ...errors import EvidenceError

SETTINGS = ("/etc/default/ufw", "/etc/ufw/ufw.conf")
_RULES = "/etc/ufw/{0}{1}.rules"
#: Programs that ufw runs too, when they can be run: what they do is not known.
HOOKS = ("/etc/ufw/before.init", "/etc/ufw/after.init")
_SETTING = re.compile(r"^\s*(\w+)=[\"']?([^\"'\n]*?)[\"']?\s*$", re.MULTILINE)
_WAYS = (("INPUT", "input"), ("OUTPUT", "output"), ("FORWARD", "forward"))
_STATIONS = ("before-logging", "before", "after", "after-logging", "reject", "track")
#: IPv6 where ufw does without it.
_LOOPBACK_ALONE = """*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
COMMIT
"""

Read = Callable[[str], str]


def settings(read: Read) -> Dict[str, str]:
    """ufw's own variables: ``ENABLED``, ``IPV6``, ``DEFAULT_INPUT_POLICY`` ..."""
    found: Dict[str, str] = {}
    for path in SETTINGS:
        found.update(_SETTING.findall(read(path)))
    return found


def is_enabled(read: Read) -> bool:
    return settings(read).get("ENABLED", "no").lower() == "yes"


def saved_rules(read: Read, family: int) -> str:
    """What ``iptables-save`` (``ip6tables-save``) would print after ufw's start.

    :raises EvidenceError: when one of its files is missing, or is not as ufw needs it.
    """
    given = settings(read)
    if family == 6 and given.get("IPV6", "no").lower() != "yes":
        return _LOOPBACK_ALONE
    kind = "6" if family == 6 else ""
    texts: List[Tuple[str, str]] = []
    for name in ("before", "after", "user"):
        path = _RULES.format(name, kind)
        text = read(path)
        if not text.strip():
            raise EvidenceError(path, "it is missing or empty, and ufw does not start without it")
        texts.append((path, text))
    restored = Restored()
    restored.add("ufw", _stations("ufw" + kind, given))
    for path, text in texts[:2]:
        restored.add(path, text)
    restored.add("ufw", _user_chains("ufw" + kind))
    restored.add(*texts[2])
    restored.add("ufw", _end("ufw" + kind, given))
    return restored.text()


def _policy(given: Dict[str, str], chain: str) -> str:
    """Of a built-in chain, as the user wrote it: ACCEPT, DROP or REJECT."""
    return given.get("DEFAULT_{0}_POLICY".format(chain), "DROP")


def _stations(ufw: str, given: Dict[str, str]) -> str:
    chains: List[str] = []
    rules: List[str] = []
    for chain, way in _WAYS:
        names = ["{0}-{1}-{2}".format(ufw, station, way) for station in _STATIONS]
        chains.extend(names)
        rules.extend("-A {0} -j {1}".format(chain, name) for name in names)
        policy = _policy(given, chain)
        if policy == "REJECT":
            rules.append("-A {0}-reject-{1} -j REJECT".format(ufw, way))
        if policy == "ACCEPT":
            rules.extend(
                "-A {0}-track-{1} -p {2} -m conntrack --ctstate NEW -j ACCEPT".format(ufw, way, protocol)
                for protocol in ("tcp", "udp")
            )
        chains.append("{0}-skip-to-policy-{1}".format(ufw, way))
        rules.append("-A {0}-skip-to-policy-{1} -j {2}".format(ufw, way, policy))
    chains.extend(["{0}-logging-deny".format(ufw), "{0}-logging-allow".format(ufw)])
    return _table(chains, rules)


def _user_chains(ufw: str) -> str:
    names = [way for _chain, way in _WAYS] + ["logging-" + way for _chain, way in _WAYS] + ["limit", "limit-accept"]
    return _table(["{0}-user-{1}".format(ufw, name) for name in names], [])


def _end(ufw: str, given: Dict[str, str]) -> str:
    rules = ["-A {0}-before-{1} -j {0}-user-{1}".format(ufw, way) for _chain, way in _WAYS]
    policies = [
        ":{0} {1} [0:0]".format(chain, "ACCEPT" if _policy(given, chain) == "ACCEPT" else "DROP")
        for chain, _way in _WAYS
    ]
    return "\n".join(["*filter", *policies, *rules, "COMMIT", ""])


def _table(chains: List[str], rules: List[str]) -> str:
    return "\n".join(["*filter", *[":{0} - [0:0]".format(chain) for chain in chains], *rules, "COMMIT", ""])


class Restored:
    """What is there after ``iptables-restore --noflush`` of several texts, one after the other."""

    def __init__(self) -> None:
        self._policies: Dict[str, Dict[str, str]] = {}
        self._rules: Dict[str, Dict[str, List[str]]] = {}

    def add(self, subject: str, text: str) -> None:
        """A chain of a user's that is declared anew loses its rules.

        :raises EvidenceError: when the text is not what iptables-restore takes.
        """
        table: Optional[str] = None
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.strip()
            words = line.split(None, 2)
            if not line or line[0] == "#":
                continue
            if line[0] == "*":
                table = line[1:].strip()
                self._policies.setdefault(table, {})
                self._rules.setdefault(table, {})
            elif table is None:
                raise EvidenceError(subject, "line {0} stands in no table: {1}".format(number, line[:80]))
            elif line == "COMMIT":
                table = None
            elif line[0] == ":" and len(words) > 1:
                name = words[0][1:]
                if words[1] == "-":
                    self._rules[table][name] = []
                    self._policies[table][name] = "-"
                else:
                    self._policies[table][name] = words[1]
            elif words[0] in ("-A", "--append") and len(words) > 1:
                self._rules[table].setdefault(words[1], []).append(line)
            # In front of all; a number would say where else.
            elif words[0] in ("-I", "--insert") and len(words) > 2 and not words[2][0].isdigit():
                self._rules[table].setdefault(words[1], []).insert(0, "-A {0} {1}".format(*words[1:]))
            else:
                raise EvidenceError(subject, "line {0} is not understood: {1}".format(number, line[:80]))

    def text(self) -> str:
        lines: List[str] = []
        for table, rules in self._rules.items():
            policies = self._policies[table]
            names = [*policies, *[name for name in rules if name not in policies]]
            lines.append("*" + table)
            lines.extend(":{0} {1} [0:0]".format(name, policies.get(name, "ACCEPT")) for name in names)
            for name in names:
                lines.extend(rules.get(name, ()))
            lines.append("COMMIT")
        return "\n".join(lines) + "\n"
