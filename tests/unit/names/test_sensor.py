# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sensor against a name server on loopback, healthy and not."""

from __future__ import annotations

import time

import pytest

from _gate.errors import IntentError
from _gate.names import resolver
from _gate.names.resolver import name_servers
from _gate.names.sensor import Exchange, look_at_names
from name_server import NameServer, reply

RECORDS = {
    ("mail.example.org", "A"): ["192.0.2.10"],
    ("mail.example.org", "AAAA"): ["2001:db8::10"],
    ("v6.example.org", "AAAA"): ["2001:db8::11"],
    ("example.org", "MX"): [(20, "mx2.example.org"), (10, "mail.example.org")],
    ("plain.example.org", "A"): ["192.0.2.12"],
    ("nomail.example", "MX"): [(0, "")],
    ("xn--bcher-kva.example", "A"): ["192.0.2.13"],
    ("10.2.0.192.in-addr.arpa", "PTR"): ["mail.example.org"],
}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(resolver, "_SECONDS", 1.5)


def look(*servers, **asked):
    return look_at_names(servers=[server.place for server in servers], **asked)


def test_the_addresses_of_names():
    with NameServer(RECORDS) as server:
        names = look(server, names=["mail.example.org", "v6.example.org", "example.org", "absent.example"]).names
    assert [(each.name, each.addresses, each.problem) for each in names] == [
        ("mail.example.org", ("192.0.2.10", "2001:db8::10"), ""),
        ("v6.example.org", ("2001:db8::11",), ""),
        ("example.org", (), "no record"),
        ("absent.example", (), "no such name"),
    ]


def test_names_with_other_letters_are_asked_for_in_a_labels():
    with NameServer(RECORDS) as server:
        assert look(server, names=["B\u00fccher.example"]).names[0].addresses == ("192.0.2.13",)


def test_the_names_of_addresses():
    with NameServer(RECORDS) as server:
        reverse = look(server, addresses=["192.0.2.10", "2001:db8::10"]).reverse
    assert [(each.names, each.problem) for each in reverse] == [(("mail.example.org",), ""), ((), "no such name")]


def test_who_takes_the_mail_of_domains():
    with NameServer(RECORDS) as server:
        domains = look(server, domains=["example.org", "plain.example.org", "nomail.example", "absent.example"]).domains
    assert [(each.exchanges, each.implicit, each.problem) for each in domains] == [
        ((Exchange(10, "mail.example.org"), Exchange(20, "mx2.example.org")), False, ""),
        ((Exchange(0, "plain.example.org"),), True, ""),
        ((), False, "null MX"),
        ((), False, "no such name"),
    ]


def test_a_long_answer_comes_over_tcp():
    with NameServer(RECORDS, cut=True) as server:
        assert look(server, domains=["example.org"]).domains[0].exchanges
        assert server.queries == {"udp": 1, "tcp": 1}


def test_a_server_that_knows_no_edns_is_asked_without():
    with NameServer(RECORDS, without_edns=True) as server:
        assert look(server, domains=["example.org"]).domains[0].exchanges


@pytest.mark.parametrize("fault", [{"silent": True}, {"code": 2}, {"code": 5}, {"flags": 0x8100, "code": 0}])
def test_the_next_server_is_asked(fault):
    with NameServer({}, **fault) as bad, NameServer(RECORDS) as good:
        assert look(bad, good, names=["mail.example.org"]).names[0].addresses


@pytest.mark.parametrize(
    "fault, words",
    [
        ({"silent": True}, "no answer in time"),
        ({"code": 2}, "server failure"),
        ({"code": 5}, "refused"),
        ({"flags": 0x8100, "code": 0}, "does not recurse"),
        ({"before": lambda query: b"", "silent": True}, "breaks off"),
    ],
)
def test_what_no_server_answers_is_unknown_and_not_absent(fault, words, monkeypatch):
    monkeypatch.setattr(resolver, "_SECONDS", 0.3 if "silent" in fault else 1.5)
    with NameServer({}, **fault) as server:
        seen = look(server, names=["mail.example.org"], addresses=["192.0.2.10"], domains=["example.org"])
    for each in seen.names + seen.reverse + seen.domains:
        assert words in each.unanswered and each.problem == ""


def test_a_guess_of_somebody_else_is_not_taken_for_the_answer():
    forged = {("mail.example.org", "A"): ["198.51.100.66"], ("mail.example.org", "AAAA"): ["2001:db8::66"]}

    def guess(query):
        return reply(bytes((query[0] ^ 1,)) + query[1:], forged)

    with NameServer(RECORDS, before=guess) as server:
        assert look(server, names=["mail.example.org"]).names[0].addresses == ("192.0.2.10", "2001:db8::10")


def test_the_look_ends_in_time():
    with NameServer({}, silent=True) as server:
        started = time.monotonic()
        look(server, names=["a.example"] * 20, seconds=0.2)
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("asked", [{"names": ["192.0.2.1"]}, {"domains": ["a b"]}, {"addresses": ["mail"]}])
def test_what_is_no_name_is_refused(asked):
    with pytest.raises(IntentError) as refused:
        look_at_names(**asked)
    assert next(iter(asked)) in str(refused.value)


def test_servers_of_resolv_conf(tmp_path):
    path = tmp_path / "resolv.conf"
    assert name_servers(str(path)) == ["127.0.0.1"]
    path.write_text("# a comment\nsearch example.org\nnameserver 192.0.2.1\nnameserver\nnameserver ::1\n")
    assert name_servers(str(path)) == ["192.0.2.1", "::1"]
