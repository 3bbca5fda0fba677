# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probes: packets that open a connection, as points of the analysis and as bytes on a wire.

Every probe carries a number that no filter changes and no rule looks at (TCP's sequence number, SCTP's initiate tag,
the payload of the others), so that the receiver knows which probes came through.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import Dict, Optional, Tuple

from _gate.packetfilter import model

ICMP, TCP, UDP, DCCP, GRE, ICMPV6, SCTP = 1, 6, 17, 33, 47, 58, 132
PORTED = (TCP, UDP, DCCP, SCTP)
#: Of these conntrack knows the ports.
TRACKED_PORTS = (TCP, UDP, SCTP)

#: Addresses that the target holds on its loopback interface; the default destination of each family.
TARGET = {4: "192.0.2.25", 6: "2001:db8::25"}
SOURCE = {4: "198.51.100.7", 6: "2001:db8:51::7"}

CRC32C_REVERSED = 0x82F63B78


@dataclass(frozen=True)
class Probe:
    """One packet. Addresses are numbers. Of ICMP, ``sport`` and ``dport`` are the bytes at the ports' place: type and
    code, and the checksum, which :func:`payload_of` makes come out as asked."""

    family: int
    interface: str
    protocol: int
    daddr: int
    saddr: int
    dport: int = 0
    sport: int = 40000
    icmp_type: int = 0

    @property
    def source_key(self) -> Tuple[int, int, int, int]:
        """What conntrack, with NAT, must be able to tell connections apart by."""
        return (self.family, self.protocol, self.saddr, self.sport if self.protocol in TRACKED_PORTS else 0)

    @property
    def point(self) -> Dict[int, int]:
        """The probe in the dimensions of the model that a client chooses."""
        return {
            model.FAMILY: self.family,
            model.IIF: model.interface_value(self.interface),
            model.PROTOCOL: self.protocol,
            model.ICMP_TYPE: self.icmp_type,
            model.ICMP_CODE: self.sport & 0xFF if self.protocol in (ICMP, ICMPV6) else 0,
            model.DPORT: self.dport,
            model.SPORT: self.sport,
            model.DADDR: self.daddr,
            model.SADDR: self.saddr,
        }

    def __str__(self) -> str:
        kind = {ICMP: "icmp", TCP: "tcp", UDP: "udp", ICMPV6: "icmpv6", SCTP: "sctp"}.get(
            self.protocol, "protocol {0}".format(self.protocol)
        )
        detail = (
            "type {0.icmp_type} code {1}".format(self, self.sport & 0xFF)
            if self.protocol in (ICMP, ICMPV6)
            else "{0.sport} -> {0.dport}".format(self)
        )
        return "{0} {1} from {2} to {3} on {4}".format(
            kind,
            detail,
            text_of_address(self.family, self.saddr),
            text_of_address(self.family, self.daddr),
            self.interface,
        )


def text_of_address(family: int, number: int) -> str:
    if family == 4:
        return socket.inet_ntop(socket.AF_INET, number.to_bytes(4, "big"))
    return socket.inet_ntop(socket.AF_INET6, number.to_bytes(16, "big"))


def number_of_address(text: str) -> int:
    kind = socket.AF_INET6 if ":" in text else socket.AF_INET
    return int.from_bytes(socket.inet_pton(kind, text), "big")


def probe(
    protocol: int,
    dport: int = 0,
    family: int = 4,
    source: Optional[str] = None,
    destination: Optional[str] = None,
    interface: str = "eth0",
    sport: int = 40000,
) -> Probe:
    """A probe by hand; the family is that of its addresses where some are given."""
    for address in (source, destination):
        if address is not None:
            family = 6 if ":" in address else 4
    return Probe(
        family,
        interface,
        protocol,
        number_of_address(destination or TARGET[family]),
        number_of_address(source or SOURCE[family]),
        dport,
        sport,
    )


