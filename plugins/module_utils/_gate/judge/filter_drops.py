# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remedies for rules that drop packets for whom they come from, or where they arrive. A port that is accepted in front of such a
rule would be open to those whom it is to keep out."""

from __future__ import annotations

import re

from ..packetfilter.model import Where

_IPSET = re.compile(r"(?<!! )--match-set (?P<name>\S+) src\S*")
_NFT_SET = re.compile(r"\bip6? saddr @(?P<name>\S+)")
_REVERSE_PATH = re.compile(r"\bfib saddr [^;{}]*\b(?:oif|oifname|check)\b|-m rpfilter\b")
_OTHER_INTERFACE = re.compile(r"\bfib daddr \. (?:mark \. )?iif type\b")
_CROWDSEC = "crowdsec"
#: CrowdSec fills its lists again from these.
_DECISIONS = "cscli decisions list tells why; cscli decisions delete --ip ADDRESS takes it back"


def list_of_sources(text: str) -> str:
    """The set in which the condition looks for the client's address; empty where it does not, or asks for the others."""
    listed = _IPSET.search(text) or _NFT_SET.search(text)
    return listed["name"] if listed else ""


def drop_remedy(where: Where, who: str) -> str:
    """Empty where the rule is another one.

    :param who: `filter_remedies.manager`.
    """
    text = where.text
    if where.position == "policy":
        return ""
    if _REVERSE_PATH.search(text):
        return _reverse_path(where, who)
    if _OTHER_INTERFACE.search(text):
        return (
            "the rule drops what arrives on another interface than that of its destination: give those interfaces and "
            "addresses that clients use (interfaces, addresses), or " + _take_out(where)
        )
    listed = _IPSET.search(text)
    if listed:
        name = listed["name"]
        if _CROWDSEC in name.lower():
            return f"ipset list {name} shows whom it keeps out; {_DECISIONS}"
        if who == "firewalld":
            return (
                f"firewall-cmd --ipset={name} --get-entries shows whom it keeps out; "
                f"firewall-cmd --permanent --ipset={name} --remove-entry=ADDRESS && firewall-cmd --reload"
            )
        return f"ipset test {name} ADDRESS tells whether it keeps a client out; ipset del {name} ADDRESS"
    listed = _NFT_SET.search(text)
    if listed:
        of_set = f"{where.family} {where.table} {listed['name']}"
        if _CROWDSEC in of_set.lower():
            return f"nft list set {of_set} shows whom it keeps out; {_DECISIONS}"
        return f"nft list set {of_set} shows whom it keeps out; nft delete element {of_set} '{{ ADDRESS }}'"
    return ""


def _reverse_path(where: Where, who: str) -> str:
    routes = "answers to those clients leave by another interface (ip route get ADDRESS): mend the routes, or "
    if who == "firewalld" or _is_firewalld_xtables(where):
        return (
            routes + "set IPv6_rpfilter=no in /etc/firewalld/firewalld.conf (loose, where firewalld.conf knows it), "
            "then firewall-cmd --reload"
        )
    return routes + _take_out(where)


def _is_firewalld_xtables(where: Where) -> bool:
    """Its rule in iptables' backend stands in a built-in chain; nobody else asks for --validmark there."""
    return where.table in ("mangle", "raw") and "-m rpfilter --validmark --invert -j DROP" in where.text


def _take_out(where: Where) -> str:
    if where.source == "nft" and where.position.startswith("handle "):
        return f"nft delete rule {where.family} {where.table} {where.chain} {where.position}"
    if where.source != "nft" and where.text.startswith("-A "):
        return f"{where.source} -t {where.table} {where.text.replace('-A ', '-D ', 1)}"
    return f"take the rule out: {where.text}"
