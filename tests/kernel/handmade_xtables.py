# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handmade rulesets of iptables, in both of its variants, alone and beside nftables."""

from __future__ import annotations

from case import Case
from packets import GRE, SCTP, TCP, UDP, ping, probe

CASES = (
    Case(
        name="iptables-nft",
        trap="user chains with RETURN, multiport, iprange, negations, states; ip6tables is a ruleset of its own",
        xtables={
            "iptables-nft": """*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:MAIL - [0:0]
:LEAVE - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p tcp -m multiport --dports 25,465,587,990:995 -j MAIL
-A INPUT -p udp -m multiport --ports 53,5353 -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT ! -p tcp -i wg+ -j ACCEPT
-A INPUT -p tcp -m tcp ! --dport 1:60000 -m comment --comment "high ports" -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m iprange --src-range 198.51.100.5-198.51.100.9 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 23 ! -s 198.51.100.0/24 ! -i eth1 -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 143 --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT
-A INPUT -p tcp -m tcp --dport 144 --syn -g LEAVE
-A INPUT -p tcp -m tcp --dport 140:150 -j ACCEPT
-A INPUT -j LOG --log-prefix "refused: "
-A MAIL -s 203.0.113.0/24 -j RETURN
-A MAIL -i eth1 -p tcp -m tcp --dport 25 -j REJECT --reject-with tcp-reset
-A MAIL -j ACCEPT
-A LEAVE -s 203.0.113.0/24 -j ACCEPT
COMMIT
""",
            "ip6tables-nft": """*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 25,993 -j ACCEPT
-A INPUT -s 2001:db8:51::/64 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p sctp -m multiport --sports 40000:40010 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp6-adm-prohibited
COMMIT
""",
        },
        accepted=(
            probe(TCP, 25),
            probe(TCP, 992),
            probe(UDP, 7, sport=5353),
            probe(GRE, interface="wg0"),
            probe(TCP, 60001),
            probe(TCP, 22),
            probe(TCP, 23, source="203.0.113.1"),
            probe(TCP, 143),
            probe(TCP, 145),
            probe(TCP, 144, source="203.0.113.1"),
            probe(TCP, 22, 6),
            probe(SCTP, 9, 6),
            ping(4, 8),
            ping(6, 128),
        ),
        refused=(
            probe(TCP, 25, source="203.0.113.1"),
            probe(TCP, 25, interface="eth1"),
            probe(TCP, 22, source="198.51.100.4"),
            probe(TCP, 23, source="203.0.113.1", interface="eth1"),
            probe(TCP, 144),
            probe(TCP, 465, 6),
            probe(UDP, 53, 6),
            probe(SCTP, 9, 6, sport=40011),
        ),
    ),
    Case(
        name="iptables-legacy",
        trap="the legacy tables, raw and mangle before filter, and nobody wrote rules for IPv6",
        xtables={
            "iptables-legacy": """*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -s 203.0.113.0/24 -p tcp -m tcp --dport 25 -j DROP
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A INPUT -i eth1 -p tcp -m tcp --dport 993 -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 990:999 -j ACCEPT
-A INPUT -p tcp -m tcp --sport 20 --dport 1024: -j ACCEPT
-A INPUT -d 192.0.2.25/32 -p udp -j ACCEPT
COMMIT
""",
        },
        accepted=(probe(TCP, 25), probe(TCP, 993), probe(TCP, 5000, sport=20), probe(UDP, 1), probe(TCP, 3306, 6)),
        refused=(
            probe(TCP, 25, source="203.0.113.4"),
            probe(TCP, 993, interface="eth1"),
            probe(TCP, 1023, sport=20),
            probe(UDP, 1, destination="192.0.2.26"),
        ),
    ),
    Case(
        name="legacy-beside-nft",
        trap="iptables-legacy and nftables both filter: a packet needs the consent of both",
        nft="""
table inet t {
  chain input { type filter hook input priority 0; policy drop; tcp dport { 25, 26, 993 } accept; udp dport 53 accept; }
}""",
        xtables={
            "iptables-legacy": """*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 26 -j DROP
-A INPUT -s 203.0.113.0/24 -j DROP
COMMIT
""",
            "ip6tables-legacy": """*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 26:1000 -j ACCEPT
COMMIT
""",
        },
        accepted=(
            probe(TCP, 25),
            probe(TCP, 993),
            probe(TCP, 25, source="203.0.113.1"),
            probe(UDP, 53),
            probe(TCP, 26, 6),
        ),
        refused=(
            probe(TCP, 26),
            probe(TCP, 993, source="203.0.113.1"),
            probe(TCP, 25, 6),
            probe(UDP, 53, 6),
            probe(TCP, 27, 6),
        ),
    ),
    Case(
        name="both-iptables",
        trap="the two variants of iptables hold tables of the same name side by side",
        xtables={
            "iptables-nft": """*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 20:30 -j ACCEPT
COMMIT
""",
            "iptables-legacy": """*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:BAN - [0:0]
-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT
-A INPUT -s 198.51.100.0/24 -j BAN
-A BAN -p tcp -j REJECT --reject-with tcp-reset
COMMIT
""",
        },
        accepted=(probe(TCP, 25), probe(TCP, 22, source="203.0.113.1"), probe(TCP, 22, 6)),
        refused=(probe(TCP, 22), probe(TCP, 31, source="203.0.113.1"), probe(UDP, 25)),
    ),
    Case(
        name="iptables-nft-beside-nft",
        trap="iptables-nft's tables and nftables' own at one hook; nft shows the former without their matches",
        nft="""
table inet own {
  chain input {
    type filter hook input priority filter + 5; policy drop;
    tcp dport 20-30 accept
    udp sport 1-100 accept
  }
}""",
        xtables={
            "iptables-nft": """*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m multiport ! --dports 22,25 -j DROP
-A INPUT -m iprange ! --src-range 198.51.100.0-198.51.100.99 -j REJECT
COMMIT
""",
        },
        accepted=(probe(TCP, 25), probe(UDP, 1, sport=100), probe(TCP, 30, 6)),
        refused=(probe(TCP, 24), probe(TCP, 25, source="198.51.100.100"), probe(TCP, 31, 6), probe(UDP, 1)),
    ),
    Case(
        name="inverted-range",
        trap="a range whose first is greater than its last never matches, and its negation always does",
        xtables={
            "iptables-legacy": """*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m iprange --src-range 198.51.100.9-198.51.100.5 -j ACCEPT
-A INPUT -p udp -m iprange ! --src-range 198.51.100.9-198.51.100.5 -j ACCEPT
COMMIT
""",
        },
        accepted=(probe(UDP, 25), probe(UDP, 1, source="198.51.100.4"), probe(TCP, 25, 6)),
        refused=(probe(TCP, 25), probe(TCP, 25, source="198.51.100.5"), probe(TCP, 1, source="198.51.100.10")),
    ),
    Case(
        name="iptables-doubt",
        trap="limit, recent and owner depend on the run: the analysis may call them possible, never certain",
        xtables={
            "iptables-nft": """*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m limit --limit 1/hour --limit-burst 1 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 25 -m recent --name spam --rcheck -j DROP
-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 26 -m mark --mark 0x1 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 27 -m length --length 40 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 993 -j ACCEPT
COMMIT
""",
        },
        accepted=(probe(TCP, 993), probe(TCP, 25), probe(TCP, 27), probe(TCP, 1, 6)),
        refused=(probe(TCP, 23), probe(TCP, 26), probe(UDP, 993)),
        exact=False,
    ),
)
