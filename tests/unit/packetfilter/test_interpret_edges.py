# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plain interpreter: edges of ranges and networks, places between hooks, and what it says in words."""

from __future__ import annotations

import pytest

from _gate.packetfilter.interpret import walk
from _gate.packetfilter.model import (
    ANY,
    CT_MARK,
    CT_STATE,
    DADDR,
    DESTINATION_TYPE,
    DPORT,
    FAMILY,
    IIF,
    MARK,
    NEW,
    PROTOCOL,
    REVERSE_PATH,
    SADDR,
    Base,
    Chain,
    Change,
    Host,
    Match,
    Nat,
    Own,
    Route,
    Rule,
    Ruleset,
    Table,
    Verdict,
    Where,
    interface_value,
)

ETH0 = interface_value("eth0")
OWN4, OWN6, LINK6 = 0xC0000219, (0x20010DB8 << 96) + 0x25, (0xFE80 << 112) + 0x25
HOST = Host(
    own=(Own(4, OWN4, "eth0", prefix=24), Own(6, OWN6, "eth0", prefix=64), Own(6, LINK6, "eth0", "link", 64)),
    interfaces=("eth0",),
    forwarding=frozenset((4, 6)),
    routes=(Route(4, 0, 0xFFFFFFFF, "eth0"), Route(6, 0, (1 << 128) - 1, "eth0")),
)
PACKET4 = {FAMILY: 4, IIF: ETH0, PROTOCOL: 6, DPORT: 2525, DADDR: OWN4, SADDR: 9}
PACKET6 = {FAMILY: 6, IIF: ETH0, PROTOCOL: 6, DPORT: 2525, DADDR: OWN6, SADDR: 1 << 120}
EITHER = frozenset(("accept", "drop"))


def rule(verdict, box=ANY):
    return Rule((Match((box,)),), (((ANY,), verdict),), Where("nft", "inet", "t", "c", "line 1", "text"))


def is_(dimension, value):
    return {dimension: ((value, value),)}


def dnat(addresses=None, ports=None, **more):
    return Verdict("nat", nat=Nat(addresses, ports, **more))


def mark(value):
    return Verdict("change", changes=(Change(MARK, 0, value),))


def chain(hook, priority, *rules, policy="accept", kind="filter", devices=(), name="base"):
    return Chain(name, tuple(rules), Base(hook, kind, priority, policy, devices))


def passes(hook, box, priority=0):
    return chain(hook, priority, rule(Verdict("accept"), box), policy="drop")


def walked(*chains, packet=None, host=HOST, family="inet"):
    tables = tuple(Table("nft", family, "t", {each.name: each}) for each in chains)
    return walk(Ruleset(tables), PACKET4 if packet is None else packet, host)


def nat(verdict):
    return chain("prerouting", -100, rule(verdict), kind="nat")


def arrivals(*chains, **more):
    return {(each.path, each.address, each.port) for each in walked(*chains, **more).deliveries}


def test_a_range_of_targets_is_told_apart_by_what_they_are():
    publish = nat(dnat((OWN4 - 1, OWN4 + 1)))
    assert arrivals(publish) == {
        ("forward", (OWN4 - 1, OWN4 - 1), (2525, 2525)),
        ("input", (OWN4, OWN4), (2525, 2525)),
        ("forward", (OWN4 + 1, OWN4 + 1), (2525, 2525)),
    }
    edge = OWN4 | 0xFF
    assert arrivals(nat(dnat((edge - 1, edge)))) == {
        ("forward", (edge - 1, edge - 1), (2525, 2525)),
        ("input", (edge, edge), (2525, 2525)),
    }
    part = Host(HOST.own, HOST.interfaces, HOST.forwarding, (Route(4, 0x0A000001, 0x0A000001, "eth0"),))
    found = walked(nat(dnat((0x0A000000, 0x0A000002))), host=part)
    assert (found.outcomes, found.certainty) == (EITHER, "sometimes")
    assert [each.address for each in found.deliveries] == [(0x0A000001, 0x0A000001)]


