# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel itself does by interface, written as rules in front of all others, so that nothing else need know of it."""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

from ...dataclass import replace
from ..model import (
    ACCEPT,
    ANY,
    DROP,
    IIF,
    JUMP,
    Base,
    Chain,
    Match,
    Rule,
    Ruleset,
    Table,
    Verdict,
    Where,
    interface_value,
)
from .facts import HostFacts

#: As `Where.source`: no command of a packet filter.
KERNEL = "kernel"
#: As `Where.table`, of a chain that stands for the XDP program of a card.
XDP = "xdp"
_BEFORE_ALL = -(1 << 31)
_FAMILY = {4: ("ip", "net.ipv4.conf.{0}.forwarding"), 6: ("ip6", "net.ipv6.conf.{0}.force_forwarding")}


def kernel_tables(held_back: Sequence[Tuple[int, str]]) -> Tuple[Table, ...]:
    """:param held_back: family and input interface of what is not forwarded (``net.ipv4.conf.podman1.forwarding = 0``), as
    Podman has it for internal networks."""
    rules: Dict[int, List[Rule]] = {}
    for family, name in held_back:
        table, setting = _FAMILY[family][0], _FAMILY[family][1].format(name)
        where = Where(KERNEL, table, "sysctl", setting, "= 0", "{0} = 0".format(setting))
        value = interface_value(name)
        rules.setdefault(family, []).append(
            Rule((Match(({IIF: ((value, value),)},)),), (((ANY,), Verdict(DROP)),), where)
        )
    base = Base("forward", "filter", _BEFORE_ALL, ACCEPT)
    return tuple(
        Table(KERNEL, _FAMILY[family][0], "sysctl", {"forwarding": Chain("forwarding", tuple(found), base)})
        for family, found in rules.items()
    )


def on_host(ruleset: Ruleset, facts: HostFacts) -> Ruleset:
    """What rules come to on a host with these interfaces."""
    programs = tuple(_program_table(name, card) for name, card in facts.programs)
    return replace(
        ruleset, tables=(*programs, *kernel_tables(facts.held_back), *from_below(ruleset.tables, facts.below))
    )


def _program_table(name: str, card: str) -> Table:
    """An XDP program may take away whatever it likes before any rule sees it, and what it does nobody can read.

    :param name: the interface in question. ``card``: the same, or one below it, which has the program.
    """
    text = "the XDP program on {0}, which sees packets before any rule and may drop, redirect or change them".format(
        card
    )
    where = Where(KERNEL, "netdev", XDP, card, "for {0}".format(name), text)
    rule = Rule((Match((ANY,), doubt=text),), (((ANY,), Verdict(DROP)),), where)
    base = Base("ingress", "filter", _BEFORE_ALL, ACCEPT, (name,))
    return Table(KERNEL, "netdev", XDP, {card: Chain(card, (rule,), base)})


def from_below(tables: Iterable[Table], below: Sequence[Tuple[str, str]]) -> Iterator[Table]:
    """The tables, in which chains at ingress look also at what comes through their devices to interfaces on top of these: in
    doubt, since which of a bridge's ports a packet comes through is no part of the question.

    :param below: an interface, and one through which its packets come (`HostFacts.below`).
    """
    for table in tables:
        more = [chain for each in table.chains.values() for chain in _on_top(table, each, below)]
        yield replace(table, chains={**table.chains, **{chain.name: chain for chain in more}}) if more else table


def _on_top(table: Table, chain: Chain, below: Sequence[Tuple[str, str]]) -> Iterator[Chain]:
    base = chain.base
    if base is None or base.hook != "ingress":
        return
    for upper, lower in below:
        if upper in base.devices or not any(_names(device, lower) for device in base.devices):
            continue
        text = "what arrives on {0} comes through {1}, perhaps, where this chain looks at it".format(upper, lower)
        where = Where(table.source, table.family, table.name, chain.name, "on {0}".format(lower), text)
        doubt = (Match((ANY,), doubt=text),)
        rules = [Rule(doubt, (((ANY,), Verdict(JUMP, chain.name)),), where)]
        if base.policy == DROP:
            rules.append(Rule(doubt, (((ANY,), Verdict(DROP)),), where))
        name = "{0} on {1} for {2}".format(chain.name, lower, upper)
        yield Chain(name, tuple(rules), replace(base, policy=ACCEPT, devices=(upper,)))


def _names(device: str, name: str) -> bool:
    return device == name or (device.endswith("*") and name.startswith(device[:-1]))
