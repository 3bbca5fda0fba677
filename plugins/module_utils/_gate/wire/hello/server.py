# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The messages of a server's first flight, each read from its bytes (RFC 8446 4, RFC 5246 7.4)."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

from ...dataclass import dataclass, field
from . import client
from .fields import Fields, MalformedFlight
from .suites import SUITES
from .traits import suite_traits

# Handshake messages
HELLO_REQUEST = 0
SERVER_HELLO = 2
NEW_SESSION_TICKET = 4
CERTIFICATE = 11
SERVER_KEY_EXCHANGE = 12
CERTIFICATE_REQUEST = 13
SERVER_HELLO_DONE = 14
CERTIFICATE_STATUS = 22

# SHA-256 of "HelloRetryRequest" (RFC 8446 4.1.3)
_RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_NAMED_CURVE = 3


@dataclass(frozen=True)
class ServerHello:
    """``version``: the chosen one's number, TLS 1.3 included. ``is_retry``: it is a HelloRetryRequest. ``group``: the chosen
    one of TLS 1.3, if any. ``extensions``: number to body."""

    version: int
    suite: int
    compression: int = 0
    is_retry: bool = False
    group: Optional[int] = None
    extensions: Dict[int, bytes] = field(default_factory=dict)

    @property
    def alpn(self) -> str:
        """The protocol that was chosen, or ``""``."""
        body = self.extensions.get(client.ALPN)
        if not body:
            return ""
        names = Fields(Fields(body, "ALPN").vector16(), "ALPN")
        return names.vector8().decode("ascii", "replace")


@dataclass(frozen=True)
class KeyExchange:
    """A ServerKeyExchange. ``group``: the named curve; ``prime_bits``: size of the finite field; ``scheme``: how it is signed
    (TLS 1.2); ``export_bits``: size of a temporary RSA key; ``explicit_curve``: a curve of the server's own."""

    group: Optional[int] = None
    prime_bits: int = 0
    scheme: Optional[int] = None
    export_bits: int = 0
    explicit_curve: bool = False


def read_server_hello(body: bytes) -> ServerHello:
    """Read a ServerHello or a HelloRetryRequest.

    :raises MalformedFlight: it is none.
    """
    fields = Fields(body, "ServerHello")
    version = fields.number16()
    random = fields.take(32)
    fields.vector8()
    suite = fields.number16()
    compression = fields.number8()
    extensions: Dict[int, bytes] = {}
    if fields:
        listed = Fields(fields.vector16(), "extensions of the ServerHello")
        fields.end()
        while listed:
            number = listed.number16()
            if number in extensions:
                raise MalformedFlight("ServerHello has extension {0} twice".format(number))
            extensions[number] = listed.vector16()
    if client.SUPPORTED_VERSIONS in extensions:
        version = Fields(extensions[client.SUPPORTED_VERSIONS], "supported_versions").number16()
    if not client.SSL30 <= version <= client.TLS13:
        raise MalformedFlight("ServerHello of an unknown version 0x{0:04X}".format(version))
    hello = ServerHello(
        version=version,
        suite=suite,
        compression=compression,
        is_retry=version == client.TLS13 and random == _RETRY_RANDOM,
        group=_chosen_group(extensions) if version == client.TLS13 else None,
        extensions=extensions,
    )
    hello.alpn  # noqa: B018  # pylint: disable=pointless-statement  # what is malformed in it shows here
    return hello


def _chosen_group(extensions: Dict[int, bytes]) -> Optional[int]:
    share = extensions.get(client.KEY_SHARE)
    return None if share is None else Fields(share, "key_share").number16()


def read_certificates(body: bytes) -> Tuple[bytes, ...]:
    """The chain of a Certificate message up to TLS 1.2, each in DER form, in the order sent.

    :raises MalformedFlight: it is none.
    """
    fields = Fields(body, "Certificate")
    listed = Fields(fields.vector24(), "certificate list")
    fields.end()
    chain = []
    while listed:
        chain.append(listed.vector24())
    return tuple(chain)


def read_key_exchange(body: bytes, suite: int, version: int) -> KeyExchange:
    """Read a ServerKeyExchange of TLS 1.2 or older, for the suite that was chosen.

    :raises MalformedFlight: it does not have the suite's form.
    """
    if suite not in SUITES:
        return KeyExchange()
    traits = suite_traits(suite)
    fields = Fields(body, "ServerKeyExchange")
    if "PSK" in traits.authentication:
        fields.vector16()  # the identity's hint
    signed = traits.authentication in ("RSA", "ECDSA", "DSS")
    if traits.key_exchange == "ECDHE":
        if fields.number8() != _NAMED_CURVE:
            return KeyExchange(explicit_curve=True)
        group = fields.number16()
        fields.vector8()
        return KeyExchange(group=group, scheme=_scheme(fields, version) if signed else None)
    if traits.key_exchange == "DHE":
        prime = fields.vector16()
        fields.vector16()
        fields.vector16()
        return KeyExchange(prime_bits=_bits(prime), scheme=_scheme(fields, version) if signed else None)
    if traits.key_exchange == "RSA" and traits.export:
        return KeyExchange(export_bits=_bits(fields.vector16()))
    return KeyExchange()


def _scheme(fields: Fields, version: int) -> Optional[int]:
    return fields.number16() if version == client.TLS12 else None


def _bits(number: bytes) -> int:
    return int.from_bytes(number, "big").bit_length()
