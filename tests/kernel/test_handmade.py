# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handmade rulesets: on every probe the analysis says what the kernel does."""

from __future__ import annotations

from pathlib import Path

import pytest

import handmade_chains
import handmade_matches
import handmade_xtables
from agreement import analysed, analysed_live, compared
from case import Case
from choice import Chooser
from lab import Lab

SEED = 20261124
CASES = handmade_chains.CASES + handmade_matches.CASES + handmade_xtables.CASES
#: Where the live look asks for more than files hold; not where both variants of iptables are in use, for there is one
#: file for the two.
FOR_FILES = [
    case
    for case in CASES
    if case.name in ("accept-list", "dormant") or len({variant.split("-")[1] for variant in case.xtables}) == 1
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_analysis_says_what_the_kernel_does(case: Case, lab: Lab) -> None:
    lab.load(case)
    assert [str(packet) for packet, came in zip(case.accepted, lab.delivered(case.accepted)) if not came] == []
    assert [str(packet) for packet, came in zip(case.refused, lab.delivered(case.refused)) if came] == []

    analysis = analysed_live(lab)
    comparison = compared(lab, analysis, Chooser(case.text, case.tracked, SEED), case.accepted + case.refused)

    assert comparison.disagreements == ()
    assert 0 < comparison.accepted < comparison.probes
    assert analysis.exact == case.exact, analysis.doubts()


@pytest.mark.parametrize("case", FOR_FILES, ids=[case.name for case in FOR_FILES])
def test_files_tell_the_same_as_the_live_host(case: Case, lab: Lab, tmp_path: Path) -> None:
    """What nft 1.0.6 does not say right in its JSON is in doubt where there are files alone."""
    lab.load(case)
    from_live = analysed_live(lab)

    from_files = analysed(lab, tmp_path, from_live.space)

    assert from_live.space.is_subset(from_live.acceptance.may, from_files.acceptance.may)
    assert from_live.space.is_subset(from_files.acceptance.must, from_live.acceptance.must)
    if "may be dormant" not in from_files.doubts():
        assert from_files.acceptance.may == from_live.acceptance.may
        assert from_files.acceptance.must == from_live.acceptance.must


def test_a_filter_that_lets_in_more_than_the_analysis_says_is_caught(lab: Lab) -> None:
    """The comparison itself must be able to fail: the kernel's rules change after they were read."""
    lab.load_nft(
        """
table inet t {
  chain c { type filter hook input priority 0; policy drop; tcp dport 25 accept; }
}"""
    )
    analysis = analysed_live(lab)
    lab.load_nft("add rule inet t c tcp dport 26 accept\n")

    comparison = compared(lab, analysis, Chooser("25", tracked=False, seed=SEED))

    assert comparison.disagreements
    assert all("-> 26 " in text and "the kernel delivers it" in text for text in comparison.disagreements)
