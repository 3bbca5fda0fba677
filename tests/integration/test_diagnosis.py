# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on a real host: Postfix and other listeners in a network namespace with the kernel's own packet filter, seen from
itself and by a client behind a router. In each case one thing is planted, and one cause must be named.

Each look is what its module does, and its result crosses to ``assert_mail_server`` as JSON, as between two tasks."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
for folder in (ROOT / "plugins" / "module_utils", ROOT / "tests" / "unit" / "names", ROOT / "tests" / "demo", HERE):
    sys.path.insert(0, str(folder))

from runner import collection_path  # noqa: E402

sys.path.insert(0, str(collection_path()))

from ansible_collections.mailops.gate.plugins.module_utils._ansible import wire_tasks  # noqa: E402
from ansible_collections.mailops.gate.plugins.module_utils._ansible.filter_tasks import (  # noqa: E402
    assert_firewall_ports,
)
from ansible_collections.mailops.gate.plugins.module_utils._ansible.listener_tasks import (  # noqa: E402
    listening_ports_info,
)
from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import (  # noqa: E402
    FIREWALL_PORTS,
    LISTENING_PORTS_INFO,
    MAIL_PORTS,
    MAIL_SERVER,
)
from ansible_collections.mailops.gate.plugins.module_utils._ansible.server_tasks import assert_mail_server  # noqa: E402
from ansible_collections.mailops.gate.plugins.module_utils._gate.judge.causes import CAUSES  # noqa: E402
from ansible_collections.mailops.gate.plugins.module_utils._gate.judge.surplus import SURPLUS  # noqa: E402
from ansible_collections.mailops.gate.plugins.module_utils._gate.names.sensor import look_at_names  # noqa: E402
from ansible_collections.mailops.gate.plugins.module_utils._gate.wire.look import Limits  # noqa: E402

from egress_lab import MX_COM, RELAY, RELAY_V6, EgressLab  # noqa: E402
from name_server import NameServer  # noqa: E402

NAME = "relay.example.net"
RECORDS = {(NAME, "A"): [RELAY], (NAME, "AAAA"): [RELAY_V6]}
LIMITS = Limits(
    deadline_seconds=20, connect_seconds=2, reply_seconds=2, silence_seconds=0.5, retry_seconds=0.2, per_address=20
)
INPUT = "table inet t {{ chain c {{ type filter hook input priority 0; {} }}; }};"
FORWARD = "table inet t {{ chain c {{ type filter hook forward priority 0; {} }}; }};"
REDIRECT = "table inet t {{ chain c {{ type nat hook prerouting priority -100; {} }}; }};"
OUTPUT = "table inet o {{ chain c {{ type filter hook output priority 0; {} }}; }};"
STRICT = (
    """policy drop; ct state established accept; iif lo accept; meta l4proto ipv6-icmp accept; tcp dport 25 accept;"""
)
NO_ESTABLISHED = "policy drop; iif lo accept; meta l4proto ipv6-icmp accept; ct state new tcp dport 25 accept;"
#: As Docker publishes a port without a proxy of its own.
PUBLISH = """table inet p {{ chain c {{ type nat hook prerouting priority -100; fib daddr type != local return;
    meta nfproto ipv4 tcp dport {0} dnat ip to {2}:{1}; meta nfproto ipv6 tcp dport {0} dnat ip6 to [{3}]:{1}; }}; }};"""
SMTP: dict[str, Any] = {"name": "smtp"}
ROUTER = ["198.51.100.1", "2001:db8:51::1"]
ROUTER_RECORDS = {(NAME, "A"): ROUTER[:1], (NAME, "AAAA"): ROUTER[1:]}


@dataclass(frozen=True)
class Case:
    """``service``: what is required. ``server``, ``way``: rules there. ``planted``, ``on_the_way``: listeners there, as
    planted_server.py takes them. ``records``: of DNS. ``families``: those that the cause holds for. ``without``: views that are
    left out. ``container``: the router's network stands for a container's of the host. ``published``: the router is the host, and
    Postfix behind it is in a container's network. ``beside``: more services, with which nothing is wrong."""

    cause: str
    service: dict[str, Any] = field(default_factory=lambda: SMTP)
    server: str = ""
    way: str = ""
    planted: tuple[str, ...] = ()
    on_the_way: tuple[str, ...] = ()
    records: dict[tuple[str, str], list[str]] = field(default_factory=lambda: RECORDS)
    families: tuple[str, ...] = ("ipv4", "ipv6")
    without: tuple[str, ...] = ("router",)
    container: bool = False
    published: bool = False
    beside: tuple[dict[str, Any], ...] = ()

    @property
    def addresses(self) -> list[str]:
        return ROUTER if self.published else [RELAY, RELAY_V6]


