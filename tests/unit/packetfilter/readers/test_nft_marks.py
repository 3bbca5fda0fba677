# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Marks set and matched by nft rules, connection marks, zones and notrack, decided by the interpreter."""

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
    packet,
    payload,
    unfollowed,
)

from _gate.packetfilter.diagram import Space
from _gate.packetfilter.evaluate import accepted
from _gate.packetfilter.interpret import walk
from _gate.packetfilter.model import CHANGE, CT_MARK, DPORT, FAMILY, MARK, PROTOCOL, Change
from _gate.packetfilter.readers import nft_json

SMTP = match(payload("tcp dport"), 25)
LIMIT = {"limit": {"rate": 1, "burst": 5, "per": "second"}}


def put(key, value):
    return {"mangle": {"key": key, "value": value}}


def two_chains(first, second, hook="prerouting", **more):
    """Rules at prerouting (policy accept), then at input (policy drop)."""
    text = document(*chain("pre", first, hook=hook, prio=-150, policy="accept"), *chain("input", second), **more)
    return nft_json.read(text, "test").ruleset


def changes(*rules):
    return [
        change
        for rule in nft(*rules).tables[0].chains["input"].rules
        for _boxes, verdict in rule.branches
        if verdict.kind == CHANGE
        for change in verdict.changes
    ]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (7, Change(MARK, 0, 7)),
        ({"|": [meta("mark"), 2]}, Change(MARK, 0xFFFFFFFD, 2)),
        ({"&": [meta("mark"), 0xFF]}, Change(MARK, 0xFF)),
        ({"^": [meta("mark"), 3]}, Change(MARK, 0xFFFFFFFF, 3)),
        ({"|": [{"&": [meta("mark"), 0xFFFFFF00]}, 5]}, Change(MARK, 0xFFFFFF00 & ~5, 5)),
        (ct("mark"), Change(MARK, 0, 0, CT_MARK, 0xFFFFFFFF)),
        ({"&": [ct("mark"), 0xFF]}, Change(MARK, 0, 0, CT_MARK, 0xFF)),
        ({"|": [{"&": [meta("mark"), 0xFF00]}, {"&": [ct("mark"), 0xFF]}]}, Change(MARK, 0xFF00, 0, CT_MARK, 0xFF)),
        ({"|": [3, {"&": [meta("mark"), 0xFF]}]}, Change(MARK, 0xFC, 3)),
    ],
)
def test_what_a_mark_becomes(value, wanted):
    assert changes([put(meta("mark"), value)]) == [wanted]


@pytest.mark.parametrize(
    "value",
    [
        {"<<": [meta("mark"), 8]},
        {"|": [meta("mark"), ct("mark")]},
        {"numgen": {"mode": "inc", "mod": 2, "offset": 0}},
        payload("ip saddr"),
        {"brand": "new"},
    ],
)
def test_a_mark_that_is_not_known(value):
    (change,) = changes([put(meta("mark"), value)])
    assert change.dimension == MARK
    assert change.unclear.startswith("meta mark set ")


def test_a_mark_made_at_prerouting_is_seen_at_input():
    rules = two_chains([[SMTP, put(meta("mark"), 5)]], [[match(meta("mark"), 5), ACCEPT]])
    assert [outcome(rules, dport=port) for port in (25, 26)] == [YES, NO]


@pytest.mark.parametrize(
    ("left", "op", "right", "passing"),
    [
        ({"&": [meta("mark"), 1]}, "==", 1, {1, 5}),
        ({"&": [meta("mark"), 1]}, "!=", 1, {0, 4}),
        ({"&": [meta("mark"), 6]}, "==", {"set": [4, 2]}, {4, 5}),
        ({"|": [meta("mark"), 1]}, "==", 5, {4, 5}),
        ({"^": [meta("mark"), 1]}, "==", 4, {5}),
        ({">>": [meta("mark"), 2]}, "==", 1, {4, 5}),
        (meta("mark"), "!=", 0, {1, 4, 5}),
        (meta("mark"), ">", 1, {4, 5}),
        (meta("mark"), "==", {"set": [{"range": [1, 4]}]}, {1, 4}),
    ],
)
def test_conditions_on_marks(left, op, right, passing):
    port = payload("tcp dport")
    marked = [[match(port, mark), put(meta("mark"), mark)] for mark in (1, 4, 5)]
    rules = two_chains(marked, [[match(left, right, op), ACCEPT]])
    assert {mark for mark in (0, 1, 4, 5) if outcome(rules, dport=mark or 25) == YES} == passing
    assert all(outcome(rules, dport=mark or 25) == NO for mark in {0, 1, 4, 5} - passing)
    assert doubts(rules) == []


def test_bits_of_more_marks_than_can_be_listed_are_in_doubt():
    toggles = [[put(meta("mark"), {"^": [meta("mark"), 1 << bit]})] for bit in range(20)]
    rules = two_chains(toggles, [[match({"&": [meta("mark"), 1]}, 1), ACCEPT]])
    assert doubts(rules) == ["meta mark & 1 == 1 (the rules make too many marks)"]


def test_a_verdict_map_of_bits_of_a_mark():
    data = {"set": [[1, ACCEPT], [2, DROP]]}
    rules = two_chains(
        [[SMTP, put(meta("mark"), 0x11)], [match(payload("tcp dport"), 26), put(meta("mark"), 0x12)]],
        [[{"vmap": {"key": {"&": [meta("mark"), 3]}, "data": data}}], [match(payload("tcp dport"), 27), ACCEPT]],
    )
    assert [outcome(rules, dport=port) for port in (25, 26, 27, 28)] == [YES, NO, YES, NO]


