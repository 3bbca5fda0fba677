# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handmade rulesets of nftables, each with its trap."""

from __future__ import annotations

from case import Case
from packets import GRE, SCTP, TCP, UDP, ping, probe

CASES = (
    Case(
        "accept-list",
        "a plain mail server: established traffic comes first, the policy drops, IPv6 discovery stays open",
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
        "ip-protocol-in-inet",
        "in a table of family inet, ip protocol and ip6 nexthdr look at one family, meta l4proto at both",
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
        "family-ip-only",
        "a table of family ip leaves IPv6 wide open",
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
        "two-base-chains",
        "accept ends only its base chain: later ones, and prerouting before them, may still drop",
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
        "jump-goto-return",
        "return ends a chain, goto does not come back, a miss after goto from a base chain ends at the policy",
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
        "verdict-maps",
        "a verdict map's miss goes on with the next rule; named maps, intervals, concatenated keys, a jump inside",
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
        "named-sets",
        "sets with intervals and concatenations for both families; a set that is empty",
        nft="""
table inet t {
  set admins4 {
    type ipv4_addr . inet_service
    flags interval
    elements = { 198.51.100.0/25 . 22, 10.0.0.5-10.0.0.9 . 20-22 }
  }
  set admins6 { type ipv6_addr . inet_service; elements = { 2001:db8:51::7 . 22, 2001:db8:51::8 . 23 }; }
  set blocked { type ipv4_addr; flags interval; elements = { 198.51.100.7, 203.0.113.128/25, 224.0.0.0/3 }; }
  set blocked6 { type ipv6_addr; flags interval; elements = { 2001:db8:bad::/48, fc00::/7 }; }
  set nobody { type ipv4_addr; }
  set ports { type inet_proto . inet_service; flags interval; elements = { tcp . 25, udp . 53, tcp . 465-587 }; }
  chain input {
    type filter hook input priority 0; policy drop;
    ip saddr @blocked tcp dport != 22 drop
    ip6 saddr @blocked6 drop
    ip saddr @nobody accept
    ip saddr . tcp dport @admins4 accept
    ip6 saddr . tcp dport @admins6 accept
    meta l4proto . th dport @ports accept
  }
}""",
        accepted=(
            probe(TCP, 22),
            probe(TCP, 20, source="10.0.0.7"),
            probe(TCP, 22, 6),
            probe(UDP, 53, 6),
            probe(TCP, 500, source="203.0.113.127"),
        ),
        refused=(
            probe(TCP, 25),
            probe(TCP, 21, source="198.51.100.8"),
            probe(TCP, 23, 6),
            probe(TCP, 25, source="2001:db8:bad:ffff::1"),
            probe(UDP, 25, 6),
        ),
    ),
    Case(
        "negations",
        "a negation still asks for the header it looks at; a negated set; a negated range; != of two values",
        nft="""
table inet t {
  chain input {
    type filter hook input priority 0; policy drop;
    tcp dport != 22 meta l4proto udp accept
    tcp dport != { 22, 80-90, 443 } ip saddr != 198.51.100.0/24 accept
    udp dport != 1000-2000 ip6 saddr != { 2001:db8:51::/48, 2001:db8:52::1 } accept
    meta l4proto != { tcp, udp, icmp, ipv6-icmp } iifname != "eth1" accept
    iifname != { "eth0", "eth1", "lo" } tcp dport 22 accept
    icmp type != echo-request accept
  }
}""",
        accepted=(
            probe(TCP, 25, source="203.0.113.1"),
            probe(UDP, 999, source="2001:db8:53::"),
            probe(GRE),
            probe(SCTP, 1, 6),
            probe(TCP, 22, interface="wg0"),
            ping(4, 13),
        ),
        refused=(
            probe(TCP, 25),
            probe(TCP, 25, source="2001:db8:53::"),
            probe(TCP, 85, source="203.0.113.1"),
            probe(UDP, 1, source="203.0.113.1"),
            probe(UDP, 999, 6),
            probe(GRE, interface="eth1"),
            ping(4, 8),
            ping(6, 129),
        ),
    ),
    Case(
        "source-port",
        "a rule on the source port opens every port to whoever chooses that source port",
        nft="""
table inet t {
  chain input {
    type filter hook input priority 0; policy drop;
    udp sport 53 accept
    tcp sport 1024-65535 tcp dport 25 accept
    tcp sport . tcp dport { 20 . 1024-2000, 21 . 21 } accept
  }
}""",
        accepted=(probe(UDP, 3306, sport=53), probe(TCP, 25), probe(TCP, 1500, 6, sport=20), probe(TCP, 21, sport=21)),
        refused=(probe(UDP, 53), probe(TCP, 25, sport=1023), probe(TCP, 21, sport=20)),
    ),
    Case(
        "interfaces",
        "iif is an index, iifname a name or a wildcard, and other interfaces stay closed",
        nft="""
table inet t {
  set inside { type ifname; flags interval; elements = { "wg*", "ens3" }; }
  chain input {
    type filter hook input priority 0; policy drop;
    iif "eth1" tcp dport 22 accept
    iifname "eth*" tcp dport 25 accept
    iifname "eth" tcp dport 26 accept
    iifname @inside tcp dport 993 accept
    iif != "lo" ip daddr 192.0.2.25 udp dport 53 accept
    iif { "lo", "wg0" } udp dport 54 accept
  }
}""",
        accepted=(
            probe(TCP, 22, interface="eth1"),
            probe(TCP, 25, 6),
            probe(TCP, 993, interface="wg0"),
            probe(UDP, 53),
            probe(UDP, 54, interface="lo"),
        ),
        refused=(
            probe(TCP, 22),
            probe(TCP, 26),
            probe(TCP, 25, interface="ens3"),
            probe(TCP, 993, interface="eth1"),
            probe(UDP, 53, interface="lo"),
            probe(UDP, 53, destination="192.0.2.26"),
        ),
    ),
    Case(
        "icmp",
        "icmp and icmpv6 have their own types; accepting a protocol accepts all of its types; reject is not accept",
        nft="""
table inet t {
  chain input {
    type filter hook input priority 0; policy accept;
    icmp type { echo-request, destination-unreachable, 200-220 } accept
    icmpv6 type 128-129 accept
    icmpv6 type != { 1, 2, 135, 136 } reject
    ip protocol icmp drop
    tcp dport 113 reject with tcp reset
    udp dport 33434-33523 reject with icmpx type port-unreachable
    meta l4proto { tcp, udp } th dport 1-1000 drop
  }
}""",
        accepted=(ping(4, 8), ping(4, 3), ping(4, 210), ping(6, 129), ping(6, 135), probe(TCP, 1001), probe(GRE)),
        refused=(ping(4, 0), ping(6, 127), ping(6, 130), probe(TCP, 113), probe(UDP, 33434, 6)),
    ),
    Case(
        "th-dport",
        "th dport without a protocol looks at the bytes at that place, whatever the protocol",
        nft="""
table inet t {
  chain input {
    type filter hook input priority 0; policy drop;
    th dport 25 accept
    @th,16,16 26 accept
  }
}""",
        accepted=(probe(TCP, 25), probe(UDP, 25, 6), probe(SCTP, 25)),
        refused=(probe(TCP, 24), probe(UDP, 27, 6), probe(SCTP, 993), ping(4, 8)),
        exact=False,
    ),
    Case(
        "dormant",
        "a table with the flag dormant does nothing, neither good nor bad",
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
        "states-and-flags",
        "lists of states with and without new; tcp flags that a SYN has and has not",
        nft="""
table inet t {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    ct state { invalid, untracked } drop
    tcp dport 21 ct state new,established accept
    tcp dport 22 ct state != new accept
    tcp dport 23 ct state vmap { new : accept, established : drop }
    tcp dport 24 tcp flags syn accept
    tcp dport 25 tcp flags & (fin|syn|rst|ack) == syn accept
    tcp dport 26 tcp flags & (fin|syn|rst|ack) != syn accept
    tcp dport 27 tcp flags ack accept
    tcp dport 28 tcp flags & syn == 0 accept
    ct state new udp dport 53 accept
    ct status dnat tcp dport 30 accept
  }
}""",
        accepted=(probe(TCP, 21), probe(TCP, 23, 6), probe(TCP, 24), probe(TCP, 25), probe(UDP, 53)),
        refused=(probe(TCP, 22), probe(TCP, 26), probe(TCP, 27), probe(TCP, 28), probe(UDP, 54), probe(TCP, 30)),
        exact=False,
    ),
    Case(
        "addresses",
        "ranges and prefixes up to both ends of the address space, sources and destinations, both families",
        nft="""
table inet t {
  chain input {
    type filter hook input priority 0; policy drop;
    ip saddr 240.0.0.0-255.255.255.255 tcp dport 25 drop
    ip saddr 128.0.0.0/1 tcp dport 25 accept
    ip daddr { 192.0.2.0-192.0.2.99, 192.0.2.101 } tcp dport 993 accept
    ip6 saddr 8000::/1 tcp dport 465 accept
    ip6 daddr & ffff:ffff:ffff:: == 2001:db8:: tcp dport 587 accept
    ip6 saddr 2001:db8::/32 tcp dport 588 accept
    ip saddr & 0.0.0.255 == 7 udp dport 53 accept
  }
}""",
        accepted=(
            probe(TCP, 25),
            probe(TCP, 993),
            probe(TCP, 465, source="fd00::1"),
            probe(TCP, 587, 6),
            probe(TCP, 588, source="2001:db8:ffff::"),
        ),
        refused=(
            probe(TCP, 25, source="250.1.1.1"),
            probe(TCP, 25, source="127.255.255.255", interface="lo"),
            probe(TCP, 993, destination="192.0.2.100"),
            probe(TCP, 465, 6),
            probe(TCP, 588, source="2001:db9::"),
        ),
        exact=False,
    ),
    Case(
        "rate-limit",
        "a rate limit may accept; what comes after it decides what is certain",
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
)
