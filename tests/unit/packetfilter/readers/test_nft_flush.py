# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Candidate files that are added to what a host has."""

from __future__ import annotations

import pytest
from test_nft_file import needs_nft

from _gate.packetfilter.readers.files import from_files
from _gate.packetfilter.readers.nft_flush import what_stays

TABLES = [("inet", "filter"), ("ip", "nat")]


@pytest.mark.parametrize(
    "text",
    [
        "#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter { }\n",
        "  flush   ruleset",
        "table ip x { }; flush ruleset; table inet filter { }",
        "flush \\\n ruleset\n",
        "flush ruleset # all of it\n",
    ],
)
def test_who_flushes_everything_leaves_nothing(text):
    assert what_stays([text], TABLES, "f") is None
    assert what_stays(["table inet filter { }\n", text], TABLES, "f") is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("table inet filter { }\n", "; nor does it flush table inet filter, table ip nat"),
        ("# flush ruleset\n", "; nor does it flush table inet filter, table ip nat"),
        ('add rule ip nat c comment ";flush ruleset;"\n', "; nor does it flush table inet filter, table ip nat"),
        ("flush ruleset inet\n", "; nor does it flush table ip nat"),
        ("flush table inet filter\n", "; nor does it flush table ip nat"),
        ("table inet filter\ndelete table inet filter\ndestroy table nat\n", ""),
        ("flush table ip6 nat;flush table ip filter\n", "; nor does it flush table inet filter, table ip nat"),
        ("flush rulesets\n", "; nor does it flush table inet filter, table ip nat"),
    ],
)
def test_what_is_not_flushed_is_told(text, kept):
    told = what_stays([text], TABLES, "rules.nft=/x")
    assert told is not None
    assert told.startswith("rules.nft=/x has no `flush ruleset`")
    assert told.endswith("those that a host has" + kept)


@needs_nft
@pytest.mark.parametrize("included", [True, False])
def test_a_file_and_what_it_includes(tmp_path, included):
    (tmp_path / "flush.nft").write_text("flush ruleset\n", encoding="utf-8")
    path = tmp_path / "rules.nft"
    head = 'include "flush.nft"\n' if included else ""
    path.write_text(head + "table inet t {\n}\ntable ip u {\n}\n", encoding="utf-8")
    notes = from_files({"nft": str(path)}).ruleset.notes
    assert [note for note in notes if "flush" in note] == (
        []
        if included
        else [
            f"rules.nft={path} has no `flush ruleset`: its rules were judged as if they were alone, and nft -f adds them to"
            " those that a host has; nor does it flush table inet t, table ip u"
        ]
    )
