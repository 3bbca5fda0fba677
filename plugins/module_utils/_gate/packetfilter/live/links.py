# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``ip -j -d address`` tells of interfaces: their kinds, which is on top of which, and which have XDP programs."""

from __future__ import annotations

from typing import Any, FrozenSet, Mapping, Sequence, Set, Tuple

#: Interfaces whose packets an interface below receives first; of others, `link` is the other end (veth) or the way out.
_ON_TOP = {"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec"}
#: Ports of a bridge by which nothing gets out of the machine: containers', virtual machines', and nobody's.
_VIRTUAL = {"veth", "tun", "dummy"}


def kind(link: Mapping[str, Any]) -> str:
    info = link.get("linkinfo")
    return str(info.get("info_kind", "")) if isinstance(info, dict) else ""


def slave_kind(link: Mapping[str, Any]) -> str:
    info = link.get("linkinfo")
    return str(info.get("info_slave_kind", "")) if isinstance(info, dict) else ""


def below(links: Sequence[Mapping[str, Any]]) -> Tuple[Tuple[str, str], ...]:
    """Pairs of an interface and of one below it, at any depth."""
    pairs: Set[Tuple[str, str]] = set()
    for link in links:
        name = str(link["ifname"])
        if isinstance(link.get("master"), str):
            pairs.add((str(link["master"]), name))
        if kind(link) in _ON_TOP and isinstance(link.get("link"), str):
            pairs.add((name, str(link["link"])))
    more = pairs
    while more:
        more = {(top, low) for top, middle in pairs for upper, low in pairs if middle == upper} - pairs
        pairs |= more
    return tuple(sorted(pairs))


def programs(links: Sequence[Mapping[str, Any]], uppers: Sequence[Tuple[str, str]]) -> Tuple[Tuple[str, str], ...]:
    """Interfaces, and the card with an XDP program by which their packets come: the same one, or one below."""
    cards = {str(link["ifname"]) for link in links if isinstance(link.get("xdp"), dict) and link["xdp"].get("mode")}
    return tuple(sorted([(card, card) for card in cards] + [pair for pair in uppers if pair[1] in cards]))


def virtual_bridges(links: Sequence[Mapping[str, Any]]) -> FrozenSet[str]:
    outward = {str(link.get("master")) for link in links if "master" in link and kind(link) not in _VIRTUAL}
    return frozenset(str(link["ifname"]) for link in links if kind(link) == "bridge") - outward
