# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``nft -j list ruleset`` prints, as `model.Table`.

Shapes are those of nft 0.9 to 1.1 (libnftables-json(5)); 1.0.6 differs from the manual in places, which are marked.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Iterable, List, Mapping, Optional, Set, Tuple

from ...dataclass import dataclass, replace
from ..collector import uncollected
from ..model import ACCEPT, DROP, NOTHING_KNOWN, Base, Chain, Host, Rule, Ruleset, Table, Where
from . import nft_text
from .chains import without_idle_jumps
from .conditions import Condition, build, doubt, plain
from .marks import resolved
from .nft_document import MALFORMED, ChainData, ChainKey, TableData, TableKey, malformed, read_document
from .nft_matches import Matcher
from .nft_rules import read_rule, updated_sets
from .nft_sets import named_sets
from .nft_step import TableRules


@dataclass(frozen=True)
class NftRules:
    """``hidden``: tables with iptables matches, whose parameters nft does not show. ``perhaps_dormant``: tables whose flags
    nft did not print rightly. ``rule_counts``: rules in the text, by chain. ``without_devices``: chains at ingress whose devices
    nft did not print."""

    ruleset: Ruleset
    hidden: FrozenSet[TableKey]
    perhaps_dormant: FrozenSet[TableKey]
    rule_counts: Dict[ChainKey, int]
    without_devices: FrozenSet[ChainKey] = frozenset()


def read(
    text: str,
    subject: str,
    dormant: Optional[Mapping[TableKey, bool]] = None,
    devices: Optional[Mapping[ChainKey, Tuple[str, ...]]] = None,
    sets: Optional[Iterable[str]] = None,
    handles: bool = True,
    host: Host = NOTHING_KNOWN,
) -> NftRules:
    """:param subject: what the text is, for messages: ``rules.nft_json=/etc/rules.json``.
    :param dormant: of tables whose flags the text may not tell: whether they are dormant.
    :param devices: of chains at ingress whose devices the text may not tell (`nft_listing.devices`).
    :param sets: None where the text tells the elements of sets. Else (``nft -j -t list ruleset``) the outputs of ``nft -j list
        set`` and ``list map`` for those that are needed (`nft_needed.needed_sets`); conditions on any other set are in doubt.
    :param handles: whether a rule's handle is what the user knows it by; else it is the rule's number in its chain.
    :param host: where the rules act, as far as that is known; ``interfaces`` where the text is from there, too.

    :raises EvidenceError: when it is not the whole of what ``nft -j list ruleset`` prints.
    """
    with uncollected():
        return _read(text, subject, dormant or {}, devices or {}, sets, handles, host)


def _read(
    text: str,
    subject: str,
    dormant: Mapping[TableKey, bool],
    devices: Mapping[ChainKey, Tuple[str, ...]],
    sets: Optional[Iterable[str]],
    handles: bool,
    host: Host,
) -> NftRules:
    tables = read_document(text, subject, () if sets is None else sets)
    try:
        for key, sleeps in dormant.items():
            if key in tables:
                tables[key].dormant = sleeps
        without: Set[ChainKey] = set()
        for (family, name), data in tables.items():
            for chain in data.chains.values():
                _give_devices(chain, (family, name, chain.name), devices, without)
                if not handles:
                    chain.rules = [
                        {**rule, "handle": None, "number": number} for number, rule in enumerate(chain.rules, 1)
                    ]
        notes: Set[str] = set()
        hidden: Set[TableKey] = set()
        concerned = [data for data in tables.values() if _concerns(data, notes)]
        result = [_table(data, sets is None, notes, host, hidden) for data in concerned]
    except MALFORMED as error:
        raise malformed(subject, error) from error
    unclear = frozenset(key for key, data in tables.items() if data.dormant is None)
    counts = {key + (chain.name,): len(chain.rules) for key, data in tables.items() for chain in data.chains.values()}
    ruleset = resolved(Ruleset(tuple(result), tuple(sorted(notes))))
    return NftRules(ruleset, frozenset(hidden), unclear, counts, frozenset(without))


def _give_devices(
    chain: ChainData, key: ChainKey, devices: Mapping[ChainKey, Tuple[str, ...]], without: Set[ChainKey]
) -> None:
    """nft 1.0.6 prints the devices in its text, not in its JSON."""
    base = chain.base
    if base is not None and base.hook == "ingress" and not base.devices:
        if key in devices:
            chain.base = replace(base, devices=devices[key] or ("",))
        else:
            without.add(key)


