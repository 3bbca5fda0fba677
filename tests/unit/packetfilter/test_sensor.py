# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packets the look asks about: by the options, and by the addresses and interfaces of the host."""

from __future__ import annotations

import pytest

from _gate.errors import IntentError
from _gate.packetfilter import live
from _gate.packetfilter.addresses import question
from _gate.packetfilter.live import Address, HostFacts
from _gate.packetfilter.model import (
    ACCEPT,
    ANY,
    DADDR,
    DROP,
    FAMILY,
    IIF,
    REVERSE_PATH,
    SADDR,
    Base,
    Chain,
    Host,
    Match,
    Own,
    Route,
    Rule,
    Ruleset,
    Table,
    Verdict,
    Where,
    interface_value,
)  # fmt: skip
from _gate.packetfilter.openings import lines
from _gate.packetfilter.readers.combine import RulesEvidence
from _gate.packetfilter.sensor import NETWORK, ROUTING, LeftOut, look_at_filter

SAVE = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n"
HERE = Where("nft", "inet", "t", "c", "handle 1")
V4 = Address(4, "192.0.2.1", "eth0", "global")
V6 = Address(6, "2001:db8::1", "eth0", "global")
DOCKERS = (Route(4, 0xAC110000, 0xAC11FFFF, "docker0", 0),)
DEFAULT = Route(4, 0, 0xFFFFFFFF, "eth0", 100)
EVERY_ETH1 = ((interface_value("eth1"), interface_value("eth1")),)
LINK = Address(6, "fe80::1", "eth0", "link")


@pytest.fixture
def files(tmp_path):
    for name in ("iptables", "ip6tables"):
        (tmp_path / name).write_text(SAVE, encoding="utf-8")
    return {name: str(tmp_path / name) for name in ("iptables", "ip6tables")}


@pytest.fixture
def host(monkeypatch):
    """A live host without rules that has the given addresses."""

    def has(*addresses):
        facts = HostFacts(addresses, ("eth0", "lo"))
        rules = RulesEvidence(Ruleset((), ()), frozenset({4, 6}), ())
        monkeypatch.setattr(live, "from_host", lambda run: (rules, facts))

    return has


def test_addresses_of_one_family_do_not_silence_the_other(files):
    seen = look_at_filter(files, addresses=["192.0.2.1"])
    assert seen.question == seen.promised
    assert seen.question == seen.space.union(
        question(seen.space, [4], addresses=["192.0.2.1"]), question(seen.space, [6])
    )
    alone = look_at_filter(files, addresses=["192.0.2.1"], families=["ipv4"])
    assert alone.question == question(alone.space, [4], addresses=["192.0.2.1"])


def test_addresses_of_one_family_do_not_silence_the_other_that_a_live_host_has(host):
    host(V4, V6)
    seen = look_at_filter({}, addresses=["192.0.2.1"])
    assert seen.space.meet(seen.question, question(seen.space, [6], addresses=["2001:db8::1"]))


def test_addresses_of_one_family_leave_the_other_to_the_hosts_own(host):
    """What is known of the host stays known: nothing there counts as its own but what is."""
    host(V4, V6, LINK)
    seen = look_at_filter({}, addresses=["192.0.2.1"])
    assert seen.question == question(seen.space, [4, 6], addresses=["192.0.2.1", "2001:db8::1", "fe80::1"])
    assert seen.promised == question(seen.space, [4, 6], ["eth0"], ["192.0.2.1", "2001:db8::1"])
    assert seen.host.own is not None


def test_an_address_that_the_host_has_not_is_named(host):
    host(V4)
    seen = look_at_filter({}, addresses=["192.0.2.1", "198.51.100.9"])
    assert [note for note in seen.notes if "is no address" in note] == [
        "198.51.100.9 is no address of this host now: the answer is what its rules would do if it had it (option addresses)"
    ]
    assert seen.space.meet(seen.promised, question(seen.space, [4], ["eth0"], ["198.51.100.9"]))


def test_files_for_any_host_have_no_remarks_about_its_addresses(files):
    assert look_at_filter(files, addresses=["198.51.100.9"]).notes == look_at_filter(files).notes


def test_loopback_is_no_part_of_the_question(host, files):
    host(V4)
    for rules in ({}, files):
        with pytest.raises(IntentError, match="lo is no part of the question"):
            look_at_filter(rules, interfaces=["eth0", "lo"])


