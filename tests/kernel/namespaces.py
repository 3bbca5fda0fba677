# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two network namespaces: a target that holds the ruleset, and a client joined to it by one cable per interface.

The target takes every destination for its own (a local route per interface), has no route back (so it never answers,
and every probe is the first packet of its connection), and does not judge sources. What its raw sockets see has passed
the input hook.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import socket
import subprocess
import time
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

from case import Rules
from packets import TARGET, Probe, frame_of, number_in

INTERFACES = ("eth0", "eth1", "ens3", "wg0")
#: The interfaces that probes arrive on; those over ``lo`` are sent inside the target.
ARRIVALS = INTERFACES + ("lo",)

CLONE_NEWNET = 0x40000000
RECEIVE_BUFFER = 64 << 20
BATCH = 200
#: Routing table of the local routes; the rules that lead there name an input interface, so that answers find no route.
LOCAL_TABLE = "1025"

_SETTINGS = (
    "net/ipv4/conf/all/rp_filter=0",
    "net/ipv4/conf/default/rp_filter=0",
    "net/ipv4/conf/all/accept_local=1",
    "net/ipv4/conf/all/route_localnet=1",
    "net/ipv4/icmp_echo_ignore_all=1",
    "net/ipv6/conf/all/accept_dad=0",
    "net/ipv6/conf/default/accept_dad=0",
    "net/ipv6/conf/all/disable_ipv6=0",
    "net/ipv6/conf/default/disable_ipv6=0",
    "net/ipv6/conf/lo/disable_ipv6=0",
    "net/ipv6/conf/default/accept_ra=0",
    "net/ipv6/icmp/echo_ignore_all=1",
)

_libc = ctypes.CDLL(None, use_errno=True)


class CommandFailed(Exception):
    """A command inside a namespace failed; the text is what it said."""


