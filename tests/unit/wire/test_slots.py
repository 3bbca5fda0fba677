# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The budget of connections to one address."""

from __future__ import annotations

import pytest

from _gate.wire.connection import Deadline, DeadlineReached
from _gate.wire.slots import Slots, Spent


class Clock:
    def __init__(self):
        self.time = 100.0
        self.slept = []

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.slept.append(round(seconds, 6))
        self.time += seconds


def test_places():
    slots = Slots(2)
    assert [slots.take_if_free() for _try in range(3)] == [True, True, False]
    slots.give_back()
    assert slots.take_if_free()


def test_in_all():
    slots = Slots(1, in_all=2)
    deadline = Deadline(5)
    slots.spend(deadline)
    slots.spend(deadline)
    with pytest.raises(Spent, match="budget of 2 connections"):
        slots.spend(deadline)


def test_per_second():
    clock = Clock()
    slots = Slots(1, per_second=4, now=clock.now, sleep=clock.sleep)
    deadline = Deadline(5)
    for _connection in range(3):
        slots.spend(deadline)
    assert clock.slept == [0.25, 0.25]
    clock.time += 10
    slots.spend(deadline)
    assert len(clock.slept) == 2


def test_no_bound_means_no_wait():
    clock = Clock()
    slots = Slots(1, now=clock.now, sleep=clock.sleep)
    for _connection in range(50):
        slots.spend(Deadline(5))
    assert clock.slept == []


def test_turn_after_the_deadline():
    slots = Slots(1, per_second=0.1)
    deadline = Deadline(0.05)
    slots.spend(deadline)
    with pytest.raises(DeadlineReached):
        slots.spend(deadline)
