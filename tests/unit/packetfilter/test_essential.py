# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ICMPv6 that must get in, in rules as ip6tables writes them (RFC 4890)."""

from __future__ import annotations

import pytest

from _gate.packetfilter.diagram import Space
from _gate.packetfilter.essential import DISCOVERY, ERRORS, ESSENTIAL, essential_icmpv6
from _gate.packetfilter.model import NOTHING_KNOWN
from _gate.packetfilter.readers import iptables_save

RELATED = "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
TYPE = "-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type {0} -j ACCEPT\n"
NEW_MAIL = "-A INPUT -p tcp -m tcp --dport 25 -m conntrack --ctstate NEW -j ACCEPT\n"


def types(rules, policy="DROP", own=(), interfaces=()):
    text = "*filter\n:INPUT {0} [0:0]\n{1}COMMIT\n".format(policy, rules)
    ruleset = iptables_save.read(text, 6, "test").ruleset
    return essential_icmpv6(Space(), ruleset, NOTHING_KNOWN, own, interfaces)


def test_without_a_filter_all_get_in():
    assert types("", "ACCEPT") == set(ESSENTIAL)


def test_a_drop_policy_closes_all():
    assert types(NEW_MAIL) == set()


def test_errors_get_in_as_related():
    assert types(RELATED + NEW_MAIL) == set(ERRORS)


@pytest.mark.parametrize("number", sorted(DISCOVERY))
def test_discovery_needs_its_own_rule(number):
    assert types(TYPE.format(number)) == {number}


def test_neighbour_solicitations_to_multicast_addresses_count():
    assert types(TYPE.replace("-p", "-d ff02::/16 -p", 1).format(135)) == {135}


def test_the_addresses_and_interfaces_of_the_question_count():
    address = (0x20010DB8 << 96) + 1
    there = TYPE.replace("-p", "-d 2001:db8::1/128 -i eth1 -p", 1).format(2)
    assert types(there, own=[address]) == {2}
    assert types(there, own=[address + 1]) == set()
    assert types(there, own=[address], interfaces=["eth0"]) == set()


def test_a_rate_limit_may_let_them_in():
    assert types("-A INPUT -p ipv6-icmp -m limit --limit 10/sec -j ACCEPT\n") == set(ESSENTIAL)


def test_invalid_is_not_related():
    assert types("-A INPUT -m conntrack --ctstate INVALID -j DROP\n" + RELATED) == set(ERRORS)


def test_a_match_that_is_not_understood_establishes_nothing():
    assert types("-A INPUT -p ipv6-icmp -m string --string x --algo bm -j ACCEPT\n") == set()
