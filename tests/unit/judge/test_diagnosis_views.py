# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each view shows, from its evidence."""

from __future__ import annotations

import pytest

from _gate.judge import diagnosis_views as views
from _gate.judge.finding import FAIL, PASS, UNKNOWN, Finding
from _gate.listeners.evidence import Listener, ListenersEvidence, Namespace
from _gate.names.sensor import NameEvidence
from _gate.wire import evidence as seen
from judge_samples import good, service

SMTP = service("smtp")
OWN = ("203.0.113.10", "2001:db8::10")


def listener(address, families, **facts):
    return Listener("tcp", address, facts.pop("port", 25), families, **facts)


def listening(*listeners, family="ipv4", used=OWN, own=OWN, namespaces=()):
    return views.listening_shows(ListenersEvidence(tuple(listeners), tuple(namespaces)), SMTP, family, used, own)


ALL4 = listener("0.0.0.0", ("ipv4",))
DUAL = listener("::", ("ipv4", "ipv6"), v6only=False)
ONLY6 = listener("::", ("ipv6",), v6only=True)
UNTOLD6 = listener("::", ("ipv6",))
LOOPBACK = listener("127.0.0.1", ("ipv4",))


@pytest.mark.parametrize(
    "listeners, family, shown",
    [
        ([], "ipv4", "nothing"),
        ([listener("0.0.0.0", ("ipv4",), port=26)], "ipv4", "nothing"),
        ([Listener("udp", "0.0.0.0", 25, ("ipv4",))], "ipv4", "nothing"),
        ([ALL4], "ipv4", "here"),
        ([ALL4], "ipv6", "other family only"),
        ([DUAL], "ipv4", "here"),
        ([DUAL], "ipv6", "here"),
        ([ONLY6], "ipv4", "other family only"),
        ([UNTOLD6], "ipv4", "unknown"),
        ([UNTOLD6], "ipv6", "here"),
        ([LOOPBACK], "ipv4", "loopback only"),
        ([LOOPBACK], "ipv6", "loopback only"),
        ([listener("0.0.0.0", ("ipv4",), interface="lo")], "ipv4", "loopback only"),
        ([LOOPBACK, ONLY6], "ipv4", "other family only"),
        ([listener("203.0.113.10", ("ipv4",))], "ipv4", "here"),
        ([listener("203.0.113.11", ("ipv4",))], "ipv4", "other addresses only"),
        ([listener("203.0.113.11", ("ipv4",)), ALL4], "ipv4", "here"),
    ],
)
def test_listening(listeners, family, shown):
    assert listening(*listeners, family=family) == shown


def test_a_translated_address_is_one_of_the_hosts_own():
    private = listener("10.0.0.5", ("ipv4",))
    assert listening(private, used=("203.0.113.10",), own=("10.0.0.5",)) == "here"
    assert listening(private, used=("203.0.113.10",), own=("10.0.0.5", "203.0.113.10")) == "other addresses only"


def test_without_any_address_a_socket_of_the_family_is_here():
    assert listening(listener("203.0.113.11", ("ipv4",)), used=(), own=()) == "here"


def test_in_a_container_only():
    inside = listener("0.0.0.0", ("ipv4",), namespace="net:[7]")
    assert listening(inside, namespaces=[Namespace("net:[7]", 9, ("172.17.0.2",), "mail")]) == "in a container only"
    hidden = listener("127.0.0.1", ("ipv4",), namespace="net:[7]")
    assert listening(hidden, namespaces=[Namespace("net:[7]", 9, (), "mail")]) == "nothing"


def test_not_looked_at_is_unknown():
    assert views.listening_shows(None, SMTP, "ipv4", OWN, OWN) == "unknown"
    assert views.names_show(None, "ipv4", OWN) == "unknown"
    assert views.filter_shows([], [], SMTP, "ipv4") == "unknown"
    assert views.port_shows([], SMTP, "ipv4") == "unknown"


@pytest.mark.parametrize(
    "addresses, own, shown",
    [
        (("203.0.113.10",), OWN, "here"),
        (("203.0.113.10", "203.0.113.99"), OWN, "here"),
        (("203.0.113.99",), OWN, "elsewhere"),
        (("203.0.113.99",), ("10.0.0.5",), "unknown"),
        (("203.0.113.99",), ("10.0.0.5", "203.0.113.10"), "elsewhere"),
        (("203.0.113.99",), (), "unknown"),
        (("2001:db8::99",), OWN, "unknown"),
    ],
)
def test_names(addresses, own, shown):
    assert views.names_show(NameEvidence("mail.example.org", addresses), "ipv4", own) == shown


def test_a_name_that_is_not_found_and_one_that_nobody_answered_for():
    assert views.names_show(NameEvidence("x", problem="no such name"), "ipv4", OWN) == "not found"
    assert views.names_show(NameEvidence("x", unanswered="timeout"), "ipv4", OWN) == "unknown"


def missing(cause="closed by inet filter input policy: drop", families=("ipv4",)):
    return Finding("firewall.missing-opening", "h", 25, "smtp", FAIL, cause=cause, families=families)


def opening(**facts):
    entry = {
        "family": "ipv4",
        "protocol": "tcp",
        "ports": ["25"],
        "sources": ["0.0.0.0/0"],
        "interfaces": ["*"],
        "path": "input",
        "certainty": "always",
    }
    return {**entry, **facts}


