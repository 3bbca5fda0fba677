# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Matches on what the host knows: connections, marks, addresses, routes, bridges."""

from __future__ import annotations

from dataclasses import replace

import pytest
from iptables_helpers import HOST, accepting, certainty, own, rules, table

from _gate.packetfilter.model import NOTHING_KNOWN, Host, Own

V6 = {"saddr": "2001:db8:9::9", "daddr": "2001:db8::1"}
REDIRECT = "-A PREROUTING -p tcp -m tcp --dport 2525 -j REDIRECT --to-ports 25"
NO_TRACK = "-A PREROUTING -p tcp -m tcp --dport 26 -j NOTRACK"


def behind(before, options):
    """The filter accepts what meets the options; ``before``: a rule of nat or raw in front of it."""
    name = "raw" if "NOTRACK" in before else "nat"
    text = table(name, before, chains=(":PREROUTING ACCEPT [0:0]",))
    return rules(text + table("filter", "-A INPUT {0} -j ACCEPT".format(options), chains=(":INPUT DROP [0:0]",)))


@pytest.mark.parametrize(
    ("options", "translated", "direct"),
    [
        ("-m conntrack --ctstate DNAT", "yes", "no"),
        ("-m conntrack ! --ctstate DNAT", "no", "yes"),
        ("-m conntrack ! --ctstate DNAT,NEW", "no", "no"),
        ("-m conntrack --ctstate DNAT,NEW", "yes", "yes"),
        ("-m conntrack --ctorigdstport 2525 -p tcp", "yes", "no"),
        ("-m conntrack ! --ctorigdstport 2525 -p tcp", "no", "yes"),
        ("-m conntrack --ctorigdst 192.0.2.1", "yes", "yes"),
        ("-m conntrack --ctreplsrcport 25 -p tcp", "yes", "yes"),
        ("-m conntrack --ctreplsrc 192.0.2.1 --ctrepldst 203.0.113.9 --ctrepldstport 40000", "yes", "yes"),
        ("-p tcp -m tcp --dport 25", "yes", "yes"),
        ("-p tcp -m tcp --dport 2525", "no", "no"),
    ],
)
def test_translated_connections(options, translated, direct):
    ruleset = behind(REDIRECT, options)
    assert certainty(ruleset, dport=2525) == translated
    assert certainty(ruleset, dport=25) == direct


@pytest.mark.parametrize(
    ("options", "untracked", "tracked"),
    [
        ("-m conntrack --ctstate UNTRACKED", "yes", "no"),
        ("-m conntrack --ctstate NEW,ESTABLISHED", "no", "yes"),
        ("-m conntrack ! --ctstate NEW", "yes", "no"),
        ("-m conntrack ! --ctproto 17", "no", "yes"),
        # Of a packet without a connection the kernel looks at the state alone.
        ("-m conntrack --ctstate UNTRACKED,NEW --ctproto 17", "yes", "no"),
        ("-m conntrack --ctstate UNTRACKED,NEW --ctproto 6 --ctorigsrc 198.51.100.0/24", "yes", "no"),
        ("-m connmark --mark 0", "no", "yes"),
        ("-m connmark ! --mark 1", "no", "yes"),
        ("-m connmark ! --mark 1/1", "no", "yes"),
        ("-m conntrack ! --ctstatus ASSURED", "no", "yes"),
    ],
)
def test_untracked_packets(options, untracked, tracked):
    ruleset = behind(NO_TRACK, options)
    assert certainty(ruleset, dport=26) == untracked
    assert certainty(ruleset, dport=25) == tracked


def test_protocols_without_ports_have_something_else_there():
    ruleset = accepting("-m conntrack --ctorigdstport 25")
    assert certainty(ruleset, protocol=6) == "yes"
    assert certainty(ruleset, protocol=1) == "unknown"


def test_when_a_connection_expires_is_known_at_run_time():
    assert certainty(accepting("-m conntrack --ctexpire 5:6")) == "sometimes"


