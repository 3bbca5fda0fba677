# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rulesets of the shapes that hurt, as the text that their tools load, and the services that each is exactly."""

from __future__ import annotations

import random
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Dict, Iterable, List

MAIL_PORTS = (25, 110, 143, 465, 587, 993, 995)
#: What is open besides, where a surplus is asked for.
SURPLUS = "tcp dport 2000 accept"


@dataclass(frozen=True)
class Shape:
    """``kind``: what loads the text, ``nft`` or ``iptables``. ``services``: as the user writes them."""

    kind: str
    text: str
    services: List[Any]


def nft_rules(count: int, surplus: bool = False) -> Shape:
    """Rules of one source and one port each."""
    choice = random.Random(count)
    rules: List[str] = []
    sources: Dict[int, List[str]] = {}
    for address in _addresses(choice, count):
        port = choice.choice(MAIL_PORTS)
        sources.setdefault(port, []).append(address)
        rules.append("ip saddr {0} tcp dport {1} accept".format(address, port))
    return Shape("nft", _nft(rules + [SURPLUS] * surplus), _services(sources))


def nft_set(count: int, surplus: bool = False) -> Shape:
    """A set of networks that is dropped before the mail ports are open to all others."""
    networks = _networks(random.Random(count), count)
    blocked = "set blocked {{ type ipv4_addr; flags interval; elements = {{ {0} }} }}".format(", ".join(networks))
    rules = ["ip saddr @blocked drop", "tcp dport {{ {0} }} accept".format(", ".join(map(str, MAIL_PORTS)))]
    services = [{"protocol": "tcp", "port": port, "optional": True} for port in MAIL_PORTS]
    return Shape("nft", _nft(rules + [SURPLUS] * surplus, blocked), services)


def nft_chains(count: int, surplus: bool = False) -> Shape:
    """A dispatch by destination port to chains of three rules."""
    choice = random.Random(count)
    chains, elements = [], []
    for number in range(count):
        elements.append("{0} : jump chain{1}".format(number + 1, number))
        body = [
            "ip saddr {0} drop".format(_network(choice, 16)),
            "ip saddr {0} accept".format(_network(choice, 8)),
            "ip saddr {0} return".format(_network(choice, 24)),
        ]
        chains.append("chain chain{0} {{ {1}; }}".format(number, "; ".join(body)))
    dispatch = "tcp dport vmap {{ {0} }}".format(", ".join(elements))
    services = [
        {"protocol": "tcp", "port": number + 1, "from": ["0.0.0.0/0"], "optional": True} for number in range(count)
    ]
    return Shape("nft", _nft([dispatch] + ["udp dport 53 accept"] * surplus, "\n".join(chains)), services)


def iptables_eight(count: int) -> Shape:
    """Rules of a large site over eight dimensions: some of the conditions each, values from pools as people have them,
    accept and drop mixed. No list of services is exactly that: hundreds of its rules open something else."""
    choice = random.Random(count)
    interfaces = ("eth0", "eth1", "eth2", "wg0", "tun0", "vlan10", "vlan20", "br0")
    ports = choice.sample(range(1, 65536), 300)
    networks = [_network(choice, choice.choice((8, 16, 24, 24, 24, 32, 32))) for _n in range(400)]
    hosts = [_network(choice, choice.choice((24, 28, 32, 32, 32))) for _n in range(60)]
    rules: List[str] = []
    for _number in range(count):
        protocol = choice.choice(("tcp", "tcp", "tcp", "udp", "icmp"))
        words = ["-A INPUT"]
        if choice.random() < 0.8:
            words.append("-s " + choice.choice(networks))
        if choice.random() < 0.4:
            words.append("-d " + choice.choice(hosts))
        if choice.random() < 0.3:
            words.append("-i " + choice.choice(interfaces))
        words.append("-p " + protocol)
        if protocol == "icmp":
            words.append("-m icmp --icmp-type {0}".format(choice.choice((0, 3, 8, 11))))
        else:
            words.append("-m " + protocol)
            if choice.random() < 0.02:
                words.append("--sport 53")
            if choice.random() < 0.9:
                first = choice.choice(ports)
                last = min(65535, first + choice.choice((0, 0, 0, 0, 5)))
                words.append("--dport {0}".format(first if first == last else "{0}:{1}".format(first, last)))
        if choice.random() < 0.2:
            words.append("-m conntrack --ctstate NEW,ESTABLISHED")
        words.append("-j " + choice.choice(("ACCEPT", "ACCEPT", "ACCEPT", "DROP")))
        rules.append(" ".join(words))
    head = ["*filter", ":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]"]
    services = [{"protocol": "tcp", "port": 25, "optional": True}]
    return Shape("iptables", "\n".join([*head, *rules, "COMMIT", ""]), services)


def _nft(rules: Iterable[str], before: str = "") -> str:
    base = "type filter hook input priority 0; policy drop;"
    return "table inet filter {{\n{0}\nchain input {{ {1}\n{2}\n}}\n}}\n".format(before, base, "\n".join(rules))


def _services(sources: Dict[int, List[str]]) -> List[Any]:
    return [{"protocol": "tcp", "port": port, "from": some} for port, some in sorted(sources.items())]


def _addresses(choice: random.Random, count: int) -> List[str]:
    """Different unicast addresses of clients."""
    numbers: Dict[int, None] = {}
    while len(numbers) < count:
        number = choice.getrandbits(32)
        if 1 <= number >> 24 <= 223 and number >> 24 != 127:
            numbers[number] = None
    return [str(IPv4Address(number)) for number in numbers]


def _networks(choice: random.Random, count: int) -> List[str]:
    """Different networks without a common address, none of them neighbours."""
    found: Dict[int, str] = {}
    while len(found) < count:
        block = choice.getrandbits(23)
        if 1 <= block >> 15 <= 223 and block >> 15 != 127 and block not in found:
            length = choice.choice((24, 24, 28, 32, 32))
            first = block << 9 | (choice.getrandbits(8) >> (32 - length) << (32 - length) if length > 24 else 0)
            found[block] = "{0}/{1}".format(IPv4Address(first), length)
    return list(found.values())


def _network(choice: random.Random, length: int) -> str:
    while True:
        first = choice.getrandbits(32) >> (32 - length) << (32 - length)
        if 1 <= first >> 24 <= 223 and first >> 24 != 127:
            return "{0}/{1}".format(IPv4Address(first), length)