HIDDEN = ("router", "listeners", "filter", "here")
POP3, IMAP, SIEVE = {"name": "pop3"}, {"name": "imap"}, {"name": "sieve"}
CASES = [
    Case("fine"),
    Case("fine", server=INPUT.format(STRICT)),
    Case("name.not-found", records={("other.example", "A"): [RELAY]}),
    Case("name.elsewhere", records={(NAME, "A"): ["203.0.113.99"]}, families=("ipv4",)),
    Case("listen.nothing", POP3),
    Case("listen.loopback", SIEVE, planted=("hold 127.0.0.1 4190",)),
    Case("listen.one-family", POP3, planted=("hold 0.0.0.0 110",), families=("ipv6",)),
    Case("listen.other-address", POP3, planted=(f"hold {MX_COM} 110", "hold 2001:db8:113::21 110")),
    Case("filter.drops", server=INPUT.format("meta nfproto ipv6 tcp dport 25 drop;"), families=("ipv6",)),
    Case("filter.drops", server=INPUT.format("meta nfproto ipv4 tcp dport 25 drop;"), families=("ipv4",)),
    Case("filter.drops", server=INPUT.format("tcp dport 25 drop;")),
    Case("filter.rejects", server=INPUT.format("tcp dport 25 reject;")),
    Case("filter.by-source", server=INPUT.format("ip saddr 198.51.100.0/24 tcp dport 25 drop;"), families=("ipv4",)),
    Case("filter.by-source", server=INPUT.format("ip saddr 192.0.2.0/24 tcp dport 25 drop;"), families=("ipv4",)),
    Case("filter.by-interface", server=INPUT.format("iifname eth0 tcp dport 25 drop;")),
    Case(
        "filter.by-rate", server=INPUT.format("tcp dport 25 ct state new limit rate over 1/hour burst 1 packets drop;")
    ),
    Case("filter.loses", server=INPUT.format(NO_ESTABLISHED)),
    Case("filter.loses", server=OUTPUT.format("tcp sport 25 drop;")),
    Case("filter.loses", server=OUTPUT.format("meta nfproto ipv6 tcp sport 25 drop;"), families=("ipv6",)),
    Case("way.silent", way=FORWARD.format("tcp dport 25 drop;")),
    Case("way.refused", way=FORWARD.format("tcp dport 25 reject with tcp reset;")),
    Case("way.refused", way=REDIRECT.format("tcp dport 25 redirect to :2626;")),
    Case("way.unreachable", way=FORWARD.format("tcp dport 25 reject with icmpx host-unreachable;")),
    Case("way.one-family", way=FORWARD.format("meta nfproto ipv6 tcp dport 25 drop;"), families=("ipv6",)),
    Case(
        "views.answered-by-another",
        POP3,
        way=REDIRECT.format("tcp dport 110 redirect to :2110;"),
        on_the_way=("hold :: 2110",),
    ),
    Case(
        "views.open-through-filter",
        server=INPUT.format("iif != lo tcp dport 25 drop;"),
        way=REDIRECT.format("tcp dport 25 redirect to :2525;"),
        on_the_way=("hold :: 2525",),
    ),
    Case("server.not-accepting", POP3, planted=("full :: 110",)),
    Case("server.other-process", IMAP, planted=("ssh :: 143",)),
    Case("server.other-mode", {"name": "submission", "port": 465}),
    Case("server.certificate", {"name": "submissions", "server_name": "mail.other.example", "authentication": False}),
    Case("server.policy", {"name": "submissions"}),
    Case("server.hangs", POP3, planted=("silent :: 110",)),
    Case("server.hangs-up", POP3, planted=("hang-up :: 110",)),
    Case("listen.container-only", POP3, on_the_way=("hold 0.0.0.0 110",), container=True),
    Case(
        "views.refused-here",
        server=INPUT.format("iif lo tcp dport 25 reject with tcp reset;"),
        way=FORWARD.format("tcp dport 25 drop;"),
    ),
    Case("way.some-vantages", way=FORWARD.format("tcp dport 25 drop;"), without=()),
    Case("unknown.filter-or-way", way=FORWARD.format("tcp dport 25 drop;"), without=("router", "filter")),
    Case("unknown.silent", way=FORWARD.format("tcp dport 25 drop;"), without=HIDDEN),
    Case("unknown.refused", POP3, without=HIDDEN),
    Case("unknown.not-seen-from-outside", without=("router", "client")),
    Case("unknown", POP3, without=(*HIDDEN, "client")),
    Case("fine", without=HIDDEN),
    Case("server.refuses", {"name": "submission", "port": 2587}, planted=("refuse :: 2587",)),
    Case("server.no-tls", {"name": "submission", "port": 2587}, planted=("no-tls :: 2587",)),
    Case("server.throttled", {"name": "submission", "port": 2587}, planted=("busy :: 2587",)),
    Case("fine", {"name": "smtp", "port": 2525}, server=REDIRECT.format("tcp dport 2525 redirect to :25;")),
    Case("listen.nothing", {"name": "smtp", "port": 2525}, server=REDIRECT.format("tcp dport 2525 redirect to :26;")),
    Case(
        "fine",
        server=INPUT.format(STRICT + "ip saddr 10.0.0.0/8 tcp dport 110 accept;"),
        planted=("hold :: 110", "hold :: 143"),
        beside=({"name": "imap", "closed": True}, {"name": "pop3", "from": ["10.0.0.0/8"]}),
    ),
    Case(
        "fine.published",
        way=PUBLISH.format(25, 25, RELAY, RELAY_V6),
        records=ROUTER_RECORDS,
        published=True,
    ),
    Case(
        "fine.published",
        {"name": "smtp", "port": 2525},
        way=PUBLISH.format(2525, 25, RELAY, RELAY_V6),
        records=ROUTER_RECORDS,
        published=True,
    ),
]
#: What is there though nothing requires it: each names the one port that it is about.
SURPLUS_CASES = [
    (
        110,
        Case(
            "surplus.open-and-listening",
            server=INPUT.format(STRICT + "tcp dport 110 accept;"),
            planted=("hold :: 110",),
        ),
    ),
    (110, Case("surplus.nothing-behind", server=INPUT.format(STRICT + "tcp dport 110 accept;"))),
    (
        3306,
        Case(
            "surplus.published",
            way=INPUT.format(STRICT) + PUBLISH.format(3306, 465, RELAY, RELAY_V6),
            on_the_way=("hold :: 25",),
            records=ROUTER_RECORDS,
            published=True,
        ),
    ),
]