def test_a_map_gives_the_mark_and_the_rule_ends_where_it_has_none():
    data = {"set": [[25, 1], [{"range": [100, 200]}, 2]]}
    marks = put(meta("mark"), {"map": {"key": payload("tcp dport"), "data": data}})
    rules = two_chains(
        [
            [marks, match(payload("tcp dport"), 150, "!="), ACCEPT],
            [match(payload("tcp dport"), 300), put(meta("mark"), 1)],
        ],
        [[match(meta("mark"), 1), ACCEPT], [match(meta("mark"), 2), match(payload("ip saddr"), "203.0.113.9"), ACCEPT]],
    )
    assert [outcome(rules, dport=port) for port in (25, 100, 26, 300)] == [YES, YES, NO, YES]


def test_conditions_before_a_change_are_not_asked_again_after_it():
    change = [match(meta("mark"), 0), put(meta("mark"), 1)]
    rules = nft([*change, ACCEPT])
    assert outcome(rules) == YES
    goes_on = nft([*change, match(payload("tcp dport"), 26), ACCEPT], [match(meta("mark"), 1), SMTP, ACCEPT])
    assert [outcome(goes_on, dport=port) for port in (25, 26, 27)] == [YES, YES, NO]


@pytest.mark.parametrize("last", [{"return": None}, {"goto": {"target": "other"}}])
def test_a_return_or_goto_behind_a_change_leaves_the_chain(last):
    rules = nft_json.read(
        document(
            *chain("other", [], hook=None),
            *chain("called", [[match(meta("mark"), 0), put(meta("mark"), 1), last], [DROP]], hook=None),
            *chain("input", [[{"jump": {"target": "called"}}], [match(meta("mark"), 1), ACCEPT]]),
        ),
        "test",
    ).ruleset
    assert outcome(rules) == YES


def test_a_return_for_some_behind_a_change_is_not_followed():
    rules = nft([match(meta("mark"), 0), put(meta("mark"), 1), SMTP, {"return": None}], [ACCEPT])
    assert outcome(rules) == MAYBE
    assert unfollowed(rules) == ["meta mark set 1 tcp dport 25 return"]


def test_what_a_limit_decides_is_decided_once():
    rules = two_chains(
        [[LIMIT, put(meta("mark"), 1), {"jump": {"target": "bad"}}]],
        [[match(meta("mark"), 1), ACCEPT], [SMTP, ACCEPT]],
    )
    assert certainty(rules, dport=26) == "unknown"  # there is no chain "bad"
    rules = two_chains([[LIMIT, put(meta("mark"), 1), ACCEPT]], [[match(meta("mark"), 1), ACCEPT]])
    assert certainty(rules) == "sometimes"
    assert len(walk(rules, packet()).outcomes) == 2


def test_a_connection_mark_is_only_where_there_is_a_connection():
    rules = two_chains(
        [[SMTP, put(ct("mark"), 5)]], [[match(ct("mark"), 5), ACCEPT], [match(ct("mark"), 5, "!="), DROP]]
    )
    assert [outcome(rules, dport=port) for port in (25, 26)] == [YES, NO]
    untracked = nft_json.read(
        document(
            *chain("raw", [[{"notrack": None}]], hook="prerouting", prio=-300, policy="accept"),
            *chain(
                "input", [[match(ct("mark"), 5, "!="), ACCEPT], [match(ct("state"), "untracked", "in"), SMTP, ACCEPT]]
            ),
        ),
        "test",
    ).ruleset
    assert [outcome(untracked, dport=port) for port in (25, 26)] == [YES, NO]


def test_notrack_after_conntrack_does_nothing():
    rules = two_chains([[{"notrack": None}]], [[match(ct("state"), "new", "in"), ACCEPT]])
    assert outcome(rules) == YES


def test_zones():
    zone = put(ct("zone"), {"map": {"key": meta("iif"), "data": {"set": [["eth0", 1], ["eth1", 2]]}}})
    rules = nft_json.read(
        document(
            *chain("raw", [[zone]], hook="prerouting", prio=-300, policy="accept"),
            *chain("input", [[match(ct("zone"), 1), ACCEPT], [match(ct("zone"), 0), SMTP, ACCEPT]]),
        ),
        "test",
    ).ruleset
    assert [outcome(rules, iif=name) for name in ("eth0", "eth1", "eth2")] == [YES, NO, YES]


@pytest.mark.parametrize("left", [meta("mark"), ct("mark"), ct("zone")])
def test_a_mark_that_nobody_made_differs_from_any_other(left):
    """For the diagram as well: in a state without that mark nothing of the condition is left to negate."""
    rules = nft([SMTP, match(left, 3, "!="), ACCEPT])
    space = Space()
    answer = accepted(space, rules, space.box({DPORT: ((25, 25),), PROTOCOL: ((6, 6),), FAMILY: ((4, 4),)}))
    assert answer.must == answer.question
    assert outcome(rules) == YES


def test_a_map_with_a_catch_all_has_a_mark_for_everybody():
    data = {"set": [[25, 1], ["*", 2]]}
    rules = nft(
        [put(meta("mark"), {"map": {"key": payload("tcp dport"), "data": data}}), match(meta("mark"), 2), ACCEPT]
    )
    assert [outcome(rules, dport=port) for port in (25, 26)] == [NO, YES]
