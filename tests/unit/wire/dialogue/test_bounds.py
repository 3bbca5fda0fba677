# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a hostile or broken server can send ends the dialogue with a reason, and never with an exception."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _gate.wire.dialogue.base import LONGEST_LINE, MOST_BYTES, MOST_LINES, Done, Errand, Send, StartTls
from _gate.wire.dialogue.conversation import Conversation

GREETINGS = {
    "smtp": b"220 hi ESMTP\r\n",
    "imap": b"* OK hi\r\n",
    "pop3": b"+OK hi\r\n",
    "sieve": b'"STARTTLS"\r\nOK\r\n',
}


def fed(protocol, *pieces):
    conversation = Conversation(protocol, False, "client.example.org")
    events = [event for piece in pieces for event in conversation.feed(piece)]
    return conversation, events


def test_endless_line():
    conversation, events = fed("smtp", b"220 ", *[b"x" * 100] * 100)
    assert conversation.facts.stopped == "line longer than {0} bytes".format(LONGEST_LINE)
    assert events == [Done()]


def test_line_of_the_longest_length_is_read():
    conversation, events = fed("smtp", b"220 " + b"x" * (LONGEST_LINE - 5) + b"\r\n")
    assert events == [Send(b"EHLO client.example.org\r\n")]
    assert len(conversation.facts.greeting) == 200


def test_endless_reply():
    conversation, events = fed("smtp", b"220-more\r\n" * (MOST_LINES + 1))
    assert conversation.facts.stopped == "more than {0} lines in one reply".format(MOST_LINES)
    assert events == [Done()]


def test_reply_of_too_many_bytes():
    conversation, _events = fed("smtp", (b"220-" + b"x" * 8000 + b"\r\n") * 9)
    assert conversation.facts.stopped == "more than {0} bytes in one reply".format(MOST_BYTES)


def test_huge_literal():
    conversation, events = fed("sieve", b'"IMPLEMENTATION" {99999999}\r\n')
    assert conversation.facts.stopped == "literal longer than {0} bytes".format(LONGEST_LINE)
    assert events == [Done()]


def test_bounds_count_each_reply_anew():
    conversation, events = fed("smtp", b"220-a\r\n" * (MOST_LINES - 1) + b"220 a\r\n")
    assert events == [Send(b"EHLO client.example.org\r\n")]
    assert conversation.feed(b"250-a\r\n" * (MOST_LINES - 1) + b"250 a\r\n") == [Send(b"QUIT\r\n")]


@pytest.mark.parametrize("left_over", [[b"250 injected\r\n"], [b"250 inj", b"ected\r\n"]], ids=["at once", "in pieces"])
@pytest.mark.parametrize("together", [True, False], ids=["same segment", "later segment"])
def test_bytes_after_starttls_are_noted_and_discarded(left_over, together):
    conversation, _events = fed("smtp", b"220 hi ESMTP\r\n", b"250-hi\r\n250 STARTTLS\r\n")
    reply = b"220 go\r\n"
    if together:
        reply, left_over = reply + left_over[0], left_over[1:]
    assert conversation.feed(reply) == [StartTls()]
    for piece in left_over:
        assert conversation.feed(piece) == []
    assert conversation.handshake_done() == [Send(b"EHLO client.example.org\r\n")]
    assert conversation.facts.notes == [
        "left-over bytes after the STARTTLS reply, 14 of them, were discarded: 250 injected"
    ]
    assert conversation.facts.after_tls is None
    conversation.feed(b"250-hi\r\n250 AUTH PLAIN\r\n")
    assert conversation.facts.after_tls.login_mechanisms == ("PLAIN",)


def test_timsieved_that_does_not_repeat_its_capabilities_is_asked():
    conversation, _events = fed("sieve", b'"SASL" ""\r\n"STARTTLS"\r\nOK\r\n', b"OK\r\n")
    assert conversation.handshake_done() == []
    assert conversation.patience
    assert conversation.nudge() == [Send(b"CAPABILITY\r\n")]
    assert conversation.patience is None
    assert conversation.feed(b'"SASL" "PLAIN"\r\nOK\r\n') == [Send(b"LOGOUT\r\n")]
    assert conversation.facts.after_tls.login_mechanisms == ("PLAIN",)
    assert len(conversation.facts.notes) == 1


