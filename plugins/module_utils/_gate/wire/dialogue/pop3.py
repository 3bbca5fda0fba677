# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""POP3 (RFC 1939) with CAPA (RFC 2449), STLS (RFC 2595), SASL (RFC 5034) and refusal codes (RFC 3206)."""

from __future__ import annotations

import re
from typing import Callable, List, Optional, Sequence

from ..evidence import NO, NOT_ESTABLISHED, YES, Capabilities
from ..text import printable, printable_lines, unique
from .base import NO_ERRAND, Dialogue, Errand, Event, asks_to_try_later, begun
from .login import CANCEL, LoginErrand

_TIMESTAMP = re.compile(rb"<[^<>@\s]+@[^<>@\s]+>")


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


def with_apop(capabilities: Capabilities) -> Capabilities:
    """The capabilities of a server whose greeting has a timestamp, by which it offers APOP (RFC 1939 section 7).

    APOP is a login, and so counts as one that is offered before TLS, though it sends no password: RFC 8314 wants the whole
    session encrypted. CAPA does not list it.
    """
    mechanisms = (*capabilities.login_mechanisms, "APOP")
    return Capabilities(capabilities.starttls, unique(mechanisms), capabilities.lines)


class Pop3Dialogue(Dialogue):
    protocol = "pop3"
    goodbye = b"QUIT\r\n"

    def __init__(self, encrypted: bool, client_name: str, errand: Errand = NO_ERRAND) -> None:
        super().__init__(encrypted, client_name, errand)
        self._listing = False
        self._list: List[bytes] = []
        self._capabilities = Capabilities(starttls=False)
        self._capabilities_unknown = False
        self._apop = False
        self._login: Optional[LoginErrand] = None
        self._on_reply: Callable[[bool, bytes], List[Event]] = self._greeted

    def _line(self, line: bytes) -> List[Event]:
        if self._listing:
            if line != b".":
                self._list.append(line[1:] if line.startswith(b".") else line)
                return []
            self._listing = False
            return self._capabilities_listed()
        status = line.split(b" ", 1)[0].upper()
        if status == b"+" and self._on_reply == self._login_answered:
            return self._challenged(line)
        if status not in (b"+OK", b"-ERR"):
            return self._stop("not a POP3 reply: {0}".format(printable(line, 80)))
        return self._finish() if self.leaving else self._on_reply(status == b"+OK", line)

    def _challenged(self, line: bytes) -> List[Event]:
        login = begun(self._login)
        self.facts.observed["login_refused"] = login.accepted(line)
        self._on_reply = lambda _granted, _line: self._towards_tls()
        return self._say(CANCEL, awaited="the cancelled login")

    def _greeted(self, granted: bool, line: bytes) -> List[Event]:
        self.facts.greeting = printable(line)
        self._announced(self.facts.greeting)
        self._apop = _TIMESTAMP.search(line) is not None
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
        if self.encrypted:
            return self._leave()
        self._capabilities_unknown = True
        return self._login_errand()

    def _capabilities_listed(self) -> List[Event]:
        capabilities = read_capabilities(self._list)
        if self._apop:
            capabilities = with_apop(capabilities)
        for line in self._list:
            self._announced(printable(line))
        self._offered(capabilities)
        if self.encrypted:
            return self._leave()
        self._capabilities = capabilities
        return self._login_errand()

    def _login_errand(self) -> List[Event]:
        if not self.errand.start_login:
            return self._towards_tls()
        mechanisms = self._capabilities.login_mechanisms
        untried = "USER" if "USER" in mechanisms else "USER perhaps" if self._capabilities_unknown else ""
        self._login = LoginErrand(mechanisms, untried)
        return self._try_login(self._login)

    def _towards_tls(self) -> List[Event]:
        if self.errand.leave_before_tls:
            return self._leave()
        # No list of capabilities says nothing of STLS: it is tried as if it were advertised.
        if self._capabilities.starttls or self._capabilities_unknown:
            return self._ask_for_tls()
        self.facts.stays_plain = self.complete = True
        if self.errand.try_unadvertised:
            self.observe("starttls_unadvertised", NOT_ESTABLISHED, why="no answer to STLS")
            return self._ask_for_tls()
        return self._leave()

    def _ask_for_tls(self) -> List[Event]:
        self._on_reply = self._stls_answered
        return self._with_injection(self._say("STLS"))

    def _stls_answered(self, granted: bool, line: bytes) -> List[Event]:
        self._behaves(printable(line))
        if self.facts.stays_plain:
            self.observe("starttls_unadvertised", YES if granted else NO, line)
            return self._start_tls() if granted else self._leave()
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

    def _try_login(self, login: LoginErrand) -> List[Event]:
        self._on_reply = self._login_answered
        return self._say("AUTH {0}".format(login.mechanism), awaited="AUTH")

    def _login_answered(self, _granted: bool, line: bytes) -> List[Event]:
        login = begun(self._login)
        passing = asks_to_try_later(printable(line))
        self.facts.observed["login_refused"] = login.refused(line, mechanism_only=True, passing=passing)
        return self._try_login(login) if login.go_on(mechanism_only=True) else self._towards_tls()

    def _tagged_command(self, tag: str) -> str:
        # RFC 1939 has no NOOP before the login: a refusal is an answer too.
        return "NOOP {0}".format(tag)

    def _ends_reply(self, line: bytes) -> bool:
        return line.upper().startswith((b"+OK", b"-ERR"))
