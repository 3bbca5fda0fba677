# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Targets of iptables: what they make of a packet, and where it then arrives."""

from __future__ import annotations

import ipaddress

import pytest
from iptables_helpers import certainty, delivered, rules, table
from reader_helpers import unfollowed

from _gate.packetfilter.model import CT_STATE, CT_ZONE, MARK, UNTRACKED, Change, Nat

V6 = {"saddr": "2001:db8:9::9", "daddr": "2001:db8::1"}


def nat(target, options="-p tcp -m tcp --dport 80:90", family=4, accept="-p tcp"):
    """NAT at prerouting; the filter accepts TCP, to the host and forwarded."""
    text = table("nat", "-A PREROUTING {0} -j {1}".format(options, target), chains=(":PREROUTING ACCEPT [0:0]",))
    lines = ["-A INPUT {0} -j ACCEPT".format(accept), "-A FORWARD {0} -j ACCEPT".format(accept)]
    return rules(text + table("filter", *lines, chains=(":INPUT DROP [0:0]", ":FORWARD DROP [0:0]")), family)


def verdict(ruleset):
    """The verdict of the first rule of the first table."""
    chain = next(iter(ruleset.tables[0].chains.values()))
    return chain.rules[0].branches[0][1]


def address(text):
    return int(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("DNAT --to-destination 172.17.0.2:8080", Nat((0xAC110002, 0xAC110002), (8080, 8080))),
        ("DNAT --to-destination 172.17.0.2", Nat((0xAC110002, 0xAC110002))),
        (
            "DNAT --to-destination 10.0.0.1-10.0.0.9:80-90 --random --persistent",
            Nat((0x0A000001, 0x0A000009), (80, 90)),
        ),
        ("DNAT --to-destination :8080", Nat(None, (8080, 8080))),
        ("DNAT --to-destination :8080-8090/80", Nat(None, (8080, 8090), old_first_port=80)),
        ("REDIRECT --to-ports 25", Nat(None, (25, 25), local=True)),
        ("REDIRECT --to-ports 8080-8090", Nat(None, (8080, 8090), local=True)),
        ("REDIRECT", Nat(local=True)),
        ("NETMAP --to 10.1.0.0/24", Nat((0x0A010000, 0x0A0100FF), netmap=True)),
    ],
)
def test_destination_nat(target, expected):
    ruleset = nat(target)
    assert verdict(ruleset).nat == expected
    assert unfollowed(ruleset) == []


@pytest.mark.parametrize(
    ("text", "addresses", "ports"),
    [
        ("[2001:db8::5]:8080", ("2001:db8::5", "2001:db8::5"), (8080, 8080)),
        ("[2001:db8::5-2001:db8::9]:80-90", ("2001:db8::5", "2001:db8::9"), (80, 90)),
        ("2001:db8::5", ("2001:db8::5", "2001:db8::5"), None),
        ("[2001:db8::5]", ("2001:db8::5", "2001:db8::5"), None),
        (":8080", None, (8080, 8080)),
    ],
)
def test_destination_nat_of_ipv6(text, addresses, ports):
    found = verdict(nat("DNAT --to-destination " + text, family=6)).nat
    assert found == Nat(None if addresses is None else tuple(map(address, addresses)), ports)


@pytest.mark.parametrize(
    "target", ["DNAT", "DNAT --to-destination nonsense", "DNAT --to-destination 10.0.0.1:x", "REDIRECT --to-ports x"]
)
def test_nat_that_is_not_understood_is_not_followed(target):
    assert unfollowed(nat(target))[0].startswith("-j " + target)


def test_a_published_port_is_delivered_behind_the_host():
    ruleset = nat("DNAT --to-destination 172.17.0.2:8080")
    (found,) = delivered(ruleset, dport=80)
    assert (found.path, found.port, found.interface) == ("forward", (8080, 8080), "docker0")
    assert certainty(ruleset, dport=80) == "yes"


def test_a_port_map_shifts_the_range_and_begins_anew_beyond_it():
    ruleset = nat("DNAT --to-destination :8080-8084/80", accept="-p tcp -m tcp --dport 8083")
    assert certainty(ruleset, dport=83) == "yes"
    assert certainty(ruleset, dport=84) == "no"
    assert certainty(ruleset, dport=88) in ("sometimes", "unknown")  # 8080 + (88 - 80) % 5 in the kernel


