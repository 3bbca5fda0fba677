# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hellos that the posture asks with. Each limits one thing and offers everything else in full, so that an alert says what
it is about."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple, Union

from ..dataclass import replace
from .hello.client import DEFLATE, SSL30, TLS12, TLS13, VERSION_NUMBERS, ClientHello
from .hello.groups import ALL_SCHEMES, TLS12_GROUPS, TLS13_GROUPS
from .hello.sslv2 import Sslv2Hello
from .hello.suites import EMPTY_RENEGOTIATION_INFO_SCSV, SUITES
from .hello.traits import suite_traits, suites_of

AnyHello = Union[ClientHello, Sslv2Hello]

#: Old servers and middleboxes fail on more (an extension of the record's length by a second byte, fixed tables).
SMALL_BYTES = 256
SMALL_SUITES = 64
# As much of each as leaves room for a server name of 50 characters in a small hello.
_FEW_SUITES_AT_ONCE, _FEW_GROUPS_AT_ONCE, _FEW_SCHEMES_AT_ONCE = 30, 12, 9
_FEW_GROUPS = (29, 23, 24, 25, 26, 27, 28, 22)
_FEW_SCHEMES = (0x0403, 0x0503, 0x0804, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201, 0x0807)
_COMMON_SUITES = (
    (0x1301, 0x1302, 0x1303)
    + (0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0x009E, 0x009F)
    + (0xC009, 0xC013, 0xC00A, 0xC014, 0x0033, 0x0039, 0x009C, 0x009D, 0x002F, 0x0035, 0x000A)
)


def tls13(suites: Sequence[int], groups: Sequence[int] = TLS13_GROUPS, server_name: str = "") -> ClientHello:
    """Without a key share: the HelloRetryRequest names the suite and the group that the server would take (RFC 8446 4.2.8)."""
    return ClientHello(
        tuple(suites),
        supported_versions=(TLS13,),
        groups=tuple(groups),
        key_shares=(),
        signature_schemes=ALL_SCHEMES,
        server_name=server_name,
    )


def tls12(
    suites: Sequence[int],
    groups: Sequence[int] = TLS12_GROUPS,
    schemes: Sequence[int] = ALL_SCHEMES,
    server_name: str = "",
    alpn: Tuple[str, ...] = (),
    version: int = TLS12,
) -> ClientHello:
    """Asks for every feature that the answer can show. Also for TLS 1.1 and 1.0."""
    return ClientHello(
        tuple(suites),
        version=version,
        groups=tuple(groups),
        # Not defined before TLS 1.2 (RFC 5246 7.4.1.4.1).
        signature_schemes=tuple(schemes) if version == TLS12 else (),
        server_name=server_name,
        alpn=alpn,
        compression_methods=(DEFLATE, 0),
        status_request=True,
        extended_master_secret=True,
        encrypt_then_mac=True,
        renegotiation_info=True,
        session_ticket=True,
    )


def of_version(version: str, suites: Sequence[int], server_name: str = "") -> ClientHello:
    """A hello whose highest version is ``version`` (SSLv3 to TLSv1.3), with these suites and everything else."""
    if version == "TLSv1.3":
        return tls13(suites, server_name=server_name)
    if version == "SSLv3":
        listed = tuple(suites) + (EMPTY_RENEGOTIATION_INFO_SCSV,)
        return ClientHello(listed, version=SSL30, compression_methods=(DEFLATE, 0), extensions=False)
    return tls12(suites, server_name=server_name, version=VERSION_NUMBERS[version])


def everything_of(version: str, server_name: str = "") -> ClientHello:
    """A hello that any server answers which accepts the version at all."""
    return of_version(version, suites_of(version), server_name)


#: Unassigned by IANA: servers pass over what they do not know (RFC 8446 section 4.1.2).
_NOBODYS_SUITES = tuple(range(0xD100, 0xD400))


def control(server_name: str = "", as_big_as: Optional[AnyHello] = None) -> ClientHello:
    """What every server should answer, by an alert at least: common, TLS 1.3 and older; small, or filled up with suites that
    nobody has to the very size of another hello: some fail on those of 256 to 511 bytes, and on no larger ones."""
    suites: Tuple[int, ...] = _COMMON_SUITES
    session_id = b""
    if as_big_as is not None and is_big(as_big_as):
        missing = max(size_of(as_big_as) - size_of(control(server_name)), 0)
        suites += _NOBODYS_SUITES[: missing // 2]
        session_id = bytes(missing % 2)
    return ClientHello(
        suites,
        session_id=session_id,
        supported_versions=(TLS13, TLS12),
        groups=(29, 23, 24),
        key_shares=(),
        signature_schemes=_FEW_SCHEMES,
        server_name=server_name,
        renegotiation_info=True,
        extended_master_secret=True,
    )


def is_big(hello: AnyHello) -> bool:
    """Whether an intolerant server may fail on its size."""
    if isinstance(hello, Sslv2Hello):
        return False
    return len(hello.suites) > SMALL_SUITES or size_of(hello) >= SMALL_BYTES


def size_of(hello: AnyHello) -> int:
    """Bytes of its record."""
    return len(hello.to_bytes(bytes(32)) if isinstance(hello, ClientHello) else hello.to_bytes())


def is_finite_field(suite: int) -> bool:
    """Whether the key exchange is ephemeral Diffie-Hellman in a finite field."""
    return suite in SUITES and suite_traits(suite).key_exchange == "DHE"


def without_finite_field(hello: AnyHello) -> Optional[ClientHello]:
    """The same with no such suites; None where it has none, or nothing else.

    A server whose parameters are missing or too short may choose such a suite, then fail, and so seem to refuse everything:
    Dovecot 2.3 without ssl_dh does.
    """
    if isinstance(hello, Sslv2Hello):
        return None
    others = tuple(suite for suite in hello.suites if not is_finite_field(suite))
    if len(others) == len(hello.suites) or not any(suite in SUITES for suite in others):
        return None
    return replace(hello, suites=others)


def pieces_of(hello: ClientHello) -> List[ClientHello]:
    """Small hellos that together offer the same suites, groups and schemes; of groups and schemes only the common ones where
    these are not the matter in hand."""
    slim = replace(hello, status_request=False, alpn=(), session_ticket=False, encrypt_then_mac=False)
    groups = _few(hello.groups, TLS13_GROUPS if hello.supported_versions else TLS12_GROUPS, _FEW_GROUPS)
    schemes = _few(hello.signature_schemes, ALL_SCHEMES, _FEW_SCHEMES)
    return [
        replace(slim, suites=some_suites, groups=some_groups, signature_schemes=some_schemes)
        for some_suites in _cut(hello.suites, _FEW_SUITES_AT_ONCE)
        for some_groups in _cut(groups, _FEW_GROUPS_AT_ONCE)
        for some_schemes in _cut(schemes, _FEW_SCHEMES_AT_ONCE)
    ]


def _few(given: Tuple[int, ...], everything: Tuple[int, ...], few: Tuple[int, ...]) -> Tuple[int, ...]:
    return few if given == everything else given


def _cut(numbers: Tuple[int, ...], size: int) -> List[Tuple[int, ...]]:
    return [numbers[start : start + size] for start in range(0, len(numbers), size)] or [()]
