# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strange but real: what once passed, or might, though something is wrong; and what failed though nothing is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _gate.judge.diagnosis import Views, diagnose
from _gate.judge.finding import FAIL, PASS, UNKNOWN, WARN, Finding
from _gate.judge.joined import join_views_of_server
from _gate.listeners.evidence import Listener, ListenersEvidence, Namespace, Owner
from _gate.names.sensor import NO_RECORD, NO_SUCH_NAME, NameEvidence
from _gate.wire import evidence as seen
from judge_samples import good, service, vantage

HOST = "mail.example.org"
V4, V6 = "203.0.113.10", "2001:db8::10"
OWNER = Owner(7, "master", (), "root", "postfix@-.service")
IMAPS = service("imaps")


def listener(port, address="0.0.0.0", families=("ipv4",), protocol="tcp", **facts):
    return Listener(protocol, address, port, families, owners=(OWNER,), **facts)


def sockets(*listeners, own=(V4,), namespaces=()):
    return ListenersEvidence(listeners, namespaces, addresses=own)


def port(address=V4, state=seen.OPEN, name="imaps", **facts):
    return good(name, address=address, family="ipv6" if ":" in address else "ipv4", state=state, **facts)


def missing(door, outcome=PASS, families=("ipv4",)):
    if outcome == PASS:
        return Finding("firewall.missing-opening", HOST, door.port, door.label, PASS)
    expected = f"{door.transport} {door.port} from any (IPv4)"
    return Finding(
        *(
            "firewall.missing-opening",
            HOST,
            door.port,
            door.label,
            outcome,
            (),
            expected,
            "closed",
            "policy",
            "open it",
        ),
        families=families,
    )


def opening(number, family="ipv4", **facts):
    entry = {"family": family, "protocol": "tcp", "ports": [str(number)], "sources": [], "interfaces": ["*"]}
    return {**entry, "path": "input", "certainty": "always", "rules": [], **facts}


def views(*vantages, **facts):
    facts.setdefault("listeners", sockets(listener(993)))
    facts.setdefault("filter_findings", (missing(IMAPS),))
    return Views(host=HOST, own=facts["listeners"].addresses, vantages=vantages, **facts)


def told(seen_of_it, services=(IMAPS,), beside=()):
    found = join_views_of_server(services, seen_of_it, beside)
    return sorted((each.check, each.port, each.outcome) for each in found if each.outcome != PASS)


def shown(seen_of_it, required=IMAPS, number=0):
    found = diagnose([required], seen_of_it)[0]
    return (found, found.other)[number]


CLIENT = vantage("controller", port(), services=(IMAPS,))


# -- doors -----------------------------------------------------------------------------------------------------------------


def doors(*transports):
    return [service("dns", port=53, protocol=transport) for transport in transports]


def test_one_name_for_tcp_and_udp_is_two_doors():
    tcp, udp = both = doors("tcp", "udp")
    filtered = (missing(tcp), missing(udp))
    only_udp = views(listeners=sockets(listener(53, protocol="udp")), filter_findings=filtered)
    assert told(only_udp, both) == told(only_udp, both[::-1]) == [("server.listening", 53, FAIL)]
    all_listen = sockets(listener(53, protocol="udp"), listener(53))
    closed = replace(only_udp, listeners=all_listen, filter_findings=(missing(tcp, FAIL), missing(udp)))
    assert [each.cause for each in diagnose(both, closed)] == ["filter.drops", "unknown.not-seen-from-outside"]
    assert told(closed, both) == [("firewall.missing-opening", 53, FAIL)]
    both_closed = replace(closed, filter_findings=(missing(tcp, FAIL), missing(udp, FAIL)))
    assert told(both_closed, both) == [("firewall.missing-opening", 53, FAIL)] * 2


def test_sockets_of_a_protocol_that_is_not_looked_at_are_unknown():
    (sctp,) = doors("sctp")
    found = shown(views(filter_findings=(missing(sctp),)), sctp)
    assert dict(found.facts)["listening"] == "unknown" and not found.certain


def test_what_a_tcp_client_sees_says_nothing_of_udp():
    door = service("other", port=993, protocol="udp")
    found = shown(views(CLIENT, filter_findings=(missing(door),)), door)
    assert found.cause == "listen.nothing" and dict(found.facts)["outside"] == "unknown"


