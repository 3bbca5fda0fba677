# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A packet's whole way through a host that is known: where it arrives, and as what."""

from __future__ import annotations

import dataclasses

import pytest

import handmade_way
import handmade_way_xtables
import xdp
from _gate.packetfilter import interpret, model
from agreement import analysed_live, judged
from arrangements import HOUSE, house
from case import Journey
from lab import Lab, answer
from packets import TCP, probe
from runs import house_probes

JOURNEYS = handmade_way.JOURNEYS + handmade_way_xtables.JOURNEYS
SEED = 20261124


@pytest.mark.parametrize("journey", JOURNEYS, ids=[journey.name for journey in JOURNEYS])
def test_a_journey_ends_where_it_says(journey: Journey, kernel: None) -> None:
    """The facts themselves, as the kernel has them; then diagram and interpreter on those packets and on more."""
    with Lab(house(frozenset(journey.forwarding), journey.settings)) as lab:
        lab.load(journey)
        probes = [packet for packet, _expected in journey.answers]
        told = ["{0}: {1}".format(packet, answer(packet, seen)) for packet, seen in zip(probes, lab.seen(probes))]
        assert told == ["{0}: {1}".format(packet, expected) for packet, expected in journey.answers]

        analysis = analysed_live(lab)
        more = house_probes(journey, analysis, SEED, 150)
        comparison = judged(lab, analysis, [*probes, *more])

    assert comparison.disagreements == ()
    assert comparison.accepted > 0
    assert analysis.exact == journey.exact, analysis.doubts()


def test_the_live_look_knows_the_host(kernel: None) -> None:
    """What the lab gave the target, and what the library finds there."""
    with Lab(HOUSE) as lab:
        lab.load_nft("table inet t { chain c { type filter hook input priority 0; }; }")
        found = analysed_live(lab).host
    for name in ("forwarding", "route_localnet", "bridges"):
        assert getattr(found, name) == getattr(lab.host, name)
    assert sorted(found.interfaces or ()) == sorted(lab.host.interfaces or ())
    assert set(lab.host.own or ()) <= set(found.own or ())
    routes = {dataclasses.astuple(route) for route in found.routes or ()}
    assert {dataclasses.astuple(route) for route in lab.host.routes or ()} <= routes


@pytest.mark.parametrize("verdict", [xdp.DROP, xdp.PASS])
def test_a_program_before_all_rules_leaves_nothing_certain(kernel: None, verdict: int) -> None:
    """Whether it takes everything away or nothing, on its own interface alone."""
    with Lab(HOUSE) as lab:
        lab.load_nft(
            "table inet t { chain c { type filter hook input priority 0; policy drop; tcp dport 25 accept; }; }"
        )
        with lab.target.entered():
            try:
                xdp.attach("eth0", verdict)
            except OSError as error:
                pytest.skip("no XDP program can be attached here: {0}".format(error))
        probes = [probe(TCP, port, interface=name) for name in ("eth0", "eth1") for port in (25, 26)]
        told = [answer(packet, seen) for packet, seen in zip(probes, lab.seen(probes))]
        assert told == ["192.0.2.25:25" if verdict == xdp.PASS else "", "", "192.0.2.25:25", ""]
        analysis = analysed_live(lab)
        assert judged(lab, analysis, probes).disagreements == ()
    space, acceptance = analysis.space, analysis.acceptance
    points = [analysis.point(packet) for packet in probes]
    for region, inside in ((acceptance.unknown, [0]), (acceptance.must, [2]), (acceptance.may, [0, 2])):
        assert [index for index, point in enumerate(points) if space.contains(region, point)] == inside


