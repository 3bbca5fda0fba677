# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The language of iptables and ipset, a ruleset for each option: what the kernel makes of it, and what the analysis.

``python tests/kernel/language_xtables.py [PROBES]`` tries all of it; test_language_xtables.py a part.
"""

from __future__ import annotations

import sys
from typing import List, Tuple

from runs import HOUSE, Lab, Rules, analysed_live, house_probes, judged

SETS = """create a hash:ip family inet
add a 198.51.100.7
add a 192.0.2.25
create n hash:net family inet counters comment
add n 198.51.100.0/24
add n 198.51.100.0/25 nomatch comment "nomatch timeout 5"
add n 198.51.100.4/30
add n 10.0.0.0/8
create ip hash:ip,port family inet
add ip 198.51.100.7,tcp:25
add ip 198.51.100.7,udp:53
add ip 198.51.100.7,icmp:8/0
add ip 198.51.100.7,47:0
create np hash:net,port family inet
add np 198.51.100.0/24,sctp:25
add np 10.0.0.0/8,tcp:20-30
create i hash:net,iface family inet
add i 198.51.100.0/24,eth0
add i 198.51.100.0/25,eth1
add i 0.0.0.0/0,ens3
add i 10.0.0.0/8,eth wildcard
create p bitmap:port range 0-65535
add p 25
add p 53
create g bitmap:ip range 10.0.0.0/16 netmask 24
add g 10.0.0.0
add g 10.0.5.0
create mask hash:ip family inet netmask 25
add mask 198.51.100.7
create ipn hash:ip,port,net family inet
add ipn 192.0.2.25,tcp:25,198.51.100.0/24
add ipn 192.0.2.25,tcp:25,198.51.100.0/29 nomatch
create six hash:net family inet6
add six 2001:db8:51::/48
add six 2001:db8:51::7 nomatch
create both list:set
add both a
add both six
add both p
"""
SET_OPTIONS = (
    "a src", "a dst", "n src", "n src --return-nomatch", "ip src,dst", "ip src,src", "np src,dst", "i src,src",
    "i src,src --return-nomatch", "i src,dst", "p dst", "p src", "p src,dst", "g src", "mask src", "ipn dst,dst,src",
    "both src", "both dst", "ip src",
)  # fmt: skip
SET_OPTIONS_6 = ("six src", "both src", "p dst", "six src --return-nomatch")
CONNTRACK_OPTIONS = (
    "--ctstate UNTRACKED,NEW --ctproto 17", "--ctstate UNTRACKED,NEW --ctproto 6 --ctorigsrc 10.0.0.0/8", "! --ctproto 6",
    "! --ctstate NEW", "--ctstatus NONE", "! --ctstatus NONE", "! --ctstatus CONFIRMED", "--ctdir ORIGINAL",
    "--ctreplsrc 192.0.2.25", "--ctproto 6 --ctorigdstport 25", "--ctproto 6 ! --ctorigdstport 25",
    "--ctorigdst 192.0.2.25 --ctrepldst 198.51.100.7", "--ctstate DNAT", "! --ctstate DNAT", "--ctstate DNAT,NEW",
)  # fmt: skip
OPTIONS = (
    "-m helper ! --helper ftp", "-m helper --helper ftp", "-m recent --set --name x", "-m physdev ! --physdev-is-bridged",
    "-m physdev --physdev-in eth0", "-m addrtype --src-type LOCAL", "-m addrtype ! --src-type LOCAL",
    "-m addrtype --src-type UNICAST", "-m addrtype --src-type BROADCAST", "-m addrtype --dst-type UNICAST",
    "-m pkttype --pkt-type unicast", "-f", "! -f", "-p icmp -m icmp --icmp-type 8/0",
    "-p icmp -m icmp ! --icmp-type 3/1", "-p icmp -m icmp --icmp-type any",
)  # fmt: skip
OPTIONS_6 = (
    "-m addrtype --dst-type LOCAL", "-m addrtype --dst-type UNICAST", "-m addrtype ! --dst-type UNICAST",
    "-m addrtype --dst-type LOCAL,UNICAST", "-m addrtype --dst-type MULTICAST", "-m addrtype --src-type LOCAL",
    "-m addrtype --src-type UNICAST", "-m addrtype ! --src-type LOCAL", "-m ipv6header --header hop-by-hop --soft",
    "-m ipv6header ! --header frag --soft", "-m ipv6header ! --header frag", "-m ipv6header --header frag",
    "-m frag ! --fragid 0:5", "-m rt --rt-type 0", "-m eui64", "-p ipv6-icmp -m icmp6 --icmpv6-type 128/0",
)  # fmt: skip
REVERSE_PATHS = ("", " --invert", " --loose", " --loose --invert", " --accept-local", " --validmark")
NAT_TARGETS = (
    "DNAT --to-destination 172.17.0.2:8080", "DNAT --to-destination 172.17.0.2-172.17.0.5:8080-8090",
    "REDIRECT --to-ports 25", "REDIRECT", "DNAT --to-destination :8080-8084/80", "REDIRECT --to-ports 30-40",
)  # fmt: skip


def table(name: str, chains: str, *rules: str, policy: str = "ACCEPT") -> str:
    heads = [":{0} {1} [0:0]".format(chain, policy) for chain in chains.split()]
    return "\n".join(["*" + name, *heads, *rules, "COMMIT", ""])


def accepting(options: str, chains: str = "INPUT FORWARD") -> str:
    rules = ["-A {0} {1} -j ACCEPT".format(chain, options) for chain in chains.split()]
    return table("filter", chains, *rules, policy="DROP")


def early(name: str, *rules: str) -> str:
    return table(name, "PREROUTING", *["-A PREROUTING " + rule for rule in rules])


MARKING = early("mangle", "-p tcp -j MARK --set-mark 5", "-p udp -j CONNMARK --set-mark 6")
NO_TRACK = early("raw", "-p udp -j CT --notrack")
TRANSLATING = early(
    "nat",
    "-p tcp --dport 2525 -j REDIRECT --to-ports 25",
    "-p tcp --dport 80:90 -j DNAT --to-destination :8080-8084/80",
)


def _texts() -> List[Tuple[int, str]]:
    found = [
        (4, accepting("-m set {0}--match-set {1}".format(no, words))) for words in SET_OPTIONS for no in ("", "! ")
    ]
    found += [
        (6, accepting("-m set {0}--match-set {1}".format(no, words))) for words in SET_OPTIONS_6 for no in ("", "! ")
    ]
    found += [(4, NO_TRACK + TRANSLATING + accepting("-m conntrack " + words)) for words in CONNTRACK_OPTIONS]
    found += [(4, accepting(words)) for words in OPTIONS] + [(6, accepting(words)) for words in OPTIONS_6]
    found += [
        (4, accepting("-m addrtype {0}--dst-type LOCAL --limit-iface-in".format(no), "INPUT")) for no in ("", "! ")
    ]
    found += [
        (family, early("raw", "-m rpfilter{0} -j DROP".format(words))) for words in REVERSE_PATHS for family in (4, 6)
    ]
    found += [
        (4, NO_TRACK + accepting("-m connmark ! --mark 1")),
        (4, NO_TRACK + MARKING + accepting("-m connmark --mark 6")),
        (4, MARKING + accepting("-m mark --mark 0x4/0x4")),
        (4, MARKING + accepting("-m connmark --mark 0x6/0x6")),
        (4, early("raw", "-m conntrack --ctstate INVALID -p tcp -j DROP", "-m conntrack ! --ctproto 17 -j DROP")),
        (
            4,
            early("raw", "-p tcp -j CT --zone 5", "-m conntrack --ctstate INVALID -p tcp -j DROP", "-p tcp -j NOTRACK")
            + accepting("-m conntrack --ctstate UNTRACKED"),
        ),
        (4, early("nat", "-d 192.0.2.0/24 -j NETMAP --to 172.17.0.0/24") + accepting("-p tcp")),
        (4, early("mangle", "-p tcp --dport 25 -j TPROXY --on-port 50080 --tproxy-mark 0x1/0x1")),
    ]
    opened = table(
        "filter",
        "INPUT FORWARD",
        "-A INPUT -p tcp -m multiport --dports 25,8080:8083,2525 -j ACCEPT",
        "-A FORWARD -p tcp -j ACCEPT",
        policy="DROP",
    )
    found += [
        (4, early("nat", "-p tcp -m multiport --dports 80:90,2525 -j " + target) + opened) for target in NAT_TARGETS
    ]
    return found


#: Each of one family; nft's and legacy's iptables by turns.
CASES: Tuple[Rules, ...] = tuple(
    Rules(
        xtables={"{0}-{1}".format("iptables" if family == 4 else "ip6tables", ("nft", "legacy")[number % 2]): text},
        ipset=SETS if "-m set" in text else "",
    )
    for number, (family, text) in enumerate(_texts())
)


def disagreements(rules: Rules, seed: int, probes: int) -> Tuple[int, Tuple[str, ...]]:
    """How many probes, and what the kernel says otherwise than the analysis."""
    with Lab(HOUSE) as lab:
        lab.load(rules)
        analysis = analysed_live(lab)
        found = judged(lab, analysis, house_probes(rules, analysis, seed, probes))
    return found.probes, found.disagreements


def main(by_chance: int) -> int:
    total = wrong = 0
    for seed, rules in enumerate(CASES):
        probes, faults = disagreements(rules, seed, by_chance)
        total += probes
        wrong += len(faults)
        if faults:
            print("{0}\n{1} of {2}: {3}".format(rules.text, len(faults), probes, faults[0]))
    print("{0} rulesets, {1} probes, {2} disagreements".format(len(CASES), total, wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
