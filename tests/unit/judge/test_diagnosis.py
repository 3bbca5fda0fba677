# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The views joined, with evidence as the sensors have it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _gate.judge.diagnosis import Views, diagnose
from _gate.judge.finding import FAIL, PASS, Finding
from _gate.judge.surplus import find_surplus
from _gate.listeners.evidence import Listener, ListenersEvidence, Namespace, Owner, Published
from _gate.names.sensor import NameEvidence
from _gate.wire import evidence as seen
from judge_samples import good, service, vantage

V4, V6 = "203.0.113.10", "2001:db8::10"
MASTER = Owner(7, "master", ("/usr/lib/postfix/sbin/master",), "root", "postfix@-.service")
SMTP = service("smtp")


def listener(address="0.0.0.0", families=("ipv4",), port=25, **facts):
    facts.setdefault("owners", (MASTER,))
    return Listener("tcp", address, port, families, **facts)


def port(address=V4, state=seen.OPEN, **facts):
    return good("smtp", address=address, family="ipv6" if ":" in address else "ipv4", state=state, **facts)


def accepted(families=()):
    if families:
        fix = "nft add rule inet filter input tcp dport 25 accept"
        return Finding(
            "firewall.missing-opening", "h", 25, "smtp", FAIL, cause="closed by the policy", fix=fix, families=families
        )
    return Finding("firewall.missing-opening", "h", 25, "smtp", PASS)


FINE = Views(
    host="mail.example.org",
    own=(V4, V6),
    listeners=ListenersEvidence((listener(), listener("::", ("ipv6",), v6only=True))),
    filter_findings=(accepted(),),
    vantages=(
        vantage("mail.example.org", port(), port(V6), itself=True),
        vantage("controller", port(), port(V6, source_address="2001:db8:5::1")),
    ),
    name=NameEvidence("mail.example.org", (V4, V6)),
)


def shut(*addresses, state=seen.TIMED_OUT, name="controller", **more):
    """The vantages, the one outside seeing these addresses shut and the others open."""
    ports = [port(each, state if each in addresses else seen.OPEN, **more) for each in (V4, V6)]
    return (FINE.vantages[0], vantage(name, *ports))


def one(views):
    (found,) = diagnose([SMTP], views)
    return found


def test_all_is_well():
    found = one(FINE)
    assert found.cause == "fine" and found.is_fine and found.families == ("ipv4", "ipv6") and found.also == ""


def test_closed_and_optional_services_have_no_diagnosis():
    assert diagnose([service("smtp", closed=True), service("imaps", optional=True)], FINE) == []


def test_loopback_only_names_the_owner():
    views = replace(
        FINE,
        listeners=ListenersEvidence((listener("127.0.0.1"),)),
        vantages=shut(V4, V6, state=seen.REFUSED),
    )
    found = one(views)
    assert found.cause == "listen.loopback" and found.families == ("ipv4", "ipv6")
    assert found.text == "master (postfix@-.service) listens on 127.0.0.1 only, so that only this host can connect"
    assert "inet_interfaces = all" in found.remedy


def test_one_family_only():
    views = replace(FINE, listeners=ListenersEvidence((listener(),)), vantages=shut(V6, state=seen.REFUSED))
    found = one(views)
    assert (found.cause, found.families) == ("listen.one-family", ("ipv6",))
    assert "no IPv6" in found.text and found.also == ""


def test_the_filter_drops_ipv6():
    views = replace(FINE, filter_findings=(accepted(("ipv6",)),), vantages=shut(V6))
    found = one(views)
    assert (found.cause, found.families) == ("filter.drops", ("ipv6",))
    assert found.text == "the filter drops IPv6 to port 25: closed by the policy"
    assert found.remedy == "nft add rule inet filter input tcp dport 25 accept"


def test_accepted_here_and_timing_out_there():
    found = one(replace(FINE, vantages=shut(V4, V6)))
    assert found.cause == "way.silent" and found.certain
    assert "times out from controller: filtered on the way, by the provider" in found.text


def test_refused_there():
    found = one(replace(FINE, vantages=shut(V4, V6, state=seen.REFUSED)))
    assert found.cause == "way.refused" and "refused from controller" in found.text


def test_one_family_is_filtered_on_the_way():
    found = one(replace(FINE, vantages=shut(V6)))
    assert (found.cause, found.families) == ("way.one-family", ("ipv6",))


def test_vantages_that_disagree_are_named_with_what_they_saw():
    views = replace(FINE, vantages=(*FINE.vantages, *shut(V4, V6, name="office")[1:]))
    found = one(views)
    assert found.cause == "way.some-vantages" and found.text.endswith("controller (open), office (timed out)")


