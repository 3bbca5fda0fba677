# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of iptables rules against packets."""

from __future__ import annotations

import pytest
from reader_helpers import MAYBE, NO, YES, doubts, outcome, outcome6, save, unfollowed


def rule(options, family=4, **more):
    """A table that drops all but what the options match."""
    return save("-A INPUT {0} -j ACCEPT".format(options), family=family, **more)


@pytest.mark.parametrize(
    ("options", "inside", "outside"),
    [
        ("-p tcp", {"protocol": 6}, {"protocol": 17}),
        ("--protocol 6", {"protocol": 6}, {"protocol": 17}),
        ("! -p tcp", {"protocol": 17}, {"protocol": 6}),
        ("-p sctp -m sctp --dport 25", {"protocol": 132}, {"protocol": 6}),
        ("-p tcp -m tcp --dport 25", {"dport": 25}, {"dport": 26}),
        ("-p tcp --dport 25", {"dport": 25}, {"dport": 25, "protocol": 17}),
        ("-p tcp -m tcp ! --dport 25", {"dport": 26}, {"dport": 26, "protocol": 17}),
        ("-p tcp -m tcp --destination-port 20:25", {"dport": 20}, {"dport": 26}),
        ("-p tcp -m tcp --dport :25", {"dport": 0}, {"dport": 26}),
        ("-p tcp -m tcp --dport 25:", {"dport": 65535}, {"dport": 24}),
        ("-p udp -m udp --sport 53", {"protocol": 17, "sport": 53, "dport": 9}, {"protocol": 17, "sport": 54}),
        ("-p tcp -m multiport --dports 25,100:200", {"dport": 150}, {"dport": 99}),
        ("-p tcp -m multiport --ports 7", {"dport": 7}, {"dport": 8}),
        ("-p tcp -m multiport --ports 7", {"sport": 7}, {"sport": 8}),
        ("-p tcp -m multiport ! --ports 7", {"dport": 8}, {"sport": 7, "dport": 8}),
        ("-p tcp -m multiport ! --dports 25", {"dport": 26}, {"dport": 25}),
        ("-s 192.0.2.0/24", {"saddr": "192.0.2.255"}, {"saddr": "192.0.3.0"}),
        ("! -s 192.0.2.0/24", {"saddr": "192.0.3.0"}, {"saddr": "192.0.2.255"}),
        ("-s 192.0.2.0/255.255.255.0", {"saddr": "192.0.2.255"}, {"saddr": "192.0.3.0"}),
        ("-d 192.0.2.1/32", {"daddr": "192.0.2.1"}, {"daddr": "192.0.2.2"}),
        ("-m iprange --src-range 192.0.2.5-192.0.2.9", {"saddr": "192.0.2.9"}, {"saddr": "192.0.2.10"}),
        ("-m iprange ! --dst-range 192.0.2.1-192.0.2.9", {"daddr": "192.0.2.10"}, {"daddr": "192.0.2.9"}),
        ("-i eth0", {"iif": "eth0"}, {"iif": "eth01"}),
        ("-i eth+", {"iif": "eth01"}, {"iif": "lo"}),
        ("! -i eth+", {"iif": "lo"}, {"iif": "eth01"}),
        ("-p icmp -m icmp --icmp-type 8", {"protocol": 1, "icmp_type": 8}, {"protocol": 1, "icmp_type": 0}),
        ("-p icmp -m icmp --icmp-type any", {"protocol": 1, "icmp_type": 77}, {"protocol": 6}),
        ("-p icmp --icmp-type echo-request", {"protocol": 1, "icmp_type": 8}, {"protocol": 1, "icmp_type": 0}),
        ("-p icmp -m icmp ! --icmp-type 8", {"protocol": 1, "icmp_type": 0}, {"protocol": 1, "icmp_type": 8}),
        ("-m conntrack --ctorigdst 192.0.2.1", {"daddr": "192.0.2.1"}, {"daddr": "192.0.2.2"}),
        ("-m conntrack --ctproto 6", {"protocol": 6}, {"protocol": 17}),
        ("-p tcp -m conntrack --ctorigdstport 25", {"dport": 25}, {"dport": 26}),
        (
            "-p icmp -m icmp --icmp-type 3/4",
            {"protocol": 1, "icmp_type": 3, "icmp_code": 4},
            {"protocol": 1, "icmp_type": 3},
        ),
        (
            "-p icmp -m icmp ! --icmp-type host-unreachable",
            {"protocol": 1, "icmp_type": 3},
            {"protocol": 1, "icmp_type": 3, "icmp_code": 1},
        ),
    ],
)
def test_exact_options(options, inside, outside):
    rules = rule(options)
    assert outcome(rules, **inside) == YES
    assert outcome(rules, **outside) == NO
    assert doubts(rules) == []