@pytest.mark.parametrize(
    "findings, openings, shown",
    [
        ([Finding("firewall.missing-opening", "h", 25, "smtp", PASS)], [], "accepts"),
        ([missing(families=("ipv6",))], [], "accepts"),
        ([missing()], [], "drops"),
        ([missing("closed by inet filter input handle 3: tcp dport 25 reject with tcp reset")], [], "rejects"),
        ([missing()], [opening(ports=["26-30"])], "drops"),
        ([missing()], [opening(family="ipv6")], "drops"),
        ([missing()], [opening(protocol="udp")], "drops"),
        ([missing()], [opening(path="forward")], "drops"),
        ([missing()], [opening(protocol="any but tcp, udp")], "drops"),
        ([missing()], [opening(sources=["192.0.2.0/24"])], "some sources only"),
        ([missing()], [opening(sources_except=["192.0.2.0/24"], ports=["20-30"])], "some sources only"),
        ([missing()], [opening(interfaces=["eth0"])], "some interfaces only"),
        ([missing()], [opening(interfaces=["eth0"], sources_except=["127.0.0.0/8"])], "some interfaces only"),
        ([missing()], [opening(protocol="any", ports=["0-65535"], interfaces=["eth0"])], "some interfaces only"),
        ([missing()], [opening(certainty="unknown", depends_on=["limit rate 10/minute"])], "depends on a rate"),
        ([missing()], [opening(certainty="unknown", depends_on=["socket mark"])], "drops"),
        (
            [Finding("firewall.undecided", "h", 25, "smtp", UNKNOWN, cause="depends on limit rate 3/minute")],
            [],
            "depends on a rate",
        ),
        ([Finding("firewall.undecided", "h", 25, "smtp", UNKNOWN, cause="depends on xyz")], [], "unknown"),
        ([Finding("firewall.missing-opening", "h", 587, "submission", FAIL, families=("ipv4",))], [], "unknown"),
    ],
)
def test_filter(findings, openings, shown):
    assert views.filter_shows(findings, openings, SMTP, "ipv4") == shown


@pytest.mark.parametrize(
    "sources, shown",
    [
        (["192.0.2.0/25"], "some sources only"),
        (["192.0.2.0/25", "192.0.2.128/25"], "some interfaces only"),
        (["192.0.0.0/16"], "some interfaces only"),
    ],
)
def test_sources_are_those_of_the_service(sources, shown):
    office = service("smtp", **{"from": ["192.0.2.0/24"]})
    assert views.filter_shows([missing()], [opening(sources=sources)], office, "ipv4") == shown


def port(state, **facts):
    return good("smtp", state=state, **facts)


@pytest.mark.parametrize(
    "states, shown",
    [
        ([seen.OPEN], "open"),
        ([seen.OPEN, seen.TIMED_OUT], "open to some"),
        ([seen.REFUSED, seen.TIMED_OUT], "timed out"),
        ([seen.RESET], "reset"),
        ([seen.NOT_TRIED], "unknown"),
        ([seen.NOT_TRIED, seen.REFUSED], "refused"),
        ([seen.NAME_NOT_FOUND], "unknown"),
    ],
)
def test_ports(states, shown):
    assert views.port_shows([port(state) for state in states], SMTP, "ipv4") == shown


def test_looks_that_say_nothing_of_the_host_do_not_count():
    assert views.port_shows([port(seen.UNREACHABLE, detail="ENETUNREACH: x")], SMTP, "ipv4") == "unknown"
    assert views.port_shows([port(seen.OPEN, family="ipv6")], SMTP, "ipv4") == "unknown"
    assert views.port_shows([port(seen.OPEN)], service("imaps"), "ipv4") == "unknown"
    office = service("smtp", **{"from": ["192.0.2.0/24"]})
    assert views.port_shows([port(seen.TIMED_OUT)], office, "ipv4") == "unknown", "a stranger may not connect"


@pytest.mark.parametrize(
    "check, facts, shown",
    [
        ("mail.throttled", {}, "throttled"),
        ("mail.greeting", {"greeting": "", "stopped": "closed without a greeting"}, "hangs up"),
        ("mail.greeting", {"greeting": "", "stopped": "no greeting in 10 s"}, "silent"),
        ("mail.greeting", {"stopped": "greeting refuses service: 554 no"}, "refuses service"),
        ("mail.protocol", {}, "other protocol"),
        ("mail.encryption", {}, "other mode"),
        ("mail.session", {}, "no TLS session"),
        ("mail.certificate-name", {}, "bad certificate"),
        ("mail.relay", {}, "against the policy"),
    ],
)
def test_talk(check, facts, shown):
    findings = [Finding("mail.reachable", "h", 25, "smtp", PASS), Finding(check, "h", 25, "smtp", FAIL)]
    assert views.talk_shows([port(seen.OPEN, **facts)], findings) == (shown, findings[1])


def test_talk_without_faults_and_without_a_connection():
    warned = Finding("mail.certificate-trust", "h", 25, "smtp", "warn")
    assert views.talk_shows([port(seen.OPEN)], [warned]) == ("fine", None)
    assert views.talk_shows([port(seen.TIMED_OUT)], []) == ("unknown", None)


def test_no_answer_to_the_hello_says_nothing_of_the_mode():
    silent = Finding("mail.encryption", "h", 993, "imaps", "unknown")
    assert views.talk_shows([port(seen.OPEN)], [silent]) == ("no TLS session", silent)
