# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the answers to many hellos say together about features, groups and certificates."""

from __future__ import annotations

import datetime
from typing import Dict, Iterable, List, Optional, Set, Tuple, TypeVar

from .chain import UnreadableChain, read_chain
from .hello import client
from .hello.flight import Flight
from .hello.groups import scheme_name
from .hello.suites import SUITES
from .hello.traits import suite_traits
from .posture_evidence import Features, ServedCertificate

_Found = TypeVar("_Found")


class Gathering:
    """Takes flights as they come; ``suites``, ``groups`` and ``finite_field_bits`` by version number, in the order in
    which the server chose them. ``named_suites``, ``named_groups``: those that hellos with SNI have shown (all, where there is
    no name to send)."""

    def __init__(self) -> None:
        self.suites: Dict[int, List[int]] = {}
        self.groups: Dict[int, List[int]] = {}
        self.named_suites: Dict[int, List[int]] = {}
        self.named_groups: Dict[int, List[int]] = {}
        self.finite_field_bits: Dict[int, List[int]] = {}
        self.notes: List[str] = []
        self._flights: List[Flight] = []
        self._chains: Dict[Tuple[Tuple[bytes, ...], bool], None] = {}

    def take(self, flight: Flight, without_sni: bool = False) -> None:
        """Note what one flight shows. Flights without a ServerHello show nothing."""
        hello = flight.hello
        if hello is None:
            return
        self._flights.append(flight)
        _add_choices(flight, self.suites, self.groups)
        if not without_sni:
            self.take_as_named(flight)
        exchange = flight.key_exchange
        if exchange is not None:
            # Without a certificate it is anonymous: OpenSSL then chooses the size for that, whatever it does otherwise.
            if exchange.prime_bits and flight.certificates:
                _add(self.finite_field_bits.setdefault(hello.version, []), exchange.prime_bits)
            if exchange.explicit_curve:
                _add(self.notes, "the server uses a curve of its own")
            if exchange.export_bits:
                _add(self.notes, "the server uses a temporary RSA key of {0} bits".format(exchange.export_bits))
        if flight.certificates:
            self.take_chain(flight.certificates, without_sni)

    def take_as_named(self, flight: Flight) -> None:
        """Note that a flight shows what hellos with SNI meet."""
        _add_choices(flight, self.named_suites, self.named_groups)

    def take_choices(self, flight: Flight) -> None:
        """Note what the server chose in answer to another's hello with SNI, of whose features nothing is known."""
        _add_choices(flight, self.suites, self.groups)
        self.take_as_named(flight)

    @property
    def has_flights(self) -> bool:
        """A hello of ours was met by a choice of the server."""
        return bool(self._flights)

    def take_chain(self, chain: Tuple[bytes, ...], without_sni: bool = False) -> None:
        """Note a chain in DER form."""
        self._chains[chain, without_sni] = None

    @property
    def leaves(self) -> Set[bytes]:
        """The leaf certificates that hellos with SNI have shown so far (all, where there is no name to send), in DER form."""
        return {chain[0] for chain, without_sni in self._chains if not without_sni}

    def certificates(self, now: datetime.datetime) -> Tuple[ServedCertificate, ...]:
        """The chains, read. What cannot be read becomes a note."""
        read = []
        for chain, without_sni in self._chains:
            try:
                read.append(read_chain(chain, now, without_sni))
            except UnreadableChain as why:
                _add(self.notes, "a certificate cannot be read: {0}".format(why))
        return tuple(read)

    def features(self) -> Features:
        """What the flights up to TLS 1.2 show. Good things must be in each that can have them, bad ones in any."""
        flights = [flight for flight in self._flights if flight.hello and flight.hello.version <= client.TLS12]
        whole = [flight for flight in flights if flight.complete and flight.certificates]
        schemes: List[int] = []
        for flight in flights:
            if flight.key_exchange is not None and flight.key_exchange.scheme is not None:
                _add(schemes, flight.key_exchange.scheme)
        with_extensions = [flight for flight in flights if flight.hello and flight.hello.version > client.SSL30]
        with_cbc = [flight for flight in with_extensions if _uses_cbc(flight)]
        return Features(
            compression=_any(flight.hello.compression == client.DEFLATE for flight in flights if flight.hello),
            renegotiation_info=_all(_has(flight, client.RENEGOTIATION_INFO) for flight in flights),
            extended_master_secret=_all(_has(flight, client.EXTENDED_MASTER_SECRET) for flight in with_extensions),
            encrypt_then_mac=_all(_has(flight, client.ENCRYPT_THEN_MAC) for flight in with_cbc),
            ocsp_staple=_all(flight.status for flight in whole),
            client_certificate=_any(flight.certificate_request for flight in whole),
            session_ticket=_any(_has(flight, client.SESSION_TICKET) for flight in with_extensions),
            alpn=next((flight.hello.alpn for flight in flights if flight.hello and flight.hello.alpn), ""),
            signature_algorithms=tuple(scheme_name(number) for number in schemes),
        )


def _add(known: List[_Found], found: _Found) -> None:
    if found not in known:
        known.append(found)


def _add_choices(flight: Flight, suites: Dict[int, List[int]], groups: Dict[int, List[int]]) -> None:
    hello, exchange = flight.hello, flight.key_exchange
    if hello is None:
        return
    _add(suites.setdefault(hello.version, []), hello.suite)
    for group in (hello.group, exchange.group if exchange else None):
        if group is not None:
            _add(groups.setdefault(hello.version, []), group)


def _has(flight: Flight, extension: int) -> bool:
    return flight.hello is not None and extension in flight.hello.extensions


def _uses_cbc(flight: Flight) -> bool:
    return flight.hello is not None and flight.hello.suite in SUITES and suite_traits(flight.hello.suite).mode == "CBC"


def _any(seen: Iterable[bool]) -> Optional[bool]:
    answers = list(seen)
    return any(answers) if answers else None


def _all(seen: Iterable[bool]) -> Optional[bool]:
    answers = list(seen)
    return all(answers) if answers else None
