# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SSL 2.0: its hello, and what a server may say to it (draft-hickman-netscape-ssl-00; its end: RFC 6176)."""

from __future__ import annotations

import os
import struct
from typing import Optional, Tuple

from ...dataclass import dataclass
from .fields import Fields, MalformedFlight

#: Number of three bytes to name.
SSLV2_SUITES = {
    0x010080: "SSL_CK_RC4_128_WITH_MD5",
    0x020080: "SSL_CK_RC4_128_EXPORT40_WITH_MD5",
    0x030080: "SSL_CK_RC2_128_CBC_WITH_MD5",
    0x040080: "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5",
    0x050080: "SSL_CK_IDEA_128_CBC_WITH_MD5",
    0x060040: "SSL_CK_DES_64_CBC_WITH_MD5",
    0x0700C0: "SSL_CK_DES_192_EDE3_CBC_WITH_MD5",
    0x080080: "SSL_CK_RC4_64_WITH_MD5",
}
_ERROR, _CLIENT_HELLO, _SERVER_HELLO = 0, 1, 4
_VERSION = 0x0002


@dataclass(frozen=True)
class Sslv2Hello:
    """The hello that offers SSL 2.0 only."""

    suites: Tuple[int, ...] = tuple(SSLV2_SUITES)

    def to_bytes(self, challenge: Optional[bytes] = None) -> bytes:
        """The hello as one record; ``challenge``: 16 bytes, fresh ones if left out."""
        specs = b"".join(struct.pack(">I", suite)[1:] for suite in self.suites)
        token = os.urandom(16) if challenge is None else challenge
        lengths = struct.pack(">HHH", len(specs), 0, len(token))
        body = struct.pack(">BH", _CLIENT_HELLO, _VERSION) + lengths + specs + token
        return struct.pack(">H", 0x8000 | len(body)) + body


@dataclass(frozen=True)
class Sslv2ServerHello:
    """``suites``: names of what the server shares; ``certificate``: in DER form."""

    suites: Tuple[str, ...]
    certificate: bytes


def read_sslv2(data: bytes) -> Optional[Sslv2ServerHello]:
    """Read a SERVER-HELLO from all bytes that came so far; None while more are needed.

    :raises MalformedFlight: they are something else. An ERROR message is told by its number.
    """
    if len(data) < 3:
        return None
    if data[0] & 0x80:
        header, size = 2, struct.unpack(">H", data[:2])[0] & 0x7FFF
    else:
        header, size = 3, struct.unpack(">H", data[:2])[0] & 0x3FFF
    if size > 0x7FFF or data[header : header + 1] not in (b"", bytes([_SERVER_HELLO]), bytes([_ERROR])):
        raise MalformedFlight("neither SSL 2.0 nor TLS")
    if len(data) < header + size:
        return None
    fields = Fields(data[header : header + size], "SSL 2.0 message")
    kind = fields.number8()
    if kind == _ERROR:
        raise MalformedFlight("SSL 2.0 error {0}".format(fields.number16()))
    fields.take(2)  # session id hit, certificate type
    if fields.number16() != _VERSION:
        raise MalformedFlight("SSL 2.0 message of another version")
    sizes = [fields.number16() for _size in range(3)]
    certificate, specs = fields.take(sizes[0]), Fields(fields.take(sizes[1]), "SSL 2.0 suites")
    fields.take(sizes[2])
    names = []
    while specs:
        number = specs.number24()
        names.append(SSLV2_SUITES.get(number) or "0x{0:06X}".format(number))
    return Sslv2ServerHello(tuple(names), certificate)
