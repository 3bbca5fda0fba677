# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a session of a server is written down, with what a client should learn from it.

``S`` is what the server says, ``C`` what the client must say next, TLS where the handshake takes place.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Tuple

CLIENT = "client.example.org"
EHLO = b"EHLO client.example.org\r\n"
TLS = ("tls", b"")


def S(*lines: bytes) -> Tuple[str, bytes]:
    return "server", b"".join(line + b"\r\n" for line in lines)


def C(line: bytes) -> Tuple[str, bytes]:
    return "client", line + b"\r\n"


class Session(NamedTuple):
    steps: List[Tuple[str, bytes]]
    facts: Dict[str, Any]  # of Facts; "before" and "after" are (starttls, login_mechanisms)
    encrypted: bool = False
    protocol: str = "smtp"


HELLO = C(EHLO[:-2])