def test_a_connection_is_confirmed_on_lo_alone():
    ruleset = accepting("-m conntrack --ctstatus CONFIRMED,ASSURED")
    assert certainty(ruleset) == "no"
    assert certainty(ruleset, iif="lo", saddr="192.0.2.1") == "yes"
    assert certainty(accepting("-m conntrack ! --ctstatus CONFIRMED")) == "yes"


def test_a_template_hides_that_there_is_no_connection_yet():
    raw = table(
        "raw",
        "-A PREROUTING -p udp -j CT --helper tftp",
        "-A PREROUTING -p tcp -m conntrack --ctstate INVALID -j DROP",
        "-A PREROUTING -p 50 -j CT --notrack",
        chains=(":PREROUTING ACCEPT [0:0]",),
    )
    ruleset = rules(
        raw + table("filter", "-A INPUT -m conntrack --ctstate UNTRACKED -j DROP", chains=(":INPUT ACCEPT",))
    )
    assert certainty(ruleset) == "unknown"
    assert certainty(ruleset, protocol=50) == "unknown"
    assert certainty(ruleset, protocol=17) == "yes"


@pytest.mark.parametrize(
    ("target", "match", "expected"),
    [
        ("MARK --set-xmark 0x5/0xffffffff", "mark --mark 5", "yes"),
        ("MARK --set-mark 0x5/0xf", "mark --mark 0x5/0x5", "yes"),
        ("MARK --or-mark 0x4", "mark --mark 0x4/0x4", "yes"),
        ("MARK --or-mark 0x4", "mark ! --mark 0x4/0x4", "no"),
        ("MARK --or-mark 0x4", "mark --mark 0x2/0x2", "no"),
        ("MARK --xor-mark 0x7 -m mark --mark 0", "mark --mark 7", "yes"),
        ("MARK --set-mark 0xff -m mark --mark 0\n-A PREROUTING -j MARK --set-mark 0x5/0xf0", "mark --mark 0xf", "yes"),
        ("MARK --set-xmark 0x40000/0xff0000", "mark --mark 0x40000/0xff0000", "yes"),
        ("CONNMARK --set-xmark 0x5/0xffffffff", "connmark --mark 5", "yes"),
        ("CONNMARK --set-xmark 0x5/0xffffffff", "mark --mark 5", "no"),
        ("HMARK --hmark-mod 2 --hmark-rnd 1 --hmark-offset 100", "mark --mark 100", "unknown"),
    ],
)
def test_marks_that_rules_set(target, match, expected):
    mangle = table("mangle", "-A PREROUTING -j {0}".format(target), chains=(":PREROUTING ACCEPT [0:0]",))
    accept = table("filter", "-A INPUT -m {0} -j ACCEPT".format(match), chains=(":INPUT DROP [0:0]",))
    assert certainty(rules(mangle + accept)) == expected


def test_marks_go_from_the_connection_to_the_packet_and_back():
    mangle = table(
        "mangle",
        "-A PREROUTING -j MARK --set-xmark 0x12/0xffffffff",
        "-A PREROUTING -j CONNMARK --save-mark --nfmask 0xf --ctmask 0xffffffff",
        "-A PREROUTING -j MARK --and-mark 0xf0",
        "-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xf",
        chains=(":PREROUTING ACCEPT [0:0]",),
    )
    accept = table(
        "filter", "-A INPUT -m mark --mark 0x12 -m connmark --mark 0x2 -j ACCEPT", chains=(":INPUT DROP [0:0]",)
    )
    assert certainty(rules(mangle + accept)) == "yes"


def test_a_mark_is_restored_through_two_masks():
    mangle = table(
        "mangle",
        "-A PREROUTING -j CONNMARK --set-xmark 0x12/0xffffffff",
        "-A PREROUTING -j MARK --set-xmark 0x134/0xffffffff",
        "-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xf",
        chains=(":PREROUTING ACCEPT [0:0]",),
    )
    accept = table("filter", "-A INPUT -m mark --mark 0x102 -j ACCEPT", chains=(":INPUT DROP [0:0]",))
    assert certainty(rules(mangle + accept)) == "yes"


