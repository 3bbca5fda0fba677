# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nft's match objects against packets: each trap of the field guide, decided by the interpreter."""

from __future__ import annotations

import pytest
from reader_helpers import (
    ACCEPT,
    DROP,
    MAYBE,
    NO,
    YES,
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
)

from _gate.packetfilter.readers import nft_json


def named(name, elements, kind="ipv4_addr", **more):
    return {"set": dict(family="inet", name=name, table="t", type=kind, handle=5, elem=elements, **more)}


def test_ip_protocol_in_inet_is_about_ipv4_only():
    rules = nft([match(payload("ip protocol"), "tcp"), ACCEPT])
    assert outcome(rules) == YES
    assert outcome6(rules) == NO


@pytest.mark.parametrize("right", ["tcp", 6, {"set": ["tcp", "udp"]}])
def test_l4proto_is_about_both_families(right):
    rules = nft([match(meta("l4proto"), right), ACCEPT])
    assert outcome(rules) == outcome6(rules) == YES
    assert outcome(rules, protocol=47) == NO


def test_a_negated_port_never_matches_another_protocol():
    rules = nft([match(payload("tcp dport"), 22, "!="), ACCEPT])
    assert outcome(rules, dport=25) == YES
    assert outcome(rules, dport=22) == NO
    assert outcome(rules, dport=25, protocol=17) == NO


def test_th_dport_is_exact_for_protocols_with_ports_and_open_for_others():
    rules = nft([match(payload("th dport"), 53), ACCEPT])
    assert outcome(rules, protocol=17, dport=53) == YES
    assert outcome(rules, protocol=132, dport=54) == NO
    assert outcome(rules, protocol=1) == MAYBE


def test_th_dport_behind_a_protocol_leaves_no_doubt():
    protocols = match(meta("l4proto"), {"set": ["tcp", "udp"]})
    rules = nft([protocols, match(payload("th dport"), 53), ACCEPT])
    assert doubts(rules) == []
    assert outcome(rules, protocol=17, dport=53) == YES


def test_a_raw_transport_header_port_is_th_dport():
    rules = nft(
        [match(meta("l4proto"), "tcp"), match({"payload": {"base": "th", "offset": 16, "len": 16}}, 25), ACCEPT]
    )
    assert outcome(rules, dport=25) == YES
    assert outcome(rules, dport=26) == NO


def test_an_inverted_range_never_matches():
    rules = nft([match(payload("tcp dport"), {"range": [100, 10]}), ACCEPT])
    assert outcome(rules, dport=50) == NO


def test_an_ipv6_address_in_inet_is_about_ipv6_only():
    rules = nft([match(payload("ip6 saddr"), {"prefix": {"addr": "2001:db8::", "len": 32}}, "!="), ACCEPT])
    assert outcome(rules) == NO
    assert outcome6(rules) == NO
    assert outcome6(rules, saddr="2001:db9::1") == YES


@pytest.mark.parametrize(
    ("right", "inside", "outside"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ({"prefix": {"addr": "10.0.0.0", "len": 8}}, "10.255.255.255", "11.0.0.0"),
        ({"range": ["10.0.0.1", "255.255.255.255"]}, "255.255.255.255", "10.0.0.0"),
        ({"set": ["192.0.2.7", {"prefix": {"addr": "10.0.0.0", "len": 8}}]}, "10.1.1.1", "192.0.2.8"),
    ],
)
@pytest.mark.parametrize("op", ["==", "!="])
def test_source_addresses(right, inside, outside, op):
    rules = nft([match(payload("ip saddr"), right, op), ACCEPT])
    assert outcome(rules, saddr=inside) == (YES if op == "==" else NO)
    assert outcome(rules, saddr=outside) == (NO if op == "==" else YES)
    assert outcome6(rules) == NO


def test_masks_of_addresses():
    plain = nft([match({"&": [payload("ip saddr"), "255.255.0.0"]}, "10.1.0.0"), ACCEPT])
    assert outcome(plain, saddr="10.1.2.3") == YES
    assert outcome(plain, saddr="10.2.2.3") == NO
    never = nft([match({"&": [payload("ip saddr"), "255.255.0.0"]}, "10.1.0.1"), ACCEPT])
    assert outcome(never, saddr="10.1.0.1") == NO
    gaps = nft([match({"&": [payload("ip saddr"), "255.0.255.0"]}, "10.0.1.0"), ACCEPT])
    assert [outcome(gaps, saddr=source) for source in ("10.9.1.3", "10.9.2.3", "11.9.1.3")] == [YES, NO, NO]
    assert outcome6(gaps) == NO
    many = nft([match({"&": [payload("ip saddr"), "0.0.0.255"]}, "0.0.0.5"), ACCEPT])
    assert outcome(many, saddr="10.9.1.5") == MAYBE
    assert "a mask with gaps" in doubts(many)[0]
    assert outcome6(many) == NO


