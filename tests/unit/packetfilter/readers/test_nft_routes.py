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