@pytest.mark.parametrize(
    ("options", "packet", "expected"),
    [
        ("--dst-type LOCAL", {}, "yes"),
        ("! --dst-type LOCAL", {}, "no"),
        ("--dst-type UNICAST,BROADCAST", {}, "no"),
        ("--dst-type LOCAL --limit-iface-in", {}, "yes"),
        ("--dst-type LOCAL --limit-iface-in", {"daddr": "10.0.0.1"}, "no"),
        ("! --dst-type LOCAL --limit-iface-in", {"daddr": "10.0.0.1"}, "yes"),
        ("--src-type LOCAL", {"saddr": "10.0.0.1", "iif": "eth1"}, "yes"),
        ("--src-type LOCAL", {}, "no"),
        ("! --src-type LOCAL", {}, "yes"),
        ("--src-type UNICAST", {}, "yes"),
        ("--src-type MULTICAST,BROADCAST", {}, "no"),
        ("--src-type LOCAL,UNICAST,BROADCAST", {"saddr": "192.0.2.255"}, "yes"),
        ("--src-type LOCAL --dst-type LOCAL", {}, "no"),
        ("--src-type BROADCAST", {"saddr": "0.1.2.3"}, "yes"),
        ("--src-type BROADCAST", {"saddr": "192.0.2.255"}, "yes"),
        ("--src-type UNICAST", {"saddr": "192.0.2.255"}, "no"),
        ("--src-type UNICAST", {"saddr": "192.0.2.0"}, "unknown"),
    ],
)
def test_types_of_addresses(options, packet, expected):
    assert certainty(accepting("-m addrtype " + options), **packet) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--dst-type LOCAL", "yes"),
        ("--dst-type UNICAST", "yes"),  # in IPv6 the host's own addresses are of both types
        ("--dst-type LOCAL,UNICAST", "yes"),
        ("--dst-type MULTICAST", "no"),
        ("--dst-type LOCAL,MULTICAST", "no"),
        ("! --dst-type MULTICAST", "yes"),
        ("--dst-type UNSPEC", "no"),
        ("--src-type LOCAL", "no"),
        ("--src-type UNICAST", "yes"),
        ("--src-type UNICAST,MULTICAST", "no"),
    ],
)
def test_types_of_ipv6_addresses(options, expected):
    assert certainty(accepting("-m addrtype " + options, 6), **V6) == expected


def test_no_address_is_no_unicast_address():
    assert certainty(accepting("-m addrtype --src-type UNICAST", 6), saddr="::", daddr="2001:db8::1") == "no"


def test_types_of_sources_without_the_hosts_addresses():
    ruleset = accepting("-m addrtype --src-type LOCAL", host=NOTHING_KNOWN)
    assert certainty(ruleset, NOTHING_KNOWN) == "unknown"
    assert certainty(ruleset, NOTHING_KNOWN, saddr="224.0.0.1") == "no"
    every = accepting("-m addrtype --src-type LOCAL,UNICAST,BROADCAST", host=NOTHING_KNOWN)
    assert certainty(every, NOTHING_KNOWN) == "yes"


@pytest.mark.parametrize(
    ("options", "from_eth0", "from_eth1"),
    [
        ("", "yes", "no"),
        ("--invert", "no", "yes"),
        ("--loose", "yes", "unknown"),
        ("--validmark", "yes", "no"),
        ("--validmark --invert", "no", "yes"),
        ("--accept-local", "yes", "no"),
    ],
)
def test_reverse_paths(options, from_eth0, from_eth1):
    ruleset = accepting("-m rpfilter " + options)
    assert certainty(ruleset) == from_eth0
    assert certainty(ruleset, iif="eth1") == from_eth1
    assert certainty(accepting("-m rpfilter"), iif="lo") == "yes"


def test_reverse_paths_of_own_sources_and_of_marked_packets():
    assert certainty(accepting("-m rpfilter --accept-local"), saddr="10.0.0.1") == "unknown"
    mark = table("mangle", "-A PREROUTING -j MARK --set-mark 1", chains=(":PREROUTING ACCEPT [0:0]",))
    check = table("filter", "-A INPUT -m rpfilter --validmark -j ACCEPT", chains=(":INPUT DROP [0:0]",))
    assert certainty(rules(mark + check)) == "unknown"


