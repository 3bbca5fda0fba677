# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conditions of nft on routes, on the type of an address, and on raw bits of headers."""

from __future__ import annotations

import ipaddress

import pytest
from reader_helpers import (
    ACCEPT,
    DROP,
    MAYBE,
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
)

from _gate.packetfilter.model import Host, Own, Route
from _gate.packetfilter.readers import nft_json


def own(text, interface="eth0"):
    return Own(4, int(ipaddress.ip_address(text)), interface)


def route(text, interface):
    network = ipaddress.ip_network(text)
    return Route(4, int(network.network_address), int(network.broadcast_address), interface)


ROUTES = (route("0.0.0.0/0", "eth0"), route("10.0.0.0/8", "eth1"))
HERE = Host(own=(own("192.0.2.1"),), forwarding=frozenset((4,)), routes=ROUTES)


def fib(result, *flags):
    return {"fib": {"result": result, "flags": list(flags)}}


@pytest.mark.parametrize("flags", [("saddr", "iif"), ("saddr", "mark", "iif")])
@pytest.mark.parametrize("right", [False, "0", 0])
def test_a_reverse_path_filter(flags, right):
    rules = nft([match(fib("oif", *flags), right), DROP], policy="accept")
    assert [outcome(rules, HERE, saddr=source) for source in ("10.1.1.1", "203.0.113.9")] == [NO, YES]
    assert outcome(rules, HERE, saddr="10.1.1.1", iif="eth1") == YES
    assert outcome6(rules) == YES  # routes that are not known are taken as passed


def test_other_forms_of_a_reverse_path_filter():
    for rules in (
        nft([match(fib("oif", "saddr", "iif"), True), ACCEPT]),
        nft([match(fib("oif", "saddr", "iif"), 0, "!="), ACCEPT]),
        nft([match(fib("oifname", "saddr", "iif"), "eth0"), ACCEPT]),
        nft([match(fib("oif", "saddr", "iif"), {"set": ["eth0", "eth2"]}), ACCEPT]),
        nft([match(fib("check", "saddr", "iif"), True), ACCEPT]),
    ):
        assert [outcome(rules, HERE, saddr=source) for source in ("10.1.1.1", "203.0.113.9")] == [NO, YES]
    other = nft([match(fib("oifname", "saddr", "iif"), "eth7"), ACCEPT])
    assert outcome(other, HERE) == NO


def test_a_route_out_of_any_interface():
    rules = nft([match(fib("oif", "saddr"), False), DROP], policy="accept")
    assert outcome(rules, HERE) == YES
    assert outcome(rules, HERE, saddr="10.1.1.1") == MAYBE


def test_the_type_of_the_destination():
    kinds = match(fib("type", "daddr"), {"set": ["broadcast", "multicast"]})
    rules = nft([kinds, DROP], [match(fib("type", "daddr"), "local"), ACCEPT], hook="prerouting")
    assert outcome(rules) == outcome6(rules) == YES
    assert outcome(rules, HERE, daddr="192.0.2.1") == YES
    assert outcome(rules, HERE, daddr="198.51.100.1") == NO


def test_a_local_address_of_which_interface_is_not_known():
    here = fib("type", "daddr", "iif")
    rules = nft([match(here, "local", "!="), DROP], policy="accept", hook="prerouting")
    assert outcome(rules, HERE) == MAYBE
    assert outcome(rules, HERE, daddr="198.51.100.1") == NO
    kinds = {"set": [["blackhole", DROP], ["prohibit", {"jump": {"target": "gone"}}], ["local", ACCEPT]]}
    mapped = nft([{"vmap": {"key": here, "data": {"set": kinds["set"][:2]}}}], [ACCEPT], hook="prerouting")
    assert outcome(mapped, HERE) == YES


TWO = Host(
    own=(
        Own(4, 0xC0000201, "eth0", "global", 24),
        Own(4, 0x0A000001, "eth1", "global", 24),
        Own(4, 0x0A000002, "", "global"),  # given by the user: the host has it not yet
        Own(4, 0x0A000003, "eth0", "global", 24),
        Own(4, 0x0A000003, "eth1", "global", 24),
        Own(6, 0xFE80 << 112 | 1, "eth0", "link", 64),
        Own(6, 0xFE80 << 112 | 1, "eth1", "link", 64),
    ),
    interfaces=("eth0", "eth1", "lo"),
    routes=(),
)


@pytest.mark.parametrize(
    ("address", "interface", "expected"),
    [
        ("192.0.2.1", "eth0", YES),
        ("192.0.2.1", "eth1", NO),
        ("10.0.0.1", "eth0", NO),
        ("10.0.0.1", "eth1", YES),
        ("10.0.0.2", "eth1", MAYBE),
        ("10.0.0.3", "eth1", MAYBE),  # the kernel finds one of two routes
        ("10.0.0.3", "eth2", NO),
        ("198.51.100.1", "eth0", NO),
        ("224.0.0.1", "eth0", None),
        ("fe80::1", "eth1", YES),
        ("fe80::1", "eth2", NO),
    ],
)
def test_a_local_address_is_one_of_an_interface_where_the_host_is_known(address, interface, expected):
    """The rule of many examples against forged addresses."""
    kinds = {"set": ["local", "broadcast", "multicast"]}
    rule = [match(fib("type", "daddr", "iif"), kinds, "!="), DROP]
    text = document(*chain(rules=[rule], policy="accept", hook="prerouting"))
    rules = nft_json.read(text, "test", host=TWO).ruleset
    more = {"saddr": "2001:db8::9"} if ":" in address else {}
    found = outcome(rules, TWO, daddr=address, iif=interface, **more)
    without = outcome(nft(policy="accept", hook="prerouting"), TWO, daddr=address, iif=interface, **more)
    assert found == (without if expected is None else expected)


