# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nftables' JSON as one readable line, close to what ``nft list ruleset`` prints. For people only: nothing parses it."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Sequence

_Form = Callable[[Any], str]

_OPERATORS = ("&", "|", "^", "<<", ">>")
_SHOWN_ELEMENTS = 8


def expression(value: Any) -> str:
    """An expression: a field, a constant, a set, or an operation on them."""
    if isinstance(value, bool):
        return "exists" if value else "missing"
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, list):
        return ",".join([expression(part) for part in value])
    if not isinstance(value, dict) or len(value) != 1:
        return json.dumps(value)
    ((kind, body),) = value.items()
    if kind in _OPERATORS and isinstance(body, list):
        return str(" " + kind + " ").join([expression(part) for part in body])
    form = _EXPRESSIONS.get(kind)
    if form is not None:
        try:
            return form(body)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            pass
    return "{0} {1}".format(kind, json.dumps(body))


def _payload(body: Dict[str, Any]) -> str:
    if "protocol" in body:
        return "{0} {1}".format(body["protocol"], body["field"])
    return "@{0},{1},{2}".format(body["base"], body["offset"], body["len"])


def _named(body: Any) -> str:
    return "{0} {1}".format(body["name"], body["field"]) if "field" in body else str(body["name"])


def _ct(body: Any) -> str:
    return " ".join(["ct"] + [str(body[key]) for key in ("dir", "family", "key") if key in body])


def _set(body: Any) -> str:
    elements = body if isinstance(body, list) else [body]
    shown = [_element(item) for item in elements[:_SHOWN_ELEMENTS]]
    if len(elements) > len(shown):
        shown.append("... {0} more".format(len(elements) - len(shown)))
    return "{ " + ", ".join(shown) + " }"


def _element(item: Any) -> str:
    if isinstance(item, list) and len(item) == 2:
        return "{0} : {1}".format(expression(item[0]), statement(item[1]))
    return expression(item)


def _elem(body: Any) -> str:
    timeout = " timeout {0}s".format(body["timeout"]) if "timeout" in body else ""
    return expression(body["val"]) + timeout


_EXPRESSIONS: Dict[str, _Form] = {
    "payload": _payload,
    "meta": lambda body: "{0}{1}".format(
        "" if body["key"] in ("iif", "oif", "iifname", "oifname") else "meta ", body["key"]
    ),
    "ct": _ct,
    "fib": lambda body: "fib {0} {1}".format(" . ".join(body["flags"]), body["result"]),
    "rt": lambda body: "rt {0}".format(body["key"]),
    "socket": lambda body: "socket {0}".format(body["key"]),
    "osf": lambda body: "osf {0}".format(body["key"]),
    "exthdr": _named,
    "tcp option": lambda body: "tcp option {0}".format(_named(body)),
    "ip option": lambda body: "ip option {0}".format(_named(body)),
    "prefix": lambda body: "{0}/{1}".format(expression(body["addr"]), body["len"]),
    "range": lambda body: "{0}-{1}".format(expression(body[0]), expression(body[1])),
    "concat": lambda body: " . ".join(map(expression, body)),
    "set": _set,
    "elem": _elem,
    "map": lambda body: "{0} map {1}".format(expression(body["key"]), expression(body["data"])),
    "numgen": lambda body: "numgen {0} mod {1}".format(body["mode"], body["mod"]),
    "jhash": lambda body: "jhash {0} mod {1}".format(expression(body["expr"]), body["mod"]),
    "symhash": lambda body: "symhash mod {0}".format(body["mod"]),
    "ipsec": lambda body: "ipsec {0} {1}".format(body["dir"], body["key"]),
    "sctp chunk": lambda body: "sctp chunk {0}".format(_named(body)),
}


def match(body: Any) -> str:
    """One ``match`` object."""
    operator = body.get("op", "==")
    masked = isinstance(body.get("left"), dict) and not body["left"].keys().isdisjoint(_OPERATORS)
    shown = "" if operator in ("==", "in") and not masked else operator + " "
    return "{0} {1}{2}".format(expression(body.get("left")), shown, expression(body.get("right")))


