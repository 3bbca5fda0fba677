# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that nft and iptables print for numbers: protocols, ICMP types, TCP flags, conntrack states, address types."""

from __future__ import annotations

import socket
from typing import Dict, Optional, Tuple

#: IANA protocol numbers, with the spellings of /etc/protocols on Debian and Red Hat systems.
PROTOCOLS: Dict[str, int] = {
    "ip": 0, "hopopt": 0, "icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "ipv4": 4, "ipip": 4, "st": 5, "tcp": 6, "egp": 8,
    "igp": 9, "udp": 17, "rdp": 27, "iso-tp4": 29, "dccp": 33, "ipv6": 41, "ipv6-route": 43, "ipv6-frag": 44, "rsvp": 46,
    "gre": 47, "esp": 50, "ipv6-crypt": 50, "ah": 51, "ipv6-auth": 51, "skip": 57, "ipv6-icmp": 58, "icmpv6": 58,
    "icmp6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "eigrp": 88, "ospf": 89, "ax.25": 93, "etherip": 97, "encap": 98,
    "pim": 103, "ipcomp": 108, "comp": 108, "vrrp": 112, "l2tp": 115, "isis": 124, "sctp": 132, "fc": 133,
    "mobility-header": 135, "ipv6-mh": 135, "mh": 135, "udplite": 136, "mpls-in-ip": 137, "hip": 139, "shim6": 140,
}  # fmt: skip

#: nft's spelling of ICMP types (``nft describe icmp type``).
NFT_ICMP: Dict[str, int] = {
    "echo-reply": 0, "destination-unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8,
    "router-advertisement": 9, "router-solicitation": 10, "time-exceeded": 11, "parameter-problem": 12,
    "timestamp-request": 13, "timestamp-reply": 14, "info-request": 15, "info-reply": 16, "address-mask-request": 17,
    "address-mask-reply": 18,
}  # fmt: skip
NFT_ICMPV6: Dict[str, int] = {
    "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128,
    "echo-reply": 129, "mld-listener-query": 130, "mld-listener-report": 131, "mld-listener-done": 132,
    "mld-listener-reduction": 132, "nd-router-solicit": 133, "nd-router-advert": 134, "nd-neighbor-solicit": 135,
    "nd-neighbor-advert": 136, "nd-redirect": 137, "router-renumbering": 138, "ind-neighbor-solicit": 141,
    "ind-neighbor-advert": 142, "mld2-listener-report": 143,
}  # fmt: skip
#: nft's spelling of ICMP codes (``nft describe icmp code``), whatever the type is.
NFT_ICMP_CODE: Dict[str, int] = {
    "net-unreachable": 0, "host-unreachable": 1, "prot-unreachable": 2, "port-unreachable": 3, "frag-needed": 4,
    "net-prohibited": 9, "host-prohibited": 10, "admin-prohibited": 13,
}  # fmt: skip
NFT_ICMPV6_CODE: Dict[str, int] = {
    "no-route": 0, "admin-prohibited": 1, "addr-unreachable": 3, "port-unreachable": 4, "policy-fail": 5,
    "reject-route": 6,
}  # fmt: skip

