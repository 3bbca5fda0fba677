# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Openings say neither more nor less than the region: reading them back gives the region."""

from __future__ import annotations

import ipaddress
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _gate.packetfilter.diagram import Space
from _gate.packetfilter.evaluate import accepted
from _gate.packetfilter.intervals import complement, minus, normal
from _gate.packetfilter.model import (
    ANY,
    DADDR,
    DPORT,
    FAMILY,
    ICMP_TYPE,
    IIF,
    IPV4_TOP,
    PROTOCOL,
    SADDR,
    SPORT,
    TOP,
    Base,
    Chain,
    Match,
    Rule,
    Ruleset,
    Table,
    Verdict,
    Where,
    interface_range,
)
from _gate.packetfilter.names import PROTOCOLS
from _gate.packetfilter.openings import cidrs, describe, lines, openings, question, range_of

NUMBERS = {name: number for number, name in PROTOCOLS.items()}
ICMP_NUMBERS = {"echo-request": {"icmp": 8, "icmpv6": 128}}


# Reading openings back


def networks(texts):
    return normal(range_of(text)[1:] for text in texts)


def ports(texts):
    pairs = [text.split("-") for text in texts]
    return normal((int(pair[0]), int(pair[-1])) for pair in pairs)


def protocols(protocol):
    if isinstance(protocol, int):
        return ((protocol, protocol),)
    if protocol.startswith("any"):
        names = protocol[len("any but ") :].split(", ") if protocol != "any" else []
        left_out = [NUMBERS.get(name) or int(name) for name in names]
        return complement(normal((number, number) for number in left_out), 255)
    return ((NUMBERS[protocol], NUMBERS[protocol]),)


def inputs(labels, known):
    def own(label):
        span = (interface_range(label, "*"),)
        inner = normal(r for r in (interface_range(k, "*") for k in known if k != label) if within(r, span[0]))
        return minus(span, inner)

    return normal(span for label in labels for span in own(label))


def within(part, whole):
    return whole[0] <= part[0] and part[1] <= whole[1] and part != whole


def box_of(opening, known):
    conditions = opening.get("conditions", {})
    box = {
        FAMILY: (((4, 4),) if opening["family"] == "ipv4" else ((6, 6),)),
        PROTOCOL: protocols(opening["protocol"]),
        IIF: inputs(opening["interfaces"], known),
        SADDR: minus(networks(opening["sources"]), networks(opening.get("sources_except", []))),
    }
    if "ports" in opening:
        box[DPORT] = ports(opening["ports"])
    if "source_ports" in conditions:
        box[SPORT] = ports(conditions["source_ports"])
    if "destinations" in conditions:
        box[DADDR] = minus(networks(conditions["destinations"]), networks(conditions.get("destinations_except", [])))
    if "icmp_types" in conditions:
        numbers = [ICMP_NUMBERS.get(t, {}).get(opening["protocol"], t) for t in conditions["icmp_types"]]
        box[ICMP_TYPE] = ports([str(number) for number in numbers])
    return box


# Random rules

SPANS = {
    FAMILY: [((4, 4),), ((6, 6),)],
    IIF: [(interface_range(p, "*"),) for p in ("lo", "eth0", "eth*", "wg0", "eth0.*")],
    PROTOCOL: [((6, 6),), ((6, 6), (17, 17)), ((132, 132),), ((200, 200),)],
    DPORT: [((25, 25),), ((20, 30),), ((22, 22), (80, 90)), ((1024, 65535),)],
    SPORT: [((53, 53),)],
    DADDR: [((0xC0000201, 0xC0000201),), ((1 << 125, (1 << 125) + 7),)],
    SADDR: [((0x0A000000, 0x0AFFFFFF),), ((5, 77),), ((0xFFFFFF00, IPV4_TOP),)],
}
boxes = st.lists(st.sampled_from(sorted(SPANS)), max_size=3, unique=True).flatmap(
    lambda dims: st.fixed_dictionaries({dim: st.sampled_from(SPANS[dim]) for dim in dims})
)
echo = st.sampled_from(
    [
        {FAMILY: ((family, family),), PROTOCOL: ((protocol, protocol),), ICMP_TYPE: ((kind, kind),)}
        for family, protocol, kind in ((4, 1, 8), (6, 58, 128), (4, 1, 77))
    ]
)
matches = st.builds(
    Match,
    boxes=st.one_of(boxes, boxes, boxes, echo).map(lambda box: (box,)),
    negated=st.sampled_from([False, False, False, True]),
    doubt=st.sampled_from(["", "", "", "", "limit rate 10/minute"]),
)
some_rules = st.lists(st.tuples(matches, st.sampled_from(["accept", "accept", "drop"])), max_size=6)


