# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the look at a packet filter asks a host, and the host's answers as plain data, which `replay` reads elsewhere.

Nothing is understood here, so little has to be sent to the host and compiled there. What is asked can only read.
"""

from __future__ import annotations

import glob
import re
import socket
from typing import Any, Dict, List, Mapping, Sequence

from ..errors import EvidenceError, IntentError
from .commands import NFT_NAME, find_command, is_root, read_text, run_command

#: What ipset and ip take for a name, each from an argument of its own.
_ARGUMENT = r"[^-\0][^\0]*"
#: Programs that may be run, and what may be said to each: a pattern for each word.
_READING: Mapping[str, Sequence[Sequence[str]]] = {
    "nft": (
        ("-j", "-t", "list", "ruleset"),
        ("-[jt]", "list", "ruleset"),
        ("-j", "list", "sets|maps"),
        ("-j", "list", "set|map|chain", "[a-z0-9]+", NFT_NAME, NFT_NAME),
    ),
    "ip": (
        ("-j", "-d", "address", "show"),
        ("-j", "-[46]", "rule", "show"),
        ("-j", "-[46]", "route", "show", "table", _ARGUMENT),
        ("-j", "-[46]", "route", "show", "table", "local", "type", "local"),
    ),
    "ipset": (("save", _ARGUMENT),),
    "iptables-save": ((),),
    "iptables-nft-save": ((),),
    "iptables-legacy-save": ((),),
    "ip6tables-save": ((),),
    "ip6tables-nft-save": ((),),
    "ip6tables-legacy-save": ((),),
}
#: What every look asks.
FIRST = (
    ("ip", "-j", "-d", "address", "show"),
    *(("ip", "-j", family, "rule", "show") for family in ("-4", "-6")),
    *(("ip", "-j", family, "route", "show", "table", "main") for family in ("-4", "-6")),
    *(("ip", "-j", family, "route", "show", "table", "local", "type", "local") for family in ("-4", "-6")),
    ("nft", "-j", "-t", "list", "ruleset"),
)
#: Files that every look reads, as patterns; one that is not there is empty.
FILES = (
    "/proc/modules",
    "/proc/net/ip_tables_names",
    "/proc/net/ip6_tables_names",
    "/proc/net/ip_vs",
    "/proc/sys/net/ipv4/conf/*/forwarding",
    "/proc/sys/net/ipv4/conf/*/route_localnet",
    "/proc/sys/net/ipv6/conf/*/forwarding",
    "/proc/sys/net/ipv6/conf/*/force_forwarding",
)


def record(commands: Sequence[Sequence[str]], seconds: float) -> Dict[str, Any]:
    """What the host answers: ``root``, ``hostname``, ``programs`` (name to full path, without those that are not there),
    ``commands`` and ``files`` (with the patterns that they were found by).

    :param commands: each the name of a program and its arguments; none for `FIRST` and `FILES`.
    :param seconds: for each command.
    :raises IntentError: for a command that could do more than read.
    """
    for number, command in enumerate(commands):
        _check(command, "commands[{0}]".format(number))
    programs = {name: find_command(name) for name in _READING}
    root = is_root()
    found: List[Dict[str, Any]] = []
    files: Dict[str, Any] = {}
    for command in commands or FIRST:
        path = programs[command[0]]
        # nft tells others than root nothing but that it does not.
        if path is not None and (root or command[0] == "ip"):
            found.append(_answer([path, *command[1:]], seconds))
    for pattern in () if commands else FILES:
        # The name of an interface may begin with a dot.
        for path in {*glob.glob(pattern), *glob.glob(pattern.replace("*", ".*"))}:
            files[path] = _content(path)
    return {
        "root": root,
        "hostname": socket.gethostname(),
        "programs": {name: path for name, path in programs.items() if path is not None},
        "commands": found,
        "files": files,
        "patterns": [] if commands else list(FILES),
    }


def _check(command: Sequence[str], option: str) -> None:
    shapes = _READING.get(command[0], ()) if command else ()
    if not any(_fits(command[1:], shape) for shape in shapes):
        raise IntentError(option, list(command), "a command that only reads, such as [nft, -j, list, ruleset]")


def _fits(words: Sequence[str], shape: Sequence[str]) -> bool:
    return len(words) == len(shape) and all(map(re.fullmatch, shape, words))


def _answer(command: Sequence[str], seconds: float) -> Dict[str, Any]:
    try:
        done = run_command(command, seconds)
    except EvidenceError as error:
        return {"command": list(command), "problem": error.problem}
    return {"command": list(command), "code": done.code, "out": done.out, "err": done.err}


def _content(path: str) -> Dict[str, str]:
    try:
        return {"text": read_text(path)}
    except EvidenceError as error:
        return {"problem": error.problem}
