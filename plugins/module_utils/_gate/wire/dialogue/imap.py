# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IMAP (RFC 9051, RFC 3501): CAPABILITY, STARTTLS, LOGINDISABLED (RFC 2595), refusal codes (RFC 5530)."""

from __future__ import annotations

from typing import Callable, List, Optional, Sequence, Tuple

from ..evidence import NO, NOT_ESTABLISHED, YES, Capabilities
from ..text import printable, printable_lines, unique
from .base import LONGEST_LINE, NO_ERRAND, Dialogue, Errand, Event, asks_to_try_later, begun
from .login import CANCEL, LoginErrand


def read_capabilities(words: Sequence[bytes]) -> Capabilities:
    """Read the words after ``CAPABILITY``. The LOGIN command counts as offered unless LOGINDISABLED says otherwise."""
    names = [word.decode("ascii", "replace").upper() for word in words]
    mechanisms = [name[len("AUTH=") :] for name in names if name.startswith("AUTH=")]
    if "LOGINDISABLED" not in names:
        mechanisms.append("LOGIN")
    return Capabilities(starttls="STARTTLS" in names, login_mechanisms=unique(mechanisms), lines=printable_lines(words))


def _capability_words(response: bytes) -> List[bytes]:
    """The words of ``CAPABILITY a b`` or of a response code ``OK [CAPABILITY a b] text``; empty when there are none."""
    words = response.split()
    if words[:1] and words[0].upper() == b"CAPABILITY":
        return words[1:]
    start = response.upper().find(b"[CAPABILITY ")
    if start < 0:
        return []
    return response[start:].partition(b"]")[0].split()[1:]


