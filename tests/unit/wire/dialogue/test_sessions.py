# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every recorded session, split at any byte border, leads to the same words and the same facts."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _gate.wire.dialogue.base import NO_ERRAND, Done
from _gate.wire.dialogue.conversation import Conversation
from wire_errands_mailbox import MAILBOX_ERRANDS
from wire_errands_smtp import SMTP_ERRANDS
from wire_session import CLIENT, play
from wire_sessions_mailbox import MAILBOX_SESSIONS
from wire_sessions_smtp import SMTP_SESSIONS

SESSIONS = dict(SMTP_SESSIONS, **MAILBOX_SESSIONS, **SMTP_ERRANDS, **MAILBOX_ERRANDS)


def hold(session, pieces_of):
    conversation = Conversation(session.protocol, session.encrypted, CLIENT, session.errand)
    events = play(session, pieces_of, conversation)
    assert events == [Done()]
    return conversation.facts


def gist(capabilities):
    return capabilities and (capabilities.starttls, capabilities.login_mechanisms)


@pytest.mark.parametrize("name", SESSIONS)
def test_session_tells(name):
    session = SESSIONS[name]
    told = hold(session, lambda words: [words])
    facts = dict(
        dataclasses.asdict(told), before=gist(told.before_tls), after=gist(told.after_tls), notes=len(told.notes)
    )
    facts["observed"] = {
        question: seen.answer
        for question, seen in told.observed.items()
        if question in session.facts.get("observed", {}) or session.errand != NO_ERRAND
    }
    expected = dict({"throttled": "", "stopped": ""}, **session.facts)
    if expected["throttled"]:
        expected["stopped"] = "put off by the server"
    assert {key: facts[key] for key in expected} == expected


@pytest.mark.parametrize("name", SESSIONS)
def test_session_byte_by_byte_is_the_same(name):
    session = SESSIONS[name]
    whole = hold(session, lambda words: [words])
    assert hold(session, lambda words: [words[at : at + 1] for at in range(len(words))]) == whole


@pytest.mark.parametrize("name", SESSIONS)
@settings(max_examples=20)
@given(data=st.data())
def test_session_split_anyhow_is_the_same(name, data):
    session = SESSIONS[name]

    def split(words):
        borders = sorted(data.draw(st.sets(st.integers(1, len(words) - 1), max_size=6)))
        return [words[begin:end] for begin, end in zip([0] + borders, borders + [len(words)])]

    assert hold(session, split) == hold(session, lambda words: [words])