def test_source_nat_does_not_decide():
    lines = ("-A POSTROUTING -o docker0 -j MASQUERADE", "-A POSTROUTING -p tcp -j SNAT --to-source 192.0.2.9:1-5")
    ruleset = rules(table("nat", *lines, chains=(":POSTROUTING ACCEPT [0:0]",)))
    assert [rule.branches[0][1].kind for rule in ruleset.tables[0].chains["POSTROUTING"].rules] == ["accept", "accept"]
    assert certainty(ruleset, daddr="172.17.0.2") == "yes"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("CT --notrack", Change(CT_STATE, 0, UNTRACKED)),
        ("NOTRACK", Change(CT_STATE, 0, UNTRACKED)),
        ("CT --zone 5", Change(CT_ZONE, 0, 5)),
        ("CT --zone mark", Change(CT_ZONE, 0, 0, MARK, 0xFFFF)),
        ("CT --zone-orig 5", Change(CT_ZONE, unclear="-j CT with a zone for one direction")),
        ("CT --zone-reply 5", Change(CT_ZONE, unclear="-j CT with a zone for one direction")),
    ],
)
def test_changes(target, expected):
    ruleset = rules(table("raw", "-A PREROUTING -j " + target, chains=(":PREROUTING ACCEPT [0:0]",)))
    assert verdict(ruleset).changes == (expected,)


@pytest.mark.parametrize(
    "target",
    ["NFQUEUE --queue-num 0", "NFQUEUE --queue-num 0 --queue-bypass", "TPROXY --on-port 50080 --tproxy-mark 0x1/0x1"],
)
def test_what_is_decided_elsewhere_is_accepted_sometimes(target):
    lines = ("-A PREROUTING -p tcp -j " + target, "-A PREROUTING -j DROP")
    ruleset = rules(table("mangle", *lines, chains=(":PREROUTING ACCEPT [0:0]",)))
    assert certainty(ruleset) == "sometimes"
    assert certainty(ruleset, protocol=17) == "no"


@pytest.mark.parametrize(
    "target",
    [
        "LOG --log-prefix x", "NFLOG --nflog-group 3", "TRACE", "TEE --gateway 192.0.2.9", "TCPMSS --clamp-mss-to-pmtu",
        "CLASSIFY --set-class 1:2", "DSCP --set-dscp 0x05", "TTL --ttl-set 5", "CHECKSUM --checksum-fill",
        "SET --add-set x src", "CT --helper ftp", "CT --ctevents new", "IDLETIMER --timeout 5", "AUDIT --type accept",
    ],
)  # fmt: skip
def test_what_has_no_effect(target):
    ruleset = rules(table("raw", "-A PREROUTING -j " + target, chains=(":PREROUTING ACCEPT [0:0]",)))
    assert ruleset.tables[0].chains["PREROUTING"].rules == ()


def test_a_mark_from_a_set_is_not_known():
    mangle = table("mangle", "-A PREROUTING -j SET --map-set s src --map-mark", chains=(":PREROUTING ACCEPT [0:0]",))
    accept = table("filter", "-A INPUT -m mark --mark 1 -j ACCEPT", chains=(":INPUT DROP [0:0]",))
    assert certainty(rules(mangle + accept)) == "unknown"


def test_comments_and_quotes():
    text = table(
        "filter",
        '-A INPUT -p tcp -m comment --comment "a -p udp" -m tcp --dport 25 -j ACCEPT',
        "-A INPUT -m comment --comment -j -p tcp -m tcp --dport 26 -j ACCEPT",
        '-A INPUT -p udp -j LOG --log-prefix "x -m comment --comment y -j DROP "',
        r'-A INPUT -p tcp -m comment --comment "it\'s \"q\"" -m tcp --dport 27 -j ACCEPT',
        chains=(":INPUT DROP [0:0]",),
    )
    ruleset = rules(text)
    assert [certainty(ruleset, dport=port) for port in (25, 26, 27, 28)] == ["yes", "yes", "yes", "no"]
    assert certainty(ruleset, protocol=17) == "no"
