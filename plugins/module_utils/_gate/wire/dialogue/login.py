# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a login in clear is refused: it is begun and, should the server go along, cancelled (RFC 4422 section 3.5).

No name and no password is ever sent. So the commands that would need one at once, IMAP's LOGIN and POP3's USER, are not
tried, and where they are offered a refusal of AUTHENTICATE alone proves nothing, unless it speaks of encryption.
"""

from __future__ import annotations

import re
from typing import List, Sequence

from ..evidence import NO, NOT_ESTABLISHED, YES, Observation
from ..text import printable
from .verdicts import wants_tls_first

#: Cancels a SASL exchange in SMTP, IMAP and POP3 (RFC 4954 4, RFC 9051 6.2.2, RFC 5034 4); ManageSieve quotes it.
CANCEL = "*"
_CLEARTEXT = ("PLAIN", "LOGIN")
_SPEAKS_OF_ENCRYPTION = re.compile(
    r"\bSTARTTLS\b|\bSTLS\b|\bTLS\b|\bSSL\b|encrypt|PRIVACYREQUIRED|plaintext|clear ?text|non-secure|insecure|\blayer\b",
    re.IGNORECASE,
)


def speaks_of_encryption(line: bytes) -> bool:
    """Whether a refusal is for want of encryption."""
    return _SPEAKS_OF_ENCRYPTION.search(printable(line)) is not None


#: Said of the login as such, though with the code of a failed one (Courier).
_TURNED_DOWN = re.compile(
    r"reject|denied|disabled|required|not (?:allowed|permitted|available|enabled|supported)", re.IGNORECASE
)
#: Said of credentials: the login was tried, with empty ones.
_FOUND_WRONG = re.compile(r"incorrect|credentials? invalid|invalid credentials?|wrong", re.IGNORECASE)


class LoginErrand:
    """Which mechanisms to try, and what the answers mean.

    :param offered: the login mechanisms offered before TLS; those of cleartext passwords are tried, PLAIN where none is.
    :param untried: a login command that is offered and cannot be tried without a name, or ``""``.
    """

    def __init__(self, offered: Sequence[str], untried: str = "") -> None:
        self._left: List[str] = [each for each in _CLEARTEXT if each in offered] or ["PLAIN"]
        self._untried = untried

    @property
    def mechanism(self) -> str:
        """The one to try now."""
        return self._left[0]

    def go_on(self, mechanism_only: bool) -> bool:
        """Whether to try the next mechanism, after a refusal that was about this one only."""
        self._left.pop(0)
        return mechanism_only and bool(self._left)

    @staticmethod
    def accepted(line: bytes) -> Observation:
        """The server waits for name and password, in clear."""
        return Observation(NO, printable(line), "a login that was begun in clear was not refused (it was cancelled)")

    @staticmethod
    def failed(line: bytes) -> Observation:
        """The server says that authentication failed, rather than that there is none (535, RFC 4954 section 6)."""
        said = printable(line)
        if _TURNED_DOWN.search(said):
            return Observation(YES, said)
        if _FOUND_WRONG.search(said):
            return Observation(NO, said, "a login in clear was not refused: the server says that its data are wrong")
        return Observation(NOT_ESTABLISHED, said, "a login that failed may have been tried, and not refused")

    def refused(self, line: bytes, mechanism_only: bool, passing: bool) -> Observation:
        """The server does not go along.

        :param mechanism_only: it says that it does not know, or cannot begin, this mechanism.
        :param passing: it says that it cannot now.
        """
        said = printable(line)
        if passing and not wants_tls_first(said):
            return Observation(NOT_ESTABLISHED, said, "put off by the server")
        if speaks_of_encryption(line):
            return Observation(YES, said)
        if self._untried:
            why = "{0} is offered, and is not tried without a name".format(self._untried)
            return Observation(NOT_ESTABLISHED, said, why)
        if mechanism_only and len(self._left) > 1:
            return Observation(NOT_ESTABLISHED, said, "only {0} was tried".format(self.mechanism))
        return Observation(YES, said)
