# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence from one task to the next, by way of plain data: what goes in comes out, and what is no result is refused."""

from __future__ import annotations

import json

import pytest

from _gate.errors import IntentError
from _gate.listeners.evidence import Listener, ListenersEvidence, Namespace, Owner, Published
from _gate.report.listeners import listeners_as_dict
from _gate.report.registered import filter_from, listeners_from, sight_as_dict, vantage_from, why_missing
from _gate.wire.evidence import OPEN, REFUSED, PortEvidence

EMPTY = {"findings": [], "passed": []}
PROXY = Owner(9, "docker-proxy", ("/usr/bin/docker-proxy",), "root", "docker.service", "", 2)
LISTENERS = ListenersEvidence(
    (
        Listener("tcp", "0.0.0.0", 25, ("ipv4",), owners=(PROXY,), published=Published("172.17.0.2", 25, "mail")),
        Listener("tcp", "::", 993, ("ipv6",), v6only=True, interface="eth0", owner_unknown="needs become"),
        Listener("udp", "127.0.0.1", 53, ("ipv4",), socket_unit="dns.socket", namespace="net:[7]", sockets=2),
        Listener("tcp", "0.0.0.0", 26, ("ipv4",), owners=(PROXY,), published=Published("", 0, "mail")),
    ),
    (Namespace("net:[7]", 9, ("172.17.0.2",), "mail"),),
    ("a note",),
    ("192.0.2.1", "2001:db8::1"),
)


def crossed(plain):
    return json.loads(json.dumps(plain))


def test_listeners_come_out_as_they_went_in():
    assert listeners_from(crossed(listeners_as_dict(LISTENERS)), "listeners") == LISTENERS


def test_what_joining_takes_of_a_port_comes_out_as_it_went_in():
    port = PortEvidence(
        "mx",
        "192.0.2.1",
        "ipv4",
        25,
        OPEN,
        source_address="192.0.2.1",
        from_itself=True,
        greeting="220 mx",
        stopped="closed",
    )
    lost = PortEvidence("mx", "", "", 25, "name-not-found", detail="no such name")
    result = {**EMPTY, "ports": [sight_as_dict(port), sight_as_dict(lost)]}
    assert vantage_from("office", crossed(result), False, "wire.office", "mx").ports == (port, lost)


def test_a_port_is_small_whatever_the_server_says():
    port = PortEvidence("mx", "192.0.2.1", "ipv4", 25, OPEN, greeting="2" * 5000)
    assert len(json.dumps(sight_as_dict(port))) < 500


@pytest.mark.parametrize(
    "address, source, itself",
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "198.51.100.1", False),
        ("127.0.0.1", "127.0.0.1", False),
        ("::1", "::1", False),
    ],
)
def test_who_sees_the_host_from_its_own_address_is_the_host(address, source, itself):
    family = "ipv6" if ":" in address else "ipv4"
    port = PortEvidence("mx", address, family, 25, REFUSED, source_address=source, from_itself=address == source)
    result = {**EMPTY, "ports": [sight_as_dict(port)]}
    assert vantage_from("localhost", result, False, "wire", "mx").itself is itself
    assert vantage_from("mx", result, True, "wire", "mx").itself is True


@pytest.mark.parametrize(
    "result, why",
    [
        ({"failed": True, "msg": "nft:\n not permitted\n"}, "nft:; not permitted"),
        ({"unreachable": True, "msg": "no route"}, "unreachable: no route"),
        ({"skipped": True}, "skipped"),
        ({"failed": True, **EMPTY}, ""),
        (EMPTY, ""),
        ("abc", ""),
    ],
)
def test_why_a_look_gave_nothing(result, why):
    assert why_missing(result) == why


@pytest.mark.parametrize(
    "result",
    [
        None,
        {},
        {"listeners": 3, "namespaces": [], "notes": [], "addresses": []},
        {"listeners": [3], "namespaces": [], "notes": [], "addresses": []},
        {"listeners": [{"port": 25}], "namespaces": [], "notes": [], "addresses": []},
        {"listeners": [], "namespaces": [{}], "notes": [], "addresses": []},
        {"listeners": [], "namespaces": [], "notes": [], "addresses": ["here"]},
        {"listeners": [], "namespaces": [], "notes": []},
        {
            "listeners": [{"protocol": "tcp", "address": "x", "port": 25, "families": []}],
            "namespaces": [],
            "notes": [],
            "addresses": [],
        },
    ],
)
def test_what_is_no_result_of_the_sockets_is_refused(result):
    with pytest.raises(IntentError, match="listeners"):
        listeners_from(result, "listeners")


@pytest.mark.parametrize("ports", [None, "x", [3], [{"port": "25"}], [{"host": "h", "port": 25, "state": 3}], [{}]])
def test_what_is_no_result_of_the_ports_is_refused(ports):
    with pytest.raises(IntentError, match="wire"):
        vantage_from("office", {**EMPTY, "ports": ports}, False, "wire.office", "h")


def test_of_a_look_at_several_hosts_the_others_are_left_out():
    ports = [PortEvidence(host, "192.0.2.1", "ipv4", 25, OPEN) for host in ("mx1", "MX2.", "mx3")]
    passed = [{"check": "mail.reachable", "host": host, "port": 25, "service": "smtp"} for host in ("mx1", "mx2")]
    result = {"findings": [], "passed": passed, "ports": [sight_as_dict(port) for port in ports]}
    vantage = vantage_from("office", crossed(result), False, "wire.office", "mx2")
    assert (vantage.ports, [each.host for each in vantage.findings]) == ((ports[1],), ["mx2"])


def test_what_was_seen_of_another_host_is_refused():
    port = PortEvidence("mx1", "192.0.2.1", "ipv4", 25, OPEN)
    result = {**EMPTY, "ports": [sight_as_dict(port)]}
    with pytest.raises(IntentError, match=r"wire.office.ports.*mx1"):
        vantage_from("office", crossed(result), False, "wire.office", "mx2")


def test_what_is_no_result_of_the_filter_is_refused():
    good = {**EMPTY, "openings": [], "families": ["ipv4"]}
    assert filter_from(good, "firewall") == ((), (), ("ipv4",))
    for wrong in ({"openings": None}, {"openings": [{}]}, {"openings": ["x"]}, {"families": None}):
        with pytest.raises(IntentError, match="firewall"):
            filter_from({**good, **wrong}, "firewall")
