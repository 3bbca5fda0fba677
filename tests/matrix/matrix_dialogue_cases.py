# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mail dialogues with one thing wrong: where encryption begins, STARTTLS, logins, mail without a login, relaying."""

from __future__ import annotations

from matrix_case import FAIL, UNKNOWN, WARN, Case
from matrix_dialogues import (
    CYRUS_IMAP,
    capa,
    ehlo,
    imap_capabilities,
    lines,
    sieve_capabilities,
)
from matrix_servers import Behaviour

ENCRYPTION, LOGIN, STARTTLS_AGAIN = "mail.encryption", "mail.login-before-tls", "mail.starttls-after-tls"
NO_LOGIN, INJECTION, LEFT_OVER = "mail.authentication", "mail.starttls-injection", "mail.starttls-left-over"
SESSION, REFUSED = "mail.session", "mail.login-refused"
IMPLICIT, STARTTLS = {"encryption": "implicit"}, {"encryption": "starttls"}
TAKES_MAIL = {b"MAIL": lines(b"250 2.1.0 Ok")}
RELAYS = {**TAKES_MAIL, b"RCPT": lines(b"250 2.1.5 Ok")}
TRY = {"try_login": True}
PREAUTH = CYRUS_IMAP.replace(b"* OK", b"* PREAUTH")
APOP = lines(b"+OK POP3 ready <1896.697170952@mail.example.org>")
ABORTED = lines(b"501 5.7.0 Authentication aborted")

