# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ManageSieve (RFC 5804): the server speaks first, and again after STARTTLS, with its capabilities."""

from __future__ import annotations

import re
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from ..evidence import NO, NOT_ESTABLISHED, YES, Capabilities
from ..text import printable, printable_lines, unique
from .base import NO_ERRAND, Dialogue, Errand, Event, asks_to_try_later, begun
from .login import CANCEL, LoginErrand

#: A server that does not send its capabilities again after TLS (old timsieved) is asked after this many seconds.
RESEND_PATIENCE = 2.0

_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|\{(\d{1,9})\+?\}\r?\n|([^\s"]+)', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)

Lines = List[Tuple[bytes, List[bytes]]]


def split_strings(line: bytes) -> List[bytes]:
    """The quoted strings, literals and bare words of one line, without quotes."""
    words: List[bytes] = []
    position = 0
    while True:
        token = _TOKEN.search(line, position)
        if token is None:
            return words
        quoted, literal, bare = token.groups()
        position = token.end()
        if literal is not None:
            words.append(line[position : position + int(literal)])
            position += int(literal)
        elif quoted is not None:
            words.append(_ESCAPED.sub(rb"\1", quoted))
        else:
            words.append(bare)


def read_capabilities(lines: Sequence[Tuple[bytes, Sequence[bytes]]]) -> Capabilities:
    """Read capability lines, each as sent and as its strings. Names are case-insensitive (RFC 5804 1.7)."""
    named: Dict[str, bytes] = {}
    for _line, words in lines:
        named[words[0].decode("utf-8", "replace").upper()] = words[1] if len(words) > 1 else b""
    return Capabilities(
        starttls="STARTTLS" in named,
        login_mechanisms=unique(named.get("SASL", b"").decode("ascii", "replace").upper().split()),
        lines=printable_lines(line for line, _words in lines),
    )


class SieveDialogue(Dialogue):
    protocol = "sieve"
    goodbye = b"LOGOUT\r\n"
    literals = True
    speaks_first_under_tls = True

    def __init__(self, encrypted: bool, client_name: str, errand: Errand = NO_ERRAND) -> None:
        super().__init__(encrypted, client_name, errand)
        self._lines: Lines = []
        self._capabilities = Capabilities(starttls=False)
        self._login: Optional[LoginErrand] = None
        self._on_reply: Callable[[str, bytes], List[Event]] = self._greeted

    def _line(self, line: bytes) -> List[Event]:
        self.patience = None
        words = split_strings(line)
        status = words[0].decode("utf-8", "replace").upper() if words else ""
        if line[:1] not in (b'"', b"{") and status in ("OK", "NO", "BYE"):
            if self.leaving:
                return self._finish()
            return self._turned_away(line) if status == "BYE" else self._on_reply(status, line)
        if line[:1] in (b'"', b"{") and self._on_reply == self._login_answered:
            return self._challenged(line)
        if line[:1] not in (b'"', b"{") or not words:
            return self._stop("not a ManageSieve reply: {0}".format(printable(line, 80)))
        self._lines.append((line, words))
        return []

    def _greeted(self, status: str, line: bytes) -> List[Event]:
        self.facts.greeting = printable(b" / ".join([sent for sent, _words in self._lines] + [line]))
        return self._capabilities_sent(status, line)

    def _capabilities_sent(self, status: str, line: bytes) -> List[Event]:
        if status != "OK":
            return self._refused("capabilities refused", line)
        if not self._lines:
            self.facts.stopped = "no capabilities before OK"
            return self._leave()
        capabilities = read_capabilities(self._lines)
        for sent, _words in self._lines:
            self._announced(printable(sent))
        self._lines = []
        self._offered(capabilities)
        if self.encrypted:
            return self._leave()
        self._capabilities = capabilities
        if self.errand.start_login:
            self._login = LoginErrand(capabilities.login_mechanisms)
            return self._try_login(self._login)
        return self._towards_tls()

    def _towards_tls(self) -> List[Event]:
        if self.errand.leave_before_tls:
            return self._leave()
        if not self._capabilities.starttls and not self.errand.straight_to_tls:
            self.facts.stays_plain = self.complete = True
            if not self.errand.try_unadvertised:
                return self._leave()
            self.observe("starttls_unadvertised", NOT_ESTABLISHED, why="no answer to STARTTLS")
        self._on_reply = self._starttls_answered
        return self._with_injection(self._say("STARTTLS"))

    def _starttls_answered(self, status: str, line: bytes) -> List[Event]:
        self._behaves(printable(line).replace('"', ""))
        if self.facts.stays_plain:
            self.observe("starttls_unadvertised", YES if status == "OK" else NO, line)
            return self._start_tls() if status == "OK" else self._leave()
        self.facts.starttls_reply = printable(line)
        if status == "OK":
            return self._start_tls()
        if asks_to_try_later(printable(line)):
            return self._refused("", line)
        self.facts.stays_plain = True
        return self._leave()

    def _after_handshake(self) -> List[Event]:
        self._lines = []
        self._lines_seen = self._bytes_seen = 0
        self._awaited = "capabilities after TLS"
        self._on_reply = self._capabilities_sent
        self.patience = RESEND_PATIENCE
        return []

    def _try_login(self, login: LoginErrand) -> List[Event]:
        self._on_reply = self._login_answered
        return self._say('AUTHENTICATE "{0}"'.format(login.mechanism), awaited="AUTHENTICATE")

    def _challenged(self, line: bytes) -> List[Event]:
        login = begun(self._login)
        self.facts.observed["login_refused"] = login.accepted(line)
        self._on_reply = lambda _status, _line: self._towards_tls()
        return self._say('"{0}"'.format(CANCEL), awaited="the cancelled login")

    def _login_answered(self, _status: str, line: bytes) -> List[Event]:
        login = begun(self._login)
        passing = asks_to_try_later(printable(line))
        self.facts.observed["login_refused"] = login.refused(line, mechanism_only=True, passing=passing)
        return self._try_login(login) if login.go_on(mechanism_only=True) else self._towards_tls()

    def _tagged_command(self, tag: str) -> str:
        return 'NOOP "{0}"'.format(tag)

    def _ends_reply(self, line: bytes) -> bool:
        words = split_strings(line)
        if line[:1] in (b'"', b"{"):
            self._lines.append((line, words))
            return False
        return bool(words) and words[0].upper() in (b"OK", b"NO", b"BYE")

    def _can_be_owed(self) -> bool:
        # The capabilities are owed first, unasked. An old timsieved does not send them, and an answer in their place
        # is one to the injected command.
        if self._control_sent or self._lines:
            self.patience = None
            return True
        return False

    def nudge(self) -> List[Event]:
        self.patience = None
        self.facts.notes.append("the server did not send its capabilities after TLS unasked (RFC 5804 2.2)")
        return self._say("CAPABILITY")

    def _refused(self, what: str, line: bytes) -> List[Event]:
        if asks_to_try_later(printable(line)):
            self._put_off(line)
        else:
            self.facts.stopped = "{0}: {1}".format(what, printable(line))
        return self._leave()

    def _turned_away(self, line: bytes) -> List[Event]:
        self.facts.greeting = self.facts.greeting or printable(line)
        if asks_to_try_later(printable(line)):
            self._put_off(line)
        else:
            self.facts.stopped = "the server said goodbye: {0}".format(printable(line))
        return self._finish()
