# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random iptables rulesets for a host that is known: raw, mangle, nat and filter, of either variant, with ipsets."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from arrangements import BEHIND, OWN
from case import Rules
from generator_xtables import INTERFACES, NETWORKS, Generator

MARKS = ("0x1", "0x2", "0x5", "0x10", "0xff")
SERVICES = ("22", "25", "80", "465", "587", "993", "2525", "8080")
#: Table, its chains, and the most rules in each.
TABLES: Tuple[Tuple[str, Tuple[str, ...]], ...] = (
    ("raw", ("PREROUTING",)),
    ("mangle", ("PREROUTING", "INPUT", "FORWARD", "POSTROUTING")),
    ("nat", ("PREROUTING", "INPUT", "POSTROUTING")),
    ("filter", ("INPUT", "FORWARD")),
)
CHANCES = (
    "-m limit --limit 1/hour --limit-burst 3",
    "-m statistic --mode random --probability 0.5",
    "-m hashlimit --hashlimit-upto 3/hour --hashlimit-burst 3 --hashlimit-mode srcip --hashlimit-name h",
    "-m recent --name r --rcheck --seconds 60",
    "-m connlimit --connlimit-above 2",
    "-m time --timestart 00:00 --timestop 12:00",
    "-m quota --quota 400",
)


