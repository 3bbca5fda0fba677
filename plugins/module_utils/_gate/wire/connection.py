# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place with sockets: a TCP connection, later perhaps with TLS, under a deadline."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import time
from typing import Optional, Tuple

from ..dataclass import dataclass
from . import decrypted, evidence
from .recognise import is_tls
from .text import printable
from .tls import ESTABLISHED, FAILED, NOT_TLS, SILENT, Demands, Handshake, failed_handshake, words_of

_CHUNK = 16384
#: A connection attempt that went unanswered for so long (two repetitions of the SYN) counts as timed out,
#: even when the deadline and not the time for connecting cut it off.
_SURELY_UNANSWERED = 3.0
_RESETS = (errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE)
_LOCAL_SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Silence(Exception):
    """Nothing came within the time granted."""


class DeadlineReached(Exception):
    """The whole look is over."""


class Broken(Exception):
    """The connection is unusable: reset, or a TLS alert; the text says which."""

    def __init__(self, text: str, reset: bool = False) -> None:
        self.reset = reset
        super().__init__(text)


class NotOpened(Exception):
    """No TCP connection came about.

    :param state: one of the states of :mod:`.evidence`.
    :param cut_off: the deadline ended the attempt.
    :param source_address: from which it was made, ``""`` where the system did not come to choose one.
    """

    def __init__(
        self, state: str, seconds: float, detail: str, cut_off: bool = False, source_address: str = ""
    ) -> None:
        self.source_address = source_address
        self.state = state
        self.seconds = seconds
        self.detail = detail
        self.cut_off = cut_off
        super().__init__(detail)


class Deadline:
    """The moment at which everything ends, ``seconds`` from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        return self._end - time.monotonic()

    def grant(self, seconds: float) -> float:
        """As many of ``seconds`` as are left.

        :raises DeadlineReached: none are.
        """
        granted = min(seconds, self.remaining())
        if granted <= 0:
            raise DeadlineReached()
        return granted

    def __str__(self) -> str:
        return "deadline of {0:g} s reached".format(self.seconds)


@dataclass(frozen=True)
class Endpoint:
    """One address of a host. ``address`` has its scope (``fe80::1%eth0``) where it needs one."""

    family: int  # socket.AF_INET or AF_INET6
    address: str
    scope_id: int = 0

    @property
    def is_ipv6(self) -> bool:
        return self.family == socket.AF_INET6

    def socket_address(self, port: int) -> Tuple[object, ...]:
        bare = self.address.partition("%")[0]
        return (bare, port, 0, self.scope_id) if self.is_ipv6 else (bare, port)


class Connection:
    """An open TCP connection. ``seconds``: how long opening it took. ``source``, ``destination``: address and port."""

    def __init__(self, connected: socket.socket, deadline: Deadline, seconds: float) -> None:
        self._socket = connected
        self._deadline = deadline
        self.seconds = seconds
        self.source: Tuple[str, int] = connected.getsockname()[:2]
        self.destination: Tuple[str, int] = connected.getpeername()[:2]
        self.source_address = str(self.source[0])
        self._tls: Optional[ssl.SSLObject] = None
        self._heard_under_tls = False
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()

    def send(self, data: bytes, seconds: float) -> None:
        """Send all of ``data``, inside TLS once that is established."""
        if self._tls is None:
            self._raw_send(data, seconds)
            return
        try:
            self._tls.write(data)
        except ssl.SSLError as why:
            raise Broken("TLS: {0}".format(words_of(why))) from why
        self._raw_send(self._outgoing.read(), seconds)

    def receive(self, seconds: float) -> bytes:
        """Some bytes; none when the server closed.

        :raises Silence: nothing came in ``seconds``.
        """
        until = time.monotonic() + seconds
        while True:
            if self._tls is None:
                return self._raw_receive(until)
            try:
                data = self._tls.read(_CHUNK)
                self._heard_under_tls = True
                return data
            except ssl.SSLWantReadError:
                self._raw_send(self._outgoing.read(), seconds)
                data = self._raw_receive(until)
                if not data:
                    return b""
                self._incoming.write(data)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError as why:
                raise Broken("TLS: {0}".format(words_of(why))) from why

    @property
    def early_data(self) -> Optional[bool]:
        """Whether the server's tickets allow 0-RTT data. They come before its first words; None before these, in older
        versions, and where Python does not tell."""
        if self._tls is None or not self._heard_under_tls or self._tls.version() != "TLSv1.3":
            return None
        return decrypted.allow_early_data(self._tls)

    def waiting(self) -> bytes:
        """What the server has sent already, without waiting for more (outside TLS)."""
        self._socket.setblocking(False)
        try:
            return self._socket.recv(_CHUNK)
        except (BlockingIOError, ConnectionError):
            return b""

    def handshake(self, context: ssl.SSLContext, demands: Demands, sni: str, seconds: float) -> Handshake:
        """Begin TLS; ``sni`` is left out when empty. A failed handshake is a result, not an exception."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=sni or None)
        until = time.monotonic() + seconds
        first_bytes = b""
        try:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    self._raw_send(self._outgoing.read(), seconds)
                data = self._raw_receive(until)
                first_bytes = (first_bytes + data)[:_CHUNK]
                if not data:
                    return Handshake(FAILED, demands, "closed during the handshake", first_bytes=first_bytes)
                if not is_tls(first_bytes):
                    said = "answered the handshake with other bytes: {0}".format(printable(first_bytes, 80))
                    return Handshake(NOT_TLS, demands, said, first_bytes=first_bytes)
                self._incoming.write(data)
            self._raw_send(self._outgoing.read(), seconds)
        except Silence:
            said = "no answer to the handshake within {0:g} s".format(seconds)
            return Handshake(SILENT, demands, said, first_bytes=first_bytes)
        except Broken as why:
            return Handshake(FAILED, demands, "{0} during the handshake".format(why), first_bytes=first_bytes)
        except ssl.SSLError as why:
            self._try_to_send(self._outgoing.read())
            return failed_handshake(why, demands, first_bytes)
        self._tls = tls
        cipher, _protocol, bits = tls.cipher() or ("", "", 0)
        return Handshake(
            ESTABLISHED,
            demands,
            first_bytes=first_bytes,
            version=tls.version() or "",
            cipher=cipher,
            cipher_bits=bits,
            der=tls.getpeercert(binary_form=True) or b"",
            chain=tuple(tls.get_unverified_chain()) if hasattr(tls, "get_unverified_chain") else (),
            told_groups=decrypted.told_groups(tls),
        )

    def close(self) -> None:
        """Close, inside TLS with close_notify; never waits."""
        if self._tls is not None:
            # It wants the server's close_notify, for which nobody waits, or the connection is broken.
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
            self._try_to_send(self._outgoing.read())
        self._socket.close()

    def _raw_send(self, data: bytes, seconds: float) -> None:
        if not data:
            return
        self._socket.settimeout(self._deadline.grant(seconds))
        try:
            self._socket.sendall(data)
        except socket.timeout as why:
            raise Silence() from why
        except OSError as why:
            raise _broken(why) from why

    def _try_to_send(self, data: bytes) -> None:
        self._socket.setblocking(False)
        # A last courtesy, lost on a server that is gone.
        with contextlib.suppress(OSError):
            self._socket.send(data)

    def _raw_receive(self, until: float) -> bytes:
        granted = self._deadline.grant(max(until - time.monotonic(), 0.001))
        self._socket.settimeout(granted)
        try:
            return self._socket.recv(_CHUNK)
        except socket.timeout as why:
            self._deadline.grant(1.0)
            raise Silence() from why
        except OSError as why:
            raise _broken(why) from why


