# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NAT, TPROXY, queues and flow tables of nft, and what conditions see of a translated packet."""

from __future__ import annotations

import ipaddress

import pytest
from reader_helpers import (
    ACCEPT,
    DROP,
    MAYBE,
    NO,
    YES,
    certainty,
    chain,
    ct,
    document,
    match,
    meta,
    nft,
    outcome,
    outcome6,
    packet,
    payload,
    unfollowed,
)

from _gate.packetfilter.interpret import walk
from _gate.packetfilter.model import NAT, Host, Nat, Own
from _gate.packetfilter.readers import nft_json

SMTP = match(payload("tcp dport"), 25)
HERE = Host(own=(Own(4, int(ipaddress.ip_address("192.0.2.1")), "eth0"),), forwarding=frozenset((4, 6)))


def number(text):
    return int(ipaddress.ip_address(text))


def nat_chain(*rules, family="inet"):
    return nft(*rules, family=family, hook="prerouting", prio=-100, kind="nat", policy="accept")


def targets(ruleset):
    return [
        verdict.nat
        for table in ruleset.tables
        for part in table.chains.values()
        for rule in part.rules
        for _boxes, verdict in rule.branches
        if verdict.kind == NAT
    ]


def with_input(nat_rules, input_rules, more=()):
    text = document(
        *chain("pre", nat_rules, hook="prerouting", prio=-100, kind="nat", policy="accept"),
        *chain("input", input_rules),
        *more,
    )
    return nft_json.read(text, "test").ruleset


ONE, FIVE = number("10.0.0.1"), number("10.0.0.5")


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ({"redirect": None}, Nat(local=True)),
        ({"redirect": {"port": 2525}}, Nat(ports=(2525, 2525), local=True)),
        ({"redirect": {"port": {"range": [1000, 2000]}, "flags": "random"}}, Nat(ports=(1000, 2000), local=True)),
        ({"dnat": {"family": "ip", "addr": "10.0.0.1"}}, Nat((ONE, ONE))),
        ({"dnat": {"addr": "10.0.0.1", "port": 80}}, Nat((ONE, ONE), (80, 80))),
        ({"dnat": {"addr": {"range": ["10.0.0.1", "10.0.0.5"]}, "flags": ["persistent"]}}, Nat((ONE, FIVE))),
        ({"dnat": {"port": 80}}, Nat(ports=(80, 80))),
        (
            {"dnat": {"addr": {"prefix": {"addr": "10.0.0.0", "len": 24}}, "flags": "netmap", "type_flags": "prefix"}},
            Nat((number("10.0.0.0"), number("10.0.0.255")), netmap=True),
        ),
        (
            {"dnat": {"family": "ip6", "addr": "2001:db8::5", "port": 80}},
            Nat((number("2001:db8::5"), number("2001:db8::5")), (80, 80)),
        ),
    ],
)
def test_targets(statement, wanted):
    assert targets(nat_chain([SMTP, statement])) == [wanted]


def test_a_target_is_of_one_family():
    rules = with_input(
        [[{"dnat": {"family": "ip", "addr": "10.0.0.1"}}]], [[match(ct("status"), "dnat", "in"), DROP], [ACCEPT]]
    )
    assert outcome6(rules) == YES


def test_a_redirect_opens_the_port_that_the_client_addresses():
    redirect = [match(payload("tcp dport"), 2525), {"redirect": {"port": 25}}]
    rules = with_input([redirect], [[SMTP, ACCEPT]])
    assert [outcome(rules, HERE, dport=port) for port in (25, 2525, 2526)] == [YES, YES, NO]
    original = with_input(
        [redirect], [[match(meta("l4proto"), "tcp"), match(ct("proto-dst", dir="original"), 2525), ACCEPT]]
    )
    assert [outcome(original, HERE, dport=port) for port in (25, 2525)] == [NO, YES]
    translated = with_input([redirect], [[match(ct("status"), "dnat", "in"), ACCEPT]])
    assert [outcome(translated, HERE, dport=port) for port in (25, 2525)] == [NO, YES]


