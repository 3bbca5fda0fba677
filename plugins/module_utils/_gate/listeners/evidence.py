# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What listens on a host, and who. Facts only: nothing here knows what was required."""

from __future__ import annotations

import ipaddress
from typing import Optional, Tuple

from ..dataclass import dataclass

TCP = "tcp"
UDP = "udp"
IPV4 = "ipv4"
IPV6 = "ipv6"


@dataclass(frozen=True)
class RawSocket:
    """One socket as the kernel tells it. ``family``: IPV4 or IPV6, the socket's own. ``interface``: the only one that it is
    bound to, ``""`` for none. ``v6only``: None where it was not told, as for IPv4. ``inode``: by which processes are found."""

    protocol: str
    family: str
    address: str
    port: int
    uid: int
    inode: int
    interface: str = ""
    v6only: Optional[bool] = None


@dataclass(frozen=True)
class Owner:
    """Processes of one program that hold a socket open; of several the facts are those of the oldest.

    ``pid``: its process id. ``name``: the kernel's name for it (15 characters at most). ``command``: its arguments, the program
    first. ``user``: the name on this host; in a container, or without a name, the number. ``unit``: the systemd unit.
    ``container``: name or short id. ``processes``: how many there are.
    """

    pid: int
    name: str
    command: Tuple[str, ...]
    user: str
    unit: str = ""
    container: str = ""
    processes: int = 1


@dataclass(frozen=True)
class Published:
    """Where a socket's connections are passed on to: an address and port in a container's network."""

    address: str
    port: int
    container: str = ""


@dataclass(frozen=True)
class Listener:
    """A listening TCP socket, or a bound UDP socket that is not connected; sockets that differ in nothing else are one.

    ``address``: as bound; ``0.0.0.0`` and ``::`` stand for all. ``families``: from which packets arrive for certain.
    ``v6only``: of an IPv6 socket, whether IPv4 is left out; None where that was not established (then IPv4 may arrive at
    ``::`` or not) and for IPv4 sockets. ``interface``: the only one that it listens on, ``""`` for all. ``user``: who opened it.
    ``owners``: who holds it open, the oldest first. ``owner_unknown``: why there are none, ``""`` when there are.
    ``socket_unit``: the systemd socket unit that it is from. ``published``: the container behind it.
    ``namespace``: the network namespace, ``""`` for the one looked from. ``sockets``: how many there are (SO_REUSEPORT).
    """

    protocol: str
    address: str
    port: int
    families: Tuple[str, ...]
    v6only: Optional[bool] = None
    interface: str = ""
    user: str = ""
    owners: Tuple[Owner, ...] = ()
    owner_unknown: str = ""
    socket_unit: str = ""
    published: Optional[Published] = None
    namespace: str = ""
    sockets: int = 1

    @property
    def is_wildcard(self) -> bool:
        """Whether it listens on all addresses."""
        return self.address in ("0.0.0.0", "::")

    @property
    def is_loopback(self) -> bool:
        """Whether only this host itself can connect."""
        return self.interface == "lo" or ipaddress.ip_address(self.address).is_loopback

    @property
    def owner(self) -> str:
        """Who owns it, in a few words: ``dovecot (dovecot.service)``, or ``unknown: needs become``."""
        if not self.owners:
            return self.socket_unit or "unknown: " + self.owner_unknown
        first = self.owners[0]
        if self.published is not None and self.published.container:
            return "{0} for container {1}".format(first.name, self.published.container)
        places = [self.socket_unit or first.unit, "container " + first.container if first.container else ""]
        where = ", ".join(place for place in places if place)
        return "{0} ({1})".format(first.name, where) if where else first.name

    def takes(self, address: str) -> Optional[bool]:
        """Whether a packet to ``address`` (IPv4 or IPv6, without scope) arrives here, on the right interface.

        None where that was not established: IPv4 at an IPv6 socket whose ``v6only`` is unknown.
        """
        wanted = ipaddress.ip_address(address)
        if self.is_wildcard:
            if wanted.version == 4 and self.address == "::" and self.v6only is None:
                return None
            return (IPV4 if wanted.version == 4 else IPV6) in self.families
        return wanted == ipaddress.ip_address(self.address)


@dataclass(frozen=True)
class Namespace:
    """A network namespace beside the one looked from. ``name``: the kernel's, such as ``net:[4026532281]``. ``pid``: the oldest
    process in it. ``addresses``: its own, without loopback's and link-local ones. ``container``: whose it is."""

    name: str
    pid: int
    addresses: Tuple[str, ...] = ()
    container: str = ""


@dataclass(frozen=True)
class ListenersEvidence:
    """``listeners``: sorted by namespace, port and address. ``namespaces``: those of processes that could be seen.
    ``addresses``: the host's own, IPv4 first, without loopback's and link-local ones."""

    listeners: Tuple[Listener, ...]
    namespaces: Tuple[Namespace, ...] = ()
    notes: Tuple[str, ...] = ()
    addresses: Tuple[str, ...] = ()