def _of_object(kind: str, body: Any) -> str:
    """A statement with an object of the table: its name, or a map that gives it."""
    return "{0} name {1}".format(kind, expression(body))


def _rate(body: Any) -> str:
    if not isinstance(body, dict) or "map" in body:
        return _of_object("limit", body)
    unit = " " + body["rate_unit"] if body.get("rate_unit", "packets") != "packets" else ""
    return "limit rate {0}{1}{2}/{3}".format("over " if body.get("inv") else "", body["rate"], unit, body["per"])


def _nat(kind: str) -> _Form:
    def form(body: Any) -> str:
        if not body:
            return kind
        address, port = body.get("addr"), body.get("port")
        target = "" if address is None else expression(address)
        if port is not None and ":" in target and " map " not in target:
            target = "[{0}]".format(target)
        if port is not None:
            target += ":" + expression(port)
        return "{0} to {1}".format(kind, target) if target else kind

    return form


def _reject(body: Any) -> str:
    if not body:
        return "reject"
    return "reject with {0}".format(" ".join(str(body[key]) for key in ("type", "expr") if key in body))


def _update(body: Any) -> str:
    inner = " ".join([expression(body["elem"])] + [statement(item) for item in body.get("stmt", [])])
    return "{0} {1} {{ {2} }}".format(body["op"], body["set"], inner)


def _xt(body: Any) -> str:
    return "iptables {0} {1} (nft does not show its parameters)".format(body["type"], body["name"])


def _jump(kind: str) -> _Form:
    return lambda body: "{0} {1}".format(kind, body["target"])


_STATEMENTS: Dict[str, _Form] = {
    "match": match,
    "vmap": lambda body: "{0} vmap {1}".format(expression(body["key"]), expression(body["data"])),
    "jump": _jump("jump"),
    "goto": _jump("goto"),
    "counter": lambda body: "counter",
    "log": lambda body: 'log prefix "{0}"'.format(body["prefix"]) if body and "prefix" in body else "log",
    "limit": _rate,
    "quota": lambda body: (
        "quota {0}{1} {2}".format("over " if body.get("inv") else "", body["val"], body["val_unit"])
        if isinstance(body, dict) and "val" in body
        else _of_object("quota", body)
    ),
    "ct count": lambda body: "ct count {0}{1}".format("over " if body.get("inv") else "", body["val"]),
    "reject": _reject,
    "dnat": _nat("dnat"),
    "snat": _nat("snat"),
    "redirect": _nat("redirect"),
    "masquerade": _nat("masquerade"),
    "tproxy": _nat("tproxy"),
    "mangle": lambda body: "{0} set {1}".format(expression(body["key"]), expression(body["value"])),
    "set": _update,
    "meter": lambda body: "meter {0} {{ {1} {2} }}".format(
        body["name"], expression(body["key"]), statement(body["stmt"])
    ),
    "queue": lambda body: "queue" if not body else "queue to {0}".format(expression(body["num"])),
    "synproxy": lambda body: "synproxy" if isinstance(body, dict) else "synproxy name {0}".format(body),
    "notrack": lambda body: "notrack",
    "fwd": lambda body: "fwd to {0}".format(expression(body["dev"])),
    "xt": _xt,
}


def statement(value: Any) -> str:
    """One statement of a rule; a raw string (what nft has no JSON form for) is put on one line."""
    if isinstance(value, str):
        return " ".join(value.split())
    if not isinstance(value, dict) or len(value) != 1:
        return json.dumps(value)
    ((kind, body),) = value.items()
    form = _STATEMENTS.get(kind)
    if form is not None:
        try:
            return form(body)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            pass
    elif kind in _EXPRESSIONS:
        return expression(value)
    return kind if body is None else "{0} {1}".format(kind, json.dumps(body))


def rule(statements: Sequence[Any], comment: str = "") -> str:
    """A whole rule without its counters."""
    parts = [statement(item) for item in statements if not (isinstance(item, dict) and "counter" in item)]
    if comment:
        parts.append('comment "{0}"'.format(comment))
    return " ".join(parts)
