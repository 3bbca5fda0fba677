# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random rulesets of nftables and of iptables, for a fixed time: diagram, interpreter and kernel give one answer.

GATE_KERNEL_SEED and GATE_KERNEL_SECONDS choose another run; a failure names the seed that repeats it.
"""

from __future__ import annotations

import os
import time
from typing import Type, Union

import pytest

import generator
import generator_xtables
from agreement import analysed_live, compared
from choice import Chooser
from lab import Lab
from namespaces import CommandFailed

SEED = int(os.environ.get("GATE_KERNEL_SEED", "20261124"))
SECONDS = float(os.environ.get("GATE_KERNEL_SECONDS", "8"))
PROBES_BY_CHANCE = 400
#: On a machine so slow that fewer rulesets than this were tried, the test has not shown anything.
LEAST_RULESETS = 5


@pytest.mark.parametrize("kind", [generator.Generator, generator_xtables.Generator], ids=["nftables", "iptables"])
def test_random_rulesets(kind: Type[Union[generator.Generator, generator_xtables.Generator]], kernel: None) -> None:
    source = kind(SEED)
    end = time.monotonic() + SECONDS
    tried = probes = accepted = 0
    while time.monotonic() < end:
        rules = source.ruleset()
        with Lab() as lab:
            try:
                lab.load(rules)
            except CommandFailed:
                continue
            analysis = analysed_live(lab)
            comparison = compared(lab, analysis, Chooser(rules.text, rules.tracked, SEED), chance=PROBES_BY_CHANCE)
        where = "seed {0}, ruleset {1}: {2}\n{3}\n".format(SEED, tried, ", ".join(rules.xtables), rules.text)
        assert comparison.disagreements == (), where + "\n".join(comparison.disagreements[:5])
        assert analysis.exact, where + analysis.doubts()
        tried += 1
        probes += comparison.probes
        accepted += comparison.accepted
    print("seed {0}: {1} rulesets, {2} probes, {3} accepted".format(SEED, tried, probes, accepted))
    assert tried >= LEAST_RULESETS
    assert 0 < accepted < probes