def test_a_family_without_known_addresses_stays_unknown():
    rule = [match(fib("type", "daddr", "iif"), "local", "!="), DROP]
    text = document(*chain(rules=[rule], policy="accept", hook="prerouting"))
    rules = nft_json.read(text, "test", host=Host(own=TWO.own[:1], interfaces=TWO.interfaces)).ruleset
    assert outcome6(rules) == MAYBE
    assert outcome(rules, TWO) == YES


@pytest.mark.parametrize("number", [5, "5"])
@pytest.mark.parametrize(("operator", "expected"), [("==", NO), ("!=", YES)])
def test_the_number_of_an_interface_that_is_gone_matches_nothing(number, operator, expected):
    text = document(*chain(rules=[[match(meta("iif"), number, operator), ACCEPT]]))
    gone = nft_json.read(text, "test", host=TWO).ruleset
    assert outcome(gone, TWO) == expected
    (note,) = gone.notes
    assert "interface number 5" in note
    assert "take it out" in note
    elsewhere = nft_json.read(text, "test").ruleset
    assert outcome(elsewhere) == MAYBE
    assert elsewhere.notes == ()


def test_an_interface_may_have_a_number_for_its_name():
    text = document(*chain(rules=[[match(meta("iif"), "5"), ACCEPT]]))
    rules = nft_json.read(text, "test", host=Host(interfaces=("5", "lo"))).ruleset
    assert rules.notes == ()
    assert outcome(rules) == MAYBE


def test_the_type_of_the_source():
    multicast = nft([match(fib("type", "saddr"), "multicast"), DROP], policy="accept")
    assert [outcome(multicast, saddr=source) for source in ("224.0.0.1", "192.0.2.9")] == [NO, YES]
    local = nft([match(fib("type", "saddr"), "local"), DROP], policy="accept")
    assert outcome(local) == MAYBE
    assert outcome(local, saddr="255.255.255.255") == YES


def raw(base, offset, length):
    return {"payload": {"base": base, "offset": offset, "len": length}}


@pytest.mark.parametrize(
    ("left", "right", "met", "missed"),
    [
        (raw("th", 16, 16), 25, {"dport": 25}, {"dport": 26}),
        (raw("th", 0, 16), 40000, {"sport": 40000}, {"sport": 40001}),
        (raw("th", 16, 8), 1, {"dport": 0x1FF}, {"dport": 0x200}),
        (raw("nh", 96, 32), 0xCB007109, {"saddr": "203.0.113.9"}, {"saddr": "203.0.113.8"}),
        (raw("nh", 128, 24), 0xC00002, {"daddr": "192.0.2.77"}, {"daddr": "192.0.3.77"}),
        (raw("nh", 72, 8), 6, {"protocol": 6}, {"protocol": 17}),
        ({"&": [raw("nh", 0, 8), 240]}, 64, {}, None),
        (raw("nh", 0, 4), 4, {}, None),
    ],
)
def test_raw_bits_of_an_ipv4_header(left, right, met, missed):
    rules = nft([match(meta("nfproto"), "ipv4"), match(left, right), ACCEPT])
    assert outcome(rules, **met) == YES
    assert missed is None or outcome(rules, **missed) == NO


def test_raw_bits_are_of_whatever_protocol_the_packet_is():
    rules = nft([match(raw("th", 0, 8), 8), ACCEPT])
    assert outcome(rules, protocol=1, icmp_type=8) == YES
    assert outcome(rules, protocol=1, icmp_type=0) == NO
    assert outcome6(rules, protocol=58, icmp_type=8) == YES
    assert outcome(rules, sport=0x8FF) == YES
    assert outcome(rules, protocol=47) == MAYBE
    source = nft([match(raw("nh", 64, 32), 0x20010DB8), ACCEPT])
    assert [outcome6(source), outcome6(source, saddr="2001:db9::1")] == [YES, NO]
    assert outcome(source) == MAYBE


@pytest.mark.parametrize("left", [raw("ll", 0, 48), raw("ih", 0, 8), raw("th", 32, 32), payload("ether saddr")])
def test_bits_that_are_not_in_the_model(left):
    rules = nft([match(left, 1), ACCEPT])
    assert outcome(rules) == MAYBE
    assert doubts(rules)


def test_a_header_inside_of_a_tunnel_is_not_the_packets_own():
    inner = {"payload": {"tunnel": "vxlan", "protocol": "tcp", "field": "dport"}}
    rules = nft([match(inner, 25), ACCEPT])
    assert outcome(rules) == MAYBE


def test_output_interfaces_on_the_forward_path():
    rules = nft_json.read(
        document(*chain(rules=[[match(meta("oifname"), "eth1"), ACCEPT]], hook="forward")), "test"
    ).ruleset
    assert [outcome(rules, HERE, daddr=target) for target in ("10.1.1.1", "198.51.100.1")] == [YES, NO]