def test_a_live_host_is_asked_about_its_own_addresses(host):
    host(V4, LINK)
    seen = look_at_filter({})
    assert seen.question == question(seen.space, [4, 6], addresses=["192.0.2.1", "fe80::1"])
    assert seen.promised == question(seen.space, [4], ["eth0"], ["192.0.2.1"])


def test_a_family_that_is_asked_for_is_asked_about_also_where_the_host_has_no_address_yet(host):
    host(V4)
    seen = look_at_filter({}, families=["ipv6"])
    assert seen.question == question(seen.space, [6])
    assert seen.promised == question(seen.space, [6], ["eth0"])


def test_what_is_promised_arrives_on_an_interface_that_the_host_has(host, files):
    """A rule for eth0 alone opens the port where eth0 is all there is; candidate files may be for any host."""
    host(V4)
    live_look, of_files = look_at_filter({}), look_at_filter(files)
    other = question(live_look.space, [4], ["eth1"], ["192.0.2.1"])
    assert live_look.space.is_subset(other, live_look.question)
    assert not live_look.space.meet(other, live_look.promised)
    assert of_files.promised == of_files.question


@pytest.mark.parametrize(
    ("bridges", "routes", "promised"),
    [
        (["docker0"], ["eth0"], ["eth0"]),  # containers, virtual machines
        (["br0", "docker0"], ["br0"], ["br0", "eth0"]),  # a host whose own way out is a bridge
        (["docker0"], [], ["docker0", "eth0"]),  # nothing tells them apart
        ([], ["eth0"], ["docker0", "eth0"]),
    ],
)
def test_nothing_is_promised_to_what_is_behind_a_bridge_of_this_host(monkeypatch, bridges, routes, promised):
    names = tuple(sorted({"docker0", "eth0", *bridges}))
    defaults = [Route(4, 0, 0xFFFFFFFF, name, 0) for name in routes]
    near = [Route(4, 0x0A000000 + (at << 16), 0x0A00FFFF + (at << 16), name, 0) for at, name in enumerate(names)]
    host = Host(own=(), interfaces=names, routes=(*defaults, *near), bridges=frozenset(bridges))
    facts = HostFacts((V4,), (*names, "lo"), host, virtual_bridges=frozenset(bridges))
    rules = RulesEvidence(Ruleset((), ()), frozenset({4, 6}), ())
    monkeypatch.setattr(live, "from_host", lambda run: (rules, facts))
    seen = look_at_filter({})
    asked = {name: question(seen.space, [4], [name], ["192.0.2.1"]) for name in names}
    assert [name for name in names if seen.space.meet(asked[name], seen.promised)] == promised


def test_a_bridge_with_a_card_is_where_clients_are(monkeypatch):
    """The network at home behind a router that is the mail server, too."""
    names = ("br0", "docker0", "eth0", "lo")
    behind = Route(4, 0xC0A80700, 0xC0A807FF, "br0", 0)
    host = Host(own=(), interfaces=names, routes=(DEFAULT, behind), bridges=frozenset({"br0", "docker0"}))
    inside = Address(4, "172.17.0.1", "docker0", "global")
    near = Address(4, "192.168.7.1", "br0", "global")
    facts_of(monkeypatch, HostFacts((V4, inside, near), names, host, virtual_bridges=frozenset({"docker0"})))
    seen = look_at_filter({})
    assert seen.space.values(seen.promised, IIF) == tuple((interface_value(name),) * 2 for name in ("br0", "eth0"))
    assert seen.space.values(seen.promised, DADDR) == ((0xC0000201,) * 2, (0xC0A80701,) * 2)
    assert seen.space.meet(seen.question, question(seen.space, [4], ["eth0"], ["172.17.0.1"]))


def test_clients_arrive_wherever_a_default_route_leads_out_whatever_its_metric(monkeypatch):
    names = ("eth0", "eth1", "lo")
    own = (Own(4, 0xC0000201, "eth0", "global", 24),)
    for second, promised in (((Route(4, 0, 0xFFFFFFFF, "eth1", 200),), True), ((), False)):
        facts_of(monkeypatch, HostFacts((V4,), names, Host(own=own, interfaces=names, routes=(DEFAULT, *second))))
        seen = look_at_filter({})
        source = seen.space.box({FAMILY: ((4, 4),), IIF: EVERY_ETH1, SADDR: ((0xCB007101, 0xCB007101),)})
        assert seen.space.meet(seen.promised, source) == promised


