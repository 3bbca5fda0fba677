# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random nftables rulesets for a host that is known: all hooks, NAT, marks, conntrack, routes, and now and then chance."""

from __future__ import annotations

from typing import List, Sequence, Tuple

from arrangements import BEHIND, OWN
from case import Rules
from generator import INTERFACES, NETWORKS4, NETWORKS6, PORTS, Generator, first_consistent

#: Hook, kind and priorities. Chains of one priority come in any order; those where the order of registration would decide
#: between nft and the kernel itself (-200, and -100 of filter chains) are left out.
PLACES: Tuple[Tuple[str, str, Tuple[int, ...]], ...] = (
    ("prerouting", "filter", (-300, -300, -250, -150, -150, -140, -90, 0, 10)),
    ("prerouting", "nat", (-100, -100, -90, -110, 0)),
    ("input", "filter", (-150, 0, 0, 0, 10, 99, 101)),
    ("input", "nat", (100, 50)),
    ("forward", "filter", (-150, 0, 0, 10)),
    # Not after 100: what masquerade has made of the source is not followed.
    ("postrouting", "filter", (-150, 0, 50)),
    ("postrouting", "nat", (100, 90)),
)
OFTEN = (0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 4, 4, 4, 5, 6)
MARKS = ("0x1", "0x2", "0x5", "0x10", "0xff")
MASKS = ("0x1", "0x4", "0xf", "0xf0")
SERVICES = ("22", "25", "80", "465", "587", "993", "2525", "8080")
CHANCES = (
    "limit rate 1/day burst 3 packets",
    "limit rate over 5/day burst 5 packets",
    "numgen random mod 2 == 0",
    "meta hour 00:00-12:00",
    "quota over 400 bytes",
)


