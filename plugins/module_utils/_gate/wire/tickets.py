# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a server's session tickets allow 0-RTT data (RFC 8446 4.6.1 and 4.2.10).

Tickets of TLS 1.3 come encrypted after the handshake. OpenSSL shows them decrypted to a callback that Python has for debugging,
from 3.8 on and without documentation: where it is missing, nothing is established.
"""

from __future__ import annotations

import ssl
import weakref
from typing import Any, Optional

_HANDSHAKE_RECORD = 22
_NEW_SESSION_TICKET = 4
_EARLY_DATA = 42

#: For each session of a context that is watched: whether one of its tickets so far allows early data.
_ALLOWED: weakref.WeakKeyDictionary[object, bool] = weakref.WeakKeyDictionary()


def watch(context: ssl.SSLContext) -> None:
    """Look at the tickets of all sessions of this context."""
    if hasattr(context, "_msg_callback"):
        context._msg_callback = _note  # noqa: SLF001  # pylint: disable=protected-access


def allow_early_data(session: ssl.SSLObject) -> Optional[bool]:
    """Whether a ticket that came so far allows early data; False where none came, None where nobody looked."""
    if not hasattr(session.context, "_msg_callback"):
        return None
    return _ALLOWED.get(session, False)


def _note(session: object, direction: str, _version: int, content_type: int, message_type: int, data: bytes) -> Any:
    if direction == "read" and content_type == _HANDSHAKE_RECORD and message_type == _NEW_SESSION_TICKET:
        _ALLOWED[session] = _ALLOWED.get(session, False) or allows_early_data(data)


def allows_early_data(message: bytes) -> bool:
    """Whether a NewSessionTicket of TLS 1.3 (with its header) has the extension early_data and a size above 0. A message that is
    cut short, or an older version's, does not."""
    at = 4 + 8  # the header; lifetime and age
    at += 1 + int.from_bytes(message[at : at + 1], "big")
    at += 2 + int.from_bytes(message[at : at + 2], "big")
    at += 2
    while at + 4 <= len(message):
        number = int.from_bytes(message[at : at + 2], "big")
        size = int.from_bytes(message[at + 2 : at + 4], "big")
        if number == _EARLY_DATA:
            return any(message[at + 4 : at + 4 + size])
        at += 4 + size
    return False
