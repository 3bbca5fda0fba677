# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What servers of paper are found to have is exactly what they have."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _gate.wire.hello.client import TLS12, TLS13
from _gate.wire.hello.flight import read_flight
from _gate.wire.hello.groups import TLS13_GROUPS, group_name
from _gate.wire.hello.suites import suite_name, suite_names
from _gate.wire.hello.traits import suites_of
from _gate.wire.posture import Application
from _gate.wire.posture_enumerating import _Order
from wire_hello_reader import read_hello
from wire_paper_looks import CLEAN, look_at
from wire_paper_server import PaperServer, alert
from wire_posture import TLS12_SUITES, by_version, versions_of


@pytest.mark.parametrize("extra, answer", [((), "rejected"), ((30,), "accepted")])
def test_a_hybrid_group_behind_others_is_found_beside_what_is_outside(extra, answer):
    paper = PaperServer(CLEAN, groups=(29, 0x11EC, *extra))
    groups = by_version(look_at(paper).groups)["TLSv1.3"]
    assert groups.outside.answer == answer
    assert groups.complete is (answer == "accepted")
    assert {"x25519", "X25519MLKEM768"} <= set(groups.accepted)


def test_a_hybrid_group_is_found_without_a_question_for_groups():
    paper = PaperServer(CLEAN, groups=(29, 0x11EC))
    groups = by_version(look_at(paper, leave_out_groups=None).groups)["TLSv1.3"]
    assert groups.accepted == ("x25519", "X25519MLKEM768")
    assert groups.outside.why == "not asked"


def test_an_exact_set_settles_what_was_not_asked():
    posture = look_at(PaperServer(CLEAN), most_connections=5, enumerate_fully=True)
    assert [suites.outside.answer for suites in posture.suites] == ["rejected", "rejected"]


def test_what_was_seen_before_is_not_asked_for_again():
    paper = PaperServer(CLEAN)
    posture = look_at(paper, enumerate_fully=True)
    assert posture.connections == len(paper.hellos)
    wide = [hello for hello in paper.hellos if hello and len(hello.suites) > 300 and hello.server_name]
    # The server's favourite has been seen when the certificates were asked for.
    assert all(CLEAN[TLS12][0] not in hello.suites for hello in wide)
    assert by_version(posture.suites)["TLSv1.2"].complete


def test_a_server_without_groups_in_tls12_has_none_outside():
    posture = look_at(PaperServer({TLS12: (0x009C, 0x009D)}), enumerate_fully=True)
    groups = by_version(posture.groups)["TLSv1.2"]
    assert (groups.accepted, groups.complete, groups.outside.answer) == ((), True, "rejected")


def test_a_version_that_only_the_ordinary_client_met_stays_in_doubt():
    application = Application("TLSv1.3", (), False)
    posture = look_at(PaperServer({TLS12: CLEAN[TLS12]}), application=application, enumerate_fully=True)
    suites = by_version(posture.suites)["TLSv1.3"]
    assert (suites.outside.answer, suites.accepted) == ("inconclusive", ())
    assert suites.outside.why


def met_with(suite, group):
    """An ordinary client, whom the server answered so."""
    return Application("TLSv1.3", (), flights=(read_flight(PaperServer.retry(PaperServer({}), suite, group)),))


def test_what_the_ordinary_client_was_shown_is_not_asked_for_again():
    suite, group = CLEAN[TLS13][0], 23
    paper = PaperServer(CLEAN, groups=(29, 23, 24, 25, 30), own_order=False)
    before = look_at(paper, enumerate_fully=True)
    told = PaperServer(CLEAN, groups=(29, 23, 24, 25, 30), own_order=False)
    posture = look_at(told, enumerate_fully=True, application=met_with(suite, group))
    for version, groups in by_version(posture.groups).items():
        assert groups.complete and set(groups.accepted) == set(by_version(before.groups)[version].accepted)
    for version, suites in by_version(posture.suites).items():
        assert suites.complete and set(suites.accepted) == set(by_version(before.suites)[version].accepted)
        assert suites.server_chooses is by_version(before.suites)[version].server_chooses
    assert versions_of(posture) == versions_of(before)
    assert posture.connections == before.connections - 1
    whole = [hello for hello in told.hellos if hello and set(hello.groups) == set(TLS13_GROUPS)]
    assert not whole


def asked_in_tls13(paper, group):
    return [hello for hello in paper.hellos if hello and TLS13 in hello.supported_versions and group in hello.groups]


