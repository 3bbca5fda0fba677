# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a right server of each kind says, in clear and under TLS: answers by command. A case changes one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict

Answers = Dict[bytes, bytes]

#: A command that stands in no table gets this one's answer.
OTHERWISE = b"otherwise"


def lines(*texts: bytes) -> bytes:
    return b"".join(text + b"\r\n" for text in texts)


@dataclass(frozen=True)
class Kind:
    """``service``: of the registry (sieves: TLS first, which ManageSieve does not have). ``starttls``: the command, ``b""`` where
    TLS comes first. ``tagged``: commands begin with a tag, {tag} in answers. ``speaks_under_tls``: what is said unasked after
    STARTTLS."""

    service: str
    greeting: bytes
    starttls: bytes
    clear: Answers
    inside: Answers
    tagged: bool = False
    speaks_under_tls: bytes = b""


OK = lines(b"250 2.0.0 Ok")
FIRST_TLS = lines(b"530 5.7.0 Must issue a STARTTLS command first")
FIRST_LOGIN = lines(b"530 5.7.0 Authentication required")
NO_MAIL_YET = lines(b"503 5.5.1 Error: need MAIL command")
SMTP_BASE = {
    b"HELO": lines(b"250 mail.example.org"),
    b"NOOP": OK,
    b"RSET": OK,
    b"RCPT": NO_MAIL_YET,
    b"QUIT": lines(b"221 2.0.0 Bye"),
    OTHERWISE: lines(b"502 5.5.2 Error: command not recognized"),
}


def ehlo(*words: bytes) -> bytes:
    return lines(*(b"250-" + word for word in (b"mail.example.org", b"PIPELINING", *words)), b"250 CHUNKING")


GO = lines(b"220 2.0.0 Ready to start TLS")
POSTFIX = lines(b"220 mail.example.org ESMTP Postfix")
SUBMISSION_CLEAR = {
    **SMTP_BASE,
    b"EHLO": ehlo(b"STARTTLS"),
    b"STARTTLS": GO,
    b"MAIL": FIRST_TLS,
    b"RCPT": FIRST_TLS,
    b"AUTH": FIRST_TLS,
}
SUBMISSION_INSIDE = {
    **SMTP_BASE,
    b"EHLO": ehlo(b"AUTH PLAIN LOGIN"),
    b"MAIL": FIRST_LOGIN,
    b"AUTH": lines(b"334 "),
    b"STARTTLS": lines(b"554 5.5.1 Error: TLS already active"),
}
TAKEN = {b"MAIL": lines(b"250 2.1.0 Ok"), b"RCPT": lines(b"554 5.7.1 <x>: Relay access denied")}
MX_CLEAR = {**SMTP_BASE, **TAKEN, b"EHLO": ehlo(b"STARTTLS"), b"STARTTLS": GO}
MX_INSIDE = {**SMTP_BASE, **TAKEN, b"EHLO": ehlo()}
DOVECOT_LMTP = lines(b"220 mail.example.org LMTP ready")
LMTP_CLEAR = {**SMTP_BASE, b"LHLO": ehlo(b"STARTTLS"), b"EHLO": lines(b"500 5.5.1 Unknown command"), b"STARTTLS": GO}
LMTP_INSIDE = {**LMTP_CLEAR, b"LHLO": ehlo()}


def imap_capabilities(words: bytes) -> bytes:
    return lines(b"* CAPABILITY IMAP4rev1 ID SASL-IR " + words, b"{tag} OK Completed")


