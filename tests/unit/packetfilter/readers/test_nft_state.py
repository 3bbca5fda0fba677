# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets, maps and what the host's state decides: elements with time-outs, dynamic sets, limits, chance."""

from __future__ import annotations

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
    doubts,
    match,
    meta,
    nft,
    outcome,
    outcome6,
    payload,
    unfollowed,
)

from _gate.packetfilter.readers import nft_json

SADDR, DPORT = payload("ip saddr"), payload("tcp dport")
SMTP = match(DPORT, 25)


def named(elements, kind="ipv4_addr", name="s", **more):
    return {"set": dict(family="inet", name=name, table="t", type=kind, handle=5, elem=elements, **more)}


def mapping(elements, name="m", to="verdict", **more):
    return {"map": dict(family="inet", name=name, table="t", type="ipv4_addr", map=to, handle=5, elem=elements, **more)}


def test_an_element_can_stand_alone_or_be_wrapped():
    for elements in (
        "192.0.2.1",
        ["192.0.2.1"],
        [{"elem": {"val": "192.0.2.1", "comment": "x", "counter": {"packets": 1}}}],
    ):
        rules = nft([match(SADDR, "@s"), ACCEPT], sets=[named(elements)])
        assert [outcome(rules, saddr=source) for source in ("192.0.2.1", "192.0.2.2")] == [YES, NO]


@pytest.mark.parametrize("why", [{"timeout": 60}, {"expires": 5}, {"limit": {"rate": 1, "per": "second"}}])
def test_an_element_that_may_not_count(why):
    elements = [{"elem": {"val": "192.0.2.1", **why}}, "192.0.2.2"]
    rules = nft([match(SADDR, "@s"), ACCEPT], sets=[named(elements)])
    assert [certainty(rules, saddr=source) for source in ("192.0.2.1", "192.0.2.2")] == ["sometimes", "always"]


def test_a_set_whose_elements_all_have_time_outs():
    rules = nft([match(SADDR, "@s"), ACCEPT], sets=[named(["192.0.2.1"], timeout=3600, flags=["timeout"])])
    assert certainty(rules, saddr="192.0.2.1") == "sometimes"
    assert outcome(rules, saddr="192.0.2.2") == NO


@pytest.mark.parametrize(("operation", "static"), [("add", "always"), ("update", "always"), ("delete", "sometimes")])
def test_rules_change_a_set(operation, static):
    change = {"set": {"op": operation, "elem": SADDR, "set": "@s"}}
    rules = nft([match(DPORT, 9999), change], [match(SADDR, "@s"), ACCEPT], sets=[named(["192.0.2.1"])])
    assert certainty(rules, saddr="192.0.2.1") == static
    assert certainty(rules, saddr="192.0.2.2") == "sometimes"


def test_elements_that_are_not_known_may_be_any():
    text = document({"set": {"family": "inet", "name": "s", "table": "t", "type": "ipv4_addr", "handle": 1}},
                    *chain(rules=[[match(SADDR, "@s"), ACCEPT]]))  # fmt: skip
    assert outcome(nft_json.read(text, "test").ruleset) == NO
    unknown = nft_json.read(text, "test", sets=[]).ruleset
    assert certainty(unknown) == "unknown"
    assert "its elements were not read" in doubts(unknown)[0]
    told = nft_json.read(text, "test", sets=[document(named(["203.0.113.9"]))]).ruleset
    assert [outcome(told), outcome(told, saddr="203.0.113.8")] == [YES, NO]
    empty = document({"set": {"family": "inet", "name": "s", "table": "t", "type": "ipv4_addr", "handle": 1}})
    assert outcome(nft_json.read(text, "test", sets=[empty]).ruleset) == NO


@pytest.mark.parametrize(
    "statement",
    [
        {"limit": {"rate": 10, "burst": 5, "per": "minute"}},
        {"limit": "name"},
        {"quota": {"val": 10, "val_unit": "mbytes"}},
        {"ct count": {"val": 10}},
        {"meter": {"name": "m", "key": SADDR, "stmt": {"limit": {"rate": 1, "per": "second"}}}},
        {"set": {"op": "add", "elem": {"elem": {"val": SADDR, "timeout": 60}}, "set": "@s"}},
        {"map": {"op": "update", "elem": SADDR, "data": 1, "map": "@s"}},
        "update @s { ip saddr : 1 }",
    ],
)
def test_the_hosts_state_decides(statement):
    rules = nft([SMTP, statement, ACCEPT], sets=[named([])])
    assert certainty(rules) == "sometimes"
    assert outcome(rules, dport=26) == NO
    if "ip" in str(statement):
        assert outcome6(rules) == NO


def test_a_delete_ends_no_rule():
    delete = {"set": {"op": "delete", "elem": SADDR, "set": "@s"}}
    rules = nft([SMTP, delete, ACCEPT], sets=[named([])])
    assert outcome(rules) == YES
    assert outcome6(rules) == NO


