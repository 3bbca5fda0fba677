# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random rulesets for iptables-restore and ip6tables-restore, of what the analysis promises to understand."""

from __future__ import annotations

import random
from typing import List, Sequence

from case import Rules

PORTS = ("22", "25", "80:90", "465", "587", "990:999", "1024:", ":21", "26")
NETWORKS = {
    4: ("198.51.100.0/24", "198.51.100.7", "128.0.0.0/1", "10.0.0.0/8"),
    6: ("2001:db8:51::/48", "2001:db8:51::7", "8000::/1", "2001:db8::20/124"),
}
RANGES = {
    4: ("198.51.100.5-198.51.100.9", "203.0.113.0-203.0.113.99", "10.0.0.9-10.0.0.5"),
    6: ("2001:db8:51::5-2001:db8:51::9", "2001:db8::-2001:db8:52::"),
}
INTERFACES = ("eth0", "eth1", "lo", "e+", "wg+", "ens3")
PING = {
    4: ("-p icmp", "icmp", "--icmp-type", ("8", "13", "17", "8/0", "17/1", "any")),
    6: ("-p ipv6-icmp", "icmp6", "--icmpv6-type", ("128", "135", "129", "128/0", "128/1")),
}
TARGETS = ("ACCEPT", "ACCEPT", "ACCEPT", "DROP", "REJECT", "RETURN", "LOG")


class Generator:
    """Rulesets by chance; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def ruleset(self) -> Rules:
        """A filter table for each family, of one variant."""
        tracked = self._random.random() < 0.3
        variant = self._random.choice(("nft", "legacy"))
        return Rules(
            xtables={
                "iptables-" + variant: self._filter_table(4, tracked),
                "ip6tables-" + variant: self._filter_table(6, tracked),
            }
        )

    def _filter_table(self, family: int, tracked: bool) -> str:
        users = ["U{0}".format(number) for number in range(self._random.randrange(4))]
        policy = self._random.choice(("DROP", "DROP", "ACCEPT"))
        lines = ["*filter", ":INPUT {0} [0:0]".format(policy), ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]"]
        lines += [":{0} - [0:0]".format(user) for user in users]
        # A chain jumps only to those before it, so that there is no circle.
        for index, user in enumerate(users):
            lines += self._rules(user, family, users[:index], tracked)
        lines += self._rules("INPUT", family, users, tracked) + ["COMMIT", ""]
        return "\n".join(lines)

    def _rules(self, chain: str, family: int, callees: Sequence[str], tracked: bool) -> List[str]:
        return [
            "-A {0} {1} {2}".format(chain, self._matches(family, tracked), self._target(callees))
            for _time in range(self._random.randrange(1, 8))
        ]

    def _target(self, callees: Sequence[str]) -> str:
        if callees and self._random.random() < 0.4:
            return self._random.choice(("-j ", "-j ", "-g ")) + self._random.choice(callees)
        return "-j " + self._random.choice(TARGETS)

    def _matches(self, family: int, tracked: bool) -> str:
        parts: List[str] = []
        if self._random.random() < 0.35:
            side = self._random.choice(("-s", "-s", "-d"))
            parts.append("{0}{1} {2}".format(self._maybe_not(), side, self._random.choice(NETWORKS[family])))
        if self._random.random() < 0.25:
            parts.append("{0}-i {1}".format(self._maybe_not(), self._random.choice(INTERFACES)))
        kind = self._random.random()
        if kind < 0.35:
            protocol = self._random.choice(("tcp", "tcp", "udp", "sctp"))
            side = self._random.choice(("--dport", "--dport", "--sport"))
            port = self._random.choice(PORTS)
            parts.append("-p {0} -m {0} {1}{2} {3}".format(protocol, self._maybe_not(), side, port))
        elif kind < 0.6:
            protocol = self._random.choice(("tcp", "tcp", "udp", "sctp"))
            side = self._random.choice(("--dports", "--dports", "--sports", "--ports"))
            ports = [port for port in self._random.sample(PORTS, 3) if port[0] != ":" and port[-1] != ":"] or ["25"]
            parts.append("-p {0} -m multiport {1}{2} {3}".format(protocol, self._maybe_not(), side, ",".join(ports)))
        elif kind < 0.7:
            protocol, module, option, types = PING[family]
            parts.append("{0} -m {1} {2} {3}".format(protocol, module, option, self._random.choice(types)))
        elif kind < 0.75:
            parts.append(
                "-p tcp -m tcp "
                + self._random.choice(("--syn", "! --syn", "--tcp-flags SYN,ACK SYN", "--tcp-flags ACK ACK"))
            )
        elif kind < 0.85:
            parts.append("{0}-p {1}".format(self._maybe_not(), self._random.choice(("tcp", "udp", "gre", "132"))))
        if self._random.random() < 0.15:
            side = self._random.choice(("--src-range", "--src-range", "--dst-range"))
            parts.append("-m iprange {0}{1} {2}".format(self._maybe_not(), side, self._random.choice(RANGES[family])))
        if tracked and self._random.random() < 0.4:
            states = self._random.sample(("NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"), 2)
            parts.append("-m conntrack {0}--ctstate {1}".format(self._maybe_not(), ",".join(states)))
        if self._random.random() < 0.1:
            parts.append('-m comment --comment "it is -j ACCEPT"')
        return " ".join(parts)

    def _maybe_not(self) -> str:
        return "! " if self._random.random() < 0.2 else ""