@pytest.mark.parametrize(
    "received, by_closing, by_silence",
    [
        (b"", "closed without a greeting", "no greeting within 10 s"),
        (b"220-wait", "closed before the greeting was complete", "no complete greeting within 10 s"),
        (b"220 hi\r\n", "closed before the reply to EHLO", "no complete reply to EHLO within 10 s"),
        (b"garbage", "an unknown protocol is spoken here", "an unknown protocol is spoken here"),
    ],
)
def test_end_before_the_end(received, by_closing, by_silence):
    for end, reason in ((lambda talk: talk.closed(), by_closing), (lambda talk: talk.silent(10.0), by_silence)):
        conversation, _events = fed("smtp", *([received] if received else []))
        assert end(conversation) == [Done()]
        assert conversation.facts.stopped == reason


def test_end_while_leaving_is_no_fault():
    conversation, events = fed("smtp", b"220 hi\r\n", b"250 hi\r\n")
    assert events[-1] == Send(b"QUIT\r\n")
    assert conversation.closed() == [Done()]
    assert conversation.facts.stopped == ""


def test_smtp_421_in_the_middle_is_throttling():
    conversation, events = fed("smtp", b"220 hi\r\n", b"421 4.7.0 too much\r\n")
    assert conversation.facts.throttled == "421 4.7.0 too much"
    assert events[-1] == Done()


def test_evidence_is_printable():
    conversation, _events = fed("smtp", b"220 hi \x1b[31m\xff\r\n", b"250-\x00hi\r\n250 \x07AUTH\r\n")
    assert conversation.facts.greeting == "220 hi ?[31m?"
    assert conversation.facts.before_tls.lines == ("?AUTH",)


@given(protocol=st.sampled_from(sorted(GREETINGS)), pieces=st.lists(st.binary(max_size=60), max_size=8))
def test_garbage_after_the_greeting_never_raises(protocol, pieces):
    conversation, events = fed(protocol, GREETINGS[protocol])
    for piece in pieces + [b"\r\n"]:
        events += conversation.feed(piece)
    conversation.closed()
    assert all(isinstance(event, (Send, StartTls, Done)) for event in events)


@given(encrypted=st.booleans(), pieces=st.lists(st.binary(max_size=40), max_size=5))
def test_garbage_from_the_start_never_raises(encrypted, pieces):
    conversation = Conversation("imap", encrypted, "client.example.org")
    for piece in pieces:
        conversation.feed(piece)
    assert conversation.silent(1.0)


def peak_while(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


GREETING_PIECES = {
    "lines": b"220-more of it\r\n" * 4096,
    "no line": b"x" * 65536,
    "one line": b"220 " + b"y" * 65532,
    "literals": b'"A" {8000}\r\n' * 5000,
}


@pytest.mark.parametrize("piece", GREETING_PIECES.values(), ids=GREETING_PIECES)
def test_a_greeting_of_100_megabytes_takes_no_memory(piece):
    conversation = Conversation("smtp", False, "client.example.org")

    def feed():
        for _times in range(100 * 1024 * 1024 // len(piece)):
            conversation.feed(piece)

    assert peak_while(feed) < 1024 * 1024
    assert conversation.facts.stopped


def test_100_megabytes_after_the_starttls_reply_take_no_memory():
    conversation, _events = fed("smtp", b"220 hi ESMTP\r\n", b"250-hi\r\n250 STARTTLS\r\n", b"220 go\r\n")

    def feed():
        for _times in range(1600):
            conversation.feed(b"x" * 65536)

    assert peak_while(feed) < 1024 * 1024


@given(
    protocol=st.sampled_from(sorted(GREETINGS)),
    pieces=st.lists(st.binary(max_size=60), max_size=8),
    errand=st.builds(
        Errand,
        straight_to_tls=st.booleans(),
        leave_before_tls=st.booleans(),
        try_unadvertised=st.booleans(),
        mail_before_tls=st.booleans(),
        mail=st.booleans(),
        recipient=st.sampled_from(["", "probe@example.net"]),
        start_login=st.booleans(),
        injection_tag=st.sampled_from(["", "gatex"]),
    ),
    inside=st.lists(
        st.sampled_from([b"250 ok\r\n", b"334 \r\n", b"+ \r\n", b"g2 OK\r\n", b"+OK\r\n", b".\r\n", b"OK\r\n"])
    ),
)
def test_errands_never_raise_and_never_send_data(protocol, pieces, errand, inside):
    conversation = Conversation(protocol, False, "client.example.org", errand)
    events = conversation.feed(GREETINGS[protocol])
    for piece in inside + pieces:
        events += conversation.feed(piece)
        if StartTls() in events:
            events = [event for event in events if event != StartTls()] + conversation.handshake_done()
    conversation.closed()
    sent = [event.data for event in events if isinstance(event, Send)]
    assert not any(data.startswith((b"DATA", b"BDAT")) for data in sent)
