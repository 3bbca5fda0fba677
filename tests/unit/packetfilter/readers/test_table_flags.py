# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dormant tables, also where nft 1.0.6 prints garbage for a table's only flag."""

from __future__ import annotations

import json
from typing import Any, Sequence

import pytest

from _gate.host.commands import Access, Output
from _gate.packetfilter import evaluate, live
from _gate.packetfilter.diagram import EMPTY, Space
from _gate.packetfilter.model import DPORT, FAMILY, PROTOCOL
from _gate.packetfilter.readers import nft_json

SMTP = {FAMILY: ((4, 4),), PROTOCOL: ((6, 6),), DPORT: ((25, 25),)}


def listing(**flags: Any) -> str:
    """A table that accepts port 25 alone."""
    table = {"family": "inet", "name": "t"}
    chain = {"family": "inet", "table": "t", "name": "c"}
    port = {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 25}
    objects = [
        {"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
        {"table": dict(table, **flags)},
        {"chain": dict(chain, type="filter", hook="input", prio=0, policy="drop", handle=1)},
        {
            "rule": {
                "family": "inet",
                "table": "t",
                "chain": "c",
                "handle": 2,
                "expr": [{"match": port}, {"accept": None}],
            }
        },
    ]
    return json.dumps({"nftables": objects})


def answer(rules: nft_json.NftRules) -> str:
    """What is certain and what is possible, in a word."""
    space = Space()
    acceptance = evaluate.accepted(space, rules.ruleset, space.full)
    smtp = space.intersect(space.box(SMTP), acceptance.must) == space.box(SMTP)
    may_else = space.minus(acceptance.may, space.box({PROTOCOL: ((6, 6),), DPORT: ((25, 25),)})) != EMPTY
    must_else = acceptance.must == space.full
    return "{0}, {1}".format(
        "smtp" if smtp else "nothing", "all" if must_else else "perhaps all" if may_else else "no more"
    )


@pytest.mark.parametrize(
    "flags, expected",
    [
        ({}, "smtp, no more"),
        ({"flags": "owner"}, "smtp, no more"),
        ({"flags": ["owner", "persist"]}, "smtp, no more"),
        ({"flags": "dormant"}, "smtp, all"),
        ({"flags": ["dormant", "owner"]}, "smtp, all"),
        ({"flags": "Lester Gooch #5"}, "smtp, perhaps all"),
        ({"flags": 7}, "smtp, perhaps all"),
    ],
)
def test_flags_of_a_table(flags: Any, expected: str) -> None:
    assert answer(nft_json.read(listing(**flags), "test")) == expected


@pytest.mark.parametrize("line, expected", [("flags dormant", "smtp, all"), ("flags owner", "smtp, no more")])
def test_on_the_host_the_text_form_tells(line: str, expected: str) -> None:
    def run(command: Sequence[str]) -> Output:
        if command[1:] == ["-j", "-t", "list", "ruleset"]:
            return Output(0, listing(flags="t"), "")
        if command[1:] == ["-t", "list", "ruleset"]:
            return Output(0, "table inet t {\n\t" + line + "\n\n\tchain c {\n\t}\n}\n", "")
        return Output(0, "[]", "")

    evidence, _facts = live.from_host(Access(run, lambda name: name, lambda path: "", lambda: True))

    assert answer(nft_json.NftRules(evidence.ruleset, frozenset(), frozenset(), {})) == expected
