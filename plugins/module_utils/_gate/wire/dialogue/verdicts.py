# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an SMTP server's answer to MAIL and RCPT says, and what it does not.

530 is the code for "authentication required" (RFC 4954 section 6) and for "issue a STARTTLS command first" (RFC 3207 section
4) alike. Other permanent refusals count where enhanced code (X.7.X: security or policy, RFC 3463) or words say so; a
refusal of the null sender for another reason proves nothing.
"""

from __future__ import annotations

import re
from typing import Tuple

from ..evidence import NO, NOT_ESTABLISHED, YES, Capabilities
from ..text import printable

Answer = Tuple[str, str]

_WANTS_TLS = re.compile(r"TLS|\bSSL\b|encrypt", re.IGNORECASE)
#: Courier says so with the code 400, as if it were a passing trouble.
_WANTS_TLS_FIRST = re.compile(r"(?:TLS|\bSSL|encryption)\b.*\b(?:required|first)\b", re.IGNORECASE)
_WANTS_LOGIN = re.compile(
    r"\bauth|log ?(?:ged )?in|^\d{3} \d\.7\.\d|administrative prohibition|access denied", re.IGNORECASE
)
_WILL_NOT_RELAY = re.compile(r"relay", re.IGNORECASE)
_ONLY_NOT_NOW = "the server put it off"
ONLY_A_LOGIN_IS_WANTED = "refused for want of a login, which is offered before TLS"


def wants_tls_first(said: str) -> bool:
    """Whether a refusal, whatever its code, says that TLS must come first."""
    return _WANTS_TLS_FIRST.search(said) is not None


def judge_mail_before_tls(code: int, line: bytes, offered: Capabilities) -> Answer:
    """Whether MAIL before TLS was refused for want of TLS, with a reason where there is more to say."""
    said = printable(line)
    if code // 100 == 2:
        return NO, ""
    if wants_tls_first(said):
        return YES, ""
    if code // 100 == 4:
        return NOT_ESTABLISHED, _ONLY_NOT_NOW
    if _WANTS_TLS.search(said):
        return YES, ""
    if code == 530 or _WANTS_LOGIN.search(said):
        if offered.login_mechanisms:
            return NO, ONLY_A_LOGIN_IS_WANTED
        return YES, "refused for want of a login, which is not offered before TLS"
    return NOT_ESTABLISHED, "refused, but not for want of TLS"


def judge_mail(code: int, line: bytes) -> Answer:
    """Whether MAIL without authentication was refused for want of it (RFC 6409 section 4.3)."""
    if code // 100 == 2:
        return NOT_ESTABLISHED, "MAIL was accepted; many servers refuse at RCPT, which is sent to a relay address only"
    # Stock Postfix puts strangers off (defer_unauth_destination) with the words of a refusal.
    if _WILL_NOT_RELAY.search(printable(line)):
        return YES, ""
    if code // 100 == 4:
        return NOT_ESTABLISHED, _ONLY_NOT_NOW
    if code == 530 or _WANTS_LOGIN.search(printable(line)):
        return YES, ""
    return NOT_ESTABLISHED, "refused, but not for want of a login"


def judge_recipient(code: int, line: bytes) -> Answer:
    """Whether a recipient elsewhere was accepted from a stranger."""
    if code // 100 == 2:
        return YES, ""
    if code // 100 == 5 or _WILL_NOT_RELAY.search(printable(line)):
        return NO, ""
    return NOT_ESTABLISHED, _ONLY_NOT_NOW
