# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One nft rule as `model.Rule`: its statements in order.

A statement is a condition, something without effect on the question (counters, logs, marks), a verdict, or something that
changes the packet or its fate in a way that is not followed (NAT, notrack, queue). The last becomes a rule of its own
with the conditions read so far, because nft goes on with the statements behind it.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from ..model import (
    ACCEPT,
    CONTINUE,
    DROP,
    FAMILY,
    GOTO,
    JUMP,
    PROTOCOL,
    REJECT,
    RETURN,
    UNFOLLOWED,
    Box,
    Match,
    Rule,
    Verdict,
    Where,
)
from . import nft_text
from .conditions import ALWAYS, EVERYTHING, Condition, Region, Unclear, build, doubt, holds, plain
from .names import NO_EFFECT_TARGETS
from .nft_matches import Matcher
from .question import V4, V6

_VERDICTS = {"accept": ACCEPT, "drop": DROP, "reject": REJECT, "return": RETURN, "continue": CONTINUE}
_REJECT_FAMILIES = {"icmp": V4, "icmpv6": V6}
_TCP: Box = {PROTOCOL: ((6, 6),)}
#: Statements that neither decide nor change what the question is about.
_NO_EFFECT = {
    "counter", "log", "comment", "last", "ct helper", "ct timeout", "ct expectation", "secmark", "dup", "nftrace",
}  # fmt: skip
#: Statements that end the rule for some packets, by the state of the host.
_LIMITS = {"limit", "quota", "ct count", "meter", "set", "map"}
#: Fields whose change no condition of the model sees: conditions on them are in doubt in any case.
_HARMLESS_CHANGES = {
    ("meta", "mark"), ("meta", "priority"), ("meta", "nftrace"), ("meta", "secmark"), ("ct", "mark"), ("ct", "label"),
    ("ct", "event"), ("ct", "helper"), ("ct", "secmark"), ("ct", "zone"), ("ip", "dscp"), ("ip", "ecn"), ("ip", "ttl"),
    ("ip6", "dscp"), ("ip6", "ecn"), ("ip6", "hoplimit"), ("ip6", "flowlabel"), ("tcp option", "maxseg"),
}  # fmt: skip


def read_rule(
    statements: Sequence[Any], matcher: Matcher, where: Where, chains: Set[str], known: Sequence[Condition] = ()
) -> List[Rule]:
    """The rules that one nft rule amounts to, in order; none when it can match no packet in question.

    ``chains``: names of the table's chains. ``known``: conditions that hold for the whole chain.
    """
    rules: List[Rule] = []
    conditions: List[Condition] = list(known)

    def unfollowed(text: str) -> None:
        rules.extend(build(conditions, plain(UNFOLLOWED, text=text), where))

    for statement in statements:
        text = nft_text.statement(statement)
        kind, body = _split(statement)
        if kind == "match":
            conditions.append(matcher.condition(body))
        elif kind in _VERDICTS:
            if kind == "reject":
                conditions.append(_hidden_by_reject(body, where.family, conditions))
            return rules + build(conditions, plain(_VERDICTS[kind]), where)
        elif kind in ("jump", "goto"):
            target = body.get("target") if isinstance(body, dict) else None
            if target not in chains:
                unfollowed(text)
                return rules
            return rules + build(conditions, plain(JUMP if kind == "jump" else GOTO, str(target)), where)
        elif kind == "vmap":
            rules.extend(_verdict_map(body, matcher, where, chains, conditions, text))
            return rules
        elif kind in _NO_EFFECT or (kind == "mangle" and _harmless(body)):
            continue
        elif kind in _LIMITS or _raw_update(kind):
            conditions.append(doubt(text))
        elif kind == "xt" and isinstance(body, dict):  # older versions show nothing but "xt"
            if body.get("type") == "match":
                conditions.append(
                    doubt("iptables match {0} (nft does not show its parameters)".format(body.get("name")))
                )
            elif body.get("name") == "REJECT":
                return rules + build(conditions, plain(REJECT), where)
            elif body.get("name") not in NO_EFFECT_TARGETS:
                unfollowed(text)
        else:
            unfollowed(text)
    return rules


