# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One statement of an nft rule that is more than a condition, with what was read before it."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence, Set, Tuple

from ..model import ACCEPT, CONTINUE, DROP, GOTO, JUMP, REJECT, RETURN, UNFOLLOWED, Box, Match, Rule, Verdict, Where
from . import nft_text
from .conditions import ALWAYS, EVERYTHING, NEVER, Condition, Unclear, build
from .nft_matches import Matcher

VERDICTS = {"accept": ACCEPT, "drop": DROP, "reject": REJECT, "return": RETURN, "continue": CONTINUE}
_RAW_UPDATES = ("add @", "update @", "delete @")
RAW_UPDATE = "raw update"


class TableRules:
    """What the rules of one table share. ``chains``: the names of its chains. ``extra``: rules that need a chain of their own,
    because they come behind a change that their own conditions must not see: name -> rules. ``hides``: whether one has an
    iptables match or target, whose parameters nft does not show."""

    def __init__(self, matcher: Matcher, chains: Set[str]) -> None:
        self.matcher = matcher
        self.chains = chains
        self.extra: Dict[str, Tuple[Rule, ...]] = {}
        self.hides = False

    def verdict(self, value: Any) -> Verdict:
        """A verdict as JSON writes it."""
        kind, body = split(value)
        if kind in VERDICTS:
            return Verdict(VERDICTS[kind])
        if kind in ("jump", "goto") and isinstance(body, dict) and body.get("target") in self.chains:
            return Verdict(JUMP if kind == "jump" else GOTO, str(body["target"]))
        return Verdict(UNFOLLOWED, text=nft_text.statement(value))


class Step:
    """``rest``: the statement and those behind it. ``conditions``: of the rule so far; handlers add to them. ``rules``: what the
    statement comes to. ``read_rest``: reads the statements behind this one as rules without conditions."""

    def __init__(
        self,
        table: TableRules,
        rest: Sequence[Any],
        conditions: List[Condition],
        where: Where,
        read_rest: Callable[[], List[Rule]],
    ) -> None:
        self.table = table
        self.matcher = table.matcher
        self.rest = rest
        self.conditions = conditions
        self.where = where
        self.read_rest = read_rest
        self.rules: List[Rule] = []

    @property
    def text(self) -> str:
        return nft_text.statement(self.rest[0])

    def emit(self, verdict: Verdict, *more: Condition) -> None:
        """A rule with the verdict for the packets that the conditions and ``more`` are about."""
        self.rules.extend(build([*self.conditions, *more], ((EVERYTHING, verdict),), self.where))

    def emit_unfollowed(self, unclear: Unclear) -> None:
        why = "{0} ({1})".format(self.text, unclear.why) if unclear.why else self.text
        self.emit(Verdict(UNFOLLOWED, text=why), inside(unclear.within))

    def narrow(self, within: Box) -> None:
        """The rule goes on for these packets alone."""
        if within:
            self.conditions.append(inside(within))


#: Reads a statement of a kind, with its body. Returns whether the rule ends there.
Handler = Callable[[Step, str, Any], bool]


def inside(within: Box) -> Condition:
    """The condition that a packet is one of these."""
    if not within:
        return ALWAYS
    return (Match(EVERYTHING, within),) if all(within.values()) else NEVER


def split(statement: Any) -> Tuple[str, Any]:
    """A statement's kind and body. A raw string, which nft prints for what it has no JSON form for, is a kind of its own, but
    1.0.6's ``update @recent { ip saddr : 1 }``."""
    if isinstance(statement, dict) and len(statement) == 1:
        ((kind, body),) = statement.items()
        return kind, body
    if isinstance(statement, str):
        words = statement.strip()
        return (RAW_UPDATE, words) if words.startswith(_RAW_UPDATES) else (words, None)
    return "", None
