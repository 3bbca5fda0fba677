# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SMTP (RFC 5321), submission (RFC 6409) and LMTP (RFC 2033), with STARTTLS (RFC 3207) and AUTH (RFC 4954)."""

from __future__ import annotations

import re
from typing import Callable, List, Sequence

from ..evidence import Capabilities
from ..recognise import smtp_kin
from ..text import printable, printable_lines, unique
from .base import NO_ERRAND, Dialogue, Errand, Event

_REPLY_LINE = re.compile(rb"(\d{3})([ -]|$)")
# "AUTH PLAIN LOGIN", and the form from before the standard that old Outlook knows: "AUTH=PLAIN LOGIN".
_AUTH_LINE = re.compile(r"AUTH(?:[ =]+(.*))?$", re.IGNORECASE)


def read_extensions(lines: Sequence[bytes]) -> Capabilities:
    """Read the lines of an EHLO reply that follow the first one, without their codes."""
    texts = [line.decode("ascii", "replace").strip() for line in lines]
    mechanisms: List[str] = []
    for text in texts:
        auth = _AUTH_LINE.match(text)
        if auth:
            mechanisms += (auth.group(1) or "").upper().split()
    return Capabilities(
        starttls=any(text.upper().split()[:1] == ["STARTTLS"] for text in texts),
        login_mechanisms=unique(mechanisms),
        lines=printable_lines(lines),
    )


class SmtpDialogue(Dialogue):
    protocol = "smtp"
    goodbye = b"QUIT\r\n"
    hello = "EHLO"

    def __init__(self, encrypted: bool, client_name: str, errand: Errand = NO_ERRAND) -> None:
        super().__init__(encrypted, client_name, errand)
        self._reply: List[bytes] = []
        self._on_reply: Callable[[int, List[bytes]], List[Event]] = self._greeted

    def _line(self, line: bytes) -> List[Event]:
        shape = _REPLY_LINE.match(line)
        if shape is None:
            return self._stop("not an SMTP reply: {0}".format(printable(line, 80)))
        self._reply.append(line)
        # A hyphen says that more follows. postscreen sends its "220-" line, waits, and only then sends "220 ":
        # a client that talks earlier is taken for a spammer.
        if shape.group(2) == b"-":
            return []
        reply, self._reply = self._reply, []
        return self._finish() if self.leaving else self._on_reply(int(shape.group(1)), reply)

    def _greeted(self, code: int, reply: List[bytes]) -> List[Event]:
        self.facts.greeting = printable(b" / ".join(reply))
        for line in reply:
            self._announced(printable(line))
            kin = smtp_kin(printable(line))
            if kin != "smtp":
                self.facts.speaks = kin
        if self.facts.speaks == "ftp":
            return self._stop("ftp is spoken here")
        if self.facts.speaks == "lmtp":
            self.hello = "LHLO"
        if code == 220:
            return self._say_hello()
        return self._refused("greeting refuses service", code, reply)

    def _say_hello(self) -> List[Event]:
        self._on_reply = self._hello_answered
        return self._say("{0} {1}".format(self.hello, self.client_name), awaited=self.hello)

    def _hello_answered(self, code: int, reply: List[bytes]) -> List[Event]:
        if code // 100 == 5 and self.hello == "EHLO":
            self.facts.notes.append("EHLO was refused ({0}), HELO was tried".format(printable(reply[-1])))
            self.hello = "HELO"
            return self._say_hello()
        if code != 250:
            return self._refused("{0} refused".format(self.hello), code, reply)
        extensions = read_extensions([line[4:] for line in reply[1:]])
        for line in reply:
            self._announced(printable(line))
        self._offered(extensions)
        if self.encrypted:
            return self._leave()
        if not extensions.starttls and not self.errand.straight_to_tls:
            self.facts.stays_plain = True
            return self._leave()
        self._on_reply = self._starttls_answered
        return self._say("STARTTLS")

    def _starttls_answered(self, code: int, reply: List[bytes]) -> List[Event]:
        self.facts.starttls_reply = printable(b" / ".join(reply))
        if code == 220:
            return self._start_tls()
        if code // 100 == 4:
            return self._refused("", code, reply)
        self.facts.stays_plain = True
        return self._leave()

    def _after_handshake(self) -> List[Event]:
        return self._say_hello()

    def _refused(self, what: str, code: int, reply: List[bytes]) -> List[Event]:
        if code // 100 == 4:
            self._put_off(reply[-1])
        else:
            self.facts.stopped = "{0}: {1}".format(what, printable(reply[-1]))
        # After 421 the server closes of its own accord (RFC 5321 3.8).
        return self._finish() if code == 421 else self._leave()


class LmtpDialogue(SmtpDialogue):
    protocol = "lmtp"
    hello = "LHLO"