def _hidden_by_reject(reject: Any, table_family: str, conditions: Sequence[Condition]) -> Condition:
    """What a rule that rejects asks for and nft does not show.

    A reject with an ICMP type is of that type's family, and ``tcp reset`` of TCP. Where a table is of both families,
    ``tcp reset`` hides a ``meta nfproto`` too, and then nothing tells whether there was one (seen in 1.0.6).
    """
    kind = reject.get("type") if isinstance(reject, dict) else None
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


def updated_sets(statements: Sequence[Any]) -> Set[str]:
    """The sets and maps that a rule adds to or deletes from."""
    result: Set[str] = set()
    for statement in statements:
        kind, body = _split(statement)
        if kind in ("set", "map") and isinstance(body, dict):
            result.add(str(body.get(kind, body.get("set", ""))).lstrip("@"))
        elif _raw_update(kind):
            result.update(word.lstrip("@") for word in kind.split() if word.startswith("@"))
    return result


def jump_targets(statements: Sequence[Any], maps: Mapping[str, Any]) -> Set[str]:
    """The chains that a rule can lead to."""
    result: Set[str] = set()
    for statement in statements:
        kind, body = _split(statement)
        verdicts: List[Any] = [statement]
        if kind == "vmap" and isinstance(body, dict):
            data = body.get("data")
            elements = maps[data[1:]].elements if isinstance(data, str) and data[1:] in maps else []
            if isinstance(data, dict):
                elements = data.get("set", [])
            verdicts = [element[1] for element in elements if isinstance(element, list) and len(element) == 2]
        for verdict in verdicts:
            name, target = _split(verdict)
            if name in ("jump", "goto") and isinstance(target, dict):
                result.add(str(target.get("target")))
    return result


def _split(statement: Any) -> Tuple[str, Any]:
    """A statement's kind and body; a raw string is a kind of its own."""
    if isinstance(statement, dict) and len(statement) == 1:
        ((kind, body),) = statement.items()
        return str(kind), body
    if isinstance(statement, str):
        return statement.strip(), None
    return "", None


def _raw_update(kind: str) -> bool:
    """nft 1.0.6 prints changes of maps as raw text: ``update @recent { ip saddr : 1 }``."""
    words = kind.split(None, 2)
    return len(words) > 2 and words[0] in ("add", "update", "delete") and words[1].startswith("@")


def _harmless(body: Dict[str, Any]) -> bool:
    key = body.get("key")
    kind, field = _split(key)
    if kind == "payload" and isinstance(field, dict):
        return (field.get("protocol"), field.get("field")) in _HARMLESS_CHANGES
    if kind == "tcp option" and isinstance(field, dict):
        return (kind, field.get("name")) in _HARMLESS_CHANGES
    return isinstance(field, dict) and (kind, field.get("key")) in _HARMLESS_CHANGES


def _verdict_map(
    body: Any, matcher: Matcher, where: Where, chains: Set[str], conditions: List[Condition], text: str
) -> List[Rule]:
    try:
        within, elements = matcher.branches(body["key"], body["data"])
        branches = [(boxes, _verdict(verdict, chains)) for boxes, verdict in elements if boxes]
    except Unclear as unclear:
        why = "{0} ({1})".format(text, unclear.why) if unclear.why else text
        region = holds(Region(EVERYTHING), unclear.within, False, "")
        return build(conditions + [region], plain(UNFOLLOWED, text=why), where)
    if not branches:
        return []
    return build(conditions + [holds(Region(EVERYTHING), within, False, "")], branches, where)


def _verdict(value: Any, chains: Set[str]) -> Verdict:
    kind, body = _split(value)
    if kind in _VERDICTS:
        return Verdict(_VERDICTS[kind])
    if kind in ("jump", "goto") and isinstance(body, dict) and body.get("target") in chains:
        return Verdict(JUMP if kind == "jump" else GOTO, str(body["target"]))
    return Verdict(UNFOLLOWED, text=nft_text.statement(value))
