# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""POP3 (RFC 1939) with CAPA (RFC 2449), STLS (RFC 2595), SASL (RFC 5034) and refusal codes (RFC 3206)."""

from __future__ import annotations

from typing import Callable, List, Sequence

from ..evidence import Capabilities
from ..text import printable, printable_lines, unique
from .base import NO_ERRAND, Dialogue, Errand, Event, asks_to_try_later


def read_capabilities(lines: Sequence[bytes]) -> Capabilities:
    """Read the lines of a CAPA reply between ``+OK`` and the dot."""
    mechanisms: List[str] = []
    starttls = False
    for line in lines:
        words = line.decode("ascii", "replace").upper().split()
        if words[:1] == ["USER"]:
            mechanisms.append("USER")
        elif words[:1] == ["SASL"]:
            mechanisms += words[1:]
        elif words[:1] == ["STLS"]:
            starttls = True
    return Capabilities(starttls=starttls, login_mechanisms=unique(mechanisms), lines=printable_lines(lines))


class Pop3Dialogue(Dialogue):
    protocol = "pop3"
    goodbye = b"QUIT\r\n"

    def __init__(self, encrypted: bool, client_name: str, errand: Errand = NO_ERRAND) -> None:
        super().__init__(encrypted, client_name, errand)
        self._listing = False
        self._list: List[bytes] = []
        self._on_reply: Callable[[bool, bytes], List[Event]] = self._greeted

    def _line(self, line: bytes) -> List[Event]:
        if self._listing:
            if line != b".":
                self._list.append(line[1:] if line.startswith(b".") else line)
                return []
            self._listing = False
            return self._capabilities_listed()
        status = line.split(b" ", 1)[0].upper()
        if status not in (b"+OK", b"-ERR"):
            return self._stop("not a POP3 reply: {0}".format(printable(line, 80)))
        return self._finish() if self.leaving else self._on_reply(status == b"+OK", line)

    def _greeted(self, granted: bool, line: bytes) -> List[Event]:
        self.facts.greeting = printable(line)
        self._announced(self.facts.greeting)
        if granted:
            return self._ask_for_tls() if self.errand.straight_to_tls else self._ask_capabilities()
        if asks_to_try_later(printable(line)):
            self._put_off(line)
        else:
            self.facts.stopped = "greeting refuses service: {0}".format(printable(line))
        return self._leave()

    def _ask_capabilities(self) -> List[Event]:
        self._list = []
        self._on_reply = self._capa_answered
        return self._say("CAPA")

    def _capa_answered(self, granted: bool, line: bytes) -> List[Event]:
        if granted:
            self._listing = True
            return []
        if asks_to_try_later(printable(line)):
            self._put_off(line)
            return self._leave()
        # No CAPA (RFC 1939 has none) says nothing of STLS or USER, so capabilities stay unknown, and STLS is tried.
        self.facts.notes.append(
            "CAPA was refused {0} TLS ({1}): which logins are offered is unknown".format(
                "under" if self.encrypted else "before", printable(line)
            )
        )
        return self._leave() if self.encrypted else self._ask_for_tls()

    def _capabilities_listed(self) -> List[Event]:
        capabilities = read_capabilities(self._list)
        for line in self._list:
            self._announced(printable(line))
        self._offered(capabilities)
        if self.encrypted:
            return self._leave()
        if capabilities.starttls:
            return self._ask_for_tls()
        self.facts.stays_plain = True
        return self._leave()

    def _ask_for_tls(self) -> List[Event]:
        self._on_reply = self._stls_answered
        return self._say("STLS")

    def _stls_answered(self, granted: bool, line: bytes) -> List[Event]:
        self.facts.starttls_reply = printable(line)
        if granted:
            return self._start_tls()
        if asks_to_try_later(printable(line)):
            self._put_off(line)
        else:
            self.facts.stays_plain = True
        return self._leave()

    def _after_handshake(self) -> List[Event]:
        return self._ask_capabilities()