def test_a_door_with_nothing_behind_it_is_a_fault_and_the_remedy_says_how_it_may_be_none():
    ssh = service("ssh")
    seen_of_it = views(listeners=sockets(), filter_findings=(missing(ssh),))
    (fault,) = [each for each in join_views_of_server([ssh], seen_of_it) if each.outcome != PASS]
    assert (fault.check, fault.outcome) == ("server.listening", FAIL) and "optional: true" in fault.fix
    assert told(seen_of_it, [service("ssh", optional=True)]) == []


@pytest.mark.parametrize(
    "bound, looked, outcome",
    [
        ("0.0.0.0", False, [("server.surplus", 110, UNKNOWN)]),
        ("0.0.0.0", True, []),
        ("127.0.0.1", False, []),
    ],
)
def test_a_closed_port_with_a_listener_that_nobody_looked_at_is_unknown(bound, looked, outcome):
    closed = service("pop3", closed=True)
    places = (vantage("controller", port(name="pop3", state=seen.TIMED_OUT), port(), services=(closed, IMAPS)),)
    listening = sockets(listener(993), listener(110, bound))
    seen_of_it = views(*places[: int(looked)], listeners=listening, filter_findings=())
    assert told(seen_of_it, [IMAPS, closed]) == outcome
    assert told(replace(seen_of_it, vantages=(), filter_findings=(missing(IMAPS),)), [IMAPS, closed]) == []


# -- who may connect -------------------------------------------------------------------------------------------------------

OFFICE = service("imaps", **{"from": ["198.51.100.64/26"]})
TOO_OPEN = Finding(
    *(
        "firewall.surplus-opening",
        HOST,
        993,
        "",
        FAIL,
        (),
        "closed",
        "tcp 993 from all but 198.51.100.64/26 (IPv4)",
        "r",
    )
)


def test_a_client_that_may_not_connect_and_can_is_one_fault_with_the_rule_that_lets_it():
    seen_of_it = views(
        vantage("controller", port(source_address="198.51.100.1"), services=(OFFICE,)),
        filter_findings=(missing(OFFICE), TOO_OPEN),
    )
    faults = [each for each in join_views_of_server([OFFICE], seen_of_it) if each.outcome == FAIL]
    assert [(each.check, each.addresses) for each in faults] == [("firewall.surplus-opening", (V4,))]
    assert faults[0].cause == "r; controller, who may not connect, can"
    assert ("mail.closed", 993, FAIL) in told(replace(seen_of_it, filter_findings=(missing(OFFICE),)), [OFFICE])


def test_a_client_that_may_not_connect_and_cannot_is_right_beside_one_that_may():
    places = [
        vantage(name, port(state=state, source_address=source), services=(OFFICE,))
        for name, state, source in (
            ("controller", seen.TIMED_OUT, "198.51.100.1"),
            ("office", seen.OPEN, "198.51.100.65"),
        )
    ]
    seen_of_it = views(*places, filter_findings=(missing(OFFICE),))
    assert told(seen_of_it, [OFFICE]) == []
    assert shown(seen_of_it, OFFICE).cause == "fine"


@pytest.mark.parametrize("door", [service("pop3", closed=True), service("pop3", **{"from": ["10.0.0.0/8"]})])
def test_that_the_host_itself_gets_in_where_others_do_not_is_no_fault(door):
    listening = sockets(listener(993), listener(110))
    here = vantage(HOST, port(name="pop3", source_address=V4, from_itself=True), services=(IMAPS, door), itself=True)
    there = vantage("controller", port(), port(name="pop3", state=seen.TIMED_OUT), services=(IMAPS, door))
    passed = [missing(IMAPS)] if door.closed else [missing(IMAPS), missing(door)]
    outcomes = {
        name: [each for each in told(seen_of_it, [IMAPS, door]) if each[0] == "mail.closed"]
        for name, seen_of_it in {
            "both": views(here, there, listeners=listening, filter_findings=()),
            "filter": views(here, listeners=listening, filter_findings=tuple(passed)),
            "nobody": views(here, listeners=listening, filter_findings=()),
        }.items()
    }
    assert outcomes == {"both": [], "filter": [], "nobody": [("mail.closed", 110, UNKNOWN)]}
    lost = vantage("gone", port(name="pop3", state=seen.UNREACHABLE, detail="ENETUNREACH"), services=(door,))
    unsettled = views(here, lost, listeners=listening, filter_findings=())
    assert told(unsettled, [IMAPS, door]).count(("mail.closed", 110, UNKNOWN)) == 2
    reached = vantage("controller", port(), port(name="pop3"), services=(IMAPS, door))
    assert ("mail.closed", 110, FAIL) in told(
        views(here, reached, listeners=listening, filter_findings=()), [IMAPS, door]
    )