def test_different_faults_of_the_families_are_both_told():
    views = replace(
        FINE,
        listeners=ListenersEvidence((listener(),)),
        filter_findings=(accepted(("ipv4",)),),
        vantages=shut(V4, V6),
    )
    found = one(views)
    assert (found.cause, found.families) == ("listen.one-family", ("ipv6",))
    assert found.also == "IPv4: the filter drops IPv4 to port 25: closed by the policy"


def test_a_family_that_nobody_looked_at_from_elsewhere_is_not_fine():
    views = replace(FINE, vantages=(vantage("controller", port()),))
    found = one(views)
    assert (found.cause, found.families) == ("unknown.not-seen-from-outside", ("ipv6",))
    assert not found.is_fine and found.also == ""


def test_a_family_from_which_nobody_may_connect_has_no_cause():
    office = service("smtp", **{"from": ["198.51.100.0/24"]})
    (found,) = diagnose([office], replace(FINE, vantages=shut(V6)))
    assert (found.cause, found.families) == ("fine", ("ipv4",))


def test_dns_points_elsewhere():
    found = one(replace(FINE, name=NameEvidence("mail.example.org", ("203.0.113.99",)), vantages=()))
    assert found.cause == "name.elsewhere"
    assert "mail.example.org has 203.0.113.99, and this host has 203.0.113.10" in found.text


def test_a_name_that_clients_do_not_find():
    lost = vantage("controller", good("smtp", address="", family="", state=seen.NAME_NOT_FOUND))
    found = one(replace(FINE, name=None, vantages=(lost,)))
    assert found.cause == "name.not-found"


def test_another_process_holds_the_port():
    holder = Owner(9, "sshd", ("/usr/sbin/sshd",), "root", "ssh.service")
    views = replace(
        FINE,
        listeners=ListenersEvidence((listener(owners=(holder,)), listener("::", ("ipv6",), owners=(holder,)))),
        vantages=(vantage("controller", port(speaks="ssh", encryption=None, tls=None)),),
    )
    found = one(views)
    assert found.cause == "server.other-process"
    assert found.text == "another process holds the port: sshd (ssh.service) speaks ssh"
    assert found.finding.check == "mail.protocol"


@pytest.mark.parametrize(
    "facts, cause",
    [
        ({"throttled": "421 too many"}, "server.throttled"),
        (
            {"greeting": "", "speaks": "", "encryption": None, "tls": None, "stopped": "no greeting in 10 s"},
            "server.hangs",
        ),
        ({"greeting": "", "speaks": "", "encryption": None, "tls": None, "stopped": "closed"}, "server.hangs-up"),
        ({"encryption": seen.IMPLICIT}, "server.other-mode"),
    ],
)
def test_what_the_server_does(facts, cause):
    assert one(replace(FINE, vantages=(vantage("controller", port(**facts)),))).cause == cause


def test_the_certificate_of_a_service_that_needs_one():
    imaps = service("imaps")
    wrong = good("imaps", address=V4, tls=replace(good("imaps").tls, name_matches=False))
    views = Views("mail.example.org", vantages=(vantage("controller", wrong, services=(imaps,)),))
    (found,) = diagnose([imaps], views)
    assert found.cause == "server.certificate" and found.finding.check == "mail.certificate-name" and found.remedy


def test_contradictions_say_which_views():
    nothing = one(replace(FINE, listeners=ListenersEvidence(())))
    assert nothing.cause == "views.answered-by-another" and not nothing.certain
    assert "controller can connect" in nothing.text and "(nothing)" in nothing.text
    closed = one(replace(FINE, filter_findings=(accepted(("ipv4", "ipv6")),)))
    assert closed.cause == "views.open-through-filter" and "closed by the policy" in closed.text


def test_a_published_container_does_not_pass_the_rules_for_the_host():
    proxy = Owner(9, "docker-proxy", (), "root", "docker.service")
    published = Published("172.17.0.2", 25, "mail")
    sockets = (
        listener(owners=(proxy,), published=published),
        listener("::", ("ipv6",), owners=(proxy,), published=published),
    )
    views = replace(FINE, listeners=ListenersEvidence(sockets), filter_findings=(accepted(("ipv4", "ipv6")),))
    assert one(views).cause == "fine"


def test_a_container_that_is_not_published():
    inside = listener(namespace="net:[7]")
    views = replace(
        FINE,
        listeners=ListenersEvidence((inside,), (Namespace("net:[7]", 9, ("172.17.0.2",), "mail"),)),
        vantages=shut(V4, V6, state=seen.REFUSED),
    )
    found = one(views)
    assert found.cause == "listen.container-only" and "container mail" in found.text


