# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rulesets from a few statements, and packets in words, for the tests of the readers."""

from __future__ import annotations

import ipaddress
import json

from _gate.packetfilter.interpret import walk
from _gate.packetfilter.model import (
    DADDR,
    DPORT,
    FAMILY,
    ICMP_CODE,
    ICMP_TYPE,
    IIF,
    NOTHING_KNOWN,
    PROTOCOL,
    SADDR,
    SPORT,
    interface_value,
)
from _gate.packetfilter.readers import iptables_save, nft_json

METAINFO = {"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}
ACCEPT, DROP = {"accept": None}, {"drop": None}
YES, NO, MAYBE = frozenset(["accept"]), frozenset(["drop"]), frozenset(["accept", "drop"])


def match(left, right, op="=="):
    return {"match": {"op": op, "left": left, "right": right}}


def payload(text):
    protocol, field = text.split()
    return {"payload": {"protocol": protocol, "field": field}}


def meta(key):
    return {"meta": {"key": key}}


def ct(key, **more):
    return {"ct": dict(key=key, **more)}


def chain(name="input", rules=(), family="inet", table="t", hook="input", prio=0, policy="drop", kind="filter", **more):
    """A chain object and its rule objects; ``hook=None`` for a chain that is no base chain."""
    body = {"family": family, "table": table, "name": name, "handle": 1}
    if hook:
        body.update(type=kind, hook=hook, prio=prio, policy=policy, **more)
    objects = [{"chain": body}]
    for handle, expr in enumerate(rules, 10):
        objects.append({"rule": {"family": family, "table": table, "chain": name, "handle": handle, "expr": expr}})
    return objects


def document(*objects, family="inet", table="t", **more):
    """nft's JSON with one table in front of the objects."""
    head = [METAINFO, {"table": dict(family=family, name=table, handle=1, **more)}]
    return json.dumps({"nftables": head + list(objects)})


def nft(*rules, sets=(), family="inet", **base):
    """The ruleset of one base chain (policy drop) with the rules, each a list of statements."""
    text = document(*sets, *chain(rules=rules, family=family, **base), family=family)
    return nft_json.read(text, "test").ruleset


def save(*lines, table="filter", chains=(":INPUT DROP [0:0]",), family=4):
    text = "\n".join(["*" + table, *chains, *lines, "COMMIT", ""])
    return iptables_save.read(text, family, "test").ruleset


def packet(
    saddr="203.0.113.9", daddr="192.0.2.1", protocol=6, dport=25, sport=40000, iif="eth0", icmp_type=0, icmp_code=0
):
    source, destination = ipaddress.ip_address(saddr), ipaddress.ip_address(daddr)
    return {
        FAMILY: source.version,
        IIF: interface_value(iif),
        PROTOCOL: protocol,
        ICMP_TYPE: icmp_type,
        ICMP_CODE: icmp_code,
        DPORT: dport,
        SPORT: sport,
        DADDR: int(destination),
        SADDR: int(source),
    }


def packet6(**more):
    return packet(**{"saddr": "2001:db8:9::9", "daddr": "2001:db8::1", **more})


def outcome(ruleset, host=NOTHING_KNOWN, **more):
    """What can become of an IPv4 packet."""
    return walk(ruleset, packet(**more), host).outcomes


def outcome6(ruleset, host=NOTHING_KNOWN, **more):
    return walk(ruleset, packet6(**more), host).outcomes


def certainty(ruleset, host=NOTHING_KNOWN, **more):
    """always, sometimes (it hangs on the host's state), or unknown."""
    return walk(ruleset, packet(**more), host).certainty


def doubts(ruleset):
    return [
        match.doubt
        for table in ruleset.tables
        for chain in table.chains.values()
        for rule in chain.rules
        for match in rule.matches
        if match.doubt
    ]


def unfollowed(ruleset):
    return [
        verdict.text
        for table in ruleset.tables
        for chain in table.chains.values()
        for rule in chain.rules
        for _boxes, verdict in rule.branches
        if verdict.kind == "unfollowed"
    ]
