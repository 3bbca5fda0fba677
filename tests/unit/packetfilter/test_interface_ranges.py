# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which interfaces an answer tells apart: all that any rule names, in tables that act on routed packets and in others."""

from __future__ import annotations

import json

import pytest

from _gate.packetfilter.diagram import Space
from _gate.packetfilter.evaluate import accepted
from _gate.packetfilter.model import interface_value
from _gate.packetfilter.readers import nft_json


def _document(family, hooked):
    chain = {"family": family, "table": "t", "name": "c", "handle": 1}
    if hooked:
        chain.update(type="filter", hook="input", prio=0, policy="accept")
    match = {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth7"}}
    rule = {"family": family, "table": "t", "chain": "c", "handle": 2, "expr": [match, {"drop": None}]}
    objects = [{"metainfo": {"json_schema_version": 1}}, {"table": {"family": family, "name": "t", "handle": 1}}]
    return json.dumps({"nftables": [*objects, {"chain": chain}, {"rule": rule}]})


@pytest.mark.parametrize("hooked", [True, False])
@pytest.mark.parametrize("family", ["inet", "bridge"])
def test_every_interface_that_a_rule_names(family, hooked):
    ruleset = nft_json.read(_document(family, hooked), "x").ruleset
    space = Space()
    value = interface_value("eth7")
    assert accepted(space, ruleset, space.full).interfaces == ((value, value),)
