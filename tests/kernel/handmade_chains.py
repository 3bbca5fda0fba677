# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handmade rulesets of nftables whose traps lie in tables, chains and verdicts."""

from __future__ import annotations

from case import Case
from packets import GRE, SCTP, TCP, UDP, ping, probe

CASES = (
    Case(
        name="accept-list",
        trap="a plain mail server: established traffic comes first, the policy drops, IPv6 discovery stays open",
        nft="""
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iif "lo" accept
    icmp type echo-request accept
    icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    tcp dport { 25, 465, 587, 993-995 } counter accept comment "mail"
    ip saddr 198.51.100.0/24 tcp dport 22 accept
    log prefix "refused " limit rate 5/minute
  }
}""",
        accepted=(
            probe(TCP, 25),
            probe(TCP, 994, 6),
            probe(TCP, 22),
            probe(UDP, 9, interface="lo"),
            ping(4, 8),
            ping(6, 128),
        ),
        refused=(
            probe(TCP, 996),
            probe(UDP, 25),
            probe(TCP, 22, 6),
            probe(TCP, 22, source="198.51.101.0"),
            ping(4, 13),
        ),
    ),
    Case(
        name="ip-protocol-in-inet",
        trap="in a table of family inet, ip protocol and ip6 nexthdr look at one family, meta l4proto at both",
        nft="""
table inet t {
  chain c {
    type filter hook input priority 0; policy drop;
    ip protocol tcp tcp dport 25 accept
    ip6 nexthdr udp accept
    ip protocol 47 accept
    meta l4proto { tcp, udp } th dport 993 accept
    meta nfproto ipv6 tcp dport 143 accept
    ip version 4 tcp dport 110 accept
  }
}""",
        accepted=(
            probe(TCP, 25),
            probe(UDP, 7, 6),
            probe(GRE),
            probe(UDP, 993),
            probe(TCP, 993, 6),
            probe(TCP, 143, 6),
            probe(TCP, 110),
        ),
        refused=(
            probe(TCP, 25, 6),
            probe(UDP, 7),
            probe(GRE, 0, 6),
            probe(SCTP, 993),
            probe(TCP, 143),
            probe(TCP, 110, 6),
        ),
    ),
    Case(
        name="family-ip-only",
        trap="a table of family ip leaves IPv6 wide open",
        nft="""
table ip filter {
  chain input { type filter hook input priority 0; policy drop; tcp dport 25 accept; }
}
table ip6 filter {
  chain unused { tcp dport 25 drop; }
}""",
        accepted=(probe(TCP, 25), probe(TCP, 3306, 6), probe(GRE, 0, 6)),
        refused=(probe(TCP, 3306), probe(GRE)),
    ),
    Case(
        name="two-base-chains",
        trap="accept ends only its base chain: later ones, and prerouting before them, may still drop",
        nft="""
table inet first {
  chain early {
    type filter hook prerouting priority raw; policy accept;
    udp dport 5000-5010 drop
    tcp dport 26 drop
  }
  chain input {
    type filter hook input priority -10; policy accept;
    tcp dport { 25, 26, 993 } accept
    tcp dport 22 drop
  }
}
table inet second {
  chain input {
    type filter hook input priority 10; policy drop;
    tcp dport { 25, 26, 22 } accept
    udp dport 5010-5011 accept
  }
}
table ip third {
  chain input { type filter hook input priority 10; ip saddr 203.0.113.0/24 drop; }
}""",
        accepted=(probe(TCP, 25), probe(TCP, 25, 6), probe(UDP, 5011)),
        refused=(
            probe(TCP, 993),
            probe(TCP, 26),
            probe(TCP, 22),
            probe(UDP, 5010, 6),
            probe(TCP, 25, source="203.0.113.255"),
        ),
    ),
    Case(
        name="jump-goto-return",
        trap="return ends a chain, goto does not come back, a miss after goto from a base chain ends at the policy",
        nft="""
table inet t {
  chain trusted { ip saddr 198.51.100.128/25 return; tcp dport 22 accept; }
  chain web { tcp dport 443 return; tcp dport 8000-8080 accept; jump trusted; }
  chain leave { tcp dport 25 accept; }
  chain detour { goto leave; }
  chain input {
    type filter hook input priority 0; policy drop;
    iifname "eth1" goto leave
    jump web
    jump detour
    udp dport 53 return
    udp dport 53-54 accept
    tcp dport { 443, 465 } accept
  }
}""",
        accepted=(
            probe(TCP, 25),
            probe(TCP, 25, interface="eth1"),
            probe(TCP, 22),
            probe(TCP, 443),
            probe(UDP, 54),
            probe(TCP, 465, 6),
        ),
        refused=(
            probe(TCP, 22, source="198.51.100.128"),
            probe(TCP, 22, interface="eth1"),
            probe(UDP, 53),
            probe(UDP, 54, interface="eth1"),
        ),
    ),
    Case(
        name="verdict-maps",
        trap="a verdict map's miss goes on with the next rule; named maps, intervals, concatenated keys, a jump inside",
        nft="""
table inet t {
  chain mail { ip saddr 198.51.100.0/26 drop; accept; }
  map doors {
    type inet_service : verdict
    flags interval
    elements = { 25 : jump mail, 100-199 : drop, 200-299 : accept, 587 : return }
  }
  map pairs {
    type ipv4_addr . inet_service : verdict
    flags interval
    elements = { 203.0.113.0/24 . 7000-7999 : accept, 203.0.113.9 . 8000 : accept }
  }
  chain input {
    type filter hook input priority 0; policy drop;
    tcp dport vmap @doors
    ip saddr . tcp dport vmap @pairs
    tcp dport vmap { 25 : accept, 587 : accept, 993 : goto mail }
    iifname . meta l4proto vmap { "eth1" . udp : accept, "wg0" . tcp : drop }
    tcp dport 150-160 accept
    tcp dport 300 accept
  }
}""",
        accepted=(
            probe(TCP, 25, source="198.51.100.64"),
            probe(TCP, 250, 6),
            probe(TCP, 7999, source="203.0.113.77"),
            probe(TCP, 8000, source="203.0.113.9"),
            probe(UDP, 1, interface="eth1"),
            probe(TCP, 300),
            probe(TCP, 993, 6),
        ),
        refused=(
            probe(TCP, 25, source="198.51.100.63", interface="wg0"),
            probe(TCP, 150),
            probe(TCP, 587),
            probe(TCP, 8000, source="203.0.113.8"),
            probe(TCP, 300, interface="wg0"),
        ),
    ),
    Case(
        name="dormant",
        trap="a table with the flag dormant does nothing, neither good nor bad",
        nft="""
table inet sleeping {
  flags dormant
  chain input { type filter hook input priority 0; policy drop; tcp dport 25 accept; }
}
table inet awake {
  chain input { type filter hook input priority 0; tcp dport 3306 drop; }
}""",
        accepted=(probe(TCP, 25), probe(TCP, 22, 6)),
        refused=(probe(TCP, 3306), probe(TCP, 3306, 6)),
    ),
    Case(
        name="rate-limit",
        trap="a rate limit may accept; what comes after it decides what is certain",
        nft="""
table inet t {
  chain input {
    type filter hook input priority 0; policy drop;
    tcp dport 22 limit rate 1/hour burst 1 packets accept
    tcp dport 25 limit rate over 1000000/second drop
    tcp dport { 25, 465 } accept
    udp dport 53 meta mark 0 accept
  }
}""",
        accepted=(probe(TCP, 465), probe(TCP, 465, 6)),
        refused=(probe(TCP, 23), probe(UDP, 54, 6)),
        exact=False,
    ),
    Case(
        name="unfollowed",
        trap="notrack, marks and address translation at earlier hooks change what the input hook sees",
        nft="""
table inet t {
  chain raw {
    type filter hook prerouting priority raw; policy accept;
    udp dport 53 notrack
    tcp dport 7000 meta mark set 7
    tcp dport 7001 drop
  }
  chain nat {
    type nat hook prerouting priority dstnat; policy accept;
    ip saddr 203.0.113.0/24 tcp dport 2525 dnat ip to 192.0.2.25:25
  }
  chain input {
    type filter hook input priority 0; policy drop;
    meta mark 7 accept
    tcp dport 25 accept
    ct state new udp dport { 53, 54 } accept
  }
}""",
        accepted=(
            probe(TCP, 25),
            probe(TCP, 2525, source="203.0.113.1"),
            probe(TCP, 7000, 6),
            probe(UDP, 54),
        ),
        refused=(probe(TCP, 2525), probe(UDP, 53), probe(TCP, 7001), probe(TCP, 465, 6)),
        exact=False,
    ),
)
