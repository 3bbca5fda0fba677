# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real handshakes with scripted servers: certificates of every kind, and what servers do wrong around TLS."""

from __future__ import annotations

import ssl

import pytest

from _gate.wire.look import Limits, Target, look
from wire_servers import (
    IMAP_ANSWERS,
    IMAP_GREETING,
    IMAP_UNDER_TLS,
    SMTP_ANSWERS,
    SMTP_GREETING,
    SMTP_UNDER_TLS,
    Server,
    mail_server,
)

pytest.importorskip("cryptography", reason="certificates are made and read with cryptography")

from wire_certificates import issue  # noqa: E402  # it needs cryptography

NAME = "mail.example.org"
QUICK = Limits(deadline_seconds=8, connect_seconds=1, reply_seconds=1, silence_seconds=0.3, ehlo_name="client.example")


class Authority:
    def __init__(self, folder):
        self.folder = folder
        self.root = issue("Test Root", authority=True, ends=400)
        self.path = self.root.write_certificate(folder / "root.pem")

    def context(self, *names, **details):
        details.setdefault("issuer", self.root)
        return issue("leaf", names or [NAME], **details).server_context(self.folder)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


def see(server, begins="implicit", protocol="imap", trust="none", server_name=NAME, limits=QUICK):
    (result,) = look([Target(server.address, server.port, protocol, begins, server_name, trust, checks=())], limits)
    return result


