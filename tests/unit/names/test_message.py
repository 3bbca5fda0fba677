# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DNS messages: names, aliases, and bytes that are no answer."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _gate.names import message
from _gate.names.message import Malformed, question, read_answer
from name_server import reply

RECORDS = {
    ("mail.example.org", "A"): ["192.0.2.10", "192.0.2.11"],
    ("www.example.org", "CNAME"): ["web.example.org"],
    ("web.example.org", "CNAME"): ["mail.example.org"],
    ("example.org", "MX"): [(10, "mx1.example.org"), (20, "mx2.example.org")],
    ("nomail.example", "MX"): [(0, "")],
}


def ask(name, kind, number=7, **changes):
    return read_answer(reply(question(number, name, kind), RECORDS, **changes), number, name, kind)


def test_a_question_as_rfc_1035_has_it():
    assert question(0x1234, "a.bc", "MX", extended=False) == bytes.fromhex(
        "1234 0120 0001 0000 0000 0000 01 61 02 6263 00 000f 0001"
    )


def test_addresses_and_exchanges():
    assert ask("mail.example.org", "A").records == ("192.0.2.10", "192.0.2.11")
    assert ask("example.org", "MX").records == ((10, "mx1.example.org"), (20, "mx2.example.org"))
    assert ask("nomail.example", "MX").records == ((0, ""),)


def test_aliases_are_followed():
    assert ask("www.example.org", "A").records == ("192.0.2.10", "192.0.2.11")


def test_the_case_of_the_question_does_not_matter():
    assert ask("MAIL.Example.org", "A").records == ("192.0.2.10", "192.0.2.11")


def test_records_of_other_names_do_not_count():
    data = reply(question(7, "mail.example.org", "A"), RECORDS).replace(b"\xc0\x0c", b"\xc0\x11", 1)
    assert read_answer(data, 7, "mail.example.org", "A").records == ("192.0.2.11",)


def test_a_name_that_does_not_exist_is_an_answer():
    answer = ask("absent.example.org", "A")
    assert (answer.code, answer.records, answer.decides) == (message.NO_SUCH_NAME, (), True)


def test_a_referral_decides_nothing():
    assert ask("absent.example.org", "A", code=0, flags=0x8100).decides is False


@pytest.mark.parametrize(
    "changed",
    [
        lambda data: b"\0\1" + data[2:],
        lambda data: data[:2] + b"\1" + data[3:],
        lambda data: data.replace(b"\x04mail", b"\x04mall"),
        lambda data: data.replace(b"\0\x01\0\x01\xc0", b"\0\x1c\0\x01\xc0", 1),
        lambda data: data[:-1],
        lambda data: data[:12],
        lambda data: b"",
        lambda data: data.replace(b"\xc0\x0c", b"\xc0\xff", 1),
        lambda data: data[:12] + b"\xc0\x0c" + data[14:],
    ],
)
def test_what_is_no_answer_is_refused(changed):
    data = reply(question(7, "mail.example.org", "A"), RECORDS)
    with pytest.raises(Malformed):
        read_answer(changed(data), 7, "mail.example.org", "A")


@pytest.mark.parametrize("kind, value", [(1, b"\1\2\3"), (28, b"\1\2\3\4"), (15, b"\0\1")])
def test_records_of_a_wrong_length_are_refused(kind, value):
    name = {1: "A", 28: "AAAA", 15: "MX"}[kind]
    asked = question(7, "a", name, extended=False)
    data = struct.pack("!HHHHHH", 7, 0x8180, 1, 1, 0, 0) + asked[12:] + b"\xc0\x0c"
    with pytest.raises(Malformed):
        read_answer(data + struct.pack("!HHIH", kind, 1, 0, len(value)) + value, 7, "a", name)


@given(st.binary(max_size=200), st.sampled_from(sorted(message.KINDS)))
def test_no_bytes_break_the_reader(rest, kind):
    asked = question(7, "mail.example.org", kind)
    for data in (rest, asked[:2] + b"\x81\x80\0\1\0\2\0\0\0\0" + asked[12:34] + rest):
        with contextlib.suppress(Malformed):
            read_answer(data, 7, "mail.example.org", kind)
