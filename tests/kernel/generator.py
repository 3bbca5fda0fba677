# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random nftables rulesets of what the analysis promises to understand.

The values are few, so that rules overlap and shadow each other. Now and then a rule asks for two protocols at once, and
nft refuses the ruleset.
"""

from __future__ import annotations

import random
import re
from typing import Callable, List, Sequence

from case import Rules

PORTS = ("22", "25", "80-90", "465", "587", "990-999", "1024-65535", "0-21", "26")
NETWORKS4 = ("198.51.100.0/24", "198.51.100.7", "203.0.113.0-203.0.113.99", "128.0.0.0/1", "10.0.0.0/8")
NETWORKS6 = ("2001:db8:51::/48", "2001:db8:51::7", "2001:db8::-2001:db8:52::", "8000::/1", "2001:db8::20-2001:db8::2f")
INTERFACES = ('"eth0"', '"eth1"', '"lo"', '"ens3"', '"wg0"')
PROTOCOLS = ("tcp", "udp", "sctp", "gre", "icmp", "ipv6-icmp", "esp")
TYPES4 = ("echo-request", "timestamp-request", "destination-unreachable", "40-50")
TYPES6 = ("echo-request", "nd-neighbor-solicit", "packet-too-big", "140-150")
STATES = ("new", "established", "related", "invalid", "untracked")
#: What a rule asks for by looking into a header, or translating to an address.
_LAYER_4 = re.compile(r"\b(tcp|udp|sctp|icmp|icmpv6) (?:dport|sport|type|code|flags)")
_LAYER_3 = re.compile(r"\b(?:ip|ip6)(?= saddr| daddr| protocol| to)|\b(?:icmp|icmpv6)(?= type| code)|ipv4|ipv6(?!-)")
_ANY_PROTOCOL = re.compile(r"meta l4proto|ip protocol")
_VERSION = {"icmp": "ip", "icmpv6": "ip6", "ipv4": "ip", "ipv6": "ip6"}
FINAL = ("accept", "accept", "accept", "drop", "reject", "return")


def first_consistent(make: Callable[[], str]) -> str:
    """nft refuses most rules that ask for two protocols at once."""
    while True:
        rule = make()
        layer_4 = set(_LAYER_4.findall(rule)) | set(_ANY_PROTOCOL.findall(rule))
        layer_3 = {_VERSION.get(match.group(), match.group()) for match in _LAYER_3.finditer(rule)}
        if len(layer_4) <= 1 and len(layer_3) <= 1:
            return rule


class Generator:
    """Rulesets by chance; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def ruleset(self) -> Rules:
        tracked = self._random.random() < 0.3
        tables = [self._table("t{0}".format(number), tracked) for number in range(self._random.choice((1, 1, 2, 3)))]
        return Rules(nft="\n".join(tables))

    def _table(self, name: str, tracked: bool) -> str:
        family = self._random.choice(("inet", "inet", "inet", "ip", "ip6"))
        users = ["u{0}".format(number) for number in range(self._random.randrange(4))]
        # A chain jumps only to those before it, so that there is no circle.
        chains = [self._chain(user, "", family, users[:index], tracked) for index, user in enumerate(users)]
        for number in range(self._random.choice((1, 1, 1, 2))):
            hook = "input" if number == 0 else self._random.choice(("input", "prerouting"))
            head = "type filter hook {0} priority {1}; policy {2};".format(
                hook, self._random.randrange(-5, 5), self._random.choice(("drop", "drop", "accept"))
            )
            chains.append(self._chain("b{0}".format(number), head, family, users, tracked))
        flags = "  flags dormant\n" if self._random.random() < 0.05 else ""
        return "table {0} {1} {{\n{2}{3}\n{4}\n}}\n".format(family, name, flags, self._sets(family), "\n".join(chains))

    def _sets(self, family: str) -> str:
        lines = [self._set("ports", "inet_service", self._some(PORTS, 0, 4))]
        if family != "ip6":
            lines.append(self._set("nets4", "ipv4_addr", self._some(NETWORKS4, 0, 2)))
            pairs = [a + " . " + b for a, b in zip(self._some(NETWORKS4, 2, 2), self._some(PORTS, 2, 2))]
            lines.append(self._set("pairs4", "ipv4_addr . inet_service", pairs))
        if family != "ip":
            lines.append(self._set("nets6", "ipv6_addr", self._some(NETWORKS6, 0, 2)))
        return "\n".join(lines)

    def _set(self, name: str, kind: str, elements: Sequence[str]) -> str:
        filled = "elements = {{ {0} }}; ".format(", ".join(elements)) if elements else ""
        return "  set {0} {{ type {1}; flags interval; auto-merge; {2}}}".format(name, kind, filled)

    def _chain(self, name: str, head: str, family: str, callees: Sequence[str], tracked: bool) -> str:
        early = "prerouting" in head
        rules = [
            first_consistent(lambda: self._rule(family, callees, tracked, early))
            for _rule in range(self._random.randrange(1, 8))
        ]
        return "  chain {0} {{\n    {1}\n    {2}\n  }}".format(name, head, "\n    ".join(rules))

    def _rule(self, family: str, callees: Sequence[str], tracked: bool, early: bool) -> str:
        matches = self._matches(family, tracked)
        chance = self._random.random()
        if chance < 0.05:
            entries = [
                "{0} . {1} : {2}".format(protocol, ports, self._verdict(callees, True))
                for protocol, ports in zip(self._some(PROTOCOLS[:3], 3, 3), self._some(PORTS, 1, 3))
            ]
            return "meta l4proto . th dport vmap {{ {0} }}".format(", ".join(entries))
        if chance < 0.08 and tracked:
            entries = ["{0} : {1}".format(state, self._verdict(callees, True)) for state in self._some(STATES, 1, 3)]
            return "ct state vmap {{ {0} }}".format(", ".join(entries))
        if chance < 0.2:
            keys = self._some(PORTS, 1, 3)
            entries = ["{0} : {1}".format(key, self._verdict(callees, True)) for key in keys]
            return "{0} {1} dport vmap {{ {2} }}".format(
                " ".join(matches[1:] if matches and "dport" in matches[0] else []),
                self._random.choice(("tcp", "udp")),
                ", ".join(entries),
            ).strip()
        aside = self._random.choice(("", "", "counter", 'log prefix "seen "'))
        return " ".join([*matches, aside, self._verdict(callees, early)])

    def _verdict(self, callees: Sequence[str], no_reject: bool) -> str:
        if callees and self._random.random() < 0.4:
            return self._random.choice(("jump ", "jump ", "goto ")) + self._random.choice(callees)
        verdict = self._random.choice(FINAL)
        return "drop" if no_reject and verdict == "reject" else verdict

    def _matches(self, family: str, tracked: bool) -> List[str]:
        matches = []
        kind = self._random.random()
        if kind < 0.5:
            protocol = self._random.choice(("tcp", "tcp", "udp", "sctp"))
            side = self._random.choice(("dport", "dport", "sport"))
            matches.append("{0} {1} {2}".format(protocol, side, self._ports()))
        elif kind < 0.55:
            protocols = self._some(PROTOCOLS[:3], 1, 2)
            matches.append("meta l4proto {{ {0} }} th dport {1}".format(", ".join(protocols), self._ports()))
        elif kind < 0.65:
            protocols = self._some(PROTOCOLS, 1, 3)
            matches.append("meta l4proto {0}{{ {1} }}".format(self._maybe_not(), ", ".join(protocols)))
        elif kind < 0.75 and family != "ip6":
            matches.append("icmp type {0}{{ {1} }}".format(self._maybe_not(), ", ".join(self._some(TYPES4, 1, 3))))
            return matches
        elif kind < 0.85 and family != "ip":
            matches.append("icmpv6 type {0}{{ {1} }}".format(self._maybe_not(), ", ".join(self._some(TYPES6, 1, 3))))
            return matches
        elif kind < 0.9 and family != "ip6":
            matches.append("ip protocol {0}{1}".format(self._maybe_not(), self._random.choice(PROTOCOLS[:4])))
        elif kind < 0.93 and family == "inet":
            matches.append("meta nfproto {0}{1}".format(self._maybe_not(), self._random.choice(("ipv4", "ipv6"))))
        if self._random.random() < 0.4:
            matches.append(self._addresses(family))
        if self._random.random() < 0.25:
            names = self._some(INTERFACES, 1, 2)
            matches.append("iifname {0}{{ {1} }}".format(self._maybe_not(), ", ".join(names)))
        elif self._random.random() < 0.1:
            matches.append('iifname {0}"e*"'.format(self._maybe_not()))
        if tracked and self._random.random() < 0.4:
            states = self._some(STATES, 1, 3)
            matches.append("ct state {0}{{ {1} }}".format(self._maybe_not(), ", ".join(states)))
        return matches

    def _addresses(self, family: str) -> str:
        version = {"ip": "4", "ip6": "6"}.get(family) or self._random.choice("46")
        header, networks, name = ("ip", NETWORKS4, "@nets4") if version == "4" else ("ip6", NETWORKS6, "@nets6")
        side = self._random.choice(("saddr", "saddr", "daddr"))
        if self._random.random() < 0.3:
            value = name
        elif self._random.random() < 0.2 and version == "4":
            return "ip saddr . tcp dport {0}@pairs4".format(self._maybe_not())
        else:
            value = self._random.choice(networks)
        return "{0} {1} {2}{3}".format(header, side, self._maybe_not(), value)

    def _ports(self) -> str:
        if self._random.random() < 0.3:
            return self._maybe_not() + "@ports"
        return "{0}{{ {1} }}".format(self._maybe_not(), ", ".join(self._some(PORTS, 1, 4)))

    def _maybe_not(self) -> str:
        return "!= " if self._random.random() < 0.2 else ""

    def _some(self, values: Sequence[str], least: int, most: int) -> List[str]:
        return self._random.sample(values, self._random.randint(least, most))
