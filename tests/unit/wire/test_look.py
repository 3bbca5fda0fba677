# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look as a whole: names and addresses, the deadline, bounds, bad input."""

from __future__ import annotations

import threading
import time

import pytest

from _gate.errors import EvidenceError, IntentError
from _gate.wire import certificate as certificate_module
from _gate.wire import resolve
from _gate.wire.look import Limits, Target, look
from wire_servers import (
    SMTP_GREETING,
    Server,
    black_hole,
    mail_server,
    unused_port,
)

QUICK = Limits(deadline_seconds=8, connect_seconds=1, reply_seconds=1, silence_seconds=0.3, ehlo_name="client.example")


@pytest.fixture(autouse=True)
def _without_cryptography(monkeypatch):
    """No certificate is read here, so these tests also run where cryptography is missing."""
    monkeypatch.setattr("_gate.wire.look.require_cryptography", lambda: None)


def test_deadline_holds_over_black_holes_and_tarpits():
    with black_hole() as port, Server(lambda peer: peer.wait_closed()) as tarpit:
        targets = [Target("127.0.0.1", port, "smtp", "plain")] * 3 + [Target("127.0.0.1", tarpit.port, "smtp", "plain")]
        begun = time.monotonic()
        results = look(targets, Limits(deadline_seconds=1.2))
        took = time.monotonic() - begun
    assert took < 2.2
    assert [seen.state for seen in results] == ["not-tried"] * 3 + ["open"]
    assert {seen.stopped for seen in results} == {"deadline of 1.2 s reached"}


def test_what_the_deadline_left_undone_is_told():
    with Server(lambda peer: peer.wait_closed()) as server:
        targets = [Target("127.0.0.1", server.port, "smtp", "plain")] * 2
        first, second = look(targets, Limits(deadline_seconds=0.4, at_once=1))
    assert (first.state, first.stopped) == ("open", "deadline of 0.4 s reached")
    assert (second.state, second.stopped) == ("not-tried", "deadline of 0.4 s reached")
    assert (second.address, second.family, second.connections) == ("127.0.0.1", "ipv4", 0)