#: iptables' spelling: type, and code where the name stands for one (``iptables -p icmp -h``).
IPTABLES_ICMP: Dict[str, Tuple[int, Optional[int]]] = {
    "echo-reply": (0, None), "pong": (0, None), "destination-unreachable": (3, None), "network-unreachable": (3, 0),
    "host-unreachable": (3, 1), "protocol-unreachable": (3, 2), "port-unreachable": (3, 3),
    "fragmentation-needed": (3, 4), "source-route-failed": (3, 5), "network-unknown": (3, 6), "host-unknown": (3, 7),
    "network-prohibited": (3, 9), "host-prohibited": (3, 10), "TOS-network-unreachable": (3, 11),
    "TOS-host-unreachable": (3, 12), "communication-prohibited": (3, 13), "host-precedence-violation": (3, 14),
    "precedence-cutoff": (3, 15), "source-quench": (4, None), "redirect": (5, None), "network-redirect": (5, 0),
    "host-redirect": (5, 1), "TOS-network-redirect": (5, 2), "TOS-host-redirect": (5, 3), "echo-request": (8, None),
    "ping": (8, None), "router-advertisement": (9, None), "router-solicitation": (10, None),
    "time-exceeded": (11, None), "ttl-exceeded": (11, None), "ttl-zero-during-transit": (11, 0),
    "ttl-zero-during-reassembly": (11, 1), "parameter-problem": (12, None), "ip-header-bad": (12, 0),
    "required-option-missing": (12, 1), "timestamp-request": (13, None), "timestamp-reply": (14, None),
    "address-mask-request": (17, None), "address-mask-reply": (18, None),
}  # fmt: skip
IPTABLES_ICMPV6: Dict[str, Tuple[int, Optional[int]]] = {
    "destination-unreachable": (1, None), "no-route": (1, 0), "communication-prohibited": (1, 1),
    "beyond-scope": (1, 2), "address-unreachable": (1, 3), "port-unreachable": (1, 4), "failed-policy": (1, 5),
    "reject-route": (1, 6), "packet-too-big": (2, None), "time-exceeded": (3, None), "ttl-exceeded": (3, None),
    "ttl-zero-during-transit": (3, 0), "ttl-zero-during-reassembly": (3, 1), "parameter-problem": (4, None),
    "bad-header": (4, 0), "unknown-header-type": (4, 1), "unknown-option": (4, 2), "echo-request": (128, None),
    "ping": (128, None), "echo-reply": (129, None), "pong": (129, None), "mld-listener-query": (130, None),
    "mld-listener-report": (131, None), "mld-listener-done": (132, None), "mld-listener-reduction": (132, None),
    "router-solicitation": (133, None), "router-advertisement": (134, None), "neighbour-solicitation": (135, None),
    "neighbor-solicitation": (135, None), "neighbour-advertisement": (136, None),
    "neighbor-advertisement": (136, None), "redirect": (137, None),
}  # fmt: skip

TCP_FLAGS: Dict[str, int] = {
    "fin": 0x01, "syn": 0x02, "rst": 0x04, "psh": 0x08, "ack": 0x10, "urg": 0x20, "ecn": 0x40, "cwr": 0x80,
}  # fmt: skip
#: Bits of ``ct state`` in the kernel (NF_CT_STATE_BIT).
CT_STATES: Dict[str, int] = {"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64}
#: Bits of ``ct status`` (enum ip_conntrack_status).
CT_STATUS: Dict[str, int] = {
    "expected": 0x1, "seen-reply": 0x2, "assured": 0x4, "confirmed": 0x8, "snat": 0x10, "dnat": 0x20, "dying": 0x200,
}  # fmt: skip
#: Types of a route (RTN_*), as ``fib ... type`` and ``-m addrtype`` name them.
ADDRESS_TYPES: Dict[str, int] = {
    "unspec": 0, "unicast": 1, "local": 2, "broadcast": 3, "anycast": 4, "multicast": 5, "blackhole": 6,
    "unreachable": 7, "prohibit": 8, "throw": 9, "nat": 10, "xresolve": 11,
}  # fmt: skip
#: Link-layer kinds (PACKET_*), as ``meta pkttype`` and ``-m pkttype`` name them.
PACKET_TYPES: Dict[str, int] = {"host": 0, "unicast": 0, "broadcast": 1, "multicast": 2, "other": 3}
#: iptables targets that neither decide nor change what the question is about.
NO_EFFECT_TARGETS = {
    "LOG", "NFLOG", "ULOG", "TRACE", "MARK", "CONNMARK", "CLASSIFY", "TCPMSS", "DSCP", "TOS", "TTL", "HL", "AUDIT", "SET",
    "CHECKSUM", "SECMARK", "CONNSECMARK", "IDLETIMER", "LED", "TEE", "RATEEST", "HMARK", "TCPOPTSTRIP", "ECN",
}  # fmt: skip


def decimal(text: str, most: int) -> Optional[int]:
    """The number that ASCII digits write, up to ``most``; None for anything else. (Python calls ``²`` a digit, and does not read
    numbers of thousands of them.)"""
    if not (text.isascii() and text.isdigit()) or len(text) > 10:
        return None
    return int(text) if int(text) <= most else None


def protocol_number(name: str) -> Optional[int]:
    """The number of a protocol written as a name or a number; None when it is neither."""
    if name.isdigit():
        return decimal(name, 255)
    number = PROTOCOLS.get(name.lower())
    if number is not None:
        return number
    try:
        return socket.getprotobyname(name)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None


def port_number(name: str) -> Optional[int]:
    """The port written as a number or as a service name of this system; None when it is neither."""
    if name.isdigit():
        return decimal(name, 65535)
    try:
        return socket.getservbyname(name)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
