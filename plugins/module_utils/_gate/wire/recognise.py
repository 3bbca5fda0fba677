# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which protocol speaks, and which software, judged by what is announced and by whole lines that only one server says.

stunnel has words of its own where it answers STARTTLS for the server behind (its option ``protocol``); it then stands first,
since TLS is its part. What only carries bytes (HAProxy, stunnel otherwise) has none: the software behind it is recognised.
"""

from __future__ import annotations

import re
from typing import Optional

#: More bytes than this without a line end are judged as they stand.
_ENOUGH = 1024

_TLS_RECORD = re.compile(rb"[\x14-\x17]\x03[\x00-\x04]", re.DOTALL)
# MySQL's first packet: three bytes of length, sequence number 0, then protocol version 10 (or 9) or an error packet.
_MYSQL_PACKET = re.compile(rb"..\x00\x00[\x09\x0a\xff]", re.DOTALL)

_FIRST_LINES = (
    (re.compile(rb"\d{3}(?:[ -]|$)"), "smtp"),
    (re.compile(rb"\* (?:OK|PREAUTH|BYE)\b", re.IGNORECASE), "imap"),
    (re.compile(rb"(?:\+OK|-ERR)(?: |$)", re.IGNORECASE), "pop3"),
    # RFC 5804 1.7: the capabilities come first, each a string: quoted, or a literal.
    (re.compile(rb'"[A-Z][A-Z0-9_/-]*"(?: |$)', re.IGNORECASE), "sieve"),
    (re.compile(rb"\{\d+\+?\}$"), "sieve"),
    (re.compile(rb"(?:OK|NO|BYE)(?: [(\"{]|$)", re.IGNORECASE), "sieve"),
    (re.compile(rb"SSH-\d"), "ssh"),
    (re.compile(rb"HTTP/\d|<!doctype html|<html", re.IGNORECASE), "http"),
    (re.compile(rb"RFB \d"), "vnc"),
)
_NNTP_GREETING = re.compile(rb"20[01][ -]")
_FTP_WORDS = re.compile(r"\b(?:\w*FTPd?|FileZilla)\b", re.IGNORECASE)

_SOFTWARE = (
    (re.compile(r"^220 \S+ stunnel for |^\* .* \(stunnel\)$|^\+OK.* \+ stunnel$"), "stunnel"),
    (re.compile(r"\bPostfix\b", re.IGNORECASE), "postfix"),
    (re.compile(r"\bExim\b", re.IGNORECASE), "exim"),
    (re.compile(r"\bOpenSMTPD\b", re.IGNORECASE), "opensmtpd"),
    (re.compile(r"\bSendmail\b", re.IGNORECASE), "sendmail"),
    (re.compile(r"\bDovecot\b|\bPigeonhole\b", re.IGNORECASE), "dovecot"),
    (re.compile(r"\bCyrus\b", re.IGNORECASE), "cyrus"),
    (re.compile(r"\bCourier\b|^\+OK Hello there\.", re.IGNORECASE), "courier"),
    (re.compile(r"\bMicrosoft (?:ESMTP|Exchange)\b", re.IGNORECASE), "exchange"),
    (re.compile(r"\bStalwart\b", re.IGNORECASE), "stalwart"),
    (re.compile(r"\bHaraka\b", re.IGNORECASE), "haraka"),
    (re.compile(r"\bmaddy\b", re.IGNORECASE), "maddy"),
    (re.compile(r"\bZimbra\b", re.IGNORECASE), "zimbra"),
    (re.compile(r"\bhMailServer\b", re.IGNORECASE), "hmailserver"),
    (re.compile(r"\bqmail\b", re.IGNORECASE), "qmail"),
    (re.compile(r"\bTwisted\b|NO UCE NO UBE NO RELAY PROBES"), "twisted"),
    # nginx's mail proxy does not give its name; these are the whole lines that it sends.
    (re.compile(r"^220 \S+ ESMTP ready$|^\* OK IMAP4 ready$|^\+OK POP3 ready( <[^<>]+>)?$"), "nginx"),
    (re.compile(r"\bnginx\b", re.IGNORECASE), "nginx"),
)

# Replies, whole or from their beginning, that one server has and no other; from the sources and from servers that were asked.
_HABITS = (
    (re.compile(r"^502 5\.5\.[12] Error: command not (?:implemented|recognized)|^250 2\.1\.0 Ok$"), "postfix"),
    (re.compile(r"^454 4\.7\.0 TLS not available due to local problem$"), "postfix"),
    (re.compile(r"^220 TLS go ahead$|^250 Reset OK$|^221 \S+ closing connection$"), "exim"),
    (re.compile(r"^503 STARTTLS command used when not advertised$"), "exim"),
    (re.compile(r"^221 2\.0\.0 \S+ closing connection$|^250 2\.1\.0 <.*>\.\.\. Sender ok$"), "sendmail"),
    (re.compile(r"^250 2\.0\.0: Ok$|^250 2\.0\.0: Reset state$|^220 2\.0\.0: Ready to start TLS$"), "opensmtpd"),
    (re.compile(r"^5\d\d 5\.5\.1 Invalid command: |^550 Invalid recipient: <"), "opensmtpd"),
    (re.compile(r"^220 2\.0\.0 Start TLS$|^530 5\.7\.1 Authentication required$"), "nginx"),
    (re.compile(r"^(?:\+?OK )Begin TLS negotiation now\.$|Pre-login capabilities listed, post-login"), "dovecot"),
    (re.compile(r"^(?:\+?OK )Begin TLS negotiation now$"), "cyrus"),
    (re.compile(r"^\+OK Stunnel "), "stunnel"),
    (re.compile(r"^(?:\+?OK )Begin SSL/TLS negotiation now\.$|^X(?:VERP|EXDATA)=?Courier"), "courier"),
)


def is_tls(first_bytes: bytes) -> bool:
    """Whether the bytes begin like a TLS record (alert, handshake ...). One byte decides when only one is there."""
    if len(first_bytes) < 3:
        return first_bytes[:1] in (b"\x14", b"\x15", b"\x16", b"\x17") and first_bytes[1:2] in (b"", b"\x03")
    return _TLS_RECORD.match(first_bytes) is not None


def protocol_of(first_bytes: bytes, complete: bool = False) -> Optional[str]:
    """Name the protocol of the first bytes that a server sent.

    :param complete: nothing more will come: decide now.
    :returns: ``smtp`` (also for LMTP and FTP, which :func:`smtp_kin` tells apart once the whole greeting is there),
        ``imap``, ``pop3``, ``sieve``, or ``ssh``, ``http``, ``mysql``, ``nntp``, ``vnc``, ``tls``;
        ``""`` when it is none of these; None when more bytes are needed.
    """
    if not complete and len(first_bytes) < 5:
        return None
    if is_tls(first_bytes):
        return "tls"
    if _MYSQL_PACKET.match(first_bytes):
        return "mysql"
    line, line_end, _rest = first_bytes.partition(b"\n")
    if not line_end and not complete and len(first_bytes) < _ENOUGH:
        return None
    line = line.rstrip(b"\r")
    if _NNTP_GREETING.match(line):
        return "nntp"
    for pattern, name in _FIRST_LINES:
        if pattern.match(line):
            return name
    return ""


def smtp_kin(greeting: str) -> str:
    """``smtp``, ``lmtp`` (RFC 2033) or ``ftp`` for the text of a greeting with a three-digit code."""
    after_host = greeting[4:].partition(" ")[2]
    if "SMTP" in after_host.upper().split() or "ESMTP" in after_host.upper().split():
        return "smtp"
    if "LMTP" in after_host.upper().split():
        return "lmtp"
    return "ftp" if _FTP_WORDS.search(greeting[4:]) else "smtp"


def software_of(announcement: str) -> str:
    """The lower-case name of the server software that a greeting or a capability text gives away, or ``""``."""
    for pattern, name in _SOFTWARE:
        if pattern.search(announcement):
            return name
    return ""


def software_behind(reply: str) -> str:
    """The lower-case name of the server software that answers with this line, or ``""`` when several might."""
    for pattern, name in _HABITS:
        if pattern.search(reply):
            return name
    return ""
