# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes ClientHellos, the first message of a TLS connection: of any version, with anything in it.

RFC 8446 4.1.2 and 4.2, RFC 5246 7.4.1, RFC 6101 (SSL 3.0); the extensions have their RFCs beside them.
"""

from __future__ import annotations

import functools
import os
import struct
from typing import List, Optional, Sequence, Tuple

from ...dataclass import dataclass

SSL30, TLS10, TLS11, TLS12, TLS13 = 0x0300, 0x0301, 0x0302, 0x0303, 0x0304

#: The protocol's number of each version that has records of this kind.
VERSION_NUMBERS = {"SSLv3": SSL30, "TLSv1": TLS10, "TLSv1.1": TLS11, "TLSv1.2": TLS12, "TLSv1.3": TLS13}
VERSION_NAMES = {number: name for name, number in VERSION_NUMBERS.items()}

# Content types of records
ALERT_RECORD, HANDSHAKE_RECORD = 21, 22

# Extensions
SERVER_NAME = 0  # RFC 6066 3
STATUS_REQUEST = 5  # RFC 6066 8
SUPPORTED_GROUPS = 10  # RFC 8446 4.2.7
EC_POINT_FORMATS = 11  # RFC 8422 5.1.2
SIGNATURE_ALGORITHMS = 13  # RFC 8446 4.2.3
ALPN = 16  # RFC 7301
ENCRYPT_THEN_MAC = 22  # RFC 7366
EXTENDED_MASTER_SECRET = 23  # RFC 7627
SESSION_TICKET = 35  # RFC 5077
SUPPORTED_VERSIONS = 43  # RFC 8446 4.2.1
KEY_SHARE = 51  # RFC 8446 4.2.8
RENEGOTIATION_INFO = 0xFF01  # RFC 5746

DEFLATE = 1  # RFC 3749

# user_canceled and close_notify, both warnings: a handshake given up in good order (RFC 8446 6.1).
_FAREWELL = (b"\x01\x5a", b"\x01\x00")


@dataclass(frozen=True)
class ClientHello:
    """What one ClientHello offers, all of it in the order of preference.

    ``version``: the highest that is offered, where ``supported_versions`` does not say it. ``groups``, ``signature_schemes``,
    ``alpn``, ``server_name`` (A-labels, no trailing dot): left out when empty. ``key_shares``: pairs of a group and a public key;
    an empty tuple asks a TLS 1.3 server to choose with a HelloRetryRequest (RFC 8446 4.2.8); None leaves the extension out.
    ``extensions``: False leaves all of them out, as SSL 3.0 has none.
    """

    suites: Tuple[int, ...]
    version: int = TLS12
    supported_versions: Tuple[int, ...] = ()
    groups: Tuple[int, ...] = ()
    key_shares: Optional[Tuple[Tuple[int, bytes], ...]] = None
    signature_schemes: Tuple[int, ...] = ()
    server_name: str = ""
    alpn: Tuple[str, ...] = ()
    compression_methods: Tuple[int, ...] = (0,)
    status_request: bool = False
    extended_master_secret: bool = False
    encrypt_then_mac: bool = False
    renegotiation_info: bool = False
    session_ticket: bool = False
    session_id: bytes = b""
    extensions: bool = True

    def to_bytes(self, random: Optional[bytes] = None) -> bytes:
        """The hello as one record.

        :param random: 32 bytes; fresh ones if left out.
        :raises ValueError: something is too long for its field.
        """
        parts = [
            struct.pack(">H", self.version),
            os.urandom(32) if random is None else random,
            vector8(self.session_id),
            vector16(numbers16(self.suites)),
            vector8(bytes(self.compression_methods)),
        ]
        extensions = b"".join(self._extensions()) if self.extensions else b""
        if extensions:
            parts.append(vector16(extensions))
        message = handshake_message(1, b"".join(parts))
        # The first record says TLS 1.0 at most, since old servers mind more (RFC 8446 5.1).
        return record(HANDSHAKE_RECORD, min(self.version, TLS10), message)

    def _extensions(self) -> List[bytes]:
        found: List[bytes] = []
        if self.server_name:
            name = b"\x00" + vector16(self.server_name.encode("ascii"))
            found.append(extension(SERVER_NAME, vector16(name)))
        if self.renegotiation_info:
            found.append(extension(RENEGOTIATION_INFO, vector8(b"")))
        if self.extended_master_secret:
            found.append(extension(EXTENDED_MASTER_SECRET, b""))
        if self.encrypt_then_mac:
            found.append(extension(ENCRYPT_THEN_MAC, b""))
        if self.session_ticket:
            found.append(extension(SESSION_TICKET, b""))
        if self.status_request:
            found.append(extension(STATUS_REQUEST, b"\x01" + vector16(b"") + vector16(b"")))
        if self.groups:
            found.append(_listing_extension(SUPPORTED_GROUPS, self.groups))
            found.append(extension(EC_POINT_FORMATS, vector8(b"\x00")))
        if self.signature_schemes:
            found.append(_listing_extension(SIGNATURE_ALGORITHMS, self.signature_schemes))
        if self.alpn:
            names = b"".join(vector8(name.encode("ascii")) for name in self.alpn)
            found.append(extension(ALPN, vector16(names)))
        if self.supported_versions:
            found.append(extension(SUPPORTED_VERSIONS, vector8(numbers16(self.supported_versions))))
        if self.key_shares is not None:
            shares = b"".join(struct.pack(">H", group) + vector16(key) for group, key in self.key_shares)
            found.append(extension(KEY_SHARE, vector16(shares)))
        return found


@functools.lru_cache(maxsize=8)
def farewell(version: int) -> bytes:
    """The records with which a client gives up a handshake politely."""
    return b"".join(record(ALERT_RECORD, min(version, TLS12), alert) for alert in _FAREWELL)


def record(content_type: int, version: int, content: bytes) -> bytes:
    """One record (RFC 8446 5.1)."""
    return struct.pack(">BH", content_type, version) + vector16(content)


def handshake_message(kind: int, body: bytes) -> bytes:
    """One handshake message (RFC 8446 4)."""
    return struct.pack(">B", kind) + struct.pack(">I", len(body))[1:] + body


def extension(number: int, body: bytes) -> bytes:
    """One extension (RFC 8446 4.2)."""
    return struct.pack(">H", number) + vector16(body)


# Hellos differ in one thing: most lists are those of the last one.
@functools.lru_cache(maxsize=64)
def _listing_extension(number: int, listed: Tuple[int, ...]) -> bytes:
    return extension(number, vector16(numbers16(listed)))


def vector8(content: bytes) -> bytes:
    """The content after its length in one byte."""
    if len(content) > 0xFF:
        raise ValueError("too long for its field: {0} bytes".format(len(content)))
    return struct.pack(">B", len(content)) + content


def vector16(content: bytes) -> bytes:
    """The content after its length in two bytes."""
    if len(content) > 0xFFFF:
        raise ValueError("too long for its field: {0} bytes".format(len(content)))
    return struct.pack(">H", len(content)) + content


def numbers16(numbers: Sequence[int]) -> bytes:
    """Numbers of two bytes each."""
    return struct.pack(">{0}H".format(len(numbers)), *numbers)
