# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison of openings with requirements, from iptables-save text to findings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _gate.intent.policy import parse_policy
from _gate.intent.services import Defaults, parse_services
from _gate.judge.finding import FAIL, PASS, UNKNOWN, WARN
from _gate.judge.firewall import judge_firewall
from _gate.packetfilter.sensor import NETWORK, ORDER, ROUTING, LeftOut, look_at_filter

EXACT = ["-p tcp -m multiport --dports 587,993 -j ACCEPT"]
SERVICES = ["submission", "imaps"]


@pytest.fixture
def findings(tmp_path):
    """Findings of ``services`` against the INPUT rules of both families."""

    def look(ipv4, ipv6=None, policies=("DROP", "DROP"), **question):
        rules = {}
        for key, lines, policy in zip(("iptables", "ip6tables"), (ipv4, ipv6 if ipv6 is not None else ipv4), policies):
            path = tmp_path / key
            text = "".join(f"-A INPUT {line}\n" for line in lines)
            path.write_text(f"*filter\n:INPUT {policy} [0:0]\n:OTHER - [0:0]\n{text}COMMIT\n", encoding="utf-8")
            rules[key] = str(path)
        if ipv6 == "not given":
            del rules["ip6tables"]
        return look_at_filter(rules, **question)

    def parsed(services):
        return parse_services(list(services), Defaults(parse_policy("rfc8314")))

    def judge(ipv4, ipv6=None, services=tuple(SERVICES), policies=("DROP", "DROP"), **question):
        return judge_firewall("mx", parsed(services), look(ipv4, ipv6, policies, **question))

    judge.look, judge.services = look, parsed
    return judge


def faults(found):
    """ICMPv6 has tests of its own, at the end."""
    wrong = [item for item in found if item.outcome != PASS and item.check != "firewall.icmpv6"]
    return [(item.check, item.port, item.outcome) for item in wrong]


def test_exactly_the_required_ports_pass(findings):
    found = findings(EXACT)
    assert faults(found) == []
    assert {(item.check, item.port) for item in found if item.outcome == PASS} == {
        ("firewall.missing-opening", 587),
        ("firewall.missing-opening", 993),
        ("firewall.answers", 0),
        ("firewall.unfiltered", 0),
        ("firewall.surplus-opening", 0),
    }


def test_a_port_closed_in_one_family_is_missing(findings):
    found = findings(EXACT, ["-p tcp --dport 587 -j ACCEPT"])
    assert faults(found) == [("firewall.missing-opening", 993, FAIL)]
    (fault,) = [item for item in found if item.outcome == FAIL]
    assert fault.expected == "tcp 993 from any (IPv4, IPv6)"
    assert fault.observed == "tcp 993 from any (IPv4)"
    assert fault.families == ("ipv6",)
    assert "policy" in fault.cause
    assert "2001:db8" in fault.cause
    assert fault.fix == "ip6tables -I INPUT -p tcp --dport 993 -j ACCEPT"


def test_a_port_dropped_by_a_rule_names_the_rule(findings):
    (fault,) = [i for i in findings(["-p tcp --dport 993 -s 10.0.0.0/8 -j DROP", *EXACT], EXACT) if i.outcome == FAIL]
    assert (fault.check, fault.port) == ("firewall.missing-opening", 993)
    assert "-s 10.0.0.0/8 -j DROP" in fault.cause
    assert fault.families == ("ipv4",)


def test_a_port_open_to_some_only_is_missing(findings):
    found = findings(["-p tcp --dport 587 -j ACCEPT", "-s 192.0.2.0/24 -p tcp --dport 993 -j ACCEPT"], EXACT)
    assert faults(found) == [("firewall.missing-opening", 993, FAIL)]


def test_a_port_open_to_more_than_may_is_surplus(findings):
    services = ["submission", {"name": "imaps", "from": ["192.0.2.0/24", "2001:db8::/32"]}]
    found = findings(EXACT, services=services)
    assert faults(found) == [("firewall.surplus-opening", 993, FAIL)] * 2  # one rule in each family
    assert "from any but 192.0.2.0/24 (IPv4)" in next(item for item in found if item.outcome == FAIL).observed


def test_a_forgotten_port_names_the_rule_that_opens_it_and_how_to_close_it(findings):
    found = findings([*EXACT, "-p tcp --dport 3306 -j ACCEPT"], EXACT)
    assert faults(found) == [("firewall.surplus-opening", 3306, FAIL)]
    (fault,) = [item for item in found if item.outcome == FAIL]
    assert fault.observed == "tcp 3306 from any (IPv4)"
    assert fault.fix == (
        "iptables -D INPUT -p tcp --dport 3306 -j ACCEPT; or add {port: 3306, protocol: tcp} to services if it is meant"
    )


