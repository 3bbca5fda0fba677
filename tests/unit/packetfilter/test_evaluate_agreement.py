# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two independent answers to one question: NAT, marks, conntrack, routes and doubts, packet by packet."""

from __future__ import annotations

import os
import random

import pytest

from _gate.packetfilter.diagram import Space
from _gate.packetfilter.evaluate import accepted
from _gate.packetfilter.interpret import SOMETIMES, walk
from _gate.packetfilter.model import DADDR, DIMENSIONS, IIF
from wayside import HOSTS, LO, Maker, packets

FIRST, LAST = map(int, os.environ.get("GATE_SEEDS", "0-150").split("-"))


def told(walked):
    may, must = "accept" in walked.outcomes, walked.outcomes == {"accept"}
    return may, must


def questionable(packet, host):
    """What the question leaves out: loopback destinations of unknown hosts."""
    return host.own is None and packet[DADDR] >> 24 == 127 and packet[IIF] != LO


@pytest.mark.parametrize("seed", range(FIRST, LAST))
def test_the_diagram_says_what_the_interpreter_says(seed):
    chance = random.Random(seed)
    host = chance.choice(HOSTS)
    ruleset = Maker(chance, chance.choice((0, 0, 0.2)), host).ruleset()
    space = Space()
    answer = accepted(space, ruleset, space.full, host)
    deliveries = answer.deliveries
    for packet in packets(chance, 40):
        if questionable(packet, host):
            continue
        full = {**dict.fromkeys(range(DIMENSIONS), 0), **packet}
        walked = walk(ruleset, full, host)
        may, must = told(walked)
        steps = "\n".join(step.text for step in walked.steps)
        assert (space.contains(answer.may, full), space.contains(answer.must, full)) == (may, must), (packet, steps)
        if may and not must:
            sometimes, unknown = space.contains(answer.sometimes, full), space.contains(answer.unknown, full)
            assert sometimes != unknown
            if walked.certainty == SOMETIMES:
                assert sometimes, (packet, steps)
            assert any(space.contains(doubt.node, full) for doubt in answer.doubts), (packet, steps)
        # With routes unknown the interpreter is led by rules to ask about single interfaces.
        if may and host.routes is not None:
            here = {(d.path, d.interface) for d in deliveries if space.contains(d.node, full)}
            there = {(d.path, d.interface) for d in walked.deliveries}
            assert here == there if must else here >= there, (packet, steps, here)
