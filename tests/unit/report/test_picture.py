# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who reaches which ports, required against actual, and the drawing of it."""

from __future__ import annotations

import report_samples as samples

from _gate.report.document import document
from _gate.report.drawing import drawing_of
from _gate.report.looks import parse_looks
from _gate.report.picture import doors_of


def host_with(openings, services=None, interfaces=("*",), asked=()):
    look = {
        "host": "mx",
        "services": services or ["smtp"],
        "results": [samples.look("mx")["results"][0]],
        "openings": {"openings": openings, "interfaces": list(interfaces)},
        "interfaces": list(asked),
    }
    return document(parse_looks([look]), samples.GENERATED)["hosts"][0]


def lanes(host):
    return {door.label: [(lane.sources, lane.state, lane.remark) for lane in door.lanes] for door in doors_of(host)}


def both(ports, **more):
    return [samples.opening(family, ports, **more) for family in ("ipv4", "ipv6")]


def test_no_look_at_the_filter_is_no_picture():
    (host,) = document(parse_looks([{"host": "mx", "services": ["smtp"], "results": []}]), samples.GENERATED)["hosts"]
    assert doors_of(host) is None
    assert drawing_of(host) is None


def test_exactly_what_is_required():
    (host,) = document(parse_looks([samples.look("mx")]), samples.GENERATED)["hosts"]
    everyone = [("anyone", "open", "")]
    assert lanes(host) == {
        "22 ssh": [("192.0.2.0/24; 2001:db8:1::/48", "open", "")],
        "25 smtp": everyone,
        "465 submissions": everyone,
        "587 submission": everyone,
        "993 imaps": everyone,
    }


def test_closed_surplus_and_undecided():
    (host,) = document(parse_looks(samples.one_host()), samples.GENERATED)["hosts"]
    found = lanes(host)
    assert found["465 submissions"] == [("anyone over IPv4", "open", ""), ("anyone over IPv6", "closed", "")]
    assert found["3306"] == [("anyone over IPv4", "surplus", "")]
    assert found["22 ssh"] == [("192.0.2.0/24; 2001:db8:1::/48", "open", ""), ("198.51.100.0/24", "surplus", "")]
    assert found["8080"] == [("anyone over IPv4", "unsure", "limit rate 10/minute")]


def test_a_required_port_that_nobody_reaches():
    assert lanes(host_with([])) == {"25 smtp": [("anyone", "closed", "")]}


def test_a_part_of_the_sources_is_closed():
    found = lanes(
        host_with(
            [samples.opening("ipv4", ["25"], sources_except=["198.51.100.7/32"]), samples.opening("ipv6", ["25"])]
        )
    )
    assert found == {
        "25 smtp": [
            ("anyone over IPv4 but 198.51.100.7/32; anyone over IPv6", "open", ""),
            ("198.51.100.7/32", "closed", ""),
        ]
    }


def test_sources_that_never_arrive_do_not_matter():
    found = lanes(
        host_with([samples.opening("ipv4", ["25"], sources_except=["127.0.0.0/8"]), samples.opening("ipv6", ["25"])])
    )
    assert found == {"25 smtp": [("anyone", "open", "")]}


def test_open_on_one_interface_or_under_a_condition_is_open_in_part():
    found = lanes(host_with(both(["25"], interfaces=["eth0"]), interfaces=("eth0", "*")))
    assert found == {"25 smtp": [("anyone", "partly", "on eth0")]}
    found = lanes(host_with(both(["25"], conditions={"destinations": ["192.0.2.1/32"]})))
    assert found == {"25 smtp": [("anyone", "partly", "to 192.0.2.1/32")]}


def test_interfaces_that_make_up_all_of_them_are_whole():
    entries = both(["25"], interfaces=["eth0"]) + both(["25"], interfaces=["*"])
    assert lanes(host_with(entries, interfaces=("eth0", "*"))) == {"25 smtp": [("anyone", "open", "")]}


def test_interfaces_that_were_not_asked_about_do_not_matter():
    whole = {"25 smtp": [("anyone", "open", "")]}
    assert lanes(host_with(both(["25"]), interfaces=("*", "lo"))) == whole
    entries = both(["25"], interfaces=["eth0"])
    assert lanes(host_with(entries, interfaces=("*", "eth0"), asked=["eth0"])) == whole
    assert lanes(host_with(entries, interfaces=("*", "eth0"))) == {"25 smtp": [("anyone", "partly", "on eth0")]}


def test_a_closed_service_that_is_open_is_surplus_and_an_optional_one_may_be():
    services = ["smtp", {"name": "imap", "closed": True}, {"name": "dhcp-client"}]
    entries = [*both(["25", "143"]), *both(["68"], protocol="udp")]
    assert lanes(host_with(entries, services)) == {
        "25 smtp": [("anyone", "open", "")],
        "143 imap": [("anyone", "surplus", "")],
        "udp 68 dhcp-client": [("anyone", "allowed", "")],
    }


def test_everything_open_is_a_door_for_each_transport_beside_the_required_one():
    found = lanes(host_with(both(["0-65535"], protocol="any")))
    assert found["25 smtp"] == [("anyone", "open", "")]
    assert found["0-24, 26-65535"] == [("anyone", "surplus", "")]
    assert found["udp any port"] == [("anyone", "surplus", "")]


def test_protocols_without_ports_are_no_doors():
    entries = both(["25"]) + [{"family": "ipv4", "protocol": "icmp", "sources": ["0.0.0.0/0"], "interfaces": ["*"]}]
    assert list(lanes(host_with(entries))) == ["25 smtp"]
    found = lanes(host_with(both(["25"]) + both(["0-65535"], protocol="any but tcp, udp")))
    assert list(found) == ["25 smtp", "sctp any port"]


def test_the_drawing_has_room_for_every_lane_and_cuts_what_does_not_fit():
    (host,) = document(parse_looks(samples.many_faults()[:1]), samples.GENERATED)["hosts"]
    drawn = drawing_of(host)
    heights = [lane["y"] for door in drawn["doors"] for lane in door["lanes"]]
    assert heights == sorted(set(heights))
    assert max(heights) < drawn["height"]
    many = [samples.opening("ipv4", ["25"], sources=[f"198.51.100.{number}/32" for number in range(0, 40, 2)])]
    (door,) = drawing_of(host_with(many))["doors"]
    assert door["lanes"][0]["sources"].endswith("and 16 more")
    assert len(door["lanes"][0]["short"]) < 45