def test_a_rule_that_opens_required_ports_too_is_not_to_be_deleted(findings):
    found = findings(["-p tcp -m multiport --dports 587,993,3306 -j ACCEPT"], EXACT)
    (fault,) = [item for item in found if item.outcome == FAIL]
    assert fault.fix.startswith("take tcp 3306 out of the rule")


def test_a_closed_service_that_is_open_carries_its_name(findings):
    (fault,) = [
        item
        for item in findings(
            [*EXACT, "-p tcp --dport 110 -j ACCEPT"], EXACT, [*SERVICES, {"name": "pop3", "closed": True}]
        )
        if item.outcome == FAIL
    ]
    assert (fault.check, fault.port, fault.service) == ("firewall.surplus-opening", 110, "pop3")


def test_another_transport_of_a_closed_port_is_not_that_service(findings):
    services = [*SERVICES, {"name": "pop3", "closed": True}]
    (fault,) = [i for i in findings([*EXACT, "-p udp --dport 110 -j ACCEPT"], EXACT, services) if i.outcome == FAIL]
    assert (fault.port, fault.service) == (110, "")
    assert "{port: 110, protocol: udp}" in fault.fix


def test_a_family_without_a_filter_is_one_fault(findings):
    found = findings(EXACT, [], policies=("DROP", "ACCEPT"))
    assert faults(found) == [("firewall.unfiltered", 0, FAIL)]
    assert "IPv6" in found[-2].observed or any("IPv6" in item.observed for item in found)


def test_a_family_that_was_not_read_is_unknown_and_one_finding(findings):
    found = findings(EXACT, "not given")
    assert faults(found) == [("firewall.undecided", 0, UNKNOWN)]


def test_a_family_that_is_not_asked_about_is_no_matter(findings):
    assert faults(findings(EXACT, "not given", families=["ipv4"])) == []


def test_a_rate_limit_on_a_required_port_is_a_warning_that_names_it(findings):
    rules = ["-p tcp --dport 587 -j ACCEPT", "-p tcp --dport 993 -m limit --limit 10/min -j ACCEPT"]
    found = findings(rules, EXACT)
    assert faults(found) == [("firewall.sometimes-open", 993, WARN)]
    (limited,) = [item for item in found if item.check == "firewall.sometimes-open"]
    assert "--limit 10/min" in limited.cause
    assert limited.observed == "open now and then: tcp 993 from any (IPv4)"


def test_a_surplus_that_is_open_now_and_then_is_a_surplus(findings):
    found = findings([*EXACT, "-p tcp --dport 3306 -m recent --rcheck --name X -j ACCEPT"], EXACT)
    assert faults(found) == [("firewall.surplus-opening", 3306, FAIL)]


def test_what_is_not_understood_is_unknown_and_never_pass(findings):
    strange = "-p tcp --dport {0} -m string --string x --algo bm -j ACCEPT"
    assert faults(findings([*EXACT, strange.format(3306)], EXACT)) == [("firewall.undecided", 0, UNKNOWN)]
    rules = ["-p tcp --dport 587 -j ACCEPT", strange.format(993)]
    assert faults(findings(rules, EXACT)) == [("firewall.undecided", 993, UNKNOWN)]


def test_an_optional_door_may_be_open_and_need_not_be(findings):
    services = [*SERVICES, "dhcp-client"]
    assert faults(findings(EXACT, services=services)) == []
    assert faults(findings([*EXACT, "-p udp --sport 67 --dport 68 -j ACCEPT"], EXACT, services)) == []
    assert faults(findings([*EXACT, "-p udp --sport 67 --dport 68 -j ACCEPT"], EXACT)) == [
        ("firewall.surplus-opening", 68, FAIL)
    ]


def test_icmp_is_no_port(findings):
    assert faults(findings([*EXACT, "-p icmp -j ACCEPT"], [*EXACT, "-p ipv6-icmp -j ACCEPT"])) == []


def test_loopback_is_no_outside(findings):
    assert faults(findings(["-i lo -j ACCEPT", *EXACT])) == []


def test_a_required_port_on_one_interface_only_is_missing_unless_asked_so(findings):
    rules = [f"-i eth0 {line}" for line in EXACT]
    assert faults(findings(rules)) == [("firewall.missing-opening", 587, FAIL), ("firewall.missing-opening", 993, FAIL)]
    assert faults(findings(rules, interfaces=["eth0"])) == []


