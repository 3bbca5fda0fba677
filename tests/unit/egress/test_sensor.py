# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look at the way out: what is looked at, once each, and what a server hears from it."""

from __future__ import annotations

from _gate.egress.elsewhere import Elsewhere
from _gate.egress.plan import Destination, parse_targets
from _gate.egress.sensor import look_at_egress
from _gate.report.egress import egress_as_dict
from _gate.report.ports import port_as_dict
from _gate.wire import evidence as seen
from _gate.wire.look import Limits
from egress_ports import RELAY, domain, plain, port

LIMITS = Limits(deadline_seconds=9)


class Wire:
    """Stands for the wire: answers with ports given, keeps what it was asked for."""

    def __init__(self, *ports):
        self.ports = ports
        self.targets = []
        self.seconds = 0.0

    def __call__(self, targets, limits):
        self.targets = [(each.host, each.port, each.begins, each.server_name) for each in targets]
        self.seconds = limits.deadline_seconds
        assert all(each.checks == () and each.questions is None and not each.relay_to for each in targets)
        return [
            each for target in targets for each in self.ports if (each.host, each.port) == (target.host, target.port)
        ]


def look(wire, targets=(), domains=(), found=(), elsewhere=None):
    destinations = parse_targets(list(targets), [25, 465, 587])
    return look_at_egress(
        destinations, domains, LIMITS, elsewhere=elsewhere, look_up=lambda names, seconds: tuple(found), look_at=wire
    )


def test_targets_are_looked_at_on_each_port_with_its_mode():
    wire = Wire()
    look(wire, [{"host": RELAY, "server_name": "smtp.example.net"}])
    assert wire.targets == [
        (RELAY, 25, "plain", "smtp.example.net"),
        (RELAY, 465, "implicit", "smtp.example.net"),
        (RELAY, 587, "plain", "smtp.example.net"),
    ]


def test_exchangers_are_looked_at_on_port_25_once_for_all_their_domains():
    wire = Wire(port("mx1.example.org", 25))
    found = (domain("example.org", "mx1.example.org"), domain("example.com", "mx1.example.org"))
    evidence = look(wire, domains=["example.org", "example.com"], found=found)
    assert wire.targets == [("mx1.example.org", 25, "plain", "")]
    assert [way.destination.label for way in evidence.ways] == ["example.org", "example.com"]
    assert evidence.domains == found


def test_names_take_from_the_time(monkeypatch):
    wire = Wire()
    moments = iter([100.0, 102.0])
    monkeypatch.setattr("_gate.egress.sensor.time.monotonic", lambda: next(moments))
    look(wire, domains=["example.org"], found=(domain("example.org", "mx1.example.org"),))
    assert wire.seconds == 7.0


def test_the_outcome_of_each_way():
    wire = Wire(
        plain(RELAY, 25, greeting="220 **************"), port(number=587), port(number=465, state=seen.TIMED_OUT)
    )
    evidence = look(wire, [RELAY])
    assert {way.evidence.port: way.outcome for way in evidence.ways} == {
        25: "intercepted",
        465: "timed-out",
        587: "open",
    }
    assert egress_as_dict(evidence)["reachable"] == {"25": [], "465": [], "587": [RELAY]}


def test_another_view_settles_it():
    wire = Wire(plain(RELAY, 25))
    evidence = look(wire, [RELAY], elsewhere=Elsewhere([port_as_dict(port(RELAY, 25))]))
    (way,) = evidence.ways
    assert way.outcome == "intercepted" and way.signs.stripped
    assert egress_as_dict(evidence)["ports"][0]["signs"] == ["STARTTLS is offered elsewhere and not here"]


def test_one_that_greets_for_all_is_a_doubt_unless_there_is_a_proof():
    proxy = "220 proxy.isp.example ESMTP"
    wire = Wire(plain("mx1.example.org", greeting=proxy), port("mx.example.com", 25, greeting=proxy))
    first, second = look(wire, ["mx1.example.org", "mx.example.com"]).ways
    assert "proxy.isp.example greets here and at mx.example.com too" in first.signs.doubts
    assert second.signs.doubts == () and second.signs.proof


def test_plain_data_has_the_target_and_who_answers():
    wire = Wire(port("mx1.example.org", 25))
    plain_data = egress_as_dict(look(wire, [], ["example.org"], (domain("example.org", "mx1.example.org"),)))
    (way,) = plain_data["ports"]
    assert (way["target"], way["host"], way["outcome"]) == ("example.org", "mx1.example.org", "open")
    assert way["proof"] == "its certificate is the target's" and "signs" not in way and "doubts" not in way
    assert plain_data["domains"] == [
        {"domain": "example.org", "exchanges": [{"preference": 10, "host": "mx1.example.org"}]}
    ]


def test_a_destination_of_an_address_has_a_name_where_one_is_given():
    assert not Destination("192.0.2.1", "192.0.2.1", (25,)).has_name
    assert Destination("192.0.2.1", "192.0.2.1", (25,), server_name=RELAY).has_name
