# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to look at, and within which limits."""

from __future__ import annotations

import re
import socket
from typing import Optional, Tuple

from ..dataclass import dataclass
from ..errors import IntentError
from .names import as_address, lacks_scope, to_ascii
from .posture_questions import Questions, check_questions
from .proxy_protocol import CHOICES, NO_HEADER

IMPLICIT_FIRST = "implicit"
PLAIN_FIRST = "plain"
PROTOCOLS = ("smtp", "imap", "pop3", "sieve", "lmtp")

# What is looked at beyond the capabilities; MailPosture says what each means.
MAIL_BEFORE_TLS = "starttls_enforced"
MAIL_AT_LAST = "authentication_required"
UNADVERTISED = "starttls_unadvertised"
INJECTION = "starttls_injection"
IN_CLEAR = "plaintext_answered"
LOGIN = "login_refused"
CHECKS = (MAIL_BEFORE_TLS, MAIL_AT_LAST, UNADVERTISED, INJECTION, IN_CLEAR, LOGIN)
#: Harmless, and counted as a failure by no stock jail of fail2ban. A login that is begun is: Dovecot logs it as failed.
DEFAULT_CHECKS = (MAIL_BEFORE_TLS, MAIL_AT_LAST, UNADVERTISED, INJECTION, IN_CLEAR)

#: What is said of a link-local address without a scope.
SCOPE_WANTED = "a link-local address with the interface of the machine that looks, such as fe80::1%eth0"
_HOST_NAME = re.compile(r"(?!-)[a-z0-9-]+(\.(?!-)[a-z0-9-]+)+", re.IGNORECASE)
_ADDRESS_LITERAL = re.compile(r"\[[0-9a-f.:]+\]|\[IPv6:[0-9a-f.:]+\]", re.IGNORECASE)
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?!-)[A-Za-z0-9-]+(\.(?!-)[A-Za-z0-9-]+)+")
#: Said in EHLO where the machine has no name with a dot. Exim refuses underscores, others want dots.
_ANONYMOUS = "mailops-gate.invalid"


@dataclass(frozen=True)
class Target:
    """One port of one host.

    ``host``: a name (each of its addresses is looked at) or an address, a link-local one with its scope.
    ``protocol``: one of :data:`PROTOCOLS`. ``begins``: ``implicit`` or ``plain``, what is tried first.
    ``server_name``: what the certificate should be for and what SNI says; ``""`` stands for ``host``
    (an address is never sent as SNI). ``trust``: ``system``, ``none``, or the path of a file of CA certificates (PEM).
    ``proxy_protocol``: ``none``, ``v1`` or ``v2``, the header that each connection begins with.
    ``checks``: which of :data:`CHECKS` to look at. ``relay_to``: a mailbox elsewhere; whether mail for it is accepted from a
    stranger is looked at if it is given (MAIL and RCPT, never DATA; a refusal is counted by stock jails).
    ``also``: checks beside those, such as the login that is begun.
    ``questions``: of the TLS posture; None: it is not looked at.
    """

    host: str
    port: int
    protocol: str
    begins: str
    server_name: str = ""
    trust: str = "system"
    proxy_protocol: str = NO_HEADER
    checks: Tuple[str, ...] = DEFAULT_CHECKS
    relay_to: str = ""
    questions: Optional[Questions] = None

    def asks(self, check: str) -> bool:
        """Whether to look at this one of :data:`CHECKS`."""
        return check in self.checks

    @property
    def reference(self) -> str:
        """The name or address that the certificate should be for."""
        return self.server_name or self.host

    @property
    def sni(self) -> str:
        """The name to send, in A-labels without a trailing dot (RFC 6066 3); ``""`` for addresses."""
        return "" if as_address(self.reference) else to_ascii(self.reference)


@dataclass(frozen=True)
class Limits:
    """Bounds, in seconds and connections.

    ``deadline_seconds``: for the whole look. ``connect_seconds``, ``reply_seconds``: for one connection attempt, one
    complete reply or handshake. ``silence_seconds``: how long a port that should speak plaintext may be silent before
    TLS is tried beside it; SMTP is given ``reply_seconds``. ``per_address``: connections at a time to one address;
    ``at_once``: to all of them. ``in_all``: connections to one address, all of its ports together; ``per_second``: how
    many of them in a second, 0 for no bound. ``retry_seconds``: the pause before the one more attempt that a server
    gets which puts us off. ``ehlo_name``: said in EHLO; ``""`` stands for this machine's name, if that has a domain.
    """

    deadline_seconds: float
    connect_seconds: float = 5.0
    reply_seconds: float = 10.0
    silence_seconds: float = 2.0
    per_address: int = 8
    at_once: int = 64
    in_all: int = 1000
    per_second: float = 0.0
    retry_seconds: float = 1.0
    ehlo_name: str = ""

    @property
    def client_name(self) -> str:
        """The name for EHLO."""
        if self.ehlo_name:
            return self.ehlo_name
        own = socket.gethostname()
        return own if _HOST_NAME.fullmatch(own) else _ANONYMOUS


def check_limits(limits: Limits) -> None:
    """Make sure that the limits can be meant.

    :raises IntentError: otherwise.
    """
    for option in ("deadline_seconds", "connect_seconds", "reply_seconds", "silence_seconds", "retry_seconds"):
        if not getattr(limits, option) > 0:
            raise IntentError("limits." + option, getattr(limits, option), "a number of seconds above 0")
    if not limits.per_second >= 0:
        raise IntentError("limits.per_second", limits.per_second, "a number of connections, or 0 for no bound")
    for option in ("per_address", "at_once", "in_all"):
        if getattr(limits, option) < 1:
            raise IntentError("limits." + option, getattr(limits, option), "at least 1")
    name = limits.ehlo_name
    if name and not _HOST_NAME.fullmatch(name) and not _ADDRESS_LITERAL.fullmatch(name):
        raise IntentError("limits.ehlo_name", name, "a host name with a domain, or an address in brackets")


def check_target(target: Target, where: str) -> None:
    """Make sure that the target can be meant.

    :param where: how to call it in the message, such as ``targets[3]``.
    :raises IntentError: otherwise.
    """
    if not 1 <= target.port <= 65535:
        raise IntentError(where + ".port", target.port, "a number from 1 to 65535")
    if target.protocol not in PROTOCOLS:
        raise IntentError(where + ".protocol", target.protocol, "one of " + ", ".join(PROTOCOLS))
    if target.begins not in (IMPLICIT_FIRST, PLAIN_FIRST):
        raise IntentError(where + ".begins", target.begins, "implicit or plain")
    if target.proxy_protocol not in CHOICES:
        raise IntentError(where + ".proxy_protocol", target.proxy_protocol, "one of " + ", ".join(CHOICES))
    for check in target.checks:
        if check not in CHECKS:
            raise IntentError(where + ".checks", check, "one of " + ", ".join(CHECKS))
    if target.questions is not None:
        check_questions(target.questions)
    if target.relay_to and not _MAILBOX.fullmatch(target.relay_to):
        raise IntentError(where + ".relay_to", target.relay_to, "a mail address, such as probe@example.org")
    if lacks_scope(target.host):
        raise IntentError(where + ".host", target.host, SCOPE_WANTED)
    for option, name in (("host", target.host), ("server_name", target.reference)):
        if as_address(name) is None:
            try:
                to_ascii(name)
            except ValueError as why:
                raise IntentError("{0}.{1}".format(where, option), name, "a host name or an IP address") from why
