# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listen on TCP ports, IPv4 and IPv6, as far as nobody else does, and hang up on everybody: listen PORT ..."""

from __future__ import annotations

import errno
import selectors
import socket
import sys


def main() -> None:
    waiting = selectors.DefaultSelector()
    for port in map(int, sys.argv[1:]):
        try:
            door = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        waiting.register(door, selectors.EVENT_READ, door)
    while True:
        for key, _events in waiting.select():
            key.data.accept()[0].close()


main()