@pytest.mark.parametrize("options", ["-m owner ! --uid-owner 0", "-m conntrack ! --ctstatus ASSURED"])
def test_what_is_in_doubt_for_later_packets_alone(options):
    rules = rule(options)
    assert outcome(rules) == YES
    assert len(doubts(rules)) == 1


@pytest.mark.parametrize(
    "options",
    [
        "-m state --state NEW",
        "-m conntrack --ctstate RELATED,NEW",
        "-m conntrack ! --ctstate INVALID",
        "-m conntrack --ctdir ORIGINAL",
        "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN",
        "-p tcp --syn",
        "-p tcp -m tcp ! --tcp-flags SYN,ACK SYN,ACK",
        "-p tcp -m tcp --tcp-flags ALL SYN",
        "-m rpfilter",
        "-m helper ! --helper ftp",
        "-m recent --set --name x --rsource",
        "-m mark ! --mark 0x1/0x1",
        "! -o eth0",
        "-m conntrack ! --ctstatus NONE",
        "-4",
        "! -f",
        "-p all",
        "-m comment --comment x",
        '-m comment --comment "-p udp"',
        "-i +",
        "-m addrtype ! --dst-type MULTICAST",
        "-m pkttype --pkt-type unicast",
    ],
)
def test_what_holds_for_every_first_packet(options):
    rules = rule(options)
    assert outcome(rules) == YES
    assert doubts(rules) == []


@pytest.mark.parametrize(
    "options",
    [
        "-m state --state ESTABLISHED,RELATED",
        "-m conntrack --ctstate INVALID",
        "-m conntrack --ctstate UNTRACKED",
        "-m conntrack --ctstate DNAT",
        "-m conntrack --ctstatus EXPECTED",
        "-p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK",
        "-p tcp -m tcp --tcp-flags ALL NONE",
        "-p tcp ! --syn",
        "-m rpfilter --validmark --invert",
        "-f",
        "! -p all",
        "-o eth0",
        "-p tcp -m tcp --dport 30:20",
        "-m addrtype --dst-type BLACKHOLE",
        "-m owner --uid-owner 0",
        "-m helper --helper ftp",
        "-m recent ! --set --name x",
        "-m cgroup ! --cgroup 5",
        "-m mark --mark 0x1/0xff",
        "-m connmark --mark 5",
        "-m conntrack --ctstatus SEEN_REPLY,CONFIRMED",
        "-6",
    ],
)
def test_what_holds_for_no_first_packet(options):
    rules = rule(options)
    assert outcome(rules) == NO
    assert outcome(rules, daddr="224.0.0.1") == NO


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("-m limit --limit 3/min --limit-burst 10", "-m limit --limit 3/min --limit-burst 10"),
        ("-m recent --rcheck --name ssh", "-m recent --rcheck --name ssh"),
        ("-m set --match-set banned src", "-m set --match-set banned src (what is in set banned is not known)"),
        ("-m set ! --match-set banned src", "-m set ! --match-set banned src (what is in set banned is not known)"),
        ("-m socket", "-m socket"),
        ('-m string --algo bm --string "-p udp"', "-m string --algo bm --string -p udp"),
        ("--brand-new 5", "--brand-new 5"),
        ("-m conntrack --ctmagic 5", "-m conntrack --ctmagic 5"),
        ("-m comment --comment x --magic", "--magic"),
        ("-m conntrack --ctstate WRONG", "--ctstate WRONG (no state known here)"),
        ("-p nonsense-protocol", "-p nonsense-protocol (no protocol known here)"),
        ("-s 10.0.0.0/255.0.255.0", "-s 10.0.0.0/255.0.255.0 (a mask with gaps)"),
        ("-m addrtype --src-type LOCAL", "--src-type LOCAL"),
        ("-m addrtype ! --dst-type LOCAL --limit-iface-in", "! --dst-type LOCAL (limited to one interface)"),
        ("-m physdev --physdev-in eth0", "-m physdev --physdev-in eth0 (of frames that come over a bridge)"),
        ("-m mac --mac-source 01:02:03:04:05:06", "-m mac --mac-source 01:02:03:04:05:06"),
        ("-m hl --hl-eq 64", "--hl-eq 64"),
        ("-p tcp !", "! -j ACCEPT"),
    ],
)
def test_what_is_not_modelled_is_a_doubt_with_its_words(options, words):
    family = 6 if "--hl" in options else 4
    rules = rule(options, family=family)
    assert (outcome6 if family == 6 else outcome)(rules) == MAYBE
    assert words in doubts(rules)