@pytest.mark.parametrize(
    ("name", "iif", "expected"),
    [
        ("eth0", "eth0", YES),
        ("eth0", "eth01", NO),
        ("eth*", "eth01", YES),
        ("eth*", "lo", NO),
        ("eth\\*", "eth0", NO),
        ("eth\\*", "eth*", YES),
        ({"set": ["lo", "wg*"]}, "wg7", YES),
    ],
)
def test_interface_names(name, iif, expected):
    assert outcome(nft([match(meta("iifname"), name), ACCEPT]), iif=iif) == expected


def test_an_index_without_a_name_is_a_doubt():
    rules = nft([match(meta("iif"), 7), ACCEPT])
    assert outcome(rules) == MAYBE
    assert "no longer exists" in doubts(rules)[0]


def test_the_output_interface_does_not_exist_on_the_way_to_the_host_itself():
    assert outcome(nft([match(meta("oifname"), "eth0"), ACCEPT])) == NO
    assert outcome(nft([match(meta("oifname"), {"set": ["eth0", "eth1"]}), ACCEPT])) == NO
    assert outcome(nft([match(meta("oifname"), "eth0", "!="), ACCEPT])) == YES
    assert outcome(nft([match(meta("oif"), 0), ACCEPT])) == YES


@pytest.mark.parametrize(
    ("op", "right", "expected"),
    [
        ("in", "new", YES),
        ("in", ["established", "related"], NO),
        ("==", {"set": ["established", "new"]}, YES),
        ("!=", "new", NO),
        ("!=", {"|": ["established", "related"]}, YES),
        ("!", "established", YES),
        ("in", "invalid", NO),
        ("in", ["untracked", "invalid"], NO),
    ],
)
def test_the_conntrack_state_is_new(op, right, expected):
    assert outcome(nft([match(ct("state"), right, op), ACCEPT])) == expected


def test_neighbour_discovery_is_untracked():
    rules = nft([match(ct("state"), "untracked", "in"), ACCEPT])
    assert outcome6(rules, protocol=58, icmp_type=135) == YES
    assert outcome6(rules, protocol=58, icmp_type=128) == NO


@pytest.mark.parametrize(("prio", "expected"), [(-300, NO), (-150, YES)])
def test_before_conntrack_the_state_is_invalid(prio, expected):
    rules = nft([match(ct("state"), "invalid", "in"), DROP], hook="prerouting", prio=prio, policy="accept")
    assert outcome(rules) == expected
    assert outcome(rules, iif="lo") == YES


def test_a_chain_run_before_and_after_conntrack():
    jump = [{"jump": {"target": "shared"}}]
    text = document(
        *chain("shared", [[match(ct("state"), "invalid", "in"), DROP]], hook=None),
        *chain("early", [jump], hook="prerouting", prio=-300, policy="accept"),
        *chain("input", [jump], policy="accept"),
    )
    assert outcome(nft_json.read(text, "test").ruleset) == NO


def test_nothing_has_been_translated_yet():
    assert outcome(nft([match(ct("status"), "dnat", "in"), ACCEPT])) == NO
    assert outcome(nft([match(ct("status"), "confirmed", "in"), ACCEPT])) == MAYBE
    assert outcome(nft([match(ct("direction"), "original"), ACCEPT])) == YES


def test_the_original_tuple_is_what_the_client_addressed():
    rules = nft(
        [match(meta("l4proto"), "tcp"), match(ct("proto-dst", dir="original"), 25), ACCEPT],
        [match(ct("ip daddr", dir="original"), "192.0.2.200"), ACCEPT],
    )
    assert outcome(rules, dport=25) == YES
    assert outcome(rules, dport=26) == NO
    assert outcome(rules, dport=26, daddr="192.0.2.200") == YES
    reply = nft([match(meta("l4proto"), "tcp"), match(ct("proto-src", dir="reply"), 25), ACCEPT])
    assert [outcome(reply, dport=port) for port in (25, 26)] == [YES, NO]


MASKED = {"&": [payload("tcp flags"), ["fin", "syn", "rst", "ack"]]}


