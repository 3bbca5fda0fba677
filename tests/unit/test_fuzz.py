# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A short turn of the fuzz targets in tests/fuzz, always with the same inputs; and what they have found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

sys.path.insert(0, str(Path(__file__).resolve().parent / "wire"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))

from _gate.errors import EvidenceError
from _gate.packetfilter.readers import iptables_save, nft_json
from _gate.wire.dialogue.sieve import split_strings
from fuzz_memory import MEMORY_CHECKS
from fuzz_targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_the_documented_exceptions(name):
    if name in ("certificate", "chain"):
        pytest.importorskip("cryptography", reason="certificates are read with cryptography")
    body = given(TARGETS[name].feeds())(TARGETS[name].__call__)
    settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))(
        body
    )()


@pytest.mark.parametrize("name", ["100 MB that are no protocol", "records without end"])
def test_memory_is_bounded(name):
    assert MEMORY_CHECKS[name]() > 0


@pytest.mark.parametrize("word", ["\0", "²", "1" * 5000, "70000", "0/99", "-1"])
@pytest.mark.parametrize(
    "rule",
    [
        *("-p {}", "-s 10.0.0.0/{}", "-p tcp -m tcp --dport {}"),
        *("-p icmp -m icmp --icmp-type {}", "-m ttl --ttl-lt {}"),
    ],
)
def test_what_is_no_number_leaves_a_rule_in_doubt(rule, word):
    if (rule, word) == ("-p icmp -m icmp --icmp-type {}", "0/99"):
        pytest.skip("a type and a code")
    text = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT " + rule.format(word) + " -j DROP\nCOMMIT\n"
    rules = [
        each for table in iptables_save.read(text, 4, "rules").ruleset.tables for each in table.chains["INPUT"].rules
    ]
    assert any(match.doubt for each in rules for match in each.matches)


@pytest.mark.parametrize(
    "text", ["[" * 100000, '{"nftables": [{"metainfo": {}}, {"rule": ' + "[" * 5000 + "]" * 5000 + "}]}"]
)
def test_json_that_is_nested_too_deep(text):
    with pytest.raises(EvidenceError):
        nft_json.read(text, "rules")


def test_a_length_of_thousands_of_digits_is_no_literal():
    assert len(split_strings(b"y{4500}\r\n{" + b"1" * 4450 + b"}\r\nx")) == 3
