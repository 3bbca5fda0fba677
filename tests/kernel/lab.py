# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A target that holds the ruleset, and around it whoever sends to it and sees what it lets through.

Two network namespaces: the target, and one joined to it by a cable per interface. What raw sockets in the target see has
passed the input hook; what packet sockets at the other ends of the cables see was forwarded, and has passed everything.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from arrangements import INTERFACES, OPEN, Arrangement
from case import Rules
from namespaces import CommandFailed, Namespace, run
from packets import ICMP, ICMPV6, PORTED, Probe, frame_of, number_in, packet_of, text_of_address

#: The interfaces that probes arrive on; those over ``lo`` are sent by the target itself.
ARRIVALS = (*INTERFACES, "lo")

RECEIVE_BUFFER = 64 << 20
BATCH = 200
#: Probes of which conntrack may confuse two are sent in different rounds; it forgets all connections in between.
ROUNDS = 6

SO_RCVBUFFORCE = 33
PACKET_IGNORE_OUTGOING = 23
SOL_PACKET = 263
ETH_P_ALL = 3
NETLINK_NETFILTER = 12
DELETE_CONNECTIONS = 0x102  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE


@dataclass(frozen=True)
class Seen:
    """Where a probe arrived: ``path`` is input or forward; ``interface`` that which it left by, empty for input; and how it
    was then addressed (``dport`` is 0 for protocols without ports)."""

    path: str
    daddr: int
    dport: int
    interface: str = ""


def answer(packet: Probe, seen: Optional[Seen]) -> str:
    """What became of a probe, in words: ``192.0.2.25:25`` at the host itself, ``172.17.0.2:25 on docker0`` forwarded; empty where
    it was dropped."""
    if seen is None:
        return ""
    address = text_of_address(packet.family, seen.daddr)
    if packet.protocol in PORTED:
        address = "{0}:{1}".format("[{0}]".format(address) if packet.family == 6 else address, seen.dport)
    return "{0} on {1}".format(address, seen.interface) if seen.path == "forward" else address


