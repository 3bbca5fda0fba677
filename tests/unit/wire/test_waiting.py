# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A slow port is named while it is waited for."""

from __future__ import annotations

import pytest

from _gate.wire import waiting
from _gate.wire.look import Limits, Target, look
from _gate.wire.waiting import Waits
from wire_servers import Server


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_nothing_is_said_of_what_is_quick(clock):
    said = []
    waits = Waits(said.append, clock)
    waits.begin("a", "mail.example.org", 25)
    clock.now += 2.9
    waits.name_slow()
    waits.end("a")
    clock.now += 5
    waits.name_slow()
    assert said == []


def test_slow_ports_of_a_host_are_one_line_and_named_again_when_the_wait_has_doubled(clock):
    said = []
    waits = Waits(said.append, clock)
    waits.begin("a", "mail.example.org", 587)
    waits.begin("b", "mail.example.org", 25)
    waits.begin("c", "mx.example.org", 25)
    assert waits.seconds_to_next() == 3
    for seconds in (3, 1, 1, 1, 1):
        clock.now += seconds
        waits.name_slow()
    assert said == [
        "mail.example.org: still waiting for 25, 587, 3 s",
        "mx.example.org: still waiting for 25, 3 s",
        "mail.example.org: still waiting for 25, 587, 6 s",
        "mx.example.org: still waiting for 25, 6 s",
    ]


def test_a_port_with_several_addresses_is_named_once(clock):
    said = []
    waits = Waits(said.append, clock)
    waits.begin("ipv4", "mail.example.org", 25)
    waits.begin("ipv6", "mail.example.org", 25)
    clock.now += 3
    waits.name_slow()
    assert said == ["mail.example.org: still waiting for 25, 3 s"]


def test_the_look_names_a_tarpit_before_it_gives_up(monkeypatch):
    monkeypatch.setattr("_gate.wire.look.require_cryptography", lambda: None)
    monkeypatch.setattr(waiting, "SLOW", 0.2)
    said = []
    with Server(lambda peer: peer.wait_closed()) as tarpit:
        target = Target("127.0.0.1", tarpit.port, "smtp", "plain")
        (seen,) = look([target], Limits(deadline_seconds=1.2), waiting=said.append)
    assert seen.stopped == "deadline of 1.2 s reached"
    assert said[0] == f"127.0.0.1: still waiting for {tarpit.port}, 0 s"
    assert 2 <= len(said) <= 3