LIMITS = {
    "nft-limit": ("nft", "limit rate 1/day burst 2 packets accept"),
    "nft-over": ("nft", "limit rate over 1/day burst 2 packets drop;accept"),
    "nft-quota": ("nft", "quota over 90 bytes drop;accept"),
    "nft-connections": ("nft", "ct count over 2 drop;accept"),
    "nft-meter": ("nft", "add @seen { ip saddr limit rate 1/day burst 2 packets } accept"),
    "xt-limit": ("xt", "-m limit --limit 1/hour --limit-burst 2 -j ACCEPT"),
    "xt-hashlimit": (
        "xt",
        "-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 2 --hashlimit-mode srcip --hashlimit-name h -j ACCEPT",
    ),
    "xt-quota": ("xt", "-m quota --quota 90 -j ACCEPT"),
    "xt-recent": (
        "xt",
        "-m recent --name r --update --hitcount 2 --seconds 600 -j DROP;-m recent --name r --set -j ACCEPT",
    ),
    "xt-connlimit": ("xt", "-m connlimit --connlimit-upto 2 -j ACCEPT"),
}
#: These count connections that are open now: one that nothing listened for closes at once, and makes room for another.
COUNTED = ("nft-connections", "xt-connlimit")


NFT_AROUND = """
table inet t {{
  set seen {{ type ipv4_addr; size 99; flags dynamic; }}
  chain c {{
    type filter hook input priority 0; policy drop;
    tcp dport 26 accept
    {0}
  }}
}}
"""
XTABLES_AROUND = "*filter\n:INPUT DROP\n-A INPUT -p tcp --dport 26 -j ACCEPT\n{0}\nCOMMIT\n"


@pytest.mark.parametrize("name", LIMITS)
def test_what_is_fresh_is_accepted_and_what_is_spent_is_not(name: str, kernel: None) -> None:
    """The same packet, often: it comes through at first, and not for ever; the analysis calls that sometimes."""
    tool, parts = LIMITS[name]
    with Lab(HOUSE) as lab:
        if tool == "nft":
            rules = "\n".join("tcp dport 25 " + part for part in parts.split(";"))
            lab.load_nft(NFT_AROUND.format(rules))
        else:
            rules = "\n".join("-A INPUT -p tcp --dport 25 " + part for part in parts.split(";"))
            lab.load_xtables("iptables-legacy", XTABLES_AROUND.format(rules))
        analysis = analysed_live(lab)
        packets = [probe(TCP, 25, sport=40000 + number) for number in range(8)]
        answers = lab.seen(packets)
        came = [seen is not None for seen in answers]
        assert came[0]
        assert not all(came)
        if name not in COUNTED:
            assert came == sorted(came, reverse=True)
        assert [analysis.contradiction(packet, seen) for packet, seen in zip(packets, answers)] == [""] * len(packets)
        assert analysis.space.contains(analysis.acceptance.sometimes, analysis.point(packets[0]))
        assert analysis.surely_accepts(probe(TCP, 26))
        assert not analysis.space.contains(analysis.acceptance.may, analysis.point(probe(TCP, 27)))


BRIDGE = (
    "link add br0 type bridge",
    "link set ens3 master br0",
    "address add 10.5.0.1/24 dev br0",
    "link set br0 up",
)


def test_a_bridge_may_drop_before_all_else(kernel: None) -> None:
    """What comes in on a bridge whose table drops is in doubt, and nothing else is."""
    with Lab(HOUSE) as lab:
        lab.target.run("ip", "-batch", "-", text="\n".join(BRIDGE))
        lab.load_nft(
            "table bridge b {\n chain c { type filter hook prerouting priority 0; tcp dport 25 drop; }\n}\n"
            "table inet t {\n chain c { type filter hook input priority 0; policy drop; tcp dport { 25, 26 } accept; }\n}\n"
        )
        probes = [probe(TCP, port, interface=name) for name in ("ens3", "eth0") for port in (25, 26, 27)]
        came = lab.delivered(probes)
        analysis = analysed_live(lab)
    assert came == [False, True, False, True, True, False]
    assert analysis.host.bridges == {"br0"}
    for packet in probes:
        arrived = {**packet.point, model.IIF: model.interface_value(packet.interface.replace("ens3", "br0"))}
        expected = "unknown" if (packet.interface, packet.dport) == ("ens3", 25) else "always"
        assert interpret.walk(analysis.ruleset, arrived, analysis.host).certainty == expected
        unknown = analysis.space.contains(analysis.acceptance.unknown, {**analysis.point(packet), **arrived})
        assert unknown == (expected == "unknown"), packet
