# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements of nft that say where a packet goes: NAT, TPROXY, queues."""

from __future__ import annotations

from typing import Any, Dict

from ..model import ACCEPT, ANY, ELSEWHERE, PROTOCOL, UNFOLLOWED, Box, Verdict
from . import nft_text
from .conditions import Unclear, doubt
from .nft_effects import nat_family, nat_verdict
from .nft_maps import look_up
from .nft_step import Step, inside
from .question import ANSWERED, V4, V6
from .source_nat import SOURCE_NAT

_FAMILIES: Dict[int, Box] = {0: ANY, 4: V4, 6: V6}
_TCP: Box = {PROTOCOL: ((6, 6),)}
_TCP_OR_UDP: Box = {PROTOCOL: ((6, 6), (17, 17))}


def nat(step: Step, kind: str, body: Any) -> bool:
    """``dnat`` and ``redirect``."""
    body = dict(body) if isinstance(body, dict) else {}
    if "family" not in body and step.matcher.family in ("ip", "ip6"):
        body["family"] = step.matcher.family
    address, ports, text = body.get("addr"), body.get("port"), step.text
    of_address = isinstance(address, dict) and "map" in address
    of_port = isinstance(ports, dict) and "map" in ports
    step.narrow(_FAMILIES[nat_family(body, None if of_address else address)])
    local = kind == "redirect"
    try:
        if of_address and of_port:
            raise Unclear("two maps")
        if not of_address and not of_port:
            step.emit(nat_verdict(body, address, ports, local))
            return True
        mapping = (address if of_address else ports)["map"]

        def verdict(data: Any) -> Verdict:
            return nat_verdict(body, data if of_address else address, ports if of_address else data, local)

        found = look_up(step.matcher, mapping["key"], mapping["data"])
        step.rules = found.rules(verdict, step.conditions, step.where, text)
    except Unclear as unclear:
        step.emit_unfollowed(unclear)
    return True


def source_nat(step: Step, kind: str, body: Any) -> bool:
    """``snat`` and ``masquerade``: no effect on what gets in, and the end of the nat chain."""
    body = body if isinstance(body, dict) else {}
    address = body.get("addr")
    if isinstance(address, dict) and "map" in address:
        try:
            found = look_up(step.matcher, address["map"]["key"], address["map"]["data"])
            step.conditions.append(found.found(step.text))
        except Unclear as unclear:
            step.conditions.append(unclear.doubt(step.text))
        address = None
    step.emit(Verdict(ACCEPT, text=SOURCE_NAT), inside(_FAMILIES[nat_family(body, address)]))
    return True


def tproxy(step: Step, kind: str, body: Any) -> bool:
    """The packet is for a socket of the host's and goes on; where there is no such socket, the rule ends."""
    within: Box = {**_TCP_OR_UDP, **_FAMILIES[nat_family(body, None)]}
    step.conditions.append(doubt("{0} (whether there is a socket)".format(step.text), within, True))
    return False


def elsewhere(step: Step, kind: str, body: Any) -> bool:
    """``queue``, ``fwd``: the packet leaves the rules."""
    step.emit(Verdict(ELSEWHERE, text=step.text))
    return True


def synproxy(step: Step, kind: str, body: Any) -> bool:
    """The kernel answers the SYN itself."""
    step.narrow(_TCP)
    step.emit(Verdict(UNFOLLOWED, text=nft_text.statement(step.rest[0])))
    return False


def flow(step: Step, kind: str, body: Any) -> bool:
    """The first packet of a connection goes into no flow table, and the kernel ends the rule for it, but not for those that
    follow."""
    step.narrow(ANSWERED)
    return False


def reset(step: Step, kind: str, body: Any) -> bool:
    """Takes an option out of the TCP header."""
    step.narrow(_TCP)
    return False
