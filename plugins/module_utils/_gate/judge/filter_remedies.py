# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command that mends a packet filter, for the tool that manages the rule."""

from __future__ import annotations

import re
from typing import Collection, Sequence

from ..packetfilter.essential import ESSENTIAL
from ..packetfilter.model import ACCEPT, Where

#: firewalld's chains of a zone: ``filter_IN_public``, ``filter_IN_public_deny``; without ``filter_`` in its iptables backend.
_ZONE = re.compile(r"(?:filter_)?IN_(?!policy_)(?P<zone>.+?)(?:_(?P<part>pre|log|deny|allow|post))?")
#: The same for what it forwards: ``nat_PRE_public_allow``.
_FORWARD_ZONE = re.compile(r"(?:nat_)?PRE_(?!policy_)(?P<zone>.+?)_(?:pre|log|deny|allow|post)")

#: Whose a table of nftables is, by its name: dockerd's nftables backend, netavark (podman), firewalld.
_TABLES = {"firewalld": "firewalld", "docker-bridges": "docker", "netavark": "podman"}
_TABLE_PREFIXES = (("f2b-", "fail2ban"),)
_CHAIN_PREFIXES = (
    ("ufw", "ufw"),
    ("docker", "docker"),
    ("netavark", "podman"),
    ("cni-", "podman"),
    ("f2b-", "fail2ban"),
    ("fail2ban-", "fail2ban"),
)
#: fail2ban's rule in a chain of another's: ``-m set --match-set f2b-sshd src``.
_FAIL2BAN_SET = re.compile(r"--match-set (?:f2b|fail2ban)-\S+ src(?!\S)")

_FIREWALLD_CHAINS = frozenset(("INPUT_ZONES", "INPUT_POLICIES"))  # the former up to 1.3


def manager(where: Where, neighbours: Collection[str] = ()) -> str:
    """Who wrote the rule: firewalld, ufw, docker, podman, fail2ban, or the rule language itself (nft, iptables, ip6tables).

    :param neighbours: the names of all chains of its table: they tell whose the policies are.
    """
    if where.table in _TABLES:
        return _TABLES[where.table]
    for prefix, name in _TABLE_PREFIXES:
        if where.table.startswith(prefix):
            return name
    if _FAIL2BAN_SET.search(where.text):
        return "fail2ban"
    for prefix, name in _CHAIN_PREFIXES:
        if where.chain.lower().startswith(prefix):
            return name
    zone = _ZONE.fullmatch(where.chain)
    if _FORWARD_ZONE.fullmatch(where.chain) and any(name.startswith("PREROUTING_") for name in neighbours):
        return "firewalld"
    if not _FIREWALLD_CHAINS.isdisjoint(neighbours) and (zone or where.chain.startswith("INPUT")):
        return "firewalld"
    if where.position == "policy" and any(name.startswith(("ufw-", "ufw6-")) for name in neighbours):
        return "ufw"
    return where.source


def close_command(where: Where, whole: bool, what: str, neighbours: Collection[str] = (), hook: str = "input") -> str:
    """How to close what the rule at ``where`` opens.

    :param whole: nothing else depends on the rule, so it can go.
    :param what: the surplus in words, such as ``tcp 3306``.
    :param neighbours: the names of all chains of its table.
    :param hook: of the base chain, where the rule is a policy.
    """
    who = manager(where, neighbours)
    if who == "firewalld":
        forwards = _FORWARD_ZONE.fullmatch(where.chain)
        if forwards:
            zone = f"--zone={forwards['zone']}"
            return (
                f"firewall-cmd {zone} --list-forward-ports shows what sends {what} elsewhere; "
                f"firewall-cmd --permanent {zone} --remove-forward-port=..., then firewall-cmd --reload"
            )
        zone = _zone_option(where)
        if not zone and "IN_policy_" not in where.chain:  # which zone a packet is for is decided there
            return (
                f"firewall-cmd --get-active-zones shows whose sources open {what}; "
                f"firewall-cmd --permanent --zone=ZONE --remove-source=..., then firewall-cmd --reload"
            )
        return (
            f"firewall-cmd{zone} --list-all shows what opens {what} (a service, port or rich rule); "
            f"firewall-cmd --permanent{zone} --remove-..., then firewall-cmd --reload"
        )
    if who == "ufw":
        if "-user-" in where.chain:
            return f"ufw status numbered, then ufw delete the rule that opens {what}"
        if "-before-" in where.chain or "-after-" in where.chain:
            return f"take the rule out of {_ufw_file(where)}, then ufw reload"
        return "allow what is required, then: ufw default deny incoming"
    if who in ("docker", "podman"):
        return _unpublish(who, what)
    if where.position == "policy":
        if hook == "forward":
            return f"drop in a chain of the forward hook what is not to be forwarded: {what}"
        if hook != "input":
            return "drop what is not required in a filter chain of the input hook: no chain there does"
        if where.source == "nft":
            return f"accept what is required, then: nft chain {_nft(where)} '{{ policy drop; }}'"
        return f"accept what is required, then: {_tool(where)} -P {where.chain} DROP"
    if not whole:
        return f"take {what} out of the rule: {where.text}"
    if where.source == "nft" and not where.position.startswith("handle "):
        return f"take the rule out of the file: {where.text}"
    if where.source == "nft":
        return f"nft delete rule {_nft(where)} {where.position}"
    return f"{_tool(where)} {where.text.replace('-A ', '-D ', 1)}"


