# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of the model in words, one line each, to compare what a reader made of a ruleset with what was looked at once."""

from __future__ import annotations

import ipaddress

from _gate.packetfilter import model
from _gate.packetfilter.model import IIF, IPV4_TOP, OIF, TOP, interface_name

NAMES = (
    "family", "iif", "oif", "protocol", "icmp-type", "icmp-code", "state", "dnat", "zone", "mark", "ct-mark", "dst-type",
    "reverse-path", "dport", "orig-dport", "sport", "daddr", "orig-daddr", "saddr",
    "tcp-flags", "answer",
)  # fmt: skip
ADDRESSES = (model.DADDR, model.ORIGINAL_DADDR, model.SADDR)


def _value(dimension, value):
    if dimension in (IIF, OIF):
        return interface_name(value) if value else "none"
    if dimension in ADDRESSES:
        if value == TOP[dimension]:
            return "top"
        return str(ipaddress.IPv4Address(value) if value <= IPV4_TOP else ipaddress.IPv6Address(value))
    return str(value)


def _ranges(dimension, ranges):
    if len(ranges) > 8:
        return "{0} ranges".format(len(ranges))
    return ",".join(
        _value(dimension, low) if low == high else "{0}-{1}".format(_value(dimension, low), _value(dimension, high))
        for low, high in ranges
    )


def box_words(box):
    return " ".join("{0}={1}".format(NAMES[dim], _ranges(dim, box[dim])) for dim in sorted(box)) or "any"


def match_words(match):
    parts = []
    if match.within:
        parts.append("of [{0}]".format(box_words(match.within)))
    boxes = " | ".join(map(box_words, match.boxes)) or "never"
    parts.append("{0}[{1}]".format("not " if match.negated else "", boxes))
    if match.doubt:
        parts.append("{0} ({1})".format("sometimes" if match.run_time else "unknown", match.doubt))
    return " ".join(parts)


def _change(change):
    if change.unclear:
        return "{0} unclear ({1})".format(NAMES[change.dimension], change.unclear)
    source = "" if change.source is None else " ^ {0} & {1:#x}".format(NAMES[change.source], change.source_mask)
    return "{0} := old & {1:#x} ^ {2:#x}{3}".format(NAMES[change.dimension], change.keep, change.flip, source)


def verdict_words(verdict):
    parts = [verdict.kind, verdict.chain, verdict.text and "({0})".format(verdict.text)]
    parts.extend(map(_change, verdict.changes))
    nat = verdict.nat
    if nat is not None:
        parts.append("to the host itself" if nat.local else "")
        parts.append("netmap" if nat.netmap else "")
        if nat.addresses:
            parts.append("{0}-{1}".format(*(_value(model.DADDR, value) for value in nat.addresses)))
        if nat.ports:
            parts.append("ports {0}-{1}".format(*nat.ports))
    return " ".join(part for part in parts if part)


def rule_words(rule):
    matches = " & ".join(map(match_words, rule.matches)) or "always"
    branches = "; ".join(
        "{0}{1}".format("" if boxes == ({},) else " | ".join(map(box_words, boxes)) + ": ", verdict_words(verdict))
        for boxes, verdict in rule.branches
    )
    return "{0} -> {1}".format(matches, branches)


def ruleset_words(ruleset):
    """Each rule's own text, and under it what it was read as."""
    lines = []
    for table in ruleset.tables:
        for chain in table.chains.values():
            base = chain.base
            hook = "" if base is None else " {0} {1} {2} {3} {4}".format(
                base.kind, base.hook, base.priority, base.policy, ",".join(base.devices)
            )  # fmt: skip
            lines.append("{0} {1} {2}{3}".format(table.family, table.name, chain.name, hook).rstrip())
            last = None
            for rule in chain.rules:
                if rule.where is not last:
                    lines.append("  " + rule.where.text)
                    last = rule.where
                lines.append("    " + rule_words(rule))
    return lines + ["note: " + note for note in ruleset.notes]
