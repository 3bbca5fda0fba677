# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server of TLS 1.3 says encrypted: whether its tickets allow 0-RTT data (RFC 8446 4.6.1 and 4.2.10), and all the groups
that it supports (4.2.7), which it tells a client whose choice was not its favourite.

OpenSSL shows these messages decrypted to a callback that Python has for debugging, from 3.8 on and without documentation: where
it is missing, nothing is established.
"""

from __future__ import annotations

import contextlib
import ssl
import weakref
from typing import Any, Optional, Tuple

from .hello.client import SUPPORTED_GROUPS
from .hello.fields import Fields, MalformedFlight

_HANDSHAKE_RECORD = 22
_NEW_SESSION_TICKET, _ENCRYPTED_EXTENSIONS = 4, 8
_EARLY_DATA = 42

#: For each session of a context that is watched: whether one of its tickets so far allows early data.
_ALLOWED: weakref.WeakKeyDictionary[object, bool] = weakref.WeakKeyDictionary()
#: The groups that its server told.
_TOLD: weakref.WeakKeyDictionary[object, Tuple[int, ...]] = weakref.WeakKeyDictionary()


def watch(context: ssl.SSLContext) -> None:
    """Look at what all sessions of this context are told."""
    if hasattr(context, "_msg_callback"):
        context._msg_callback = _note  # noqa: SLF001  # pylint: disable=protected-access


def allow_early_data(session: ssl.SSLObject) -> Optional[bool]:
    """Whether a ticket that came so far allows early data; False where none came, None where nobody looked."""
    if not hasattr(session.context, "_msg_callback"):
        return None
    return _ALLOWED.get(session, False)


def told_groups(session: ssl.SSLObject) -> Tuple[int, ...]:
    """The numbers of the groups that the server listed, its favourite first; none where it listed none or nobody looked."""
    return _TOLD.get(session, ())


def _note(session: object, direction: str, _version: int, content_type: int, message_type: int, data: bytes) -> Any:
    if direction != "read" or content_type != _HANDSHAKE_RECORD:
        return
    if message_type == _NEW_SESSION_TICKET:
        _ALLOWED[session] = _ALLOWED.get(session, False) or allows_early_data(data)
    elif message_type == _ENCRYPTED_EXTENSIONS:
        _TOLD[session] = groups_listed(data)


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


def groups_listed(message: bytes) -> Tuple[int, ...]:
    """The groups in an EncryptedExtensions message of TLS 1.3 (with its header); none where it lists none or is malformed."""
    with contextlib.suppress(MalformedFlight):
        extensions = Fields(Fields(message[4:], "EncryptedExtensions").vector16(), "encrypted extensions")
        while extensions:
            number, body = extensions.number16(), extensions.vector16()
            if number == SUPPORTED_GROUPS:
                listed = Fields(Fields(body, "supported_groups").vector16(), "list of groups")
                groups = []
                while listed:
                    groups.append(listed.number16())
                return tuple(groups)
    return ()
