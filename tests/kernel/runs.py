# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One random ruleset after the other: made, loaded, read back as a task would, analysed, and judged by the kernel.

    runs.py KIND SEED

shows one of them, with the first disagreements step by step.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Tuple

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent.parent / "plugins" / "module_utils"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import generator  # noqa: E402
import generator_way  # noqa: E402
import generator_way_xtables  # noqa: E402
import generator_xtables  # noqa: E402
from _gate.packetfilter import interpret  # noqa: E402
from agreement import Analysis, Comparison, analysed_live, judged, regions_of  # noqa: E402
from arrangements import BEHIND, HOUSE, OPEN, OWN, Arrangement  # noqa: E402
from case import Rules  # noqa: E402
from choice import Chooser  # noqa: E402
from lab import Lab, why_not  # noqa: E402
from namespaces import CommandFailed  # noqa: E402
from packets import ICMP, ICMPV6, TRACKED_PORTS, Probe, number_of_address  # noqa: E402

__all__ = ("BY_CHANCE", "KINDS", "Result", "shown", "tried", "why_not")

#: Probes by chance, and boxes of each region of the answer whose corners are tried.
BY_CHANCE = 500
CORNERS = 8
_DESTINATIONS = {
    family: [number_of_address(text) for text in (*OWN[family], *OWN[family], *BEHIND[family])] for family in (4, 6)
}


_BROADCASTS = {
    own.value | (1 << 32 - own.prefix) - 1 for own in HOUSE.host.own or () if own.family == 4 and own.prefix < 31
}


_FIRST_ADDRESSES = {route.first for route in HOUSE.host.routes or () if route.family == 6}


def _both(seed: int) -> Rules:
    """nftables and iptables side by side; of their NAT and marks one alone, for which of them comes first does not show."""
    of_nft = generator_way.WayGenerator(seed, with_effects=seed % 2 == 0).ruleset()
    of_xtables = generator_way_xtables.WayGenerator(seed + 7919, with_effects=seed % 2 == 1).ruleset()
    return Rules(nft=of_nft.nft, xtables=of_xtables.xtables, ipset=of_xtables.ipset)


#: By kind: what makes the ruleset from a seed, and where it is loaded.
KINDS: Dict[str, Tuple[Callable[[int], Rules], Arrangement]] = {
    "nft": (lambda seed: generator.Generator(seed).ruleset(), OPEN),
    "iptables": (lambda seed: generator_xtables.Generator(seed).ruleset(), OPEN),
    "nft-way": (lambda seed: generator_way.WayGenerator(seed).ruleset(), HOUSE),
    "iptables-way": (lambda seed: generator_way_xtables.WayGenerator(seed).ruleset(), HOUSE),
    "both-ways": (_both, HOUSE),
}


@dataclass(frozen=True)
class Result:
    """``refused``: why the kernel's tools did not load the ruleset; else what came of it."""

    kind: str
    seed: int
    refused: str = ""
    probes: int = 0
    accepted: int = 0
    exact: bool = False
    disagreements: Tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "{0} {1}".format(self.kind, self.seed)


def tried(kind: str, seed: int, by_chance: int = BY_CHANCE) -> Result:
    """The result of one ruleset."""
    make, arrangement = KINDS[kind]
    rules = make(seed)
    with Lab(arrangement) as lab:
        try:
            lab.load(rules)
        except CommandFailed as error:
            return Result(kind, seed, refused=str(error)[:300])
        analysis = analysed_live(lab)
        found = judged(lab, analysis, _probes(rules, arrangement, analysis, seed, by_chance))
    return Result(kind, seed, "", found.probes, found.accepted, analysis.exact, found.disagreements)


def _probes(rules: Rules, arrangement: Arrangement, analysis: Analysis, seed: int, by_chance: int) -> List[Probe]:
    regions = regions_of(analysis)
    if not arrangement.routed:
        chooser = Chooser(rules.text, rules.tracked, seed)
        borders = list(chooser.borders())
        some = random.Random(seed).sample(borders, min(by_chance, len(borders)))
        return chooser.possible(
            [*some, *chooser.corners(analysis.space, regions, CORNERS), *chooser.by_chance(by_chance // 2)]
        )
    return house_probes(rules, analysis, seed, by_chance)


def house_probes(rules: Rules, analysis: Analysis, seed: int, by_chance: int) -> List[Probe]:
    """For the arrangement HOUSE."""
    chooser = Chooser(rules.text, True, seed, _DESTINATIONS)
    corners = chooser.corners(analysis.space, regions_of(analysis)[:2], CORNERS)
    probes = chooser.possible([*chooser.of_the_house(by_chance), *corners])
    # From the broadcast address of a network: nft's fib and xtables' rpfilter do not agree whether there is a route back.
    # To the first address behind a route of IPv6: nft's fib calls it anycast, though the kernel forwards what is sent there.
    probes = [
        packet
        for packet in probes
        if (packet.saddr not in _BROADCASTS if packet.family == 4 else packet.daddr not in _FIRST_ADDRESSES)
    ]
    # Without ports, what NAT made of one packet may look like the answer to another.
    senders = {packet.saddr for packet in probes if packet.protocol not in (*TRACKED_PORTS, ICMP, ICMPV6)}
    probes = [
        packet for packet in probes if packet.protocol in (*TRACKED_PORTS, ICMP, ICMPV6) or packet.daddr not in senders
    ]
    if "masquerade" in rules.text.lower():
        # Without ports, conntrack could not tell two of them apart behind one address.
        probes = [packet for packet in probes if packet.protocol in (*TRACKED_PORTS, ICMP, ICMPV6)]
    if "postrouting" in rules.text.lower():
        # What the target sends to itself passes postrouting as well, which is not in question.
        probes = [packet for packet in probes if packet.interface != "lo"]
    return probes


def shown(kind: str, seed: int) -> Comparison:
    """Print everything about one ruleset."""
    make, arrangement = KINDS[kind]
    rules = make(seed)
    print(rules.text)
    with Lab(arrangement) as lab:
        lab.load(rules)
        analysis = analysed_live(lab)
        print("exact: {0}; {1}".format(analysis.exact, analysis.doubts()))
        probes = _probes(rules, arrangement, analysis, seed, BY_CHANCE)
        found = judged(lab, analysis, probes)
    for text in found.disagreements[:3]:
        print(text)
        packet = next(packet for packet in probes if text.startswith(str(packet) + ":"))
        for step in interpret.walk(analysis.ruleset, packet.point, analysis.host).steps:
            print("    " + step.text)
    print("{0} probes, {1} accepted, {2} disagreements".format(found.probes, found.accepted, len(found.disagreements)))
    return found


if __name__ == "__main__":
    shown(sys.argv[1], int(sys.argv[2]))
