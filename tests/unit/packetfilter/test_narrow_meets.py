# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether two boxes have a packet in common: also of one range each, by the short way."""

from __future__ import annotations

import pytest

from _gate.packetfilter.model import DPORT, PROTOCOL
from _gate.packetfilter.narrow import meets


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (((5, 9),), ((9, 12),), True),
        (((9, 12),), ((5, 9),), True),
        (((5, 9),), ((10, 12),), False),
        (((10, 12),), ((5, 9),), False),
        (((1, 2), (7, 8)), ((3, 6),), False),
        (((1, 2), (7, 8)), ((8, 9),), True),
        ((), ((0, 9),), False),
    ],
)
def test_ranges_of_one_dimension(one, other, expected):
    assert meets({DPORT: one}, {DPORT: other}) is expected
    assert meets({PROTOCOL: ((6, 6),), DPORT: one}, {DPORT: other}) is expected
