# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What DNS publishes of a mail server: the addresses of its name, the names of its addresses, who takes a domain's mail."""

from __future__ import annotations

import ipaddress
import time
from concurrent.futures import ThreadPoolExecutor
from typing import List, Sequence, Tuple

from ..dataclass import dataclass
from ..errors import IntentError
from ..wire.names import as_address, to_ascii
from . import message
from .message import Answer
from .resolver import NoAnswer, Resolver

NO_SUCH_NAME = "no such name"
NO_RECORD = "no record"
NULL_MX = "null MX"
_AT_ONCE = 16


@dataclass(frozen=True)
class NameEvidence:
    """The addresses of a name, IPv4 first. ``problem``: NO_SUCH_NAME, NO_RECORD or ``""``. ``unanswered``: why a part is not
    known (there may be more addresses then), ``""`` when all is."""

    name: str
    addresses: Tuple[str, ...] = ()
    problem: str = ""
    unanswered: str = ""


@dataclass(frozen=True)
class ReverseEvidence:
    """The names of an address (PTR). ``problem`` and ``unanswered`` as in :class:`NameEvidence`."""

    address: str
    names: Tuple[str, ...] = ()
    problem: str = ""
    unanswered: str = ""


@dataclass(frozen=True)
class Exchange:
    """A host that takes mail. ``preference``: the lower the sooner."""

    preference: int
    host: str


@dataclass(frozen=True)
class DomainEvidence:
    """Who takes a domain's mail, the preferred first. ``implicit``: there is no MX, so the domain's own addresses do (RFC 5321
    section 5.1). ``problem``: NO_SUCH_NAME, NULL_MX (the domain takes no mail, RFC 7505) or ``""``. ``unanswered``: why it is
    not known."""

    domain: str
    exchanges: Tuple[Exchange, ...] = ()
    implicit: bool = False
    problem: str = ""
    unanswered: str = ""


@dataclass(frozen=True)
class NamesEvidence:
    names: Tuple[NameEvidence, ...] = ()
    reverse: Tuple[ReverseEvidence, ...] = ()
    domains: Tuple[DomainEvidence, ...] = ()


def look_at_names(
    names: Sequence[str] = (),
    addresses: Sequence[str] = (),
    domains: Sequence[str] = (),
    seconds: float = 10.0,
    servers: Sequence[Tuple[str, int]] = (),
) -> NamesEvidence:
    """Ask DNS for the addresses of names, the names of addresses, and the mail exchangers of domains, all at once.

    :param seconds: for all of it. What was not answered by then is ``unanswered``.
    :param servers: resolvers, address and port; () for the system's.
    :raises IntentError: what is given is no name, or no address.
    """
    plain_names = [_name(name, "names") for name in names]
    plain_domains = [_name(domain, "domains") for domain in domains]
    plain_addresses = [_address(address) for address in addresses]
    resolver = Resolver(time.monotonic() + seconds, servers)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        looked_up = [pool.submit(_addresses_of, resolver, name) for name in plain_names]
        reverse = [pool.submit(_names_of, resolver, address) for address in plain_addresses]
        exchanges = [pool.submit(_exchanges_of, resolver, domain) for domain in plain_domains]
        return NamesEvidence(
            tuple(each.result() for each in looked_up),
            tuple(each.result() for each in reverse),
            tuple(each.result() for each in exchanges),
        )


def _addresses_of(resolver: Resolver, name: str) -> NameEvidence:
    found: List[str] = []
    problems = []
    unanswered = ""
    for kind in ("A", "AAAA"):
        try:
            answer = resolver.ask(name, kind)
        except NoAnswer as why:
            unanswered = "{0}: {1}".format(kind, why)
            continue
        found += sorted((str(record) for record in answer.records), key=lambda text: ipaddress.ip_address(text).packed)
        problems.append(_problem(answer))
    problem = "" if found or unanswered else NO_SUCH_NAME if NO_SUCH_NAME in problems else NO_RECORD
    return NameEvidence(name, tuple(found), problem, unanswered)


def _names_of(resolver: Resolver, address: str) -> ReverseEvidence:
    try:
        answer = resolver.ask(ipaddress.ip_address(address).reverse_pointer, "PTR")
    except NoAnswer as why:
        return ReverseEvidence(address, unanswered=str(why))
    return ReverseEvidence(address, tuple(sorted(str(record) for record in answer.records)), _problem(answer))


def _exchanges_of(resolver: Resolver, domain: str) -> DomainEvidence:
    try:
        answer = resolver.ask(domain, "MX")
    except NoAnswer as why:
        return DomainEvidence(domain, unanswered=str(why))
    if answer.code == message.NO_SUCH_NAME:
        return DomainEvidence(domain, problem=NO_SUCH_NAME)
    found = sorted((record for record in answer.records if isinstance(record, tuple)), key=tuple)
    if not found:
        return DomainEvidence(domain, (Exchange(0, domain),), implicit=True)
    exchanges = tuple(Exchange(preference, host) for preference, host in found if host)
    return DomainEvidence(domain, exchanges, problem="" if exchanges else NULL_MX)


def _problem(answer: Answer) -> str:
    if answer.records:
        return ""
    return NO_SUCH_NAME if answer.code == message.NO_SUCH_NAME else NO_RECORD


def _name(text: str, option: str) -> str:
    right = "a domain name, such as example.org"
    if as_address(text) is not None:
        raise IntentError(option, text, right)
    try:
        return to_ascii(text)
    except ValueError:
        raise IntentError(option, text, right) from None


def _address(text: str) -> str:
    address = as_address(text)
    if address is None:
        raise IntentError("addresses", text, "an IPv4 or IPv6 address")
    return str(address)