def _unpublish(who: str, what: str) -> str:
    """Published ports are forwarded: rules of the input hook, and so ufw and most of firewalld, never see them."""
    command = f"publish {what} on 127.0.0.1 only ({who} run -p 127.0.0.1:PORT:PORT; ports: in compose), or not at all"
    return command + ("; to close it to some, add a drop to the chain DOCKER-USER" if who == "docker" else "")


def open_command(
    where: Where | None,
    transport: str,
    port: int,
    source: str,
    family: int,
    neighbours: Collection[str] = (),
    forwarded: bool = False,
) -> str:
    """How to open a port that the rule or policy at ``where`` closes.

    :param source: a CIDR, or ``""`` for any.
    :param family: 4 or 6, the family that misses the opening.
    :param neighbours: the names of all chains of the table of ``where``.
    :param forwarded: the rule closes what NAT sends elsewhere: it sees another port than clients address.
    """
    if where is None:
        return f"accept {transport} {port}" + (f" from {source}" if source else "")
    if where.source == "kernel":
        return f"sysctl -w {where.chain}=1, where what arrives there is meant to be forwarded"
    who = manager(where, neighbours)
    if who == "fail2ban":
        return "fail2ban-client banned shows whom it keeps out; fail2ban-client unban ADDRESS"
    if who == "firewalld":
        return _firewalld_open(where, transport, port, source, family, neighbours)
    if who == "ufw":
        if "-user-" in where.chain:
            return f"ufw status numbered, then ufw delete the rule that closes {transport} {port}"
        if forwarded:
            here = f"from {source or 'any'} to any port NEW-PORT"
            return f"ufw route allow proto {transport} {here}, with the port that NAT sends {port} to"
        return (
            f"ufw allow from {source} to any port {port} proto {transport}"
            if source
            else f"ufw allow {port}/{transport}"
        )
    if where.source == "nft":
        match = f"ip{'6' if family == 6 else ''} saddr {source} " if source else ""
        door = f"meta l4proto {transport} ct original proto-dst {port}" if forwarded else f"{transport} dport {port}"
        return f"nft insert rule {_nft(where)} {match}{door} {ACCEPT}"
    match = f"-s {source} " if source else ""
    if forwarded:
        door = f"-p {transport} -m conntrack --ctorigdstport {port} --ctdir ORIGINAL"
        return f"{_tool(where)} -I {where.chain} {match}{door} -j ACCEPT"
    return f"{_tool(where)} -I {where.chain} {match}-p {transport} --dport {port} -j ACCEPT"


def icmpv6_command(where: Where | None, types: Sequence[int], neighbours: Collection[str] = ()) -> str:
    """How to let ICMPv6 types in that the rule or policy at ``where`` closes."""
    names = [ESSENTIAL[number] for number in types]
    who = manager(where, neighbours) if where else ""
    if where is None:
        return "accept icmpv6 " + ",".join(names)
    if who == "ufw":
        return "take the rules for icmpv6 of the package's /etc/ufw/before6.rules again, then ufw reload"
    if who == "firewalld":
        return "firewall-cmd --list-icmp-blocks shows what is blocked; firewall-cmd --permanent --remove-icmp-block=..."
    if where.source == "nft":
        return f"nft insert rule {_nft(where)} icmpv6 type {{ {', '.join(names)} }} {ACCEPT}"
    rules = [f"{_tool(where)} -I {where.chain} -p icmpv6 --icmpv6-type {number} -j ACCEPT" for number in types]
    return "; ".join(rules)


def _firewalld_open(
    where: Where, transport: str, port: int, source: str, family: int, neighbours: Collection[str]
) -> str:
    zone = _ZONE.fullmatch(where.chain)
    zones = {match["zone"]: match for match in map(_ZONE.fullmatch, neighbours) if match and not match["part"]}
    if zone is None and len(zones) == 1 and where.text.startswith("reject"):
        zone = next(
            iter(zones.values())
        )  # since 2.0 what no zone has accepted comes back, and is rejected for all of them
    if zone is None:  # by the source of the packets, or by their interface
        return (
            f"firewall-cmd --get-active-zones shows the zone that closes {transport} {port}; "
            f"firewall-cmd --permanent --zone=ZONE --add-port={port}/{transport} && firewall-cmd --reload"
        )
    option = f" --zone={zone['zone']}"
    if zone["part"]:  # before what a zone allows come its rich rules
        return (
            f"firewall-cmd{option} --list-rich-rules shows the rule that closes {transport} {port}; "
            f"firewall-cmd --permanent{option} --remove-rich-rule='...' && firewall-cmd --reload"
        )
    if not source:
        return f"firewall-cmd --permanent{option} --add-port={port}/{transport} && firewall-cmd --reload"
    rule = f"rule family=ipv{family} source address={source} port port={port} protocol={transport} accept"
    return f"firewall-cmd --permanent{option} --add-rich-rule='{rule}' && firewall-cmd --reload"


def _zone_option(where: Where) -> str:
    zone = _ZONE.fullmatch(where.chain)
    return f" --zone={zone['zone']}" if zone else ""


def _ufw_file(where: Where) -> str:
    kind = "after" if "-after-" in where.chain else "before"
    return f"/etc/ufw/{kind}{'6' if where.family == 'ip6' else ''}.rules"


def _tool(where: Where) -> str:
    return where.source if where.table == "filter" else f"{where.source} -t {where.table}"


def _nft(where: Where) -> str:
    return f"{where.family} {where.table} {where.chain}"
