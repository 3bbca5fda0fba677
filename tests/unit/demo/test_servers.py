# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The embedded servers as the standard library's clients see them: the good one does nothing wrong, the bad one exactly
what is planted."""

from __future__ import annotations

import contextlib
import imaplib
import poplib
import smtplib
import socket
import ssl

import pytest

pytest.importorskip("twisted", reason="the embedded servers are written on Twisted")
pytest.importorskip("trustme", reason="their certificates come from trustme")

import certificates
import run
from hosts import BAD, GOOD, SURPLUS_PORT

SECONDS = 5


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    directory = tmp_path_factory.mktemp("servers")
    certificates.issue(directory)
    with run.servers(directory) as ready:
        yield directory, ready


@pytest.fixture(params=["127.0.0.1", "::1"])
def address(request, demo):
    if request.param not in demo[1]["addresses"]:
        pytest.skip("this machine has no loopback address " + request.param)
    return request.param


@pytest.fixture
def good(demo):
    return demo[1]["bases"][GOOD.name]


@pytest.fixture
def bad(demo):
    return demo[1]["bases"][BAD.name]


@pytest.fixture
def trusting(demo):
    """Trusts the throw-away CA; names are looked at where a test is about them."""
    context = ssl.create_default_context(cafile=str(demo[0] / certificates.AUTHORITY))
    context.check_hostname = False
    return context


def handshake(demo, address, port, name):
    context = ssl.create_default_context(cafile=str(demo[0] / certificates.AUTHORITY))
    with socket.create_connection((address, port), SECONDS) as plain, context.wrap_socket(plain, server_hostname=name):
        pass


def test_submission_asks_for_tls_and_then_for_a_login(good, address, trusting):
    with smtplib.SMTP(address, good + 587, timeout=SECONDS) as client:
        client.ehlo("client.example")
        assert client.has_extn("starttls") and not client.has_extn("auth")
        for command in ("MAIL FROM:<a@client.example>", "AUTH PLAIN AGEAYg==", "RSET", "HELP"):
            assert client.docmd(command)[0] == 530
        client.starttls(context=trusting)
        client.ehlo("client.example")
        assert client.has_extn("auth") and not client.has_extn("starttls")
        assert client.docmd("MAIL FROM:<a@client.example>")[0] == 530
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("user", "password")
        assert client.docmd("STARTTLS")[0] == 554
        assert client.docmd("NONSENSE")[0] == 502


def test_submissions_offers_login_at_once_under_tls(good, address, trusting):
    with smtplib.SMTP_SSL(address, good + 465, timeout=SECONDS, context=trusting) as client:
        client.ehlo("client.example")
        assert client.has_extn("auth") and not client.has_extn("starttls")


def test_imap_takes_no_login_before_tls_and_refuses_it_after(good, address, trusting):
    client = imaplib.IMAP4(address, good + 143)
    assert {"STARTTLS", "LOGINDISABLED"} <= set(client.capabilities)
    assert not [word for word in client.capabilities if word.startswith("AUTH=")]
    with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
        client.login("user", "password")
    client.starttls(trusting)
    assert "AUTH=PLAIN" in client.capabilities
    assert not {"STARTTLS", "LOGINDISABLED"} & set(client.capabilities)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        client.login("user", "password")
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        client.authenticate("PLAIN", lambda _: b"\0user\0password")
    assert client.logout()[0] == "BYE"


def test_pop3_takes_no_login_before_tls_and_refuses_it_after(good, address, trusting):
    client = poplib.POP3(address, good + 110, timeout=SECONDS)
    assert "STLS" in client.capa() and not {"USER", "SASL"} & set(client.capa())
    with pytest.raises(poplib.error_proto):
        client.user("user")
    client.stls(trusting)
    assert {"USER", "SASL"} <= set(client.capa()) and "STLS" not in client.capa()
    client.user("user")
    with pytest.raises(poplib.error_proto, match="Invalid login"):
        client.pass_("password")
    assert client.quit() == b"+OK"


@pytest.mark.parametrize("port", [465, 993, 995])
def test_good_certificates_are_valid_for_the_name(demo, good, address, port):
    handshake(demo, address, good + port, GOOD.name)


@pytest.mark.parametrize(
    ("port", "command", "reply"),
    [(587, b"STARTTLS\r\n", b"220 "), (143, b"a STARTTLS\r\n", b"a OK"), (110, b"STLS\r\n", b"+OK")],
)
def test_commands_sent_before_the_handshake_are_not_answered_under_tls(good, trusting, port, command, reply):
    with socket.create_connection(("127.0.0.1", good + port), SECONDS) as plain:
        plain.recv(1000)
        plain.sendall(command + b"b NOOP\r\nQUIT\r\n")
        assert plain.recv(1000).startswith(reply)
        with trusting.wrap_socket(plain) as secure:
            secure.settimeout(0.3)
            with pytest.raises(TimeoutError):
                secure.recv(1000)


def test_bad_offers_login_in_clear_on_143_and_starttls_too(bad, address):
    client = imaplib.IMAP4(address, bad + 143)
    assert {"STARTTLS", "AUTH=PLAIN"} <= set(client.capabilities) and "LOGINDISABLED" not in client.capabilities
    client.logout()


@pytest.mark.parametrize("port", [110, 995])
def test_bad_speaks_pop3_without_tls_and_offers_no_login_there(bad, address, port):
    client = poplib.POP3(address, bad + port, timeout=SECONDS)
    assert not {"STLS", "USER", "SASL"} & set(client.capa())
    with pytest.raises(poplib.error_proto):
        client.stls(ssl.create_default_context())
    client.quit()


@pytest.mark.parametrize(("port", "fault"), [(465, "not valid for"), (993, "expired"), (995, "WRONG_VERSION_NUMBER")])
def test_bad_handshakes_fail_for_the_planted_reason(demo, bad, address, port, fault):
    with pytest.raises(ssl.SSLError, match=fault):
        handshake(demo, address, bad + port, BAD.name)


@pytest.mark.parametrize("port", [587, SURPLUS_PORT])
def test_nothing_listens_there_and_the_port_is_kept_free(bad, address, port):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, bad + port), SECONDS)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as other, pytest.raises(OSError):
        other.bind((address, bad + port))


def test_the_servers_end_with_the_driver_and_give_their_ports_back(tmp_path):
    certificates.issue(tmp_path)
    with contextlib.suppress(KeyboardInterrupt), run.servers(tmp_path) as ready:
        port = ready["bases"][GOOD.name] + 993
        socket.create_connection(("127.0.0.1", port), SECONDS).close()
        raise KeyboardInterrupt
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), SECONDS)