def test_nothing_is_promised_to_packets_that_no_client_sends(monkeypatch):
    """Firewalld drops what comes from the host's own address, or from a network that is behind another interface."""
    names = ("eth0", "eth1", "lo")
    own = (Own(4, 0xC0000201, "eth0", "global", 24), Own(4, 0x0A000001, "eth1", "global", 8))
    routes = (
        Route(4, 0, 0xFFFFFFFF, "eth0", 0),
        Route(4, 0xC0000200, 0xC00002FF, "eth0", 0),
        Route(4, 0x0A000000, 0x0AFFFFFF, "eth1", 0),
    )

    def promised(from_address, interface, routes=routes, family=4):
        facts = HostFacts((V4, V6), names, Host(own=own, interfaces=names, routes=routes))
        rules = RulesEvidence(Ruleset((), ()), frozenset({4, 6}), ())
        monkeypatch.setattr(live, "from_host", lambda run: (rules, facts))
        seen = look_at_filter({})
        source = seen.space.box({FAMILY: ((family, family),), SADDR: ((from_address, from_address),)})
        asked = question(seen.space, [4, 6], [interface], ["192.0.2.1", "2001:db8::1"])
        return seen.space.meet(seen.promised, seen.space.intersect(source, asked))

    assert promised(0xCB007101, "eth0")
    assert not promised(0xCB007101, "eth1")
    assert promised(0x0A000002, "eth1")
    assert not promised(0x0A000002, "eth0")
    assert promised(0xC0000202, "eth0")
    assert not promised(0xC0000201, "eth0")  # the host itself
    assert not promised(0x0AFFFFFF, "eth0")  # nobody: a broadcast address
    assert not promised(0x0AFFFFFF, "eth1")
    without_default = routes[1:]
    assert not promised(0xFE80 << 112, "eth0", family=6)
    assert promised(0x20010DB9 << 96, "eth0", family=6)
    assert promised(0xCB007101, "eth0", without_default)
    assert promised(0xCB007101, "eth1", without_default)
    assert not promised(0x0A000002, "eth0", without_default)


def facts_of(monkeypatch, facts):
    rules = RulesEvidence(Ruleset((), ()), frozenset({4, 6}), ())
    monkeypatch.setattr(live, "from_host", lambda run: (rules, facts))


def test_a_port_of_a_bridge_receives_nothing_for_itself(monkeypatch):
    facts_of(monkeypatch, HostFacts((V4,), ("br0", "eth0", "lo"), ports=frozenset({"eth0"})))
    seen = look_at_filter({})
    assert seen.promised == question(seen.space, [4], ["br0"], ["192.0.2.1"])
    named = look_at_filter({}, ["br0"])
    assert named.promised == question(named.space, [4], ["br0"], ["192.0.2.1"])
    with pytest.raises(IntentError, match="port of a bridge"):
        look_at_filter({}, ["eth0"])


def test_loopback_addresses_are_asked_about_where_they_can_be_sent_to(monkeypatch):
    own = (Own(4, 0xC0000201, "eth0", "global", 24), Own(4, 0x7F000001, "lo", "host", 8))
    names = ("eth0", "eth1", "lo")
    host = Host(own=own, interfaces=names, routes=(), route_localnet=frozenset({"eth1", "lo"}))
    facts_of(monkeypatch, HostFacts((V4,), names, host))
    seen = look_at_filter({})
    space = seen.space
    loopback = question(space, [4], ["eth1"], ["127.0.0.0/8"])
    assert seen.question == space.union(loopback, question(space, [4], addresses=["192.0.2.1"]))
    assert not space.meet(seen.promised, loopback)
    assert lines(seen.acceptance, loopback) == ["any protocol from any on eth1 to 127.0.0.0/8 (IPv4)"]
    for options in ({"interfaces": ["eth0"]}, {"families": ["ipv6"]}):
        seen = look_at_filter({}, **options)
        assert not seen.space.meet(seen.question, question(seen.space, [4], addresses=["127.0.0.0/8"]))