def ping(family: int, icmp_type: int, interface: str = "eth0", source: Optional[str] = None) -> Probe:
    """An ICMP (IPv4) or ICMPv6 probe by hand."""
    return Probe(
        family,
        interface,
        ICMP if family == 4 else ICMPV6,
        number_of_address(TARGET[family]),
        number_of_address(source or SOURCE[family]),
        dport=0x1234,
        sport=icmp_type << 8,
        icmp_type=icmp_type,
    )


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack("!{0}H".format(len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _crc32c_table() -> list[int]:
    table = []
    for value in range(256):
        for _bit in range(8):
            value = (value >> 1) ^ (CRC32C_REVERSED if value & 1 else 0)
        table.append(value)
    return table


_CRC32C = _crc32c_table()


def crc32c(data: bytes) -> int:
    """SCTP's checksum (RFC 9260, appendix A)."""
    value = 0xFFFFFFFF
    for byte in data:
        value = (value >> 8) ^ _CRC32C[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def payload_of(packet: Probe, number: int, pseudo: bytes) -> bytes:
    """What follows the IP header. Checksums are right: conntrack takes a packet with a wrong one for invalid."""
    ports = struct.pack("!HH", packet.sport, packet.dport)
    mark = struct.pack("!I", number)
    if packet.protocol == TCP:
        data = ports + mark + struct.pack("!IBBHHH", 0, 0x50, 0x02, 64240, 0, 0)
        return data[:16] + struct.pack("!H", checksum(pseudo + data)) + data[18:]
    if packet.protocol == UDP:
        data = ports + struct.pack("!HH", 12, 0) + mark
        return data[:6] + struct.pack("!H", checksum(pseudo + data) or 0xFFFF) + data[8:]
    if packet.protocol == DCCP:
        # A Request with a 48-bit sequence number (RFC 4340, section 5.1).
        data = ports + struct.pack("!BBHBBHI", 5, 0, 0, 1, 0, 0, number) + b"MAIL"
        return data[:6] + struct.pack("!H", checksum(pseudo + data)) + data[8:]
    if packet.protocol == SCTP:
        initiation = struct.pack("!BBH", 1, 0, 20) + mark + struct.pack("!IHHI", 65536, 10, 10, 1)
        check = crc32c(ports + bytes(8) + initiation)
        return ports + bytes(4) + struct.pack("<I", check) + initiation
    if packet.protocol in (ICMP, ICMPV6):
        head = struct.pack("!HH", packet.sport, 0) + struct.pack("!HH", number & 0xFFFF, 1) + mark
        covered = pseudo if packet.protocol == ICMPV6 else b""
        # The last two bytes balance the sum so that the checksum is the wished-for "destination port".
        balance = checksum(covered + head + bytes(2) + struct.pack("!H", packet.dport))
        return head[:2] + struct.pack("!H", packet.dport) + head[4:] + bytes(2) + struct.pack("!H", balance)
    return ports + mark + bytes(8)


def number_in(protocol: int, payload: bytes) -> Optional[int]:
    """The number that :func:`payload_of` wrote; None where the packet is too short to be a probe."""
    place = {TCP: 4, UDP: 8, ICMP: 8, ICMPV6: 8, DCCP: 12, SCTP: 16}.get(protocol, 4)
    if len(payload) < place + 4:
        return None
    return int.from_bytes(payload[place : place + 4], "big")


def frame_of(packet: Probe, number: int, destination: bytes, source: bytes) -> bytes:
    """The Ethernet frame of a probe between two hardware addresses."""
    kind = b"\x08\x00" if packet.family == 4 else b"\x86\xdd"
    return destination + source + kind + packet_of(packet, number)


def packet_of(packet: Probe, number: int) -> bytes:
    """The IP packet of a probe."""
    length_of = {TCP: 20, UDP: 12, DCCP: 20, SCTP: 32, ICMP: 16, ICMPV6: 16}.get(packet.protocol, 16)
    size = 4 if packet.family == 4 else 16
    addresses = packet.saddr.to_bytes(size, "big") + packet.daddr.to_bytes(size, "big")
    if packet.family == 4:
        pseudo = addresses + struct.pack("!BBH", 0, packet.protocol, length_of)
        payload = payload_of(packet, number, pseudo)
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), number & 0xFFFF, 0, 64, packet.protocol, 0)
        header = head[:10] + struct.pack("!H", checksum(head + addresses)) + addresses
    else:
        pseudo = addresses + struct.pack("!II", length_of, packet.protocol)
        payload = payload_of(packet, number, pseudo)
        header = struct.pack("!IHBB", 6 << 28, len(payload), packet.protocol, 64) + addresses
    assert len(payload) == length_of
    return header + payload