@pytest.mark.parametrize(("dport", "new"), [(2500, 5000), (2509, 5009), (2510, 5000), (2499, 5005), (2525, 5005)])
def test_a_port_map_goes_round(dport, new):
    ports = nat(dnat((9, 9), (5000, 5009), old_first_port=2500))
    assert arrivals(ports, packet={**PACKET4, DPORT: dport}) == {("forward", (9, 9), (new, new))}


def test_a_redirect_keeps_the_scope():
    redirect = nat(dnat(local=True))
    assert arrivals(redirect, packet=PACKET6) == {("input", (OWN6, OWN6), (2525, 2525))}
    link = {**PACKET6, DADDR: LINK6 + 1}
    assert arrivals(redirect, packet=link) == {("input", (LINK6, LINK6), (2525, 2525))}
    top = {**PACKET6, DADDR: (0xFEC0 << 112)}
    assert arrivals(redirect, packet=top) == {("input", (OWN6, OWN6), (2525, 2525))}


@pytest.mark.parametrize(
    ("family", "address", "kind"),
    [
        (4, OWN4, 2),
        (4, OWN4 | 0xFF, 3),
        (4, (OWN4 | 0xFF) - 1, 1),
        (4, OWN4 & ~0xFF, 1),
        (4, 0xFFFFFFFF, 3),
        (4, 0xE0000000, 5),
        (4, 0xEFFFFFFF, 5),
        (4, 0xF0000000, 1),
        (6, OWN6, 2),
        (6, 0x20010DB8 << 96, 4),
        (6, (0x20010DB8 << 96) + 1, 1),
        (6, 0xFF << 120, 5),
        (6, (0xFF << 120) - 1, 1),
    ],
)
def test_types_of_destinations(family, address, kind):
    packet = {**(PACKET4 if family == 4 else PACKET6), DADDR: address}
    is_so = passes("prerouting", is_(DESTINATION_TYPE, kind))
    assert "accept" in walked(is_so, packet=packet).outcomes


def test_the_way_back_to_addresses_of_its_own():
    """nftables and iptables do not agree about the broadcast address of a network as a source."""
    there = passes("prerouting", is_(REVERSE_PATH, 1))
    assert walked(there, packet={**PACKET4, SADDR: OWN4 | 0xFF}).certainty == "unknown"
    assert walked(there, packet={**PACKET4, SADDR: (OWN4 | 0xFF) - 1}).outcomes == {"accept"}
    assert walked(there, packet={**PACKET4, SADDR: OWN4}).outcomes == {"drop"}
    assert walked(there, packet={**PACKET6, SADDR: 0x20010DB8 << 96}).outcomes == {"drop"}


def test_a_network_of_two_has_neither_broadcast_nor_anycast():
    host = Host(own=(Own(4, 8, "eth0", prefix=31), Own(6, 8, "eth0", prefix=127)), forwarding=frozenset((6,)))
    unicast = passes("prerouting", is_(DESTINATION_TYPE, 1))
    assert walked(unicast, packet={**PACKET4, DADDR: 9}, host=Host(host.own, None, frozenset((4,)))).outcomes == {
        "accept"
    }
    assert walked(unicast, packet={**PACKET6, DADDR: 9}, host=host).outcomes == {"accept"}
    wider = Host(own=(Own(4, 9, "eth0", prefix=30), Own(6, 9, "eth0", prefix=126)), forwarding=frozenset((6,)))
    for packet, address, kind in ((PACKET4, 11, 3), (PACKET6, 8, 4)):
        is_so = passes("prerouting", is_(DESTINATION_TYPE, kind))
        assert walked(is_so, packet={**packet, DADDR: address}, host=wider).outcomes == {"accept"}


