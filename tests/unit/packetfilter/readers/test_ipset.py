# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``ipset save`` and ``-m set``. The texts are as ipset 7.17 prints them."""

from __future__ import annotations

import pytest
from iptables_helpers import accepting, certainty, rules, table

from _gate.errors import EvidenceError
from _gate.packetfilter.readers import ipset
from _gate.packetfilter.readers.iptables_around import sets_used

HASH = " family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x5cf8e15e"
SETS = """create a hash:ip{0}
add a 192.0.2.10
add a 192.0.2.11
create n hash:net{0} counters comment
add n 198.51.100.0/24 packets 0 bytes 0 comment "the nomatch of timeout 5"
add n 198.51.100.128/25 nomatch packets 0 bytes 0
add n 198.51.100.192/26
create c hash:ip,port{0} timeout 60
add c 203.0.113.9,tcp:25 timeout 0
add c 203.0.113.9,udp:53 timeout 59
add c 203.0.113.9,icmp:echo-request timeout 0
add c 203.0.113.9,gre:0 timeout 0
create np hash:net,port{0}
add np 203.0.113.0/24,sctp:25
create i hash:net,iface{0}
add i 203.0.113.0/24,eth0
add i 203.0.113.64/26,eth1
add i 0.0.0.0/0,eth wildcard
create m hash:mac
add m 01:02:03:04:05:06
create g bitmap:ip range 10.0.0.0-10.0.255.255 netmask 24
add g 10.0.1.0
create p bitmap:port range 0-1000
add p 25
create im bitmap:ip,mac range 203.0.113.0-203.0.113.255
add im 203.0.113.9
create mask hash:ip family inet hashsize 1024 maxelem 65536 netmask 24
add mask 203.0.113.0
create gaps hash:ip family inet hashsize 1024 maxelem 65536 bitmask 255.0.255.0
add gaps 203.0.113.0
create six hash:net family inet6 hashsize 1024 maxelem 65536
add six 2001:db8::/32
create nn hash:net,net{0}
add nn 203.0.113.0/24,192.0.2.0/24
create mk hash:ip,mark family inet markmask 0xffffffff hashsize 1024 maxelem 65536
add mk 203.0.113.9,0x00000000
create ipn hash:ip,port,net{0}
add ipn 192.0.2.1,tcp:25,203.0.113.0/24
create with space hash:ip{0}
add with space 203.0.113.9
create l list:set size 8
add l a
add l n
add l six
create late hash:ip{0} timeout 600
add late 203.0.113.9 timeout 500
add late 203.0.113.10 timeout 0
""".format(HASH)


def answer(options, family=4, **more):
    return certainty(accepting("-m set " + options, family, SETS), **more)


