# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nft's text form tells: devices, flags, anonymous chains; and which sets' elements are needed."""

from __future__ import annotations

import json

import pytest
from reader_helpers import ACCEPT, NO, YES, chain, document, match, outcome, payload

from _gate.errors import EvidenceError
from _gate.packetfilter.readers import nft_json
from _gate.packetfilter.readers.nft_anonymous import has_anonymous, joined, with_named_chains
from _gate.packetfilter.readers.nft_listing import document_by_parts, is_cut_off, read_listing, without_flags
from _gate.packetfilter.readers.nft_needed import needed_sets

LISTING = """table netdev nd {
\tcomment "chain x {"
\tset s {
\t\ttype ipv4_addr
\t\tflags dynamic
\t}

\tchain one {
\t\ttype filter hook ingress device "eth0" priority filter; policy accept;
\t\ttcp dport 5 drop
\t}

\tchain two {
\t\ttype filter hook ingress devices = { "eth1", wan0 } priority -5; policy accept;
\t}

\tchain none {
\t}
}
table inet off {
\tflags dormant

\tchain c {
\t\ttype filter hook input priority filter; policy drop;
\t\tip saddr 127.0.0.0/8 jump {
\t\t\ttcp dport 25 accept
\t\t\tdrop
\t\t} comment "x"
\t\tgoto {
\t\t\taccept
\t\t}
\t}
}
table inet owned { # progname nft
\tflags owner,dormant
}
"""


def test_devices_and_flags():
    found = read_listing(LISTING)
    assert found.devices == {("netdev", "nd", "one"): ("eth0",), ("netdev", "nd", "two"): ("eth1", "wan0")}
    assert found.dormant == {("netdev", "nd"): False, ("inet", "off"): True, ("inet", "owned"): True}


def test_no_flags_of_tables():
    plain = without_flags(LISTING)
    assert plain.count("flags") == 1  # of a set
    assert not any(read_listing(plain).dormant.values())


def test_a_document_that_nft_cut_off_is_put_together_from_its_parts():
    assert is_cut_off('{"nftables": [{"metainfo": {}}, {"table": {"family": "inet", "name": "t", "flags": \n')
    assert not is_cut_off(document())
    asked = []

    def ask(arguments):
        asked.append(arguments)
        found = {"family": "inet", "table": "t", "name": "ports", "type": "inet_service", "elem": [25]}
        if arguments == ["-j", "list", "chain", "inet", "t", "input"]:
            objects = chain(rules=[[match(payload("tcp dport"), "@ports"), ACCEPT]])
        else:
            objects = [{"set": found}] if arguments[-1] == "sets" else []
        return json.dumps({"nftables": [{"metainfo": {}}, *objects]})

    listing = read_listing("table inet t {\n\tflags dormant\n\tset ports {\n\t}\n\tchain input {\n\t}\n}\n")
    whole = document_by_parts(listing, ask)
    assert len(asked) == 3
    assert [outcome(nft_json.read(whole, "test").ruleset, dport=port) for port in (25, 26)] == [YES, NO]
    assert outcome(nft_json.read(whole, "test", listing.dormant).ruleset) == YES
    with pytest.raises(EvidenceError, match="no JSON"):
        document_by_parts(listing, lambda arguments: "x")


def test_anonymous_chains_get_names():
    named = with_named_chains(LISTING)
    assert '\t\tip saddr 127.0.0.0/8 jump __anonymous0 comment "x"\n\t\tgoto __anonymous1\n\t}\n' in named
    assert "\tchain __anonymous0 {\n\t\t\ttcp dport 25 accept\n\t\t\tdrop\n\t}\n\tchain __anonymous1 {\n" in named
    assert named.count("{") - 1 == named.count("}")  # one stands in a comment
    assert with_named_chains(named) == named


RAW = "jump {\n\t\ttcp dport 25 accept\n\t\tdrop\n\t}"


def raw_and_named(rule="__anonymous0"):
    raw = document(*chain(rules=[[ACCEPT], [RAW]]))
    named = document(
        *chain("__anonymous0", [[match(payload("tcp dport"), 25), ACCEPT], [{"drop": None}]], hook=None),
        *chain(rules=[[ACCEPT], [{"jump": {"target": rule}}]]),
    )
    return raw, named


def test_the_chains_of_a_ruleset_with_names_are_joined_to_the_one_without():
    raw, named = raw_and_named()
    assert has_anonymous(raw)
    assert not has_anonymous(named)
    whole = joined(raw, named)
    rules = nft_json.read(whole, "test").ruleset.tables[0].chains
    assert [rule.where.position for rule in rules["input"].rules] == ["handle 10", "handle 11"]
    assert [len(part.rules) for part in rules.values()] == [2, 2]


def test_a_raw_string_stays_where_the_rulesets_differ():
    raw, named = raw_and_named("other")
    assert json.loads(joined(raw, named)) == json.loads(raw)
    other_verb = document(*chain(rules=[[ACCEPT], [RAW.replace("jump", "goto")]]))
    assert json.loads(joined(other_verb, raw_and_named()[1])) == json.loads(other_verb)


def terse(*objects):
    return document(
        *(
            {"set": {"family": "inet", "name": name, "table": "t", "type": "ipv4_addr", "handle": 1}}
            for name in "abcde"
        ),
        {"map": {"family": "inet", "name": "m", "table": "t", "type": "ipv4_addr", "map": "verdict", "handle": 1}},
        *objects,
    )


def uses(name):
    return [match(payload("ip saddr"), "@" + name), ACCEPT]


def test_the_sets_that_are_needed_are_those_on_the_way_in_and_of_the_answers():
    text = terse(
        *chain("called", [uses("b")], hook=None),
        *chain("idle", [uses("c")], hook=None),
        *chain("input", [uses("a"), [{"jump": {"target": "called"}}]]),
        *chain("output", [uses("d")], hook="output"),
        *chain("pre", [[{"dnat": {"addr": {"map": {"key": payload("ip saddr"), "data": "@e"}}}}]], hook="prerouting"),
    )
    assert needed_sets(text) == [("inet", "t", "a"), ("inet", "t", "b"), ("inet", "t", "d"), ("inet", "t", "e")]


def test_where_a_verdict_map_leads_is_not_known_without_its_elements():
    text = terse(
        *chain("called", [uses("b")], hook=None),
        *chain("input", [[{"vmap": {"key": payload("ip saddr"), "data": "@m"}}]]),
    )
    assert needed_sets(text) == [("inet", "t", "b"), ("inet", "t", "m")]


def test_a_dormant_table_needs_no_set():
    text = document(*chain(rules=[uses("a")]), flags="dormant")
    assert needed_sets(text) == []


def test_needed_sets_of_something_else():
    with pytest.raises(EvidenceError, match="not JSON"):
        needed_sets('{"@')
    assert needed_sets("no rule looks into a set") == []


def test_numbers_instead_of_handles():
    text = document(*chain(rules=[[ACCEPT], [ACCEPT]]))
    rules = nft_json.read(text, "test", handles=False).ruleset.tables[0].chains["input"].rules
    assert [rule.where.position for rule in rules] == ["rule 1", "rule 2"]
    assert outcome(nft_json.read(text, "test", handles=False).ruleset) == YES
    assert outcome(nft_json.read(document(*chain()), "test").ruleset) == NO
