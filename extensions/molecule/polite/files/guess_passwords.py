# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Five wrong passwords at once, which is what stock jails stand for: guess_passwords.py submissions|imaps ADDRESS."""

from __future__ import annotations

import imaplib
import smtplib
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor


def guess(service: str, address: str) -> str:
    """:return: how the server refused."""
    untrusting = ssl._create_unverified_context()
    try:
        if service == "submissions":
            smtplib.SMTP_SSL(address, 465, timeout=30, context=untrusting).login("nobody-here", "wrong")
        else:
            imaplib.IMAP4_SSL(address, 993, ssl_context=untrusting, timeout=30).login("nobody-here", "wrong")
    except (smtplib.SMTPAuthenticationError, imaplib.IMAP4.error) as why:
        return str(why)
    raise SystemExit("a wrong password was taken")


with ThreadPoolExecutor(5) as guesses:
    print("\n".join(guesses.map(guess, sys.argv[1:2] * 5, sys.argv[2:3] * 5)))
