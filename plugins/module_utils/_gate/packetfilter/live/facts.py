# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's addresses, interfaces, routes, and whether it forwards. None of it needs root."""

from __future__ import annotations

import ipaddress
from typing import AbstractSet, Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple, Union

from ...dataclass import dataclass
from ...errors import EvidenceError
from ...host.commands import Access, json_list
from ..addresses import address_text, range_of
from ..model import NOTHING_KNOWN, Host, Own, Route
from .links import below, kind, programs, slave_kind, virtual_bridges

IpAddress = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

_IPV4 = "/proc/sys/net/ipv4/"
_IPV6 = "/proc/sys/net/ipv6/"
_FAMILY = {"inet": 4, "inet6": 6}
#: Types of routes that lead nowhere; `throw` goes on with the next table, which has nothing.
_NOWHERE = {"blackhole", "unreachable", "prohibit", "throw"}
#: The last two are no destinations to which anything is forwarded.
_KNOWN_TYPES = _NOWHERE | {"unicast", "multicast", "broadcast"}
_EVERYTHING = {4: "0.0.0.0/0", 6: "::/0"}
#: What a rule of ``ip rule`` may hold without concerning a packet that comes in.
_MAIN = {"main", "254"}
_LOCAL = {"local", "255"}
_ORDINARY_TABLES = _LOCAL | {"default", "253"}
_HARMLESS = {"priority", "src", "table", "protocol"}
#: What has a master of these kinds receives nothing for itself.
_OF_PORTS = {"bridge", "bond", "team"}
#: Kernel modules of ebtables-legacy that can keep packets, or what a bridge sends to the host, from the rules.
_EBTABLES = {"ebtable_broute", "ebtable_filter", "ebtable_nat"}
_IPVS_SERVICES = ("TCP ", "UDP ", "SCTP ", "FWM ")
#: Selectors that no packet which comes in from outside meets: it has no user, no output interface yet.
_OF_SENDERS = {"uid_start", "oif"}


@dataclass(frozen=True)
class Address:
    """``scope`` is the kernel's: ``global``, ``link``, ``host`` or ``site``."""

    family: int
    address: str
    interface: str
    scope: str


@dataclass(frozen=True)
class HostFacts:
    """``host``: the same and more, as the analysis wants it. ``notes``: what of it is not known, and why. ``held_back``: family
    and interface where what arrives is not forwarded, though the host forwards. ``below``: an interface, and one through which
    what arrives on it comes first (a bridge's port, the card of a VLAN). ``ports``: interfaces of which only their bridge or
    bond receives. ``left_out``: destinations, and why it is not known whether the host takes them. ``networks``: the same
    for those of which it takes every address. ``programs``: interface and card of which an XDP program sees all packets
    first. ``virtual_bridges``: bridges none of whose ports leads out of the machine."""

    addresses: Tuple[Address, ...]
    interfaces: Tuple[str, ...]
    host: Host = NOTHING_KNOWN
    notes: Tuple[str, ...] = ()
    held_back: Tuple[Tuple[int, str], ...] = ()
    below: Tuple[Tuple[str, str], ...] = ()
    ports: FrozenSet[str] = frozenset()
    left_out: Tuple[str, ...] = ()
    networks: Tuple[str, ...] = ()
    programs: Tuple[Tuple[str, str], ...] = ()
    virtual_bridges: FrozenSet[str] = frozenset()

    def reachable_addresses(self) -> List[IpAddress]:
        """Those that another host can send to: all but loopback's. The scope tells what the host calls itself, not what it
        takes: who has a route to an address of scope host reaches it."""
        more = [ipaddress.ip_address(address_text(item.family, item.value)) for item in self.host.own or ()]
        found = [*self._of_scopes("global", "site", "link"), *(item for item in more if not item.is_loopback)]
        return list(dict.fromkeys(found))

    def offered_addresses(self, inner: AbstractSet[str] = frozenset()) -> List[IpAddress]:
        """Those that clients are given: no link-local ones, and no private ones of bridges (``inner``) that lead to this host's
        own containers alone."""
        known = [item for item in self.addresses if item.scope in ("global", "site")]
        found = [(ipaddress.ip_address(item.address), item.interface) for item in known]
        return [address for address, interface in found if interface not in inner or not address.is_private]

    def _of_scopes(self, *scopes: str) -> List[IpAddress]:
        return [ipaddress.ip_address(item.address) for item in self.addresses if item.scope in scopes]


def host_facts(access: Access = Access()) -> HostFacts:
    """:raises EvidenceError: when there is no ``ip``, or it does not tell the addresses."""
    path = access.find("ip")
    if path is None:
        raise EvidenceError("ip -j address", "there is no ip command on this host", _REMEDY)
    try:
        return _Facts(access, path).all()
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        problem = "it printed what is not understood ({0}: {1})".format(type(error).__name__, str(error)[:200])
        raise EvidenceError("ip -j", problem, _REMEDY) from error


