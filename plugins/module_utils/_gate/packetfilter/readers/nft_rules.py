# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One nft rule as `model.Rule`: its statements in order.

A statement is a condition, something without effect on the question (counters, logs), a verdict, a change of the packet
(marks, NAT), or something that is not followed. What is no verdict becomes a rule of its own with the conditions read so
far, because nft goes on with the statements behind it.
"""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping, Sequence, Tuple

from ..model import ACCEPT, ANY, CT_MARK, FAMILY, MARK, PROTOCOL, REJECT, UNFOLLOWED, Box, Match, Rule, Verdict, Where
from . import nft_changes, nft_nat, nft_text
from .conditions import ALWAYS, EVERYTHING, MISSHAPEN, Condition, Unclear, build, doubt, plain
from .names import NO_EFFECT_TARGETS
from .nft_fields import DEMANDS
from .nft_maps import look_up
from .nft_step import RAW_UPDATE, VERDICTS, Handler, Step, TableRules, split
from .question import V4, V6
from .source_nat import SOURCE_NAT

_PLAIN = {kind: plain(verdict) for kind, verdict in VERDICTS.items()}
_REJECT_FAMILIES = {"icmp": V4, "icmpv6": V6}
_TCP: Box = {PROTOCOL: ((6, 6),)}
#: Statements that neither decide nor change what the question is about.
_NO_EFFECT = frozenset((
    "counter", "log", "comment", "last", "ct helper", "ct timeout", "ct expectation", "secmark", "dup", "nftrace", "tunnel",
))  # fmt: skip
_HIDDEN_MARKS = {"MARK": (MARK,), "CONNMARK": (MARK, CT_MARK), "HMARK": (MARK,)}
_HIDDEN_SOURCE_NAT = ("SNAT", "MASQUERADE")
_HIDDEN_ELSEWHERE = ("NFQUEUE", "QUEUE", "TPROXY")


def read_rule(
    table: TableRules, statements: Sequence[Any], where: Where, known: Sequence[Condition] = ()
) -> List[Rule]:
    """The rules that one nft rule amounts to, in order; none when it can match no packet in question.

    ``known``: conditions that hold for the whole chain.
    """
    rules: List[Rule] = []
    conditions = list(known)
    for number, statement in enumerate(statements):
        kind, body = (
            next(iter(statement.items())) if isinstance(statement, dict) and len(statement) == 1 else split(statement)
        )
        if kind == "match":
            try:
                condition = table.matcher.condition(body)
            except MISSHAPEN:
                condition = doubt(nft_text.statement(statement))
            if not condition:
                return rules
            conditions.append(condition)
        elif kind in VERDICTS:
            if kind == "reject":
                conditions.append(_hidden_by_reject(body, where.family, conditions))
            return rules + build(conditions, _PLAIN[kind], where)
        elif kind in _NO_EFFECT:
            if isinstance(body, dict) and "map" in body:
                conditions.append(_in_map(table, body["map"], nft_text.statement(statement)))
        elif kind in _HANDLERS:
            rest = statements[number:]
            step = Step(table, rest, conditions, where, lambda rest=rest: read_rule(table, rest[1:], where))  # type: ignore[misc]
            try:
                ends = _HANDLERS[kind](step, kind, body)
            except MISSHAPEN:
                ends = False
                step.rules = build(conditions, plain(UNFOLLOWED, text=step.text), where)
            rules.extend(step.rules)
            if ends:
                return rules
        else:
            rules.extend(build(conditions, plain(UNFOLLOWED, text=nft_text.statement(statement)), where))
            if kind.startswith(("jump", "goto")):
                return rules
    return rules


def _in_map(table: TableRules, body: Any, text: str) -> Condition:
    """A statement with an object out of a map: the rule ends where the map has none."""
    try:
        return look_up(table.matcher, body["key"], body["data"]).found(text)
    except Unclear as unclear:
        return unclear.doubt(text)
    except MISSHAPEN:
        return doubt(text)


def _hidden_by_reject(reject: Any, table_family: str, conditions: Sequence[Condition]) -> Condition:
    """What a rule that rejects asks for and nft does not show.

    A reject with an ICMP type is of that type's family, and ``tcp reset`` of TCP. Where a table is of both families,
    ``tcp reset`` hides a ``meta nfproto`` too, and then nothing tells whether there was one (seen in 1.0.6).
    """
    kind = str(reject.get("type")) if isinstance(reject, dict) else ""
    if kind in _REJECT_FAMILIES:
        return (Match(EVERYTHING, _REJECT_FAMILIES[kind]),)
    if kind != "tcp reset":
        return ALWAYS
    if table_family in ("ip", "ip6") or any(map(_tells_family, conditions)):
        return (Match(EVERYTHING, _TCP),)
    return doubt("reject with tcp reset (nft does not show whether for one family only)", _TCP)


def _tells_family(condition: Condition) -> bool:
    return all(
        FAMILY in match.within or (not match.negated and all(FAMILY in box for box in match.boxes))
        for match in condition
    )


def _jump(step: Step, kind: str, body: Any) -> bool:
    step.emit(step.table.verdict({kind: body}))
    return True


def _verdict_map(step: Step, kind: str, body: Any) -> bool:
    try:
        found = look_up(step.matcher, body["key"], body["data"])
        step.rules = found.rules(step.table.verdict, step.conditions, step.where, step.text)
    except Unclear as unclear:
        step.emit_unfollowed(unclear)
    return True


def _limit(step: Step, kind: str, body: Any) -> bool:
    within = step.matcher.within_of(body["map"]["key"]) if isinstance(body, dict) and "map" in body else ANY
    step.conditions.append(doubt(step.text, within, True))
    return False


def _update(step: Step, kind: str, body: Any) -> bool:
    """``add @s { ip saddr }``: the rule ends where the set is full, or a limit behind it says so."""
    within = step.matcher.within_of(body["elem"])
    if body.get("op") == "delete":
        step.narrow(within)
    else:
        step.conditions.append(doubt(step.text, within, True))
    return False


def _raw_update(step: Step, kind: str, body: Any) -> bool:
    words = str(body).replace("{", " ").split()
    within = DEMANDS.get(words[2], ANY) if len(words) > 2 else ANY
    step.conditions.append(doubt(step.text, within, True))
    return False


def _meter(step: Step, kind: str, body: Any) -> bool:
    step.conditions.append(doubt(step.text, step.matcher.within_of(body["key"]), True))
    return False


def _xt(step: Step, kind: str, body: Any) -> bool:
    """What iptables-nft added: nft shows no parameters, older versions nothing but "xt"."""
    name = body.get("name") if isinstance(body, dict) else None
    if isinstance(body, dict) and body.get("type") == "match":
        step.conditions.append(doubt("iptables match {0} (nft does not show its parameters)".format(name)))
        return False
    if name == "REJECT" or name in _HIDDEN_SOURCE_NAT:
        step.emit(Verdict(REJECT) if name == "REJECT" else Verdict(ACCEPT, text=SOURCE_NAT))
        return True
    if name in _HIDDEN_ELSEWHERE:
        return nft_nat.elsewhere(step, kind, body)
    if name in _HIDDEN_MARKS:
        nft_changes.hidden_mark(step, _HIDDEN_MARKS[name])
    elif name not in NO_EFFECT_TARGETS:
        step.emit(Verdict(UNFOLLOWED, text=step.text))
    return False


_HANDLERS: Mapping[str, Handler] = {
    "jump": _jump,
    "goto": _jump,
    "vmap": _verdict_map,
    "limit": _limit,
    "quota": _limit,
    "ct count": _limit,
    "set": _update,
    "map": _update,
    RAW_UPDATE: _raw_update,
    "meter": _meter,
    "mangle": nft_changes.mangle,
    "notrack": nft_changes.notrack,
    "dnat": nft_nat.nat,
    "redirect": nft_nat.nat,
    "snat": nft_nat.source_nat,
    "masquerade": nft_nat.source_nat,
    "tproxy": nft_nat.tproxy,
    "queue": nft_nat.elsewhere,
    "fwd": nft_nat.elsewhere,
    "synproxy": nft_nat.synproxy,
    "flow": nft_nat.flow,
    "reset": nft_nat.reset,
    "xt": _xt,
}


def updated_sets(statements: Sequence[Any]) -> Iterator[Tuple[str, str]]:
    """The sets and maps that a rule adds to or deletes from, each with the operation."""
    for statement in statements:
        kind, body = split(statement)
        if kind in ("set", "map") and isinstance(body, dict):
            yield str(body.get(kind, body.get("set", ""))).lstrip("@"), str(body.get("op", "add"))
        elif kind == RAW_UPDATE:
            operation, name = body.replace("{", " ").split()[:2]
            yield name.lstrip("@"), operation
