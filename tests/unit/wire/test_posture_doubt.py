# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a server does not say no: it hangs up, resets, stalls, puts us off, talks nonsense, or fails on the size of a hello.

None of that may end as accepted or as rejected; but a server may be shown to refuse by hanging up.
"""

from __future__ import annotations

import socket
import time

import pytest

from _gate.wire.hello.client import SSL30, TLS10, TLS11, TLS12, TLS13
from _gate.wire.hello.suites import suite_name, suite_number
from _gate.wire.posture_questions import Questions, check_questions
from _gate.wire.target import Limits, Target, check_target
from wire_hello_reader import read_hello
from wire_paper_looks import CLEAN, look_at, unanswered
from wire_paper_server import HANG_UP, RESET, STALL, PaperServer, alert
from wire_posture import by_version, posture_of, versions_of
from wire_servers import Server


def test_a_clean_server_of_paper():
    posture = look_at(PaperServer(CLEAN))
    assert versions_of(posture) == (["TLSv1.2", "TLSv1.3"], [])
    assert unanswered(posture) == {}
    assert posture.connections == 10
    assert posture.stopped == ""


def test_hellos_offer_what_their_version_has():
    paper = PaperServer(CLEAN)
    look_at(paper)
    hellos = [hello for hello in paper.hellos if hello]
    assert all(hello.suites for hello in hellos)
    for hello in hellos:
        assert bool(hello.signature_schemes) is (hello.version == TLS12)
        assert bool(hello.supported_versions) is (hello.key_shares is not None)
    assert [hello.server_name for hello in hellos].count("") == 1


@pytest.mark.parametrize("way", [HANG_UP, RESET, STALL, b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_server_that_never_answers_hellos_proves_nothing(way):
    paper = PaperServer({}, instead=lambda hello, number: way or HANG_UP)
    posture = look_at(paper, reply_seconds=0.2)
    assert versions_of(posture)[0] == []
    assert len(versions_of(posture)[1]) == 6
    assert posture.connections == 2
    assert posture.stopped.startswith("slow: no answer" if way == STALL else "cut off after 0 connections: ")
    assert set(unanswered(posture).values()) == {posture.stopped}


@pytest.mark.parametrize("way", [HANG_UP, RESET, STALL, b"\x00\x01\x02"])
@pytest.mark.parametrize("after", [1, 4, 8])
def test_a_ban_in_the_middle_ends_as_inconclusive(way, after):
    paper = PaperServer(CLEAN, instead=lambda hello, number: way if number > after else None)
    posture = look_at(paper, reply_seconds=0.2)
    assert posture.connections == after + 2
    assert posture.stopped.startswith("slow: " if way == STALL else "cut off after {0} connections: ".format(after))
    assert "SSLv2" in versions_of(posture)[1]
    assert posture.versions[0].why == posture.stopped
    assert not any(entry.outside.answer == "rejected" for entry in posture.groups if after < 8)


def test_a_closed_door_in_the_middle_ends_as_cut_off():
    paper = PaperServer(CLEAN)
    with Server(paper.script) as server:

        def close_the_door(hello, number):
            if number == 3:
                server._listener.shutdown(socket.SHUT_RDWR)

        paper.instead = close_the_door
        posture = posture_of(server.port)
    assert posture.stopped.startswith("cut off after 3 connections: refused")


def hangs_up_on_sslv2(hello, number):
    return HANG_UP if hello is None else None


def test_hanging_up_on_the_hello_of_sslv2_alone_refuses_it():
    posture = look_at(PaperServer(CLEAN, instead=hangs_up_on_sslv2))
    assert versions_of(posture) == (["TLSv1.2", "TLSv1.3"], [])
    assert posture.versions[0].why == "hung up each time, while control hellos were answered"
    assert posture.stopped == ""


def test_silence_to_the_hello_of_sslv2_is_neither_yes_nor_no():
    paper = PaperServer(CLEAN, instead=lambda hello, number: STALL if hello is None else None)
    posture = look_at(paper, reply_seconds=0.2)
    assert versions_of(posture) == (["TLSv1.2", "TLSv1.3"], ["SSLv2"])


def never_alerts(paper, banned_from=1000):
    """Refuses by hanging up, as Dovecot 2.3 does; and from one connection on hangs up on everything."""

    def instead(hello, number):
        said = paper.answer(hello)
        return HANG_UP if said[:1] == b"\x15" or number >= banned_from else said

    return instead


def test_a_server_that_refuses_by_hanging_up_is_seen_through():
    paper = PaperServer(CLEAN)
    paper.instead = never_alerts(paper)
    posture = look_at(paper)
    assert versions_of(posture) == (["TLSv1.2", "TLSv1.3"], [])
    assert unanswered(posture) == {}
    # Twelve questions, one of them twice and one again without finite fields, two controls, and one at the end.
    assert posture.connections == 17


def test_a_ban_is_not_taken_for_refusals_by_hanging_up():
    honest = PaperServer(CLEAN)
    honest.instead = never_alerts(honest)
    last = look_at(honest).connections
    for banned_from in range(2, last + 1):
        paper = PaperServer(CLEAN)
        paper.instead = never_alerts(paper, banned_from)
        posture = look_at(paper)
        assert posture.stopped.startswith("cut off after "), banned_from
        for answer in posture.versions:
            assert answer.answer != "rejected" or answer.why == "", (banned_from, answer)
        assert unanswered(posture), banned_from


@pytest.mark.parametrize("way", [HANG_UP, alert(80)])
@pytest.mark.parametrize("enumerate_fully", [False, True])
def test_a_server_that_chooses_finite_fields_and_fails_hides_nothing(way, enumerate_fully):
    """Dovecot 2.3 without ssl_dh hangs up where it chose DHE, though it accepts RSA."""
    static_rsa = ("TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_GCM_SHA384")
    paper = PaperServer({**CLEAN, TLS12: CLEAN[TLS12] + tuple(suite_number(name) for name in static_rsa)})

    def prefers_finite_fields(hello, number):
        suites = read_hello(hello).suites if hello else ()
        chosen = [suite for suite in suites if suite in CLEAN[TLS12] or suite in CLEAN[TLS13]]
        return way if not chosen and any("_DHE_" in suite_name(suite) for suite in suites) else None

    paper.instead = prefers_finite_fields
    posture = look_at(paper, most_connections=100, most_when_enumerating=600, enumerate_fully=enumerate_fully)
    suites = by_version(posture.suites)["TLSv1.2"]
    assert suites.outside.answer == "accepted"
    assert set(static_rsa) <= set(suites.accepted)
    assert suites.complete


@pytest.mark.parametrize("most", [1, 3, 6, 9])
def test_the_budget_is_kept_and_its_end_is_told(most):
    posture = look_at(PaperServer(CLEAN), most_connections=most)
    assert posture.connections == most
    assert set(unanswered(posture).values()) == {"not asked within {0} connections".format(most)}


def test_connections_made_before_count():
    posture = look_at(PaperServer(CLEAN), most_connections=9, before=4)
    assert posture.connections == 5


@pytest.mark.parametrize("way", [HANG_UP, RESET, STALL, alert(50), alert(47)])
def test_a_server_that_fails_on_large_hellos_is_asked_in_small_ones(way):
    def minds_size(hello, number):
        if hello is not None and (len(hello) >= 256 or len(read_hello(hello).suites) > 64):
            return way
        return None

    paper = PaperServer(CLEAN, instead=minds_size)
    posture = look_at(paper, most_connections=300, reply_seconds=0.2)
    assert versions_of(posture) == (["TLSv1.2", "TLSv1.3"], [])
    assert all(entry.outside.answer == "rejected" for entry in (*posture.suites, *posture.groups))
    assert any("large hello" in note for note in posture.notes)


def test_a_weak_suite_is_found_in_small_hellos_as_well():
    weak = suite_number("TLS_RSA_WITH_RC4_128_MD5")
    versions = {**CLEAN, TLS12: (*CLEAN[TLS12], weak)}
    paper = PaperServer(versions, instead=lambda hello, number: RESET if hello and len(hello) >= 256 else None)
    posture = look_at(paper, most_connections=300, most_when_enumerating=600)
    assert by_version(posture.suites)["TLSv1.2"].outside.answer == "accepted"
    assert suite_name(weak) in by_version(posture.suites)["TLSv1.2"].accepted


def test_a_server_that_refuses_the_name_is_asked_without_it():
    def minds_names(hello, number):
        return alert(112) if hello and read_hello(hello).server_name else None

    posture = look_at(PaperServer(CLEAN, instead=minds_names))
    assert versions_of(posture) == (["TLSv1.2", "TLSv1.3"], [])
    assert posture.notes == ("the server refuses the name mail.example.org: unrecognized_name (112)",)


def test_a_server_that_insists_on_the_name_rejects_a_hello_without():
    def wants_names(hello, number):
        return None if hello is None or read_hello(hello).server_name else alert(112)

    posture = look_at(PaperServer(CLEAN, instead=wants_names))
    assert versions_of(posture) == (["TLSv1.2", "TLSv1.3"], [])
    assert posture.without_sni.answer == "rejected"


def test_a_warning_before_the_end_is_an_alert():
    def warns(hello, number):
        said = paper.answer(hello)
        return alert(said[6], level=1) if said[:1] == b"\x15" else said

    paper = PaperServer(CLEAN, instead=warns, waits=False)
    posture = look_at(paper)
    assert versions_of(posture) == (["TLSv1.2", "TLSv1.3"], [])


def test_what_was_not_offered_proves_nothing():
    def has_one_answer(hello, number):
        return stranger.flight(TLS12, 0x1302, 23, 0x0401) if hello else None

    stranger = PaperServer({}, instead=has_one_answer)
    posture = look_at(stranger)
    assert "TLSv1.2" in versions_of(posture)[1]
    assert "was not offered" in unanswered(posture)["TLSv1.2"]


def test_the_version_that_a_server_chooses_rejects_those_above():
    old = (suite_number("TLS_RSA_WITH_AES_128_CBC_SHA"),)
    paper = PaperServer({TLS10: old})
    posture = look_at(paper)
    assert versions_of(posture) == (["TLSv1"], [])
    paper = PaperServer({SSL30: old, TLS11: old})
    assert versions_of(look_at(paper)) == (["SSLv3", "TLSv1.1"], [])


def test_a_reset_inside_a_flight_does_not_undo_its_hello():
    def breaks_off(hello, number):
        said = paper.answer(hello)
        return said[:-9] if len(said) > 120 else said

    paper = PaperServer(CLEAN, instead=breaks_off, waits=False)
    posture = look_at(paper)
    assert versions_of(posture)[0] == ["TLSv1.2", "TLSv1.3"]


def test_a_suite_that_is_chosen_in_a_lower_version_is_not_accepted_in_the_higher():
    weak = suite_number("TLS_RSA_WITH_AES_128_CBC_SHA")

    def falls_back(hello, number):
        offered = read_hello(hello) if hello else None
        if offered is None or offered.supported_versions or set(offered.suites) & set(CLEAN[TLS12]):
            return None
        return paper.flight(TLS11, weak, 29, 0) if weak in offered.suites else None

    paper = PaperServer({**CLEAN, TLS11: (weak,)}, instead=falls_back)
    posture = look_at(paper)
    assert versions_of(posture)[0] == ["TLSv1.1", "TLSv1.2", "TLSv1.3"]
    assert by_version(posture.suites)["TLSv1.2"].outside.answer == "rejected"
    assert not by_version(posture.suites)["TLSv1.2"].complete


def smtp(paper, starttls=b"220 go\r\n", greeting=b"220 mx.example.org ESMTP\r\n"):
    def script(peer):
        peer.say(greeting)
        heard = b""
        while True:
            data = peer.socket.recv(1024)
            if not data:
                return
            heard += data
            if heard.endswith(b"\r\n"):
                if heard.startswith(b"STARTTLS"):
                    peer.say(starttls)
                    if starttls.startswith(b"220"):
                        paper.script(peer)
                        return
                else:
                    peer.say(b"250-mx.example.org\r\n250 STARTTLS\r\n")
                heard = b""

    return script


def test_hellos_after_starttls():
    with Server(smtp(PaperServer(CLEAN))) as server:
        posture = posture_of(server.port, encryption="starttls", protocol="smtp")
    assert versions_of(posture) == (["TLSv1.2", "TLSv1.3"], [])
    assert unanswered(posture) == {}


@pytest.mark.parametrize("details", [{"greeting": b"421 too many connections\r\n"}, {"starttls": b"454 busy\r\n"}])
def test_being_put_off_is_told_by_its_name(details):
    with Server(smtp(PaperServer(CLEAN), **details)) as server:
        posture = posture_of(server.port, encryption="starttls", protocol="smtp")
    assert posture.stopped.startswith("throttled: 4")
    assert len(versions_of(posture)[1]) == 6
    assert posture.connections <= 4


def test_a_starttls_that_fails_for_good_proves_nothing():
    with Server(smtp(PaperServer(CLEAN), starttls=b"502 no\r\n")) as server:
        posture = posture_of(server.port, encryption="starttls", protocol="smtp")
    assert len(versions_of(posture)[1]) == 6
    assert "502" in posture.stopped


def test_the_deadline_ends_everything():
    started = time.monotonic()
    with Server(PaperServer({}, instead=lambda hello, number: STALL).script) as server:
        posture = posture_of(server.port, reply_seconds=30.0, deadline_seconds=0.4)
    assert time.monotonic() - started < 2
    assert "deadline" in posture.stopped
    assert len(versions_of(posture)[1]) == 6


# Questions


@pytest.mark.parametrize(
    "wrong",
    [
        {"leave_out_suites": (("TLSv1.4", ()),)},
        {"leave_out_suites": (("TLSv1.2", ("ECDHE-RSA-AES128-SHA",)),)},
        {"leave_out_groups": ("prime256v1",)},
        {"leave_out_signatures": ("rsa",)},
        {"most_connections": 0},
    ],
)
def test_questions_that_cannot_be_meant_are_refused(wrong):
    with pytest.raises(ValueError, match="questions[.]" + next(iter(wrong))):
        check_questions(Questions(**wrong))
    with pytest.raises(ValueError):
        check_target(Target("mail.example.org", 993, "imap", "implicit", questions=Questions(**wrong)), "targets[0]")


def test_without_questions_there_is_no_posture():
    assert Target("mail.example.org", 993, "imap", "implicit").questions is None
    assert Limits(1).in_all >= 100