@pytest.mark.parametrize(
    "left",
    [
        meta("hour"),
        meta("time"),
        meta("random"),
        {"socket": {"key": "transparent"}},
        ct("bytes"),
        {"symhash": {"mod": 2}},
    ],
)
def test_conditions_on_the_hosts_state(left):
    assert certainty(nft([match(left, 1), ACCEPT])) == "sometimes"


def test_conditions_that_no_incoming_packet_meets():
    for left in (meta("skuid"), meta("cgroup"), ct("helper"), payload("arp operation")):
        for operator in ("==", "!="):
            assert outcome(nft([match(left, 1, operator), ACCEPT])) == NO


def test_the_key_of_a_map_of_objects_is_a_condition():
    counters = {"map": {"key": DPORT, "data": {"set": [[25, "a"], [26, "b"]]}}}
    for statement in ({"counter": counters}, {"ct helper": counters}):
        rules = nft([statement, ACCEPT])
        assert [outcome(rules, dport=port) for port in (25, 26, 27)] == [YES, YES, NO]


def test_timed_elements_of_a_verdict_map():
    elements = [
        [{"elem": {"val": "192.0.2.1", "timeout": 60, "expires": 5}}, ACCEPT],
        ["192.0.2.2", ACCEPT],
        ["*", DROP],
    ]
    rules = nft([{"vmap": {"key": SADDR, "data": "@m"}}], [SMTP, ACCEPT], sets=[mapping(elements)])
    assert [certainty(rules, saddr=source) for source in ("192.0.2.1", "192.0.2.2", "192.0.2.3")] == [
        "sometimes", "always", "always",
    ]  # fmt: skip
    assert [outcome(rules, saddr="192.0.2.3"), outcome6(rules)] == [NO, YES]


CHANCE = {"numgen": {"mode": "random", "mod": 2, "offset": 0}}


def test_a_verdict_that_is_drawn():
    rules = nft([SMTP, {"vmap": {"key": CHANCE, "data": {"set": [[0, ACCEPT], [1, DROP]]}}}], [ACCEPT])
    assert certainty(rules) == "sometimes"
    assert certainty(rules, dport=26) == "always"
    both = nft([{"vmap": {"key": CHANCE, "data": {"set": [[0, ACCEPT], [1, ACCEPT]]}}}])
    assert (outcome(both), certainty(both)) == (YES, "always")
    part = nft([{"vmap": {"key": CHANCE, "data": {"set": [[{"range": [0, 0]}, ACCEPT]]}}}])
    assert certainty(part) == "sometimes"


def test_a_drawn_jump_may_come_back():
    rules = nft_json.read(
        document(
            *chain("a", [[match(DPORT, 25), ACCEPT]], hook=None),
            *chain("b", [[match(DPORT, 25), ACCEPT], [match(DPORT, 26), ACCEPT]], hook=None),
            *chain(rules=[[{"vmap": {"key": CHANCE, "data": {"set": [
                [0, {"jump": {"target": "a"}}], [1, {"jump": {"target": "b"}}]]}}}], [match(DPORT, 27), ACCEPT]]),
        ),
        "test",
    ).ruleset  # fmt: skip
    assert [outcome(rules, dport=port) for port in (26, 27, 28)] == [MAYBE, YES, NO]
    assert outcome(rules) >= YES


def test_a_hash_is_of_the_packets_that_have_its_fields():
    key = {"jhash": {"mod": 2, "expr": {"concat": [SADDR, DPORT]}}}
    rules = nft([match(key, 0), ACCEPT])
    assert certainty(rules) == "sometimes"
    assert outcome6(rules) == NO
    assert outcome(rules, protocol=17) == NO


def test_a_dynamic_map_may_hold_anything():
    rules = nft(
        [match(DPORT, 9999), {"map": {"op": "add", "elem": SADDR, "data": ACCEPT, "map": "@m"}}],
        [{"vmap": {"key": SADDR, "data": "@m"}}],
        sets=[mapping([])],
        policy="accept",
    )
    assert outcome(rules) == MAYBE
    assert outcome6(rules) == YES


def test_a_drawn_jump_that_comes_back_goes_on_with_the_next_rule():
    data = {"set": [[0, {"jump": {"target": "a"}}], [1, ACCEPT]]}
    rules = nft_json.read(
        document(*chain("a", [[SMTP, ACCEPT]], hook=None), *chain(rules=[[{"vmap": {"key": CHANCE, "data": data}}]])),
        "test",
    ).ruleset
    assert [outcome(rules, dport=port) for port in (25, 26)] == [MAYBE, MAYBE]


def test_a_timed_jump_beside_a_catch_all_is_not_followed():
    timed = {"elem": {"val": "203.0.113.9", "timeout": 60, "expires": 5}}
    elements = [[timed, {"jump": {"target": "a"}}], ["*", DROP]]
    rules = nft_json.read(
        document(
            mapping(elements),
            *chain("a", [[SMTP, ACCEPT]], hook=None),
            *chain(rules=[[{"vmap": {"key": SADDR, "data": "@m"}}], [ACCEPT]]),
        ),
        "test",
    ).ruleset
    assert outcome(rules, dport=26) == MAYBE
    assert "time-outs" in unfollowed(rules)[0]
