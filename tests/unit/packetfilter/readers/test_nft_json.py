# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole nft documents: chains, verdicts, statements, tables, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from reader_helpers import (
    ACCEPT,
    DROP,
    MAYBE,
    METAINFO,
    NO,
    YES,
    chain,
    document,
    doubts,
    match,
    meta,
    nft,
    outcome,
    outcome6,
    payload,
    unfollowed,
)

from _gate.errors import EvidenceError
from _gate.packetfilter.readers import nft_json

FIXTURE = Path(__file__).resolve().parents[2] / "fixtures" / "rulesets" / "nft-1.0.6.json"
SMTP = match(payload("tcp dport"), 25)


def read(*objects, **more):
    return nft_json.read(document(*objects, **more), "test").ruleset


def where(ruleset):
    return next(iter(ruleset.tables[0].chains.values())).rules[0].where


def test_where_a_rule_stands_and_how_it_reads():
    ports = match(payload("tcp dport"), {"set": [25, {"range": [1000, 2000]}]})
    found = where(nft([ports, {"counter": {"packets": 3, "bytes": 9}}, ACCEPT]))
    assert (found.family, found.table, found.chain, found.position) == ("inet", "t", "input", "handle 10")
    assert found.text == "tcp dport { 25, 1000-2000 } accept"


def test_a_comment_is_part_of_the_text():
    objects = chain(rules=[[SMTP, ACCEPT]])
    objects[1]["rule"]["comment"] = "mail"
    assert where(read(*objects)).text == 'tcp dport 25 accept comment "mail"'


def test_a_rule_without_expressions_does_nothing():
    objects = chain(rules=[[ACCEPT]])
    del objects[1]["rule"]["expr"]
    assert outcome(read(*objects)) == NO


def test_accept_ends_its_own_base_chain_only():
    rules = read(*chain("first", [[ACCEPT]], prio=-5), *chain("second", [[SMTP, DROP]], prio=5, policy="accept"))
    assert outcome(rules) == NO
    assert outcome(rules, dport=26) == YES


def test_a_table_of_family_ip_leaves_ipv6_alone():
    rules = nft([SMTP, ACCEPT], family="ip")
    assert outcome(rules, dport=26) == NO
    assert outcome6(rules, dport=26) == YES


def test_jump_returns_and_goto_does_not():
    objects = chain("called", [[match(payload("tcp dport"), 26), {"return": None}], [SMTP, ACCEPT]], hook=None)
    jump = read(*objects, *chain(rules=[[{"jump": {"target": "called"}}], [ACCEPT]]))
    goto = read(*objects, *chain(rules=[[{"goto": {"target": "called"}}], [ACCEPT]]))
    assert outcome(jump, dport=27) == outcome(jump, dport=26) == YES
    assert outcome(goto, dport=27) == outcome(goto, dport=26) == NO
    assert outcome(goto, dport=25) == YES


def test_return_in_a_base_chain_is_its_policy():
    assert outcome(nft([{"return": None}], [ACCEPT])) == NO
    assert outcome(nft([{"return": None}], [DROP], policy="accept")) == YES


def test_verdict_maps():
    data = {
        "set": [
            [25, ACCEPT],
            [{"range": [100, 200]}, {"jump": {"target": "called"}}],
            [300, {"goto": {"target": "called"}}],
        ]
    }
    rules = read(
        *chain("called", [[match(payload("tcp dport"), 150), DROP]], hook=None),
        *chain(
            rules=[
                [{"vmap": {"key": payload("tcp dport"), "data": data}}],
                [match(payload("tcp dport"), {"range": [26, 400]}), ACCEPT],
            ]
        ),
    )
    assert [outcome(rules, dport=port) for port in (25, 150, 151, 300, 301, 401)] == [YES, NO, YES, NO, YES, NO]
    assert outcome(rules, protocol=17) == NO


def test_a_named_verdict_map_with_a_concatenation():
    name = {
        "map": {
            "family": "inet", "name": "m", "table": "t", "type": ["ipv4_addr", "inet_service"], "map": "verdict", "handle": 3,
            "elem": [[{"concat": [{"prefix": {"addr": "10.0.0.0", "len": 8}}, {"range": [25, 26]}]}, DROP]],
        }
    }  # fmt: skip
    key = {"concat": [payload("ip saddr"), payload("tcp dport")]}
    rules = nft([{"vmap": {"key": key, "data": "@m"}}], sets=[name], policy="accept")
    assert outcome(rules, saddr="10.1.1.1", dport=26) == NO
    assert outcome(rules, saddr="11.1.1.1", dport=26) == YES


