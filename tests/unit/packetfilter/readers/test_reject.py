# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rule that rejects asks for without nft showing it; each row was seen in tests/kernel."""

from __future__ import annotations

import pytest
from reader_helpers import MAYBE, NO, YES, match, nft, outcome, outcome6, payload

PORT = match(payload("tcp dport"), 25)
OF_ONE_FAMILY = match(payload("ip saddr"), {"prefix": {"addr": "203.0.113.0", "len": 24}})
TCP_RESET = {"reject": {"type": "tcp reset"}}


@pytest.mark.parametrize(
    "kind, family4, family6",
    [("icmp", NO, YES), ("icmpv6", YES, NO), ("icmpx", NO, NO)],
)
def test_a_reject_is_of_the_family_of_its_icmp_type(kind, family4, family6):
    rules = nft([PORT, {"reject": {"type": kind, "expr": "port-unreachable"}}], policy="accept")

    assert (outcome(rules), outcome6(rules)) == (family4, family6)


def test_a_reject_without_a_type_is_of_both_families():
    rules = nft([PORT, {"reject": None}], policy="accept")

    assert (outcome(rules), outcome6(rules)) == (NO, NO)


def test_a_tcp_reset_is_for_tcp_alone():
    rules = nft([TCP_RESET], family="ip", policy="accept")

    assert (outcome(rules), outcome(rules, protocol=17)) == (NO, YES)


def test_a_tcp_reset_may_be_for_one_family_alone():
    rules = nft([PORT, TCP_RESET], policy="accept")

    assert (outcome(rules), outcome6(rules), outcome(rules, dport=26)) == (MAYBE, MAYBE, YES)


def test_a_tcp_reset_whose_rule_tells_the_family_is_certain():
    rules = nft([OF_ONE_FAMILY, PORT, TCP_RESET], policy="accept")

    assert (outcome(rules), outcome6(rules)) == (NO, YES)
