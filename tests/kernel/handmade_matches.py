# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handmade rulesets of nftables whose traps lie in what a rule matches."""

from __future__ import annotations

from case import Case
from packets import GRE, SCTP, TCP, UDP, ping, probe

CASES = (
    Case(
        name="named-sets",
        trap="sets with intervals and concatenations for both families; a set that is empty",
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
        name="negations",
        trap="a negation still asks for the header it looks at; a negated set; a negated range; != of two values",
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
        name="source-port",
        trap="a rule on the source port opens every port to whoever chooses that source port",
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
        name="interfaces",
        trap="iif is an index, iifname a name or a wildcard, and other interfaces stay closed",
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
        name="icmp",
        trap="icmp and icmpv6 have their own types; accepting a protocol accepts all of its types",
        nft="""
table inet t {
  chain input {
    type filter hook input priority 0; policy accept;
    icmp type { echo-request, destination-unreachable, 200-220 } accept
    icmpv6 type 128-129 accept
    icmpv6 type != { 1, 2, 135, 136 } reject
    ip protocol icmp drop
    udp dport 33434-33523 reject with icmpx type port-unreachable
    meta l4proto { tcp, udp } th dport 1-1000 drop
  }
}""",
        accepted=(ping(4, 8), ping(4, 3), ping(4, 210), ping(6, 129), ping(6, 135), probe(TCP, 1001), probe(GRE)),
        refused=(ping(4, 0), ping(6, 127), ping(6, 130), probe(UDP, 33434, 6), probe(TCP, 22)),
    ),
    Case(
        name="reject",
        trap="nft leaves out the family of a reject with an ICMP type, and the protocol of a reject with tcp reset",
        nft="""
table inet t {
  chain input {
    type filter hook input priority 0; policy accept;
    tcp dport 24 reject with icmp type port-unreachable
    meta nfproto ipv6 udp dport 24 reject
    tcp dport 25 reject with icmpv6 type admin-prohibited
    tcp dport 26 reject with icmpx type admin-prohibited
    ip saddr 198.51.100.0/24 tcp dport 27 reject with tcp reset
    udp dport 28 reject
  }
}
table ip t {
  chain input {
    type filter hook input priority 0; policy accept;
    ip saddr 203.0.113.0/24 reject with tcp reset
  }
}""",
        accepted=(
            probe(TCP, 24, 6),
            probe(UDP, 24),
            probe(TCP, 25),
            probe(TCP, 27, 6),
            probe(UDP, 29, source="203.0.113.1"),
        ),
        refused=(
            probe(TCP, 24),
            probe(UDP, 24, 6),
            probe(TCP, 25, 6),
            probe(TCP, 26),
            probe(TCP, 26, 6),
            probe(TCP, 27),
            probe(UDP, 28, 6),
            probe(TCP, 29, source="203.0.113.1"),
        ),
    ),
    Case(
        name="reject-hides-family",
        trap="beside tcp reset, nft leaves out meta nfproto: only a doubt is left of it",
        nft="""
table inet t {
  chain input {
    type filter hook input priority 0; policy accept;
    meta nfproto ipv4 tcp dport 113 reject with tcp reset
    tcp dport 114 reject with tcp reset
    meta l4proto { tcp, udp } th dport 1-112 drop
  }
}""",
        accepted=(probe(TCP, 113, 6), probe(TCP, 115)),
        refused=(probe(TCP, 113), probe(TCP, 114), probe(TCP, 114, 6), probe(TCP, 112)),
        exact=False,
    ),
    Case(
        name="th-dport",
        trap="th dport without a protocol looks at the bytes at that place, whatever the protocol",
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
        name="states-and-flags",
        trap="lists of states with and without new; tcp flags that a SYN has and has not",
        nft="""
table inet t {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    ct state invalid drop
    ct state untracked icmpv6 type != 136 accept
    ct state untracked drop
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
        accepted=(probe(TCP, 21), probe(TCP, 23, 6), probe(TCP, 24), probe(TCP, 25), probe(UDP, 53), ping(6, 135)),
        refused=(
            probe(TCP, 22),
            probe(TCP, 26),
            probe(TCP, 27),
            probe(TCP, 28),
            probe(UDP, 54),
            probe(TCP, 30),
            ping(6, 136),
        ),
    ),
    Case(
        name="addresses",
        trap="ranges and prefixes up to both ends of the address space, sources and destinations, both families",
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
)
