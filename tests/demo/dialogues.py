# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server's side of SMTP submission, IMAP and POP3 before login: small, correct, and of no use for mail.

No login is ever accepted and no message ever taken. The greetings are those of Postfix and Cyrus, so that the gate
recognises the software and its remedies are those servers' own settings. (Not of Dovecot: that one takes a client with
its own address for secure. The gate knows, and on loopback every client has the server's address.)

Sources: RFC 5321, 3207, 4954 and 6409 (SMTP submission); RFC 3501 and 2595 (IMAP); RFC 1939, 2449, 2595, 5034 (POP3).
"""

from __future__ import annotations

from twisted.internet import error
from twisted.internet.ssl import CertificateOptions
from twisted.protocols.basic import LineReceiver
from twisted.protocols.policies import TimeoutMixin

from hosts import STARTTLS, Door

IDLE_SECONDS = 60
CYRUS = "3.6.1"
#: The base64 of "Username:" and "Password:", the challenges of SASL LOGIN.
CHALLENGES = {"PLAIN": ("",), "LOGIN": ("VXNlcm5hbWU6", "UGFzc3dvcmQ6")}


class Dialogue(LineReceiver, TimeoutMixin):
    """What the three protocols share: lines, STARTTLS, and a SASL exchange that always ends in refusal.

    :param door: how this port behaves.
    :param server_name: the name in the greeting.
    :param tls: key and certificate; used here for STARTTLS only, implicit TLS is the listening port's own matter.
    :param encrypted: True on a port with implicit TLS.
    """

    MAX_LENGTH = 8192

    def __init__(self, door: Door, server_name: str, tls: CertificateOptions, encrypted: bool) -> None:
        self.door = door
        self.server_name = server_name
        self.tls = tls
        self.encrypted = encrypted
        self.challenges: list[str] = []
        self.login_tag = ""

    # What each protocol says

    def greet(self) -> None:
        raise NotImplementedError

    def command(self, line: str) -> None:
        raise NotImplementedError

    def challenge(self, text: str) -> None:
        raise NotImplementedError

    def refuse_login(self) -> None:
        raise NotImplementedError

    def abort_login(self) -> None:
        raise NotImplementedError

    # What they share

    @property
    def offers_starttls(self) -> bool:
        return self.door.encryption == STARTTLS and not self.encrypted

    @property
    def offers_login(self) -> bool:
        return self.encrypted or self.door.login_in_clear

    def connectionMade(self) -> None:
        self.setTimeout(IDLE_SECONDS)
        self.greet()

    def connectionLost(self, reason: object = error.ConnectionDone) -> None:
        self.setTimeout(None)

    def lineReceived(self, line: bytes) -> None:
        self.resetTimeout()
        text = line.decode("ascii", "replace")
        if self.challenges:
            self.sasl_response(text)
        else:
            self.command(text)

    def say(self, *lines: str) -> None:
        for line in lines:
            self.sendLine(line.encode("ascii", "replace"))

    def goodbye(self, *lines: str) -> None:
        self.say(*lines)
        self.transport.loseConnection()

    def start_tls(self, reply: str) -> None:
        """Say ``reply`` and begin the handshake. What was sent after the command in clear is thrown away: to read it
        later as if it came under TLS is the injection of CVE-2011-0411."""
        self.say(reply)
        self.clearLineBuffer()
        self.encrypted = True
        self.transport.startTLS(self.tls)

    def sasl_start(self, mechanism: str, initial_response: str, tag: str = "") -> None:
        self.login_tag = tag
        self.challenges = list(CHALLENGES[mechanism])
        if initial_response:
            self.sasl_response(initial_response)
        else:
            self.challenge(self.challenges[0])

    def sasl_response(self, response: str) -> None:
        if response == "*":
            self.challenges = []
            self.abort_login()
            return
        del self.challenges[0]
        if self.challenges:
            self.challenge(self.challenges[0])
        else:
            self.refuse_login()


class Submission(Dialogue):
    """SMTP for mail submission: AUTH after TLS only, and neither MAIL nor anything else without it."""

    def greet(self) -> None:
        self.say(f"220 {self.server_name} ESMTP Postfix")

    def command(self, line: str) -> None:
        verb, _space, argument = line.strip().partition(" ")
        verb, argument = verb.upper(), argument.strip()
        if verb == "QUIT":
            self.goodbye("221 2.0.0 Bye")
        elif verb == "NOOP":
            self.say("250 2.0.0 Ok")
        elif verb in ("EHLO", "HELO"):
            self.hello(verb, argument)
        elif verb == "STARTTLS":
            self.starttls(argument)
        elif self.offers_starttls:
            self.say("530 5.7.0 Must issue a STARTTLS command first")
        elif verb == "RSET":
            self.say("250 2.0.0 Ok")
        elif verb == "AUTH" and self.offers_login:
            self.auth(argument)
        elif verb in ("MAIL", "VRFY", "EXPN", "ETRN"):
            self.say("530 5.7.0 Authentication required")
        elif verb in ("RCPT", "DATA"):
            self.say("503 5.5.1 Error: need MAIL command")
        else:
            self.say("502 5.5.2 Error: command not recognized")

    def hello(self, verb: str, argument: str) -> None:
        if not argument:
            self.say(f"501 Syntax: {verb} hostname")
        elif verb == "HELO":
            self.say("250 " + self.server_name)
        else:
            words = [self.server_name, "PIPELINING", "SIZE 10240000"]
            words += ["STARTTLS"] if self.offers_starttls else []
            words += ["AUTH " + " ".join(CHALLENGES)] if self.offers_login else []
            words += ["ENHANCEDSTATUSCODES", "8BITMIME"]
            self.say(*("250-" + word for word in words), "250 CHUNKING")

    def starttls(self, argument: str) -> None:
        if self.encrypted:
            self.say("554 5.5.1 Error: TLS already active")
        elif not self.offers_starttls:
            self.say("502 5.5.1 Error: command not implemented")
        elif argument:
            self.say("501 5.5.4 Syntax: STARTTLS")
        else:
            self.start_tls("220 2.0.0 Ready to start TLS")

    def auth(self, argument: str) -> None:
        mechanism, _space, response = argument.partition(" ")
        if mechanism.upper() in CHALLENGES:
            self.sasl_start(mechanism.upper(), response.strip())
        else:
            self.say("535 5.7.8 Error: authentication failed: Invalid authentication mechanism")

    def challenge(self, text: str) -> None:
        self.say("334 " + text)

    def refuse_login(self) -> None:
        self.say("535 5.7.8 Error: authentication failed")

    def abort_login(self) -> None:
        self.say("501 5.7.0 Authentication aborted")

    def lineLengthExceeded(self, line: bytes) -> None:
        self.goodbye("500 5.5.2 Error: line too long")


class Imap(Dialogue):
    """IMAP4rev1 in the not-authenticated state."""

    def capabilities(self) -> str:
        words = ["IMAP4rev1", "ID", "ENABLE", "SASL-IR"]
        words += ["STARTTLS"] if self.offers_starttls else []
        words += ["AUTH=" + mechanism for mechanism in CHALLENGES] if self.offers_login else ["LOGINDISABLED"]
        return " ".join(words)

    def greet(self) -> None:
        self.say(f"* OK [CAPABILITY {self.capabilities()}] {self.server_name} Cyrus IMAP {CYRUS} server ready")

    def command(self, line: str) -> None:
        words = line.split()
        if len(words) < 2:
            self.say("* BAD Invalid tag")
            return
        tag, verb, arguments = words[0], words[1].upper(), words[2:]
        if verb == "CAPABILITY":
            self.say("* CAPABILITY " + self.capabilities(), tag + " OK Completed")
        elif verb == "NOOP":
            self.say(tag + " OK Completed")
        elif verb == "ID":
            self.say(f'* ID ("name" "Cyrus IMAPD" "version" "{CYRUS}")', tag + " OK Completed")
        elif verb == "LOGOUT":
            self.goodbye("* BYE LOGOUT received", tag + " OK Completed")
        elif verb == "STARTTLS":
            self.starttls(tag)
        elif verb in ("LOGIN", "AUTHENTICATE") and not self.offers_login:
            self.say(tag + " NO [PRIVACYREQUIRED] Login only available under a layer")
        elif verb == "LOGIN" and arguments and not line.endswith("}"):
            self.login_tag = tag
            self.refuse_login()
        elif verb == "AUTHENTICATE" and arguments:
            self.authenticate(tag, arguments[0].upper(), "".join(arguments[1:2]))
        else:
            # Literals too: the tagged BAD in place of the continuation tells the client to keep them (RFC 3501 §7.5).
            self.say(tag + " BAD Unrecognized command")

    def starttls(self, tag: str) -> None:
        if self.encrypted:
            self.say(tag + " BAD TLS already active")
        elif not self.offers_starttls:
            self.say(tag + " BAD Unrecognized command")
        else:
            self.start_tls(tag + " OK Begin TLS negotiation now")

    def authenticate(self, tag: str, mechanism: str, response: str) -> None:
        if mechanism in CHALLENGES:
            self.sasl_start(mechanism, response, tag)
        else:
            self.say(tag + " NO [CANNOT] no mechanism available")

    def challenge(self, text: str) -> None:
        self.say("+ " + text)

    def refuse_login(self) -> None:
        self.say(self.login_tag + " NO [AUTHENTICATIONFAILED] Login failed: authentication failure")

    def abort_login(self) -> None:
        self.say(self.login_tag + " BAD Authentication aborted")

    def lineLengthExceeded(self, line: bytes) -> None:
        self.goodbye("* BYE Line too long")


class Pop3(Dialogue):
    """POP3 in the AUTHORIZATION state."""

    def greet(self) -> None:
        self.user_named = False
        self.say(f"+OK {self.server_name} Cyrus POP3 {CYRUS} server ready")

    def command(self, line: str) -> None:
        verb, _space, argument = line.strip().partition(" ")
        verb, argument = verb.upper(), argument.strip()
        if verb == "CAPA":
            words = ["TOP", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE"]
            words += ["STLS"] if self.offers_starttls else []
            words += ["USER", "SASL " + " ".join(CHALLENGES)] if self.offers_login else []
            self.say("+OK List of capabilities follows", *words, f"IMPLEMENTATION Cyrus POP3 {CYRUS}", ".")
        elif verb == "QUIT":
            self.goodbye("+OK")
        elif verb == "STLS":
            self.stls()
        elif verb in ("USER", "PASS", "AUTH") and not self.offers_login:
            self.say(f"-ERR [AUTH] {verb} command only available under a layer")
        elif verb == "USER" and argument:
            self.user_named = True
            self.say("+OK Name is a valid mailbox")
        elif verb == "PASS":
            self.refuse_login() if self.user_named else self.say("-ERR Must give USER command")
        elif verb == "AUTH":
            self.auth(argument)
        else:
            self.say("-ERR Unrecognized command")

    def stls(self) -> None:
        if self.encrypted:
            self.say("-ERR TLS already active")
        elif not self.offers_starttls:
            self.say("-ERR Unrecognized command")
        else:
            self.user_named = False
            self.start_tls("+OK Begin TLS negotiation now")

    def auth(self, argument: str) -> None:
        mechanism, _space, response = argument.partition(" ")
        if not mechanism:
            self.say("+OK List of supported mechanisms follows", *CHALLENGES, ".")
        elif mechanism.upper() in CHALLENGES:
            self.sasl_start(mechanism.upper(), response.strip())
        else:
            self.say("-ERR [AUTH] no mechanism available")

    def challenge(self, text: str) -> None:
        self.say("+ " + text)

    def refuse_login(self) -> None:
        self.say("-ERR [AUTH] Invalid login")

    def abort_login(self) -> None:
        self.say("-ERR Authentication aborted")

    def lineLengthExceeded(self, line: bytes) -> None:
        self.goodbye("-ERR Line too long")


DIALOGUES: dict[str, type[Dialogue]] = {"smtp": Submission, "imap": Imap, "pop3": Pop3}
