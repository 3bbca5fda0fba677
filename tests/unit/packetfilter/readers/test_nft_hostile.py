# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON that somebody made to hurt: it ends in EvidenceError or an answer, soon and in little memory."""

from __future__ import annotations

import contextlib
import json
import time
import tracemalloc

import pytest
from reader_helpers import (
    ACCEPT,
    MAYBE,
    METAINFO,
    NO,
    YES,
    chain,
    document,
    match,
    meta,
    nft,
    outcome,
    payload,
    unfollowed,
)

from _gate.errors import EvidenceError
from _gate.packetfilter import evaluate
from _gate.packetfilter.diagram import Space
from _gate.packetfilter.readers import nft_json

SMTP = match(payload("tcp dport"), 25)
NOTHING_LIKE_IT = (
    None,
    True,
    7,
    -1,
    1.5,
    "",
    "@",
    "x",
    [],
    [[]],
    {},
    {"a": {}},
    {"payload": 1},
    [1, 2, 3],
    {"elem": 1},
)


def read(*objects, **more):
    return nft_json.read(document(*objects, **more), "test").ruleset


@pytest.mark.parametrize("text", ['{"nftables": ' + "[" * 100000, "[" * 100000 + "]" * 100000, '{"a":' * 50000])
def test_deep_nesting_of_the_document(text):
    with pytest.raises(EvidenceError, match="not JSON"):
        nft_json.read(text, "test")


def nested(key, depth):
    value = "x"
    for _level in range(depth):
        value = {key: [value, 1]} if key in "&|" else {key: value}
    return value


@pytest.mark.parametrize("key", ["&", "|", "concat", "elem", "set", "prefix", "map"])
@pytest.mark.parametrize("depth", [3, 80, 400])
def test_deep_nesting_of_an_expression(key, depth):
    for rule in (
        [match(nested(key, depth), 1)],
        [match(payload("ip saddr"), nested(key, depth))],
        [{"mangle": {"key": meta("mark"), "value": nested(key, depth)}}],
        [{"vmap": {"key": nested(key, depth), "data": nested(key, depth)}}],
    ):
        try:
            rules = nft(rule, [ACCEPT])
        except EvidenceError as error:
            assert "an object is not as nft writes it" in str(error)
        else:
            texts = [found.where.text for found in rules.tables[0].chains["input"].rules]
            assert texts[-1] == "accept"


@pytest.mark.parametrize("value", NOTHING_LIKE_IT)
@pytest.mark.parametrize(
    "kind",
    [
        "match", "vmap", "jump", "goto", "limit", "set", "map", "meter", "mangle", "dnat", "redirect", "snat", "masquerade",
        "tproxy", "queue", "fwd", "synproxy", "xt", "counter", "ct count", "quota", "reject", "log", "flow", "reset", "notrack",
    ],
)  # fmt: skip
def test_statements_in_no_known_shape_concern_their_own_rule_alone(kind, value):
    rules = nft([SMTP, {kind: value}], [match(payload("tcp dport"), 26), ACCEPT])
    assert outcome(rules, dport=26) == YES
    assert outcome(rules, dport=27) == NO


@pytest.mark.parametrize("value", NOTHING_LIKE_IT)
def test_parts_of_a_statement_in_no_known_shape(value):
    for statement in (
        match(value, 25),
        match(payload("tcp dport"), value),
        match(payload("tcp dport"), 25, value),
        match({"payload": {"base": value, "offset": value, "len": value}}, 1),
        match({"ct": {"key": value}}, 1),
        match({"fib": {"result": value, "flags": value}}, value),
        match({"concat": value}, {"set": [{"concat": value}]}),
        match(payload("ip saddr"), {"prefix": {"addr": value, "len": value}}),
        match(payload("ip saddr"), {"range": [value, value]}),
        match(payload("ip saddr"), {"set": [value, {"elem": {"val": value}}]}),
        {"vmap": {"key": payload("tcp dport"), "data": {"set": [[value, value], value]}}},
        {"vmap": {"key": {"numgen": {"mod": value}}, "data": {"set": [[value, ACCEPT]]}}},
        {"mangle": {"key": value, "value": value}},
        {"mangle": {"key": meta("mark"), "value": {"map": {"key": value, "data": value}}}},
        {"dnat": {"addr": value, "port": value}},
        {"dnat": {"addr": {"map": {"key": payload("tcp dport"), "data": {"set": [[25, value]]}}}}},
        {"reject": {"type": value}},
    ):
        rules = nft([SMTP, statement], [match(payload("tcp dport"), 26), ACCEPT])
        assert outcome(rules, dport=27) == NO