@pytest.mark.parametrize(
    ("left", "op", "right", "expected"),
    [
        (payload("tcp flags"), "in", "syn", YES),
        (payload("tcp flags"), "in", ["syn", "ack"], YES),
        (payload("tcp flags"), "in", "ack", NO),
        (payload("tcp flags"), "==", {"set": [{"|": ["syn", "ack"]}, "syn"]}, YES),
        (payload("tcp flags"), "==", {"set": [{"|": ["syn", "ack"]}]}, NO),
        (payload("tcp flags"), "!=", "syn", NO),
        (payload("tcp flags"), "!", "syn", NO),
        (MASKED, "==", "syn", YES),
        (MASKED, "!=", "syn", NO),
        ({"&": [payload("tcp flags"), {"|": ["fin", {"|": ["syn", "rst"]}]}]}, "==", 2, YES),
    ],
)
def test_a_first_packet_has_the_flag_syn_alone(left, op, right, expected):
    rules = nft([match(left, right, op), ACCEPT])
    assert outcome(rules) == expected
    assert outcome(rules, protocol=17) == NO


def test_named_sets():
    sets = [
        named(
            "nets",
            [{"prefix": {"addr": "10.0.0.0", "len": 8}}, {"range": ["192.0.2.10", "192.0.2.20"]}],
            flags=["interval"],
        ),
        named("ports", [25, {"elem": {"val": 465, "comment": "smtps"}}], "inet_service"),
    ]
    rules = nft(
        [match(payload("ip saddr"), "@nets"), match(payload("tcp dport"), "@ports"), ACCEPT],
        [match(payload("ip saddr"), "@nets", "!="), match(payload("tcp dport"), 22), ACCEPT],
        sets=sets,
    )
    assert outcome(rules, saddr="192.0.2.15", dport=465) == YES
    assert outcome(rules, saddr="192.0.2.21", dport=465) == NO
    assert outcome(rules, saddr="192.0.2.21", dport=22) == YES
    assert outcome(rules, saddr="10.0.0.1", dport=22) == NO


def test_a_missing_set_is_a_doubt_that_names_it():
    rules = nft([match(payload("ip saddr"), "@gone"), ACCEPT])
    assert outcome(rules) == MAYBE
    assert "no set @gone" in doubts(rules)[0]


def test_concatenations():
    key = {"concat": [payload("ip saddr"), payload("tcp dport")]}
    elements = [
        {"concat": ["192.0.2.1", 25]},
        {"concat": [{"prefix": {"addr": "10.0.0.0", "len": 8}}, {"range": [100, 200]}]},
    ]
    rules = nft([match(key, {"set": elements}), ACCEPT])
    assert outcome(rules, saddr="192.0.2.1", dport=25) == YES
    assert outcome(rules, saddr="10.9.9.9", dport=150) == YES
    assert outcome(rules, saddr="10.9.9.9", dport=25) == NO
    negated = nft([match(key, {"set": elements}, "!="), ACCEPT])
    assert outcome(negated, saddr="10.9.9.9", dport=150) == NO
    assert outcome(negated, saddr="10.9.9.9", dport=25) == YES
    assert outcome(negated, saddr="10.9.9.9", dport=25, protocol=17) == NO


def test_elements_with_timeouts_may_be_gone():
    timed = [{"elem": {"val": "192.0.2.77", "timeout": 3600, "expires": 30}}, "192.0.2.78"]
    rules = nft([match(payload("ip saddr"), "@s"), ACCEPT], sets=[named("s", timed, flags=["timeout"])])
    assert outcome(rules, saddr="192.0.2.77") == MAYBE
    assert outcome(rules, saddr="192.0.2.78") == YES
    assert outcome(rules, saddr="192.0.2.79") == NO
    negated = nft([match(payload("ip saddr"), "@s", "!="), ACCEPT], sets=[named("s", timed, flags=["timeout"])])
    assert outcome(negated, saddr="192.0.2.77") == MAYBE
    assert outcome(negated, saddr="192.0.2.78") == NO
    assert outcome(negated, saddr="192.0.2.79") == YES


@pytest.mark.parametrize("declared", [True, False])
def test_a_set_that_rules_fill_may_hold_any_address(declared):
    """nft 1.0.6 prints no flag "dynamic": a rule that adds to the set tells."""
    flags = {"flags": ["dynamic"]} if declared else {"flags": ["timeout"]}
    add = {"set": {"op": "add", "elem": payload("ip saddr"), "set": "@s"}}
    fill = [] if declared else [[match(payload("tcp dport"), 9999), add]]
    rules = nft(*fill, [match(payload("ip saddr"), "@s"), ACCEPT], sets=[named("s", [], **flags)])
    assert outcome(rules) == MAYBE
    assert outcome6(rules) == NO
    assert "change at run time" in doubts(rules)[0]


