# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The embedded mail servers: two hosts' worth in one unprivileged process, on loopback only.

    python servers.py DIRECTORY

DIRECTORY holds what certificates.py issued. When every port listens, one line of JSON goes to standard output::

    {"addresses": ["127.0.0.1", "::1"], "bases": {"mail.good.example": 20000, "mail.bad.example": 21000}}

A door stands at base + its standard port, the same at each address; ``::1`` is missing where the machine has no IPv6
loopback. The process ends when its standard input ends, so it cannot outlive the driver that holds the other end.
"""

from __future__ import annotations

import json
import socket
import sys
from contextlib import suppress
from pathlib import Path

from twisted.internet import error, protocol, reactor, stdio
from twisted.internet.interfaces import IListeningPort
from twisted.internet.ssl import CertificateOptions, PrivateCertificate, TLSVersion

from certificates import chain_file
from dialogues import DIALOGUES
from hosts import HOSTS, IMPLICIT, SURPLUS_PORT, Door, Host

#: Below Linux' range of ephemeral ports (32768 on), so that no client connection sits on one of these by chance.
BASES = range(20000, 32000, 1000)
LOOPBACK = ("127.0.0.1", "::1")


class Conversations(protocol.Factory):
    """Makes the dialogue for each connection to one door."""

    noisy = False

    def __init__(self, door: Door, server_name: str, tls: CertificateOptions) -> None:
        self.door = door
        self.server_name = server_name
        self.tls = tls

    def buildProtocol(self, address: object) -> protocol.Protocol:
        speaks = DIALOGUES[self.door.protocol]
        return speaks(self.door, self.server_name, self.tls, encrypted=self.door.encryption == IMPLICIT)


class UntilEnd(protocol.Protocol):
    """Stops the process when its standard input ends."""

    def connectionLost(self, reason: object) -> None:
        with suppress(error.ReactorNotRunning):  # a signal may have come first
            reactor.stop()


def loopback_addresses() -> list[str]:
    """The loopback addresses that this machine really has."""
    found = []
    for address in LOOPBACK:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.bind((address, 0))
        except OSError:
            continue
        found.append(address)
    return found


def tls_options(directory: Path, host: Host, door: Door) -> CertificateOptions:
    """TLS 1.2 and above with the door's own certificate (RFC 8997)."""
    pem = (directory / chain_file(host.name, door.certificate)).read_bytes()
    identity = PrivateCertificate.loadPEM(pem)
    return CertificateOptions(
        privateKey=identity.privateKey.original,
        certificate=identity.original,
        raiseMinimumTo=TLSVersion.TLSv1_2,
    )


def reserve(port: int, address: str) -> socket.socket:
    """Hold a port without listening: connections are refused, and no other program takes it meanwhile."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    holder = socket.socket(family, socket.SOCK_STREAM)
    try:
        holder.bind((address, port))
    except OSError:
        holder.close()
        raise
    return holder


class Ports:
    """All that one host holds open while it is tried out at one base; :meth:`release` gives it back."""

    def __init__(self, directory: Path, host: Host) -> None:
        self.directory = directory
        self.host = host
        self.listening: list[IListeningPort] = []
        self.held: list[socket.socket] = []

    def open(self, base: int, addresses: list[str]) -> bool:
        """Whether every door of the host could be put up at ``base``."""
        try:
            for address in addresses:
                for door in self.host.doors:
                    self.put_up(door, base, address)
                # Kept free, since the candidate firewall's surplus opening is at this port.
                self.held.append(reserve(base + SURPLUS_PORT, address))
        except (OSError, error.CannotListenError):
            self.release()
            return False
        return True

    def put_up(self, door: Door, base: int, address: str) -> None:
        port = base + door.port
        if not door.listens:
            self.held.append(reserve(port, address))
            return
        tls = tls_options(self.directory, self.host, door)
        conversations = Conversations(door, self.host.name, tls)
        if door.encryption == IMPLICIT:
            self.listening.append(reactor.listenSSL(port, conversations, tls, interface=address))
        else:
            self.listening.append(reactor.listenTCP(port, conversations, interface=address))

    def release(self) -> None:
        for port in self.listening:
            port.stopListening()
        for holder in self.held:
            holder.close()
        self.listening, self.held = [], []


def start(directory: Path) -> tuple[dict[str, object], list[Ports]]:
    """Put both hosts up, each at the first base where all its ports are free.

    :return: what the ready line says, and the ports, which stay held for as long as they are kept.
    :raises RuntimeError: when there is no such base.
    """
    addresses = loopback_addresses()
    free = iter(BASES)
    bases: dict[str, int] = {}
    kept: list[Ports] = []
    for host in HOSTS:
        ports = Ports(directory, host)
        for base in free:
            if ports.open(base, addresses):
                bases[host.name] = base
                kept.append(ports)
                break
        else:
            raise RuntimeError(f"no base from {BASES[0]} to {BASES[-1]} has all its ports free")
    return {"addresses": addresses, "bases": bases}, kept


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python servers.py DIRECTORY", file=sys.stderr)
        return 2
    try:
        ready, kept = start(Path(sys.argv[1]))
    except (OSError, RuntimeError) as problem:
        print(f"the demo's servers cannot start: {problem}", file=sys.stderr)
        return 1
    stdio.StandardIO(UntilEnd())
    print(json.dumps(ready), flush=True)
    reactor.run()
    for ports in kept:
        ports.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())
