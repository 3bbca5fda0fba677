# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A packet's whole way through a host that is known: where it arrives, and as what."""

from __future__ import annotations

import pytest

import handmade_way
import handmade_way_xtables
from arrangements import house
from case import Journey
from lab import Lab, answer

JOURNEYS = handmade_way.JOURNEYS + handmade_way_xtables.JOURNEYS


@pytest.mark.parametrize("journey", JOURNEYS, ids=[journey.name for journey in JOURNEYS])
def test_the_kernel_does_what_the_journey_says(journey: Journey, kernel: None) -> None:
    """The facts themselves, without the analysis."""
    with Lab(house(frozenset(journey.forwarding), journey.settings)) as lab:
        lab.load(journey)
        probes = [packet for packet, _expected in journey.answers]
        told = ["{0}: {1}".format(packet, answer(packet, seen)) for packet, seen in zip(probes, lab.seen(probes))]
    assert told == ["{0}: {1}".format(packet, expected) for packet, expected in journey.answers]
