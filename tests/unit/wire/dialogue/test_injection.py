# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The injection's control where the server's goodbye looks like any other answer, and where it answers nothing."""

from __future__ import annotations

import pytest

from _gate.wire.dialogue.base import Done, Errand, Send
from _gate.wire.dialogue.conversation import Conversation
from wire_errands_mailbox import CLOSING_ERRANDS, INJECT
from wire_session import play


@pytest.mark.parametrize("name", CLOSING_ERRANDS)
@pytest.mark.parametrize("in_pieces", [False, True])
@pytest.mark.parametrize("ends_by_closing", [False, True])
def test_session_that_the_server_ends(name, in_pieces, ends_by_closing):
    session = CLOSING_ERRANDS[name]
    conversation = Conversation(session.protocol, False, "client.example.org", session.errand)
    events = play(
        session,
        lambda words: [words[at : at + 1] for at in range(len(words))] if in_pieces else [words],
        conversation,
    )
    if events != [Done()]:
        assert events == []
        assert (conversation.closed() if ends_by_closing else conversation.silent(1.0)) == [Done()]
    told = {question: seen.answer for question, seen in conversation.facts.observed.items()}
    assert told["starttls_injection"] == session.facts["observed"]["starttls_injection"]
    assert conversation.facts.stopped == ""


@pytest.mark.parametrize(
    "answers, answer",
    [
        ([b"250 first\r\n250 second\r\n221 bye\r\n"], "yes"),
        ([b"250 control\r\n", b"221 bye\r\n"], "no"),
        ([b"250 control\r\n"], "no"),
        ([], "not established"),
        ([b"250"], "not established"),
    ],
)
def test_answers_are_counted(answers, answer):
    conversation = Conversation("smtp", False, "client.example.org", INJECT)
    for said in (b"220 mx ESMTP\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n"):
        conversation.feed(said)
    assert conversation.handshake_done() == [Send(b"NOOP gatexc\r\n")]
    for said in answers:
        conversation.feed(said)
    conversation.closed()
    observation = conversation.facts.observed["starttls_injection"]
    assert observation.answer == answer
    assert observation.line == ("250 first" if answer == "yes" else "")


@pytest.mark.parametrize("injected_is_answered", [True, False])
def test_timsieved_that_does_not_repeat_its_capabilities(injected_is_answered):
    conversation = Conversation(
        "sieve", False, "client.example.org", Errand(straight_to_tls=True, injection_tag="gatex")
    )
    conversation.feed(b'"STARTTLS"\r\nOK\r\n')
    conversation.feed(b"OK\r\n")
    assert conversation.handshake_done() == []
    if injected_is_answered:
        assert conversation.feed(b'OK "done"\r\n') == []
    assert conversation.nudge() == [Send(b"CAPABILITY\r\n")]
    assert conversation.feed(b'"SASL" "PLAIN"\r\nOK\r\n') == [Send(b'NOOP "gatexc"\r\n')]
    assert conversation.feed(b'OK "done"\r\n') == [Send(b"LOGOUT\r\n")]
    conversation.feed(b"OK\r\n")
    conversation.closed()
    observation = conversation.facts.observed["starttls_injection"]
    assert observation.answer == ("yes" if injected_is_answered else "no")