@pytest.mark.parametrize(
    ("options", "inside", "outside"),
    [
        ("--match-set a src", {"saddr": "192.0.2.11"}, {"saddr": "192.0.2.12"}),
        ("! --match-set a src", {"saddr": "192.0.2.12"}, {"saddr": "192.0.2.11"}),
        ("--match-set a src --return-nomatch ! --update-counters", {"saddr": "192.0.2.11"}, {"saddr": "192.0.2.12"}),
        ("--match-set n src", {"saddr": "198.51.100.1"}, {"saddr": "198.51.100.129"}),
        ("--match-set n src", {"saddr": "198.51.100.193"}, {"saddr": "198.51.101.1"}),
        ("! --match-set n src", {"saddr": "198.51.100.129"}, {"saddr": "198.51.100.193"}),
        ("--match-set n src --return-nomatch", {"saddr": "198.51.100.129"}, {"saddr": "198.51.100.193"}),
        ("--match-set n src --return-nomatch", {"saddr": "198.51.100.191"}, {"saddr": "198.51.100.1"}),
        ("--match-set c src,dst", {"dport": 25}, {"dport": 26}),
        ("--match-set c src,dst", {"protocol": 1, "icmp_type": 8}, {"protocol": 1, "icmp_type": 8, "icmp_code": 1}),
        ("--match-set c src,dst", {"protocol": 47, "dport": 9}, {"protocol": 50}),
        ("--match-set c src,src", {"sport": 25, "dport": 9}, {"dport": 25}),
        ("--match-set np src,dst", {"protocol": 132}, {"protocol": 6}),
        ("--match-set i src,src", {"saddr": "198.51.100.1"}, {"saddr": "198.51.100.1", "iif": "wan"}),
        ("--match-set i src,src", {"saddr": "203.0.113.1"}, {"saddr": "203.0.113.65"}),
        ("--match-set g src", {"saddr": "10.0.1.9", "iif": "eth1"}, {"saddr": "10.0.2.9", "iif": "eth1"}),
        ("--match-set p dst", {"protocol": 17}, {"protocol": 132}),
        ("--match-set p src,dst", {"sport": 25}, {"sport": 26}),
        ("--match-set mask src", {"saddr": "203.0.113.77"}, {"saddr": "203.0.114.0"}),
        ("--match-set nn src,dst", {}, {"saddr": "198.51.100.1"}),
        ("--match-set mk src,src", {}, {"saddr": "198.51.100.1"}),
        ("--match-set ipn dst,dst,src", {}, {"saddr": "198.51.100.1"}),
        ('--match-set "with space" src', {}, {"saddr": "198.51.100.1"}),
        ("--match-set l src", {"saddr": "192.0.2.10"}, {"saddr": "198.51.100.129"}),
        ("--match-set l src", {"saddr": "198.51.100.1"}, {"saddr": "203.0.113.9"}),
        ("--match-set late src", {"saddr": "203.0.113.10"}, {"saddr": "203.0.113.11"}),
    ],
)
def test_members_and_others(options, inside, outside):
    assert answer(options, **inside) == "yes"
    assert answer(options, **outside) == "no"


@pytest.mark.parametrize(
    "options",
    [
        "--match-set c src",  # fewer directions than the type has parts
        "--match-set six src",  # the other family
        "--match-set i src,dst",  # no output interface on the way in
        "--match-set a src --return-nomatch -m set --match-set np src",
    ],
)
def test_what_no_packet_is_in(options):
    assert answer(options) == "no"


def test_ipv6_members():
    addresses = {"daddr": "2001:db8::1"}
    assert answer("--match-set six src", 6, saddr="2001:db8:5::1", **addresses) == "yes"
    assert answer("--match-set l src", 6, saddr="2001:db8:5::1", **addresses) == "yes"
    assert answer("--match-set six src", 6, saddr="2001:db9::1", **addresses) == "no"
    assert answer("--match-set a src", 6, saddr="2001:db9::1", **addresses) == "no"


def test_elements_that_expire_are_in_sometimes():
    assert answer("--match-set late src") == "sometimes"
    assert answer("! --match-set late src") == "sometimes"
    assert answer("--match-set c src,dst", protocol=17, dport=53) == "sometimes"


def test_counters_depend_on_the_run_for_members_alone():
    assert answer("--match-set n src --packets-gt 5", saddr="198.51.100.1") == "sometimes"
    assert answer("--match-set n src --packets-gt 5", saddr="198.51.101.1") == "no"


@pytest.mark.parametrize("name", ["m", "im", "gaps", "gone"])
def test_what_is_not_known_is_unknown(name):
    flags = "src,src" if name == "im" else "src"
    assert answer("--match-set {0} {1}".format(name, flags)) == "unknown"


def test_hardware_addresses_leave_the_rest_of_an_element_certain():
    assert answer("--match-set im src,src", saddr="203.0.113.8") == "no"


def test_a_set_that_rules_fill_is_dynamic():
    text = table(
        "filter",
        "-A INPUT -p tcp -m tcp --dport 9 -j SET --add-set a src --exist",
        "-A INPUT -m set --match-set a src -j ACCEPT",
        chains=(":INPUT DROP [0:0]",),
    )
    assert certainty(rules(text, sets=SETS), saddr="192.0.2.10") == "sometimes"
    assert certainty(rules(text, sets=SETS), saddr="192.0.2.99") == "sometimes"


