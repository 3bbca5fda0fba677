# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers that a field cannot have, and conditions that leave no packet."""

from __future__ import annotations

import pytest
from reader_helpers import ACCEPT, YES, ct, match, nft, outcome, payload

from _gate.packetfilter.model import CT_DNAT, DPORT


def test_conditions_that_exclude_each_other_make_no_rule():
    rules = nft([match(payload("tcp dport"), 25), match(payload("udp dport"), 25), ACCEPT])
    assert rules.tables[0].chains["input"].rules == ()


@pytest.mark.parametrize(
    "value", [-1, 65536, 70000, {"range": [-5, -1]}, {"range": [65536, 70000]}, {"set": [-1, 70000]}]
)
def test_a_number_that_no_port_has(value):
    assert nft([match(payload("tcp dport"), value), ACCEPT]).tables[0].chains["input"].rules == ()
    assert outcome(nft([match(payload("tcp dport"), value, "!="), ACCEPT])) == YES


def test_a_range_beyond_the_ports_ends_with_them():
    (rule,) = nft([match(payload("tcp dport"), {"range": [-5, 70000]}), ACCEPT]).tables[0].chains["input"].rules
    assert rule.matches[0].boxes == ({DPORT: ((0, 65535),)},)


def test_bits_of_the_status_tell_whether_the_destination_was_translated():
    rules = nft([match({"&": [ct("status"), ["dnat"]]}, 0), ACCEPT])
    (rule,) = rules.tables[0].chains["input"].rules
    assert {box[CT_DNAT] for box in rule.matches[0].boxes} == {((0, 0),)}