class ImapDialogue(Dialogue):
    protocol = "imap"
    literals = True

    def __init__(self, encrypted: bool, client_name: str, errand: Errand = NO_ERRAND) -> None:
        super().__init__(encrypted, client_name, errand)
        self._tags = 0
        self._tag = b""
        self._preauthenticated = False
        self._capabilities = Capabilities(starttls=False)
        self._login: Optional[LoginErrand] = None
        self._greeting_words: List[bytes] = []
        self._reply_words: List[bytes] = []
        self._on_reply: Callable[[str, bytes], List[Event]] = self._capability_answered

    def _command(self, command: str, on_reply: Callable[[str, bytes], List[Event]]) -> List[Event]:
        self._tags += 1
        self._tag = "g{0}".format(self._tags).encode("ascii")
        self._on_reply = on_reply
        return self._say("{0} {1}".format(self._tag.decode("ascii"), command), awaited=command)

    def _line(self, line: bytes) -> List[Event]:
        label, _space, response = line.partition(b" ")
        status = response.split(b" ", 1)[0].upper().decode("ascii", "replace")
        if label == b"*":
            if self._tags == 0:
                return self._greeted(status, response)
            return self._untagged(status, response)
        if label == b"+" and self._on_reply == self._login_answered:
            return self._challenged(line)
        if self._tag and label == self._tag:
            return self._finish() if self.leaving else self._on_reply(status, response)
        return self._stop("not an IMAP reply: {0}".format(printable(line, 80)))

    def _greeted(self, status: str, response: bytes) -> List[Event]:
        self.facts.greeting = printable(b"* " + response)
        self._announced(printable(b"* " + response, LONGEST_LINE))
        if status == "BYE":
            return self._turned_away(response)
        if status == "PREAUTH":
            self._preauthenticated = True
            self.facts.notes.append("PREAUTH greeting: the session is logged in without a login")
        self.observe("preauthenticated", *((YES, b"* " + response) if self._preauthenticated else (NO,)))
        self._greeting_words = _capability_words(response)
        if self.errand.straight_to_tls:
            return self._ask_for_tls()
        return self._ask_capabilities()

    def _untagged(self, status: str, response: bytes) -> List[Event]:
        if status == "BYE" and not self.leaving:
            self._login_hung_up_on(response)
            return self._turned_away(response)
        self._reply_words = _capability_words(response) or self._reply_words
        return []

    def _ask_capabilities(self) -> List[Event]:
        self._reply_words = []
        return self._command("CAPABILITY", self._capability_answered)

    def _capability_answered(self, status: str, response: bytes) -> List[Event]:
        if status != "OK":
            return self._refused("CAPABILITY refused", response)
        # The reply outranks the greeting, which some servers fill with less, and some not at all.
        answered = self._reply_words or _capability_words(response)
        words = answered or self._greeting_words
        if not words:
            self.facts.stopped = "no capabilities in the reply to CAPABILITY"
            return self._leave()
        capabilities = read_capabilities(words)
        if self._greeting_words and answered:
            self._compare(read_capabilities(self._greeting_words), capabilities)
        self._greeting_words = []
        self._offered(capabilities)
        self._capabilities = capabilities
        self._behaves(printable(response))
        if self.encrypted:
            return self._leave()
        if self.errand.start_login and not self._preauthenticated:
            names = [word.upper() for word in words]
            offered = [name[len(b"AUTH=") :].decode("ascii", "replace") for name in names if name.startswith(b"AUTH=")]
            self._login = LoginErrand(offered, untried="" if b"LOGINDISABLED" in names else "LOGIN")
            return self._try_login(self._login)
        return self._towards_tls()

    def _towards_tls(self) -> List[Event]:
        if self.errand.leave_before_tls:
            return self._leave()
        # Once logged in, STARTTLS is not allowed (RFC 9051 6.2.1): PREAUTH shuts TLS out.
        if self._preauthenticated or not self._capabilities.starttls:
            self.facts.stays_plain = self.complete = True
            if self.errand.try_unadvertised and not self._preauthenticated:
                self.observe("starttls_unadvertised", NOT_ESTABLISHED, why="no answer to STARTTLS")
                return self._ask_for_tls()
            return self._leave()
        return self._ask_for_tls()

    def _ask_for_tls(self) -> List[Event]:
        return self._with_injection(self._command("STARTTLS", self._starttls_answered))

    def _compare(self, greeted: Capabilities, answered: Capabilities) -> None:
        def gist(capabilities: Capabilities) -> Tuple[bool, List[str]]:
            return capabilities.starttls, sorted(capabilities.login_mechanisms)

        if gist(greeted) != gist(answered):
            self.facts.notes.append(
                "the greeting's capabilities differ: {0}".format(printable(" ".join(greeted.lines).encode("utf-8")))
            )

    def _starttls_answered(self, status: str, response: bytes) -> List[Event]:
        self._behaves(printable(response))
        if self.facts.stays_plain:
            self.observe("starttls_unadvertised", YES if status == "OK" else NO, response)
            return self._start_tls() if status == "OK" else self._leave()
        self.facts.starttls_reply = printable(response)
        if status == "OK":
            return self._start_tls()
        if asks_to_try_later(printable(response)):
            return self._refused("", response)
        self.facts.stays_plain = True
        return self._leave()

    def _after_handshake(self) -> List[Event]:
        return self._ask_capabilities()

    def _try_login(self, login: LoginErrand) -> List[Event]:
        return self._command("AUTHENTICATE {0}".format(login.mechanism), self._login_answered)

    def _challenged(self, line: bytes) -> List[Event]:
        login = begun(self._login)
        self.facts.observed["login_refused"] = login.accepted(line)
        self._on_reply = lambda _status, _response: self._towards_tls()
        return self._say(CANCEL, awaited="the cancelled login")

    def _login_answered(self, status: str, response: bytes) -> List[Event]:
        login = begun(self._login)
        passing = asks_to_try_later(printable(response))
        self.facts.observed["login_refused"] = login.refused(response, status == "BAD", passing)
        return self._try_login(login) if login.go_on(status == "BAD") else self._towards_tls()

    def _login_hung_up_on(self, response: bytes) -> None:
        if self._on_reply == self._login_answered:
            passing = asks_to_try_later(printable(response))
            self.facts.observed["login_refused"] = begun(self._login).refused(response, False, passing)

    def _tagged_command(self, tag: str) -> str:
        return "{0} NOOP".format(tag)

    def _ends_reply(self, line: bytes) -> bool:
        return not line.startswith((b"*", b"+"))

    def _is_goodbye(self, line: bytes) -> bool:
        return line.startswith(self._tag + b" ")

    def _refused(self, what: str, response: bytes) -> List[Event]:
        if asks_to_try_later(printable(response)):
            self._put_off(response)
        else:
            self.facts.stopped = "{0}: {1}".format(what, printable(response))
        return self._leave()

    def _turned_away(self, response: bytes) -> List[Event]:
        if asks_to_try_later(printable(response)):
            self._put_off(b"* " + response)
        else:
            self.facts.stopped = "the server said goodbye: {0}".format(printable(response))
        return self._finish()

    def _leave(self) -> List[Event]:
        farewell = self._command("LOGOUT", self._on_reply)
        self.leaving = self.complete = True
        return farewell
