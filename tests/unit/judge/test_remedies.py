# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each software that can be recognised has remedies of its own for what it can have wrong."""

from __future__ import annotations

import string

import pytest

from _gate.judge import remedies
from _gate.judge.remedies import remedy
from judge_samples import service

MODES = ("starttls", "implicit", "opportunistic")
MTAS = ("postfix", "exim", "sendmail", "opensmtpd", "courier")
MAILBOXES = ("dovecot", "cyrus", "courier", "nginx")
OWN = [
    *((software, "mail.certificate-validity") for software in (*MTAS, *MAILBOXES, "stunnel")),
    *((software, "mail.tls-old-versions") for software in (*MTAS, *MAILBOXES, "stunnel")),
    *(
        (software, "mail.tls-suites")
        for software in ("postfix", "sendmail", "opensmtpd", "courier", "nginx", "stunnel")
    ),
    *((software, mode) for software in (*MTAS, "nginx") for mode in MODES),
    *((software, mode) for software in MAILBOXES for mode in MODES[:2]),
    *((software, "mail.login-before-tls") for software in (*MAILBOXES, "postfix", "exim", "sendmail", "stunnel")),
    *((software, "mail.login-refused") for software in (*MAILBOXES, "postfix", "exim", "sendmail", "stunnel")),
    *((software, "mail.starttls-enforced") for software in (*MTAS, "nginx")),
    *((software, "mail.authentication-required") for software in MTAS),
    *((software, "mail.relay") for software in ("postfix", "exim", "sendmail", "opensmtpd", "stunnel")),
    ("dovecot", "mail.starttls-after-tls"),
    ("stunnel", "mail.starttls-after-tls"),
    ("courier", "mail.starttls-injection"),
    ("postfix", "no TLS now"),
    ("exim", "no TLS now"),
]


def told(subject, software):
    return remedy(subject, software, service("submission"), "192.0.2.1", "mail.example.org")


@pytest.mark.parametrize("software, subject", dict.fromkeys(OWN))
def test_own_remedy(software, subject):
    assert told(subject, software) != told(subject, "")


@pytest.mark.parametrize("software", remedies._BY_SOFTWARE)
def test_every_remedy_can_be_told_and_is_one_line(software):
    for subject in remedies._BY_SOFTWARE[software]:
        text = told(subject, software)
        assert subject in remedies._ANY, "what no finding asks for"
        assert "\n" not in text
        assert text == text.strip(string.whitespace + ";")
        assert "{port}" not in text and "{0}" not in text


def test_exims_braces_come_out_as_exim_wants_them():
    assert "${if eq{$tls_in_cipher}{}{}{*}}" in told("mail.login-before-tls", "exim")
