# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel itself does by interface, written as rules in front of all others, so that nothing else need know of it."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from ..model import ACCEPT, ANY, DROP, IIF, Base, Chain, Match, Rule, Table, Verdict, Where, interface_value

#: As `Where.source`: no command of a packet filter.
KERNEL = "kernel"
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
