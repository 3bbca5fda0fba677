# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The diagnosis on a real host: Postfix and other listeners in a network namespace with the kernel's own packet filter, seen from
itself and by a client behind a router. In each case one thing is planted, and one cause must be named."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Iterator

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
for folder in (ROOT / "plugins" / "module_utils", ROOT / "tests" / "unit" / "names", HERE):
    sys.path.insert(0, str(folder))

from _gate.intent.policy import parse_policy  # noqa: E402
from _gate.intent.services import Defaults, Service, parse_services  # noqa: E402
from _gate.judge.causes import CAUSES  # noqa: E402
from _gate.judge.diagnosis import Diagnosis, Vantage, Views, diagnose  # noqa: E402
from _gate.judge.firewall import judge_firewall  # noqa: E402
from _gate.listeners.evidence import ListenersEvidence  # noqa: E402
from _gate.listeners.sensor import look_at_listeners  # noqa: E402
from _gate.names.sensor import look_at_names  # noqa: E402
from _gate.packetfilter.openings import openings  # noqa: E402
from _gate.packetfilter.sensor import look_at_filter  # noqa: E402
from _gate.wire.look import Limits, Target, look  # noqa: E402
from egress_lab import MX_COM, MX_ORG, RELAY, RELAY_V6, EgressLab, obstacle  # noqa: E402
from name_server import NameServer  # noqa: E402

NAME = "relay.example.net"
OWN = (RELAY, MX_ORG, MX_COM, RELAY_V6, "2001:db8:113::21")
RECORDS = {(NAME, "A"): [RELAY], (NAME, "AAAA"): [RELAY_V6]}
LIMITS = Limits(
    deadline_seconds=20, connect_seconds=2, reply_seconds=2, silence_seconds=0.5, retry_seconds=0.2, per_address=20
)
INPUT = "table inet t {{ chain c {{ type filter hook input priority 0; {} }}; }};"
FORWARD = "table inet t {{ chain c {{ type filter hook forward priority 0; {} }}; }};"
REDIRECT = "table inet t {{ chain c {{ type nat hook prerouting priority -100; {} }}; }};"
STRICT = (
    """policy drop; ct state established accept; iif lo accept; meta l4proto ipv6-icmp accept; tcp dport 25 accept;"""
)
SMTP: dict[str, Any] = {"name": "smtp"}


@dataclass(frozen=True)
class Case:
    """``service``: what is required. ``server``, ``way``: rules there. ``planted``, ``on_the_way``: listeners there, as
    planted_server.py takes them. ``records``: of DNS. ``families``: those that the cause holds for. ``without``: views that are
    left out. ``container``: the router's network stands for a container's of the host."""

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
    Case("filter.drops", server=INPUT.format("tcp dport 25 drop;")),
    Case("filter.rejects", server=INPUT.format("tcp dport 25 reject;")),
    Case("filter.by-source", server=INPUT.format("ip saddr 198.51.100.0/24 tcp dport 25 drop;"), families=("ipv4",)),
    Case("filter.by-source", server=INPUT.format("ip saddr 192.0.2.0/24 tcp dport 25 drop;"), families=("ipv4",)),
    Case("filter.by-interface", server=INPUT.format("iifname eth0 tcp dport 25 drop;")),
    Case(
        "filter.by-rate", server=INPUT.format("tcp dport 25 ct state new limit rate over 1/hour burst 1 packets drop;")
    ),
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
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EgressLab]:
    reason = obstacle()
    if reason:
        pytest.skip(reason)
    made = EgressLab(tmp_path_factory.mktemp("diagnosis"))
    try:
        made.outside.run(
            "ip", "link", "add", "spare0", "type", "veth", "peer", "name", "spare1", "netns", made.way.name
        )
        made.outside.run("ip", "link", "set", "spare0", "up")
        yield made
    finally:
        made.close()


def diagnosed(lab: EgressLab, case: Case) -> Diagnosis:
    given = dict(case.service)
    defaults = Defaults(parse_policy("rfc8314"), str(lab.ca), given.pop("server_name", NAME))
    services = parse_services([given], defaults)
    with NameServer(case.records) as server:
        names = look_at_names(names=[NAME], servers=[server.place]).names[0]
    with lab.outside.entered():
        seen = look_at_listeners()
        evidence = look_at_filter({})
        here = looked(lab, services)
    entries, _interfaces = openings(evidence.acceptance)
    vantages = [Vantage("here", tuple(here), itself=True)]
    for name, place in (("client", lab.host), ("router", lab.way)):
        if name not in case.without:
            with place.entered():
                vantages.append(Vantage(name, tuple(looked(lab, services))))
    views = Views(
        host=NAME,
        own=OWN,
        listeners=None if "listeners" in case.without else of_the_host(lab, seen, case),
        filter_findings=() if "filter" in case.without else tuple(judge_firewall(NAME, services, evidence)),
        openings=tuple(entries),
        vantages=tuple(each for each in vantages if each.name not in case.without),
        name=names,
    )
    (found,) = diagnose(services, views)
    return found


def of_the_host(lab: EgressLab, seen: ListenersEvidence, case: Case) -> ListenersEvidence:
    """Without other containers of this machine: they are not of the host that the namespace stands for."""
    own = {"", f"net:[{os.stat('/run/netns/' + lab.way.name).st_ino}]"} if case.container else {""}
    return ListenersEvidence(
        tuple(each for each in seen.listeners if each.namespace in own),
        tuple(each for each in seen.namespaces if each.name in own),
    )


def looked(lab: EgressLab, services: tuple[Service, ...]) -> list:
    (service,) = services
    targets = [
        Target(
            address, service.port, str(service.protocol), service.begins, service.server_name, str(lab.ca), checks=()
        )
        for address in (RELAY, RELAY_V6)
    ]
    return [replace(each, host=NAME) for each in look(targets, LIMITS)]


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{case.cause}" for number, case in enumerate(CASES)])
def test_the_cause_that_is_planted_is_the_one_that_is_named(lab: EgressLab, case: Case) -> None:
    script = [sys.executable, str(HERE / "planted_server.py")]
    with contextlib.ExitStack() as stack:
        for place, planted in ((lab.outside, case.planted), (lab.way, case.on_the_way)):
            for each in planted:
                stack.enter_context(lab.serving(place, [*script, *each.split()]))
        for place, rules in ((lab.outside, case.server), (lab.way, case.way)):
            if rules:
                stack.enter_context(lab.filtered(place, rules))
        found = diagnosed(lab, case)
    assert found.cause == case.cause, (found.text, found.facts)
    assert found.families == case.families, (found.text, found.also)
    assert found.certain == CAUSES[case.cause].certain