CYRUS_IMAP = lines(b"* OK mail.example.org Cyrus IMAP 3.6.1 server ready")
IMAP_BASE = {
    b"NOOP": lines(b"{tag} OK Completed"),
    b"LOGOUT": lines(b"* BYE LOGOUT received", b"{tag} OK Completed"),
    OTHERWISE: lines(b"{tag} BAD Unrecognized command"),
}
NOT_IN_CLEAR = lines(b"{tag} NO [PRIVACYREQUIRED] Login only available under a layer")
IMAP_CLEAR = {
    **IMAP_BASE,
    b"CAPABILITY": imap_capabilities(b"STARTTLS LOGINDISABLED"),
    b"STARTTLS": lines(b"{tag} OK Begin TLS negotiation now"),
    b"LOGIN": NOT_IN_CLEAR,
    b"AUTHENTICATE": NOT_IN_CLEAR,
}
IMAP_INSIDE = {**IMAP_BASE, b"CAPABILITY": imap_capabilities(b"AUTH=PLAIN"), b"AUTHENTICATE": lines(b"+ ")}


def capa(*words: bytes) -> bytes:
    return lines(b"+OK List of capabilities follows", b"TOP", b"UIDL", *words, b".")


CYRUS_POP3 = lines(b"+OK mail.example.org Cyrus POP3 3.6.1 server ready")
POP3_BASE = {b"QUIT": lines(b"+OK"), OTHERWISE: lines(b"-ERR Unrecognized command")}
POP3_LAYER = lines(b"-ERR [AUTH] command only available under a layer")
POP3_CLEAR = {
    **POP3_BASE,
    b"CAPA": capa(b"STLS"),
    b"STLS": lines(b"+OK Begin TLS negotiation now"),
    b"USER": POP3_LAYER,
    b"AUTH": POP3_LAYER,
}
POP3_INSIDE = {**POP3_BASE, b"CAPA": capa(b"USER", b"SASL PLAIN"), b"AUTH": lines(b"+ ")}


def sieve_capabilities(*words: bytes) -> bytes:
    first = b'"IMPLEMENTATION" "Cyrus timsieved 3.6.1"'
    return lines(first, b'"SIEVE" "fileinto reject"', *words, b'OK "ready"')


SIEVE_BASE = {
    b"LOGOUT": lines(b'OK "Logout Complete"'),
    b"NOOP": lines(b'OK "Done"'),
    OTHERWISE: lines(b'NO "Command not recognized"'),
}
SIEVE_OFFER = sieve_capabilities(b'"SASL" ""', b'"STARTTLS"')
SIEVE_AFTER = sieve_capabilities(b'"SASL" "PLAIN"')
SIEVE_CLEAR = {
    **SIEVE_BASE,
    b"CAPABILITY": SIEVE_OFFER,
    b"STARTTLS": lines(b'OK "Begin TLS negotiation now"'),
    b"AUTHENTICATE": lines(b'NO (ENCRYPT-NEEDED) "Start TLS first"'),
}
SIEVE_INSIDE = {**SIEVE_BASE, b"CAPABILITY": SIEVE_AFTER}

KINDS = {
    kind.service: kind
    for kind in (
        Kind("smtp", POSTFIX, b"STARTTLS", MX_CLEAR, MX_INSIDE),
        Kind("submission", POSTFIX, b"STARTTLS", SUBMISSION_CLEAR, SUBMISSION_INSIDE),
        Kind("submissions", POSTFIX, b"", {}, SUBMISSION_INSIDE),
        Kind("lmtp", DOVECOT_LMTP, b"STARTTLS", LMTP_CLEAR, LMTP_INSIDE),
        Kind("imap", CYRUS_IMAP, b"STARTTLS", IMAP_CLEAR, IMAP_INSIDE, tagged=True),
        Kind("imaps", CYRUS_IMAP, b"", {}, IMAP_INSIDE, tagged=True),
        Kind("pop3", CYRUS_POP3, b"STLS", POP3_CLEAR, POP3_INSIDE),
        Kind("pop3s", CYRUS_POP3, b"", {}, POP3_INSIDE),
        Kind("sieves", SIEVE_AFTER, b"", {}, SIEVE_INSIDE),
        Kind("sieve", SIEVE_OFFER, b"STARTTLS", SIEVE_CLEAR, SIEVE_INSIDE, speaks_under_tls=SIEVE_AFTER),
    )
}
