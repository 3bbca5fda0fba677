# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's addresses, interfaces and routes, from what iproute2 6.1 prints."""

from __future__ import annotations

import ipaddress
import json

import pytest

from _gate.errors import EvidenceError
from _gate.host.commands import Access, Output
from _gate.packetfilter.diagram import Space
from _gate.packetfilter.evaluate import accepted
from _gate.packetfilter.interpret import decided_by, walk
from _gate.packetfilter.live import Address, host_facts
from _gate.packetfilter.live.kernel import from_below, kernel_tables
from _gate.packetfilter.model import DADDR, DPORT, FAMILY, IIF, PROTOCOL, Own, Route, Ruleset, interface_value
from _gate.packetfilter.readers import nft_json

ADDRESSES = [
    {"ifname": "lo", "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8, "scope": "host"}]},
    {},
    {
        "ifname": "eth0",
        "addr_info": [
            {"family": "inet", "local": "192.0.2.1", "prefixlen": 24, "scope": "global"},
            {"family": "inet6", "local": "2001:db8::1", "prefixlen": 64, "scope": "global"},
            {"family": "inet6", "local": "2001:db8::bad", "prefixlen": 64, "scope": "global", "dadfailed": True},
            {"family": "inet6", "local": "fe80::1", "prefixlen": 64, "scope": "link"},
        ],
    },
    {"ifname": "docker0", "linkinfo": {"info_kind": "bridge"}, "addr_info": []},
    {"ifname": "veth1", "linkinfo": {"info_kind": "veth", "info_slave_kind": "bridge"}, "addr_info": []},
]
MAIN = [
    {"dst": "default", "gateway": "192.0.2.254", "dev": "eth0", "flags": []},
    {"type": "blackhole", "dst": "10.0.0.0/8", "flags": []},
    {"type": "throw", "dst": "10.5.0.0/16", "metric": 7, "flags": []},
    {
        "dst": "10.9.0.0/16",
        "flags": [],
        "nexthops": [
            {"gateway": "192.0.2.5", "dev": "eth0", "weight": 1, "flags": []},
            {"gateway": "172.17.0.6", "dev": "docker0", "weight": 1, "flags": ["linkdown"]},
            {"gateway": "198.51.100.6", "dev": "veth1", "weight": 1, "flags": ["dead", "linkdown"]},
        ],
    },
    {"dst": "10.99.0.1", "dev": "eth0", "scope": "link", "prefsrc": "192.0.2.77", "flags": []},
]
LOCAL = [
    {"type": "local", "dst": "127.0.0.0/8", "dev": "lo"},
    {"type": "local", "dst": "127.0.0.1", "dev": "lo"},
    {"type": "local", "dst": "192.0.2.1", "dev": "eth0"},
]
RULES = [
    {"priority": 0, "src": "all", "table": "local"},
    {"priority": 32766, "src": "all", "table": "main"},
    {"priority": 32767, "src": "all", "table": "default"},
]
FORWARDING = "/proc/sys/net/ipv6/conf/all/forwarding"


class Host:
    def __init__(self, outputs=None, files=None):
        self.outputs = {
            "-d address": ADDRESSES, "-4 route show table main": MAIN, "-4 route show table local": LOCAL,
            "-4 rule": RULES, "-6": "", **(outputs or {}),
        }  # fmt: skip
        self.files = {FORWARDING: "0\n", **(files or {})}
        self.ran = []

    def run(self, command):
        shown = " ".join(command[2:])
        self.ran.append(shown)
        key = max((key for key in self.outputs if shown.startswith(key)), key=len)
        output = self.outputs[key]
        if isinstance(output, Output):
            return output
        return Output(0, output if isinstance(output, str) else json.dumps(output), "")

    def facts(self):
        return host_facts(Access(self.run, lambda name: "/usr/sbin/" + name, lambda path: self.files.get(path, "")))


def route(text, interface, metric=0):
    network = ipaddress.ip_network(text)
    return Route(network.version, int(network.network_address), int(network.broadcast_address), interface, metric)


def test_addresses():
    facts = Host().facts()
    assert facts.addresses[0] == Address(4, "127.0.0.1", "lo", "host")
    assert [str(address) for address in facts.reachable_addresses()] == ["192.0.2.1", "2001:db8::1", "fe80::1"]
    assert [str(address) for address in facts.offered_addresses()] == ["192.0.2.1", "2001:db8::1"]
    assert Own(4, int(ipaddress.ip_address("192.0.2.1")), "eth0", "global", 24) in facts.host.own
    assert len(facts.host.own) == 4
    assert facts.interfaces == facts.host.interfaces == ("docker0", "eth0", "lo", "veth1")
    assert facts.host.bridges == {"docker0"}
    assert facts.notes == ()


def test_routes():
    assert Host().facts().host.routes == (
        route("0.0.0.0/0", "eth0"),
        route("10.0.0.0/8", ""),
        route("10.5.0.0/16", "", 7),
        route("10.9.0.0/16", "docker0"),
        route("10.9.0.0/16", "eth0"),
        route("10.99.0.1/32", "eth0"),
    )


def test_ipv6_routes():
    table = [
        {"dst": "default", "gateway": "2001:db8::fe", "dev": "eth0", "metric": 1024, "flags": [], "pref": "medium"}
    ]
    table.append({"type": "blackhole", "dst": "2001:db8:7::/64", "dev": "lo", "metric": 1024})
    routes = Host({"-6 route show table main": table}).facts().host.routes
    assert routes[-2:] == (route("::/0", "eth0", 1024), route("2001:db8:7::/64", "", 1024))


def test_a_host_without_ipv6_is_not_asked_about_it():
    host = Host(files={FORWARDING: ""})
    assert host.facts().host.routes is not None
    assert not [command for command in host.ran if command.startswith("-6")]


@pytest.mark.parametrize("odd", [{"tos": "0x10", "dev": "eth0"}, {"type": "local", "dev": "lo"}])
def test_a_route_that_is_not_understood(odd):
    facts = Host({"-4 route show table main": [*MAIN, {"dst": "10.7.0.0/16", **odd}]}).facts()
    assert facts.host.routes is None
    assert "IPv4: a route is not understood" in facts.notes[0]


@pytest.mark.parametrize(
    "rule",
    [
        {"src": "all", "iif": "lo", "table": "101"},
        {"src": "all", "oif": "eth0", "table": "101"},
        {"src": "all", "uid_start": 0, "uid_end": 5, "table": "101"},
        {"src": "all", "table": "main", "suppress_prefixlen": 0},
        {"src": "all", "dst": "192.0.2.4", "table": "main"},
        {"src": "10.0.0.0", "srclen": 8, "table": "100"},  # an empty table
        {"src": "all", "fwmark": "0x5", "table": "102"},  # there is none
        {"src": "all", "action": "nop"},
    ],
)
def test_rules_that_do_not_concern_what_comes_in(rule):
    tables = {"-4 route show table 100": "[ ]", "-4 route show table 101": MAIN}
    tables["-4 route show table 102"] = Output(2, "", "Error: ipv4: FIB table does not exist.\nDump terminated\n")
    facts = Host({"-4 rule": [*RULES, rule], **tables}).facts()
    assert facts.host.routes
    assert facts.notes == ()


@pytest.mark.parametrize(
    "rule",
    [
        {"src": "10.0.0.0", "srclen": 8, "table": "101"},
        {"src": "all", "table": "101"},
        {"not": None, "src": "all", "fwmark": "0xca6c", "table": "101"},
        {"not": None, "src": "all", "iif": "lo", "table": "101"},
        {"src": "192.0.2.4", "action": "blackhole"},
        {"src": "all", "l3mdev": None},
        {"src": "192.0.2.4", "table": "local"},
    ],
)
def test_rules_with_which_more_than_the_main_table_decides(rule):
    facts = Host({"-4 rule": [*RULES, rule], "-4 route show table 101": MAIN}).facts()
    assert facts.host.routes is None
    assert "IPv4 is routed by more than the main table (ip rule: " in facts.notes[0]


def test_a_kernel_without_policy_routing():
    facts = Host({"-4 rule": Output(2, "", "RTNETLINK answers: Operation not supported\nDump terminated\n")}).facts()
    assert facts.host.routes


def test_addresses_without_an_interface():
    more = [
        {"type": "local", "dst": "192.0.2.9", "dev": "lo"},
        {"type": "local", "dst": "198.51.100.0/24", "dev": "lo"},
    ]
    facts = Host({"-4 route show table local": [*LOCAL, *more]}).facts()
    assert facts.host.own[-1] == Own(4, int(ipaddress.ip_address("192.0.2.9")), "lo", "host", 32)
    assert facts.notes == (
        "the host also takes what is sent to 198.51.100.0/24 (ip route, table local): that was left out",
    )


def conf(family, interface, name):
    return "/proc/sys/net/{0}/conf/{1}/{2}".format(family, interface, name)


@pytest.mark.parametrize(
    ("files", "expected", "held_back"),
    [
        ({}, frozenset(), ()),
        ({conf("ipv4", name, "forwarding"): "1\n" for name in ("docker0", "eth0", "veth1")}, {4}, ()),
        ({conf("ipv4", "eth0", "forwarding"): "1\n"}, {4}, ((4, "docker0"), (4, "veth1"))),
        ({FORWARDING: "1\n"}, {6}, ()),
        ({FORWARDING: "2\n", conf("ipv6", "eth0", "force_forwarding"): "1\n"}, {6}, ()),
        ({conf("ipv6", "eth0", "forwarding"): "1\n"}, frozenset(), ()),
        ({conf("ipv6", "eth0", "force_forwarding"): "1\n"}, {6}, ((6, "docker0"), (6, "veth1"))),
    ],
)
def test_forwarding(files, expected, held_back):
    facts = Host(files=files).facts()
    assert (facts.host.forwarding, facts.held_back, facts.notes) == (expected, held_back, ())


def test_what_is_not_forwarded_from_one_interface_is_dropped_before_all_rules():
    facts = Host(files={conf("ipv4", "eth0", "forwarding"): "1\n"}).facts()
    ruleset = Ruleset(kernel_tables(facts.held_back))
    packet = {FAMILY: 4, PROTOCOL: 6, DPORT: 25, DADDR: int(ipaddress.ip_address("198.51.100.9"))}
    for name, expected in (("eth0", "accept"), ("docker0", "drop")):
        walked = walk(ruleset, {**packet, IIF: interface_value(name)}, facts.host)
        assert walked.outcomes == {expected}
    own = walk(ruleset, {**packet, IIF: interface_value("docker0"), DADDR: 0xC0000201}, facts.host)
    assert own.outcomes == {"accept"}
    assert decided_by(walked).text == "net.ipv4.conf.docker0.forwarding = 0"


def test_loopback_addresses_from_outside():
    assert Host().facts().host.route_localnet == frozenset()
    one = Host(files={conf("ipv4", "eth0", "route_localnet"): "1\n"}).facts().host
    assert one.route_localnet == {"eth0"}
    every = Host(files={conf("ipv4", "all", "route_localnet"): "1\n"}).facts().host
    assert every.route_localnet == {"docker0", "eth0", "lo", "veth1"}


def test_an_address_of_scope_host_is_taken_from_outside_too():
    facts = Host({"-4 route show table local": [*LOCAL, {"type": "local", "dst": "192.0.2.9", "dev": "lo"}]}).facts()
    assert "192.0.2.9" in map(str, facts.reachable_addresses())
    assert "192.0.2.9" not in map(str, facts.offered_addresses())
    assert not any(address.is_loopback for address in facts.reachable_addresses())


def test_a_network_that_the_host_takes_for_its_own_is_left_out():
    network = {"type": "local", "dst": "192.0.2.128/25", "dev": "lo"}
    facts = Host({"-4 route show table local": [*LOCAL, network]}).facts()
    assert [text.split(",")[0] for text in facts.networks] == ["192.0.2.128/25"]
    assert Host().facts().networks == Host().facts().left_out == ()


def test_a_rule_that_comes_before_the_table_of_local_addresses():
    before = {"priority": 1, "src": "all", "iif": "eth0", "dport": 25, "action": "prohibit"}
    local, *rest = RULES
    left_out = Host({"-4 rule": [before, {**local, "priority": 10}, *rest]}).facts().left_out
    assert len(left_out) == 1
    assert "dport 25" in left_out[0]
    assert Host({"-4 rule": [local, before, *rest]}).facts().left_out == ()


LAYERS = [
    {"ifname": "eth0", "master": "bond0", "linkinfo": {"info_slave_kind": "bond"}},
    {"ifname": "bond0", "linkinfo": {"info_kind": "bond"}},
    {"ifname": "bond0.7", "link": "bond0", "master": "br0", "linkinfo": {"info_kind": "vlan", "info_slave_kind": "bridge"}},
    {"ifname": "br0", "linkinfo": {"info_kind": "bridge"}},
    {"ifname": "eth1", "master": "vrf0", "linkinfo": {"info_slave_kind": "vrf"}},
    {"ifname": "vrf0", "linkinfo": {"info_kind": "vrf"}},
    {"ifname": "veth1", "link": "eth0", "linkinfo": {"info_kind": "veth"}},
]  # fmt: skip


def test_interfaces_below_others():
    facts = Host({"-d address": LAYERS}).facts()
    above_eth0 = {upper for upper, lower in facts.below if lower == "eth0"}
    assert above_eth0 == {"bond0", "bond0.7", "br0"}
    assert ("vrf0", "eth1") in facts.below
    assert not any("veth1" in pair for pair in facts.below)
    assert facts.ports == {"eth0", "bond0.7"}


INGRESS = """{"nftables": [{"metainfo": {}}, {"table": {"family": "netdev", "name": "n"}},
 {"chain": {"family": "netdev", "table": "n", "name": "i", "type": "filter", "hook": "ingress", "prio": 0,
  "dev": "eth0", "policy": "accept"}},
 {"rule": {"family": "netdev", "table": "n", "chain": "i", "handle": 2, "expr": [
  {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 25}}, {"drop": null}]}}]}"""


def test_what_arrives_on_a_bridge_may_have_passed_the_ingress_of_a_port():
    read = nft_json.read(INGRESS, "test").ruleset
    ruleset = Ruleset(tuple(from_below(read.tables, (("br0", "eth0"),))))
    for name, port, expected in (
        ("eth0", 25, {"drop"}), ("br0", 25, {"accept", "drop"}), ("br0", 26, {"accept"}), ("eth1", 25, {"accept"}),
    ):  # fmt: skip
        packet = {FAMILY: 4, PROTOCOL: 6, DPORT: port, IIF: interface_value(name)}
        assert walk(ruleset, packet).outcomes == expected
        space = Space()
        answer = accepted(space, ruleset, space.box({dim: ((value, value),) for dim, value in packet.items()}))
        assert (answer.may != space.empty, answer.must != answer.question) == ("accept" in expected, "drop" in expected)
        assert answer.sometimes == space.empty
    assert any("comes through eth0" in doubt.text for doubt in accepted(space, ruleset, space.full).doubts)


@pytest.mark.parametrize(
    "printed",
    ['[{"ifname": "eth0", "addr_info": [{"family": "inet", "local": "x"}]}]', "[" * 200000],
    ids=["what", "depth"],
)
def test_what_ip_prints_and_nobody_understands_is_an_error_of_the_evidence(printed):
    access = Access(lambda command: Output(0, printed, ""), lambda name: "/usr/sbin/" + name, lambda path: "")
    with pytest.raises(EvidenceError, match="ip -j"):
        host_facts(access)
