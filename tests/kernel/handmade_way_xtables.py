# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handmade rulesets of iptables (both variants) and ipset whose traps lie on the way."""

from __future__ import annotations

from case import Journey
from packets import GRE, SCTP, TCP, UDP, ping, probe

DOCKER = """
*nat
:PREROUTING ACCEPT
:POSTROUTING ACCEPT
:DOCKER -
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 2525 -j DNAT --to-destination 172.17.0.2:25
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.3:80
COMMIT
*filter
:INPUT DROP
:FORWARD DROP
:DOCKER -
:DOCKER-USER -
-A INPUT -p tcp -m tcp --dport 2525 -j DROP
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER-USER -p tcp -m tcp --dport 2525 -j DROP
-A DOCKER-USER -s 203.0.113.0/24 -p tcp -m conntrack --ctorigdstport 8080 --ctdir ORIGINAL -j DROP
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 25 -j ACCEPT
-A DOCKER -d 172.17.0.3/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -m conntrack --ctstate DNAT -j ACCEPT
COMMIT
"""

_DOCKER_ANSWERS = (
    (probe(TCP, 2525), "172.17.0.2:25 on docker0"),
    (probe(TCP, 2525, interface="eth1", destination="10.0.0.1"), "172.17.0.2:25 on docker0"),
    (probe(TCP, 2525, interface="docker0"), ""),
    (probe(TCP, 2525, destination="8.8.8.8"), ""),
    (probe(TCP, 8080), "172.17.0.3:80 on docker0"),
    (probe(TCP, 8080, source="203.0.113.5"), ""),
    (probe(TCP, 25, destination="172.17.0.2"), "172.17.0.2:25 on docker0"),
    (probe(TCP, 80, destination="172.17.0.3"), ""),
    (probe(TCP, 22), "192.0.2.25:22"),
    (probe(TCP, 23), ""),
    (probe(UDP, 53, destination="8.8.8.8", interface="docker0"), "8.8.8.8:53 on eth0"),
    (probe(TCP, 2525, 6), "[2001:db8::25]:2525"),
)