_REMEDY = "install the package iproute2 (Debian) or iproute (Red Hat), or give `addresses` and `interfaces`"


class _Facts:
    def __init__(self, access: Access, path: str) -> None:
        self.run = access.run
        self.expect = access.expect
        self.path = path
        self.read = access.read
        self.notes: List[str] = []
        self.held_back: List[Tuple[int, str]] = []
        self.left_out: List[str] = []
        self.networks: List[str] = []
        self.has_ipv6 = bool(access.read(_IPV6 + "conf/all/forwarding"))

    def all(self) -> HostFacts:
        links = [link for link in self._list("-d", "address", "show") if "ifname" in link]
        names = tuple(sorted(str(link["ifname"]) for link in links))
        addresses: List[Address] = []
        own: List[Own] = []
        for link in links:
            name = str(link["ifname"])
            for item in _dicts(link.get("addr_info")):
                if item.get("family") in _FAMILY and "local" in item and not item.get("dadfailed"):
                    family, scope = _FAMILY[str(item["family"])], str(item.get("scope", "global"))
                    text = str(item["local"])
                    addresses.append(Address(family, text, name, scope))
                    own.append(_own(text, name, scope, item.get("prefixlen")))
        own.extend(self._more_own(own))
        host = Host(
            tuple(own),
            names,
            self._forwarding(names),
            self._routes(),
            frozenset(name for name in names if self._is_set(_IPV4, name, "route_localnet")),
            frozenset(str(link["ifname"]) for link in links if kind(link) == "bridge"),
        )
        self._note_what_is_not_looked_at(links)
        uppers = below(links)
        ports = frozenset(str(link["ifname"]) for link in links if "master" in link and slave_kind(link) in _OF_PORTS)
        return HostFacts(
            tuple(addresses),
            names,
            host,
            tuple(self.notes),
            tuple(self.held_back),
            uppers,
            ports,
            tuple(self.left_out),
            tuple(self.networks),
            programs(links, uppers),
            virtual_bridges(links),
        )

    def _list(self, *arguments: str) -> List[Dict[str, Any]]:
        command = [self.path, "-j", *arguments]
        shown = " ".join(command)
        done = self.run(command)
        if done.code != 0:
            raise EvidenceError(shown, "it failed with code {0}: {1}".format(done.code, done.err.strip()), _REMEDY)
        try:
            return json_list(done.out)
        except ValueError as error:
            raise EvidenceError(shown, "it printed no JSON ({0})".format(error), _REMEDY) from error

    def _note_what_is_not_looked_at(self, links: Sequence[Mapping[str, Any]]) -> None:
        """What shows for nothing; docs/firewall.md has the rest."""
        modules = {line.partition(" ")[0] for line in self.read("/proc/modules").splitlines()}
        if modules & _EBTABLES and any(kind(link) == "bridge" for link in links):
            self.notes.append(
                "ebtables-legacy is loaded ({0}): what its rules do with packets of bridges was not looked at".format(
                    ", ".join(sorted(modules & _EBTABLES))
                )
            )
        services = [line for line in self.read("/proc/net/ip_vs").splitlines() if line.startswith(_IPVS_SERVICES)]
        if services:
            self.notes.append(
                "IPVS sends on what it has services for ({0} in /proc/net/ip_vs): whereto was not looked at".format(
                    len(services)
                )
            )

    def _families(self) -> Sequence[int]:
        return (4, 6) if self.has_ipv6 else (4,)

    def _is_set(self, base: str, interface: str, name: str) -> bool:
        paths = (base + "conf/all/" + name, "{0}conf/{1}/{2}".format(base, interface, name))
        return any(self.read(path).strip() not in ("", "0") for path in paths)

    def _forwarding(self, interfaces: Sequence[str]) -> FrozenSet[int]:
        """The families of which something is forwarded: IPv4 where the input interface says so, IPv6 where the host does, or
        (Linux 6.17) the interface. Interfaces that differ from the others there are `held_back`."""
        result: Set[int] = set()
        others = [name for name in interfaces if name != "lo"]
        everywhere = self.read(_IPV6 + "conf/all/forwarding").strip() not in ("", "0")
        for family, base, name in ((4, _IPV4, "forwarding"), (6, _IPV6, "force_forwarding")):
            paths = {each: "{0}conf/{1}/{2}".format(base, each, name) for each in others}
            silent = [each for each in others if self.read(paths[each]).strip() in ("", "0")]
            if family == 6 and everywhere:
                silent = []
            if len(silent) < len(others) or (family == 6 and everywhere):
                result.add(family)
                self.held_back.extend((family, each) for each in silent)
        return frozenset(result)

    def _routes(self) -> Optional[Tuple[Route, ...]]:
        routes: List[Route] = []
        for family in self._families():
            if not self._main_table_decides(family):
                return None
            for item in self._list("-{0}".format(family), "route", "show", "table", "main"):
                if "tos" in item or "dst" not in item or item.get("type", "unicast") not in _KNOWN_TYPES:
                    self.notes.append(
                        "IPv{0}: a route is not understood ({1}), and so routes are not known".format(family, item)
                    )
                    return None
                routes.extend(_routes_of(family, item))
        return tuple(routes)

    def _main_table_decides(self, family: int) -> bool:
        try:
            rules = self._list("-{0}".format(family), "rule", "show")
        except EvidenceError as error:
            if "not supported" in str(error):  # a kernel without policy routing
                return True
            raise
        others = {str(rule.get("table") or "main") for rule in rules} - _MAIN - _ORDINARY_TABLES
        self.expect(self._table_command(family, table) for table in sorted(others))
        local_first = False
        for rule in rules:
            harmless = self._is_harmless(family, rule)
            local_first = local_first or (harmless and str(rule.get("table", "")) in _LOCAL)
            if not harmless:
                shown = " ".join("{0} {1}".format(key, value) for key, value in rule.items() if value is not None)
                if not local_first:
                    self.left_out.append(
                        "IPv{0} addresses of the host, since a rule comes before its own table (ip rule: {1})".format(
                            family, shown
                        )
                    )
                self.notes.append("IPv{0} is routed by more than the main table (ip rule: {1})".format(family, shown))
                return False
        return True

    def _is_harmless(self, family: int, rule: Mapping[str, Any]) -> bool:
        """Whether the main table says the same for packets that come in, with the rule and without."""
        if _OF_SENDERS & set(rule) or rule.get("iif") == "lo":
            return "not" not in rule
        if rule.get("action") == "nop":
            return True
        table = str(rule.get("table", ""))
        if table in _MAIN:  # asked for in any case, at last
            return "action" not in rule
        if table in _ORDINARY_TABLES:
            return set(rule) <= _HARMLESS and rule.get("src") == "all"
        return bool(table) and "action" not in rule and not self._has_routes(family, table)

    def _has_routes(self, family: int, table: str) -> bool:
        done = self.run(self._table_command(family, table))
        if done.code != 0 and "does not exist" in done.err:
            return False
        return done.code != 0 or done.out.strip() not in ("", "[]", "[ ]")

    def _table_command(self, family: int, table: str) -> List[str]:
        return [self.path, "-j", "-{0}".format(family), "route", "show", "table", table]

    def _more_own(self, known: Sequence[Own]) -> List[Own]:
        """Addresses that the table of local ones has, and no interface: ``ip route add local 192.0.2.9 dev lo``."""
        present = {(item.family, item.value) for item in known}
        result: List[Own] = []
        for family in self._families():
            for item in self._list("-{0}".format(family), "route", "show", "table", "local", "type", "local"):
                _family, first, last = _range(family, str(item.get("dst", "default")))
                if first == last and (family, first) not in present:
                    result.append(Own(family, first, str(item.get("dev", "lo")), "host", 32 if family == 4 else 128))
                elif first != last and not (family == 4 and first == 127 << 24):
                    self.networks.append(
                        "{0}, all of which the host takes (ip route, table local)".format(item.get("dst"))
                    )
                    self.notes.append(
                        "the host also takes what is sent to {0} (ip route, table local): that was left out".format(
                            item.get("dst")
                        )
                    )
        return result


def _own(text: str, interface: str, scope: str, prefix: object) -> Own:
    address = ipaddress.ip_address(text)
    length = prefix if isinstance(prefix, int) else address.max_prefixlen
    return Own(address.version, int(address), interface, scope, length)


def _dicts(value: object) -> List[Dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _range(family: int, text: str) -> Tuple[int, int, int]:
    return range_of(_EVERYTHING[family] if text == "default" else text)


def _routes_of(family: int, item: Mapping[str, Any]) -> List[Route]:
    """One route for each interface that it may lead out of."""
    _family, first, last = _range(family, str(item["dst"]))
    metric = int(item.get("metric", 0))
    if item.get("type", "unicast") in _NOWHERE:
        return [Route(family, first, last, "", metric)]
    hops = _dicts(item.get("nexthops")) or [dict(item)]
    names = {str(hop["dev"]) for hop in hops if "dev" in hop and "dead" not in hop.get("flags", ())}
    return [Route(family, first, last, name, metric) for name in sorted(names)]
