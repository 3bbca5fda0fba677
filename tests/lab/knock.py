# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which TCP ports answer a client: knock SECONDS PORT,... ADDRESS ... prints "FAMILY PORT open" or "FAMILY PORT closed" for each.

Addresses are told by their family, ``ipv4`` or ``ipv6``, or by a name that goes before them: ``container=10.88.0.2``. An
address of the client's own that it shall come from goes behind them: ``other=10.79.0.12@10.79.0.21``.
"""

from __future__ import annotations

import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product


def knock(name: str, address: str, source: str, port: int, seconds: float) -> str:
    try:
        socket.create_connection((address, port), timeout=seconds, source_address=(source, 0)).close()
    except OSError:  # silence, a reset, or an ICMP error
        return f"{name} {port} closed"
    return f"{name} {port} open"


def main() -> None:
    seconds = float(sys.argv[1])
    ports = [int(port) for port in sys.argv[2].split(",")]
    doors = [(*place(argument), port, seconds) for argument, port in product(sys.argv[3:], ports)]
    with ThreadPoolExecutor(len(doors)) as hands:
        print("\n".join(hands.map(knock, *zip(*doors))))


def place(argument: str) -> tuple[str, str, str]:
    """:return: the name, the address, and where to come from; blank for the client's own choice."""
    name, _sign, way = argument.rpartition("=")
    address, _sign, source = way.partition("@")
    return name or ("ipv6" if ":" in address else "ipv4"), address, source


main()