class WayGenerator(Generator):
    """Rulesets by chance; the same seed makes the same ones. ``chances``: how often something depends on the run.
    ``with_effects``: whether rules change packets, too."""

    def __init__(self, seed: int, chances: float = 0.1, with_effects: bool = True) -> None:
        super().__init__(seed)
        self._chances = chances
        self._tables = TABLES if with_effects else TABLES[-1:]
        self._by_chance = False
        self._sets: Dict[int, List[Tuple[str, int]]] = {4: [], 6: []}

    def ruleset(self) -> Rules:
        self._by_chance = self._random.random() < self._chances
        with_sets = self._random.random() < 0.4
        ipset = "".join(self._set_of(family, number) for family in (4, 6) for number in range(3)) if with_sets else ""
        if not with_sets:
            self._sets = {4: [], 6: []}
        texts = {}
        for family, tool in ((4, "iptables"), (6, "ip6tables")):
            variant = self._random.choice(("nft", "legacy"))
            texts["{0}-{1}".format(tool, variant)] = "".join(
                self._table(family, table, chains)
                for table, chains in self._tables
                if table == "filter" or self._random.random() < 0.6
            )
        return Rules(xtables=texts, ipset=ipset)

    def _set_of(self, family: int, number: int) -> str:
        """One set and its members; its name and how many directions it takes are kept for the rules."""
        some = self._random
        word = "inet" if family == 4 else "inet6"
        name = "s{0}{1}".format(family, number)
        addresses = [*BEHIND[family], *OWN[family], NETWORKS[family][1]]
        networks = [
            network if "/" in network else network + ("/30" if family == 4 else "/126") for network in NETWORKS[family]
        ]
        networks = [network for network in networks if not network.endswith("/1")]
        kind = some.choice(("hash:ip", "hash:net", "hash:ip,port", "hash:net,port", "bitmap:port", "hash:net,iface"))
        members: List[str] = []
        for _member in range(some.randrange(5)):
            port = "{0}:{1}".format(some.choice(("tcp", "tcp", "udp", "sctp")), some.choice((*SERVICES, "80-90")))
            network = some.choice(networks)
            members.append(
                {
                    "hash:ip": some.choice(addresses),
                    "hash:net": network + some.choice(("", "", " nomatch")),
                    "hash:ip,port": "{0},{1}".format(some.choice(addresses), port),
                    "hash:net,port": "{0},{1}".format(network, port),
                    "bitmap:port": some.choice((*SERVICES, "990-999")),
                    "hash:net,iface": "{0},{1}".format(network, some.choice(("eth0", "wg0"))),
                }[kind]
            )
        head = "range 0-65535" if kind == "bitmap:port" else "family {0} hashsize 1024 maxelem 65536".format(word)
        self._sets[family].append((name, kind.count(",") + 1))
        seen = dict.fromkeys(members)
        distinct = [member for member in seen if not (member.endswith(" nomatch") and member[:-8] in seen)]
        return (
            "\n".join(
                ["create {0} {1} {2}".format(name, kind, head)]
                + ["add -exist {0} {1}".format(name, member) for member in distinct]
            )
            + "\n"
        )

    def _table(self, family: int, table: str, chains: Sequence[str]) -> str:
        users = ["U{0}".format(number) for number in range(self._random.randrange(3))]
        policies = ("ACCEPT", "ACCEPT", "DROP") if table in ("filter", "mangle") else ("ACCEPT",)
        lines = ["*" + table]
        lines += [":{0} {1} [0:0]".format(chain, self._random.choice(policies)) for chain in chains]
        lines += [":{0} - [0:0]".format(user) for user in users]
        for index, user in enumerate(users):
            lines += self._way_rules(user, family, table, users[:index])
        for chain in chains:
            if self._random.random() < 0.75:
                lines += self._way_rules(chain, family, table, users)
        return "\n".join([*lines, "COMMIT", ""])

    def _way_rules(self, chain: str, family: int, table: str, callees: Sequence[str]) -> List[str]:
        rules = []
        for _rule in range(self._random.randrange(1, 7)):
            matches = self._matches(family, tracked=True)
            early = chain in ("PREROUTING", "INPUT")
            if not early and chain[0] != "U" and " -i " in " " + matches and chain == "POSTROUTING":
                matches = ""
            extra = [self._more(family, table, chain) for _more in range(self._random.choice((0, 0, 1, 1, 2)))]
            if sum("-o " in part for part in extra) > 1:
                extra = extra[:1]
            target = self._way_target(family, table, chain, callees, matches)
            if target.startswith("+"):  # a target that needs a protocol with ports
                protocol = self._random.choice(("tcp", "udp"))
                matches = "-p {0} -m {0} --dport {1}".format(protocol, self._random.choice((*SERVICES, "1000:2999")))
                target = target[1:]
            if target.startswith("="):  # one network to another
                networks = ("10.0.0.0/24", "192.0.2.0/24") if family == 4 else ("fd00:10::/112", "2001:db8::/112")
                matches = "-d " + self._random.choice(networks)
                target = target[1:]
            rules.append(
                " ".join(part for part in ("-A", chain, matches, *extra, "-j", target) if part).replace("-j -g", "-g")
            )
        return rules

    def _more(self, family: int, table: str, chain: str) -> str:
        some = self._random.choice
        kind = self._random.randrange(11)
        no = self._maybe_not()
        if kind == 0:
            return "-m mark {0}--mark {1}{2}".format(no, some(("0x0", *MARKS)), some(("", "/0xf", "/0x4")))
        if kind == 1:
            return "-m connmark {0}--mark {1}{2}".format(no, some(("0x0", *MARKS)), some(("", "/0xf")))
        if kind == 2:
            return "-m addrtype {0}--dst-type {1}".format(
                no, some(("LOCAL", "LOCAL", "UNICAST", *(("BROADCAST",) if family == 4 else ())))
            )
        if kind == 3 and chain == "PREROUTING" and table != "nat":
            return "-m rpfilter" + some(("", " --invert"))
        if kind == 4 and chain in ("FORWARD", "POSTROUTING"):
            return "{0}-o {1}".format(no, some((*INTERFACES, "docker0")))
        if kind == 5:
            return "-m conntrack {0}--ctorigdst {1}".format(no, some(OWN[family]))
        if kind == 6:
            return "-m conntrack {0}--ctstate {1}".format(
                no, some(("DNAT", "NEW", "UNTRACKED", "INVALID", "DNAT,SNAT"))
            )
        if kind == 7 and self._sets[family]:
            name, directions = some(self._sets[family])
            words = ",".join(some(("src", "src", "dst")) for _direction in range(directions))
            return "-m set {0}--match-set {1} {2}".format(no, name, words)
        if kind == 8 and self._by_chance:
            return some(CHANCES)
        if kind == 9:
            return some(("-m pkttype --pkt-type unicast", "-m pkttype ! --pkt-type unicast"))
        if kind == 10:
            return "-m conntrack {0}--ctorigsrc {1}".format(no, some(NETWORKS[family]))
        return ""

    def _way_target(self, family: int, table: str, chain: str, callees: Sequence[str], matches: str) -> str:
        some = self._random.choice
        if callees and self._random.random() < 0.25:
            return some(("", "", "-g ")) + some(callees)
        if table == "raw":
            return some(
                ("CT --notrack", "ACCEPT", "DROP", "RETURN", "MARK --set-xmark {0}/0xffffffff".format(some(MARKS)))
            )
        if table == "mangle":
            return some(
                (
                    "MARK --set-xmark {0}/0xffffffff".format(some(MARKS)),
                    "MARK --set-xmark {0}/{1}".format(some(MARKS), some(("0xf", "0x5"))),
                    "MARK --or-mark " + some(MARKS),
                    "MARK --and-mark " + some(MARKS),
                    "MARK --xor-mark " + some(MARKS),
                    "CONNMARK --save-mark",
                    "CONNMARK --restore-mark",
                    "CONNMARK --set-xmark {0}/0xffffffff".format(some(MARKS)),
                    "CONNMARK --restore-mark --nfmask 0xf --ctmask 0x5",
                    "ACCEPT",
                    "DROP",
                    "RETURN",
                )
            )
        if table == "nat":
            return self._nat_target(family, chain)
        return some(("ACCEPT", "ACCEPT", "ACCEPT", "DROP", "REJECT", "RETURN", "LOG"))

    def _nat_target(self, family: int, chain: str) -> str:
        """In user chains too, so that a ruleset may be refused where another hook leads there."""
        some = self._random.choice
        if chain in ("INPUT", "POSTROUTING"):
            return some(("ACCEPT", "RETURN", *(("MASQUERADE",) if chain == "POSTROUTING" else ())))
        if chain != "PREROUTING":
            return some(("ACCEPT", "RETURN"))
        address = some((*BEHIND[family], *OWN[family]))
        bracketed = address if family == 4 else "[{0}]".format(address)
        kind = self._random.random()
        if kind < 0.15:
            return some(("ACCEPT", "RETURN"))
        if kind < 0.35:
            return "+REDIRECT --to-ports " + some(SERVICES)
        if kind < 0.45:
            return "=NETMAP --to " + ("172.17.5.0/24" if family == 4 else "fd00:17::/112")
        if kind < 0.5 and self._by_chance:
            return "DNAT --to-destination " + ("172.17.0.2-172.17.0.4" if family == 4 else "fd00:17::2-fd00:17::4")
        if kind < 0.55:
            return "+DNAT --to-destination {0}:5000-6999/1000".format(bracketed)
        if kind < 0.85:
            return "+DNAT --to-destination {0}:{1}".format(bracketed, some(SERVICES))
        return "DNAT --to-destination " + address
