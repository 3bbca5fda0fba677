# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""First bytes and greetings of many servers."""

from __future__ import annotations

import pytest

from _gate.wire.recognise import is_tls, protocol_of, smtp_kin, software_behind, software_of


@pytest.mark.parametrize(
    "first_bytes, protocol",
    [
        (b"220 mx ESMTP\r\n", "smtp"),
        (b"220-mx ESMTP\r\n", "smtp"),
        (b"554 no\r\n", "smtp"),
        (b"2200 mx\r\n", ""),
        (b"* OK ready\r\n", "imap"),
        (b"* PREAUTH ready\r\n", "imap"),
        (b"* BYE full\r\n", "imap"),
        (b"+OK ready\r\n", "pop3"),
        (b"-ERR full\r\n", "pop3"),
        (b'"IMPLEMENTATION" "x"\r\n', "sieve"),
        (b'BYE (TRYLATER) "x"\r\n', "sieve"),
        (b"SSH-2.0-OpenSSH_9\r\n", "ssh"),
        (b"HTTP/1.1 400 Bad Request\r\n", "http"),
        (b"<html>\r\n", "http"),
        (b"RFB 003.008\n", "vnc"),
        (b"200 news.example.org InterNetNews\r\n", "nntp"),
        (b"J\x00\x00\x00\x0a8.0.36\x00", "mysql"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "tls"),
        (b"\x16\x03\x03\x00\x7a", "tls"),
        (b"hello world\r\n", ""),
    ],
)
def test_protocol(first_bytes, protocol):
    assert protocol_of(first_bytes) == protocol


def test_protocol_waits_for_a_line_but_not_for_ever():
    assert protocol_of(b"220 mx ES") is None
    assert protocol_of(b"220 mx ES", complete=True) == "smtp"
    assert protocol_of(b"220 " + b"x" * 1024) == "smtp"
    assert protocol_of(b"") is None
    assert protocol_of(b"", complete=True) == ""


@pytest.mark.parametrize("first_bytes", [b"\x16", b"\x15\x03", b"\x16\x03\x01", b"\x15\x03\x03\x00\x02"])
def test_tls_bytes(first_bytes):
    assert is_tls(first_bytes)


@pytest.mark.parametrize("first_bytes", [b"", b"2", b"220", b"\x16\x02", b"\x16\x03\x09"])
def test_other_bytes(first_bytes):
    assert not is_tls(first_bytes)


@pytest.mark.parametrize(
    "greeting, kin",
    [
        ("220 mx.example.org ESMTP Postfix", "smtp"),
        ("220 ftp.example.org ESMTP", "smtp"),
        ("220 lmtp.example.org ESMTP", "smtp"),
        ("220 mx.example.org LMTP Dovecot ready.", "lmtp"),
        ("220 mx.example.org Cyrus LMTP 3.6.1 server ready", "lmtp"),
        ("220 (vsFTPd 3.0.3)", "ftp"),
        ("220 ProFTPD Server (Debian) [::ffff:192.0.2.1]", "ftp"),
        ("220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------", "ftp"),
        ("220 Microsoft FTP Service", "ftp"),
        ("220-FileZilla Server 1.7.3", "ftp"),
        ("220 mx.example.org ready", "smtp"),
    ],
)
def test_smtp_kin(greeting, kin):
    assert smtp_kin(greeting) == kin


@pytest.mark.parametrize(
    "announcement, software",
    [
        ("220 mx Microsoft ESMTP MAIL Service ready", "exchange"),
        ("* OK [CAPABILITY IMAP4rev1] Twisted IMAP4rev1 Ready", "twisted"),
        ("220 mx NO UCE NO UBE NO RELAY PROBES ESMTP", "twisted"),
        ("* OK IMAP4 ready", "nginx"),
        ("* OK IMAP4 ready now", ""),
        ("+OK POP3 ready <1519230615.1795523991@mx.example.org>", "nginx"),
        # stunnel speaks for the server behind, and begins TLS itself.
        ("220 mx.example.org stunnel for ESMTP Postfix", "stunnel"),
        ("* OK IMAP4 ready (stunnel)", "stunnel"),
        ("+OK Dovecot ready. + stunnel", "stunnel"),
        ('"IMPLEMENTATION" "Dovecot Pigeonhole"', "dovecot"),
        ("220 mx ESMTP", ""),
    ],
)
def test_software(announcement, software):
    assert software_of(announcement) == software


@pytest.mark.parametrize(
    "reply, software",
    [
        ("502 5.5.1 Error: command not implemented", "postfix"),
        ("250 2.1.0 Ok", "postfix"),
        ("220 TLS go ahead", "exim"),
        ("221 mx.example.org closing connection", "exim"),
        ("221 2.0.0 mx.example.org closing connection", "sendmail"),
        ("250 2.1.0 <>... Sender ok", "sendmail"),
        ("220 2.0.0: Ready to start TLS", "opensmtpd"),
        ("250 2.0.0: Ok", "opensmtpd"),
        ("530 5.5.1 Invalid command: Must issue an AUTH command first", "opensmtpd"),
        ("OK Begin TLS negotiation now.", "dovecot"),
        ("+OK Begin TLS negotiation now.", "dovecot"),
        ("OK Begin TLS negotiation now", "cyrus"),
        ("+OK Stunnel starts TLS negotiation", "stunnel"),
        ("OK Begin SSL/TLS negotiation now.", "courier"),
        ("XVERP=Courier", "courier"),
        ("220 2.0.0 Start TLS", "nginx"),
        # Several have these words.
        ("220 2.0.0 Ready to start TLS", ""),
        ("250 2.0.0 Ok", ""),
        ("221 2.0.0 Bye", ""),
        ("530 5.7.0 Must issue a STARTTLS command first", ""),
        ("OK", ""),
    ],
)
def test_software_by_its_words(reply, software):
    assert software_behind(reply) == software