# -- addresses and names ---------------------------------------------------------------------------------------------------


def test_what_is_seen_at_a_loopback_address_is_not_seen_from_outside():
    """Debian's /etc/hosts has 127.0.1.1 for the host's own name, and a vantage may be the host under another name."""
    own_loopback = vantage("localhost", port("127.0.1.1", source_address="127.0.0.1"), services=(IMAPS,))
    seen_of_it = views(own_loopback, name=NameEvidence(HOST, (V4,)))
    assert shown(seen_of_it).cause == "unknown.not-seen-from-outside"
    assert told(seen_of_it) == [("server.views", 993, WARN)]
    on_loopback = replace(seen_of_it, listeners=sockets(listener(993, "127.0.1.1")))
    assert shown(on_loopback).cause == "listen.loopback"
    assert told(replace(seen_of_it, name=None)) == []  # nobody knows another address


def test_a_host_of_ipv6_alone_is_right():
    client = vantage("controller", port(V6, source_address="2001:db8:5::1"), services=(IMAPS,))
    listening = sockets(listener(993, "::", ("ipv6",), v6only=True), own=(V6,))
    assert told(views(client, listeners=listening, name=NameEvidence(HOST, (V6,)))) == []
    assert shown(views(client, listeners=listening, name=NameEvidence(HOST, (V4, V6)))).cause != "name.elsewhere"


def test_dns_has_ipv6_that_the_host_does_not_have():
    client = vantage("controller", port(), port(V6, seen.TIMED_OUT), services=(IMAPS,))
    listening = sockets(listener(993, "::", ("ipv4", "ipv6"), v6only=False))
    seen_of_it = views(client, listeners=listening, name=NameEvidence(HOST, (V4, V6)))
    found = shown(seen_of_it)
    assert (found.cause, found.families) == ("name.elsewhere", ("ipv6",))
    assert found.text.endswith(f"has {V6}, and this host has none")
    behind_nat = replace(seen_of_it, own=("10.0.0.5",))
    assert shown(behind_nat).cause != "name.elsewhere"


def test_a_family_that_dns_has_and_nobody_looked_at_is_unknown():
    listening = sockets(listener(993, "::", ("ipv4", "ipv6"), v6only=False), own=(V4, V6))
    seen_of_it = views(CLIENT, listeners=listening, name=NameEvidence(HOST, (V4, V6)))
    assert told(seen_of_it) == [("server.views", 993, UNKNOWN)]


@pytest.mark.parametrize(
    "name, own, looked, outcome",
    [
        ("mail.lab.internal", (V4,), V4, WARN),
        ("mail", (V4,), V4, WARN),
        ("mail.home.arpa.", (), V4, WARN),
        ("mail.lab.internal", ("203.0.113.77",), V4, FAIL),
        ("mail.example.org", (V4,), V4, FAIL),
        ("mail.lab.internal", (V4,), None, FAIL),
        ("mail.lab.internal", (), None, FAIL),
    ],
)
def test_a_name_that_only_files_know_is_a_fault_unless_no_dns_can_have_it(name, own, looked, outcome):
    places = (vantage("controller", port(looked), services=(IMAPS,)),) if looked else ()
    seen_of_it = replace(views(*places), own=own, host=name, name=NameEvidence(name, problem=NO_SUCH_NAME))
    found = join_views_of_server([IMAPS], seen_of_it)
    (finding,) = [each for each in found if each.check == "server.name"]
    assert (finding.outcome, finding.port) == (outcome, 0)
    assert ("/etc/hosts" in finding.cause) == bool(looked)


def test_what_dns_is_asked_for_is_the_hosts_name_and_not_the_certificates():
    required = service("imaps", server_name="imap.example.com")
    seen_of_it = replace(views(filter_findings=()), name=NameEvidence(HOST, problem=NO_RECORD))
    assert HOST in shown(seen_of_it, required).text and HOST in shown(seen_of_it, required).remedy