# The other mode than the one that is required
MODE_CASES = [
    *(
        Case(f"{kind} with TLS from the first byte", Behaviour(kind), (ENCRYPTION, FAIL), {"encryption": wanted})
        for kind, wanted in (("submissions", "starttls"), ("imaps", "starttls"), ("pop3s", "starttls"))
    ),
    *(
        Case(
            f"{kind} with STARTTLS where TLS comes first",
            Behaviour(kind),
            (ENCRYPTION, FAIL),
            {"encryption": "implicit"},
        )
        for kind in ("submission", "imap", "pop3")
    ),
    Case("public SMTP with TLS from the first byte", Behaviour("submissions"), (ENCRYPTION, FAIL), kind="smtp"),
    Case("ManageSieve with TLS from the first byte", Behaviour("sieves"), (ENCRYPTION, FAIL), kind="sieve"),
]
# STARTTLS is missing, refused, or not to be had
STARTTLS_CASES = [
    *(
        Case(f"{kind} does not offer STARTTLS", Behaviour(kind, **without), (ENCRYPTION, FAIL))
        for kind, without in {
            "smtp": {"clear": {b"EHLO": ehlo(), b"STARTTLS": lines(b"502 5.5.1 Error: command not implemented")}},
            "submission": {"clear": {b"EHLO": ehlo(), b"STARTTLS": lines(b"502 5.5.1 Error: command not implemented")}},
            "imap": {"clear": {b"CAPABILITY": imap_capabilities(b"LOGINDISABLED"), b"STARTTLS": lines(b"{tag} BAD no")}},
            "pop3": {"clear": {b"CAPA": capa(), b"STLS": lines(b"-ERR no")}},
            "sieve": {"greeting": sieve_capabilities(b'"SASL" ""'), "clear": {b"STARTTLS": lines(b'NO "no"')}},
        }.items()
    ),
    *(
        Case(f"{kind} accepts STARTTLS and does not offer it", Behaviour(kind, **without), (ENCRYPTION, FAIL))
        for kind, without in {
            "smtp": {"clear": {b"EHLO": ehlo()}},
            "submission": {"clear": {b"EHLO": ehlo()}},
            "imap": {"clear": {b"CAPABILITY": imap_capabilities(b"LOGINDISABLED")}},
            "pop3": {"clear": {b"CAPA": capa()}},
            "sieve": {"greeting": sieve_capabilities(b'"SASL" ""')},
        }.items()
    ),
    *(
        Case(f"{kind} offers STARTTLS and refuses it", Behaviour(kind, clear={verb: answer}), (ENCRYPTION, FAIL))
        for kind, verb, answer in (
            ("smtp", b"STARTTLS", lines(b"502 5.5.1 not today")),
            ("submission", b"STARTTLS", lines(b"502 5.5.1 not today")),
            ("imap", b"STARTTLS", lines(b"{tag} NO not today")),
            ("pop3", b"STLS", lines(b"-ERR not today")),
            ("sieve", b"STARTTLS", lines(b'NO "not today"')),
        )
    ),
    *(
        Case(f"{kind} puts STARTTLS off", Behaviour(kind, clear={verb: answer}), ("mail.throttled", UNKNOWN))
        for kind, verb, answer in (
            ("submission", b"STARTTLS", lines(b"454 4.7.0 TLS not available due to local problem")),
            ("pop3", b"STLS", lines(b"-ERR [SYS/TEMP] TLS not ready")),
        )
    ),
    Case("does not know of the encryption, and offers no login",
         Behaviour("imaps", inside={b"CAPABILITY": imap_capabilities(b"STARTTLS LOGINDISABLED")}), (STARTTLS_AGAIN, FAIL)),
    Case("cannot read its certificate", Behaviour("smtp", clear={b"STARTTLS": lines(b"454 TLS currently unavailable")}),
         ("mail.throttled", UNKNOWN)),
    *(
        Case(f"{kind} offers STARTTLS again under TLS", Behaviour(kind, **again), (STARTTLS_AGAIN, FAIL))
        for kind, again in {
            "smtp": {"inside": {b"EHLO": ehlo(b"STARTTLS")}},
            "submission": {"inside": {b"EHLO": ehlo(b"STARTTLS", b"AUTH PLAIN")}},
            "submissions": {"inside": {b"EHLO": ehlo(b"STARTTLS", b"AUTH PLAIN")}},
            "imap": {"inside": {b"CAPABILITY": imap_capabilities(b"STARTTLS AUTH=PLAIN")}},
            "imaps": {"inside": {b"CAPABILITY": imap_capabilities(b"STARTTLS AUTH=PLAIN")}},
            "pop3": {"inside": {b"CAPA": capa(b"STLS", b"USER", b"SASL PLAIN")}},
            "sieve": {"under_tls": sieve_capabilities(b'"SASL" "PLAIN"', b'"STARTTLS"')},
        }.items()
    ),
    *(
        Case(f"{kind} answers injected commands", Behaviour(kind, reads_on=True), (INJECTION, FAIL))
        for kind in ("smtp", "submission", "imap", "pop3", "sieve")
    ),
    *(
        Case(f"{kind} says more before TLS", Behaviour(kind, left_over=lines(more)), (LEFT_OVER, FAIL))
        for kind, more in (("submission", b"250 2.0.0 Ok"), ("imap", b"* OK hello"), ("pop3", b"+OK"))
    ),
    Case("IMAP is logged in from the start", Behaviour("imap", PREAUTH), ("mail.preauth", FAIL)),
    Case("IMAP is logged in from the start, under TLS", Behaviour("imaps", PREAUTH), ("mail.preauth", FAIL)),
    *(
        Case(f"{kind} answers in clear as well", Behaviour(kind, also_plain=True), ("mail.plaintext-on-tls-port", FAIL))
        for kind in ("submissions", "imaps", "pop3s")
    ),
    *(
        Case(f"{kind} hangs up under TLS", Behaviour(kind, closes_on=("inside", verb)), (SESSION, FAIL))
        for kind, verb in (("submission", b"EHLO"), ("imap", b"CAPABILITY"), ("imaps", b"CAPABILITY"), ("pop3s", b"CAPA"))
    ),
    Case("silent under TLS", Behaviour("submission", silent_under_tls=True), (SESSION, UNKNOWN), reply_seconds=1),
]  # fmt: skip
# Logins and mail
LOGIN_CASES = [
    *(
        Case(f"{kind} offers a login in clear", Behaviour(kind, **offer), (LOGIN, FAIL))
        for kind, offer in {
            "smtp": {"clear": {b"EHLO": ehlo(b"STARTTLS", b"AUTH PLAIN")}},
            "submission": {"clear": {b"EHLO": ehlo(b"STARTTLS", b"AUTH PLAIN LOGIN")}},
            "imap": {"clear": {b"CAPABILITY": imap_capabilities(b"STARTTLS AUTH=PLAIN LOGINDISABLED")}},
            "pop3": {"clear": {b"CAPA": capa(b"STLS", b"SASL PLAIN")}},
            "sieve": {"greeting": sieve_capabilities(b'"SASL" "PLAIN"', b'"STARTTLS"')},
        }.items()
    ),
    Case("IMAP's own login in clear", Behaviour("imap", clear={b"CAPABILITY": imap_capabilities(b"STARTTLS")}), (LOGIN, FAIL)),
    Case("POP3's own login in clear", Behaviour("pop3", clear={b"CAPA": capa(b"STLS", b"USER")}), (LOGIN, FAIL)),
    Case(
        "a login without password in clear",
        Behaviour("submission", clear={b"EHLO": ehlo(b"STARTTLS", b"AUTH SCRAM-SHA-256")}),
        (LOGIN, WARN),
    ),
    Case("POP3 offers APOP in clear", Behaviour("pop3", APOP), (LOGIN, WARN)),
    Case("submission goes along with a login that it offers in clear", Behaviour(
        "submission", clear={b"EHLO": ehlo(b"STARTTLS", b"AUTH PLAIN"), b"AUTH": lines(b"334 "), b"*": ABORTED}),
        (LOGIN, FAIL), options=TRY),
    Case("POP3 lists USER and refuses it", Behaviour("pop3", clear={b"CAPA": capa(b"STLS", b"USER")}), (LOGIN, WARN),
         options=TRY),
    Case("submission waits for a login that it offers in clear", Behaviour(
        "submission", clear={b"EHLO": ehlo(b"STARTTLS", b"AUTH PLAIN"), b"MAIL": lines(b"530 5.7.0 Authentication required")}),
        (LOGIN, FAIL)),
    Case("submission hangs up on a login", Behaviour("submission", closes_on=("clear", b"AUTH")), None, options=TRY),
    Case("a public server hangs up on mail in clear", Behaviour("smtp", closes_on=("clear", b"MAIL")),
         ("mail.starttls-enforced", WARN)),
    Case("submission finds an empty password wrong", Behaviour(
        "submission", clear={b"AUTH": lines(b"535 Incorrect authentication data")}), (REFUSED, FAIL), options=TRY),
    *(
        Case(f"{kind} begins a login in clear", Behaviour(kind, clear=begun), (REFUSED, FAIL), options=TRY)
        for kind, begun in {
            "submission": {b"AUTH": lines(b"334 "), b"*": ABORTED},
            "imap": {b"AUTHENTICATE": lines(b"+ "), b"*": lines(b"{tag} BAD Authentication aborted")},
            "pop3": {b"AUTH": lines(b"+ "), b"*": lines(b"-ERR Authentication aborted")},
            "sieve": {b"AUTHENTICATE": lines(b'""'), b'"*"': lines(b'NO "aborted"')},
        }.items()
    ),
    *(
        Case(f"{kind} has no login", Behaviour(kind, **none), (NO_LOGIN, FAIL))
        for kind, none in {
            "submission": {"inside": {b"EHLO": ehlo()}},
            "submissions": {"inside": {b"EHLO": ehlo()}},
            "imaps": {"inside": {b"CAPABILITY": imap_capabilities(b"LOGINDISABLED")}},
            "pop3s": {"inside": {b"CAPA": capa()}},
            "sieve": {"under_tls": sieve_capabilities(b'"SASL" ""')},
        }.items()
    ),
    Case("POP3 does not list its capabilities", Behaviour("pop3s", inside={b"CAPA": lines(b"-ERR no")}),
         (SESSION, UNKNOWN)),
    Case("submission takes mail before TLS", Behaviour("submission", clear=TAKES_MAIL), ("mail.starttls-enforced", FAIL)),
    Case("a public server wants TLS", Behaviour("smtp", clear={b"MAIL": lines(b"530 5.7.0 Must issue a STARTTLS command first")}),
         ("mail.starttls-enforced", WARN)),
    Case("submission puts mail before TLS off", Behaviour("submission", clear={b"MAIL": lines(b"451 4.7.1 later")}),
         ("mail.starttls-enforced", UNKNOWN)),
    Case("submission relays without a login", Behaviour("submission", inside=RELAYS), ("mail.relay", FAIL),
         options={"relay_to": "probe@example.net"}),
    Case("submissions relays without a login", Behaviour("submissions", inside=RELAYS), ("mail.relay", FAIL),
         options={"relay_to": "probe@example.net"}),
    Case("an open relay", Behaviour("smtp", inside=RELAYS), ("mail.relay", FAIL), options={"relay_to": "probe@example.net"}),
    Case("stock Postfix puts strangers off", Behaviour(
        "submission", inside={**TAKES_MAIL, b"RCPT": lines(b"454 4.7.1 <probe@example.net>: Relay access denied")}),
        None, options={"relay_to": "probe@example.net"}),
    Case("a relay that is busy", Behaviour("smtp", inside={b"RCPT": lines(b"451 4.3.0 try later")}), ("mail.relay", UNKNOWN),
         options={"relay_to": "probe@example.net"}),
]  # fmt: skip
DIALOGUE_CASES = [*MODE_CASES, *STARTTLS_CASES, *LOGIN_CASES]
