# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quantification, restriction, renaming, diagonal and shift, against brute force on a small universe."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from _gate.packetfilter.diagram import Space
from _gate.packetfilter.intervals import contains, normal
from _gate.packetfilter.model import (
    DADDR,
    DIMENSIONS,
    DPORT,
    FAMILY,
    IIF,
    OIF,
    ORIGINAL_DADDR,
    ORIGINAL_DPORT,
    PROTOCOL,
    SADDR,
)
from _gate.packetfilter.outcomes import Fates
from _gate.packetfilter.substitute import Pick, Shift, Substitution, pick, split

SIZE = 6
DIMS = (PROTOCOL, OIF, DPORT, ORIGINAL_DPORT, DADDR, ORIGINAL_DADDR, SADDR)
#: What a client sends; the rest follows from it.
SENT = (PROTOCOL, DPORT, DADDR, SADDR)
FEW = (0, 2, 5)
PACKETS = [
    {**dict.fromkeys(range(DIMENSIONS), 0), FAMILY: 6, **dict(zip(SENT, values))}
    for values in itertools.product(FEW, range(SIZE), range(SIZE), FEW)
]

spans = st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)), min_size=1, max_size=2).map(normal).filter(bool)
boxes = st.lists(
    st.lists(st.sampled_from(DIMS), unique=True, max_size=4).flatmap(
        lambda dims: st.fixed_dictionaries(dict.fromkeys(dims, spans))
    ),
    max_size=5,
).map(lambda some: [{FAMILY: ((6, 6),), **box} for box in some])


def inside(some_boxes, packet):
    return any(all(contains(intervals, packet[dim]) for dim, intervals in box.items()) for box in some_boxes)


def substituted(space, node, picks=(), shifts=()):
    return Substitution(space.nodes, dict(picks), dict(shifts), lambda _run_time: space.union).apply(node)


def seen(packet, picks=(), shifts=()):
    """All that rules may see of what a client sent."""
    base = dict(packet)
    base[ORIGINAL_DPORT], base[ORIGINAL_DADDR] = packet[DPORT], packet[DADDR]
    for dim, shift in shifts:
        if not shift.first <= packet[dim] <= shift.last:
            return []
        base[dim] = packet[dim] - shift.first + shift.new
    choices = [[(dim, value) for low, high in choice.values for value in range(low, high + 1)] for dim, choice in picks]
    return [{**base, **dict(chosen)} for chosen in itertools.product(*choices)]


def assert_same(some_boxes, picks=(), shifts=()):
    space = Space()
    node = substituted(space, space.boxes(some_boxes), picks, shifts)
    for packet in PACKETS:
        ways = seen(packet, picks, shifts)
        if ways:
            assert space.contains(node, packet) == any(inside(some_boxes, way) for way in ways), packet
    return space, node


@given(boxes)
@settings(max_examples=80)
def test_the_diagonal(some_boxes):
    space, node = assert_same(some_boxes)
    support = {dim for path in space.paths(node) for dim in path}
    assert not support & {ORIGINAL_DPORT, ORIGINAL_DADDR}


@given(boxes, st.integers(0, SIZE), st.integers(0, SIZE))
@settings(max_examples=80)
def test_a_new_destination_and_its_old_one_by_another_name(some_boxes, address, port):
    assert_same(some_boxes, [(DPORT, pick(port)), (DADDR, pick(address))])
    assert_same(some_boxes, [(DPORT, pick(port)), (OIF, pick(address))])


@given(boxes, spans, spans)
@settings(max_examples=80)
def test_one_of_several_values(some_boxes, ports, interfaces):
    assert_same(some_boxes, [(DPORT, Pick(ports)), (OIF, Pick(interfaces))])


@given(boxes, st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=80)
def test_shifted_values(some_boxes, first, new, length):
    assert_same(some_boxes, [(DADDR, pick(1))], [(DPORT, Shift(first, first + length, new))])
    assert_same(some_boxes, [], [(DADDR, Shift(first, first + length, new)), (DPORT, Shift(0, 3, 2))])


@given(boxes, st.sets(st.sampled_from(DIMS), max_size=3))
@settings(max_examples=80)
def test_quantification(some_boxes, dims):
    space = Space()
    node = space.any_of(space.boxes(some_boxes), dims)
    for packet in PACKETS[::7]:
        others = [
            {**packet, **dict(zip(sorted(dims), values))}
            for values in itertools.product(range(SIZE + 1), repeat=len(dims))
        ]
        assert space.contains(node, packet) == any(inside(some_boxes, other) for other in others)


@given(st.lists(boxes, max_size=4))
@settings(max_examples=80)
def test_split_gives_each_value_its_region(layers):
    space = Space()
    fates = Fates(space)
    node, values = fates.goes_on, [fates.accepted, fates.dropped, fates.returned, fates.elsewhere]
    for value, some_boxes in zip(values, layers):
        node = fates.otherwise(fates.within(space.boxes(some_boxes), value), node)
    regions = split(space.nodes, node)
    assert space.union_all(regions.values()) == space.full
    for one, other in itertools.combinations(regions.values(), 2):
        assert space.intersect(one, other) == space.empty
    again = fates.otherwise(fates.dropped, fates.dropped)
    for value, region in regions.items():
        again = fates.otherwise(fates.within(region, value), again)
    assert again == node


def test_dimensions_that_are_not_of_the_destination_stay():
    space = Space()
    node = space.box({IIF: ((3, 3),), DPORT: ((25, 25),), ORIGINAL_DPORT: ((2525, 2525),)})
    assert substituted(space, node, [(DPORT, pick(25))]) == space.box({IIF: ((3, 3),), DPORT: ((2525, 2525),)})
    assert substituted(space, node, [(DPORT, pick(26))]) == space.empty
    assert substituted(space, node) == space.empty
