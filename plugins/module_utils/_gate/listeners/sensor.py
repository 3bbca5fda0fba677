# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look at a host's sockets: what listens, on what, and who. It reads, and changes nothing."""

from __future__ import annotations

import ipaddress
import os
from functools import partial
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from ..dataclass import dataclass, replace
from ..errors import EvidenceError
from . import proc_net, sock_diag
from .cgroups import ContainerNames
from .evidence import IPV4, IPV6, Listener, ListenersEvidence, Namespace, Owner, Published, RawSocket
from .namespaces import inside
from .processes import MONITOR, Holders, Processes, find_holders, user_name
from .socket_units import Place, list_socket_units, places

_SYSTEMD = 1
NEEDS_BECOME = "needs become"
_NOT_PERMITTED = "this user may not look into all processes (CAP_SYS_PTRACE)"
_NOBODY = "no process that is seen from here holds it: the kernel itself, or one outside of this container"


@dataclass(frozen=True)
class Host:
    """From where the facts are read; the defaults are the host that this runs on, the others for tests.

    ``proc``: where proc(5) is mounted. ``root``: the root of the files of Docker and Podman. ``is_root``: None to find out.
    ``ask_kernel``: the socket diagnosis of this network namespace; ``ask_inside``: of that of a file. ``socket_units``: what
    systemd tells of its sockets, asked only where it may hold one.
    """

    proc: str = "/proc"
    root: str = "/"
    is_root: Optional[bool] = None
    ask_kernel: Callable[[], List[RawSocket]] = sock_diag.sockets
    ask_inside: Callable[[str], List[RawSocket]] = partial(inside, work=sock_diag.sockets)
    socket_units: Callable[[], str] = list_socket_units
    user_name: Callable[[int], str] = user_name


def look_at_listeners(host: Host = Host()) -> ListenersEvidence:
    """Every listening TCP and bound UDP socket that can be seen, with its owners as far as these may be known.

    Without root the sockets of this network namespace are seen, and only the user's own processes.

    :raises EvidenceError: the sockets of this network namespace cannot be read.
    """
    return _Look(host).run()


