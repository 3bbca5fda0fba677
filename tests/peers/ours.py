# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's own sensor, asked for everything."""

from __future__ import annotations

import socket
import ssl
import time
from typing import List, Optional, Tuple

from _gate.wire.connection import Deadline, Endpoint
from _gate.wire.evidence import IMPLICIT, STARTTLS
from _gate.wire.posture import Application, Questions, look_at_posture
from _gate.wire.posture_evidence import ACCEPTED, INCONCLUSIVE, Posture
from _gate.wire.reach import Reach
from _gate.wire.slots import Slots
from _gate.wire.target import IMPLICIT_FIRST, PLAIN_FIRST, Limits, Target
from _gate.wire.tls import NO_TRUST, TrustStores
from _gate.wire.visit import Setting
from tool import SERVER_NAME, Port, ToolFailed
from view import View

NAME = "mailops.gate"
_LIMITS = Limits(deadline_seconds=120.0, in_all=100000)
#: Below, groups are not enumerated.
_WITH_GROUPS = ("TLSv1.2", "TLSv1.3")
_EVERYTHING = Questions(enumerate_fully=True, most_connections=10000, most_when_enumerating=10000)


def look(port: Port) -> Tuple[View, Posture]:
    """What it sees, and its own evidence.

    :raises ToolFailed: it was cut off or put off, or something stayed inconclusive though the server did answer.
    """
    start = time.monotonic()
    protocol, begins = (port.starttls, PLAIN_FIRST) if port.starttls else ("smtp", IMPLICIT_FIRST)
    target = Target(port.address, port.number, protocol, begins, SERVER_NAME, NO_TRUST)
    setting = Setting(target, _LIMITS, Deadline(_LIMITS.deadline_seconds), TrustStores())
    reach = Reach(setting, Endpoint(socket.AF_INET, port.address), Slots(8))
    encryption = STARTTLS if port.starttls else IMPLICIT
    posture = look_at_posture(reach, encryption, _EVERYTHING, _ordinary_client(port))
    return _view(posture, time.monotonic() - start), posture


def _ordinary_client(port: Port) -> Optional[Application]:
    """What a handshake of Python's ssl shows, as far as it is needed here: the certificate of a server of TLS 1.3 alone."""
    if port.starttls:
        return None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((port.address, port.number), 10.0) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=SERVER_NAME) as wrapped:
                certificate = wrapped.getpeercert(binary_form=True)
                return Application(wrapped.version() or "", (certificate,) if certificate else ())
        except (ssl.SSLError, ConnectionError):
            return None


def _hung_up(why: str) -> bool:
    """Some servers refuse by closing the connection, without an alert: no proof by our rules. The page lists them."""
    return why.startswith("closed without an alert")


def inconclusive(posture: Posture) -> List[str]:
    """What the server did not answer with an alert."""
    versions = [each.subject for each in posture.versions if each.answer == INCONCLUSIVE]
    suites = ["suites of " + each.version for each in posture.suites if not each.complete]
    open_groups = [each for each in posture.groups if not each.complete and each.outside.subject in _WITH_GROUPS]
    groups = ["groups of " + each.outside.subject for each in open_groups]
    return versions + suites + groups


def _view(posture: Posture, seconds: float) -> View:
    if posture.stopped:
        raise ToolFailed(posture.stopped)
    doubts = [each for each in posture.versions if each.answer == INCONCLUSIVE and not _hung_up(each.why)]
    if doubts:
        raise ToolFailed("; ".join(f"{each.subject} stayed inconclusive: {each.why}" for each in doubts))
    return View(
        NAME,
        {each.subject: each.answer == ACCEPTED for each in posture.versions if each.answer != INCONCLUSIVE},
        {each.version: frozenset(each.accepted) for each in posture.suites},
        {
            each.outside.subject: frozenset(each.accepted)
            for each in posture.groups
            if each.outside.subject in _WITH_GROUPS
        },
        frozenset(each.sha256.replace(":", "").lower() for each in posture.certificates),
        False,
        {each.version: each.server_chooses for each in posture.suites if each.server_chooses is not None},
        seconds,
    )
