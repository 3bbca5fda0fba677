# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports that nobody serves, or somebody else does, or that stop serving in the middle of the look."""

from __future__ import annotations

import contextlib
import time

from matrix_case import FAIL, UNKNOWN, Case
from matrix_dialogues import CYRUS_IMAP, lines
from matrix_servers import Behaviour, TakeOver
from wire_servers import Peer, black_hole, unused_port

GREETING, PROTOCOL, REACHABLE, THROTTLED = "mail.greeting", "mail.protocol", "mail.reachable", "mail.throttled"
HANDSHAKE, ENCRYPTION = "mail.tls-handshake", "mail.encryption"


def hang_up(_peer: Peer) -> None:
    """The connection is closed when a script ends."""


def stay_silent(peer: Peer) -> None:
    peer.wait_closed()


def reset(peer: Peer) -> None:
    peer.reset()


def saying(words: bytes):
    def say(peer: Peer) -> None:
        peer.say(words)
        peer.wait_closed()

    return say


def without_end(chunk: bytes):
    def say(peer: Peer) -> None:
        while True:
            peer.say(chunk)

    return say


def drop_by_drop(peer: Peer) -> None:
    """A tarpit: a line of the greeting each second, and never the last."""
    while True:
        peer.say(b"220-mail.example.org ESMTP\r\n")
        time.sleep(1)