def ruleset_of(made, policy="drop"):
    rules = tuple(
        Rule((match,), (((ANY,), Verdict(kind)),), Where("nft", "inet", "filter", "input", "handle {0}".format(number)))
        for number, (match, kind) in enumerate(made)
    )
    chain = Chain("input", rules, Base("input", "filter", 0, policy))
    return Ruleset((Table("nft", "inet", "filter", {"input": chain}),))


questions = st.sampled_from(
    [
        {},
        {"families": [6]},
        {"interfaces": ["eth0", "wg0"]},
        {"addresses": ["192.0.2.1", "192.0.2.9", "2001:db8::1"]},
        {"addresses": [ipaddress.ip_address("192.0.2.1")]},
    ]
)


@given(some_rules, st.sampled_from(["accept", "drop"]), questions)
@settings(max_examples=150)
def test_openings_read_back_are_the_accepted_region(made, policy, asked):
    space = Space()
    whole = question(space, **asked)
    answer = accepted(space, ruleset_of(made, policy), whole)
    entries, known = openings(answer)
    for certainty, region in (("always", answer.must), ("unknown", space.minus(answer.may, answer.must))):
        nodes = [space.intersect(whole, space.box(box_of(e, known))) for e in entries if e["certainty"] == certainty]
        assert space.union_all(nodes) == region
        for one, other in itertools.combinations(nodes, 2):
            assert space.intersect(one, other) == space.empty
        assert space.empty not in nodes
    again, known_again = openings(answer)
    assert (again, known_again) == (entries, known)
    assert all(entry["rules"] for entry in entries)
    assert all(entry["depends_on"] for entry in entries if entry["certainty"] == "unknown")


# Single facts


def tcp(*numbers, **more):
    box = {PROTOCOL: ((6, 6),), DPORT: tuple((number, number) for number in numbers)}
    box.update({getattr_dim(name): value for name, value in more.items()})
    return Match((box,))


def getattr_dim(name):
    return {"family": FAMILY, "iif": IIF, "saddr": SADDR, "sport": SPORT, "daddr": DADDR}[name]


def answer_to(*accepting, policy="drop", **asked):
    space = Space()
    return accepted(space, ruleset_of([(match, "accept") for match in accepting], policy), question(space, **asked))


def test_an_ordinary_mail_server():
    management = ((0xC0000200, 0xC00002FF),)
    answer = answer_to(tcp(25, 587), tcp(22, family=((4, 4),), saddr=management))
    entries, known = openings(answer)
    assert known == ["*", "lo"]
    assert entries[0] == {
        "family": "ipv4",
        "protocol": "tcp",
        "ports": ["22"],
        "sources": ["192.0.2.0/24"],
        "interfaces": ["*"],
        "path": "input",
        "certainty": "always",
        "rules": ["inet filter input handle 1"],
    }
    assert [(e["family"], e["ports"], e["sources"]) for e in entries[1:]] == [
        ("ipv4", ["25", "587"], ["0.0.0.0/0"]),
        ("ipv6", ["25", "587"], ["::/0"]),
    ]
    assert lines(answer, answer.may) == ["tcp 22 from 192.0.2.0/24 (IPv4)", "tcp 25,587 from any (IPv4, IPv6)"]
    assert describe(answer, answer.may, brief=True) == "tcp 22; tcp 25,587"


def test_everything_open_is_said_in_one_line():
    answer = answer_to(policy="accept")
    assert lines(answer, answer.may) == ["any protocol from any (IPv4, IPv6)"]
    assert [(e["family"], e["protocol"], e["ports"]) for e in openings(answer)[0]] == [
        ("ipv4", "any", ["0-65535"]),
        ("ipv6", "any", ["0-65535"]),
    ]


def test_all_but_some_protocols():
    answer = answer_to(Match(({PROTOCOL: ((6, 6), (17, 17))},), negated=True))
    assert lines(answer, answer.may) == ["any protocol but tcp, udp from any (IPv4, IPv6)"]