def test_a_set_changed_in_raw_text_changes_too():
    rules = nft(
        ["update @s { ip saddr : 1 }", DROP],
        [match(payload("ip saddr"), "@s"), ACCEPT],
        sets=[named("s", ["192.0.2.1"])],
    )
    assert outcome(rules) == MAYBE


def test_icmp_types_are_about_one_family():
    rules = nft(
        [match(payload("icmp type"), {"set": ["echo-request", 13]}), ACCEPT],
        [match(payload("icmpv6 type"), {"range": ["packet-too-big", "parameter-problem"]}), ACCEPT],
    )
    assert outcome(rules, protocol=1, icmp_type=8) == outcome(rules, protocol=1, icmp_type=13) == YES
    assert outcome(rules, protocol=1, icmp_type=3) == NO
    assert outcome(rules, protocol=58, icmp_type=3) == NO
    assert outcome6(rules, protocol=58, icmp_type=3) == YES
    assert outcome6(rules, protocol=1, icmp_type=8) == NO


def test_icmp_codes():
    rules = nft(
        [match(payload("icmp type"), "destination-unreachable"), match(payload("icmp code"), "frag-needed"), ACCEPT]
    )
    assert outcome(rules, protocol=1, icmp_type=3, icmp_code=4) == YES
    assert outcome(rules, protocol=1, icmp_type=3, icmp_code=3) == NO
    assert outcome(rules, protocol=1, icmp_type=8, icmp_code=4) == outcome(rules) == NO
    pairs = {
        "set": [{"concat": ["echo-request", "net-unreachable"]}, {"concat": ["destination-unreachable", "frag-needed"]}]
    }
    both = nft([match({"concat": [payload("icmp type"), payload("icmp code")]}, pairs), ACCEPT])
    assert outcome(both, protocol=1, icmp_type=8, icmp_code=0) == YES
    assert outcome(both, protocol=1, icmp_type=8, icmp_code=4) == NO


def test_families_and_ethertypes():
    for left, right in ((meta("nfproto"), "ipv6"), (meta("protocol"), "ip6"), (payload("ip6 version"), 6)):
        rules = nft([match(left, right), ACCEPT])
        assert outcome(rules) == NO
        assert outcome6(rules) == YES
    assert outcome(nft([match(meta("protocol"), {"set": ["arp", "vlan"]}), ACCEPT])) == NO


def test_packets_with_extension_headers_are_not_in_question():
    assert outcome6(nft([match({"exthdr": {"name": "rt", "field": "type"}}, 0), DROP], policy="accept")) == YES
    rules = nft([match({"exthdr": {"name": "hbh"}}, False), ACCEPT])
    assert outcome6(rules) == YES
    assert outcome(rules) == NO
    fragment = match({"&": [payload("ip frag-off"), 0x1FFF]}, 0, "!=")
    assert outcome(nft([fragment, DROP], policy="accept")) == YES
    assert outcome(nft([match(payload("ip frag-off"), 0), ACCEPT])) == MAYBE


def test_the_hop_limit_is_known_for_neighbour_discovery_only():
    rules = nft([match(payload("icmpv6 type"), "nd-neighbor-solicit"), match(payload("ip6 hoplimit"), 255), ACCEPT])
    assert outcome6(rules, protocol=58, icmp_type=135) == YES
    assert outcome6(nft([match(payload("ip6 hoplimit"), 255), ACCEPT])) == MAYBE


@pytest.mark.parametrize(
    "left",
    [
        meta("iifgroup"),
        ct("label"),
        {"socket": {"key": "transparent"}},
        {"jhash": {"mod": 2, "expr": payload("ip saddr")}},
        {"something": {"new": True}},
        "unexpected text",
    ],
)
def test_what_is_not_modelled_is_a_doubt_with_its_words(left):
    rules = nft([match(left, 1), ACCEPT])
    assert outcome(rules) == MAYBE
    assert doubts(rules)[0]


def test_comparisons():
    rules = nft([match(payload("tcp dport"), 1023, ">"), ACCEPT], [match(payload("tcp dport"), 20, "<="), ACCEPT])
    assert [outcome(rules, dport=port) for port in (20, 21, 1023, 1024)] == [YES, NO, NO, YES]