def test_deadline_holds_over_a_thread_that_hangs(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr("_gate.wire.look.PortLook.run", lambda _self: release.wait(20))
    begun = time.monotonic()
    (seen,) = look([Target("127.0.0.1", 25, "smtp", "plain")], Limits(deadline_seconds=0.3))
    took = time.monotonic() - begun
    release.set()
    assert took < 1.3
    assert (seen.state, seen.address, seen.stopped) == ("not-tried", "127.0.0.1", "deadline of 0.3 s reached")


def test_a_port_unanswered_for_long_is_timed_out_even_at_the_deadline(monkeypatch):
    monkeypatch.setattr("_gate.wire.connection._SURELY_UNANSWERED", 0.3)
    with black_hole() as port:
        (seen,) = look([Target("127.0.0.1", port, "smtp", "plain")], Limits(deadline_seconds=0.5))
    assert (seen.state, seen.stopped) == ("timed-out", "deadline of 0.5 s reached")


def test_deadline_holds_over_a_resolver_that_hangs(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(resolve.socket, "getaddrinfo", lambda *_args, **_named: release.wait(20) and [])
    begun = time.monotonic()
    (seen,) = look([Target("slow.example.org", 25, "smtp", "plain")], Limits(deadline_seconds=0.3))
    took = time.monotonic() - begun
    release.set()
    assert took < 1.3
    assert (seen.state, seen.address, seen.family) == ("not-tried", "", "")
    assert seen.stopped == "deadline of 0.3 s reached"


def test_name_without_an_address(monkeypatch):
    def nothing(*_args, **_named):
        raise resolve.socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(resolve.socket, "getaddrinfo", nothing)
    (seen,) = look([Target("nowhere.example.org", 25, "smtp", "plain")], QUICK)
    assert (seen.state, seen.detail, seen.host) == (
        "name-not-found",
        "Name or service not known",
        "nowhere.example.org",
    )


def test_each_address_of_a_name_has_its_own_result(monkeypatch):
    socket = resolve.socket
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)
    told = []
    with Server(mail_server(SMTP_GREETING, {b"EHLO": b"250 hi\r\n", b"QUIT": b"221 bye\r\n"})) as server:
        results = look([Target("mx.example.org", server.port, "smtp", "plain")], QUICK, told.append)
    assert [(seen.address, seen.family, seen.state) for seen in results] == [
        ("127.0.0.1", "ipv4", "open"),
        ("127.0.0.2", "ipv4", "refused"),
        ("::1", "ipv6", "refused"),
    ]
    assert len(told) == 3
    assert any(line.startswith("mx.example.org [127.0.0.1]:") and "open, smtp, none" in line for line in told)


def test_link_local_address_keeps_its_scope(monkeypatch):
    monkeypatch.setattr(resolve.socket, "if_indextoname", "eth{0}".format)
    found = [(resolve.socket.AF_INET6, 1, 6, "", ("fe80::1", 0, 0, 3))]
    monkeypatch.setattr(resolve.socket, "getaddrinfo", lambda *_args, **_named: found)
    (endpoint,) = resolve.addresses_of("fe80::1%eth3")
    assert (endpoint.address, endpoint.socket_address(25)) == ("fe80::1%eth3", ("fe80::1", 25, 0, 3))


def test_connections_to_one_address_are_bounded():
    now_open, most, lock = [0], [0], threading.Lock()

    def script(peer):
        with lock:
            now_open[0] += 1
            most[0] = max(most[0], now_open[0])
        time.sleep(0.1)
        with lock:
            now_open[0] -= 1
        peer.say(b"554 no\r\n")

    with Server(script) as server:
        results = look([Target("127.0.0.1", server.port, "smtp", "plain")] * 9, Limits(8, per_address=3))
    assert len(results) == 9
    assert most[0] == 3


def test_defect_in_a_thread_is_not_swallowed(monkeypatch):
    def defect(*_args, **_named):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("_gate.wire.reach.open_connection", defect)
    with pytest.raises(ZeroDivisionError):
        look([Target("127.0.0.1", 25, "smtp", "plain")], QUICK)


# Bad input, before anything is connected


@pytest.mark.parametrize("content, problem", [(None, "No such file"), ("", "is empty"), ("x", "no certificate in PEM")])
def test_ca_file(tmp_path, content, problem):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with Server(lambda peer: None) as server:
        with pytest.raises(EvidenceError, match=problem) as caught:
            look([Target("127.0.0.1", server.port, "smtp", "plain", trust=str(path))], QUICK)
        assert server.visits == 0
    assert str(path) in str(caught.value)


def test_damaged_ca_file(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(EvidenceError, match="damaged"):
        look([Target("127.0.0.1", 25, "smtp", "plain", trust=str(path))], QUICK)


def missing():
    raise EvidenceError("cryptography", "not there", "install it")


def test_missing_cryptography_names_library_interpreter_and_remedy(monkeypatch):
    monkeypatch.setitem(certificate_module.sys.modules, "cryptography", None)
    monkeypatch.setitem(certificate_module.sys.modules, "cryptography.x509", None)
    with pytest.raises(EvidenceError) as caught:
        certificate_module.require_cryptography()
    for word in ("cryptography", certificate_module.sys.executable, "python3-cryptography"):
        assert word in str(caught.value)


def test_cryptography_is_looked_for_before_anything_is_connected(monkeypatch):
    monkeypatch.setattr("_gate.wire.look.importlib.machinery.PathFinder.find_spec", lambda name: None)
    monkeypatch.setattr("_gate.wire.look._Look", None)
    monkeypatch.setattr("_gate.wire.look.require_cryptography", missing)
    with pytest.raises(EvidenceError, match="not there"):
        look([Target("127.0.0.1", 25, "smtp", "plain")], QUICK)


def test_cryptography_that_cannot_be_imported_ends_the_look(monkeypatch):
    monkeypatch.setattr("_gate.wire.look.importlib.machinery.PathFinder.find_spec", lambda name: "a spec")
    monkeypatch.setattr("_gate.wire.look.require_cryptography", missing)
    with pytest.raises(EvidenceError, match="not there"):
        look([Target("127.0.0.1", unused_port(), "smtp", "plain")], QUICK)


@pytest.mark.parametrize(
    "target, option",
    [
        (Target("a..b", 25, "smtp", "plain"), "targets[0].host"),
        (Target("a.example", 0, "smtp", "plain"), "targets[0].port"),
        (Target("a.example", 25, "smpt", "plain"), "targets[0].protocol"),
        (Target("a.example", 25, "smtp", "later"), "targets[0].begins"),
        (Target("a.example", 25, "smtp", "plain", server_name=".x"), "targets[0].server_name"),
    ],
)
def test_bad_target(target, option):
    with pytest.raises(IntentError) as caught:
        look([target], QUICK)
    assert caught.value.option == option


@pytest.mark.parametrize(
    "limits", [Limits(0), Limits(5, per_address=0), Limits(5, ehlo_name="under_score"), Limits(5, ehlo_name="a.b\r\nX")]
)
def test_bad_limits(limits):
    with pytest.raises(IntentError, match="limits"):
        look([], limits)


def test_no_targets():
    assert look([], QUICK) == []