def _broken(why: OSError) -> Broken:
    if why.errno in _RESETS:
        return Broken("reset", reset=True)
    return Broken(_name_of(why))


def _name_of(why: OSError) -> str:
    return "{0}: {1}".format(errno.errorcode.get(why.errno or 0, "error"), why.strerror or why)


def open_connection(endpoint: Endpoint, port: int, connect_seconds: float, deadline: Deadline) -> Connection:
    """Connect to one port of one address.

    :raises NotOpened: with the TCP state, also when the deadline came first.
    """
    started = time.monotonic()
    try:
        granted = deadline.grant(connect_seconds)
        connecting = socket.socket(endpoint.family, socket.SOCK_STREAM)
    except DeadlineReached as why:
        raise NotOpened(evidence.NOT_TRIED, 0.0, "", cut_off=True) from why
    except OSError as why:
        raise NotOpened(_state_of(why), 0.0, _name_of(why)) from why
    try:
        connecting.settimeout(granted)
        connecting.connect(endpoint.socket_address(port))
        took = time.monotonic() - started
        # A closed port in the ephemeral range of the own host: TCP may have connected the socket with itself.
        if connecting.getsockname() == connecting.getpeername():
            raise ConnectionRefusedError(errno.ECONNREFUSED, "the socket met itself: nothing listens")
        return Connection(connecting, deadline, took)
    except OSError as why:
        took = time.monotonic() - started
        source = _chosen_source(connecting)
        connecting.close()
        # Since Python 3.10 the kernel's own ETIMEDOUT is a socket.timeout too.
        if not isinstance(why, socket.timeout) or why.errno == errno.ETIMEDOUT:
            raise NotOpened(_state_of(why), took, _name_of(why), source_address=source) from why
        cut_off = granted < connect_seconds
        unanswered = not cut_off or took >= _SURELY_UNANSWERED
        said = "no answer in {0:.1f} s".format(took)
        state = evidence.TIMED_OUT if unanswered else evidence.NOT_TRIED
        raise NotOpened(state, took, said, cut_off, source) from why


def _chosen_source(connecting: socket.socket) -> str:
    """The address that the system chose to connect from, ``""`` where it came to none."""
    source = str(connecting.getsockname()[0])
    return "" if source in ("0.0.0.0", "::") else source


def _state_of(why: OSError) -> str:
    if why.errno == errno.ECONNREFUSED:
        return evidence.REFUSED
    if why.errno == errno.ETIMEDOUT:
        return evidence.TIMED_OUT
    if why.errno in _RESETS:
        return evidence.RESET
    if why.errno in _LOCAL_SHORTAGES:
        return evidence.NOT_TRIED
    # No route, no such family, forbidden by a local filter (EPERM, EACCES), ...: detail has the system's words.
    return evidence.UNREACHABLE