@pytest.mark.parametrize("value", NOTHING_LIKE_IT)
@pytest.mark.parametrize("kind", ["table", "chain", "rule", "set", "map"])
def test_objects_in_no_known_shape(kind, value):
    for body in (value, {"family": value, "table": value, "name": value, "chain": value, "hook": value, "elem": value}):
        text = json.dumps({"nftables": [METAINFO, {kind: body}]})
        with contextlib.suppress(EvidenceError):
            nft_json.read(text, "test")


def test_a_chain_that_jumps_to_itself():
    rules = read(*chain(rules=[[SMTP, {"jump": {"target": "input"}}]]))
    with pytest.raises(EvidenceError, match="circle"):
        evaluate.accepted(Space(), rules, Space().full)


def test_a_thousand_nested_chains():
    objects = [
        item
        for number in range(1000)
        for item in chain("c{0}".format(number), [[SMTP, {"jump": {"target": "c{0}".format(number + 1)}}]], hook=None)
    ]
    last = chain("c1000", [[ACCEPT]], hook=None)
    rules = read(*objects, *last, *chain(rules=[[{"jump": {"target": "c0"}}]]))
    with pytest.raises(EvidenceError, match="nested deeper"):
        evaluate.accepted(Space(), rules, Space().full)


def test_ten_thousand_nested_chains_that_do_nothing():
    objects = [
        item
        for number in range(10000)
        for item in chain("c{0}".format(number), [[{"jump": {"target": "c{0}".format(number + 1)}}]], hook=None)
    ]
    rules = read(*objects, *chain("c10000", hook=None), *chain(rules=[[{"jump": {"target": "c0"}}], [SMTP, ACCEPT]]))
    assert [outcome(rules, dport=port) for port in (25, 26)] == [YES, NO]


def test_a_rule_of_many_alternatives():
    anything = match(payload("th dport"), {"range": [0, 65535]})
    started = time.monotonic()
    rules = nft([anything] * 40 + [ACCEPT])
    assert outcome(rules, protocol=1) == MAYBE
    assert outcome(rules) != NO
    assert time.monotonic() - started < 5
    assert len(rules.tables[0].chains["input"].rules) <= 64


def test_bits_with_many_gaps():
    for mask in ("255.0.255.0", "85.85.85.85", "170.170.170.170", "0.0.0.1"):
        nft([match({"&": [payload("ip saddr"), mask]}, "0.0.0.0"), ACCEPT])
        nft([match({"&": [payload("ip saddr"), mask]}, {"set": [{"range": ["0.0.0.0", "255.255.255.255"]}]}), ACCEPT])
    nft([match({"&": [payload("ip6 saddr"), "5555::5555"]}, "::"), ACCEPT])
    rules = nft(
        [match({">>": [meta("mark"), 10**9]}, 0), ACCEPT],
        [{"mangle": {"key": meta("mark"), "value": {"<<": [1, 10**9]}}}],
    )
    assert outcome(rules) == YES


def test_a_shift_that_would_fill_the_memory():
    for operator in ("<<", ">>"):
        for count in (10**12, -5, "x"):
            value = {operator: [7, count]}
            rules = nft(
                [{"mangle": {"key": meta("mark"), "value": value}}], [match({operator: [meta("mark"), count]}, 1), SMTP]
            )
            assert outcome(rules) == NO
            assert unfollowed(rules) == [] or outcome(rules)


def test_a_huge_set_takes_memory_by_the_element():
    elements = ["10.{0}.{1}.{2}".format(i >> 16 & 255, i >> 8 & 255, i & 255) for i in range(0, 400000, 2)]
    body = {"set": {"family": "inet", "name": "s", "table": "t", "type": "ipv4_addr", "handle": 5, "elem": elements}}
    text = document(body, *chain(rules=[[match(payload("ip saddr"), "@s"), ACCEPT]]))
    tracemalloc.start()
    try:
        started = time.monotonic()
        rules = nft_json.read(text, "test").ruleset
        seconds = time.monotonic() - started
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 600 * len(elements)
    assert seconds < 30
    (box,) = rules.tables[0].chains["input"].rules[0].matches[0].boxes
    assert len(next(iter(box.values()))) == len(elements)