@pytest.fixture(scope="module")
def lab(lab: EgressLab) -> EgressLab:
    """With a second way out of the host, which goes with it."""
    lab.outside.run("ip", "link", "add", "spare0", "type", "veth", "peer", "name", "spare1", "netns", lab.way.name)
    lab.outside.run("ip", "link", "set", "spare0", "up")
    return lab


def options_of(spec: dict[str, dict[str, Any]], **given: Any) -> dict[str, Any]:
    """A module's options as Ansible hands them over."""
    return {**{name: option.get("default") for name, option in spec.items()}, **given}


def verdict(lab: EgressLab, case: Case, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(wire_tasks, "limits", lambda options: LIMITS)
    service = dict(case.service)
    shared = {
        "services": [service, *case.beside],
        "server_name": service.pop("server_name", NAME),
        "trust": str(lab.ca),
    }
    with (lab.way if case.published else lab.outside).entered():
        listening = listening_ports_info(options_of(LISTENING_PORTS_INFO))
        filtered = assert_firewall_ports(
            options_of(FIREWALL_PORTS, host=[NAME], fail_on=["never"], verbose=True, **shared)
        )
        wire = {} if "here" in case.without else {"server": looked(shared, case.addresses)}
    for name, place in (("client", lab.host), ("router", lab.way)):
        if name not in case.without:
            with place.entered():
                wire[name] = looked(shared, case.addresses)
    with NameServer(case.records) as server:
        seen = options_of(
            MAIL_SERVER,
            host=NAME,
            names=True,
            wire=crossed(wire),
            firewall=None if "filter" in case.without else crossed(filtered),
            listeners=None if "listeners" in case.without else crossed(of_the_host(lab, listening, case)),
            **shared,
        )
        return assert_mail_server(
            seen, "server", lambda name: look_at_names(names=[name], servers=[server.place]).names[0]
        )


def crossed(result: dict[str, Any]) -> dict[str, Any]:
    """As it arrives in another task."""
    return json.loads(json.dumps(result))


def of_the_host(lab: EgressLab, seen: dict[str, Any], case: Case) -> dict[str, Any]:
    """Without other containers of this machine: they are not of the host that the namespace stands for."""
    own = {""}
    for is_a_container, place in ((case.container, lab.way), (case.published, lab.outside)):
        if is_a_container:
            own.add(f"net:[{os.stat('/run/netns/' + place.name).st_ino}]")
    return {
        **seen,
        "listeners": [each for each in seen["listeners"] if each.get("namespace", "") in own],
        "namespaces": [each for each in seen["namespaces"] if each["name"] in own],
    }


def looked(shared: dict[str, Any], addresses: list[str]) -> dict[str, Any]:
    look = options_of(MAIL_PORTS, host=[NAME], addresses=addresses, depth="handshake", fail_on=["never"], **shared)
    result = wire_tasks.assert_mail_ports(look)
    for port in result["ports"]:
        assert len(json.dumps(port)) < 1000, port
    return result


def planted_and_judged(lab: EgressLab, case: Case, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    script = [sys.executable, str(HERE / "planted_server.py")]
    with contextlib.ExitStack() as stack:
        for place, planted in ((lab.outside, case.planted), (lab.way, case.on_the_way)):
            for each in planted:
                stack.enter_context(lab.serving(place, [*script, *each.split()]))
        for place, rules in ((lab.outside, case.server), (lab.way, case.way)):
            if rules:
                stack.enter_context(lab.filtered(place, rules))
        return verdict(lab, case, monkeypatch)


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{case.cause}" for number, case in enumerate(CASES)])
def test_the_cause_that_is_planted_is_the_one_that_is_named(
    lab: EgressLab, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = planted_and_judged(lab, case, monkeypatch)
    found = whole["diagnoses"][0]
    assert found["cause"] == case.cause, whole["msg"]
    assert tuple(found["families"]) == case.families, whole["msg"]
    assert found["certain"] == CAUSES[case.cause].certain
    told = [
        each for each in whole["findings"] if each.get("diagnosis") and not each["diagnosis"].startswith("surplus.")
    ]
    wanted = [each["cause"] for each in whole["diagnoses"] if each["cause"] not in UNTOLD]
    assert sorted(each["diagnosis"] for each in told) == sorted(wanted), whole["msg"]
    if case.beside:
        assert not {each["outcome"] for each in whole["findings"]} & {"fail", "unknown"}, whole["msg"]
    if case.cause in UNTOLD:
        return
    told.sort(key=lambda each: each["diagnosis"] != case.cause)
    assert told[0]["cause"] and told[0]["settles"], told
    if case.cause != "unknown.not-seen-from-outside":
        assert whole["stops"] and told[0]["outcome"] in ("fail", "unknown"), whole["msg"]


#: A client gets what it should; or no view saw anything, and what was not looked at has no finding.
UNTOLD = ("fine", "fine.published", "unknown")


@pytest.mark.parametrize("port, case", SURPLUS_CASES, ids=[case.cause for _port, case in SURPLUS_CASES])
def test_a_surplus_that_is_planted_is_the_one_that_is_named(
    lab: EgressLab, port: int, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = planted_and_judged(lab, case, monkeypatch)
    told = [each for each in whole["findings"] if each.get("diagnosis", "").startswith("surplus.")]
    named = {(each["diagnosis"], each["port"], each["outcome"]) for each in told}  # each rule has a remedy of its own
    assert named == {(case.cause, port, "fail")}, whole["msg"]
    assert told[0]["cause"] and told[0]["fix"] and told[0]["settles"]
    assert whole["stops"]


def test_every_cause_has_a_case_on_real_sockets_and_a_real_filter() -> None:
    assert {case.cause for case in CASES} == set(CAUSES)
    assert {case.cause for _port, case in SURPLUS_CASES} == set(SURPLUS)