def run(command: Sequence[str], text: str = "") -> str:
    """Standard output of a command that must succeed, given ``text`` on its standard input."""
    done = subprocess.run(list(command), input=text, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode != 0:
        raise CommandFailed("{0}: {1}".format(" ".join(command), (done.stderr or done.stdout).strip()))
    return done.stdout


class Namespace:
    """A network namespace with a name that was never used before; ``close`` removes it."""

    def __init__(self, role: str) -> None:
        self.name = "gate-{0}-{1}-{2}".format(os.getpid(), secrets.token_hex(4), role)
        run(["ip", "netns", "add", self.name])

    def close(self) -> None:
        run(["ip", "netns", "del", self.name])

    def run(self, *command: str, text: str = "") -> str:
        return run(self.inside(*command), text)

    def inside(self, *command: str) -> List[str]:
        """The command that runs ``command`` inside the namespace."""
        return ["ip", "netns", "exec", self.name, *command]

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread inside the namespace; the sockets it opens there stay there."""
        with open("/proc/thread-self/ns/net", "rb") as home, open("/run/netns/" + self.name, "rb") as place:
            _set_namespace(place.fileno())
            try:
                yield
            finally:
                _set_namespace(home.fileno())


def _set_namespace(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "setns: " + os.strerror(number))


class Lab:
    """The pair of namespaces, ready for a ruleset and for probes. Use it in a ``with`` statement."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._number = 0
        self._receivers: Dict[Tuple[int, int], socket.socket] = {}
        with contextlib.ExitStack() as undo:
            self.target = Namespace("target")
            undo.callback(self.target.close)
            client = Namespace("client")
            undo.callback(client.close)
            self._connect(client)
            self._senders = {name: self._sender(client, name) for name in INTERFACES}
            self._senders["lo"] = self._sender(self.target, "lo")
            self._stack = undo.pop_all()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_error: object) -> None:
        for channel in list(self._receivers.values()) + [sender for sender, *_names in self._senders.values()]:
            channel.close()
        self._stack.close()

    def _connect(self, client: Namespace) -> None:
        self.target.run("sysctl", "-q", "-w", *(setting.replace("/", ".", 99) for setting in _SETTINGS))
        commands = []
        for name in INTERFACES:
            commands.append(
                "link add {0} netns {1} type veth peer name {0} netns {2}".format(name, self.target.name, client.name)
            )
        run(["ip", "-batch", "-"], "\n".join(commands))
        client.run("ip", "-batch", "-", text="\n".join("link set {0} up".format(name) for name in INTERFACES))
        self.target.run("ip", "-batch", "-", text="\n".join("link set {0} up".format(name) for name in ARRIVALS))
        for family, address in TARGET.items():
            commands = ["address add {0} dev lo".format(address)]
            commands.append("route add local default dev lo table {0}".format(LOCAL_TABLE))
            commands += ["rule add iif {0} lookup {1}".format(name, LOCAL_TABLE) for name in INTERFACES]
            self.target.run("ip", "-{0}".format(family), "-batch", "-", text="\n".join(commands))

    def _sender(self, namespace: Namespace, name: str) -> Tuple[socket.socket, bytes, bytes]:
        """A packet socket on an interface, the hardware address at the other end, and its own."""
        with namespace.entered():
            sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            sender.bind((name, 0))
        own = sender.getsockname()[4]
        if name == "lo":
            return sender, own, own
        with self.target.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as other_end:
            other_end.bind((name, 0))
            return sender, other_end.getsockname()[4], own

    def load_nft(self, text: str) -> None:
        self.target.run("nft", "-f", "-", text=text)

    def load_xtables(self, variant: str, text: str) -> None:
        """``variant``: ``iptables-nft``, ``ip6tables-legacy`` and so on; ``text``: what its -restore reads."""
        self.target.run(variant + "-restore", "-w", "5", text=text)

    def load(self, rules: Rules) -> None:
        """Everything that a ruleset consists of."""
        if rules.nft:
            self.load_nft(rules.nft)
        for variant, text in rules.xtables.items():
            self.load_xtables(variant, text)

    def read_back(self, folder: Path) -> Dict[str, Path]:
        """What the kernel holds, as files in ``folder``, keyed as :func:`_gate.packetfilter.readers.files.from_files`
        wants them. Of two variants of iptables in use the files hold the legacy one."""
        outputs = {"nft_json": self.target.run("nft", "-j", "list", "ruleset")}
        for tool in ("iptables", "ip6tables"):
            saves = [self.target.run("{0}-{1}-save".format(tool, kind)) for kind in ("legacy", "nft")]
            outputs[tool] = next((text for text in saves if "*" in text), "")
        paths = {}
        for name, text in outputs.items():
            if text:
                paths[name] = folder / name
                paths[name].write_text(text)
        return paths

    def delivered(self, probes: Sequence[Probe]) -> List[bool]:
        """For each probe, in order: did it pass the input hook?"""
        seen: Set[int] = set()
        numbers = []
        for packet in probes:
            self._receiver(packet.family, packet.protocol)
        for start in range(0, len(probes), BATCH):
            for packet in probes[start : start + BATCH]:
                self._number += 1
                numbers.append(self._number)
                sender, destination, source = self._senders[packet.interface]
                sender.send(frame_of(packet, self._number, destination, source))
            self._collect(seen)
        # The receive path runs before a send returns, unless the kernel put it off to its softirq thread.
        time.sleep(0.02)
        self._collect(seen)
        return [number in seen for number in numbers]

    def _receiver(self, family: int, protocol: int) -> socket.socket:
        key = (family, protocol)
        if key not in self._receivers:
            kind = socket.AF_INET if family == 4 else socket.AF_INET6
            with self.target.entered():
                receiver = socket.socket(kind, socket.SOCK_RAW, protocol)
            receiver.setblocking(False)
            receiver.setsockopt(socket.SOL_SOCKET, 33, RECEIVE_BUFFER)  # SO_RCVBUFFORCE
            self._receivers[key] = receiver
        return self._receivers[key]

    def _collect(self, seen: Set[int]) -> None:
        for (family, protocol), receiver in self._receivers.items():
            while True:
                payload = _received(receiver)
                if payload is None:
                    break
                if family == 4:
                    payload = payload[(payload[0] & 15) * 4 :]
                number = number_in(protocol, payload)
                if number is not None:
                    seen.add(number)


def _received(receiver: socket.socket) -> Optional[bytes]:
    try:
        return receiver.recv(256)
    except BlockingIOError:
        return None


def why_not() -> str:
    """Why namespaces and filters cannot be made here; empty when they can."""
    if os.geteuid() != 0:
        return "needs root: network namespaces and packet filters"
    for tool in ("ip", "nft", "iptables-nft", "iptables-legacy"):
        if not any(os.access(os.path.join(folder, tool), os.X_OK) for folder in os.get_exec_path()):
            return "needs the command {0}".format(tool)
    try:
        with Lab() as lab:
            lab.load_nft("table inet t { chain c { type filter hook input priority 0; }; }")
    except (CommandFailed, OSError) as error:
        return "needs network namespaces with a packet filter: {0}".format(error)
    return ""
