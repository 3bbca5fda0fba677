# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of services: what must be open, to whom, and with which encryption. One list serves every module."""

from __future__ import annotations

import ipaddress
from typing import Any, Mapping, Sequence

from ..dataclass import dataclass
from ..errors import IntentError
from .policy import Policy, parse_policy
from .registry import DOORS, ENCRYPTIONS, MAIL, MAIL_PROTOCOLS, PROXY_PROTOCOLS, TRANSPORTS

ANYONE = ("0.0.0.0/0", "::/0")
_KEYS = (
    "name",
    "port",
    "protocol",
    "encryption",
    "authentication",
    "from",
    "closed",
    "optional",
    "server_name",
    "trust",
    "policy",
    "proxy_protocol",
)
_MAIL_ONLY = ("encryption", "authentication", "server_name", "trust", "policy", "proxy_protocol")


@dataclass(frozen=True)
class Service:
    """One required (or forbidden) door.

    ``label``: the name that findings show. ``transport``: tcp, udp or sctp. ``protocol``: the mail protocol, or None for
    a door that only the packet filter is asked about. ``sources``: CIDRs, both families, :data:`ANYONE` for any.
    ``closed``: must not be reachable. ``optional``: may be open, need not be. ``trust``: ``system``, ``none`` or the path
    of a file with CA certificates. ``server_name``: the reference name of the certificate, ``""`` for the host's.
    ``proxy_protocol``: the header that connections begin with, ``none``, ``v1`` or ``v2``.
    """

    label: str
    port: int
    transport: str
    protocol: str | None
    encryption: str
    authentication: bool
    sources: tuple[str, ...]
    closed: bool
    optional: bool
    server_name: str
    trust: str
    policy: Policy
    proxy_protocol: str

    @property
    def begins(self) -> str:
        """What a client sends first: ``implicit`` (a TLS hello) or ``plain`` (nothing: the server greets)."""
        return "implicit" if self.encryption == "implicit" else "plain"


@dataclass(frozen=True)
class Defaults:
    """What holds for every service of a task that does not say otherwise."""

    policy: Policy
    trust: str = "system"
    server_name: str = ""
    proxy_protocol: str = "none"


def parse_services(given: object, defaults: Defaults, option: str = "services") -> tuple[Service, ...]:
    """The services that the user's list means.

    :param given: a list of names of the registry and of mappings that start from one or stand alone.
    :raises IntentError: names the element, such as ``services[2].port``, before anything is looked at.
    """
    if not isinstance(given, (list, tuple)) or not given:
        raise IntentError(option, given, "a list with at least one service, such as [submission, imaps]")
    services: list[Service] = []
    seen: dict[tuple[str, int], str] = {}
    for index, item in enumerate(given):
        place = f"{option}[{index}]"
        service = _service(item, defaults, place)
        key = (service.transport, service.port)
        if key in seen:
            raise IntentError(
                place,
                item,
                f"a port that is not already in the list: {service.port}/{service.transport} stands in {seen[key]}",
            )
        seen[key] = place
        services.append(service)
    return tuple(services)


def _service(item: object, defaults: Defaults, place: str) -> Service:
    if isinstance(item, str):
        item = {"name": item}
    if not isinstance(item, Mapping):
        raise IntentError(place, item, "the name of a service or a mapping such as {name: submission, port: 2587}")
    for key in item:
        if key not in _KEYS:
            raise IntentError(f"{place}.{key}", item[key], "left out: known keys are " + ", ".join(_KEYS))
    for key in ("from", "closed"):
        if key in item and item[key] is None:  # an empty list in YAML, or a variable without a value: not "everybody"
            right = "left out, or " + ("any or a list of CIDRs" if key == "from" else "true or false")
            raise IntentError(f"{place}.{key}", None, right)
    asked: dict[str, Any] = {key: value for key, value in item.items() if value is not None}
    base = _base(asked, place)
    protocol = asked.get("protocol", base.get("protocol"))
    if protocol not in MAIL_PROTOCOLS + TRANSPORTS:
        raise IntentError(place + ".protocol", protocol, "one of " + ", ".join(MAIL_PROTOCOLS + TRANSPORTS))
    mail = protocol in MAIL_PROTOCOLS
    closed = _boolean(asked.get("closed", False), place + ".closed")
    _refuse_contradictions(asked, mail, closed, place)
    port = _port(asked.get("port", base.get("port")), place + ".port")
    encryption = asked.get("encryption", base.get("encryption", "starttls" if mail else "none"))
    if encryption not in ENCRYPTIONS:
        raise IntentError(place + ".encryption", encryption, "one of " + ", ".join(ENCRYPTIONS))
    if protocol == "sieve" and encryption == "implicit":
        raise IntentError(
            place + ".encryption", encryption, "starttls: RFC 5804 defines no implicit TLS for ManageSieve"
        )
    if encryption == "none" and _boolean(asked.get("authentication", False), place + ".authentication"):
        raise IntentError(
            place + ".authentication",
            True,
            "left out where encryption is none: it says that a login is offered under TLS",
        )
    transport = "tcp" if mail else str(protocol)
    return Service(
        label=str(asked.get("name", f"{port}/{transport if not mail else protocol}")),
        port=port,
        transport=transport,
        protocol=str(protocol) if mail else None,
        encryption=str(encryption),
        authentication=_boolean(
            asked.get("authentication", base.get("authentication", False)), place + ".authentication"
        ),
        sources=parse_sources(asked.get("from", "any"), place + ".from"),
        closed=closed,
        optional=_boolean(asked.get("optional", base.get("optional", False)), place + ".optional"),
        server_name=_text(asked.get("server_name", defaults.server_name), place + ".server_name"),
        trust=_trust(asked["trust"], place + ".trust") if "trust" in asked else _trust(defaults.trust, "trust"),
        policy=parse_policy(asked["policy"], place + ".policy") if "policy" in asked else defaults.policy,
        proxy_protocol=_proxy_protocol(asked.get("proxy_protocol", defaults.proxy_protocol), place + ".proxy_protocol"),
    )


