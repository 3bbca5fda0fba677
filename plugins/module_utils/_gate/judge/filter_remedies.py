# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command that mends a packet filter, for the tool that manages the rule."""

from __future__ import annotations

from ..packetfilter.model import ACCEPT, Where


def manager(where: Where) -> str:
    """Who wrote the rule: firewalld, ufw, docker, or the rule language itself (nft, iptables, ip6tables)."""
    if where.table == "firewalld":
        return "firewalld"
    for name in ("ufw", "docker"):
        if where.chain.lower().startswith(name):
            return name
    return where.source


def close_command(where: Where, whole: bool, what: str) -> str:
    """How to close what the rule at ``where`` opens.

    :param whole: nothing else depends on the rule, so it can go.
    :param what: the surplus in words, such as ``tcp 3306``.
    """
    who = manager(where)
    if who == "firewalld":
        return (
            f"firewall-cmd --list-all-zones shows the zone that opens {what}; --permanent --remove-..., then --reload"
        )
    if who == "ufw":
        return f"ufw status numbered, then ufw delete the rule that opens {what}"
    if who == "docker":
        return f"publish {what} on 127.0.0.1 only, or not at all"
    if where.position == "policy":
        if where.source == "nft":
            return f"accept what is required, then: nft chain {_nft(where)} '{{ policy drop; }}'"
        return f"accept what is required, then: {_tool(where)} -P {where.chain} DROP"
    if not whole:
        return f"take {what} out of the rule: {where.text}"
    if where.source == "nft":
        return f"nft delete rule {_nft(where)} {where.position}"
    return f"{_tool(where)} {where.text.replace('-A ', '-D ', 1)}"


def open_command(where: Where | None, transport: str, port: int, source: str, family: int) -> str:
    """How to open a port that the rule or policy at ``where`` closes.

    :param source: a CIDR, or ``""`` for any.
    :param family: 4 or 6, the family that misses the opening.
    """
    if where is None:
        return f"accept {transport} {port}" + (f" from {source}" if source else "")
    who = manager(where)
    if who == "firewalld":
        if source:
            rule = f"rule family=ipv{family} source address={source} port port={port} protocol={transport} accept"
            return f"firewall-cmd --permanent --add-rich-rule='{rule}' && firewall-cmd --reload"
        return f"firewall-cmd --permanent --add-port={port}/{transport} && firewall-cmd --reload"
    if who == "ufw":
        return (
            f"ufw allow from {source} to any port {port} proto {transport}"
            if source
            else f"ufw allow {port}/{transport}"
        )
    if where.source == "nft":
        match = f"ip{'6' if family == 6 else ''} saddr {source} " if source else ""
        return f"nft insert rule {_nft(where)} {match}{transport} dport {port} {ACCEPT}"
    match = f"-s {source} " if source else ""
    return f"{_tool(where)} -I {where.chain} {match}-p {transport} --dport {port} -j ACCEPT"


def _tool(where: Where) -> str:
    return where.source if where.table == "filter" else f"{where.source} -t {where.table}"


def _nft(where: Where) -> str:
    return f"{where.family} {where.table} {where.chain}"