class _Look:
    def __init__(self, host: Host) -> None:
        self._host = host
        self._is_root = os.geteuid() == 0 if host.is_root is None else host.is_root
        names = ContainerNames(host.root)
        self._processes = Processes(host.proc, names, host.user_name)
        self._holders = Holders({}, {}, 0)
        self._notes: List[str] = []
        self._socket_units: Optional[Dict[Place, str]] = None

    def run(self) -> ListenersEvidence:
        found = self._own_sockets()
        self._holders = find_holders(self._host.proc)
        listeners = [self._listener(raw) for raw in found]
        namespaces = []
        for namespace, others in self._other_namespaces():
            namespaces.append(namespace)
            listeners += [self._listener(raw, namespace.name) for raw in others]
        containers = {address: each.container for each in namespaces for address in each.addresses}
        listeners = [self._with_container(listener, containers) for listener in _merged(listeners)]
        own = proc_net.own_addresses(self._host.proc + "/thread-self/net")
        return ListenersEvidence(
            tuple(sorted(listeners, key=_order)), tuple(namespaces), tuple(self._notes), tuple(own)
        )

    def _own_sockets(self) -> List[RawSocket]:
        try:
            return self._host.ask_kernel()
        except sock_diag.Unavailable as why:
            directory = self._host.proc + "/thread-self/net"
            if proc_net.read_text(directory + "/tcp") is None:
                raise EvidenceError(
                    "the sockets of the host",
                    "neither {0} nor {1}/tcp can be read".format(why, directory),
                    "look from outside of the sandbox that forbids it",
                ) from why
            self._notes.append(
                "{0}; /proc/net does not tell which sockets leave IPv4 out, nor their interface".format(why)
            )
            return proc_net.sockets(directory)

    def _other_namespaces(self) -> Iterable[Tuple[Namespace, List[RawSocket]]]:
        """The other network namespaces in which something listens."""
        try:
            own = os.readlink(self._host.proc + "/thread-self/ns/net")
        except OSError:
            return
        for name, pid in sorted(self._holders.namespaces.items()):
            found = self._sockets_of(pid) if name != own else []
            if found:
                addresses = tuple(proc_net.own_addresses("{0}/{1}/net".format(self._host.proc, pid)))
                yield Namespace(name, pid, addresses, self._processes.container_of(pid)), found

    def _sockets_of(self, pid: int) -> List[RawSocket]:
        """Those of the network namespace of a process."""
        directory = "{0}/{1}".format(self._host.proc, pid)
        try:
            return self._host.ask_inside(directory + "/ns/net")
        except (OSError, sock_diag.Unavailable):
            return proc_net.sockets(directory + "/net")

    def _listener(self, raw: RawSocket, namespace: str = "") -> Listener:
        address, families = _reach(raw)
        pids = self._holders.by_inode.get(raw.inode, ())
        owners = self._processes.owners(pids)
        return Listener(
            protocol=raw.protocol,
            address=address,
            port=raw.port,
            families=families,
            v6only=raw.v6only if address == raw.address else None,
            interface=raw.interface,
            user=self._user(raw.uid, namespace),
            owners=owners,
            owner_unknown="" if owners else self._why_unknown(),
            socket_unit=self._socket_unit(raw) if self._may_be_systemds(pids) and not namespace else "",
            published=next(filter(None, map(_published, owners)), None),
            namespace=namespace,
        )

    def _why_unknown(self) -> str:
        if not self._is_root:
            return NEEDS_BECOME
        return _NOT_PERMITTED if self._holders.denied else _NOBODY

    def _user(self, uid: int, namespace: str) -> str:
        """A container has names of its own, which are not known here."""
        return str(uid) if namespace and uid else self._host.user_name(uid)

    def _may_be_systemds(self, pids: Sequence[int]) -> bool:
        """Without root nobody sees what systemd holds, and it tells itself."""
        return _SYSTEMD in pids or (not pids and not self._is_root)

    def _socket_unit(self, raw: RawSocket) -> str:
        if self._socket_units is None:
            self._socket_units = places(self._host.socket_units())
        return self._socket_units.get((raw.address, raw.port, raw.protocol), "")

    def _with_container(self, listener: Listener, containers: Dict[str, str]) -> Listener:
        published = listener.published
        if published is None or published.container or not containers.get(published.address):
            return listener
        return replace(listener, published=replace(published, container=containers[published.address]))


def _reach(raw: RawSocket) -> Tuple[str, Tuple[str, ...]]:
    """The address that packets are sent to, and their families. An IPv4 address in IPv6's clothes takes IPv4 only."""
    if raw.family == IPV4:
        return raw.address, (IPV4,)
    mapped = ipaddress.IPv6Address(raw.address).ipv4_mapped
    if mapped is not None:
        return str(mapped), (IPV4,)
    return raw.address, (IPV4, IPV6) if raw.address == "::" and raw.v6only is False else (IPV6,)


def _published(owner: Owner) -> Optional[Published]:
    """The container for which a program holds a port: Docker's proxy says where it passes connections on to, Podman's monitor
    holds the port while the packet filter does that."""
    if owner.name == "docker-proxy":
        options = dict(zip(owner.command[1::2], owner.command[2::2]))
        port = options.get("-container-port", "")
        return Published(options.get("-container-ip", ""), int(port) if port.isdigit() else 0)
    if owner.name == MONITOR and owner.container:
        return Published("", 0, owner.container)
    return None


def _merged(listeners: Sequence[Listener]) -> List[Listener]:
    """Sockets that differ in nothing, as with SO_REUSEPORT, as one."""
    counts: Dict[Listener, int] = {}
    for listener in listeners:
        counts[listener] = counts.get(listener, 0) + 1
    return [replace(listener, sockets=count) for listener, count in counts.items()]


def _order(listener: Listener) -> Tuple[str, int, str, int, bytes, str]:
    packed = ipaddress.ip_address(listener.address).packed
    return listener.namespace, listener.port, listener.protocol, len(packed), packed, listener.interface