def test_a_verdict_map_that_is_not_understood_is_not_followed():
    key = {"brand new": {"mod": 2}}
    rules = nft([SMTP, {"vmap": {"key": key, "data": {"set": [[0, ACCEPT], [1, DROP]]}}}], policy="accept")
    assert outcome(rules) == MAYBE
    assert outcome(rules, dport=26) == YES
    assert unfollowed(rules) == ['brand new {"mod": 2} vmap { 0 : accept, 1 : drop }']


def test_a_catch_all_element_comes_last():
    data = {"set": [["*", DROP], [25, ACCEPT]]}
    rules = nft([{"vmap": {"key": payload("tcp dport"), "data": data}}], policy="accept")
    assert [outcome(rules, dport=25), outcome(rules, dport=26), outcome(rules, protocol=17)] == [YES, NO, YES]
    assert outcome(nft([match(payload("tcp dport"), {"set": ["*", 25]}), ACCEPT]), dport=7) == YES


def test_conntrack_state_map():
    key = {"ct": {"key": "state"}}
    data = {"set": [["invalid", DROP], ["established", ACCEPT], ["related", ACCEPT]]}
    assert outcome(nft([{"vmap": {"key": key, "data": data}}], [SMTP, ACCEPT])) == YES


@pytest.mark.parametrize("flags", ["dormant", ["dormant", "owner"]])
def test_a_dormant_table_does_nothing(flags):
    assert outcome(read(*chain(rules=[[DROP]]), flags=flags)) == YES


@pytest.mark.parametrize(
    "statement",
    [
        {"counter": {"packets": 1, "bytes": 2}},
        {"counter": "named"},
        {"log": {"prefix": "x"}},
        {"log": None},
        {"mangle": {"key": meta("mark"), "value": 1}},
        {"mangle": {"key": {"tcp option": {"name": "maxseg", "field": "size"}}, "value": 1200}},
        {"ct helper": "h"},
        {"xt": {"type": "target", "name": "LOG"}},
    ],
)
def test_statements_without_effect(statement):
    assert outcome(nft([SMTP, statement, ACCEPT])) == YES


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"limit": {"rate": 10, "burst": 5, "per": "minute"}}, "limit rate 10/minute"),
        ({"limit": {"rate": 10, "burst": 5, "per": "minute", "inv": True}}, "limit rate over 10/minute"),
        ({"quota": {"val": 10, "val_unit": "mbytes", "inv": True}}, "quota over 10 mbytes"),
        ({"ct count": {"val": 10, "inv": True}}, "ct count over 10"),
        ({"xt": {"type": "match", "name": "recent"}}, "iptables match recent (nft does not show its parameters)"),
    ],
)
def test_statements_in_doubt(statement, words):
    rules = nft([SMTP, statement, ACCEPT])
    assert outcome(rules) == MAYBE
    assert outcome(rules, dport=26) == NO
    assert doubts(rules) == [words]


def test_a_limit_for_a_log_does_not_matter():
    rules = nft([{"limit": {"rate": 3, "burst": 5, "per": "minute"}}, {"log": {"prefix": "x"}}], [SMTP, ACCEPT])
    assert outcome(rules) == YES
    assert doubts(rules) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"mangle": {"key": payload("tcp dport"), "value": 25}}, "tcp dport set 25"),
        ({"xt": {"type": "target", "name": "DNAT"}}, "iptables target DNAT (nft does not show its parameters)"),
        ({"brand new": 1}, "brand new 1"),
        ({"xt": None}, "xt"),
        ({"vmap": {"no": "key"}}, 'vmap {"no": "key"}'),
        ({"mangle": [1]}, "mangle [1]"),
        ("jump {\n\t\ttcp dport 25 accept\n\t}", "jump { tcp dport 25 accept }"),
    ],
)
def test_statements_that_are_not_followed(statement, words):
    rules = nft([SMTP, statement], [ACCEPT])
    assert outcome(rules) == MAYBE
    assert outcome(rules, dport=26) == YES
    assert unfollowed(rules) == [words]


def test_what_follows_an_unfollowed_statement_still_counts():
    rules = nft([SMTP, {"brand new": 1}, ACCEPT])
    assert [rule.branches[0][1].kind for rule in rules.tables[0].chains["input"].rules] == ["unfollowed", "accept"]


def test_a_jump_to_a_chain_that_does_nothing_is_left_out():
    rules = read(
        *chain("logs", [[{"log": None}]], hook=None),
        *chain("outer", [[{"jump": {"target": "logs"}}]], hook=None),
        *chain(
            rules=[[{"limit": {"rate": 3, "burst": 5, "per": "minute"}}, {"jump": {"target": "outer"}}], [SMTP, ACCEPT]]
        ),
    )
    assert len(rules.tables[0].chains["input"].rules) == 1


def test_a_goto_to_a_chain_that_does_nothing_stays():
    rules = read(*chain("logs", [[{"log": None}]], hook=None), *chain(rules=[[{"goto": {"target": "logs"}}], [ACCEPT]]))
    assert outcome(rules) == NO


