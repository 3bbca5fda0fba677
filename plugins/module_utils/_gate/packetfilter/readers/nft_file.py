# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules in nft's own text form (``/etc/nftables.conf``), which only nft itself reads rightly.

The file is loaded into a network namespace that exists for this alone: nothing of the host's changes, whatever the file says.
"""

from __future__ import annotations

import glob
import os
import re
import tempfile
from typing import Iterable, Iterator, List, Set, Tuple

from ...dataclass import dataclass, replace
from ...errors import EvidenceError
from ...host import commands
from ..model import NOTHING_KNOWN, Host
from . import nft_json
from .nft_anonymous import joined, with_named_chains
from .nft_listing import read_listing, without_flags

_SECONDS = 60.0
_LARGEST = 256 * 1024 * 1024
_MOST_FILES = 256
_MOST_NAMES = 256
#: Kernels lack one or the other; who has the name already stays.
_KINDS_OF_LINK = ("dummy", "bridge", "ifb")
_JSON_INSTEAD = "give rules.nft_json, the output of `nft -j list ruleset`"

_INCLUDE = re.compile(r'^\s*include\s+"([^"\n]+)"', re.MULTILINE)
#: Lines on which interfaces may be named that have to exist: ``iif eth0``, ``devices = { eth0 }``, ``define wan = eth0``.
_NAMES_INTERFACES = re.compile(r"\b(?:iif|oif|device|devices|define|sdif)\b[^\n]*(?:\{[^}]*\})?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.@-]{0,14}")

#: In the namespace: interfaces, the rules, and what nft makes of them. Its arguments: a directory for results, the file's
#: directory, the file, nft, ip.
_SCRIPT = """
: > "$1/entered"
"$5" -force -batch "$1/links" > /dev/null 2>&1
cd "$2" || exit 2
"$4" -I "$2" -f "$3" || exit 3
"$4" -j list ruleset > "$1/json" || exit 4
"$4" list ruleset > "$1/text" || exit 4
"""
_OWN_NAMESPACE: Tuple[Tuple[str, ...], ...] = (("--net",), ("--user", "--map-root-user", "--net"))


@dataclass(frozen=True)
class _Loaded:
    json: str
    listing: str


def read_text(path: str, subject: str, host: Host = NOTHING_KNOWN) -> nft_json.NftRules:
    """The rules in a file of nft's text form, with all that it includes.

    :param subject: what the file is, for messages: ``rules.nft=/etc/nftables.conf``.
    :param host: where the rules will act, as far as that is known. They may take its interfaces for granted.

    :raises EvidenceError: the file cannot be read, nft refuses it (the message tells the line), nft is not here, or a network
        namespace of one's own is not permitted.
    """
    path = os.path.abspath(path)
    names = set(host.interfaces or ()) | _mentioned(path, subject)
    loaded = _load(path, subject, names)
    listing = read_listing(loaded.listing)
    document = loaded.json
    plain = with_named_chains(without_flags(loaded.listing))
    if plain.strip() != loaded.listing.strip():
        document = _load_listing(plain, subject, names)
    return nft_json.read(document, subject, listing.dormant, listing.devices, handles=False, host=elsewhere(host))


def elsewhere(host: Host) -> Host:
    """The host, as rules know it that were loaded elsewhere: numbers of interfaces there say nothing of those here."""
    return replace(host, interfaces=None)


def name_anonymous_chains(document: str, listing: str, subject: str, interfaces: Iterable[str]) -> str:
    """What ``nft -j list ruleset`` prints, with the anonymous chains that nft 1.0.6 leaves out of it, under names.

    :param listing: the same rules as ``nft list ruleset`` prints them. ``interfaces``: the host's.
    :raises EvidenceError: a network namespace of one's own is not permitted; the document is then still good, with doubts.
    """
    return joined(document, _load_listing(with_named_chains(without_flags(listing)), subject, set(interfaces)))


def _load_listing(listing: str, subject: str, names: Set[str]) -> str:
    with tempfile.TemporaryDirectory(prefix="gate-") as directory:
        path = os.path.join(directory, "ruleset.nft")
        _write(path, listing)
        return _load(path, subject, names).json


def _mentioned(path: str, subject: str) -> Set[str]:
    """Words of the file and of the files that it includes that may be names of interfaces."""
    names: Set[str] = set()
    for text in contents(path, subject):
        for line in _NAMES_INTERFACES.findall(text):
            names.update(_NAME.findall(line))
    return set(sorted(names)[:_MOST_NAMES])


def contents(path: str, subject: str) -> Iterator[str]:
    """The text of the file, and of each file that it includes.

    :raises EvidenceError: it cannot be read.
    """
    path = os.path.abspath(path)
    directory = os.path.dirname(path)
    waiting = [path]
    seen: Set[str] = set()
    while waiting:
        current = waiting.pop()
        if current in seen or len(seen) >= _MOST_FILES:
            continue
        seen.add(current)
        text = _content(current, subject, must_exist=current == path)
        yield text
        for pattern in _INCLUDE.findall(text):
            for place in (directory, "/etc"):
                waiting.extend(sorted(glob.glob(os.path.join(place, pattern))))


def _content(path: str, subject: str, must_exist: bool) -> str:
    try:
        if os.path.getsize(path) > _LARGEST:
            raise EvidenceError(subject, "{0} has more than {1} bytes".format(path, _LARGEST), _JSON_INSTEAD)
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(_LARGEST)
    except OSError as error:
        if must_exist:
            raise EvidenceError(
                subject, "it cannot be read: {0}".format(error.strerror or error), "give a file of nft's text form"
            ) from error
        return ""  # nft itself tells what an include is about


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def _load(path: str, subject: str, names: Iterable[str]) -> _Loaded:
    tools = {name: commands.find_command(name) for name in ("unshare", "nft", "ip", "sh")}
    for name, package in (("nft", "nftables"), ("unshare", "util-linux"), ("sh", "a shell"), ("ip", "iproute2")):
        if tools[name] is None:
            raise EvidenceError(
                subject,
                "it is loaded into a throw-away network namespace to be read, and there is no {0} on this host".format(
                    name
                ),
                "install {0}, or {1}".format(package, _JSON_INSTEAD),
            )
    problems: List[str] = []
    with tempfile.TemporaryDirectory(prefix="gate-") as results:
        links = [
            "link add name {0} type {1}".format(name, kind)
            for name in sorted(names)
            if _NAME.fullmatch(name)
            for kind in _KINDS_OF_LINK
        ]
        _write(os.path.join(results, "links"), "\n".join(links) + "\nlink set lo up\n")
        script = [
            str(tools["sh"]), "-c", _SCRIPT, "sh", results, os.path.dirname(path), path, str(tools["nft"]), str(tools["ip"]),
        ]  # fmt: skip
        for options in _OWN_NAMESPACE:
            done = commands.run_command([str(tools["unshare"]), *options, *script], _SECONDS)
            if os.path.exists(os.path.join(results, "entered")):
                if done.code != 0:
                    raise _refused(subject, done.err)
                return _Loaded(_result(results, "json", subject), _result(results, "text", subject))
            problems.append(done.err.strip().splitlines()[-1] if done.err.strip() else "code {0}".format(done.code))
    raise EvidenceError(
        subject,
        "it is loaded into a throw-away network namespace to be read, and that is not permitted here ({0})".format(
            "; ".join(problems)
        ),
        "run this as root (`become: true`), or {0}".format(_JSON_INSTEAD),
    )


def _refused(subject: str, said: str) -> EvidenceError:
    lines = [line.rstrip() for line in said.splitlines() if "rror" in line or "ermitted" in line]
    shown = "; ".join(lines[:3]) or said.strip()[:300] or "no message"
    denied = "ermitted" in said
    remedy = "run this as root (`become: true`), or {0}".format(_JSON_INSTEAD) if denied else "mend the file"
    return EvidenceError(subject, "nft refuses it: {0}".format(shown), remedy)


def _result(directory: str, name: str, subject: str) -> str:
    path = os.path.join(directory, name)
    if os.path.getsize(path) > _LARGEST:
        raise EvidenceError(subject, "nft prints more than {0} bytes of it".format(_LARGEST), None)
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()
