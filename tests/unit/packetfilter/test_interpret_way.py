# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plain interpreter: what changes on a packet's way, NAT, and routing. tests/kernel asks the kernel the same."""

from __future__ import annotations

import pytest

from _gate.errors import EvidenceError
from _gate.packetfilter.interpret import decided_by, walk
from _gate.packetfilter.model import (
    ANY,
    CT_DNAT,
    CT_MARK,
    CT_STATE,
    CT_ZONE,
    DADDR,
    DESTINATION_TYPE,
    DPORT,
    FAMILY,
    ICMP_TYPE,
    IIF,
    INVALID,
    LOCAL,
    MARK,
    NEW,
    NOTHING_KNOWN,
    OIF,
    ORIGINAL_DADDR,
    ORIGINAL_DPORT,
    PROTOCOL,
    REVERSE_PATH,
    SADDR,
    UNICAST,
    UNTRACKED,
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

ETH0, DOCKER0, LO = (interface_value(name) for name in ("eth0", "docker0", "lo"))
HOST_ADDRESS, CONTAINER, CLIENT = 0xC0000219, 0xAC110002, 0xC6336407
PACKET = {FAMILY: 4, IIF: ETH0, PROTOCOL: 6, DPORT: 2525, DADDR: HOST_ADDRESS, SADDR: CLIENT}
ACCEPTED, DROPPED, EITHER = frozenset(["accept"]), frozenset(["drop"]), frozenset(["accept", "drop"])
HOST = Host(
    own=(
        Own(4, 0x7F000001, "lo", "host", 8),
        Own(4, HOST_ADDRESS, "eth0", "global", 24),
        Own(4, 0xAC110001, "docker0", "global", 16),
    ),
    interfaces=("lo", "eth0", "docker0", "wg0"),
    forwarding=frozenset([4]),
    routes=(
        Route(4, 0, 0xFFFFFFFF, "eth0", 100),
        Route(4, 0xAC110000, 0xAC11FFFF, "docker0"),
        Route(4, 0x0A000000, 0x0AFFFFFF, ""),
        Route(4, 0x0A010000, 0x0A01FFFF, "wg0", 20),
        Route(4, 0x0A010000, 0x0A01FFFF, "docker0", 10),
    ),
)


def is_(dimension, value):
    return {dimension: ((value, value),)}


def rule(verdict, *boxes, doubt="", run_time=False):
    if isinstance(verdict, str):
        verdict = Verdict(verdict, text="queue" * (verdict in ("unfollowed", "elsewhere")))
    matches = tuple(Match((box,), doubt=doubt, run_time=run_time) for box in boxes or (ANY,))
    return Rule(matches, (((ANY,), verdict),), Where("nft", "inet", "t", "c", "line 1", verdict.kind))


def change(dimension, keep=0, flip=0, **more):
    return Verdict("change", changes=(Change(dimension, keep, flip, **more),))


def dnat(address=None, port=None, **more):
    def pair(value):
        return value if value is None or isinstance(value, tuple) else (value, value)

    return Verdict("nat", nat=Nat(pair(address), pair(port), **more))


def chain(hook, priority, *rules, policy="accept", kind="filter"):
    name = "{0}{1}{2}".format(hook, priority, kind)
    return Chain(name, tuple(rules), Base(hook, kind, priority, policy))


def nat(*rules, priority=-100):
    return chain("prerouting", priority, *rules, kind="nat")


def only(hook, *boxes, priority=0):
    """A chain that accepts what lies in all of the boxes."""
    return chain(hook, priority, rule("accept", *boxes), policy="drop")


def tables(*chains, family="inet", source="nft"):
    """One table for each chain, so that two may have the same name."""
    return [Table(source, family, "t", {each.name: each}) for each in chains]


def walked(*chains, packet=None, host=HOST, more=()):
    return walk(Ruleset(tuple(tables(*chains)) + tuple(more)), {**PACKET, **(packet or {})}, host)


def outcomes(*chains, **more):
    return walked(*chains, **more).outcomes


def delivery(*chains, **more):
    found = walked(*chains, **more)
    assert found.outcomes == ACCEPTED
    return [(each.path, each.address, each.port, each.interface) for each in found.deliveries]


def one(value):
    return (value, value)


#: A rule that switches conntrack on, and changes nothing.
TRACKS = chain("input", 9, rule("continue", is_(CT_STATE, NEW)))


# Conntrack


def test_a_packet_is_new_only_behind_conntrack():
    for priority, state in ((-300, INVALID), (-199, NEW), (0, NEW)):
        assert outcomes(only("prerouting", is_(CT_STATE, state), priority=priority)) == ACCEPTED, priority
    assert outcomes(only("input", is_(CT_STATE, NEW))) == ACCEPTED


def test_at_the_priority_of_conntrack_either_comes_first():
    found = walked(only("prerouting", is_(CT_STATE, NEW), priority=-200))
    assert (found.outcomes, found.certainty) == (EITHER, "unknown")
    assert outcomes(chain("prerouting", -200, rule("accept")), only("input", is_(CT_STATE, NEW))) == ACCEPTED


def test_on_loopback_a_packet_was_tracked_as_it_was_sent():
    assert outcomes(only("prerouting", is_(CT_STATE, NEW), priority=-300), packet={IIF: LO}) == ACCEPTED
    raw = chain("prerouting", -300, rule(change(CT_STATE, flip=UNTRACKED)))
    assert outcomes(raw, only("input", is_(CT_STATE, NEW)), packet={IIF: LO}) == ACCEPTED
    assert outcomes(nat(rule("drop")), packet={IIF: LO}) == ACCEPTED


def test_notrack_acts_before_conntrack_alone():
    notrack = rule(change(CT_STATE, flip=UNTRACKED))
    untracked = only("input", is_(CT_STATE, UNTRACKED))
    assert outcomes(chain("prerouting", -300, notrack), untracked) == ACCEPTED
    assert outcomes(chain("prerouting", -150, notrack), untracked) == DROPPED


def test_neighbour_discovery_is_not_tracked():
    for kind, state in ((128, NEW), (135, UNTRACKED), (137, NEW), (143, UNTRACKED)):
        packet = {FAMILY: 6, PROTOCOL: 58, ICMP_TYPE: kind, DADDR: 1 << 120, SADDR: 2 << 120}
        assert outcomes(only("input", is_(CT_STATE, state)), packet=packet, host=NOTHING_KNOWN) == ACCEPTED, kind
    assert outcomes(only("input", is_(CT_STATE, NEW)), packet={PROTOCOL: 58, ICMP_TYPE: 0}) == ACCEPTED


def test_what_is_not_tracked_passes_no_nat():
    raw = chain("prerouting", -300, rule(change(CT_STATE, flip=UNTRACKED)))
    assert outcomes(nat(rule("drop")), TRACKS) == DROPPED
    assert outcomes(raw, nat(rule("drop"))) == ACCEPTED
    assert outcomes(raw, chain("input", 100, rule("drop"), kind="nat")) == ACCEPTED


# Marks


def test_without_conntrack_no_packet_passes_nat():
    found = walked(nat(rule("drop")))
    assert (found.outcomes, found.certainty) == (EITHER, "unknown")
    assert outcomes(nat(rule("drop")), chain("output", 0, rule("accept", is_(CT_STATE, NEW)))) == DROPPED


def test_zones_are_set_before_conntrack_and_once():
    zone = chain("prerouting", -300, rule(change(CT_ZONE, flip=7)), rule(change(CT_ZONE, flip=8)))
    assert outcomes(zone, only("input", is_(CT_ZONE, 7), is_(CT_STATE, NEW))) == ACCEPTED
    notrack = chain("prerouting", -299, rule(change(CT_STATE, flip=UNTRACKED)))
    assert outcomes(zone, notrack, only("input", is_(CT_STATE, NEW))) == ACCEPTED
    assert (
        outcomes(chain("prerouting", -199, rule(change(CT_ZONE, flip=7))), only("input", is_(CT_ZONE, 0))) == ACCEPTED
    )


def test_marks_follow_the_packet():
    assert outcomes(only("input", is_(MARK, 0))) == ACCEPTED
    setting = chain("prerouting", -150, rule(change(MARK, flip=6)), rule(change(MARK, keep=0xFFFFFFFD, flip=1)))
    assert outcomes(setting, only("input", is_(MARK, 5))) == ACCEPTED
    save = chain("prerouting", -140, rule(change(CT_MARK, source=MARK, source_mask=4)))
    assert outcomes(setting, save, only("input", is_(CT_MARK, 4), is_(MARK, 5))) == ACCEPTED
    restore = chain("input", -1, rule(change(MARK, source=CT_MARK, source_mask=0xFFFFFFFF)))
    assert outcomes(setting, save, restore, only("input", is_(MARK, 4))) == ACCEPTED


def test_a_packet_without_a_connection_has_no_connection_mark():
    early = chain("prerouting", -300, rule(change(CT_MARK, flip=7)))
    assert outcomes(early, only("input", is_(CT_MARK, 0))) == ACCEPTED
    restore = chain("prerouting", -299, rule(change(MARK, flip=3)), rule(change(MARK, source=CT_MARK, source_mask=1)))
    assert outcomes(restore, only("input", is_(MARK, 3))) == ACCEPTED


def test_a_mark_that_is_not_clear_is_split_where_rules_tell_values_apart():
    unclear = chain("prerouting", -150, rule(change(MARK, unclear="numgen")))
    found = walked(unclear, only("input", is_(MARK, 1)))
    assert (found.outcomes, found.certainty) == (EITHER, "unknown")
    both = chain(
        "input", 0, rule("accept", is_(MARK, 1)), rule("accept", {MARK: ((0, 0), (2, 0xFFFFFFFF))}), policy="drop"
    )
    assert outcomes(unclear, both) == ACCEPTED
    twice = chain("input", 1, rule("drop", is_(MARK, 1)))
    assert outcomes(unclear, only("input", is_(MARK, 1)), twice) == DROPPED
    cleared = chain("input", -5, rule(change(MARK, flip=9)))
    assert outcomes(unclear, cleared, only("input", is_(MARK, 9))) == ACCEPTED


# NAT


def test_a_redirect_shows_the_new_port_to_later_rules():
    redirect = nat(rule(dnat(port=25, local=True), is_(DPORT, 2525)))
    assert outcomes(redirect, only("input", is_(DPORT, 25), is_(CT_DNAT, 1), is_(ORIGINAL_DPORT, 2525))) == ACCEPTED
    assert outcomes(redirect, only("input", is_(DPORT, 25)), packet={DPORT: 25}) == ACCEPTED
    assert outcomes(redirect, only("input", is_(DPORT, 2525))) == DROPPED
    assert delivery(redirect) == [("input", one(HOST_ADDRESS), one(25), "")]


def test_a_redirect_needs_an_address_on_the_interface():
    redirect = nat(rule(dnat(port=25, local=True)))
    found = walked(redirect, packet={IIF: interface_value("wg0")})
    assert found.outcomes == DROPPED
    assert found.steps[-1].text == "there is no address to redirect to"
    known = only("input", is_(DADDR, HOST_ADDRESS))
    assert walked(redirect, known, host=NOTHING_KNOWN).certainty == "unknown"
    assert outcomes(redirect, only("input", is_(DPORT, 25)), host=NOTHING_KNOWN) == ACCEPTED


def test_a_published_port_is_forwarded_and_passes_no_input():
    publish = nat(rule(dnat(CONTAINER, 25), is_(DESTINATION_TYPE, LOCAL)))
    forward = only("forward", is_(OIF, DOCKER0), is_(DADDR, CONTAINER), is_(DPORT, 25), is_(DESTINATION_TYPE, UNICAST))
    closed = only("input", is_(DPORT, 1))
    assert delivery(publish, closed, forward) == [("forward", one(CONTAINER), one(25), "docker0")]
    assert outcomes(publish, chain("forward", 0, policy="drop")) == DROPPED
    assert outcomes(publish, only("forward", is_(DPORT, 2525))) == DROPPED
    assert outcomes(publish, only("forward", is_(ORIGINAL_DPORT, 2525), is_(ORIGINAL_DADDR, HOST_ADDRESS))) == ACCEPTED
    assert outcomes(publish, forward, chain("postrouting", -150, rule("drop", is_(OIF, DOCKER0)))) == DROPPED


def test_without_forwarding_nothing_is_forwarded():
    publish = nat(rule(dnat(CONTAINER, 25)))
    off = Host(HOST.own, HOST.interfaces, frozenset([6]), HOST.routes)
    found = walked(publish, host=off)
    assert found.outcomes == DROPPED
    assert decided_by(found).text == "it is not for this host, which does not forward IPv4"
    unknown = Host(HOST.own, HOST.interfaces, None, HOST.routes)
    assert walked(publish, host=unknown).certainty == "unknown"


def test_the_first_chain_that_translates_wins():
    first = nat(rule(dnat(port=25, local=True)), priority=-110)
    second = nat(rule(dnat(port=26, local=True)), priority=-90)
    assert outcomes(second, first, only("input", is_(DPORT, 25))) == ACCEPTED
    assert outcomes(nat(rule("accept"), priority=-110), second, only("input", is_(DPORT, 26))) == ACCEPTED
    assert outcomes(first, nat(rule("drop"), priority=0)) == ACCEPTED
    unchanged = nat(rule(dnat(HOST_ADDRESS, 2525)), priority=-110)
    assert outcomes(unchanged, second, only("input", is_(DPORT, 2525), is_(CT_DNAT, 0))) == ACCEPTED


def test_all_chains_of_type_nat_act_at_one_priority():
    late = nat(rule(dnat(port=25, local=True)), priority=50)
    assert outcomes(late, only("prerouting", is_(DPORT, 25), priority=0)) == ACCEPTED
    assert outcomes(late, only("prerouting", is_(DPORT, 2525), priority=-101)) == ACCEPTED
    assert walked(late, only("prerouting", is_(DPORT, 25), priority=-100)).certainty == "unknown"


def test_of_one_priority_nft_runs_the_last_made_first():
    first, second = (chain("input", 0, rule(change(MARK, flip=value))) for value in (1, 2))
    last = only("input", is_(MARK, 1), priority=5)
    assert outcomes(first, second, last) == ACCEPTED
    legacy = tables(second, source="iptables")
    assert walked(first, last, more=legacy).certainty == "unknown"
    assert outcomes(first, only("input", is_(DPORT, 2525), priority=5), more=legacy) == ACCEPTED
    limited = chain("input", 5, rule("accept", doubt="limit", run_time=True), policy="drop")
    assert walked(first, limited, more=legacy).certainty == "sometimes"


def test_where_the_kernel_chooses_the_answer_is_sometimes():
    publish = nat(rule(dnat((CONTAINER, CONTAINER + 1), (25, 27))))
    found = walked(publish, only("forward", is_(DADDR, CONTAINER)))
    assert (found.outcomes, found.certainty) == (EITHER, "sometimes")
    assert [(each.address, each.port) for each in found.deliveries] == [(one(CONTAINER), (25, 27))]
    assert outcomes(publish, only("forward", {DADDR: ((CONTAINER, CONTAINER + 1),)}, {DPORT: ((25, 27),)})) == ACCEPTED
    kept = nat(rule(dnat(CONTAINER, (2000, 3000))))
    assert delivery(kept) == [("forward", one(CONTAINER), one(2525), "docker0")]


def test_port_maps_and_netmap_keep_the_order():
    ports = nat(rule(dnat(CONTAINER, (5000, 5999), old_first_port=2500)))
    assert delivery(ports)[0][2] == one(5025)
    network = nat(rule(dnat((0xAC110000, 0xAC11FFFF), netmap=True)))
    assert delivery(network)[0][1] == one(0xAC110219)


def test_protocols_without_ports_keep_their_bytes():
    publish = nat(rule(dnat(CONTAINER, 25)))
    assert delivery(publish, packet={PROTOCOL: 47, DPORT: 7}) == [("forward", one(CONTAINER), one(7), "docker0")]


def test_loopback_addresses_are_not_reached_from_outside():
    publish = nat(rule(dnat(0x7F000001, 25)))
    assert outcomes(publish) == DROPPED
    assert outcomes(publish, host=NOTHING_KNOWN) == DROPPED
    open_host = Host(HOST.own, HOST.interfaces, HOST.forwarding, HOST.routes, frozenset(["eth0"]))
    assert delivery(publish, host=open_host) == [("input", one(0x7F000001), one(25), "")]


# Routing


def test_the_longest_prefix_and_the_smallest_metric_decide():
    for address, interface in ((0x08080808, "eth0"), (CONTAINER, "docker0"), (0x0A010001, "docker0")):
        assert delivery(packet={DADDR: address}) == [("forward", one(address), one(2525), interface)]
    assert outcomes(packet={DADDR: 0x0A020001}) == DROPPED
    assert outcomes(packet={DADDR: 0xC00002FF}) == ACCEPTED  # the broadcast address of eth0


def test_without_routes_only_rules_on_the_output_are_in_doubt():
    host = Host(HOST.own, HOST.interfaces, HOST.forwarding, None)
    assert delivery(packet={DADDR: CONTAINER}, host=host) == [("forward", one(CONTAINER), one(2525), "")]
    assert walked(only("forward", is_(OIF, DOCKER0)), packet={DADDR: CONTAINER}, host=host).certainty == "unknown"


def test_without_own_addresses_the_question_is_about_the_host_itself():
    assert delivery(packet={DADDR: CONTAINER}, host=NOTHING_KNOWN) == [("input", one(CONTAINER), one(2525), "")]
    publish = nat(rule(dnat(CONTAINER, 25)))
    found = walked(publish, only("input", is_(DPORT, 25)), host=Host(forwarding=frozenset([4]), routes=HOST.routes))
    assert found.outcomes == ACCEPTED
    assert {each.path for each in found.deliveries} == {"input", "forward"}
    closed = walked(publish, chain("input", 0, policy="drop"), host=Host(forwarding=frozenset([4]), routes=HOST.routes))
    assert (closed.outcomes, closed.certainty) == (EITHER, "unknown")


@pytest.mark.parametrize(
    ("source", "iif", "passes"),
    [
        (CLIENT, ETH0, True),
        (CLIENT, DOCKER0, False),
        (CONTAINER, ETH0, False),
        (CONTAINER, DOCKER0, True),
        (CLIENT, LO, True),
    ],
)
def test_the_reverse_path(source, iif, passes):
    chains = (only("prerouting", is_(REVERSE_PATH, 1)),)
    assert (outcomes(*chains, packet={SADDR: source, IIF: iif}) == ACCEPTED) == passes
    assert outcomes(*chains, packet={SADDR: source, IIF: iif}, host=NOTHING_KNOWN) == ACCEPTED


LINK_LOCAL = (0xFE80 << 112) + 1
HOST6 = Host(
    own=(Own(6, 1, "lo", "host"), Own(6, 0x20010DB8 << 96 | 0x25, "eth0", prefix=64)),
    forwarding=frozenset([6]),
    routes=(Route(6, 0, (1 << 128) - 1, "eth0"), Route(6, 0xFE80 << 112, (0xFE81 << 112) - 1, "docker0")),
)
PACKET6 = {FAMILY: 6, DADDR: 0x26200001 << 96, SADDR: 0x20010DB9 << 96}


def test_what_comes_from_a_link_local_address_stays_on_its_link():
    packet = {**PACKET6, SADDR: LINK_LOCAL}
    assert outcomes(packet=packet, host=HOST6) == ACCEPTED
    assert outcomes(packet={**packet, IIF: DOCKER0}, host=HOST6) == DROPPED
    assert outcomes(packet={**PACKET6, IIF: DOCKER0}, host=HOST6) == ACCEPTED
    passes = only("prerouting", is_(REVERSE_PATH, 1))
    assert outcomes(passes, packet={**packet, DADDR: HOST6.own[1].value}, host=HOST6) == ACCEPTED
    closer = Host(HOST6.own, None, HOST6.forwarding, HOST6.routes + (Route(6, LINK_LOCAL, LINK_LOCAL, "docker0"),))
    assert outcomes(passes, packet={**packet, DADDR: HOST6.own[1].value}, host=closer) == ACCEPTED


def test_a_router_listens_to_the_first_address_of_its_networks():
    packet = {**PACKET6, DADDR: 0x20010DB8 << 96}
    assert outcomes(only("input", is_(DESTINATION_TYPE, 4)), packet=packet, host=HOST6) == ACCEPTED
    still = Host(HOST6.own, None, frozenset(), HOST6.routes)
    assert outcomes(packet=packet, host=still) == DROPPED


def test_routes_of_ipv6_that_lead_nowhere_have_types_of_their_own():
    routes = (
        Route(6, 0x20010DB8 << 96, (0x20010DB9 << 96) - 1, "eth0"),
        Route(6, 0xDEAD << 112, (0xDEAE << 112) - 1, ""),
    )
    host = Host(HOST6.own, None, HOST6.forwarding, routes)
    back = nat(rule(dnat(HOST6.own[1].value, 25), is_(DESTINATION_TYPE, UNICAST)))
    assert outcomes(back, packet={**PACKET6, DADDR: 0xDEAD << 112}, host=host) == DROPPED
    unreachable = nat(rule(dnat(HOST6.own[1].value, 25), is_(DESTINATION_TYPE, 7)))
    assert outcomes(unreachable, packet=PACKET6, host=host) == ACCEPTED
    assert outcomes(back, packet={**PACKET6, DADDR: 0x20010DB8 << 96 | 9}, host=host) == ACCEPTED


def test_loopback_of_ipv6_is_looked_for_behind_the_input_interface():
    publish = nat(rule(dnat(1, 25)))
    assert delivery(publish, packet=PACKET6, host=HOST6) == [("forward", one(1), one(25), "eth0")]
    assert outcomes(publish, packet={**PACKET6, IIF: DOCKER0}, host=HOST6) == DROPPED


# Doubt


def test_what_hangs_on_the_hosts_state_is_sometimes_and_all_else_unknown():
    limit, strange = (rule("accept", is_(DPORT, 2525), doubt="d", run_time=run_time) for run_time in (True, False))
    closed = {"policy": "drop"}
    assert walked(chain("input", 0, limit, **closed)).certainty == "sometimes"
    assert walked(chain("input", 0, strange, **closed)).certainty == "unknown"
    assert walked(chain("input", 0, limit, strange, **closed)).certainty == "unknown"
    assert walked(chain("input", 0, strange, rule("accept"))).certainty == "always"
    harmless = rule("drop", doubt="d")
    assert walked(chain("input", 0, limit, harmless, **closed)).certainty == "sometimes"


def test_something_elsewhere_accepts_or_drops():
    found = walked(chain("input", 0, rule("elsewhere")))
    assert (found.outcomes, found.certainty) == (EITHER, "sometimes")
    assert outcomes(chain("input", 0, rule("elsewhere")), chain("input", 1, policy="drop")) == DROPPED


def test_what_a_bridge_may_drop_is_in_doubt():
    host = Host(HOST.own, bridges=frozenset(["docker0"]))

    def on_bridge(*boxes):
        chains = {"c": Chain("c", (rule("drop", *boxes),), Base("prerouting", "filter", 0, "accept"))}
        return walked(more=[Table("nft", "bridge", "b", chains)], host=host, packet={IIF: DOCKER0})

    assert (on_bridge().outcomes, on_bridge().certainty) == (EITHER, "unknown")
    assert on_bridge(is_(DPORT, 25)).outcomes == ACCEPTED
    assert on_bridge(is_(IIF, interface_value("veth1"))).certainty == "unknown"
    assert walked(host=host, packet={IIF: DOCKER0}).outcomes == ACCEPTED
    elsewhere = Table("nft", "bridge", "b", {"c": chain("prerouting", 0, rule("drop"))})
    assert walked(more=[elsewhere], host=host).outcomes == ACCEPTED


def test_many_doubts_in_a_row_are_followed_in_bounded_time():
    call = Verdict("jump", chain="leaf")
    rules = [rule(call, doubt="limit", run_time=True) for _number in range(3000)]
    base = chain("input", 0, *rules, policy="drop")
    table = Table("nft", "inet", "t", {base.name: base, "leaf": Chain("leaf", ())})
    assert walk(Ruleset((table,)), PACKET).outcomes == DROPPED


def test_broken_chains_are_named():
    base = chain("input", 0, rule(Verdict("jump", chain="d")))
    with pytest.raises(EvidenceError, match="chain d of table inet t: the chain is missing"):
        walk(Ruleset((Table("nft", "inet", "t", {base.name: base}),)), PACKET)
    circle = Chain("d", (rule(Verdict("goto", chain="d")),))
    with pytest.raises(EvidenceError, match="circle"):
        walk(Ruleset((Table("nft", "inet", "t", {base.name: base, "d": circle}),)), PACKET)