def test_what_is_assumed_of_reverse_paths_is_said_where_routes_are_not_known():
    assert not accepting("-m rpfilter").notes
    assert "reverse-path" in accepting("-m rpfilter", host=NOTHING_KNOWN).notes[0]


def test_bridged_frames():
    for options, routed in (
        ("--physdev-in eth0", "no"),
        ("! --physdev-is-bridged", "yes"),
        ("! --physdev-in a", "yes"),
        ("! --physdev-is-bridged --physdev-in eth0", "no"),
    ):
        ruleset = accepting("-m physdev " + options)
        assert certainty(ruleset) == routed
        assert certainty(ruleset, saddr="172.17.0.5", iif="docker0") == "unknown"
    without = Host(own=(own("192.0.2.1", "eth0", 24),), interfaces=("eth0",))
    assert certainty(accepting("-m physdev --physdev-in eth0", host=without), without) == "no"


def test_output_interfaces_are_known_on_the_forward_path_alone():
    text = table(
        "filter",
        "-A FORWARD -i eth0 -o docker0 -j ACCEPT",
        "-A FORWARD ! -o docker0 -j DROP",
        "-A INPUT ! -o eth0 -j ACCEPT",
        chains=(":INPUT DROP [0:0]", ":FORWARD DROP [0:0]"),
    )
    ruleset = rules(text)
    assert certainty(ruleset, daddr="172.17.0.2") == "yes"
    assert certainty(ruleset, daddr="10.1.2.3") == "no"
    assert certainty(ruleset) == "yes"


@pytest.mark.parametrize(
    ("options", "tcp", "hop_by_hop"),
    [
        ("--header hop-by-hop,ipv6-opts --soft", "no", "unknown"),
        ("! --header ipv6-frag --soft", "yes", "unknown"),
        ("! --header ipv6-frag", "yes", "unknown"),
        ("--header ipv6-frag", "no", "unknown"),
        ("--header prot", "yes", "unknown"),
        ("--header prot --soft", "yes", "unknown"),
        ("! --header prot", "no", "unknown"),
    ],
)
def test_extension_headers(options, tcp, hop_by_hop):
    ruleset = accepting("-m ipv6header " + options, 6)
    assert certainty(ruleset, **V6) == tcp
    assert certainty(ruleset, protocol=0, **V6) == hop_by_hop


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("-m limit --limit 3/min", "sometimes"),
        ("-m hashlimit --hashlimit-above 5/sec --hashlimit-name x", "sometimes"),
        ("-m recent --rcheck --name x", "sometimes"),
        ("-m connlimit --connlimit-above 3", "sometimes"),
        ("-m statistic --mode random --probability 0.5", "sometimes"),
        ("-m time --timestart 10:00:00", "sometimes"),
        ("-m socket --transparent", "sometimes"),
        ("-m quota --quota 1000", "sometimes"),
        ("-m cpu --cpu 0", "sometimes"),
        ("-m string --string foo --algo bm", "unknown"),
        ("-m u32 --u32 0x0=0x0", "unknown"),
        ("-m mac --mac-source 01:02:03:04:05:06", "unknown"),
        ("-m realm --realm 5", "unknown"),
        ("-m tos --tos 0x10/0x3f", "unknown"),
        ("-m length --length 100:200", "unknown"),
        ("-m brand-new --thing", "unknown"),
        ("-p tcp -m tcp --tcp-option 5", "unknown"),
    ],
)
def test_doubts_of_the_run_and_doubts_of_understanding(options, expected):
    assert certainty(accepting(options), HOST) == expected


def test_the_interface_of_an_address_that_the_user_gives_is_not_known():
    given = replace(HOST, own=(Own(4, HOST.own[0].value, ""),))
    text = "-A INPUT -m addrtype --dst-type LOCAL --limit-iface-in -j ACCEPT"
    assert certainty(rules(table("filter", text, chains=(":INPUT DROP [0:0]",)), host=given)) == "unknown"
