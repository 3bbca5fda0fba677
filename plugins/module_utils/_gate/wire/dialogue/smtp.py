# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SMTP (RFC 5321), submission (RFC 6409) and LMTP (RFC 2033), with STARTTLS (RFC 3207) and AUTH (RFC 4954)."""

from __future__ import annotations

import functools
import re
from typing import Callable, List, Optional, Sequence, Tuple

from ..evidence import NO, NOT_ESTABLISHED, YES, Capabilities
from ..recognise import smtp_kin
from ..text import printable, printable_lines, unique
from .base import NO_ERRAND, Dialogue, Errand, Event, begun
from .login import CANCEL, LoginErrand, speaks_of_encryption
from .verdicts import judge_mail, judge_mail_before_tls, judge_recipient

_REPLY_LINE = re.compile(rb"(\d{3})([ -]|$)")
# "AUTH PLAIN LOGIN", and the form from before the standard that old Outlook knows: "AUTH=PLAIN LOGIN".
_AUTH_LINE = re.compile(r"AUTH(?:[ =]+(.*))?$", re.IGNORECASE)
#: Postfix, where it cannot serve whoever connects: the PROXY protocol is expected and did not come, a setting is wrong.
_LOCAL_ERROR = re.compile(rb"Server local error$")


def read_extensions(lines: Sequence[bytes]) -> Capabilities:
    """Read the lines of an EHLO reply that follow the first one, without their codes."""
    return _read_extensions(tuple(lines))


