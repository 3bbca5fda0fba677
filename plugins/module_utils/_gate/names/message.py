# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DNS messages (RFC 1035 section 4): one question out, the records that answer it in. No sockets here."""

from __future__ import annotations

import ipaddress
import struct
from typing import Dict, List, Tuple

from ..dataclass import dataclass

A, NS, CNAME, PTR, MX, AAAA = 1, 2, 5, 12, 15, 28
KINDS = {"A": A, "AAAA": AAAA, "MX": MX, "PTR": PTR}

NO_ERROR, FORMAT_ERROR, NO_SUCH_NAME = 0, 1, 3
#: RFC 1035 section 4.1.1, and later ones.
CODES = {1: "format error", 2: "server failure", 3: "no such name", 4: "not implemented", 5: "refused"}

_IN = 1
_HEADER = struct.Struct("!HHHHHH")
_FIXED = struct.Struct("!HHIH")
_RESPONSE, _AUTHORITATIVE, _TRUNCATED, _RECURSION_DESIRED, _RECURSION, _AUTHENTIC = (
    0x8000,
    0x400,
    0x200,
    0x100,
    0x80,
    0x20,
)
#: EDNS (RFC 6891): answers of up to this size fit every path (DNS flag day 2020).
_UDP_SIZE = 1232
_OPT = b"\0" + struct.pack("!HHIH", 41, _UDP_SIZE, 0, 0)
_MOST_JUMPS = 64


class Malformed(ValueError):
    """These bytes are no answer to the question."""


@dataclass(frozen=True)
class Answer:
    """``code``: RFC 1035's. ``records``: for A, AAAA and PTR the address or name, for MX ``(preference, name)``; names without a
    final dot, the root as ``""``. ``truncated``: ask again over TCP. ``authentic``: the resolver says that it validated (AD).
    ``decides``: False for a mere referral, by a server that does not recurse."""

    code: int
    records: Tuple[object, ...]
    truncated: bool
    authentic: bool
    decides: bool = True


def question(number: int, name: str, kind: str, extended: bool = True) -> bytes:
    """A query with this id.

    :param name: in A-labels.
    :param extended: with EDNS, which servers that know nothing of it refuse with a format error.
    """
    header = _HEADER.pack(number, _RECURSION_DESIRED | _AUTHENTIC, 1, 0, 0, 1 if extended else 0)
    return header + _encoded(name) + struct.pack("!HH", KINDS[kind], _IN) + (_OPT if extended else b"")


def read_answer(data: bytes, number: int, name: str, kind: str) -> Answer:
    """The records of this kind that ``name`` has, aliases (CNAME) followed within the answer.

    :raises Malformed: it answers another question, or breaks off.
    """
    try:
        return _read(data, number, name, kind)
    except (IndexError, struct.error) as why:
        raise Malformed("it breaks off") from why


def _read(data: bytes, number: int, name: str, kind: str) -> Answer:
    found, flags, questions, answers, _authority, _additional = _HEADER.unpack_from(data)
    if found != number or not flags & _RESPONSE:
        raise Malformed("another question's answer")
    place = _HEADER.size
    for _question in range(questions):
        asked, place = _name(data, place)
        asked_kind, _class = struct.unpack_from("!HH", data, place)
        place += 4
        if asked != name.lower() or asked_kind != KINDS[kind]:
            raise Malformed("another question's answer")
    truncated = bool(flags & _TRUNCATED)
    aliases: Dict[str, str] = {}
    records: List[Tuple[str, object]] = []
    for _answer in range(0 if truncated else answers):
        owner, place = _name(data, place)
        found_kind, found_class, _ttl, length = _FIXED.unpack_from(data, place)
        place += _FIXED.size
        if place + length > len(data):
            raise Malformed("it breaks off")
        if found_class == _IN and found_kind == CNAME:
            aliases[owner] = _name(data, place)[0]
        elif found_class == _IN and found_kind == KINDS[kind]:
            records.append((owner, _record(data, place, length, found_kind)))
        place += length
    owners = {name.lower()}
    owner = name.lower()
    while owner in aliases and aliases[owner] not in owners:
        owner = aliases[owner]
        owners.add(owner)
    mine = tuple(record for where, record in records if where in owners)
    decides = bool(mine) or bool(flags & (_AUTHORITATIVE | _RECURSION))
    return Answer(flags & 0xF, mine, truncated, bool(flags & _AUTHENTIC), decides)


def _record(data: bytes, place: int, length: int, kind: int) -> object:
    if kind == A and length == 4:
        return str(ipaddress.IPv4Address(data[place : place + 4]))
    if kind == AAAA and length == 16:
        return str(ipaddress.IPv6Address(data[place : place + 16]))
    if kind == MX and length > 2:
        return struct.unpack_from("!H", data, place)[0], _name(data, place + 2)[0]
    if kind == PTR:
        return _name(data, place)[0]
    raise Malformed("a record of a wrong length")


def _encoded(name: str) -> bytes:
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def _name(data: bytes, place: int) -> Tuple[str, int]:
    """The name at ``place`` in lower case, and where what follows it begins. Pointers only lead back (RFC 1035 4.1.4)."""
    labels: List[str] = []
    after = -1
    for _jump in range(_MOST_JUMPS + 128):
        length = data[place]
        if length >= 0xC0:
            target = (length & 0x3F) << 8 | data[place + 1]
            after = place + 2 if after < 0 else after
            if target >= place:
                raise Malformed("a pointer that does not lead back")
            place = target
        elif length > 63:
            raise Malformed("a label of unknown kind")
        elif not length:
            return ".".join(labels), (place + 1 if after < 0 else after)
        else:
            label = data[place + 1 : place + 1 + length]
            if len(label) < length:
                raise Malformed("it breaks off")
            labels.append(_printable(label))
            place += 1 + length
    raise Malformed("a name without end")


def _printable(label: bytes) -> str:
    """The label as text; bytes that no host name has as ``\\DDD`` (RFC 1035 section 5.1)."""
    return "".join(
        chr(byte).lower() if 33 <= byte <= 126 and byte not in b".\\" else "\\{0:03d}".format(byte) for byte in label
    )