JOURNEYS = (
    Journey(
        name="docker-legacy",
        trap="Docker's DNAT passes by INPUT; DOCKER-USER sees the container's port, --ctorigdstport the published one",
        xtables={"iptables-legacy": DOCKER},
        answers=_DOCKER_ANSWERS,
    ),
    Journey(
        name="docker-nft", trap="the same by iptables-nft", xtables={"iptables-nft": DOCKER}, answers=_DOCKER_ANSWERS
    ),
    Journey(
        name="both-filter",
        trap="legacy, iptables-nft and nftables all filter, and all must accept; of their NAT the one that matches acts",
        nft="""
table inet own {
  chain nat { type nat hook prerouting priority -150; tcp dport 1001 redirect to :25; }
  chain input { type filter hook input priority 10; policy drop; tcp dport { 25, 26, 27 } accept; }
}""",
        xtables={
            "iptables-legacy": """
*nat
:PREROUTING ACCEPT
-A PREROUTING -p tcp --dport 1002 -j REDIRECT --to-ports 26
-A PREROUTING -p tcp --dport 1001 -j REDIRECT --to-ports 27
COMMIT
*filter
:INPUT DROP
-A INPUT -p tcp -m multiport --dports 25,26,28 -j ACCEPT
COMMIT
""",
            "ip6tables-nft": "*filter\n:INPUT ACCEPT\n-A INPUT -p tcp --dport 27 -j REJECT\nCOMMIT\n",
        },
        answers=(
            (probe(TCP, 1001), "192.0.2.25:25"),
            (probe(TCP, 1002), "192.0.2.25:26"),
            (probe(TCP, 27), ""),
            (probe(TCP, 28), ""),
            (probe(TCP, 1002, 6), ""),
            (probe(TCP, 1001, 6), "[2001:db8::25]:25"),
            (probe(TCP, 27, 6), ""),
            (probe(TCP, 26, 6), "[2001:db8::25]:26"),
        ),
    ),
    Journey(
        name="xt-way",
        trap="raw, mangle and nat of iptables: marks, notrack, zones, port maps, NETMAP, reverse path",
        xtables={
            "iptables-legacy": """
*raw
:PREROUTING ACCEPT
-A PREROUTING -p tcp --dport 1 -j CT --notrack
-A PREROUTING -p tcp --dport 3 -m rpfilter --invert -j DROP
-A PREROUTING -p tcp --dport 4 -m addrtype ! --dst-type LOCAL -j DROP
COMMIT
*mangle
:PREROUTING ACCEPT
:FORWARD ACCEPT
-A PREROUTING -p tcp --dport 10:19 -j MARK --set-xmark 0x5/0xffffffff
-A PREROUTING -p tcp --dport 11 -j MARK --set-xmark 0x2/0x2
-A PREROUTING -p tcp --dport 12 -j MARK --and-mark 0x1
-A PREROUTING -p tcp --dport 13 -j CONNMARK --save-mark --nfmask 0x4 --ctmask 0xffffffff
-A PREROUTING -p tcp --dport 14 -j CONNMARK --set-xmark 0x9/0xffffffff
-A PREROUTING -p tcp --dport 14 -j CONNMARK --restore-mark --nfmask 0xf --ctmask 0x8
-A FORWARD -o docker0 -p tcp --dport 5500 -j DROP
COMMIT
*nat
:PREROUTING ACCEPT
-A PREROUTING -p tcp --dport 2500:3499 -j DNAT --to-destination 172.17.0.2:5000-5999/2500
-A PREROUTING -d 10.0.0.0/24 -p udp -j NETMAP --to 172.17.5.0/24
-A PREROUTING -p sctp -j DNAT --to-destination 172.17.0.9:25
-A PREROUTING -p 47 -j DNAT --to-destination 172.17.0.9
COMMIT
*filter
:INPUT DROP
:FORWARD ACCEPT
-A INPUT -p tcp --dport 1 -m conntrack --ctstate NEW -j ACCEPT
-A INPUT -p tcp -m multiport --dports 3,4 -j ACCEPT
-A INPUT -p tcp --dport 10 -m mark --mark 0x5 -j ACCEPT
-A INPUT -p tcp --dport 11 -m mark --mark 0x7 -j ACCEPT
-A INPUT -p tcp --dport 12 -m mark --mark 0x1 -j ACCEPT
-A INPUT -p tcp --dport 13 -m connmark --mark 0x4 -m mark --mark 0x5 -j ACCEPT
-A INPUT -p tcp --dport 14 -m mark --mark 0x8/0x8 -m connmark --mark 0x9 -j ACCEPT
-A INPUT -p tcp --dport 15 -m mark ! --mark 0x5 -j ACCEPT
-A INPUT -p tcp --dport 16 -m connmark --mark 0 -j ACCEPT
COMMIT
"""
        },
        answers=(
            (probe(TCP, 1), ""),
            *((probe(TCP, port), "192.0.2.25:{0}".format(port)) for port in (4, 10, 11, 12, 13, 14, 16)),
            (probe(TCP, 15), ""),
            (probe(TCP, 3), ""),
            (probe(TCP, 3, interface="ens3"), "192.0.2.25:3"),
            (probe(TCP, 4, destination="172.17.0.2"), ""),
            (probe(TCP, 2525), "172.17.0.2:5025 on docker0"),
            (probe(TCP, 3000), ""),
            (probe(UDP, 7, destination="10.0.0.1"), "172.17.5.1:7 on docker0"),
            (probe(SCTP, 9), "172.17.0.9:25 on docker0"),
            (probe(GRE, sport=0), "172.17.0.9 on docker0"),
        ),
    ),
    Journey(
        name="xt-zone",
        trap="behind a zone, notrack does nothing, and the state is new before conntrack",
        xtables={
            "iptables-legacy": """
*raw
:PREROUTING ACCEPT
-A PREROUTING -p tcp --dport 1:9 -j CT --zone 5
-A PREROUTING -p tcp --dport 2 -j CT --notrack
-A PREROUTING -p tcp --dport 3 -m conntrack --ctstate NEW -j DROP
-A PREROUTING -p tcp --dport 4 -m conntrack --ctstate INVALID -j DROP
COMMIT
*filter
:INPUT DROP
-A INPUT -p tcp --dport 1:9 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
"""
        },
        answers=(
            *((probe(TCP, port), "192.0.2.25:{0}".format(port)) for port in (1, 2, 4)),
            (probe(TCP, 3), ""),
            (probe(TCP, 10), ""),
        ),
    ),
    Journey(
        name="xt-untracked",
        trap="--ctstate counts untracked as a state; all else of conntrack matches nothing, even negated",
        xtables={
            "iptables-legacy": """
*raw
:PREROUTING ACCEPT
-A PREROUTING -j CT --notrack
COMMIT
*filter
:INPUT DROP
-A INPUT -p tcp --dport 1 -m conntrack ! --ctstate NEW -j ACCEPT
-A INPUT -p tcp --dport 2 -m conntrack ! --ctstate DNAT -j ACCEPT
-A INPUT -p tcp --dport 3 -m conntrack ! --ctorigdstport 7 -j ACCEPT
-A INPUT -p tcp --dport 4 -m connmark ! --mark 7 -j ACCEPT
-A INPUT -p tcp --dport 5 -m conntrack ! --ctstatus EXPECTED -j ACCEPT
-A INPUT -p tcp --dport 6 -m state ! --state INVALID -j ACCEPT
-A INPUT -p tcp --dport 7 -m conntrack --ctdir ORIGINAL -j ACCEPT
-A INPUT -p tcp --dport 8 -m conntrack --ctstate UNTRACKED -j ACCEPT
COMMIT
"""
        },
        answers=(
            *((probe(TCP, port), "192.0.2.25:{0}".format(port)) for port in (1, 2, 6, 8)),
            *((probe(TCP, port), "") for port in (3, 4, 5, 7)),
        ),
    ),
    Journey(
        name="ipsets",
        trap="sets are in no iptables-save: networks with exceptions, addresses with ports, sets of sets, both directions",
        ipset="""
create admins hash:net family inet hashsize 1024 maxelem 65536
add admins 198.51.100.0/24
add admins 198.51.100.128/25 nomatch
create doors hash:ip,port family inet hashsize 1024 maxelem 65536
add doors 198.51.100.7,tcp:587
add doors 198.51.100.7,udp:53
add doors 198.51.100.7,icmp:echo-request
create ports bitmap:port range 0-65535
add ports 993-995
create nets6 hash:net family inet6 hashsize 1024 maxelem 65536
add nets6 2001:db8:51::/48
create own4 hash:ip family inet hashsize 1024 maxelem 65536
add own4 192.0.2.25
add own4 172.17.0.2
create pairs hash:net,port family inet hashsize 1024 maxelem 65536
add pairs 203.0.113.0/24,tcp:25-26
create wires hash:net,iface family inet hashsize 1024 maxelem 65536
add wires 203.0.113.0/24,wg0
create all list:set size 8
add all admins
add all own4
""",
        xtables={
            "iptables-nft": """
*nat
:PREROUTING ACCEPT
-A PREROUTING -p tcp --dport 2525 -m set --match-set own4 dst -j DNAT --to-destination 172.17.0.2:25
COMMIT
*filter
:INPUT DROP
:FORWARD DROP
-A INPUT -p tcp --dport 22 -m set --match-set admins src -j ACCEPT
-A INPUT -m set --match-set doors src,dst -j ACCEPT
-A INPUT -p tcp -m set --match-set ports dst -m set ! --match-set admins src -j ACCEPT
-A INPUT -p tcp -m set --match-set pairs src,dst -j ACCEPT
-A INPUT -p tcp --dport 4 -m set --match-set wires src,src -j ACCEPT
-A INPUT -p tcp --dport 5 -m set --match-set all src -j ACCEPT
-A FORWARD -m set --match-set own4 dst -p tcp --dport 25 -j ACCEPT
COMMIT
""",
            "ip6tables-legacy": "*filter\n:INPUT DROP\n-A INPUT -m set --match-set nets6 src -p tcp -j ACCEPT\nCOMMIT\n",
        },
        answers=(
            (probe(TCP, 22), "192.0.2.25:22"),
            (probe(TCP, 22, source="198.51.100.200"), ""),
            (probe(TCP, 587), "192.0.2.25:587"),
            (probe(UDP, 587), ""),
            (probe(UDP, 53), "192.0.2.25:53"),
            (ping(4, 8), "192.0.2.25"),
            (ping(4, 13), ""),
            (probe(TCP, 994), ""),
            (probe(TCP, 994, source="198.51.100.200"), "192.0.2.25:994"),
            (probe(TCP, 26, source="203.0.113.7"), "192.0.2.25:26"),
            (probe(TCP, 27, source="203.0.113.7"), ""),
            (probe(TCP, 4, source="203.0.113.7"), ""),
            (probe(TCP, 4, source="203.0.113.7", interface="wg0"), "192.0.2.25:4"),
            (probe(TCP, 5), "192.0.2.25:5"),
            (probe(TCP, 5, source="8.8.8.8"), ""),
            (probe(TCP, 2525), "172.17.0.2:25 on docker0"),
            (probe(TCP, 2525, destination="192.0.2.26"), ""),
            (probe(TCP, 25, 6), "[2001:db8::25]:25"),
            (probe(TCP, 25, source="2620::1"), ""),
        ),
    ),
)