@pytest.mark.parametrize(("hook", "place", "daddr"), [("input", 100, OWN4), ("postrouting", 100, 8)])
def test_nat_at_later_hooks_has_its_place(hook, place, daddr):
    packet = {**PACKET4, DADDR: daddr}
    tracks = chain("output", 0, rule(Verdict("continue"), is_(CT_STATE, NEW)))
    setting = chain(hook, 7, rule(mark(5)), kind="nat")
    assert walked(tracks, setting, passes(hook, is_(MARK, 0), place - 1), packet=packet).outcomes == {"accept"}
    assert walked(tracks, setting, passes(hook, is_(MARK, 5), place + 1), packet=packet).outcomes == {"accept"}


def test_ingress_sees_both_families_on_its_devices():
    early = chain("ingress", 0, policy="drop", devices=("eth0",))
    for packet in (PACKET4, PACKET6):
        assert walked(early, packet=packet, family="netdev").outcomes == {"drop"}
        assert walked(early, packet={**packet, IIF: 7}, family="netdev", host=Host()).outcomes == {"accept"}


@pytest.mark.parametrize(("family", "passing"), [("ip", PACKET6), ("ip6", PACKET4)])
def test_tables_of_one_family(family, passing):
    closed = chain("input", 0, policy="drop")
    assert walked(closed, family=family, packet=passing).outcomes == {"accept"}
    assert walked(closed, family=family, packet=PACKET4 if passing is PACKET6 else PACKET6).outcomes == {"drop"}


def test_a_mark_that_is_copied_from_one_not_known_is_not_known():
    unclear = Verdict("change", changes=(Change(MARK, unclear="numgen"),))
    copied = Verdict("change", changes=(Change(CT_MARK, 0, 0, MARK, 0xFF),))
    masked_away = Verdict("change", changes=(Change(CT_MARK, 0, 3, MARK, 0),))
    for copy, value, outcomes in ((copied, 3, EITHER), (copied, 0, EITHER), (masked_away, 3, {"accept"})):
        base = chain("prerouting", 0, rule(unclear), rule(copy))
        assert walked(base, passes("input", is_(CT_MARK, value))).outcomes == outcomes


def test_goto_returns_to_the_caller_of_the_chain_that_it_left():
    base = chain("input", 0, rule(Verdict("jump", "a")), rule(Verdict("accept")), policy="drop")
    chains = {"a": Chain("a", (rule(Verdict("goto", "b")), rule(Verdict("drop")))), "b": Chain("b", ())}
    assert walk(Ruleset((Table("nft", "inet", "t", {"base": base, **chains}),)), PACKET4, HOST).outcomes == {"accept"}


def test_the_words_of_a_delivery():
    assert walked().steps[-1].text == "delivered to the host itself, 192.0.2.25 port 2525"
    assert walked(packet=PACKET6).steps[-1].text == "delivered to the host itself, 2001:db8::25 port 2525"
    assert walked(packet={**PACKET4, PROTOCOL: 1}).steps[-1].text == "delivered to the host itself, 192.0.2.25"
    far = walked(packet={**PACKET4, DADDR: 0x08080808})
    assert far.steps[-1].text == "forwarded to 8.8.8.8 port 2525 on eth0"
    assert far.deliveries[0].interface == "eth0"
    somewhere = walked(packet={**PACKET4, DADDR: 0x08080808}, host=Host(HOST.own, None, frozenset((4,)), None))
    assert somewhere.steps[-1].text == "forwarded to 8.8.8.8 port 2525 on an interface that is not known"
    assert walked(nat(dnat((9, 9), (25, 27)))).steps[-1].text == "forwarded to 0.0.0.9 port 25-27 on eth0"
    found = walked(chain("input", 0, rule(Verdict("drop")), policy="drop"))
    assert [step.text for step in found.steps] == ["inet t c, line 1: text -> drop"]
    assert found.steps[0].certain
