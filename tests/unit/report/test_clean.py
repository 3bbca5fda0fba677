# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts from outside cannot steer a terminal, hide, or go on for ever."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _gate.report.clean import clean, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text: äöü 中 ✓", "plain text: äöü 中 ✓"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("one\r\ntwo\tthree", "one\\r\\ntwo\\tthree"),
        ("\u202egnirts", "\\u202egnirts"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\udcff", "\\udcff"),
        ("\x00\x7f\x85", "\\x00\\x7f\\x85"),
    ],
)
def test_what_cannot_be_seen_is_written_as_its_escape(text, expected):
    assert shown(text) == expected


def test_a_long_text_is_cut_and_says_so():
    assert shown("x" * 30, most=10) == "x" * 10 + " … (20 more characters)"
    assert shown("x" * 10, most=10) == "x" * 10


@given(st.text(st.characters(), max_size=50))
def test_nothing_unseen_is_left_and_all_of_it_can_be_encoded(text):
    result = shown(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in result)
    result.encode("utf-8")


def test_every_text_of_plain_data_is_cleaned_and_names_are_shorter():
    plain = {"a\n": ["\x1b", 5, None, True], "host": "h" * 300, "cause": "c" * 300}
    assert clean(plain) == {
        "a\\n": ["\\x1b", 5, None, True],
        "host": "h" * 253 + " … (47 more characters)",
        "cause": "c" * 300,
    }
