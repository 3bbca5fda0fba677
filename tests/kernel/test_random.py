# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random rulesets of every kind, for a fixed time: diagram, interpreter and kernel give one answer.

GATE_KERNEL_SEED and GATE_KERNEL_SECONDS (for each kind) choose another run. ``runs.py KIND SEED`` shows a ruleset that failed;
``long_run.py`` tries thousands.
"""

from __future__ import annotations

import os
import time

import pytest

from runs import KINDS, tried

SEED = int(os.environ.get("GATE_KERNEL_SEED", "20261124"))
SECONDS = float(os.environ.get("GATE_KERNEL_SECONDS", "12"))
#: However slow the machine: fewer would not show anything.
LEAST_RULESETS = 6


@pytest.mark.parametrize("kind", KINDS)
def test_random_rulesets(kind: str, kernel: None) -> None:
    end = time.monotonic() + SECONDS
    results = []
    seed = SEED
    while time.monotonic() < end or len(results) < LEAST_RULESETS:
        result = tried(kind, seed)
        assert result.disagreements == (), "runs.py {0}: {1}".format(result.name, "; ".join(result.disagreements[:3]))
        if not result.refused:
            results.append(result)
        seed += 1
    probes, accepted = sum(result.probes for result in results), sum(result.accepted for result in results)
    exact = sum(result.exact for result in results)
    print("{0}: {1} rulesets, {2} exact, {3} probes, {4} accepted".format(kind, len(results), exact, probes, accepted))
    assert 0 < accepted < probes
    assert exact > len(results) // 2
