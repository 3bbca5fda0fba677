# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The algebra of the diagram against brute force over all packets of a small universe."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _gate.packetfilter.diagram import Space
from _gate.packetfilter.intervals import complement, contains, intersect, minus, normal
from _gate.packetfilter.model import (
    DADDR,
    DIMENSIONS,
    DPORT,
    FAMILY,
    ICMP_TYPE,
    IIF,
    IPV4_TOP,
    PROTOCOL,
    SADDR,
    SPORT,
    TOP,
    address_range,
    interface_value,
)

# Borders and what lies between them. Boxes are cut from ranges of these values only, so they decide membership.
VALUES = {FAMILY: (4, 6), PROTOCOL: (0, 6, 7, 255), DPORT: (0, 25, 26, 65535), SADDR: (0, 5, IPV4_TOP - 1)}
PACKETS = [
    {**dict.fromkeys(range(DIMENSIONS), 3), **dict(zip(VALUES, values))}
    for values in itertools.product(*VALUES.values())
]


def ranges(dim):
    pair = st.tuples(st.sampled_from(VALUES[dim]), st.sampled_from(VALUES[dim]))
    return st.lists(pair, min_size=1, max_size=2).map(normal).filter(bool)


boxes = st.lists(
    st.lists(st.sampled_from(sorted(VALUES)), unique=True).flatmap(
        lambda dims: st.fixed_dictionaries({dim: ranges(dim) for dim in dims})
    ),
    max_size=5,
)


def holds(box, packet):
    return all(contains(intervals, packet[dim]) for dim, intervals in box.items())


def brute(some_boxes):
    return frozenset(i for i, packet in enumerate(PACKETS) if any(holds(box, packet) for box in some_boxes))


def members(space, node):
    return frozenset(i for i, packet in enumerate(PACKETS) if space.contains(node, packet))


EVERY = frozenset(range(len(PACKETS)))


@given(boxes, boxes)
@settings(max_examples=100)
def test_the_algebra_is_that_of_sets(left_boxes, right_boxes):
    space = Space()
    left, right = space.boxes(left_boxes), space.boxes(right_boxes)
    in_left, in_right = brute(left_boxes), brute(right_boxes)
    assert members(space, left) == in_left
    assert members(space, space.union(left, right)) == in_left | in_right
    assert members(space, space.intersect(left, right)) == in_left & in_right
    assert members(space, space.minus(left, right)) == in_left - in_right
    assert members(space, space.complement(left)) == EVERY - in_left
    assert space.meet(left, right) == bool(in_left & in_right)
    assert space.is_subset(space.intersect(left, right), left)
    assert space.is_subset(left, right) == (space.union(left, right) == right)


@given(boxes, boxes)
@settings(max_examples=100)
def test_equal_sets_are_the_same_node_however_they_were_made(left_boxes, right_boxes):
    space = Space()
    left, right = space.boxes(left_boxes), space.boxes(right_boxes)
    one_by_one = space.empty
    for box in reversed(left_boxes):
        one_by_one = space.union(space.box(box), one_by_one)
    assert one_by_one == left
    assert space.union_all(space.box(box) for box in left_boxes) == left
    assert space.complement(space.complement(left)) == left
    not_left, not_right = space.complement(left), space.complement(right)
    assert space.complement(space.union(left, right)) == space.intersect(not_left, not_right)
    assert space.union(space.minus(left, right), space.intersect(left, right)) == left
    assert space.minus(left, right) == space.intersect(left, space.complement(right))


@given(boxes)
@settings(max_examples=100)
def test_paths_are_disjoint_and_cover_the_region(some_boxes):
    space = Space()
    region = space.boxes(some_boxes)
    paths = list(space.paths(region))
    assert space.boxes(paths) == region
    for one, other in itertools.combinations(paths, 2):
        assert space.intersect(space.box(one), space.box(other)) == space.empty
    for packet in PACKETS:
        assert sum(holds(path, packet) for path in paths) == space.contains(region, packet)


@given(boxes)
@settings(max_examples=100)
def test_a_witness_lies_in_its_region_and_is_a_real_packet(some_boxes):
    space = Space()
    region = space.boxes(some_boxes)
    if region == space.empty:
        with pytest.raises(ValueError):
            space.witness(region)
        return
    packet = space.witness(region)
    assert space.contains(region, packet)
    assert packet == space.witness(region)
    assert packet[FAMILY] in (4, 6)
    assert sorted(packet) == list(range(DIMENSIONS))
    assert packet[FAMILY] == 6 or packet[SADDR] <= IPV4_TOP


