# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The systemd socket units and what they listen on: a socket that systemd itself holds open is theirs."""

from __future__ import annotations

import shutil
import subprocess
from typing import Callable, Dict, Optional, Tuple

from .evidence import TCP, UDP

#: Address, port and protocol, as systemd writes them: ``("0.0.0.0", 25, "tcp")``; a wildcard of IPv6 is ``::``.
Place = Tuple[str, int, str]
_KINDS = {"(Stream)": TCP, "(Datagram)": UDP}
_COMMAND = ("show", "*.socket", "--property=Id,ActiveState,Listen", "--no-pager")
_SECONDS = 10.0


def list_socket_units(find: Callable[[str], Optional[str]] = shutil.which) -> str:
    """What ``systemctl show`` tells of all loaded socket units; ``""`` where there is no systemctl or it has no answer."""
    command = find("systemctl")
    if command is None:
        return ""
    try:
        # The library is no module: it has no run_command of Ansible's.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            [command, *_COMMAND], stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def places(text: str) -> Dict[Place, str]:
    """The active unit of each place, from blocks of lines ``Listen=[::]:25 (Stream)``, ``ActiveState=active`` and
    ``Id=NAME.socket``."""
    found: Dict[Place, str] = {}
    for block in text.split("\n\n"):
        unit = ""
        if "ActiveState=active" not in block.splitlines():
            continue
        listed = []
        for line in block.splitlines():
            key, _equals, value = line.partition("=")
            if key == "Id":
                unit = value
            elif key == "Listen":
                listed.append(value)
        for value in listed:
            place = _place(value)
            if place is not None and unit:
                found[place] = unit
    return found


def _place(value: str) -> Optional[Place]:
    where, _space, kind = value.partition(" ")
    address, _colon, port = where.rpartition(":")
    if kind not in _KINDS or not port.isdigit():
        return None
    return address.strip("[]").partition("%")[0], int(port), _KINDS[kind]