# -- where the filter leads ------------------------------------------------------------------------------------------------


def test_a_port_that_is_redirected_is_listened_on_where_it_leads():
    led = opening(993, to="port 1993")
    assert told(views(CLIENT, listeners=sockets(listener(1993)), openings=(led,))) == []
    nobody = views(CLIENT, listeners=sockets(listener(22)), openings=(led,))
    assert shown(nobody).cause == "views.answered-by-another"
    shut = vantage("controller", port(state=seen.REFUSED), services=(IMAPS,))
    assert (
        shown(replace(nobody, vantages=(shut,))).text == "nothing listens on port 1993, where the filter leads port 993"
    )
    loopback = shown(views(listeners=sockets(listener(1993, "127.0.0.1")), openings=(led,)))
    assert loopback.cause == "listen.loopback" and "listens on 127.0.0.1 only" in loopback.text
    assert loopback.settles == "ss -ltnp 'sport = :1993'"
    over_ipv6 = views(CLIENT, openings=({**led, "family": "ipv6"},))
    assert shown(over_ipv6).cause == "fine"


def test_a_port_that_is_forwarded_to_a_container_needs_no_socket_of_the_host():
    inside = (Namespace("net:[7]", 9, ("172.17.0.2",), "mail"),)
    led = opening(993, path="forward", to="172.17.0.2:1993 on docker0")
    seen_of_it = views(CLIENT, listeners=sockets(namespaces=inside), openings=(led,))
    assert shown(seen_of_it).cause == "fine.published" and "container mail" in shown(seen_of_it).text
    assert told(seen_of_it) == []
    shut = vantage("controller", port(state=seen.TIMED_OUT), services=(IMAPS,))
    assert shown(replace(seen_of_it, vantages=(shut,))).cause == "way.silent"


def test_a_port_that_is_forwarded_for_some_sources_alone_is_named_so():
    inside = (Namespace("net:[7]", 9, ("172.17.0.2",), "mail"),)
    led = opening(993, path="forward", to="172.17.0.2:1993 on docker0", sources=["192.0.2.0/24"])
    some = views(CLIENT, listeners=sockets(namespaces=inside), openings=(led,), filter_findings=(missing(IMAPS, FAIL),))
    assert shown(some).cause == "filter.by-source"
    assert told(some) == [("firewall.missing-opening", 993, FAIL)]


def test_a_port_that_is_forwarded_to_another_host_is_judged_by_those_who_see_it():
    led = opening(993, path="forward", to="10.0.0.9 on eth1")
    seen_of_it = views(CLIENT, listeners=sockets(), openings=(led,))
    assert shown(seen_of_it).cause == "fine" and told(seen_of_it) == []
    unsure = replace(seen_of_it, openings=({**led, "certainty": "unknown"},))
    assert shown(unsure).cause == "views.answered-by-another"


# -- lists -----------------------------------------------------------------------------------------------------------------


def test_a_filter_that_was_held_against_another_list_says_nothing():
    pop3s = service("pop3s")
    listening = sockets(listener(993), listener(995))
    client = vantage("controller", port(), port(name="pop3s"), services=(IMAPS, pop3s))
    assert told(views(client, listeners=listening), [IMAPS, pop3s]) == [("server.looked-at", 995, UNKNOWN)]
    assert told(replace(views(), filter_findings=()), [IMAPS], beside=[missing(service("smtp"))]) == [
        ("server.looked-at", 993, UNKNOWN)
    ]


def test_what_was_looked_at_as_required_is_not_known_to_be_closed():
    closed, required = service("pop3", closed=True), service("pop3")
    client = vantage("controller", port(), port(name="pop3"), services=(IMAPS, required))
    seen_of_it = views(client, filter_findings=(missing(IMAPS), missing(required)))
    assert told(seen_of_it, [IMAPS, closed]) == [("server.looked-at", 110, UNKNOWN)] * 2


def test_a_closed_or_optional_service_that_no_client_was_asked_about_is_unknown():
    for changes in ({"closed": True}, {"optional": True}):
        assert told(views(CLIENT), [IMAPS, service("pop3", **changes)]) == [("server.looked-at", 110, UNKNOWN)]