@given(boxes, st.sampled_from([PROTOCOL, DPORT, SADDR]))
@settings(max_examples=100)
def test_values_are_the_projection(some_boxes, dim):
    space = Space()
    region = space.boxes(some_boxes)
    seen = {PACKETS[i][dim] for i in brute(some_boxes)}
    projected = space.values(region, dim)
    assert {value for value in VALUES[dim] if contains(projected, value)} == seen


few = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=5)


@given(few, few)
def test_intervals(left, right):
    def points(pairs):
        return {value for low, high in pairs for value in range(low, high + 1)}

    a, b = normal(left), normal(right)
    assert points(a) == points(left)
    assert points(complement(a, 12)) == set(range(13)) - points(a)
    assert points(intersect(a, b)) == points(a) & points(b)
    assert points(minus(a, b)) == points(a) - points(b)
    assert all(a[i][1] + 1 < a[i + 1][0] for i in range(len(a) - 1))


@given(st.data())
@settings(max_examples=100)
def test_many_cuts_against_few(data):
    """The slicing of a long node around the cuts of a short one gives what merging gives."""
    space = Space()
    step = data.draw(st.integers(2, 5))
    many = normal((value, value + 1) for value in range(data.draw(st.integers(0, 9)), 900, step))
    pairs = st.tuples(st.integers(0, 900), st.integers(0, 900))
    few_ranges = normal(data.draw(st.lists(pairs, min_size=1, max_size=3)))
    large = space.boxes([{DPORT: many, SPORT: ((0, 9),)}, {DPORT: many[::2], SPORT: ((5, 20),)}])
    small = space.box({DPORT: few_ranges, SPORT: ((3, 7),)})
    for port in range(905):
        for source in (0, 4, 6, 8, 15):
            packet = {**dict.fromkeys(range(DIMENSIONS), 4), DPORT: port, SPORT: source}
            in_large = (contains(many, port) and source <= 9) or (contains(many[::2], port) and source >= 5)
            in_small = contains(few_ranges, port) and 3 <= source <= 7
            assert space.contains(space.union(large, small), packet) == (in_large or in_small)
            assert space.contains(space.minus(large, small), packet) == (in_large and not in_small)
            assert space.contains(space.minus(small, large), packet) == (in_small and not in_large)
    assert space.meet(large, small) == (space.intersect(large, small) != space.empty)


def test_both_families_are_the_whole_axis():
    space = Space()
    assert space.box({FAMILY: ((4, 4), (6, 6))}) == space.full
    assert space.union(space.box({FAMILY: ((4, 4),)}), space.box({FAMILY: ((6, 6),)})) == space.full
    assert space.box({FAMILY: ((0, 3), (5, 5))}) == space.empty
    assert list(space.paths(space.box({FAMILY: ((6, 6),)}))) == [{FAMILY: ((6, 6),)}]


def test_all_addresses_have_one_form():
    space = Space()
    ipv4 = space.box({FAMILY: ((4, 4),)})
    assert space.box({FAMILY: ((4, 4),), SADDR: ((0, IPV4_TOP),)}) == ipv4
    assert space.box({FAMILY: ((4, 4),), SADDR: (address_range(4, 0, IPV4_TOP),), DADDR: ((0, TOP[DADDR]),)}) == ipv4
    assert space.box({SADDR: ((IPV4_TOP + 1, TOP[SADDR]),)}) == space.box(
        {FAMILY: ((6, 6),), SADDR: ((IPV4_TOP + 1, TOP[SADDR]),)}
    )


def test_a_witness_is_an_ordinary_packet():
    space = Space()
    packet = space.witness(space.full)
    assert (packet[FAMILY], packet[PROTOCOL], packet[DPORT], packet[IIF]) == (4, 6, 25, interface_value("eth0"))
    ipv6 = space.witness(space.box({FAMILY: ((6, 6),), PROTOCOL: ((58, 58),)}))
    assert (ipv6[FAMILY], ipv6[PROTOCOL], ipv6[ICMP_TYPE]) == (6, 58, 128)
    assert space.witness(space.box({DPORT: ((143, 143), (993, 993))}))[DPORT] == 143


def test_ranges_out_of_order_are_a_defect_of_the_caller():
    with pytest.raises(ValueError, match="not sorted"):
        Space().box({DPORT: ((10, 20), (5, 6))})