def test_a_door_without_a_protocol_is_judged_by_sockets_and_filter():
    ssh = service("ssh")
    filtered = Finding("firewall.missing-opening", "h", 22, "ssh", PASS)
    (found,) = diagnose([ssh], replace(FINE, filter_findings=(filtered,), vantages=()))
    assert found.cause == "listen.nothing"


def test_without_any_view_it_is_unknown():
    found = one(Views("mail.example.org"))
    assert found.cause == "unknown" and not found.certain and not found.is_fine


def opening(ports, **facts):
    entry = {"family": "ipv4", "protocol": "tcp", "ports": ports, "sources": ["0.0.0.0/0"], "interfaces": ["*"]}
    return {**entry, "path": "input", "certainty": "always", "rules": ["inet filter input handle 9"], **facts}


def surplus(listeners, openings, services=(SMTP,)):
    found = find_surplus("h", services, ListenersEvidence(tuple(listeners)), openings)
    return [(each.port, each.cause, each.families) for each in found]


def test_surplus_that_listens_and_is_open():
    database = listener(port=3306, owners=(Owner(8, "mariadbd", (), "mysql", "mariadb.service"),))
    (found,) = find_surplus("h", [SMTP], ListenersEvidence((database,)), [opening(["25", "3306"])])
    assert found.cause == "surplus.open-and-listening"
    assert "mariadbd (mariadb.service) listens on port 3306" in found.text and "handle 9" in found.remedy


def test_surplus_in_the_filter_with_nothing_behind_it():
    assert surplus([listener()], [opening(["25", "8025"])]) == [(8025, "surplus.nothing-behind", ("ipv4",))]
    assert surplus([listener(), listener("127.0.0.1", port=8025)], [opening(["8025"])]) == [
        (8025, "surplus.nothing-behind", ("ipv4",))
    ]


def test_what_is_required_closed_or_in_a_range_is_no_surplus():
    assert surplus([listener()], [opening(["25"])]) == []
    assert surplus([listener(port=3306)], []) == []
    assert surplus([listener("127.0.0.1", port=3306)], []) == []
    assert surplus([], [opening(["1024-65535"])]) == []
    assert surplus([], [opening(["80"], certainty="unknown")]) == []


def test_what_must_be_closed_is_surplus():
    closed = service("smtp", closed=True)
    assert surplus([listener()], [opening(["25"])], [closed]) == [(25, "surplus.open-and-listening", ("ipv4",))]


def test_published_past_the_filter():
    proxy = Owner(9, "docker-proxy", (), "root")
    web = listener(port=8080, owners=(proxy,), published=Published("172.17.0.2", 80, "web"))
    assert surplus([web], []) == [(8080, "surplus.published", ("ipv4",))]
    assert surplus([web], [opening(["8080"])]) == [(8080, "surplus.published", ("ipv4",))]
    inside = replace(web, address="127.0.0.1")
    assert surplus([inside], []) == []


@pytest.mark.parametrize(
    "destination, container",
    [
        ("172.17.0.2:80", "web"),
        ("172.17.0.2", "web"),
        ("[fd00::2]:80", "web"),
        ("172.17.0.9:80", "172.17.0.9:80"),
        ("", "?"),
    ],
)
def test_forwarded_by_the_filter_to_a_container(destination, container):
    namespaces = (Namespace("net:[7]", 9, ("172.17.0.2", "fd00::2"), "web"),)
    forwarded = opening(["8080"], path="forward", to=destination)
    (found,) = find_surplus("h", [SMTP], ListenersEvidence((), namespaces), [forwarded])
    assert (found.cause, found.port, found.families) == ("surplus.published", 8080, ("ipv4",))
    assert f"container {container} publishes port 8080" in found.text


@pytest.mark.parametrize(
    "destinations, told",
    [(["127.0.0.1/32"], False), (["127.0.0.1/32", "192.0.2.1/32"], True), (["192.0.2.1/32"], True)],
)
def test_what_is_published_on_the_loopback_is_no_surplus(destinations, told):
    forwarded = opening(["8080"], path="forward", to="10.88.0.2 on podman0", conditions={"destinations": destinations})
    monitor = listener("127.0.0.1", port=8080, published=Published("", 0, "web"))
    assert [found[1] for found in surplus([monitor], [forwarded])] == (["surplus.published"] if told else [])


def test_what_is_forwarded_and_required_is_no_surplus():
    assert surplus([], [opening(["25"], path="forward", to="172.17.0.2:25")]) == []


def test_without_a_look_at_the_sockets_there_is_nothing_to_tell():
    assert find_surplus("h", [SMTP], None, [opening(["8025"])]) == []
