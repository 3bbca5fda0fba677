# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence as it crosses from one task to the next: read back from the results that tasks registered.

The results come from other hosts. What has another shape than the modules return is refused, and nothing of it is guessed.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Dict, Mapping, Sequence, Tuple

from ..errors import IntentError
from ..judge.finding import Finding
from ..listeners.evidence import Listener, ListenersEvidence, Namespace, Owner, Published
from ..wire.evidence import PortEvidence
from .plain import findings_of
from .ports import without_empty

if TYPE_CHECKING:
    from ..judge.diagnosis import Vantage

_MOST_OF_A_GREETING = 200
_SIGHT = (
    "host",
    "address",
    "family",
    "port",
    "state",
    "detail",
    "source_address",
    "from_itself",
    "greeting",
    "stopped",
)
_LISTENERS = "the result of listening_ports_info"
_OPENINGS = "the result of assert_firewall_ports with fail_on: never and verbose: true"
_PORTS = "the result of assert_mail_ports with fail_on: never"
_WRONG = (KeyError, TypeError, ValueError, AttributeError)


def why_missing(result: object) -> str:
    """Why a look gave nothing, ``""`` where it gave something. What is no result at all is refused where it is read."""
    if not isinstance(result, Mapping) or not (
        result.get("failed") or result.get("unreachable") or result.get("skipped")
    ):
        return ""
    if "findings" in result:
        return ""
    if result.get("skipped"):
        return "skipped"
    text = "; ".join(line.strip() for line in str(result.get("msg") or "no reason given").splitlines() if line.strip())
    return "unreachable: " + text if result.get("unreachable") else text


def sight_as_dict(port: PortEvidence) -> Dict[str, Any]:
    """What joining the views takes of a port's evidence; what was judged of it stands in findings."""
    plain: Dict[str, Any] = without_empty({name: getattr(port, name) for name in _SIGHT})
    if port.greeting:
        plain["greeting"] = port.greeting[:_MOST_OF_A_GREETING]
    if not port.from_itself:
        del plain["from_itself"]
    return plain


def vantage_from(name: str, result: object, itself: bool, place: str, host: str) -> Vantage:
    """What one vantage saw of a host; the others that the same task looked at are left out.

    :param itself: the vantage is known to be the host. It is taken for it as well where it saw the host from the host's own
        address, loopback left aside: nobody but the host is outside of that.
    :param place: how the user named the result.
    :raises IntentError: it is no such result, or one about other hosts alone.
    """
    from ..judge.diagnosis import Vantage  # the tasks that look only write what is read here, and do without

    findings = findings_of(result, place)
    ports = tuple(_sight(each, place) for each in _items(result, "ports", place, _PORTS))
    hosts = dict.fromkeys(port.host for port in ports)
    if hosts and not any(_is_same_host(each, host) for each in hosts):
        raise IntentError(f"{place}.ports", list(hosts), f"what was seen of {host}, the host of this task")
    ports = tuple(port for port in ports if _is_same_host(port.host, host))
    findings = [each for each in findings if _is_same_host(each.host, host)]
    from_itself = any(
        port.from_itself and not port.address.startswith("127.") and port.address != "::1" for port in ports
    )
    return Vantage(name, ports, tuple(findings), itself or from_itself)


def _is_same_host(one: str, other: str) -> bool:
    return one.rstrip(".").lower() == other.rstrip(".").lower()


def filter_from(
    result: object, place: str
) -> Tuple[Tuple[Finding, ...], Tuple[Mapping[str, Any], ...], Tuple[str, ...]]:
    """The findings about the packet filter, its openings, and the families of addresses that were looked at."""
    findings = tuple(findings_of(result, place))
    openings = _items(result, "openings", place, _OPENINGS)
    families = [each for each in _items(result, "families", place, _OPENINGS) if each in ("ipv4", "ipv6")]
    for each in openings:
        try:
            str(each["family"]), str(each["protocol"]), str(each["certainty"]), list(each["sources"])
        except _WRONG:
            raise IntentError(place + ".openings", each, _OPENINGS) from None
    return findings, tuple(openings), tuple(families)


def listeners_from(result: object, place: str) -> ListenersEvidence:
    """What listens on the host."""
    parts = [_items(result, key, place, _LISTENERS) for key in ("listeners", "namespaces", "notes", "addresses")]
    try:
        return ListenersEvidence(
            tuple(_listener(each) for each in parts[0]),
            tuple(_namespace(each) for each in parts[1]),
            tuple(str(each) for each in parts[2]),
            tuple(str(ipaddress.ip_address(each)) for each in parts[3]),
        )
    except _WRONG:
        raise IntentError(place, parts[0], _LISTENERS) from None


def _items(result: object, key: str, place: str, right: str) -> Sequence[Any]:
    value = result.get(key) if isinstance(result, Mapping) else None
    if not isinstance(value, (list, tuple)):
        raise IntentError(f"{place}.{key}", value, right)
    return value


def _sight(plain: Mapping[str, Any], place: str) -> PortEvidence:
    try:
        known = {name: plain[name] for name in _SIGHT if name in plain}
        known.setdefault("address", "")
        known.setdefault("family", "")
        sight = PortEvidence(**known)
        if not isinstance(sight.port, int) or not isinstance(sight.state, str):
            raise ValueError(sight.port)
    except _WRONG:
        raise IntentError(place + ".ports", plain, _PORTS) from None
    return sight


def _listener(plain: Mapping[str, Any]) -> Listener:
    known: Dict[str, Any] = {name: value for name, value in plain.items() if name not in ("loopback", "owner")}
    known["families"] = tuple(known["families"])
    known["owners"] = tuple(_owner(each) for each in known.get("owners", ()))
    if "published" in known:
        shown = known["published"]
        known["published"] = Published(shown.get("address", ""), shown.get("port", 0), shown.get("container", ""))
    ipaddress.ip_address(known["address"])
    return Listener(**{**known, "port": int(known["port"])})


def _owner(plain: Mapping[str, Any]) -> Owner:
    return Owner(**{**plain, "command": (str(plain["command"]),) if plain.get("command") else ()})


def _namespace(plain: Mapping[str, Any]) -> Namespace:
    return Namespace(**{**plain, "addresses": tuple(plain.get("addresses", ()))})
