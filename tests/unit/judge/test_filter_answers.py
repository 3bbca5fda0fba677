# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings about clients that are let in and get no further."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from _gate.intent.policy import parse_policy
from _gate.intent.services import Defaults, parse_services
from _gate.judge.finding import FAIL, PASS, UNKNOWN, WARN
from _gate.judge.firewall import judge_firewall
from _gate.packetfilter.model import Host, Own, Route
from _gate.packetfilter.sensor import look_at_filter

DOOR = "-A INPUT -p tcp -m tcp --dport 587 -j ACCEPT"
STATE = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"


@pytest.fixture
def found(tmp_path):
    """The findings of the check, as (port, outcome, families), and the findings themselves."""

    def judge(*lines, output="ACCEPT", sources=None, routes=(), extra="", chain="other"):
        rules = {}
        for key in ("iptables", "ip6tables"):
            path = tmp_path / key
            mine = [line for line in lines if "." not in line or key == "iptables"]
            text = "*filter\n:INPUT DROP [0:0]\n:OUTPUT {0} [0:0]\n:{1} - [0:0]\n{2}\nCOMMIT\n{3}"
            path.write_text(text.format(output, chain, "\n".join(mine), extra), encoding="utf-8")
            rules[key] = str(path)
        entry = {"name": "submission", **({"from": sources} if sources else {})}
        evidence = look_at_filter(rules)
        if routes:
            evidence = replace(evidence, host=Host(own=(Own(4, 0xC0000219, "eth0"),), routes=tuple(map(route, routes))))
        services = parse_services([entry], Defaults(parse_policy("rfc8314")))
        mine = [item for item in judge_firewall("mx", services, evidence) if item.check == "firewall.answers"]
        return [(item.port, item.outcome, item.families) for item in mine], mine

    return judge


def route(text):
    network, name = text.split()
    parsed = ipaddress.ip_network(network)
    first, last = int(parsed.network_address), int(parsed.broadcast_address)
    name, _at, metric = name.partition("@")
    return Route(parsed.version, first, last, "" if name == "dead" else name, int(metric or 0))


BOTH = ("ipv4", "ipv6")


def both(command):
    return "{0}; {1}".format(command, command.replace("iptables", "ip6tables"))


def test_all_well_is_one_finding(found):
    assert found(DOOR)[0] == [(0, PASS, ())]
    assert found(DOOR, "-A OUTPUT " + STATE, output="DROP")[0] == [(0, PASS, ())]


def test_nothing_is_said_where_nobody_is_let_in(found):
    assert found()[0] == []


def test_answers_that_output_drops_are_a_fault_with_rule_witness_and_mend(found):
    told, (fault,) = found(DOOR, output="DROP")
    assert told == [(587, FAIL, BOTH)]
    assert fault.expected == "tcp 587 from any (IPv4, IPv6), and what follows"
    assert fault.observed == "let in, but the host's answers dropped: tcp 587 from any (IPv4, IPv6)"
    assert fault.cause.startswith("dropped by iptables filter OUTPUT policy: policy drop; for example ")
    assert fault.fix == both("iptables -I OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT")


def test_packets_behind_the_first_that_input_drops_are_a_fault(found):
    told, (fault,) = found(DOOR.replace("--dport", "-m conntrack --ctstate NEW --dport"))
    assert told == [(587, FAIL, BOTH)]
    assert "what clients send after the first packet dropped" in fault.observed
    assert fault.fix == both("iptables -I INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT")


def test_a_fault_of_one_family_names_it(found):
    told, (fault,) = found(DOOR, "-A OUTPUT -d 198.51.100.0/24 -p tcp --sport 587 -j DROP")
    assert told == [(587, FAIL, ("ipv4",))]
    assert "198.51.100.0/24" in fault.observed


def test_rules_against_mail_to_elsewhere_are_none_against_answers(found):
    assert found(DOOR, "-A OUTPUT -p tcp --dport 25 -j DROP")[0] == [(0, PASS, ())]
    assert found(DOOR, "-A OUTPUT -p tcp --dport 6667 -j DROP")[0] == [(0, PASS, ())]
    assert found(DOOR, "-A OUTPUT -p tcp --dport 32768:60999 -j DROP")[0] == [(587, FAIL, BOTH)]