@pytest.mark.parametrize("own_order", [True, False])
def test_a_group_that_the_server_tells_and_has_chosen_in_tls12_is_shown(own_order):
    groups = (29, 23, 24, 25, 30, 257)
    before = look_at(PaperServer(CLEAN, groups, own_order), enumerate_fully=True)
    told = Application("TLSv1.3", (), flights=met_with(CLEAN[TLS13][0], 29).flights, told_groups=groups[::-1])
    paper = PaperServer(CLEAN, groups, own_order)
    posture = look_at(paper, enumerate_fully=True, application=told)
    for version, found in by_version(posture.groups).items():
        assert found.complete and set(found.accepted) == set(by_version(before.groups)[version].accepted)
    assert by_version(posture.suites)["TLSv1.3"].complete
    assert posture.connections < before.connections - 1
    # Hellos that ask for groups offer those that nobody has too.
    assert not [hello for hello in asked_in_tls13(paper, 512) if 24 in hello.groups]
    assert asked_in_tls13(paper, 257)  # of no use in TLS 1.2


@pytest.mark.parametrize("only_told", [24, 30, 512, 0x11EC])
def test_what_a_server_only_tells_is_asked_for(only_told):
    paper = PaperServer(CLEAN, groups=(29, 23))
    told = Application("TLSv1.3", (), told_groups=(29, 23, only_told))
    found = by_version(look_at(paper, enumerate_fully=True, application=told).groups)["TLSv1.3"]
    assert (found.complete, found.outside.answer) == (True, "rejected")
    assert set(found.accepted) == {"x25519", "secp256r1"}
    assert asked_in_tls13(paper, only_told)


def test_refusals_keep_their_control_where_no_exact_set_is_asked_for():
    """That a hello without a key share is answered is not what the ordinary client showed."""
    paper = PaperServer(CLEAN)
    look_at(paper, application=met_with(CLEAN[TLS13][0], 29))
    whole = [hello for hello in paper.hellos if hello and set(hello.groups) == set(TLS13_GROUPS)]
    assert [hello for hello in whole if set(hello.suites) == set(suites_of("TLSv1.3"))]


@pytest.mark.parametrize("groups", [(29,), (29, 23)])
def test_a_server_that_wants_a_key_share_proves_no_exact_set(groups):
    """It refuses every hello of ours in TLS 1.3, whatever it offers."""
    paper = PaperServer(CLEAN, groups=groups)
    paper.instead = lambda hello, number: alert(40) if hello and TLS13 in read_hello(hello).supported_versions else None
    posture = look_at(paper, enumerate_fully=True, application=met_with(CLEAN[TLS13][0], 29))
    suites, found = by_version(posture.suites)["TLSv1.3"], by_version(posture.groups)["TLSv1.3"]
    assert ("TLSv1.3" in versions_of(posture)[0]) and not suites.complete and not found.complete
    assert found.accepted == ("x25519",)
    assert (suites.outside.answer, found.outside.answer) == ("inconclusive", "inconclusive")
    assert "without a key share" in suites.outside.why


def test_the_only_group_is_known_before_and_its_refusal_has_a_control():
    paper = PaperServer(CLEAN, groups=(29,))
    posture = look_at(paper, enumerate_fully=True, application=met_with(CLEAN[TLS13][0], 29))
    groups = by_version(posture.groups)["TLSv1.3"]
    assert (groups.accepted, groups.complete, groups.outside.answer) == (("x25519",), True, "rejected")
    ours = [hello for hello in paper.hellos if hello and TLS13 in hello.supported_versions]
    assert any(29 in hello.groups and len(hello.suites) > 10 for hello in ours)


def test_what_the_ordinary_client_was_shown_outside_is_outside():
    posture = look_at(PaperServer(CLEAN), application=met_with(0x1304, 30), enumerate_fully=True)
    assert by_version(posture.suites)["TLSv1.3"].outside.answer == "accepted"
    assert by_version(posture.groups)["TLSv1.3"].outside.answer == "accepted"


def test_an_enumeration_that_is_cut_off_leaves_what_is_outside_in_doubt():
    posture = look_at(PaperServer(CLEAN), most_connections=9, most_when_enumerating=9, enumerate_fully=True)
    outside = {name: entry.outside for name, entry in by_version(posture.suites).items()}
    assert [answer.answer for answer in outside.values()] == ["inconclusive", "inconclusive"]
    assert "within 9 connections" in outside["TLSv1.2"].why


@pytest.mark.parametrize("own_order", [True, False])
@pytest.mark.parametrize("count", [2, 3, 9])
def test_whose_order_decides(own_order, count):
    suites = suites_of("TLSv1.2")[10 : 10 + count]
    paper = PaperServer({TLS12: suites[1:] + suites[:1]}, own_order=own_order)
    found = by_version(look_at(paper, enumerate_fully=True).suites)["TLSv1.2"]
    assert (found.complete, found.server_chooses) == (True, own_order)
    assert set(found.accepted) == set(suite_names(suites))