def hello_instead_of_tls(peer: Peer, _number: int) -> bool:
    peer.say(CYRUS_IMAP)
    for line in peer.lines():
        tag, _space, command = line.partition(b" ")
        offer = lines(b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED") if command == b"CAPABILITY" else b""
        peer.say(offer + tag + b" OK go\r\n")
        if command == b"STARTTLS":
            peer.socket.recv(4096)
            peer.say(lines(b"* BAD what?"))
            peer.wait_closed()
    return True


def from_connection(first: int, script) -> TakeOver:
    """Right until a connection, and from then on this."""

    def take_over(peer: Peer, number: int) -> bool:
        if number < first:
            return False
        script(peer)
        return True

    return take_over


def only_connection(which: int, script) -> TakeOver:
    return lambda peer, number: number == which and script(peer) is None


def serving(kind: str, script) -> Behaviour:
    return Behaviour(kind, take_over=from_connection(1, script))


def midway(kind: str, first: int, script) -> Behaviour:
    return Behaviour(kind, take_over=from_connection(first, script))


@contextlib.contextmanager
def nobody():
    yield unused_port()


def synchronised(peer: Peer) -> None:
    """Postfix 3.9 and later, of whoever speaks first."""
    peer.socket.recv(4096)
    peer.say(lines(b"554 5.5.0 Error: SMTP protocol synchronization"))


LOCAL_ERROR = lines(b"421 4.3.0 mail.example.org Server local error")
BUSY = saying(lines(b"421 4.7.0 mail.example.org Error: too many connections from 127.0.0.1"))
SSH = saying(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
HTTP = saying(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

TCP_CASES = [
    # Nobody is there
    Case("refused", nobody, (REACHABLE, FAIL), kind="submission"),
    Case("refused, with TLS first", nobody, (REACHABLE, FAIL), kind="imaps"),
    Case("refused, and may be", nobody, None, {"optional": True}, kind="imap"),
    Case("refused, and must be", nobody, None, {"closed": True}, kind="imap"),
    Case("packets dropped", black_hole, (REACHABLE, FAIL), kind="imap", reply_seconds=1),
    Case("reset at once", serving("imap", reset), (REACHABLE, FAIL)),
    Case("open and must be closed", Behaviour("imap"), ("mail.closed", FAIL), {"closed": True}),
    Case("open to others only", Behaviour("imap"), ("mail.closed", FAIL), {"from": "192.0.2.0/24"}),
    # Greetings
    Case("closed before the greeting", serving("submission", hang_up), (GREETING, FAIL)),
    Case("closed before TLS", serving("submissions", hang_up), (GREETING, FAIL)),
    Case("silent", serving("submission", stay_silent), (GREETING, UNKNOWN), reply_seconds=1),
    Case("silent, with TLS first", serving("imaps", stay_silent), ("mail.encryption", UNKNOWN), reply_seconds=1),
    Case("a tarpit", serving("smtp", drop_by_drop), (GREETING, UNKNOWN), reply_seconds=2),
    Case("a greeting without end", serving("imap", without_end(b"x" * 4000)), (PROTOCOL, FAIL)),
    Case("a greeting of endless lines", serving("smtp", without_end(b"220-busy\r\n" * 100)), (GREETING, FAIL)),
    Case("garbage", serving("pop3", saying(b"\x00\xfe\x01 what is this?\r\n")), (PROTOCOL, FAIL)),
    Case("puts everybody off", serving("submission", BUSY), (THROTTLED, UNKNOWN)),
    Case("IMAP says goodbye", serving("imap", saying(lines(b"* BYE Too many connections"))), (THROTTLED, UNKNOWN)),
    Case("POP3 in use", serving("pop3", saying(lines(b"-ERR [IN-USE] busy"))), (THROTTLED, UNKNOWN)),
    Case("Sieve too busy", serving("sieve", saying(lines(b'BYE (TRYLATER) "Too busy"'))), (THROTTLED, UNKNOWN)),
    Case("refuses service", serving("smtp", saying(lines(b"554 mail.example.org no service"))), (GREETING, FAIL)),
    Case("Postfix without the PROXY header it expects", serving("smtp", saying(LOCAL_ERROR)), (GREETING, FAIL)),
    # A PROXY header, where none is expected, is the first command
    Case("a PROXY header that SMTP does not expect", Behaviour("smtp", take_over=from_connection(1, synchronised)),
         (GREETING, FAIL), {"proxy_protocol": "v1"}),
    Case("a PROXY header that IMAP does not expect", Behaviour("imap"), (ENCRYPTION, UNKNOWN), {"proxy_protocol": "v1"}),
    Case("a PROXY header that implicit TLS does not expect", Behaviour("imaps"), (GREETING, FAIL), {"proxy_protocol": "v2"}),
    # Other protocols
    Case("SSH instead", serving("submission", SSH), (PROTOCOL, FAIL)),
    Case("HTTP instead", serving("imaps", HTTP), (PROTOCOL, FAIL)),
    Case("IMAP instead of POP3", Behaviour("pop3", greeting=CYRUS_IMAP), (PROTOCOL, FAIL)),
    Case("LMTP instead of SMTP", serving("smtp", saying(lines(b"220 x LMTP ready"))), (PROTOCOL, FAIL), reply_seconds=1),
    Case("other bytes than TLS after STARTTLS", Behaviour("imap", take_over=hello_instead_of_tls), (HANDSHAKE, FAIL)),
    # In the middle of the look
    Case("puts us off once", Behaviour("submission", take_over=only_connection(1, BUSY)), None),
    Case("throttled in the middle", midway("submission", 5, BUSY), (THROTTLED, UNKNOWN)),
    Case("throttled for the rest", midway("smtp", 8, BUSY), (THROTTLED, UNKNOWN)),
    Case("throttled at the second visit", midway("submission", 2, BUSY), (THROTTLED, UNKNOWN)),
    Case("banned in the middle", midway("imaps", 5, hang_up), (THROTTLED, UNKNOWN)),
    Case("banned in the middle, STARTTLS", midway("imap", 5, hang_up), (THROTTLED, UNKNOWN)),
    Case("banned in the middle by resets", midway("pop3s", 6, reset), (THROTTLED, UNKNOWN)),
    Case("a tarpit in the middle", midway("imaps", 5, stay_silent), (THROTTLED, UNKNOWN), reply_seconds=1),
    Case("a tarpit in the middle, STARTTLS", midway("submission", 5, stay_silent), (THROTTLED, UNKNOWN), reply_seconds=1),
]  # fmt: skip