def imaps(context):
    return mail_server(IMAP_GREETING, IMAP_UNDER_TLS, context=context, implicit=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_good_implicit_port_takes_one_connection(authority, address):
    with Server(imaps(authority.context()), address) as server:
        seen = see(server, trust=authority.path)
    assert (seen.state, seen.address, seen.family) == ("open", address, "ipv6" if ":" in address else "ipv4")
    assert (seen.source_address, seen.from_itself) == (address, True)
    assert (seen.encryption, seen.speaks, seen.software, seen.stopped) == ("implicit", "imap", "dovecot", "")
    assert seen.before_tls is None
    assert seen.after_tls.login_mechanisms == ("PLAIN", "LOGIN")
    assert seen.tls.established
    assert (seen.tls.trusted, seen.tls.name_matches, seen.tls.needs_legacy) == (True, True, False)
    assert seen.tls.version in ("TLSv1.2", "TLSv1.3")
    assert seen.tls.cipher_bits >= 128
    assert (seen.tls.server_name, seen.tls.error, seen.tls.trust_error) == (NAME, "", "")
    certificate = seen.tls.certificate
    assert (certificate.subject, certificate.issuer) == ("CN=leaf", "CN=Test Root")
    assert (certificate.names, certificate.self_signed) == ((NAME,), False)
    assert (certificate.days_left, certificate.lifetime_days) == (79, 90)
    assert certificate.not_after.endswith("Z")
    assert len(certificate.sha256) == 64
    assert seen.connections == server.visits == 1
    assert server.heard[-1] == b"g2 LOGOUT"


def test_good_starttls_port(authority):
    with Server(mail_server(SMTP_GREETING, SMTP_ANSWERS, SMTP_UNDER_TLS, authority.context())) as server:
        seen = see(server, "plain", "smtp", authority.path)
    assert (seen.encryption, seen.speaks, seen.software, seen.stopped) == ("starttls", "smtp", "postfix", "")
    assert (seen.before_tls.starttls, seen.after_tls.starttls) == (True, False)
    assert (seen.before_tls.login_mechanisms, seen.after_tls.login_mechanisms) == ((), ("PLAIN",))
    assert seen.starttls_reply == "220 go"
    assert seen.tls.trusted
    assert server.heard == [b"EHLO client.example", b"STARTTLS", b"EHLO client.example", b"QUIT"]
    assert seen.connections == server.visits == 1


def test_expired_certificate_is_trusted_but_out_of_date(authority):
    with Server(imaps(authority.context(begins=-90, ends=-1))) as server:
        seen = see(server, trust=authority.path)
    assert seen.tls.established
    assert (seen.tls.trusted, seen.tls.trust_error) == (True, "")
    assert seen.tls.certificate.days_left < 0
    assert seen.after_tls is not None
    assert seen.connections == 2


def test_not_yet_valid_certificate(authority):
    with Server(imaps(authority.context(begins=5))) as server:
        seen = see(server, trust=authority.path)
    assert (seen.tls.established, seen.tls.trusted) == (True, True)
    assert seen.tls.certificate.not_before > "2026"


@pytest.mark.parametrize(
    "begins, ends, error",
    [(-90, -1, "an issuer's certificate has expired"), (5, 90, "an issuer's certificate is not yet valid")],
)
def test_issuer_out_of_date_is_not_trusted(authority, begins, ends, error):
    intermediate = issue("Intermediate", issuer=authority.root, authority=True, begins=begins, ends=ends)
    with Server(imaps(authority.context(issuer=intermediate))) as server:
        seen = see(server, trust=authority.path)
    assert seen.tls.established
    assert (seen.tls.trusted, seen.tls.trust_error) == (False, error)
    assert seen.tls.certificate.days_left == 79


@pytest.mark.parametrize("begins, ends", [(-10, 80), (-90, -1)], ids=["in date", "expired"])
def test_untrusted_chain_is_read_all_the_same(authority, begins, ends):
    stranger = issue("Stranger", authority=True)
    with Server(imaps(authority.context(issuer=stranger, begins=begins, ends=ends))) as server:
        seen = see(server, trust=authority.path)
    assert seen.tls.established
    assert seen.tls.trusted is False
    assert "unable to get local issuer certificate" in seen.tls.trust_error
    assert seen.tls.name_matches is True
    assert seen.tls.certificate.days_left == ends - 1
    assert seen.after_tls is not None


def test_self_signed_certificate(authority):
    with Server(imaps(authority.context(issuer=None))) as server:
        seen = see(server, trust=authority.path)
    assert seen.tls.trusted is False
    assert "self" in seen.tls.trust_error
    assert seen.tls.certificate.self_signed


def test_system_store_does_not_know_the_test_root(authority):
    with Server(imaps(authority.context())) as server:
        seen = see(server, trust="system")
    assert seen.tls.trusted is False


def test_trust_none_is_no_verdict(authority):
    with Server(imaps(authority.context(issuer=None))) as server:
        seen = see(server)
    assert (seen.tls.established, seen.tls.trusted, seen.connections) == (True, None, 1)


def test_intermediate_in_the_ca_file_suffices(authority):
    intermediate = issue("Intermediate", issuer=authority.root, authority=True)
    path = intermediate.write_certificate(authority.folder / "intermediate.pem")
    with Server(imaps(authority.context(issuer=intermediate))) as server:
        assert see(server, trust=path).tls.trusted is True


def test_name_mismatch_is_seen_beside_the_trust(authority):
    with Server(imaps(authority.context("other.example.org"))) as server:
        seen = see(server, trust=authority.path)
    assert (seen.tls.trusted, seen.tls.name_matches) == (True, False)
    assert seen.tls.certificate.names == ("other.example.org",)


def test_address_as_reference_sends_no_sni(authority):
    asked = []
    context = authority.context("127.0.0.1", NAME)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    with Server(imaps(context)) as server:
        by_address = see(server, trust=authority.path, server_name="")
        by_name = see(server, trust=authority.path)
    assert (by_address.tls.name_matches, by_address.tls.server_name) == (True, "")
    assert by_name.tls.name_matches
    assert asked == [None, NAME]


def test_implicit_tls_on_a_plain_port(authority):
    with Server(imaps(authority.context())) as server:
        seen = see(server, "plain", trust=authority.path)
    assert (seen.encryption, seen.speaks, seen.stopped) == ("implicit", "imap", "")
    assert seen.tls.trusted
    assert seen.after_tls.login_mechanisms == ("PLAIN", "LOGIN")
    assert seen.connections == 2


def test_implicit_tls_on_a_plain_port_with_one_connection_allowed(authority):
    limits = Limits(8, reply_seconds=1, silence_seconds=0.3, per_address=1)
    with Server(imaps(authority.context())) as server:
        assert see(server, "plain", limits=limits).encryption == "implicit"


def test_plaintext_with_starttls_on_an_implicit_port(authority):
    script = mail_server(IMAP_GREETING, IMAP_ANSWERS, IMAP_UNDER_TLS, authority.context())
    with Server(script) as server:
        seen = see(server, "implicit", trust=authority.path)
    assert (seen.encryption, seen.speaks, seen.stopped) == ("starttls", "imap", "")
    assert seen.tls.trusted
    assert seen.before_tls.login_mechanisms == ()
    assert seen.notes == ("plaintext is spoken here, without waiting for TLS",)
    assert seen.connections == 2


def test_another_mail_protocol_inside_tls(authority):
    script = mail_server(SMTP_GREETING, SMTP_UNDER_TLS, context=authority.context(), implicit=True)
    with Server(script) as server:
        seen = see(server)
    assert (seen.encryption, seen.speaks, seen.software) == ("implicit", "smtp", "postfix")
    assert seen.after_tls.login_mechanisms == ("PLAIN",)


def test_silence_inside_tls(authority):
    context = authority.context()

    def silent(peer):
        peer.start_tls(context)
        peer.wait_closed()

    with Server(silent) as server:
        seen = see(server)
    assert (seen.encryption, seen.speaks, seen.stopped) == ("implicit", "", "no greeting within 1 s")
    assert seen.tls.established


def test_starttls_accepted_but_then_plaintext():
    with Server(mail_server(SMTP_GREETING, SMTP_ANSWERS)) as server:
        seen = see(server, "plain", "smtp")
    assert (seen.encryption, seen.tls.established) == ("starttls", False)
    # The server takes the ClientHello for commands.
    assert seen.tls.error in (
        "answered the handshake with other bytes: 500 what?",
        "no answer to the handshake within 1 s",
    )
    assert seen.stopped == "no TLS: " + seen.tls.error


def test_left_over_bytes_after_starttls(authority):
    context = authority.context()
    answers = dict(SMTP_ANSWERS)
    answers[b"STARTTLS"] = b"220 go\r\n250-mx\r\n250 AUTH PLAIN\r\n"
    with Server(mail_server(SMTP_GREETING, answers, SMTP_UNDER_TLS, context)) as server:
        seen = see(server, "plain", "smtp")
    assert seen.tls.established
    assert [note for note in seen.notes if note.startswith("left-over bytes after the STARTTLS reply, 24 of them")]


def test_left_over_bytes_that_come_later_than_the_reply(authority, monkeypatch):
    monkeypatch.setattr("_gate.wire.connection.Connection.waiting", lambda _self: b"250 injected\r\n")
    with Server(mail_server(SMTP_GREETING, SMTP_ANSWERS, SMTP_UNDER_TLS, authority.context())) as server:
        seen = see(server, "plain", "smtp")
    assert seen.after_tls.login_mechanisms == ("PLAIN",)
    assert [note for note in seen.notes if note.startswith("left-over bytes after the STARTTLS reply, 14 of them")]


def test_sieve_server_that_is_silent_after_tls_is_asked(authority, monkeypatch):
    monkeypatch.setattr("_gate.wire.dialogue.sieve.RESEND_PATIENCE", 0.3)
    greeting = b'"SASL" ""\r\n"STARTTLS"\r\nOK\r\n'
    under_tls = {b"CAPABILITY": b'"SASL" "PLAIN"\r\nOK\r\n', b"LOGOUT": b"OK\r\n"}
    with Server(mail_server(greeting, {b"STARTTLS": b"OK\r\n"}, under_tls, authority.context())) as server:
        seen = see(server, "plain", "sieve")
    assert (seen.encryption, seen.speaks, seen.stopped) == ("starttls", "sieve", "")
    assert seen.after_tls.login_mechanisms == ("PLAIN",)
    assert server.heard == [b"STARTTLS", b"CAPABILITY", b"LOGOUT"]


def test_server_closes_in_the_handshake():
    def closes(peer):
        peer.socket.recv(10)

    with Server(closes) as server:
        seen = see(server)
    assert (seen.state, seen.encryption, seen.tls.established) == ("open", None, False)
    assert "during the handshake" in seen.tls.error
    assert seen.connections <= 4


def test_server_without_a_certificate_answers_with_an_alert(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with Server(imaps(context)) as server:
        seen = see(server)
    assert (seen.encryption, seen.tls.established) == ("implicit", False)
    assert "alert" in seen.tls.error
    assert seen.tls.certificate is None
    assert seen.connections == 2


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_version_needs_lowered_demands(authority):
    context = authority.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with Server(imaps(context)) as server:
        seen = see(server, trust=authority.path)
    assert (seen.tls.established, seen.tls.needs_legacy, seen.tls.trusted) == (True, True, True)
    assert seen.tls.version == "TLSv1.1"
    assert seen.connections == 2


@pytest.mark.parametrize("demanded", [False, True], ids=["optional", "required"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_client_certificate_requested(authority, demanded, version):
    context = authority.context()
    context.maximum_version = version
    context.load_verify_locations(authority.path)
    context.verify_mode = ssl.CERT_REQUIRED if demanded else ssl.CERT_OPTIONAL
    with Server(imaps(context)) as server:
        seen = see(server)
    if not demanded:
        assert (seen.tls.established, seen.stopped) == (True, "")
    else:
        assert seen.encryption == "implicit"
        assert seen.after_tls is None
        assert seen.stopped


def test_throttled_at_the_repeated_handshake_keeps_the_first_one(authority):
    usual = mail_server(SMTP_GREETING, SMTP_ANSWERS, SMTP_UNDER_TLS, authority.context(issuer=None))
    visits = []

    def once_only(peer):
        visits.append(peer)
        if len(visits) == 1:
            usual(peer)
        else:
            peer.say(b"421 4.7.0 too many connections from you\r\n")

    with Server(once_only) as server:
        seen = see(server, "plain", "smtp", trust=authority.path)
    assert seen.throttled == "421 4.7.0 too many connections from you"
    assert (seen.encryption, seen.tls.established, seen.tls.trusted) == ("starttls", False, False)
    assert seen.before_tls.starttls


def test_all_connections_end_with_close_notify(authority):
    ends = []
    context = authority.context()

    def script(peer):
        peer.socket = context.wrap_socket(peer.socket, server_side=True, suppress_ragged_eofs=False)
        peer.say(IMAP_GREETING)
        for line in peer.lines():
            word = line.split()[1]
            peer.say(IMAP_UNDER_TLS[word].replace(b"{tag}", line.split()[0]))
        ends.append("close_notify")  # lines() would have raised without it

    with Server(script) as server:
        assert see(server).stopped == ""
    assert ends == ["close_notify"]