def _base(asked: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    """The registry's entry that ``name`` means. A mapping with a port and a protocol of its own needs none."""
    name = asked.get("name")
    if isinstance(name, str) and name in MAIL:
        return MAIL[name]
    if isinstance(name, str) and name in DOORS:
        return DOORS[name]
    if "port" in asked and "protocol" in asked and (name is None or isinstance(name, str)):
        return {}
    if name is None:
        raise IntentError(place, dict(asked), "a mapping with a name, or with both port and protocol")
    raise IntentError(
        place if len(asked) == 1 else place + ".name",
        name,
        "one of {}; for a door of your own give port and protocol too".format(", ".join(list(MAIL) + list(DOORS))),
    )


def _refuse_contradictions(asked: Mapping[str, Any], mail: bool, closed: bool, place: str) -> None:
    if closed:
        for key in ("encryption", "authentication", "from", "optional", "policy", "server_name", "trust"):
            if key in asked and asked[key] is not False:
                raise IntentError(
                    f"{place}.{key}", asked[key], "left out: closed says that the port must not be reachable at all"
                )
    if not mail:
        for key in _MAIL_ONLY:
            if key in asked:
                raise IntentError(
                    f"{place}.{key}",
                    asked[key],
                    "left out where protocol is {}: it belongs to mail services ({})".format(
                        asked.get("protocol", "no mail protocol"), ", ".join(MAIL_PROTOCOLS)
                    ),
                )


def parse_sources(given: object, option: str) -> tuple[str, ...]:
    """The CIDRs that may connect, in canonical text, IPv4 first.

    :raises IntentError: no network, host bits set, or an empty list.
    """
    if given == "any":
        return ANYONE
    items: Sequence[object] = given if isinstance(given, (list, tuple)) else [given]
    if not items:
        raise IntentError(option, given, "any, or a list of CIDRs (say closed: true for a port that nobody may reach)")
    networks: list[str] = []
    for item in items:
        networks.extend(ANYONE if item == "any" else [_network(item, option)])
    return tuple(sorted(set(networks), key=lambda text: (":" in text, networks.index(text))))


def _network(item: object, option: str) -> str:
    try:
        return str(ipaddress.ip_network(str(item)))
    except ValueError:
        pass
    try:
        loose = ipaddress.ip_network(str(item), strict=False)
    except ValueError:
        raise IntentError(option, item, "any, an address or a CIDR such as 192.0.2.0/24 or 2001:db8::/32") from None
    raise IntentError(
        option,
        item,
        "a network without host bits: {} for the network, or {} for the one address".format(
            loose, str(item).split("/", maxsplit=1)[0]
        ),
    )


def _port(value: object, option: str) -> int:
    try:
        port = int(str(value))
    except ValueError:
        port = 0
    if isinstance(value, bool) or not 1 <= port <= 65535:
        raise IntentError(option, value, "a whole number from 1 to 65535")
    return port


def _boolean(value: object, option: str) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text in ("true", "yes"):
        return True
    if text in ("false", "no"):
        return False
    raise IntentError(option, value, "true or false")


def _proxy_protocol(value: object, option: str) -> str:
    if value not in PROXY_PROTOCOLS:
        raise IntentError(option, value, "one of " + ", ".join(PROXY_PROTOCOLS))
    return str(value)


def _trust(value: object, option: str) -> str:
    if not isinstance(value, str) or not value:
        raise IntentError(option, value, "system, none, or the path of a file with CA certificates")
    return value


def _text(value: object, option: str) -> str:
    if not isinstance(value, str):
        raise IntentError(option, value, "a text")
    return value
