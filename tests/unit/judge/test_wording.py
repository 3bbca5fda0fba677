# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How findings name many things in few words."""

from __future__ import annotations

import pytest

from _gate.judge.wording import first_of


@pytest.mark.parametrize(
    ("texts", "most", "separator", "told"),
    [
        ([], 2, ", ", ""),
        (["a", "b"], 2, ", ", "a, b"),
        (["a", "b", "a"], 2, ", ", "a, b"),
        (["a", "b", "c", "d"], 2, ", ", "a, b and 2 more"),
        (["a", "b", "c"], 2, "; ", "a; b; and 1 more"),
    ],
)
def test_the_first_of_many_and_how_many_more(texts, most, separator, told):
    assert first_of(iter(texts), most, separator) == told