def test_sources_that_never_arrive_are_no_matter(findings):
    assert (
        faults(findings(["-s 127.0.0.0/8 -j DROP", "-s 224.0.0.0/4 -j DROP", *EXACT], ["-s ff00::/8 -j DROP", *EXACT]))
        == []
    )


def test_what_the_kernel_drops_for_its_source_is_no_opening(findings):
    ipv4 = ["-s 127.0.0.0/8 -j ACCEPT", "-s 224.0.0.0/4 -j ACCEPT", *EXACT]
    services = [*SERVICES, {"name": "pop3", "closed": True}, {"name": "smtp", "optional": True}]
    found = findings(ipv4, ["-s ::1/128 -j ACCEPT", *EXACT], services)
    assert faults(found) == []
    assert [(item.port, item.outcome) for item in found if item.service == "pop3"] == [(110, PASS)]
    found = findings(["-s 127.0.0.0/8 -j ACCEPT", *EXACT], EXACT, services)  # open over one family alone, and over none
    assert faults(found) == []
    assert faults(findings(["-s 0.0.0.0/8 -p tcp --dport 22 -j ACCEPT", *EXACT], EXACT)) == [
        ("firewall.surplus-opening", 22, FAIL)
    ]


def test_sources_of_loopback_come_in_where_they_are_routed(findings):
    evidence = findings.look(["-s 127.0.0.0/8 -i eth0 -p tcp --dport 22 -j ACCEPT", *EXACT], EXACT)
    evidence = replace(evidence, host=replace(evidence.host, route_localnet=frozenset({"eth0"})))
    (fault,) = [item for item in judge_firewall("mx", findings.services(SERVICES), evidence) if item.outcome == FAIL]
    assert (fault.port, fault.observed) == (22, "tcp 22 from 127.0.0.0/8 on eth0 (IPv4)")


def test_an_opening_now_and_then_says_on_what_it_hangs(findings):
    found = findings(["-p tcp --dport 22 -m limit --limit 1/min -j ACCEPT", *EXACT], EXACT)
    (fault,) = [item for item in found if item.outcome == FAIL]
    assert fault.cause.endswith("; now and then, depends on -m limit --limit 1/min (iptables filter INPUT line 4)")


def test_networks_that_were_left_out_are_unknown(findings):
    evidence = replace(findings.look(EXACT), left_out=(LeftOut(NETWORK, "192.0.2.128/25"),))
    found = judge_firewall("mx", findings.services(SERVICES), evidence)
    assert faults(found) == [("firewall.undecided", 0, UNKNOWN)]
    assert "192.0.2.128/25" in [item.observed for item in found if item.outcome == UNKNOWN][0]
    assert not any(item.check == "firewall.surplus-opening" for item in found)


@pytest.mark.parametrize(
    ("kind", "fix"),
    [
        (NETWORK, "give as addresses"),
        (ROUTING, "ip rule del PRIORITY"),
        (ORDER, "give the chains priorities of their own"),
    ],
)
def test_what_is_left_out_is_settled_each_in_its_own_way(findings, kind, fix):
    evidence = replace(findings.look(EXACT), left_out=(LeftOut(kind, "one"), LeftOut(kind, "two")))
    (unknown,) = [
        item for item in judge_firewall("mx", findings.services(SERVICES), evidence) if item.outcome == UNKNOWN
    ]
    assert unknown.observed == "not looked at: what is sent to one; two"
    assert unknown.fix.startswith(fix)
    both = replace(evidence, left_out=tuple(LeftOut(each, "x") for each in (NETWORK, ROUTING, ORDER)))
    found = judge_firewall("mx", findings.services(SERVICES), both)
    assert len({item.fix for item in found if item.outcome == UNKNOWN}) == 3


def test_bogons_may_be_dropped(findings):
    bogons = ["-s 0.0.0.0/8 -j DROP", "-s 240.0.0.0/4 -j DROP"]
    assert faults(findings([*bogons, *EXACT], ["-s ::ffff:0:0/96 -j DROP", *EXACT])) == []


@pytest.mark.parametrize("source", ["127.0.0.1", "224.0.0.0/4", "2001:db8:77::/64"])
def test_a_requirement_that_no_packet_of_the_question_is_about_is_unknown(findings, source):
    services = [*SERVICES, {"name": "ssh", "from": [source]}]
    assert faults(findings(EXACT, services=services, families=["ipv4"])) == [("firewall.undecided", 22, UNKNOWN)]