def test_two_matches_of_one_kind_are_two_doubts():
    assert len(doubts(rule("-m limit --limit 3/min -m limit --limit 9/hour"))) == 2


def test_a_doubt_is_limited_by_the_rest_of_the_rule():
    rules = rule("-p tcp -m tcp --dport 22 -m recent --name ssh --update")
    assert outcome(rules, dport=22) == MAYBE
    assert outcome(rules, dport=23) == NO


def test_icmpv6():
    rules = rule("-p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255", family=6)
    assert outcome6(rules, protocol=58, icmp_type=135) == YES
    assert outcome6(rules, protocol=58, icmp_type=136) == NO
    rules = rule("-p ipv6-icmp -m icmp6 --icmpv6-type packet-too-big", family=6)
    assert outcome6(rules, protocol=58, icmp_type=2) == YES


def test_packets_with_a_routing_header_are_not_in_question():
    rules = save("-A INPUT -m rt --rt-type 0 -j DROP", chains=(":INPUT ACCEPT [0:0]",), family=6)
    assert outcome6(rules) == YES


def test_the_raw_table_is_run_before_conntrack():
    raw = {"table": "raw", "chains": (":PREROUTING ACCEPT [0:0]",)}
    assert outcome(save("-A PREROUTING -m conntrack --ctstate INVALID -j DROP", **raw)) == NO
    assert outcome(save("-A PREROUTING -m conntrack --ctstate NEW -j DROP", **raw)) == YES
    assert outcome(save("-A PREROUTING -m conntrack --ctproto 6 -j DROP", **raw)) == YES
    assert outcome(save("-A PREROUTING -m conntrack ! --ctproto 17 -j DROP", **raw)) == YES


def test_reverse_path_filters_are_noted():
    assert "reverse-path" in rule("-m rpfilter --invert").notes[0]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("-j DROP", NO),
        ("-j REJECT --reject-with tcp-reset", NO),
        ("-j RETURN", YES),
        ('-j LOG --log-prefix "-j DROP"', YES),
        ("-j MARK --set-xmark 0x1/0xffffffff", YES),
        ("-j CT --helper ftp", YES),
        ("", YES),
        ("-j SYNPROXY --sack-perm", MAYBE),
        ("-j CLUSTERIP --new", MAYBE),
        ("-j BRANDNEW --thing 1", MAYBE),
    ],
)
def test_targets(target, expected):
    rules = save("-A INPUT {0}".format(target), chains=(":INPUT ACCEPT [0:0]",))
    assert outcome(rules) == expected
    assert unfollowed(rules) == ([target] if expected == MAYBE else [])


def test_an_unknown_option_behind_a_jump_is_not_swallowed():
    rules = save("-A INPUT -j mail --magic", "-A mail -j ACCEPT", chains=(":INPUT DROP [0:0]", ":mail - [0:0]"))
    assert outcome(rules) == MAYBE


def test_a_match_behind_the_target_counts():
    assert outcome(save("-A INPUT -j ACCEPT -p udp")) == NO