@pytest.mark.parametrize("odd", ["127.0.0.1", "::1", "224.0.0.1", "ff02::1", "0.0.0.0", "::", "::ffff:192.0.2.1"])
def test_addresses_to_which_no_client_sends_are_refused(host, odd):
    host(V4)
    with pytest.raises(IntentError, match="clients can send to"):
        look_at_filter({}, addresses=["192.0.2.1", odd])


def test_networks_that_the_host_takes_for_its_own_are_left_out_unless_addresses_are_given(monkeypatch):
    facts_of(monkeypatch, HostFacts((V4,), ("eth0", "lo"), left_out=("a rule",), networks=("192.0.2.128/25",)))
    rule, network = LeftOut(ROUTING, "a rule"), LeftOut(NETWORK, "192.0.2.128/25")
    assert look_at_filter({}).left_out == (rule, network)
    assert look_at_filter({}, addresses=["192.0.2.1"]).left_out == (rule,)


def test_what_the_kernel_does_by_interface_holds_for_rules_to_compare_with_too(monkeypatch, files, tmp_path):
    """A port that is sent to another host, from an interface of which nothing is forwarded."""
    nat = "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport 25 -j DNAT --to-destination 10.0.0.2\nCOMMIT\n"
    (tmp_path / "iptables").write_text(
        nat + "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n", encoding="utf-8"
    )
    own = (Own(4, 0xC0000201, "eth0", "global", 24), Own(6, 0x20010DB8 << 96 | 1, "eth0", "global", 64))
    routes = (Route(4, 0x0A000000, 0x0A0000FF, "eth1", 0),)
    host = Host(own=own, interfaces=("eth0", "eth1", "lo"), routes=routes, forwarding=frozenset({4}))
    for held_back in ((), ((4, "eth0"),)):
        facts_of(monkeypatch, HostFacts((V4, V6), ("eth0", "eth1", "lo"), host, held_back=held_back))
        seen = look_at_filter(files, baseline="live")
        asked = question(seen.space, [4], ["eth0"], ["192.0.2.1"])
        assert seen.space.meet(seen.acceptance.may, asked) == (not held_back)
        seen = look_at_filter({}, baseline=files)
        asked = question(seen.space, [4], ["eth0"], ["192.0.2.1"])
        assert seen.space.meet(seen.baseline.may, asked) == (not held_back)


def test_a_host_without_addresses_is_asked_about_all(host):
    host()
    seen = look_at_filter({})
    assert seen.question == question(seen.space)


@pytest.mark.parametrize("name", ["", "eth+", "eth*", "a b", "a/b", "eth0:1", "sixteen_letters_", ".."])
def test_what_is_no_name_of_an_interface_is_refused(files, name):
    with pytest.raises(IntentError, match="interfaces"):
        look_at_filter(files, interfaces=["eth0", name])


def test_an_interface_that_a_live_host_has_not_is_refused(host):
    host(V4)
    with pytest.raises(IntentError, match=r"eht0.*eth0, lo"):
        look_at_filter({}, interfaces=["eht0"])
    assert look_at_filter({}, interfaces=["eth0"]).question


def test_every_interface_that_routes_tell_apart_has_a_name(monkeypatch):
    """A reverse path is one to an interface that no rule names, and that receives for itself nothing that anybody asked about."""
    host = Host(own=(Own(4, 0xC0000201, "eth0", "global", 24),), interfaces=("eth0", "lo"), routes=(DEFAULT, *DOCKERS))
    facts = HostFacts((V4,), ("docker0", "eth0", "lo"), host, ports=frozenset({"docker0"}))
    rule = Rule((Match(({REVERSE_PATH: ((1, 1),)},)),), (((ANY,), Verdict(ACCEPT)),), HERE)
    table = Table("nft", "inet", "t", {"c": Chain("c", (rule,), Base("input", "filter", 0, DROP))})
    monkeypatch.setattr(live, "from_host", lambda run: (RulesEvidence(Ruleset((table,)), frozenset({4, 6}), ()), facts))
    seen = look_at_filter({})
    told = lines(seen.acceptance, seen.acceptance.may)
    assert any("on docker0" in text for text in told)
    assert not any("on  " in text or text.endswith("on ") for text in told)