class Lab:
    """The namespaces, ready for a ruleset and for probes. Use it in a ``with`` statement."""

    def __init__(self, arrangement: Arrangement = OPEN) -> None:
        self._stack = contextlib.ExitStack()
        self.arrangement = arrangement
        self.host = arrangement.host
        self._number = 0
        self._sent: Dict[int, Probe] = {}
        self._receivers: Dict[Tuple[int, int], socket.socket] = {}
        self._watchers: Dict[str, socket.socket] = {}
        with contextlib.ExitStack() as undo:
            self.target = Namespace("target")
            undo.callback(self.target.close)
            self._client = Namespace("client")
            undo.callback(self._client.close)
            self._connect()
            self._senders = {name: self._sender(name) for name in INTERFACES}
            if arrangement.routed:
                self._watchers = {name: self._watcher(name) for name in INTERFACES}
            with self.target.entered():
                self._own_senders = {
                    4: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
                    6: socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
                }
                self._conntrack = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
            self._stack = undo.pop_all()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_error: object) -> None:
        senders = [sender for sender, *_names in self._senders.values()]
        sockets = [*self._receivers.values(), *self._watchers.values(), *self._own_senders.values(), self._conntrack]
        for channel in sockets + senders:
            channel.close()
        self._stack.close()

    def _connect(self) -> None:
        target, client = self.target, self._client
        target.run("sysctl", "-q", "-w", *self.arrangement.settings)
        cables = [
            "link add {0} netns {1} type veth peer name {0} netns {2}".format(name, target.name, client.name)
            for name in INTERFACES
        ]
        run(["ip", "-batch", "-"], "\n".join(cables))
        quiet = ["link set {0} addrgenmode none arp off up".format(name) for name in INTERFACES]
        client.run("ip", "-batch", "-", text="\n".join(quiet))
        target.run("ip", "-batch", "-", text="\n".join([*quiet, "link set lo up"]))
        for family, commands in self.arrangement.commands.items():
            target.run("ip", "-{0}".format(family), "-batch", "-", text="\n".join(commands))

    def _sender(self, name: str) -> Tuple[socket.socket, bytes, bytes]:
        """A packet socket on an interface, the hardware address at the other end, and its own."""
        with self._client.entered():
            sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            sender.bind((name, 0))
        own = sender.getsockname()[4]
        with self.target.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as other_end:
            other_end.bind((name, 0))
            return sender, other_end.getsockname()[4], own

    def _watcher(self, name: str) -> socket.socket:
        """A packet socket that sees what the target sends on an interface."""
        with self._client.entered():
            watcher = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
            watcher.setblocking(False)
            watcher.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            watcher.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
            watcher.bind((name, ETH_P_ALL))
        return watcher

    # Rules

    def load_nft(self, text: str) -> None:
        self.target.run("nft", "-f", "-", text=text)

    def load_xtables(self, variant: str, text: str) -> None:
        """``variant``: ``iptables-nft``, ``ip6tables-legacy`` and so on; ``text``: what its -restore reads."""
        self.target.run(variant + "-restore", "-w", "5", text=text)

    def load(self, rules: Rules) -> None:
        """Everything that a ruleset consists of; sets first, for rules name them."""
        if rules.ipset:
            self.target.run("ipset", "restore", text=rules.ipset)
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
        outputs["ipset"] = self.target.run("ipset", "save")
        paths = {}
        for name, text in outputs.items():
            if text:
                paths[name] = folder / name
                paths[name].write_text(text)
        return paths

    # Probes

    def delivered(self, probes: Sequence[Probe]) -> List[bool]:
        """For each probe, in order: did it pass?"""
        return [seen is not None for seen in self.seen(probes)]

    def seen(self, probes: Sequence[Probe]) -> List[Optional[Seen]]:
        """For each probe, in order: where it arrived, if at all."""
        for packet in probes:
            self._receiver(packet.family, packet.protocol)
        answers: List[Optional[Seen]] = [None] * len(probes)
        for places in _rounds(probes):
            self.forget_connections()
            self._one_round(probes, places, answers)
        return answers

    def _one_round(self, probes: Sequence[Probe], places: Sequence[int], answers: List[Optional[Seen]]) -> None:
        arrived: Dict[int, Seen] = {}
        numbers: List[int] = []
        self._sent = {}
        for start in range(0, len(places), BATCH):
            for place in places[start : start + BATCH]:
                self._number += 1
                numbers.append(self._number)
                self._sent[self._number] = probes[place]
                self._send(probes[place], self._number)
            self._collect(arrived)
        # The receive path runs before a send returns, unless the kernel put it off to its softirq thread.
        time.sleep(0.005)
        self._collect(arrived)
        for place, number in zip(places, numbers):
            answers[place] = arrived.get(number)

    def forget_connections(self) -> None:
        """Empty the target's conntrack table."""
        message = struct.pack("=IHHIIBBH", 20, DELETE_CONNECTIONS, 5, 1, 0, 0, 0, 0)  # NLM_F_REQUEST | NLM_F_ACK
        self._conntrack.send(message)
        self._conntrack.recv(4096)

    def _send(self, packet: Probe, number: int) -> None:
        if packet.interface == "lo":
            text = socket.inet_ntop(
                socket.AF_INET if packet.family == 4 else socket.AF_INET6,
                packet.daddr.to_bytes(4 if packet.family == 4 else 16, "big"),
            )
            # What a rule of the target's output rejects or drops is an error of the sender's.
            with contextlib.suppress(PermissionError):
                self._own_senders[packet.family].sendto(packet_of(packet, number), (text, 0))
        else:
            sender, destination, source = self._senders[packet.interface]
            sender.send(frame_of(packet, number, destination, source))

    def _receiver(self, family: int, protocol: int) -> socket.socket:
        key = (family, protocol)
        if key not in self._receivers:
            kind = socket.AF_INET if family == 4 else socket.AF_INET6
            with self.target.entered():
                receiver = socket.socket(kind, socket.SOCK_RAW, protocol)
            receiver.setblocking(False)
            receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
            if family == 6:
                receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            self._receivers[key] = receiver
        return self._receivers[key]

    def _collect(self, arrived: Dict[int, Seen]) -> None:
        for (family, protocol), receiver in self._receivers.items():
            for payload, daddr in _at_input(receiver, family):
                self._note(arrived, protocol, payload, "input", daddr, "")
        for name, watcher in self._watchers.items():
            for frame in _received(watcher):
                if len(frame) < 40 and frame[0] >> 4 == 6 or len(frame) < 20:
                    continue
                if frame[0] >> 4 == 4:
                    daddr = int.from_bytes(frame[16:20], "big")
                    self._note(arrived, frame[9], frame[(frame[0] & 15) * 4 :], "forward", daddr, name)
                elif frame[0] >> 4 == 6:
                    daddr = int.from_bytes(frame[24:40], "big")
                    self._note(arrived, frame[6], frame[40:], "forward", daddr, name)

    def _note(
        self, arrived: Dict[int, Seen], protocol: int, payload: bytes, path: str, daddr: int, interface: str
    ) -> None:
        number = number_in(protocol, payload)
        packet = None if number is None else self._sent.get(number)
        if number is None or packet is None or packet.protocol != protocol:
            return
        if protocol in (ICMP, ICMPV6) and payload[0] != packet.icmp_type:
            return  # the target's answer, which repeats the number
        arrived[number] = Seen(path, daddr, int.from_bytes(payload[2:4], "big") if protocol in PORTED else 0, interface)


def _rounds(probes: Sequence[Probe]) -> List[List[int]]:
    """The places of the probes, in rounds in which no two come from the same source and port (to conntrack: most protocols have
    none). Of too many such, the last round takes the rest."""
    rounds: List[List[int]] = [[] for _round in range(ROUNDS)]
    taken: Dict[Tuple[int, int, int, int], int] = {}
    for place, packet in enumerate(probes):
        key = packet.source_key
        number = taken.get(key, 0)
        taken[key] = number + 1
        rounds[min(number, ROUNDS - 1)].append(place)
    return [places for places in rounds if places]


def _received(channel: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            yield channel.recv(256)
        except BlockingIOError:
            return


def _at_input(receiver: socket.socket, family: int) -> Iterator[Tuple[bytes, int]]:
    """What a raw socket received, without an IP header, and where it was addressed to."""
    if family == 4:
        for packet in _received(receiver):
            yield packet[(packet[0] & 15) * 4 :], int.from_bytes(packet[16:20], "big")
        return
    while True:
        try:
            payload, ancillary, _flags, _source = receiver.recvmsg(256, 64)
        except BlockingIOError:
            return
        for level, kind, data in ancillary:
            if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
                yield payload, int.from_bytes(data[:16], "big")


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