def test_a_doubt_about_sources_that_never_arrive_is_no_matter(findings):
    assert faults(findings(["-s 127.0.0.0/8 -m recent --rcheck --name X -j DROP", *EXACT], EXACT)) == []


def test_a_destination_of_the_hosts_own_is_enough(findings):
    rules = ["-d 192.0.2.1/32 -p tcp -m multiport --dports 587,993 -j ACCEPT"]
    assert faults(findings(rules, [], addresses=["192.0.2.1"], families=["ipv4"])) == []
    assert faults(findings(rules, [], families=["ipv4"])) != []


def test_a_closed_service_that_is_closed_is_established_and_no_other_is_said_to_be(findings):
    found = findings(EXACT, services=[*SERVICES, {"name": "pop3", "closed": True}])
    assert faults(found) == []
    assert [(i.port, i.service) for i in found if i.check == "firewall.surplus-opening"] == [(110, "pop3"), (0, "")]


def test_a_surplus_of_many_ports_is_about_no_single_one(findings):
    (fault,) = [i for i in findings([*EXACT, "-p tcp --dport 8000:8080 -j ACCEPT"], EXACT) if i.outcome == FAIL]
    assert fault.port == 0
    assert "8000-8080" in fault.observed
    assert "to services" not in fault.fix


def test_an_unfiltered_family_names_what_accepts(findings):
    (fault,) = [i for i in findings(EXACT, [], policies=("DROP", "ACCEPT")) if i.outcome == FAIL]
    assert fault.cause == "accepted by ip6tables filter INPUT policy"


# -- ICMPv6 --------------------------------------------------------------------------------------------------------------

DISCOVERY = [f"-p ipv6-icmp -m icmp6 --icmpv6-type {number} -j ACCEPT" for number in (135, 136)]
RELATED = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"


def icmpv6(found):
    return [item for item in found if item.check == "firewall.icmpv6"]


def test_essential_icmpv6_that_is_closed_is_a_warning_with_its_remedy(findings):
    (warning,) = icmpv6(findings(EXACT, [RELATED, *EXACT]))
    assert warning.outcome == WARN
    assert warning.observed == "not open: icmpv6 nd-neighbor-solicit,nd-neighbor-advert"
    assert warning.fix == (
        "ip6tables -I INPUT -p icmpv6 --icmpv6-type 135 -j ACCEPT; ip6tables -I INPUT -p icmpv6 --icmpv6-type 136 -j ACCEPT"
    )
    (other,) = icmpv6(findings(EXACT, [*DISCOVERY, *EXACT]))
    assert "packet-too-big" in other.observed
    assert "nd-" not in other.observed


def test_essential_icmpv6_that_gets_in_passes(findings):
    (passed,) = icmpv6(findings(EXACT, [RELATED, *DISCOVERY, *EXACT]))
    assert passed.outcome == PASS


def test_nobody_asks_for_icmpv6_where_ipv6_is_closed_or_not_used(findings):
    assert icmpv6(findings(EXACT, [])) == []
    assert icmpv6(findings(EXACT, "not given", families=["ipv4"])) == []


# -- parity --------------------------------------------------------------------------------------------------------------


def test_an_optional_door_that_is_open_over_one_family_alone_is_a_warning(findings):
    services = [*SERVICES, {"name": "smtp", "optional": True}]
    opened = ["-p tcp --dport 25 -j ACCEPT"]
    assert faults(findings([*EXACT, *opened], services=services)) == []
    assert faults(findings(EXACT, services=services)) == []
    found = findings([*EXACT, *opened], EXACT, services=services)
    assert faults(found) == [("firewall.parity", 25, WARN)]
    (warning,) = [item for item in found if item.check == "firewall.parity" and item.outcome == WARN]
    assert warning.observed == "open over IPv4 alone"
    assert warning.fix == "ip6tables -I INPUT -p tcp --dport 25 -j ACCEPT"


def test_an_optional_door_for_one_family_has_no_other_to_be_like(findings):
    services = [*SERVICES, {"name": "smtp", "optional": True, "from": ["192.0.2.0/24"]}]
    assert faults(findings([*EXACT, "-s 192.0.2.0/24 -p tcp --dport 25 -j ACCEPT"], EXACT, services=services)) == []
    both = [*SERVICES, {"name": "smtp", "optional": True}]
    assert faults(findings([*EXACT, "-p tcp --dport 25 -j ACCEPT"], families=["ipv4"], services=both)) == []