def test_what_hangs_on_the_run_is_a_warning_and_what_is_not_known_is_unknown(found):
    told, (doubt,) = found(DOOR, "-A OUTPUT -p tcp --sport 587 -m limit --limit 1/min -j DROP")
    assert told == [(587, WARN, ())]
    assert "dropped now and then" in doubt.observed
    assert "--limit 1/min" in doubt.cause
    told, (doubt,) = found(DOOR, "-A OUTPUT -m owner --uid-owner 0 -j ACCEPT", output="DROP")
    assert told == [(587, UNKNOWN, ())]
    assert "--uid-owner 0" in doubt.cause


def test_doubts_about_the_first_packet_have_findings_of_their_own(found):
    lines = [DOOR.replace("-j", "-m string --string x --algo bm -j"), "-A OUTPUT -m owner --uid-owner 0 -j DROP"]
    assert found(*lines)[0] == [(0, PASS, ())]


def test_whose_rule_it_is_decides_what_mends_it(found):
    _told, (fault,) = found(
        DOOR, "-A OUTPUT -j ufw-before-output", "-A ufw-before-output -j DROP", chain="ufw-before-output"
    )
    assert fault.fix.startswith("take the rules for RELATED,ESTABLISHED of the package's /etc/ufw/before.rules again")
    raw = "*raw\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp --sport 587 -j {0}\nCOMMIT\n"
    _told, (fault,) = found(DOOR, extra=raw.format("DROP"))
    assert fault.fix == both("iptables -t raw -I OUTPUT -p tcp --sport 587 -j ACCEPT")
    lines = ["-A INPUT -m conntrack --ctstate INVALID -j DROP", DOOR]
    _told, (fault,) = found(*lines, extra=raw.format("CT --notrack"))
    assert fault.fix.startswith("track both ways, or neither")
    assert "conntrack sees one way of these connections alone" in fault.cause


def test_a_dead_route_to_a_whole_network_is_a_fault(found):
    routes = ["0.0.0.0/0 eth0", "198.51.100.0/24 dead"]
    told, (fault,) = found(DOOR, sources=["198.51.100.0/25", "203.0.113.0/24"], routes=routes)
    assert told == [(587, FAIL, ("ipv4",))]
    assert "the host's answers have no way: tcp 587 from 198.51.100.0/25" in fault.observed
    assert "ip route del" in fault.fix


def test_dead_routes_to_some_clients_are_one_warning(found):
    told, (fault,) = found(DOOR, routes=["0.0.0.0/0 eth0", "8.8.8.8/32 dead", "10.0.0.0/8 dead"])
    assert told == [(0, WARN, ())]
    assert fault.observed == "no answer to 8.8.8.8/32"
    assert found(DOOR, routes=["0.0.0.0/0 eth0", "10.0.0.0/8 dead"])[0] == [(0, PASS, ())]


@pytest.mark.parametrize(
    ("routes", "families", "fix"),
    [
        (
            ["0.0.0.0/0 eth0", "::/0 dead@100", "2001:db8::/64 eth0"],
            ("ipv6",),
            "ip -6 route del default metric 100; ip -6 route replace default via GATEWAY dev eth0",
        ),
        (["0.0.0.0/0 eth0", "128.0.0.0/1 dead", "::/0 eth0"], ("ipv4",), "ip route del 128.0.0.0/1"),
        (
            ["0.0.0.0/0 dead", "198.51.100.0/24 eth0", "10.0.0.0/24 eth1", "::/0 eth0"],
            ("ipv4",),
            "ip route del default; ip route replace default via GATEWAY dev INTERFACE",
        ),
    ],
)
def test_a_dead_route_to_a_good_part_of_the_internet_is_a_fault(found, routes, families, fix):
    told, (fault,) = found(DOOR, routes=[*routes, "8.8.8.8/32 dead"])
    assert told == [(587, FAIL, families)]
    assert fault.fix == fix + "; and mend what sets it up"
    assert "fail2ban" not in fault.cause
    assert "the host's answers have no way to any client of " in fault.observed


def test_wide_dead_routes_that_concern_no_client_are_none(found):
    alive = ["0.0.0.0/0 eth0", "::/0 eth0"]
    assert found(DOOR, routes=[*alive, "10.0.0.0/8 dead", "fc00::/7 dead"])[0] == [(0, PASS, ())]
    assert found(DOOR, sources=["198.51.100.0/24"], routes=[*alive, "9.0.0.0/8 dead"])[0] == [(0, PASS, ())]