def _concerns(data: TableData, notes: Set[str]) -> bool:
    """Dormant tables do nothing; arp tables see other packets and are only mentioned."""
    if data.dormant:
        return False
    if data.family != "arp":
        return True
    if any(_drops(data, chain) for chain in data.chains.values()):
        notes.add("table {0} {1} drops packets and is not part of the answer".format(data.family, data.name))
    return False


def _drops(data: TableData, chain: ChainData) -> bool:
    return (chain.base is not None and chain.base.policy == DROP) or any(
        isinstance(step, dict) and not {"drop", "reject"}.isdisjoint(step)
        for rule in chain.rules
        for step in rule.get("expr") or ()
    )


def _table(data: TableData, whole: bool, notes: Set[str], host: Host, hidden: Set[TableKey]) -> Table:
    updates: Dict[str, Set[str]] = {}
    for statements in data.statements() if data.sets else ():
        for name, operation in updated_sets(statements):
            updates.setdefault(name, set()).add(operation)
    rules = TableRules(Matcher(data.family, named_sets(data.sets, updates, whole), notes, host), set(data.chains))
    chains = {chain.name: _chain(data, chain, rules, notes) for chain in data.chains.values()}
    chains.update((name, Chain(name, found)) for name, found in rules.extra.items())
    if rules.hides:
        hidden.add((data.family, data.name))
    return Table("nft", data.family, data.name, without_idle_jumps(chains))


def _chain(data: TableData, chain: ChainData, table: TableRules, notes: Set[str]) -> Chain:
    rules: List[Rule] = []
    known: Tuple[Condition, ...] = ()
    base = chain.base
    if base is not None and base.hook == "egress":
        if _drops(data, chain):
            notes.add(
                "chain {0} of table {1} {2} drops packets that leave the host: it is no part of the answer, which is about"
                " packets that come in".format(chain.name, data.family, data.name)
            )
        return Chain(chain.name, ())
    if base is not None and base.hook == "ingress" and not base.devices:
        text = "ingress chain {0} {1} {2}, whose device nft did not show".format(data.family, data.name, chain.name)
        known = (doubt(text),)
    if base is not None and data.dormant is None:
        rules.extend(_perhaps_dormant(data, chain))
    place = {"source": "nft", "family": data.family, "table": data.name, "chain": chain.name}
    quick_rule = table.matcher.quick.rule
    for body in chain.rules:
        where = RuleWhere(place, body)
        statements = body.get("expr") or ()
        quick = None if known else quick_rule(statements, where)
        if quick is None:
            table.hides = table.hides or any(isinstance(item, dict) and "xt" in item for item in statements)
            rules.extend(read_rule(table, statements, where, known))
        else:
            rules.append(quick)
    if known and base is not None:
        base = _without_device(data, chain, base, known, rules)
    return Chain(chain.name, tuple(rules), base)


class RuleWhere(Where):
    """Where a rule stands. Its text is put together when somebody asks for it: of most rules, nobody does. ``place``: the
    fields that the rules of one chain share."""

    def __init__(self, place: Dict[str, str], body: Dict[str, Any]) -> None:
        self.__dict__.update(place, body=body)

    def __eq__(self, other: object) -> bool:
        if self is other or not isinstance(other, RuleWhere):
            return self is other
        mine, its = self.__dict__, other.__dict__
        return mine == its

    def __hash__(self) -> int:
        body = self.__dict__["body"]
        return hash(body["number"] if "number" in body else body.get("handle"))

    @property
    def position(self) -> str:
        body = self.__dict__["body"]
        return "rule {0}".format(body["number"]) if "number" in body else "handle {0}".format(body.get("handle", "?"))

    @property
    def text(self) -> str:
        body = self.__dict__["body"]
        try:
            return nft_text.rule(body.get("expr") or (), body.get("comment", ""))
        except RecursionError:
            return "(a rule that is nested too deeply to be shown)"


def _perhaps_dormant(data: TableData, chain: ChainData) -> List[Rule]:
    text = "table {0} {1}, which may be dormant: nft did not print its flags rightly".format(data.family, data.name)
    where = Where("nft", data.family, data.name, chain.name, "table", text)
    return build((doubt(text),), plain(ACCEPT), where)


def _without_device(
    data: TableData, chain: ChainData, base: Base, known: Tuple[Condition, ...], rules: List[Rule]
) -> Base:
    """The base of a chain that looks at the packets of some interface: at any, in doubt."""
    if base.policy == DROP:
        where = Where("nft", data.family, data.name, chain.name, "policy", "policy drop")
        rules.extend(build(known, plain(DROP), where))
    return replace(base, policy=ACCEPT, devices=("*",))
