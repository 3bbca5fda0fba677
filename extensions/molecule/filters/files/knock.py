# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which TCP ports answer a client: knock SECONDS PORT,... ADDRESS ... prints "FAMILY PORT open" or "FAMILY PORT closed" for each.

Addresses are told by their family, ``ipv4`` or ``ipv6``, or by a name that goes before them: ``container=10.88.0.2``.
"""

from __future__ import annotations

import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product


def knock(name: str, address: str, port: int, seconds: float) -> str:
    try:
        socket.create_connection((address, port), timeout=seconds).close()
    except OSError:  # silence, a reset, or an ICMP error
        return f"{name} {port} closed"
    return f"{name} {port} open"


def main() -> None:
    seconds = float(sys.argv[1])
    ports = [int(port) for port in sys.argv[2].split(",")]
    places = [argument.rpartition("=")[::2] for argument in sys.argv[3:]]
    doors = [
        (name or ("ipv6" if ":" in address else "ipv4"), address, port, seconds)
        for (name, address), port in product(places, ports)
    ]
    with ThreadPoolExecutor(len(doors)) as hands:
        print("\n".join(hands.map(knock, *zip(*doors))))


main()
