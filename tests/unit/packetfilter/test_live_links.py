# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sees packets before the rules or beside them, and which bridges lead nowhere, from what iproute2 6.1 and /proc print."""

from __future__ import annotations

import json

import pytest

from _gate.host.commands import Access, Output
from _gate.packetfilter import live
from _gate.packetfilter.diagram import Space
from _gate.packetfilter.evaluate import accepted
from _gate.packetfilter.interpret import walk
from _gate.packetfilter.live import host_facts
from _gate.packetfilter.live.kernel import KERNEL, XDP
from _gate.packetfilter.model import DPORT, FAMILY, IIF, PROTOCOL, Ruleset, interface_value
from _gate.packetfilter.readers import nft_json

#: As of a program that Linux 6.18 runs in its generic mode.
PROGRAM = {"mode": 2, "prog": {"id": 7, "name": "dropper", "jited": 1}, "attached": [{"mode": 2, "prog": {"id": 7}}]}
LINKS = (
    {"ifname": "lo"},
    {"ifname": "eth0", "xdp": PROGRAM},
    {"ifname": "eth0.7", "link": "eth0", "linkinfo": {"info_kind": "vlan"}},
    {"ifname": "eth1", "xdp": {"mode": 0}},
    {"ifname": "eth2"},
)
OPEN = """{"nftables": [{"metainfo": {}}, {"table": {"family": "inet", "name": "t"}},
 {"chain": {"family": "inet", "table": "t", "name": "c", "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}},
 {"rule": {"family": "inet", "table": "t", "chain": "c", "handle": 2, "expr": [
  {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 25}}, {"accept": null}]}}]}"""


def facts(links=LINKS, files=None):
    def run(command):
        return Output(0, json.dumps(links) if "address" in command else "", "")

    return host_facts(Access(run, lambda name: "/usr/sbin/" + name, lambda path: (files or {}).get(path, "")))


def test_programs_that_see_packets_first_are_those_of_the_card_below_too():
    assert facts().programs == (("eth0", "eth0"), ("eth0.7", "eth0"))


@pytest.mark.parametrize(
    ("name", "port", "outcomes"),
    [
        ("eth0", 25, {"accept", "drop"}),
        ("eth0.7", 25, {"accept", "drop"}),
        ("eth1", 25, {"accept"}),
        ("eth2", 25, {"accept"}),
        ("eth0", 26, {"drop"}),
    ],
)
def test_nothing_is_certain_to_get_past_a_program(name, port, outcomes):
    """What it lets pass, the rules still look at."""
    ruleset = live.on_host(nft_json.read(OPEN, "test").ruleset, facts())
    packet = {FAMILY: 4, PROTOCOL: 6, DPORT: port, IIF: interface_value(name)}
    assert walk(ruleset, packet).outcomes == outcomes
    space = Space()
    answer = accepted(space, ruleset, space.box({dim: ((value, value),) for dim, value in packet.items()}))
    assert (answer.may == answer.question, answer.must == answer.question) == (port == 25, outcomes == {"accept"})
    assert answer.unknown == (answer.question if outcomes == {"accept", "drop"} else space.empty)
    assert answer.sometimes == space.empty


def test_a_program_is_named():
    ruleset = live.on_host(Ruleset(()), facts())
    doubts = accepted(Space(), ruleset, Space.full).doubts
    assert {(doubt.where.source, doubt.where.table, doubt.where.chain) for doubt in doubts} == {(KERNEL, XDP, "eth0")}
    assert all("XDP program on eth0" in doubt.text for doubt in doubts)


def bridge(name, *ports):
    links = [{"ifname": name, "linkinfo": {"info_kind": "bridge"}}]
    for number, kind in enumerate(ports):
        info = {"info_slave_kind": "bridge", **({"info_kind": kind} if kind else {})}
        links.append({"ifname": name + "p" + str(number), "master": name, "linkinfo": info})
    return links


@pytest.mark.parametrize(
    ("ports", "virtual"),
    [
        ([], True),
        (["veth"], True),
        (["tun", "dummy"], True),
        (["veth", ""], False),
        (["vlan"], False),
        (["vxlan"], False),
    ],
)
def test_a_bridge_with_a_card_leads_out_of_the_machine(ports, virtual):
    assert (facts(bridge("br0", *ports)).virtual_bridges == {"br0"}) == virtual


def test_ebtables_legacy_is_mentioned_where_there_are_bridges():
    modules = {"/proc/modules": "ebtable_broute 16384 1 - Live 0x0\nbridge 1 1 ebtable_broute, Live 0x0\n"}
    assert facts(files=modules).notes == ()
    (note,) = facts(bridge("br0"), modules).notes
    assert "ebtables-legacy is loaded (ebtable_broute)" in note
    assert facts(bridge("br0"), {"/proc/modules": "ebtables 1 1 - Live 0x0\n"}).notes == ()


def test_services_of_ipvs_are_mentioned():
    head = (
        "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port\n"
    )
    service = "TCP  C0000201:0019 wlc \n  -> 0A000002:0019      Masq    1      0          0\n"
    assert facts(files={"/proc/net/ip_vs": head}).notes == ()
    (note,) = facts(files={"/proc/net/ip_vs": head + service * 2}).notes
    assert "IPVS" in note
    assert "2 in" in note
