# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where mail is to go from this host, as the user names it: relays, and domains whose mail exchangers are looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import IntentError
from ..wire.names import as_address, to_ascii

SMTP = 25
SUBMISSIONS = 465
SUBMISSION = 587
PORTS = (SMTP, SUBMISSIONS, SUBMISSION)
_KEYS = ("host", "ports", "server_name")


@dataclass(frozen=True)
class Destination:
    """A host to reach. ``label``: the target or domain as the user named it. ``exchange``: it is a mail exchanger of the domain
    ``label``. ``server_name``: whose certificate it should have, ``""`` for ``host``."""

    label: str
    host: str
    ports: Tuple[int, ...]
    exchange: bool = False
    server_name: str = ""

    @property
    def has_name(self) -> bool:
        """Whether there is a name that its certificate can be held against."""
        return as_address(self.server_name or self.host) is None


def parse_targets(given: Sequence[object], ports: Sequence[object], option: str = "targets") -> List[Destination]:
    """The destinations that a list of names, addresses and mappings (``host``, ``ports``, ``server_name``) means.

    :param ports: of those that name none.
    :raises IntentError: an element that cannot be meant.
    """
    common = parse_ports(ports, "ports")
    found: Dict[str, Destination] = {}
    for index, item in enumerate(given):
        place = "{0}[{1}]".format(option, index)
        destination = _destination(item, common, place)
        if destination.label in found:
            raise IntentError(place, item, "a host that is not in the list already")
        found[destination.label] = destination
    return list(found.values())


def _destination(item: object, common: Tuple[int, ...], place: str) -> Destination:
    if isinstance(item, str):
        return Destination(item, _host(item, place), common)
    if not isinstance(item, Mapping) or "host" not in item:
        raise IntentError(place, item, "a host, or a mapping such as {host: relay.example.net, ports: [587]}")
    for key in item:
        if key not in _KEYS:
            raise IntentError("{0}.{1}".format(place, key), item[key], "left out: known keys are " + ", ".join(_KEYS))
    host = _host(item["host"], place + ".host")
    server_name = item.get("server_name")
    name = _host(server_name, place + ".server_name") if server_name else ""
    ports = parse_ports(item["ports"], place + ".ports") if "ports" in item else common
    return Destination(str(item["host"]), host, ports, server_name=name)


def parse_domains(given: Sequence[object], option: str = "domains") -> List[str]:
    """The domains, each once, in A-labels.

    :raises IntentError: what is no domain name.
    """
    found: Dict[str, Optional[bool]] = {}
    for index, item in enumerate(given):
        place = "{0}[{1}]".format(option, index)
        if not isinstance(item, str) or as_address(item) is not None:
            raise IntentError(place, item, "a mail domain, such as example.org")
        found[_host(item, place)] = None
    return list(found)


def parse_ports(given: object, option: str) -> Tuple[int, ...]:
    """Ports from 1 to 65535, ascending, each once.

    :raises IntentError: otherwise, or when there is none.
    """
    items = list(given) if isinstance(given, (list, tuple)) else [given]
    ports = set()
    for item in items:
        text = str(item)
        port = int(text) if text.isascii() and text.isdigit() else 0
        if isinstance(item, bool) or not 1 <= port <= 65535:
            raise IntentError(option, item, "whole numbers from 1 to 65535")
        ports.add(port)
    if not ports:
        raise IntentError(option, given, "at least one port, such as [25, 587]")
    return tuple(sorted(ports))


def _host(given: object, option: str) -> str:
    text = given if isinstance(given, str) else ""
    if as_address(text) is not None:
        return text
    try:
        return to_ascii(text)
    except ValueError:
        raise IntentError(option, given, "a host name or an address, without scheme, path or port") from None
