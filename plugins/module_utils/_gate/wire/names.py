# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reference names and the match with a certificate (RFC 9525, and RFC 7817 for mail).

A DNS name matches a DNS subject alternative name only, an address an IP subject alternative name only. The subject's
common name never counts (RFC 9525 2). A wildcard stands for exactly one whole left-most label, and at least two labels
follow it (as OpenSSL demands, so that ``*.org`` covers nothing).
"""

from __future__ import annotations

import ipaddress
import re
from typing import Iterable, Optional, Union

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
#: A last label that system libraries read as part of an IPv4 address: 192.168.1 is 192.168.0.1 to them.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
#: What IDNA 2003 (Python's codec) spells in another way than IDNA 2008 (registries): two names, so perhaps two hosts.
_DEVIATIONS = "\u00df\u03c2\u200c\u200d"

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


def as_address(name: str) -> Optional[Address]:
    """The IP address that ``name`` spells (a scope such as ``%eth0`` is left off), or None for anything else."""
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return None


def lacks_scope(name: str) -> bool:
    """Whether ``name`` is an IPv6 address that means nothing without an interface (RFC 4007 section 6), and names none."""
    address = as_address(name)
    return address is not None and address.version == 6 and address.is_link_local and "%" not in name


def to_ascii(name: str) -> str:
    """The name in lower-case A-labels, without a trailing dot.

    :raises ValueError: it cannot be a host name.
    """
    bare = name[:-1] if name.endswith(".") else name
    if any(character in _DEVIATIONS for character in bare):
        raise ValueError("not a host name: {0!r} (it has two spellings; give the one with xn--)".format(name))
    try:
        ascii_name = bare.encode("idna").decode("ascii").lower()
    except UnicodeError as why:
        raise ValueError("not a host name: {0!r} ({1})".format(name, why)) from why
    labels = ascii_name.split(".")
    if len(ascii_name) > 253 or not all(map(_LABEL.fullmatch, labels)) or _NUMBER.fullmatch(labels[-1]):
        raise ValueError("not a host name: {0!r}".format(name))
    return ascii_name


def matches(reference: str, dns_names: Iterable[str], addresses: Iterable[Address]) -> bool:
    """Whether a certificate with these subject alternative names is one for ``reference``, a name or an address."""
    wanted = as_address(reference)
    if wanted is not None:
        return wanted in set(addresses)
    host = to_ascii(reference)
    return any(_covers(presented.lower(), host) for presented in dns_names)


def _covers(presented: str, host: str) -> bool:
    if presented == host:
        return True
    star, _dot, parent = presented.partition(".")
    first_label, _dot, rest = host.partition(".")
    return star == "*" and "." in parent and bool(first_label) and rest == parent
