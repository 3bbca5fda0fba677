# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every tenth option of iptables and ipset against the kernel; language_xtables.py itself tries all."""

from __future__ import annotations

import pytest

from language_xtables import CASES, disagreements


@pytest.mark.parametrize("number", range(0, len(CASES), 10))
def test_the_kernel_reads_an_option_as_the_analysis_does(number: int, kernel: None) -> None:
    probes, faults = disagreements(CASES[number], number, 100)
    assert probes > 0
    assert faults == (), CASES[number].text