def test_a_port_open_on_one_more_interface_stands_by_itself():
    wireguard = (interface_range("wg0", "*"),)
    answer = answer_to(tcp(22, iif=wireguard), tcp(25, 465))
    assert lines(answer, answer.may) == ["tcp 22 from any on wg0 (IPv4, IPv6)", "tcp 25,465 from any (IPv4, IPv6)"]
    entries, known = openings(answer)
    assert known == ["*", "lo", "wg0"]
    assert [(e["ports"], e["interfaces"]) for e in entries[:2]] == [(["22"], ["wg0"]), (["25", "465"], ["*", "wg0"])]


def test_all_but_a_wildcard_of_interfaces():
    answer = answer_to(Match(({IIF: (interface_range("docker*", "*"),)},), negated=True))
    entries, known = openings(answer)
    assert known == ["*", "docker*", "lo"]
    assert entries[0]["interfaces"] == ["*"]
    assert lines(answer, answer.may) == ["any protocol from any on other interfaces (IPv4, IPv6)"]


def test_all_sources_but_a_few_are_told_as_that():
    ipv4 = {FAMILY: ((4, 4),)}
    answer = answer_to(Match(({SADDR: ((0x0A000000, 0x0AFFFFFF),)},), within=ipv4, negated=True))
    assert openings(answer)[0][0]["sources"] == ["0.0.0.0/0"]
    assert openings(answer)[0][0]["sources_except"] == ["10.0.0.0/8"]
    assert lines(answer, answer.may) == ["any protocol from any but 10.0.0.0/8 (IPv4)"]


def test_conditions():
    echo_request = Match(({FAMILY: ((6, 6),), PROTOCOL: ((58, 58),), ICMP_TYPE: ((128, 128), (133, 136))},))
    one_address = ((0xC0000201, 0xC0000201),)
    answer = answer_to(echo_request, tcp(25, family=((4, 4),), daddr=one_address, sport=((53, 53),)))
    types = ["echo-request", "nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert"]
    first, second = openings(answer)[0]
    assert first["conditions"] == {"source_ports": ["53"], "destinations": ["192.0.2.1/32"]}
    assert second["conditions"] == {"icmp_types": types}
    assert "ports" not in second
    assert lines(answer, answer.may) == [
        "tcp 25 from any to 192.0.2.1/32 with source port 53 (IPv4)",
        "icmpv6 {0} from any (IPv6)".format(",".join(types)),
    ]


def test_the_question_leaves_out_what_is_not_asked():
    space = Space()
    whole = question(space)
    assert space.values(whole, IIF) == complement((interface_range("lo", "*"),), TOP[IIF])
    ipv4 = space.intersect(whole, space.box({FAMILY: ((4, 4),)}))
    assert cidrs(4, space.values(ipv4, DADDR))[0] == "0.0.0.0/1"
    assert not space.contains(whole, {**space.witness(ipv4), DADDR: 0xE0000001})
    assert not space.contains(whole, {**space.witness(ipv4), DADDR: IPV4_TOP})
    assert question(space, addresses=["192.0.2.1"], families=[6]) == space.empty


def test_a_wildcard_in_the_rules_shows_only_where_it_matters():
    bridge = (interface_range("br-*", "*"),)
    answer = answer_to(tcp(25), tcp(25, iif=bridge))
    assert openings(answer)[1] == ["*", "lo"]


def test_of_many_rules_the_first_are_named():
    answer = answer_to(*[Match(({SADDR: ((n, n),), FAMILY: ((4, 4),)},)) for n in range(40)])
    named = openings(answer)[0][0]["rules"]
    assert named == ["inet filter input handle {0}".format(number) for number in range(10)] + ["and more"]


@given(st.lists(st.tuples(st.integers(0, IPV4_TOP), st.integers(0, IPV4_TOP)), max_size=3))
def test_cidrs_are_what_ipaddress_says(pairs):
    ranges = normal((min(pair), max(pair)) for pair in pairs)
    expected = [
        str(network)
        for low, high in ranges
        for network in ipaddress.summarize_address_range(ipaddress.IPv4Address(low), ipaddress.IPv4Address(high))
    ]
    assert cidrs(4, ranges) == expected
    assert normal(range_of(text)[1:] for text in expected) == ranges


def test_cidrs_of_everything():
    assert cidrs(4, ((0, TOP[SADDR]),)) == ["0.0.0.0/0"]
    assert cidrs(6, ((0, TOP[SADDR]),)) == ["::/0"]
    assert range_of("2001:db8::5") == (6, (0x20010DB8 << 96) + 5, (0x20010DB8 << 96) + 5)
    with pytest.raises(ValueError, match="host bits"):
        range_of("192.0.2.1/24")
