# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handmade rulesets of nftables whose traps lie on the way: NAT, marks, conntrack, routes, the order of hooks."""

from __future__ import annotations

from case import Journey
from packets import GRE, SCTP, TCP, UDP, ping, probe

JOURNEYS = (
    Journey(
        name="redirect",
        trap="input sees the port after NAT: 2525 is open although only 25 is accepted; it is in every network, not on loopback",
        nft="""
table inet t {
  chain nat {
    type nat hook prerouting priority dstnat; policy accept;
    tcp dport 2525 redirect to :25
    udp dport 5353 redirect
  }
  chain input {
    type filter hook input priority filter; policy drop;
    tcp dport 25 accept
    ip daddr 192.0.2.25 udp dport 5353 accept
  }
}""",
        answers=(
            (probe(TCP, 25), "192.0.2.25:25"),
            (probe(TCP, 2525), "192.0.2.25:25"),
            (probe(TCP, 2525, interface="eth1"), "10.0.0.1:25"),
            (probe(TCP, 2525, 6), "[2001:db8::25]:25"),
            (probe(TCP, 2525, 6, interface="eth1"), "[fd00:10::1]:25"),
            (probe(TCP, 2525, destination="8.8.8.8"), "192.0.2.25:25"),
            (probe(TCP, 2525, interface="ens3"), ""),
            (probe(TCP, 2525, 6, interface="ens3"), ""),
            (probe(TCP, 2525, interface="lo"), ""),
            (probe(TCP, 25, interface="lo"), "192.0.2.25:25"),
            (probe(UDP, 5353), "192.0.2.25:5353"),
            (probe(UDP, 5353, destination="192.0.2.26"), "192.0.2.25:5353"),
            (probe(UDP, 5353, interface="eth1"), ""),
            (probe(UDP, 5354), ""),
        ),
    ),
    Journey(
        name="published",
        trap="a published port is forwarded: the deny at input is inert, and so is a drop of the published port at forward",
        nft="""
table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump DOCKER
  }
  chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept; ip saddr 172.17.0.0/16 masquerade; }
  chain DOCKER {
    iifname "docker0" return
    tcp dport 2525 dnat to 172.17.0.2:25
    tcp dport 8080 dnat to 172.17.0.3:80
    tcp dport 4650 dnat to 172.17.0.3:465
  }
}
table inet ufw {
  chain input { type filter hook input priority 0; policy drop; tcp dport 2525 drop; tcp dport 22 accept; }
  chain forward {
    type filter hook forward priority 0; policy drop;
    tcp dport 2525 drop
    ct state new tcp dport 80 ct original proto-dst 8080 ip saddr 203.0.113.0/24 drop
    oifname "docker0" ip daddr 172.17.0.2 tcp dport 25 accept
    oifname "docker0" ct status dnat tcp dport 80 accept
    tcp dport 465 ct original ip daddr 192.0.2.26 accept
    iifname "docker0" accept
  }
}""",
        answers=(
            (probe(TCP, 2525), "172.17.0.2:25 on docker0"),
            (probe(TCP, 2525, destination="10.0.0.1"), "172.17.0.2:25 on docker0"),
            (probe(TCP, 2525, interface="docker0"), ""),
            (probe(TCP, 2525, 6), ""),
            (probe(TCP, 25), ""),
            (probe(TCP, 22), "192.0.2.25:22"),
            (probe(TCP, 8080), "172.17.0.3:80 on docker0"),
            (probe(TCP, 8080, source="203.0.113.5"), ""),
            (probe(TCP, 4650), ""),
            (probe(TCP, 4650, destination="192.0.2.26"), "172.17.0.3:465 on docker0"),
            (probe(TCP, 25, destination="172.17.0.2"), "172.17.0.2:25 on docker0"),
            (probe(TCP, 80, destination="172.17.0.3"), ""),
            (probe(UDP, 53, destination="8.8.8.8", interface="docker0"), "8.8.8.8:53 on eth0"),
            (probe(UDP, 53, destination="8.8.8.8"), ""),
            (probe(TCP, 2525, destination="8.8.8.8"), ""),
        ),
    ),
    Journey(
        name="not-forwarding",
        trap="without forwarding a published port is closed, and so is every address of others",
        nft="""
table inet nat {
  chain pre { type nat hook prerouting priority -100; tcp dport 2525 dnat ip to 172.17.0.2:25; tcp dport 26 redirect to :25; }
}""",
        forwarding=(6,),
        answers=(
            (probe(TCP, 2525), ""),
            (probe(TCP, 26), "192.0.2.25:25"),
            (probe(TCP, 25, destination="172.17.0.2"), ""),
            (probe(TCP, 25, destination="fd00:17::2"), "[fd00:17::2]:25 on docker0"),
            (probe(TCP, 22), "192.0.2.25:22"),
        ),
    ),
    Journey(
        name="nat-priorities",
        trap="all chains of type nat act at one place, the first that translates alone; of one priority, the last made first",
        nft="""
table ip one {
  chain late { type nat hook prerouting priority 50; tcp dport 1001 redirect to :25; tcp dport { 1002, 1003 } redirect to :26; }
  chain soon { type nat hook prerouting priority -150; tcp dport 1002 redirect to :25; tcp dport 1004 accept; }
  chain same { type nat hook prerouting priority -150; tcp dport 1002 redirect to :27; tcp dport 1003 dnat to 192.0.2.25:1003; }
  chain before { type filter hook prerouting priority -101; tcp dport 25 drop; }
  chain after { type filter hook prerouting priority -99; tcp dport 26 drop; tcp dport { 1001, 1002 } drop; }
}
table ip two {
  chain nat { type nat hook prerouting priority 60; tcp dport 1004 redirect to :28; tcp dport 1005 drop; tcp dport 1001 drop; }
}""",
        answers=(
            (probe(TCP, 1001), "192.0.2.25:25"),
            (probe(TCP, 1002), "192.0.2.25:27"),
            (probe(TCP, 1003), "192.0.2.25:1003"),
            (probe(TCP, 1003, destination="10.0.0.1"), "192.0.2.25:1003"),
            (probe(TCP, 1004), "192.0.2.25:28"),
            (probe(TCP, 1005), ""),
            (probe(TCP, 25), ""),
            (probe(TCP, 26), ""),
            (probe(TCP, 27), "192.0.2.25:27"),
        ),
    ),
    Journey(
        name="order-of-marks",
        trap="of filter chains of one priority, the last one made is first, across tables",
        nft="""
table ip one {
  chain a { type filter hook input priority 0; meta mark set 1; }
  chain b { type filter hook input priority 0; tcp dport 25 meta mark 1 drop; meta mark set 2; }
}
table inet two {
  chain c { type filter hook input priority 0; meta nfproto ipv4 tcp dport 26 meta mark 0 drop; meta mark set 3; }
  chain d { type filter hook input priority 1; tcp dport 27 meta mark 1 drop; tcp dport 28 meta mark 3 drop; }
}""",
        answers=(
            (probe(TCP, 25), "192.0.2.25:25"),
            (probe(TCP, 26), ""),
            (probe(TCP, 26, 6), "[2001:db8::25]:26"),
            (probe(TCP, 27), ""),
            (probe(TCP, 28), "192.0.2.25:28"),
            (probe(TCP, 28, 6), ""),
        ),
    ),
    Journey(
        name="untracked",
        trap="notrack: not new, without mark, status, zone or original; later than conntrack it does nothing, and on loopback",
        nft="""
table inet t {
  chain raw {
    type filter hook prerouting priority raw; policy accept;
    tcp dport 1-20 notrack
    tcp dport 21 ct state new drop
    tcp dport 22 ct state invalid accept
    tcp dport 23 ct zone set 7
    tcp dport 23 ct zone 7 drop
    tcp dport 24 ct zone set 7
    tcp dport 24 notrack
    tcp dport 25 ct mark set 9
    tcp dport 22 drop
  }
  chain late { type filter hook prerouting priority -150; tcp dport 30 notrack; tcp dport 31 ct zone set 4; }
  chain nat { type nat hook prerouting priority -100; tcp dport { 2, 32 } redirect to :33; tcp dport 3 drop; }
  chain input {
    type filter hook input priority 0; policy drop;
    tcp dport { 1, 30 } ct state new accept
    tcp dport 2 ct state untracked accept
    tcp dport 3 ct state != new accept
    tcp dport 4 ct mark 0 accept
    tcp dport 5 ct mark != 7 accept
    tcp dport 6 meta mark set ct mark accept
    tcp dport 7 ct status ! dnat accept
    tcp dport 8 ct original proto-dst 8 accept
    tcp dport 9 ct zone 0 accept
    tcp dport 10 ct mark set 7
    tcp dport 10 accept
    tcp dport 11 ct direction original accept
    tcp dport 12 ct status ! snat accept
    tcp dport { 21, 22 } accept
    tcp dport 23 ct zone 7 accept
    tcp dport 24 ct state new accept
    tcp dport 25 ct mark 0 accept
    tcp dport 31 ct zone 0 accept
    tcp dport 33 ct status dnat accept
    icmpv6 type { 128, 135, 143 } ct state untracked accept
  }
}""",
        answers=(
            *((probe(TCP, port), "") for port in (1, 4, 5, 6, 7, 8, 9, 11, 12)),
            *((probe(TCP, port), "192.0.2.25:{0}".format(port)) for port in (2, 3, 10, 21, 22, 23, 24, 25, 30, 31)),
            (probe(TCP, 32), "192.0.2.25:33"),
            (probe(TCP, 1, interface="lo"), "192.0.2.25:1"),
            (probe(TCP, 2, interface="lo"), ""),
            (probe(TCP, 3, interface="lo"), ""),
            (probe(TCP, 4, interface="lo"), "192.0.2.25:4"),
            (probe(TCP, 21, interface="lo"), ""),
            (probe(TCP, 22, interface="lo"), ""),
            (ping(6, 128), ""),
            (ping(6, 135), "2001:db8::25"),
            (ping(6, 143), "2001:db8::25"),
        ),
    ),
    Journey(
        name="marks",
        trap="marks are set at earlier hooks, bit by bit, saved to the connection and restored from it",
        nft="""
table inet t {
  map levels { type inet_service : mark; elements = { 25 : 0x11, 26 : 0x12, 27 : 0x21 }; }
  chain raw { type filter hook prerouting priority -300; meta mark set tcp dport map @levels; udp dport 53 meta mark set 0xff; }
  chain mangle {
    type filter hook prerouting priority -150;
    meta mark & 0x10 == 0x10 ct mark set meta mark
    meta mark & 0xf0 == 0x20 meta mark set meta mark | 0x4
    udp dport 53 meta mark set meta mark & 0xffffff0f
    tcp dport 28 meta mark set meta mark ^ 0x3
    tcp dport 29 ct mark set 0x40
    tcp dport 29 meta mark set ct mark
  }
  chain nat { type nat hook prerouting priority -100; meta mark 0x12 dnat ip to 172.17.0.2; }
  chain input {
    type filter hook input priority 0; policy drop;
    meta mark 0x11 ct mark 0x11 accept
    meta mark 0x25 accept
    meta mark { 0xf, 0x3 } accept
    ct mark 0x40 meta mark != 0 accept
    tcp dport 30 meta mark != 0 accept
  }
  chain forward { type filter hook forward priority 0; policy drop; ct mark 0x12 meta mark & 0x1 == 0 accept; }
}""",
        answers=(
            *((probe(TCP, port), "192.0.2.25:{0}".format(port)) for port in (25, 27, 28, 29)),
            (probe(TCP, 26), "172.17.0.2:26 on docker0"),
            (probe(TCP, 26, 6), ""),
            (probe(TCP, 27, 6), "[2001:db8::25]:27"),
            (probe(UDP, 53), "192.0.2.25:53"),
            (probe(TCP, 30), ""),
            (probe(UDP, 25), ""),
        ),
    ),
    Journey(
        name="new-destinations",
        trap="maps, port ranges and networks as NAT targets; protocols without ports; loopback is out of reach",
        nft="""
table ip t {
  chain nat {
    type nat hook prerouting priority -100;
    dnat to tcp dport map { 1001 : 172.17.0.2, 1002 : 172.17.0.3, 1003 : 192.0.2.26 }
    dnat ip to tcp dport map { 2001 : 172.17.0.2 . 25, 2002 : 10.0.0.7 . 587 }
    tcp dport 3000-3009 dnat to 172.17.0.2:3005-4000
    tcp dport 3100 dnat to 172.17.0.2:25-27
    tcp dport 3200 dnat to 172.17.0.4-172.17.0.7
    udp dport 53 dnat prefix to ip daddr map { 192.0.2.0/24 : 172.17.5.0/24 }
    tcp dport 3300 dnat to 127.0.0.1
    tcp dport 3400 dnat to 198.18.0.1
    tcp dport 3500 dnat to 192.0.2.26:22
    meta l4proto { 47, 132 } dnat to 172.17.0.9
    icmp type echo-request dnat to 172.17.0.8
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    tcp dport 25-27 oifname "docker0" accept
    tcp dport 1002 oif "docker0" drop
  }
}""",
        answers=(
            (probe(TCP, 1001), "172.17.0.2:1001 on docker0"),
            (probe(TCP, 1002), ""),
            (probe(TCP, 1003), "192.0.2.26:1003"),
            (probe(TCP, 2001), "172.17.0.2:25 on docker0"),
            (probe(TCP, 2002), "10.0.0.7:587 on eth1"),
            (probe(TCP, 3007), "172.17.0.2:3007 on docker0"),
            (probe(TCP, 3004), "172.17.0.2:3005 on docker0"),
            (probe(TCP, 3100), "172.17.0.2:25 on docker0"),
            (probe(UDP, 53), "172.17.5.25:53 on docker0"),
            (probe(UDP, 53, destination="10.0.0.1"), "10.0.0.1:53"),
            (probe(TCP, 3300), ""),
            (probe(TCP, 3400), ""),
            (probe(TCP, 3500), "192.0.2.26:22"),
            (probe(GRE, sport=0), "172.17.0.9 on docker0"),
            (probe(SCTP, 9), "172.17.0.9:9 on docker0"),
            (ping(4, 8), "172.17.0.8 on docker0"),
        ),
    ),
    Journey(
        name="earlier-and-later-hooks",
        trap="ingress, raw, mangle, forward and postrouting drop as well as input; each for its own packets",
        nft="""
table netdev early {
  chain in { type filter hook ingress devices = { "eth0", "wg0" } priority -500; tcp dport 1 drop; ip6 saddr 2620::/16 drop; }
}
table inet t {
  chain raw { type filter hook prerouting priority raw; tcp dport 2 drop; meta mark set 5; }
  chain mangle { type filter hook prerouting priority mangle; tcp dport 3 drop; }
  chain input { type filter hook input priority 0; tcp dport 4 drop; }
  chain natin { type nat hook input priority 100; tcp dport 5 ct state new drop; }
  chain security { type filter hook input priority 150; meta mark != 5 drop; }
  chain forward { type filter hook forward priority 0; tcp dport { 4, 6 } drop; iifname "eth0" oifname "eth0" drop; }
  chain mangled { type filter hook postrouting priority -150; tcp dport 7 oifname "docker0" drop; }
  chain natted { type nat hook postrouting priority srcnat; tcp dport 8 drop; masquerade; }
}""",
        answers=(
            *((probe(TCP, port), "") for port in (1, 2, 3, 4, 5)),
            *((probe(TCP, port), "192.0.2.25:{0}".format(port)) for port in (6, 7, 8)),
            (probe(TCP, 1, interface="eth1"), "192.0.2.25:1"),
            (probe(TCP, 1, interface="wg0"), ""),
            (probe(TCP, 9, source="2620::1"), ""),
            (probe(TCP, 9, source="2620::1", interface="eth1"), "[2001:db8::25]:9"),
            *((probe(TCP, port, destination="172.17.0.2"), "") for port in (1, 2, 3, 4, 6, 7, 8)),
            (probe(TCP, 5, destination="172.17.0.2"), "172.17.0.2:5 on docker0"),
            (probe(TCP, 7, destination="203.0.113.5"), "203.0.113.5:7 on wg0"),
            (probe(TCP, 9, destination="8.8.8.8"), ""),
            (probe(TCP, 9, destination="8.8.8.8", interface="wg0"), "8.8.8.8:9 on eth0"),
        ),
    ),
    Journey(
        name="routes",
        trap="the type of an address and the reverse path follow the host's addresses and routes, not the rules",
        nft="""
table inet t {
  chain raw {
    type filter hook prerouting priority raw;
    tcp dport 1 fib saddr . iif oif missing drop
    tcp dport 2 fib daddr type local accept
    tcp dport 2 drop
    tcp dport 3 fib daddr type != local drop
    tcp dport 4 fib daddr type unicast drop
    tcp dport 5 fib daddr type vmap { local : drop, broadcast : drop, anycast : drop }
    tcp dport 6 fib daddr . iif type != { local, broadcast, multicast } drop
    tcp dport 7 fib daddr . iif type unicast drop
  }
}""",
        answers=(
            (probe(TCP, 1, source="198.51.100.7", interface="ens3"), "192.0.2.25:1"),
            (probe(TCP, 1, source="198.51.100.7", interface="wg0"), ""),
            (probe(TCP, 1, source="8.8.8.8"), "192.0.2.25:1"),
            (probe(TCP, 1, source="8.8.8.8", interface="eth1"), ""),
            (probe(TCP, 1, source="192.0.2.26"), ""),
            (probe(TCP, 1, source="198.18.0.1"), ""),
            (probe(TCP, 1, interface="lo"), "192.0.2.25:1"),
            (probe(TCP, 1, source="2001:db8:51::7", interface="eth1"), "[2001:db8::25]:1"),
            (probe(TCP, 1, source="2001:db8:51::7"), ""),
            (probe(TCP, 1, source="2620::1"), "[2001:db8::25]:1"),
            (probe(TCP, 1, source="2001:db8:dead::7"), ""),
            (probe(TCP, 2), "192.0.2.25:2"),
            (probe(TCP, 2, destination="172.17.0.2"), ""),
            (probe(TCP, 3, destination="10.0.0.1"), "10.0.0.1:3"),
            (probe(TCP, 3, destination="fd00:17::2"), ""),
            (probe(TCP, 4), "192.0.2.25:4"),
            (probe(TCP, 4, destination="172.17.0.2"), ""),
            (probe(TCP, 5), ""),
            (probe(TCP, 5, destination="192.0.2.255"), ""),
            (probe(TCP, 9, destination="192.0.2.255"), "192.0.2.255:9"),
            (probe(TCP, 5, destination="2001:db8::"), ""),
            (probe(TCP, 4, destination="2001:db8::"), "[2001:db8::]:4"),
            (probe(TCP, 6), "192.0.2.25:6"),
            (probe(TCP, 6, destination="192.0.2.26"), "192.0.2.26:6"),
            (probe(TCP, 6, destination="10.0.0.1"), ""),
            (probe(TCP, 6, destination="10.0.0.1", interface="eth1"), "10.0.0.1:6"),
            (probe(TCP, 6, destination="172.17.0.2"), ""),
            (probe(TCP, 6, 6), "[2001:db8::25]:6"),
            (probe(TCP, 6, 6, interface="eth1"), ""),
            (probe(TCP, 6, 6, destination="fd00:10::1", interface="eth1"), "[fd00:10::1]:6"),
            (probe(TCP, 7), "192.0.2.25:7"),
            (probe(TCP, 7, destination="10.0.0.1"), ""),
            (probe(TCP, 7, 6, destination="fd00:10::1"), ""),
            (probe(TCP, 9, destination="198.18.0.1"), ""),
            (probe(TCP, 9, destination="198.51.100.9"), "198.51.100.9:9 on ens3"),
            (probe(TCP, 9, source="fe80::7", destination="2620::8"), "[2620::8]:9 on eth0"),
            (probe(TCP, 9, source="fe80::7", destination="2620::8", interface="eth1"), ""),
        ),
    ),
    Journey(
        name="nat-without-conntrack",
        trap="a drop policy in a nat chain drops nothing as long as no rule needs conntrack",
        nft="""
table inet t {
  chain nat { type nat hook prerouting priority -100; policy drop; }
}""",
        exact=False,
        answers=((probe(TCP, 25), "192.0.2.25:25"), (probe(UDP, 53, 6), "[2001:db8::25]:53")),
    ),
    Journey(
        name="nat-policy",
        trap="a drop policy in a nat chain drops what is tracked; neighbour discovery is not",
        nft="""
table inet t {
  chain nat { type nat hook prerouting priority -100; policy drop; tcp dport 25 accept; }
  chain input { type filter hook input priority 0; ct state new accept; }
}""",
        answers=(
            (probe(TCP, 25), "192.0.2.25:25"),
            (probe(TCP, 26), ""),
            (probe(TCP, 26, interface="lo"), "192.0.2.25:26"),
            (ping(6, 128), ""),
            (ping(6, 135), "2001:db8::25"),
        ),
    ),
    Journey(
        name="loopback-routed",
        trap="with route_localnet a service on 127.0.0.1 can be published",
        nft="""
table ip t {
  chain nat { type nat hook prerouting priority -100; tcp dport 2525 dnat to 127.0.0.1:25; }
  chain input { type filter hook input priority 0; policy drop; ip daddr 127.0.0.0/8 tcp dport 25 accept; }
}""",
        settings=("net.ipv4.conf.default.route_localnet=1",),
        answers=(
            (probe(TCP, 2525), "127.0.0.1:25"),
            (probe(TCP, 25), ""),
            (probe(TCP, 2525, 6), "[2001:db8::25]:2525"),
        ),
    ),
    Journey(
        name="sources-of-its-own",
        trap="who claims to be the host itself: not known without the question where the addresses are",
        nft="""
table inet t {
  chain raw { type filter hook prerouting priority raw; fib saddr type local drop; }
}""",
        exact=False,
        answers=((probe(TCP, 6, source="192.0.2.26"), ""), (probe(TCP, 6), "192.0.2.25:6")),
    ),
)
