# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of a certificate, read with the library ``cryptography`` (36 and later)."""

from __future__ import annotations

import contextlib
import datetime
import functools
import sys
from typing import TYPE_CHECKING, Iterator, Tuple

from ..dataclass import dataclass
from ..errors import EvidenceError
from .evidence import Certificate
from .names import Address

if TYPE_CHECKING:
    from cryptography import x509

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Leaf:
    """A certificate with its names by kind. ``in_date``: now is within its validity."""

    certificate: Certificate
    dns_names: Tuple[str, ...]
    addresses: Tuple[Address, ...]
    in_date: bool


def require_cryptography() -> None:
    """Make sure that certificates can be read.

    :raises EvidenceError: the library cannot be imported; names it, the interpreter, and what to install.
    """
    try:
        # pylint: disable=import-outside-toplevel,unused-import
        import cryptography.x509  # noqa: F401
        from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa  # noqa: F401
    except ImportError as why:
        raise EvidenceError(
            "Python library cryptography",
            "certificates cannot be read, since {0} cannot import it ({1})".format(sys.executable, why),
            "install it for this interpreter, such as with the package python3-cryptography",
        ) from why


@contextlib.contextmanager
def complaints_as_value_errors() -> Iterator[None]:
    """Whatever ``cryptography`` raises for a malformed certificate becomes a ValueError."""
    from cryptography import x509  # pylint: disable=import-outside-toplevel
    from cryptography.exceptions import UnsupportedAlgorithm  # pylint: disable=import-outside-toplevel

    try:
        yield
    except (x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm) as why:
        raise ValueError(str(why)) from why
    except (KeyError, TypeError) as why:  # it looks some numbers up in tables
        raise ValueError("malformed: {0!r}".format(why)) from why


@functools.lru_cache(maxsize=16)
def parsed_certificate(der: bytes) -> x509.Certificate:
    """A certificate in DER form, read once: the ports of a host mostly have the same.

    :raises ValueError: it is no certificate. Much is read only when it is asked for (:func:`complaints_as_value_errors`).
    """
    from cryptography import x509  # pylint: disable=import-outside-toplevel

    return x509.load_der_x509_certificate(der)


def read_certificate(der: bytes, now: datetime.datetime) -> Leaf:
    """Read a certificate in DER form.

    :param now: an aware moment, against which ``days_left`` and ``in_date`` are counted.
    :raises ValueError: it is no well-formed certificate.
    """
    with complaints_as_value_errors():
        return _read(der, now)


def _read(der: bytes, now: datetime.datetime) -> Leaf:
    from cryptography import x509  # pylint: disable=import-outside-toplevel
    from cryptography.hazmat.primitives import hashes  # pylint: disable=import-outside-toplevel

    parsed = parsed_certificate(der)
    if hasattr(parsed, "not_valid_after_utc"):
        not_before, not_after = parsed.not_valid_before_utc, parsed.not_valid_after_utc
    else:  # before version 42: naive moments in UTC
        not_before = parsed.not_valid_before.replace(tzinfo=datetime.timezone.utc)
        not_after = parsed.not_valid_after.replace(tzinfo=datetime.timezone.utc)
    dns_names: Tuple[str, ...] = ()
    addresses: Tuple[Address, ...] = ()
    try:
        alternatives = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        pass
    else:
        dns_names = tuple(alternatives.get_values_for_type(x509.DNSName))
        addresses = tuple(
            address
            for address in alternatives.get_values_for_type(x509.IPAddress)
            if not hasattr(address, "network_address")
        )
    certificate = Certificate(
        subject=parsed.subject.rfc4514_string()[:500],
        issuer=parsed.issuer.rfc4514_string()[:500],
        names=dns_names + tuple(str(address) for address in addresses),
        not_before=not_before.strftime("%Y-%m-%dT%H:%M:%SZ"),
        not_after=not_after.strftime("%Y-%m-%dT%H:%M:%SZ"),
        lifetime_days=(not_after - not_before) // _DAY,
        days_left=(not_after - now) // _DAY,
        sha256=parsed.fingerprint(hashes.SHA256()).hex(),
        self_signed=parsed.subject == parsed.issuer,
        not_yet_valid=now < not_before,
    )
    return Leaf(certificate, dns_names, addresses, not_before <= now <= not_after)
