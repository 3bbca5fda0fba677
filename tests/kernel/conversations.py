# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real connections over TCP: clients connect, read a greeting, send a line and read it again.

A target with a server on port 25 and, behind it, a container with one; clients at the other end of the target's eth0. Nobody
needs to ask for neighbours, which a filter might drop.
"""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
import threading
import time
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from _gate.host.commands import Access, run_command
from _gate.packetfilter import live
from _gate.packetfilter.answers import lost_packets
from _gate.packetfilter.dead_routes import dead_routes
from _gate.packetfilter.diagram import EMPTY, Space
from _gate.packetfilter.evaluate import accepted
from _gate.packetfilter.model import DADDR, DIMENSIONS, DPORT, FAMILY, IIF, PROTOCOL, SADDR, SPORT, interface_value
from namespaces import Namespace

TARGET = {4: "192.0.2.25", 6: "2001:db8::25"}
CLIENTS = {4: ("192.0.2.10", "192.0.2.77"), 6: ("2001:db8::10",)}
CONTAINER = "172.17.0.2"
_BITS = {4: 24, 6: 64}
#: One SYN is sent again after a second: who is served is served long before.
_PATIENCE = 0.6
GREETING = b"220 here\r\n"


@dataclass(frozen=True)
class Client:
    address: str
    source_port: int
    port: int = 25

    @property
    def family(self) -> int:
        return ipaddress.ip_address(self.address).version

    def point(self) -> Dict[int, int]:
        return {
            **dict.fromkeys(range(DIMENSIONS), 0),
            FAMILY: self.family,
            IIF: interface_value("eth0"),
            PROTOCOL: 6,
            DPORT: self.port,
            SPORT: self.source_port,
            DADDR: int(ipaddress.ip_address(TARGET[self.family])),
            SADDR: int(ipaddress.ip_address(self.address)),
        }


class House:
    """Use it in a ``with`` statement."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._stop = threading.Event()

    def __enter__(self) -> House:
        with contextlib.ExitStack() as undo:
            self.target, self._client, self._container = (
                self._made(undo, role) for role in ("target", "client", "container")
            )
            self._connect("eth0", self._client)
            self._connect("docker0", self._container)
            for namespace in (self.target, self._container):
                self._serve(undo, namespace)
            self._stack = undo.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    @staticmethod
    def _made(undo: contextlib.ExitStack, role: str) -> Namespace:
        namespace = Namespace(role)
        undo.callback(namespace.close)
        return namespace

    def _connect(self, name: str, other: Namespace) -> None:
        target = self.target
        target.run("sysctl", "-q", "-w", "net.ipv6.conf.default.accept_dad=0", "net.ipv4.ip_forward=1")
        other.run("sysctl", "-q", "-w", "net.ipv6.conf.default.accept_dad=0")
        target.run("ip", "link", "add", name, "type", "veth", "peer", "name", name, "netns", other.name)
        if name == "eth0":
            here = ["{0}/{1}".format(TARGET[family], _BITS[family]) for family in (4, 6)]
            there = ["{0}/{1}".format(text, _BITS[family]) for family in (4, 6) for text in CLIENTS[family]]
        else:
            here, there = ["172.17.0.1/16"], [CONTAINER + "/16"]
        for namespace, texts in ((target, here), (other, there)):
            for text in texts:
                namespace.run("ip", "address", "add", text, "dev", name)
            namespace.run("ip", "link", "set", name, "up")
            namespace.run("ip", "link", "set", "lo", "up")
        self._introduce(target, other, name, there)
        self._introduce(other, target, name, here)
        if other is not self._client:
            other.run("ip", "route", "add", "default", "via", "172.17.0.1")

    @staticmethod
    def _introduce(to: Namespace, whom: Namespace, name: str, texts: Sequence[str]) -> None:
        hardware = whom.run("cat", "/sys/class/net/{0}/address".format(name)).strip()
        for text in texts:
            address = text.split("/", maxsplit=1)[0]
            to.run("ip", "neigh", "replace", address, "lladdr", hardware, "dev", name, "nud", "permanent")

    def _serve(self, undo: contextlib.ExitStack, namespace: Namespace) -> None:
        with namespace.entered():
            server = socket.socket(socket.AF_INET6)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("::", 25))
        server.listen(64)
        thread = threading.Thread(target=self._answer, args=(server,))
        thread.start()
        undo.callback(thread.join)
        undo.callback(self._stop.set)

    def _answer(self, server: socket.socket) -> None:
        talking: List[socket.socket] = []
        with server:
            while not self._stop.is_set():
                for ready in select.select([server, *talking], [], [], 0.05)[0]:
                    if ready is server:
                        peer, _address = server.accept()
                        peer.setblocking(False)
                        _send(peer, GREETING)
                        talking.append(peer)
                        continue
                    line = _received(ready)
                    if not line or not _send(ready, line):
                        talking.remove(ready)
                        ready.close()
        for peer in talking:
            peer.close()

    # Clients

    def served(self, clients: Sequence[Client]) -> List[bool]:
        """For each client, all at the same time: whether it was greeted, and its line came back."""
        sockets: List[Optional[socket.socket]] = []
        for client in clients:
            with self._client.entered():
                one = socket.socket(socket.AF_INET if client.family == 4 else socket.AF_INET6)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((client.address, client.source_port))
            one.setblocking(False)
            one.connect_ex((TARGET[client.family], client.port))
            sockets.append(one)
        heard = [b""] * len(clients)
        asked = [False] * len(clients)
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and not all(text.endswith(b"again\r\n") for text in heard):
            waiting = [one for one, text in zip(sockets, heard) if one is not None and not text.endswith(b"again\r\n")]
            for ready in select.select(waiting, [], [], 0.05)[0]:
                index = sockets.index(ready)
                text = _received(ready)
                if not text:
                    ready.close()
                    sockets[index] = None
                    continue
                heard[index] += text
                if heard[index] == GREETING and not asked[index]:
                    asked[index] = _send(ready, b"again\r\n")
        for left in sockets:
            if left is not None:
                # No FIN, which the filter might keep for minutes: the next ruleset meets new connections.
                left.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                left.close()
        return [text == GREETING + b"again\r\n" for text in heard]

    # The analysis

    def analysed(self, clients: Sequence[Client]) -> List[str]:
        """For each client: ``refused`` (not let in), ``served``, ``lost``, or ``open`` where the analysis does not say."""
        evidence, facts = live.from_host(self._access())
        space = Space()
        first = accepted(space, evidence.ruleset, space.box({PROTOCOL: ((6, 6),), IIF: _ETH0}), facts.host)
        lost = lost_packets(evidence.ruleset, first, first.may)
        dropped = space.union_all(each.dropped for each in lost)
        unsure = space.union_all(space.union(each.sometimes, each.unknown) for each in lost)
        answers = []
        for client in clients:
            point = client.point()
            if not space.contains(first.may, point):
                answers.append("refused")
            elif space.contains(dropped, point):
                answers.append("lost")
            elif space.contains(unsure, point) or not space.contains(first.must, point):
                answers.append("open")
            else:
                answers.append("served")
        for each in lost:
            assert each.dropped == EMPTY or each.dropped_by(each.dropped), "what drops them is named"
        return answers

    def without_way(self, clients: Sequence[Client]) -> List[int]:
        """The numbers of the clients to whom a route leads nowhere."""
        facts = live.host_facts(self._access())
        space = Space()
        dead = space.boxes(dead_routes(facts.host))
        return [number for number, client in enumerate(clients) if space.contains(dead, client.point())]

    def _access(self) -> Access:
        return Access(
            run=lambda command: run_command(self.target.inside(*command)),
            read=lambda path: self.target.run("sh", "-c", 'test ! -e "$0" || cat "$0"', path),
        )


_ETH0: Tuple[Tuple[int, int], ...] = ((interface_value("eth0"), interface_value("eth0")),)


def _received(channel: socket.socket) -> bytes:
    try:
        return channel.recv(4096)
    except OSError:
        return b""


def _send(channel: socket.socket, text: bytes) -> bool:
    try:
        channel.sendall(text)
    except OSError:
        return False
    return True


def source_ports(start: int) -> Iterator[int]:
    """Ports that no earlier client had: conntrack remembers connections."""
    port = start
    while True:
        yield port
        port = port + 1 if port < 60000 else start
