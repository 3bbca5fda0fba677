# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a server's answer to a hello from its bytes, split or joined anywhere, up to where encryption begins."""

from __future__ import annotations

import contextlib
import struct
from typing import List, Optional, Tuple

from ...dataclass import dataclass, field
from . import client, server
from .fields import MalformedFlight
from .server import KeyExchange, ServerHello
from .sslv2 import Sslv2ServerHello, read_sslv2

#: Bytes of a whole flight; a chain of ordinary size has less than 10,000. More is no flight.
MOST_BYTES = 1 << 20
_LONGEST_RECORD = (1 << 14) + 2048
_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE = 20, 21, 22
_WARNING, _FATAL = 1, 2

#: Descriptions of alerts (RFC 8446 6, RFC 5246 7.2, RFC 6066, RFC 7301).
ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    46: "certificate_unknown",
    47: "illegal_parameter",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}


@dataclass(frozen=True)
class Alert:
    """``description``: its number; ``fatal``: by its level."""

    description: int
    fatal: bool = True

    def __str__(self) -> str:
        return "{0} ({1})".format(ALERTS.get(self.description, "alert"), self.description)


@dataclass
class Flight:
    """What has come so far. ``alert``: the one that ended it; ``warnings``: those that did not. ``status``: a
    CertificateStatus came; ``certificate_request``: the server asks for the client's. ``complete``: nothing more will come
    before the client speaks."""

    hello: Optional[ServerHello] = None
    certificates: Tuple[bytes, ...] = ()
    status: bool = False
    key_exchange: Optional[KeyExchange] = None
    certificate_request: bool = False
    sslv2: Optional[Sslv2ServerHello] = None
    alert: Optional[Alert] = None
    warnings: List[Alert] = field(default_factory=list)
    complete: bool = False

    @property
    def answered(self) -> bool:
        """The server has said something in TLS (or SSL 2.0)."""
        return bool(self.hello or self.sslv2 or self.alert or self.warnings)


def read_flight(data: bytes) -> Flight:
    """As much of a flight as these bytes show; what follows it in them does not matter."""
    reader = FlightReader()
    with contextlib.suppress(MalformedFlight):
        reader.feed(data)
    return reader.flight


class FlightReader:
    """Feed it until ``flight.complete``. What was read before a :class:`MalformedFlight` stays in ``flight``.

    :param sslv2: the hello was SSL 2.0's, and its kind of answer is possible.
    """

    def __init__(self, sslv2: bool = False) -> None:
        self.flight = Flight()
        self._sslv2 = sslv2
        self._records = bytearray()
        self._messages = bytearray()
        self._alerts = bytearray()
        self._seen = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        :raises MalformedFlight: they are no TLS, too many, or in an impossible order.
        """
        self._seen += len(data)
        if self._seen > MOST_BYTES:
            raise MalformedFlight("more than {0} bytes before the server's turn was over".format(MOST_BYTES))
        self._records += data
        if self._sslv2 and not self._is_tls_record():
            self.flight.sslv2 = read_sslv2(bytes(self._records))
            self.flight.complete = self.flight.sslv2 is not None
            return
        while not self.flight.complete and self._take_record():
            pass

    def _is_tls_record(self) -> bool:
        return bytes(self._records[:1]) in (b"\x14", b"\x15", b"\x16") and bytes(self._records[1:2]) in (b"", b"\x03")

    def _take_record(self) -> bool:
        if not self._records:
            return False
        if not self._is_tls_record():
            raise MalformedFlight("not TLS: {0}".format(bytes(self._records[:8]).hex()))
        if len(self._records) < 5:
            return False
        (size,) = struct.unpack(">H", self._records[3:5])
        if size > _LONGEST_RECORD:
            raise MalformedFlight("a record of {0} bytes".format(size))
        if len(self._records) < 5 + size:
            return False
        kind = self._records[0]
        content = bytes(self._records[5 : 5 + size])
        del self._records[: 5 + size]
        if kind == _ALERT:
            self._alerts += content
            self._take_alerts()
        elif kind == _HANDSHAKE:
            self._messages += content
            self._take_messages()
        elif self.flight.hello is None:  # TLS 1.3 allows a ChangeCipherSpec for show, after the hello
            raise MalformedFlight("ChangeCipherSpec before the ServerHello")
        return True

    def _take_alerts(self) -> None:
        flight = self.flight
        while len(self._alerts) >= 2 and not flight.complete:
            level, description = self._alerts[0], self._alerts[1]
            del self._alerts[:2]
            if level not in (_WARNING, _FATAL):
                raise MalformedFlight("an alert of level {0}".format(level))
            alert = Alert(description, level == _FATAL)
            # close_notify is a warning by its level and an end by its meaning.
            if alert.fatal or description == 0:
                flight.alert = alert
                flight.complete = True
            else:
                flight.warnings.append(alert)

    def _take_messages(self) -> None:
        while len(self._messages) >= 4 and not self.flight.complete:
            size = int.from_bytes(self._messages[1:4], "big")
            if size > MOST_BYTES:
                raise MalformedFlight("a handshake message of {0} bytes".format(size))
            if len(self._messages) < 4 + size:
                return
            kind = self._messages[0]
            body = bytes(self._messages[4 : 4 + size])
            del self._messages[: 4 + size]
            self._message(kind, body)

    def _message(self, kind: int, body: bytes) -> None:
        flight = self.flight
        if kind == server.HELLO_REQUEST:
            return
        if flight.hello is None:
            if kind != server.SERVER_HELLO:
                raise MalformedFlight("handshake message {0} before the ServerHello".format(kind))
            flight.hello = server.read_server_hello(body)
            flight.complete = flight.hello.version == client.TLS13
        elif kind == server.CERTIFICATE:
            flight.certificates = server.read_certificates(body)
        elif kind == server.CERTIFICATE_STATUS:
            flight.status = True
        elif kind == server.SERVER_KEY_EXCHANGE:
            flight.key_exchange = server.read_key_exchange(body, flight.hello.suite, flight.hello.version)
        elif kind == server.CERTIFICATE_REQUEST:
            flight.certificate_request = True
        elif kind == server.SERVER_HELLO_DONE:
            flight.complete = True
        elif kind != server.NEW_SESSION_TICKET:
            raise MalformedFlight("handshake message {0} in a server's first flight".format(kind))