# The same on every connection that is to lead to STARTTLS.
@functools.lru_cache(maxsize=16)
def _read_extensions(lines: Tuple[bytes, ...]) -> Capabilities:
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
    hellos = ("EHLO", "HELO", "LHLO")

    def __init__(self, encrypted: bool, client_name: str, errand: Errand = NO_ERRAND) -> None:
        super().__init__(encrypted, client_name, errand)
        self._reply: List[bytes] = []
        self._on_reply: Callable[[int, List[bytes]], List[Event]] = self._greeted
        self._hellos = list(self.hellos)
        self._extensions = Capabilities(starttls=False)
        self._unadvertised = False
        self._login: Optional[LoginErrand] = None

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
        if self.leaving:
            self._behaves(printable(line))
            return self._finish()
        return self._on_reply(int(shape.group(1)), reply)

    def _greeted(self, code: int, reply: List[bytes]) -> List[Event]:
        self.facts.greeting = printable(b" / ".join(reply))
        for line in reply:
            self._announced(printable(line))
            kin = smtp_kin(printable(line))
            if kin != "smtp":
                self.facts.speaks = kin
            if kin == "lmtp":
                self._hellos = ["LHLO"]
        if self.facts.speaks == "ftp":
            return self._stop("ftp is spoken here")
        if code == 220:
            return self._say_hello()
        return self._refused("greeting refuses service", code, reply)

    @property
    def hello(self) -> str:
        """The command that the server is greeted with."""
        return self._hellos[0]

    def _say_hello(self) -> List[Event]:
        self._on_reply = self._hello_answered
        return self._say("{0} {1}".format(self.hello, self.client_name), awaited=self.hello)

    def _hello_answered(self, code: int, reply: List[bytes]) -> List[Event]:
        if code // 100 == 5 and self._another_hello(code):
            refused = self._hellos.pop(0)
            self.facts.notes.append(
                "{0} was refused ({1}), {2} was tried".format(refused, printable(reply[-1]), self.hello)
            )
            return self._say_hello()
        self.facts.speaks = "lmtp" if self.hello == "LHLO" else "smtp"
        if code != 250:
            return self._refused("{0} refused".format(self.hello), code, reply)
        self._extensions = read_extensions([line[4:] for line in reply[1:]])
        for line in reply:
            self._announced(printable(line[4:]))
            self._behaves(printable(line[4:]))
        self._offered(self._extensions)
        if self.encrypted:
            return self._last_errands()
        if self.errand.mail_before_tls:
            return self._begin_mail(self._mail_before_tls_answered)
        return self._login_errand()

    def _another_hello(self, code: int) -> bool:
        """Whether the next hello may fare better. The other protocol's only where this one's was not understood."""
        following = self._hellos[1:2]
        return following == ["HELO"] or (bool(following) and code in (500, 502))

    def _login_errand(self) -> List[Event]:
        if self.errand.start_login:
            self._login = LoginErrand(self._extensions.login_mechanisms)
            return self._try_login(self._login)
        return self._towards_tls()

    def _towards_tls(self) -> List[Event]:
        if self.errand.leave_before_tls:
            return self._leave()
        if not self._extensions.starttls and not self.errand.straight_to_tls:
            self.facts.stays_plain = True
            return self._last_errands()
        return self._ask_for_tls()

    def _ask_for_tls(self) -> List[Event]:
        self._on_reply = self._starttls_answered
        return self._with_injection(self._say("STARTTLS"))

    def _starttls_answered(self, code: int, reply: List[bytes]) -> List[Event]:
        self._behaves(printable(reply[-1]))
        if self.facts.stays_plain:
            self.observe("starttls_unadvertised", YES if code == 220 else NO, reply[-1])
            if code == 220:
                return self._start_tls()
            return self._finish() if code == 421 else self._leave()
        self.facts.starttls_reply = printable(b" / ".join(reply))
        if code == 220:
            return self._start_tls()
        if code // 100 == 4:
            return self._refused("", code, reply)
        self.facts.stays_plain = True
        return self._last_errands(unadvertised=False)

    def _after_handshake(self) -> List[Event]:
        return self._say_hello()

    # Errands: a mail that is begun and taken back

    def _begin_mail(self, on_reply: Callable[[int, List[bytes]], List[Event]]) -> List[Event]:
        self._on_reply = on_reply
        return self._say("MAIL FROM:<>", awaited="MAIL")

    def _take_back(self, then: Callable[[], List[Event]]) -> List[Event]:
        def taken_back(code: int, reply: List[bytes]) -> List[Event]:
            self._behaves(printable(reply[-1]))
            return self._finish() if code == 421 else then()

        self._on_reply = taken_back
        return self._say("RSET")

    def _mail_before_tls_answered(self, code: int, reply: List[bytes]) -> List[Event]:
        self._behaves(printable(reply[-1]))
        answer, why = judge_mail_before_tls(code, reply[-1], self._extensions)
        self.observe("starttls_enforced", answer, reply[-1], why)
        if code == 421:
            return self._finish()
        return self._take_back(self._login_errand) if code // 100 == 2 else self._login_errand()

    def _last_errands(self, unadvertised: bool = True) -> List[Event]:
        """All that is offered has been seen. STARTTLS comes last: it changes the session."""
        self.complete = True
        self._unadvertised = unadvertised and not self.encrypted
        if (self.errand.mail or self.errand.recipient) and self.facts.speaks == "smtp":
            return self._begin_mail(self._mail_answered)
        return self._unadvertised_errand()

    def _unadvertised_errand(self) -> List[Event]:
        if self.errand.try_unadvertised and self._unadvertised and self.hello != "HELO":
            self.observe("starttls_unadvertised", NOT_ESTABLISHED, why="no answer to STARTTLS")
            return self._ask_for_tls()
        return self._leave()

    def _mail_answered(self, code: int, reply: List[bytes]) -> List[Event]:
        self._behaves(printable(reply[-1]))
        if code // 100 == 2 and self.errand.recipient:
            self._on_reply = self._recipient_answered
            return self._say("RCPT TO:<{0}>".format(self.errand.recipient), awaited="RCPT")
        answer, why = judge_mail(code, reply[-1])
        if self.errand.mail:
            self.observe("authentication_required", answer, reply[-1], why)
        if self.errand.recipient:
            refused = NO if code // 100 == 5 else NOT_ESTABLISHED
            self.observe("relays", refused, reply[-1], "MAIL was refused already")
        if code == 421:
            return self._finish()
        return self._take_back(self._unadvertised_errand) if code // 100 == 2 else self._unadvertised_errand()

    def _recipient_answered(self, code: int, reply: List[bytes]) -> List[Event]:
        answer, why = judge_recipient(code, reply[-1])
        self.observe("relays", answer, reply[-1], why)
        if self.errand.mail:
            answer, why = judge_mail(code, reply[-1])
            self.observe("authentication_required", NO if code // 100 == 2 else answer, reply[-1], why)
        return self._finish() if code == 421 else self._take_back(self._unadvertised_errand)

    # Errands: a login that is begun and cancelled

    def _try_login(self, login: LoginErrand) -> List[Event]:
        self._on_reply = self._login_answered
        return self._say("AUTH {0}".format(login.mechanism), awaited="AUTH")

    def _login_answered(self, code: int, reply: List[bytes]) -> List[Event]:
        login = begun(self._login)
        if code == 334:
            self.facts.observed["login_refused"] = login.accepted(reply[-1])
            self._on_reply = lambda _code, _reply: self._towards_tls()
            return self._say(CANCEL, awaited="the cancelled login")
        if code == 421:
            return self._finish()
        no_such_mechanism = re.search(rb"mechanism", reply[-1], re.IGNORECASE) is not None
        if code == 535 and not no_such_mechanism and not speaks_of_encryption(reply[-1]):
            self.facts.observed["login_refused"] = login.failed(reply[-1])
            return self._towards_tls()
        mechanism_only = code in (501, 504, 534, 535)
        self.facts.observed["login_refused"] = login.refused(reply[-1], mechanism_only, passing=code // 100 == 4)
        return self._try_login(login) if login.go_on(mechanism_only) else self._towards_tls()

    # The injection's control

    def _tagged_command(self, tag: str) -> str:
        return "NOOP {0}".format(tag)

    def _ends_reply(self, line: bytes) -> bool:
        # A greeting again, as some proxies have it, is no answer.
        return bool(re.match(rb"\d{3}(?: |$)", line)) and not line.startswith(b"220")

    def _is_goodbye(self, line: bytes) -> bool:
        return line.startswith(b"221")

    def _refused(self, what: str, code: int, reply: List[bytes]) -> List[Event]:
        if code // 100 == 4 and not _LOCAL_ERROR.search(reply[-1]):
            self._put_off(reply[-1])
        else:
            self.facts.stopped = "{0}: {1}".format(what, printable(reply[-1]))
        # After 421 the server closes of its own accord (RFC 5321 3.8).
        return self._finish() if code == 421 else self._leave()


class LmtpDialogue(SmtpDialogue):
    protocol = "lmtp"
    hellos = ("LHLO", "EHLO", "HELO")