def test_a_jump_to_a_chain_that_is_not_there_is_not_followed():
    rules = nft([{"jump": {"target": "gone"}}])
    assert outcome(rules) == MAYBE
    assert unfollowed(rules) == ["jump gone"]


def test_ingress_devices():
    shown = nft([DROP], family="netdev", hook="ingress", policy="accept", dev="eth0")
    assert outcome(shown) == NO
    assert outcome(shown, iif="eth1") == YES
    several = nft([DROP], family="inet", hook="ingress", policy="accept", dev=["eth0", "eth1"])
    assert [outcome(several, iif=name) for name in ("eth0", "eth1", "eth2")] == [NO, NO, YES]


def test_devices_that_nft_did_not_show_are_a_doubt():
    hidden = nft([SMTP, DROP], family="netdev", hook="ingress", policy="accept")
    assert outcome(hidden) == MAYBE
    assert outcome(hidden, dport=26) == YES
    assert "device" in doubts(hidden)[0]
    policy = nft(family="netdev", hook="ingress", policy="drop")
    assert outcome(policy) == MAYBE


def test_devices_can_be_told():
    key = ("netdev", "t", "input")
    text = document(*chain(rules=[[DROP]], family="netdev", hook="ingress", policy="accept"), family="netdev")
    assert nft_json.read(text, "test").without_devices == {key}
    told = nft_json.read(text, "test", devices={key: ("eth0",)})
    assert told.without_devices == set()
    assert [outcome(told.ruleset, iif=name) for name in ("eth0", "eth1")] == [NO, YES]


def test_a_bridge_table_is_read_and_an_arp_table_noted_when_it_drops():
    bridge = read(*chain(rules=[[DROP]], family="bridge", policy="accept"), family="bridge")
    assert [table.family for table in bridge.tables] == ["bridge"]
    assert read(*chain(rules=[[ACCEPT]], family="arp", policy="accept"), family="arp").notes == ()
    arp = read(*chain(rules=[[DROP]], family="arp", policy="accept"), family="arp")
    assert outcome(arp) == YES
    assert arp.tables == ()
    assert arp.notes == ("table arp t drops packets and is not part of the answer",)


def test_what_leaves_the_host_is_noted_when_it_is_dropped():
    rules = nft([DROP], family="netdev", hook="egress", policy="accept", dev="eth0")
    assert outcome(rules) == YES
    assert "chain input of table netdev t drops packets that leave the host" in rules.notes[0]
    assert nft([ACCEPT], family="netdev", hook="egress", policy="accept", dev="eth0").notes == ()


def test_no_ruleset_at_all_is_a_valid_answer():
    rules = nft_json.read(json.dumps({"nftables": [METAINFO]}), "test").ruleset
    assert rules.tables == ()
    assert outcome(rules) == YES


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("table inet t {\n}\n", "nft text"),
        ("*filter\nCOMMIT\n", "iptables-save"),
        ("# Generated by iptables-save v1.8.9\n", "iptables-save"),
        ('{"nftables": [{"metainfo": {}}, {"table": ', "cut off"),
        ("hello", "not JSON"),
        ("[]", "without the list"),
        ('{"rules": []}', "without the list"),
        ('{"nftables": []}', "no output of nft"),
        (json.dumps({"nftables": [METAINFO, *chain(rules=[[ACCEPT]])]}), "which is not there"),
        (json.dumps({"nftables": [METAINFO, {"table": {"name": "x"}}]}), "not as nft writes it"),
        (document({"rule": {"family": "inet", "table": "t", "chain": "gone", "expr": []}}), "chain gone"),
        (
            document(
                {"chain": {"family": "inet", "table": "t", "name": "c", "hook": "input", "type": "filter", "prio": "x"}}
            ),
            "not as nft",
        ),
    ],
)
def test_what_is_no_ruleset_is_refused(text, problem):
    with pytest.raises(EvidenceError) as caught:
        nft_json.read(text, "rules.nft_json=/x")
    assert problem in str(caught.value)
    assert str(caught.value).startswith("rules.nft_json=/x: ")
    assert "nft -j list ruleset" in str(caught.value)


def test_everything_that_nft_prints_is_read():
    """A real document of nft 1.0.6 with nearly every statement; each rule is a doubt, a verdict, or without effect."""
    found = nft_json.read(FIXTURE.read_text(encoding="utf-8"), "fixture")
    tables = {(table.family, table.name): table for table in found.ruleset.tables}
    assert set(tables) == {("inet", "t"), ("inet", "t2"), ("netdev", "nd"), ("bridge", "br")}
    texts = {rule.where.text for rule in tables["inet", "t"].chains["input"].rules}
    assert "ip saddr . tcp dport { 10.0.0.1 . 25, 10.0.0.0/8 . 100-200 } accept" in texts
    assert "ct state new accept" in texts