A, B, C, CHACHA, DHE = 0xC02C, 0xC02B, 0xC009, 0xCCA9, 0x009E


@pytest.mark.parametrize(
    "first, second, accepted, chooses",
    [
        (A, A, [A, B, C], True),
        (A, C, [A, B, C], False),
        (B, C, [A, B, C], False),
        (B, A, [A, B, C], None),  # neither its own favourite nor the client's
        (A, A, [A], None),
        (A, 0, [A, B], None),
        (CHACHA, A, [A, B, CHACHA], None),
        (DHE, A, [A, B, DHE], None),
    ],
)
def test_an_order_shows_in_two_answers(first, second, accepted, chooses):
    order = _Order((A, B, CHACHA, C, DHE), first)
    if order.is_to_be_turned:
        assert order.turned()[-1] == first
        assert not {CHACHA, DHE}.intersection(order.turned())
        order.answered(order.turned(), second)
    assert order.server_chooses(accepted) is chooses
    assert not order.is_to_be_turned


@pytest.mark.parametrize("longest, chooses", [(10000, True), (400, None)])
def test_whose_order_decides_is_not_told_by_hellos_in_pieces(longest, chooses):
    suites = suites_of("TLSv1.2")[:40:8]
    paper = PaperServer({TLS12: suites[::-1]}, own_order=True)
    paper.instead = lambda hello, number: alert(47) if hello and len(hello) > longest else None
    found = by_version(look_at(paper, enumerate_fully=True, most_when_enumerating=400).suites)["TLSv1.2"]
    assert set(found.accepted) == set(suite_names(suites))
    assert found.server_chooses is chooses


def test_what_only_hellos_without_a_name_get_is_not_in_the_set():
    unnamed = PaperServer({TLS12: (0xC014,)})
    paper = PaperServer({TLS12: CLEAN[TLS12]})
    paper.instead = lambda hello, number: unnamed.answer(hello) if hello and not read_hello(hello).server_name else None
    found = by_version(look_at(paper, enumerate_fully=True).suites)["TLSv1.2"]
    assert set(found.accepted) == set(suite_names(CLEAN[TLS12]))
    assert found.complete


SUITES12 = st.lists(st.sampled_from(suites_of("TLSv1.2")), min_size=1, max_size=5, unique=True)
SUITES13 = st.lists(st.sampled_from(suites_of("TLSv1.3")), min_size=1, max_size=4, unique=True)
GROUPS = st.lists(st.sampled_from(TLS13_GROUPS), min_size=1, max_size=5, unique=True)


@settings(max_examples=25)
@given(SUITES12, SUITES13, GROUPS, st.booleans())
def test_enumeration_finds_exactly_what_the_server_has(suites12, suites13, groups, own_order):
    paper = PaperServer({TLS12: tuple(suites12), TLS13: tuple(suites13)}, tuple(groups) + (29,), own_order)
    posture = look_at(paper, leave_out_suites=(), leave_out_groups=None, enumerate_fully=True)
    suites = by_version(posture.suites)
    assert set(suites["TLSv1.3"].accepted) == set(suite_names(tuple(suites13)))
    assert set(suites["TLSv1.2"].accepted) == set(suite_names(tuple(suites12)))
    assert suites["TLSv1.2"].complete
    assert suites["TLSv1.3"].complete
    found = by_version(posture.groups)["TLSv1.3"]
    assert set(found.accepted) == {group_name(group) for group in (*groups, 29)}
    assert found.complete
    usual = [suite for suite in suites13 if "CHACHA20" not in suite_name(suite)]
    assert suites["TLSv1.3"].server_chooses is (own_order if len(usual) > 1 else None)


@settings(max_examples=25)
@given(SUITES12, st.booleans())
def test_outside_is_answered_as_the_sets_say(suites12, allow_all):
    """Whatever the server has: outside is accepted if and only if it has something else than may be."""
    paper = PaperServer({TLS12: tuple(suites12)})
    allowed = suite_names(tuple(suites12)) if allow_all else TLS12_SUITES
    posture = look_at(paper, leave_out_suites=(("TLSv1.2", allowed),), leave_out_groups=None, most_connections=40)
    outside = set(suite_names(tuple(suites12))) - set(allowed)
    assert by_version(posture.suites)["TLSv1.2"].outside.answer == ("accepted" if outside else "rejected")


# Through STARTTLS
