# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a peer as a whole process and hands back what it wrote."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from typing import List

#: The name in SNI and in the certificates.
SERVER_NAME = "mx.peers.test"
VERSIONS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


class ToolFailed(Exception):
    """A peer gave no result; the text says which and why."""


@dataclass(frozen=True)
class Port:
    """Where to look. ``starttls``: smtp, imap or pop3 where TLS is asked for, ``""`` where it is spoken at once."""

    address: str
    number: int
    starttls: str = ""

    def __str__(self) -> str:
        return f"{self.address}:{self.number}"


def run(command: List[str], patience: float = 600.0) -> float:
    """:return: the wall time in seconds.

    :raises ToolFailed: it did not end within ``patience`` seconds.
    """
    start = time.monotonic()
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ToolFailed(f"{command[0]} was not done after {patience:.0f} s") from None
    return time.monotonic() - start