class WayGenerator(Generator):
    """Rulesets by chance; the same seed makes the same ones. ``chances``: how often something depends on the run.
    ``with_effects``: whether rules change packets, too."""

    def __init__(self, seed: int, chances: float = 0.1, with_effects: bool = True) -> None:
        super().__init__(seed)
        self._chances = chances
        self._with_effects = with_effects
        self._by_chance = False
        self._hook = ""

    def ruleset(self) -> Rules:
        self._by_chance = self._random.random() < self._chances
        tables = [self._way_table("t{0}".format(number)) for number in range(self._random.choice((1, 1, 2, 2, 3)))]
        if self._random.random() < 0.15:
            tables.append(self._ingress_table())
        self._random.shuffle(tables)
        return Rules(
            nft="\n".join([*tables, "table inet tracks { chain c { ct state established accept; ct state new; }; }\n"])
        )

    def _ingress_table(self) -> str:
        self._hook = "ingress"
        head = "type filter hook ingress devices = {{ {0} }} priority {1}; policy accept;".format(
            ", ".join(self._some(INTERFACES[:2] + INTERFACES[3:], 1, 3)), self._random.choice((-500, 0, 7))
        )
        rules = [
            self._way_rule("netdev", [], ("drop", "accept", "return")) for _rule in range(self._random.randrange(1, 4))
        ]
        return "table netdev early {{\n{0}\n}}\n".format(_chain_text("in", head, rules))

    def _way_table(self, name: str) -> str:
        family = self._random.choice(("inet", "inet", "inet", "ip", "ip6"))
        chains: List[str] = []
        users = ["u{0}".format(number) for number in range(self._random.randrange(3))]
        self._hook = "any"
        for index, user in enumerate(users):
            chains.append(_chain_text(user, "", self._way_rules(family, users[:index], 5)))
        translators = (
            ["n{0}".format(number) for number in range(self._random.randrange(2))] if self._with_effects else []
        )
        self._hook = "nat"
        for translator in translators:
            chains.append(_chain_text(translator, "", self._nat_rules(family, [])))
        for number in range(self._random.choice((1, 2, 2, 3, 4, 5))):
            hook, kind, priorities = PLACES[self._random.choice(OFTEN)]
            if not self._with_effects and kind == "nat":
                continue
            self._hook = hook
            head = "type {0} hook {1} priority {2}; policy {3};".format(
                kind,
                hook,
                self._random.choice(priorities),
                self._random.choice(("accept", "accept", "drop")) if kind == "filter" else "accept",
            )
            if kind == "nat" and hook == "prerouting":
                rules = self._nat_rules(family, translators)
            elif kind == "nat":
                # Behind a masquerade, other chains of type nat are skipped.
                verdicts = ("accept", "drop", "return") if hook == "input" else ("accept", "return")
                rules = self._way_rules(family, [], 3, verdicts)
                if hook == "postrouting" and self._random.random() < 0.5:
                    rules.append("masquerade")
            else:
                rules = self._way_rules(family, users, 7)
            chains.append(_chain_text("b{0}".format(number), head, rules))
        flags = "  flags dormant\n" if self._random.random() < 0.04 else ""
        return "table {0} {1} {{\n{2}{3}\n{4}\n}}\n".format(family, name, flags, self._sets(family), "\n".join(chains))

    def _way_rules(
        self,
        family: str,
        callees: Sequence[str],
        most: int,
        verdicts: Sequence[str] = ("accept", "accept", "accept", "drop", "return"),
    ) -> List[str]:
        return [self._way_rule(family, callees, verdicts) for _rule in range(self._random.randrange(1, most + 1))]

    def _way_rule(self, family: str, callees: Sequence[str], verdicts: Sequence[str]) -> str:
        return first_consistent(lambda: self._any_way_rule(family, callees, verdicts))

    def _any_way_rule(self, family: str, callees: Sequence[str], verdicts: Sequence[str]) -> str:
        if self._random.random() < 0.15 and family != "netdev":
            return self._rule(family, callees, tracked=True, early=True)
        parts = self._way_matches(family)
        chance = self._random.random()
        if not self._with_effects:
            chance = max(chance, 0.4)
        if chance < 0.35 and self._hook != "ingress":
            parts.append(self._effect())
        elif chance < 0.4 and family != "netdev":
            parts.append(self._mark_map())
        if family != "netdev" and self._random.random() < 0.1:
            return " ".join([*parts, self._map_of_verdicts(callees)])
        if callees and self._random.random() < 0.3:
            parts.append(self._random.choice(("jump ", "jump ", "goto ")) + self._random.choice(callees))
        elif chance > 0.2 or len(parts) < 2:
            parts.append(self._random.choice(verdicts))
        return " ".join(parts)

    def _way_matches(self, family: str) -> List[str]:
        if family == "netdev":
            return self._random.choice(
                (
                    ["tcp dport", self._ports_plain()],
                    ["meta l4proto", self._random.choice(("tcp", "udp", "sctp"))],
                    ["ip saddr", self._random.choice(("198.51.100.0/24", "10.0.0.0/8"))],
                    ["ip6 daddr", "2001:db8::25", "udp dport", self._ports_plain()],
                    ["meta mark", self._random.choice(("0", "0x1"))],
                )
            )
        matches = self._matches(family, tracked=True)
        for choice in self._random.sample(range(16), self._random.choice((0, 1, 1, 2, 3))):
            matches.append(self._condition(choice, family))
        if self._by_chance and self._random.random() < 0.25:
            matches.append(self._random.choice(CHANCES))
        return [match for match in matches if match]

    def _condition(self, choice: int, family: str) -> str:
        some = self._random.choice
        if choice == 0:
            return "meta mark {0}{1}".format(self._maybe_not(), some(("0", *MARKS)))
        if choice == 1:
            return "meta mark & {0} {1} {2}".format(some(MASKS), some(("==", "!=")), some(("0", "0x1", "0x4", "0x10")))
        if choice == 2:
            return "ct mark {0}{1}".format(self._maybe_not(), some(("0", *MARKS)))
        if choice == 3:
            return "ct status {0}{1}".format(some(("", "", "! ")), some(("dnat", "snat", "dnat")))
        if choice == 4:
            return "fib daddr type {0}{1}".format(self._maybe_not(), some(("local", "local", "unicast", "broadcast")))
        if choice == 5 and self._hook == "prerouting":
            return "fib saddr . iif oif {0}".format(some(("missing", "exists")))
        if choice == 6:
            names = self._some((*INTERFACES, '"docker0"'), 1, 2)
            return "oifname {0}{{ {1} }}".format(self._maybe_not(), ", ".join(names))
        if choice == 7:
            version = {"ip": 4, "ip6": 6}.get(family, some((4, 6)))
            word = "ip" if version == 4 else "ip6"
            return "ct original {0} daddr {1}{2}".format(word, self._maybe_not(), some(OWN[version]))
        if choice == 8:
            return "meta l4proto {{ tcp, udp }} ct original proto-dst {0}{{ {1} }}".format(
                self._maybe_not(), ", ".join(self._some(PORTS, 1, 2))
            )
        return self._plain_condition(choice, family)

    def _plain_condition(self, choice: int, family: str) -> str:
        """What does not change on the way."""
        some = self._random.choice
        version = {"ip": 4, "ip6": 6}.get(family, some((4, 6)))
        if choice == 9:
            return "{0} code {1}{{ 0, 4 }}".format("icmp" if version == 4 else "icmpv6", self._maybe_not())
        if choice == 10:
            pairs = ["{0} . {1}".format(some(INTERFACES), some(PORTS)) for _pair in range(3)]
            return "iifname . {0} dport {1}{{ {2} }}".format(
                some(("tcp", "udp")), self._maybe_not(), ", ".join(_disjoint(pairs))
            )
        if choice == 11:
            pairs = ["{0} . {1}".format(some(("0", *MARKS)), some(INTERFACES)) for _pair in range(3)]
            return "meta mark . iifname {0}{{ {1} }}".format(self._maybe_not(), ", ".join(_disjoint(pairs)))
        if choice == 12:
            return some(
                (
                    "tcp flags syn",
                    "tcp flags & (fin | syn | rst | ack) == syn",
                    "tcp flags & ack == ack",
                    "tcp flags != syn",
                )
            )
        if choice == 13:
            return some(("ct direction original", "ct direction reply", "meta pkttype host", "meta pkttype != host"))
        if choice == 14:
            word, networks = ("ip", NETWORKS4) if version == 4 else ("ip6", NETWORKS6)
            pairs = ["{0} . {1}".format(some(networks), some(OWN[version])) for _pair in range(2)]
            return "{0} saddr . {0} daddr {1}{{ {2} }}".format(word, self._maybe_not(), ", ".join(_disjoint(pairs)))
        if choice == 15:
            return "iif {0}{1}".format(self._maybe_not(), some(INTERFACES))
        return ""

    def _map_of_verdicts(self, callees: Sequence[str]) -> str:
        some = self._random.choice
        verdicts = ["accept", "drop", "return", "continue", *("jump " + callee for callee in callees)]
        keys, values = some(
            (("meta mark", ("0", *MARKS)), ("iifname", INTERFACES), ("ct mark", ("0", *MARKS)), ("tcp dport", SERVICES))
        )
        pairs = ["{0} : {1}".format(value, some(verdicts)) for value in self._some(values, 1, 3)]
        return "{0} vmap {{ {1} }}".format(keys, ", ".join(pairs))

    def _effect(self) -> str:
        some = self._random.choice
        return some(
            (
                "meta mark set " + some(MARKS),
                "meta mark set meta mark | " + some(MARKS),
                "meta mark set meta mark & " + some(("0xfffffff0", "0x5")),
                "meta mark set meta mark ^ " + some(MARKS),
                "ct mark set " + some(MARKS),
                "ct mark set meta mark",
                "meta mark set ct mark",
                "notrack",
                "counter",
            )
        )

    def _mark_map(self) -> str:
        pairs = ["{0} : {1}".format(port, self._random.choice(MARKS)) for port in self._some(SERVICES, 1, 3)]
        return "meta mark set tcp dport map {{ {0} }}".format(", ".join(pairs))

    def _nat_rules(self, family: str, callees: Sequence[str]) -> List[str]:
        return [
            first_consistent(lambda: self._nat_rule(family, callees)) for _rule in range(self._random.randrange(1, 6))
        ]

    def _nat_rule(self, family: str, callees: Sequence[str]) -> str:
        some = self._random.choice
        parts: List[str] = []
        if self._random.random() < 0.4:
            parts.append(self._condition(some((0, 1, 2, 4, 4)), family))
        if self._random.random() < 0.3:
            parts.append("iifname {0}{1}".format(self._maybe_not(), some((*INTERFACES, '"docker0"'))))
        protocol = some(("tcp", "tcp", "tcp", "udp"))
        ported = self._random.random() < 0.85
        if ported:
            parts.append("{0} dport {1}".format(protocol, self._ports_plain()))
        if self._random.random() < 0.1:
            parts.append("meta mark set " + some(MARKS))
        if callees and self._random.random() < 0.25:
            return " ".join([*parts, "jump " + some(callees)])
        return " ".join([*parts, self._nat_statement(family, protocol, ported)])

    def _nat_statement(self, family: str, protocol: str, ported: bool) -> str:
        some = self._random.choice
        version = {"ip": 4, "ip6": 6}.get(family, some((4, 4, 6)))
        word = "dnat to" if family != "inet" else "dnat ip to" if version == 4 else "dnat ip6 to"
        address = some((*BEHIND[version], *OWN[version]))
        bracketed = address if version == 4 else "[{0}]".format(address)
        kind = self._random.random()
        if kind < 0.12:
            return some(("accept", "accept", "return", "drop"))
        if kind < 0.3:
            return "redirect to :{0}".format(some(SERVICES)) if ported else "redirect"
        if kind < 0.4 and ported:
            targets = some((BEHIND, OWN))[version]
            pairs = ["{0} : {1}".format(port, some(targets)) for port in self._some(SERVICES, 1, 3)]
            return "{0} {1} dport map {{ {2} }}".format(word, protocol, ", ".join(pairs))
        if kind < 0.5 and self._by_chance:
            return "{0} {1}".format(word, "172.17.0.2-172.17.0.4" if version == 4 else "fd00:17::2-fd00:17::4")
        if kind < 0.55 and self._by_chance and ported:
            return "{0} {1}:1000-1003".format(word, bracketed)
        if kind < 0.85 and ported:
            return "{0} {1}:{2}".format(word, bracketed, some(SERVICES))
        return "{0} {1}".format(word, address)

    def _ports_plain(self) -> str:
        return "{{ {0} }}".format(", ".join(self._some(PORTS, 1, 4)))


def _disjoint(pairs: Sequence[str]) -> List[str]:
    """One of the pairs for each first part: nft refuses elements that overlap."""
    return (
        list({pair.split(" . ")[0]: pair for pair in pairs}.values())[:1]
        if "-" in "".join(pairs)
        else sorted(set(pairs))
    )


def _chain_text(name: str, head: str, rules: Sequence[str]) -> str:
    return "  chain {0} {{\n    {1}\n    {2}\n  }}".format(name, head, "\n    ".join(rules))