def test_a_wider_network_counts_once_the_inner_one_is_gone():
    sets = "create n hash:net{0} timeout 0\nadd n 203.0.113.0/24 timeout 0\nadd n 203.0.113.0/28 timeout 9 nomatch\n"
    ruleset = accepting("-m set --match-set n src", sets=sets.format(HASH))
    assert certainty(ruleset, saddr="203.0.113.9") == "sometimes"
    assert certainty(ruleset, saddr="203.0.113.99") == "yes"


def test_of_two_networks_an_exception_is_unknown_where_it_lies():
    sets = "create n hash:net,net{0}\nadd n 203.0.113.0/24,192.0.2.0/24\nadd n 203.0.113.0/24,192.0.2.0/31 nomatch\n"
    ruleset = accepting("-m set --match-set n src,dst", sets=sets.format(HASH))
    assert certainty(ruleset) == "unknown"
    assert certainty(ruleset, saddr="198.51.100.1") == "no"


def test_which_of_two_elements_that_fit_is_found_first_is_open():
    sets = "create i hash:net,iface{0}\nadd i 203.0.113.0/24,eth0\nadd i 203.0.113.0/24,eth wildcard nomatch\n"
    ruleset = accepting("-m set --match-set i src,src", sets=sets.format(HASH))
    assert certainty(ruleset) == "unknown"
    assert certainty(ruleset, iif="wan") == "no"


def test_a_list_that_is_in_itself():
    sets = "create l list:set size 8\ncreate k list:set size 8\nadd l k\nadd k l\n"
    assert certainty(accepting("-m set --match-set l src", sets=sets)) == "unknown"


def test_many_elements_become_one_object():
    lines = "".join("add a 10.{0}.{1}.0\n".format(i // 256, i % 256) for i in range(3000))
    text = "create a hash:ip{0}\n{1}".format(HASH, lines)
    ruleset = rules(
        table(
            "filter",
            "-A INPUT -p tcp -m set --match-set a src -j ACCEPT",
            "-A INPUT -p udp -m set --match-set a src -j ACCEPT",
            chains=(":INPUT DROP [0:0]",),
        ),
        sets=text,
    )
    first, second = ruleset.tables[0].chains["INPUT"].rules
    assert first.matches[-1].boxes is second.matches[-1].boxes
    assert len(next(iter(first.matches[-1].boxes[0].values()))) == 3000


def test_the_sets_that_a_text_uses():
    text = '-A INPUT -m set --match-set a src -m set ! --match-set "b c" dst,dst -j SET --add-set d src\n'
    assert sets_used(text) == {"a", "b c"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("add a 1.2.3.4\n", "line 1 is neither a set nor an element"),
        ("create a hash:ip{0}\ncreate a hash:ip{0}\n".format(HASH), "line 2 creates set a a second time"),
        ("create a\n", "line 1 is neither"),
        ("*filter\nCOMMIT\n", "line 1 is neither"),
    ],
)
def test_what_is_no_ipset_save(text, problem):
    with pytest.raises(EvidenceError) as caught:
        ipset.read(text, "rules.ipset=/x")
    assert problem in str(caught.value)
    assert "ipset save" in str(caught.value)


@pytest.mark.parametrize(
    "element",
    [
        "hash:ip,port 1.2.3.4,tcp:25 nomatch",
        "hash:ip x",
        "hash:ip,port 1.2.3.4",
        "hash:ip,port 1.2.3.4,tcp:no-such",
        "hash:net 1.2.3.4/77",
    ],
)
def test_an_element_that_is_not_understood_is_unknown(element):
    kind, value = element.split(None, 1)
    sets = "create a {0}{1}\nadd a {2}\n".format(kind, HASH, value)
    assert certainty(accepting("-m set --match-set a src,dst", sets=sets)) == "unknown"