DATA = {"set": [[80, {"concat": ["10.0.0.1", 8080]}], [{"range": [90, 91]}, {"concat": ["10.0.0.5", 8081]}]]}


def test_a_map_gives_address_and_port():
    rules = nat_chain([{"dnat": {"family": "ip", "addr": {"map": {"key": payload("tcp dport"), "data": DATA}}}}])
    assert targets(rules) == [Nat((ONE, ONE), (8080, 8080)), Nat((FIVE, FIVE), (8081, 8081))]
    (rule,) = rules.tables[0].chains["input"].rules
    assert len(rule.branches) == 2


def test_a_map_gives_the_port():
    port = {"map": {"key": payload("tcp dport"), "data": {"set": [[10, 20], [11, 21]]}}}
    rules = with_input([[{"redirect": {"port": port}}]], [[match(payload("tcp dport"), {"set": [21]}), ACCEPT]])
    assert [outcome(rules, HERE, dport=number) for number in (10, 11, 20, 21)] == [NO, YES, NO, YES]


def test_the_target_is_drawn():
    key = {"numgen": {"mode": "random", "mod": 2, "offset": 0}}
    target = {"map": {"key": key, "data": {"set": [[0, "192.0.2.1"], [1, "10.0.0.1"]]}}}
    rules = with_input(
        [[SMTP, {"dnat": {"family": "ip", "addr": target}}]],
        [[match(payload("ip daddr"), "192.0.2.1"), ACCEPT]],
        chain("forward", [[SMTP, DROP]], hook="forward"),
    )
    assert certainty(rules, HERE) == "sometimes"
    assert outcome(rules, HERE, dport=26) == YES


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"addr": payload("ip saddr")}, "dnat to ip saddr"),
        ({"addr": {"map": {"key": payload("tcp dport"), "data": "@gone"}}}, "there is no set @gone"),
    ],
)
def test_a_target_that_is_not_known_is_not_followed(body, words):
    rules = nat_chain([SMTP, {"dnat": {"family": "ip", **body}}])
    assert words in unfollowed(rules)[0]
    assert outcome(rules, dport=26) == YES
    assert outcome(rules) == MAYBE


def test_source_nat_has_no_effect_and_ends_the_chain():
    for statement in ({"masquerade": None}, {"snat": {"family": "ip", "addr": "10.0.0.1"}}):
        rules = nft([SMTP, statement], [DROP], hook="postrouting", prio=100, kind="nat", policy="accept")
        kinds = [rule.branches[0][1].kind for rule in rules.tables[0].chains["input"].rules]
        assert kinds == ["accept", "drop"]


def test_a_queue_is_somebody_elses_verdict():
    rules = nft([SMTP, {"queue": {"num": 1, "flags": "bypass"}}], [ACCEPT])
    assert certainty(rules) == "sometimes"
    assert outcome(rules, dport=26) == YES


def test_a_packet_without_a_socket_for_tproxy_leaves_the_rule():
    tproxy = {"tproxy": {"family": "ip", "addr": "127.0.0.1", "port": 5000}}
    rules = nft([tproxy, ACCEPT], hook="prerouting", prio=-150)
    assert certainty(rules) == "sometimes"
    assert outcome(rules, protocol=47) == NO
    assert outcome6(rules) == NO


def test_a_new_connection_goes_into_no_flow_table():
    rules = nft([{"flow": {"op": "add", "flowtable": "@ft"}}, ACCEPT], [SMTP, ACCEPT])
    assert [outcome(rules, dport=port) for port in (25, 26)] == [YES, NO]


def test_a_synproxy_answers_tcp_alone():
    rules = nft([{"synproxy": {"mss": 1460}}, DROP], policy="accept")
    assert outcome(rules) == MAYBE
    assert outcome(rules, protocol=17) == YES
    assert len(walk(rules, packet()).steps) > 0


def test_forwarding_to_another_interface_is_no_drop_and_no_accept():
    rules = nft([SMTP, {"fwd": {"dev": "ifb0"}}], family="netdev", hook="ingress", policy="accept", dev="eth0")
    assert outcome(rules) == MAYBE
    assert outcome(rules, dport=26) == YES
