# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three network namespaces in a row, for what happens on the way out: the host that looks, the way (a router with a packet
filter), and the outside with a real Postfix on several addresses."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator, Sequence

import trustme

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "kernel"))

from namespaces import Namespace  # noqa: E402

RELAY, MX_ORG, MX_COM = "203.0.113.10", "203.0.113.21", "203.0.113.22"
RELAY_V6 = "2001:db8:113::10"
NAMES = ("relay.example.net", "mx1.example.org", "mx.example.com")
IMAGE = "localhost/mailops-lab:trixie"
#: The lab's podman, with its storage in the checkout.
PODMAN = '. "$CHECKOUT/tests/lab/environment.sh"; mkdir -p "$LAB"; configure_engine; exec "$MAILOPS_ENGINE" "$@"'
POSTFIX = """
postconf -e maillog_file=/dev/stdout inet_interfaces=all inet_protocols=all myhostname=relay.example.net \
    smtpd_tls_chain_files=/tls/chain.pem smtpd_tls_security_level=may smtpd_peername_lookup=no smtpd_sasl_auth_enable=no
postconf -M submission/inet='submission inet n - n - - smtpd' submissions/inet='submissions inet n - n - - smtpd'
postconf -F '*/*/chroot=n'
postconf -P submission/inet/smtpd_tls_security_level=encrypt submissions/inet/smtpd_tls_wrappermode=yes
exec postfix start-fg
"""
#: Settings of the way and of the ends: no duplicate address detection, and forwarding.
_SYSCTL = ("net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
_FORWARD = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")


def obstacle() -> str:
    """Why this cannot be made here; empty when it can."""
    if os.geteuid() != 0:
        return "needs root: network namespaces and a container"
    missing = [tool for tool in ("ip", "nft", "podman") if shutil.which(tool) is None]
    if missing:
        return f"not installed here: {', '.join(missing)}"
    if podman("image", "exists", IMAGE).returncode != 0:
        return "the lab's image is not built (sh tests/lab/images.sh, as root)"
    return ""


def podman(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ, CHECKOUT=str(ROOT))
    command = ["sh", "-c", PODMAN, "sh", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


class EgressLab:
    """``host`` looks out; ``way`` forwards between it and ``outside``. ``ca``: the authority of the outside's certificate."""

    def __init__(self, directory: Path) -> None:
        self._stack = contextlib.ExitStack()
        with contextlib.ExitStack() as undo:
            self.host, self.way, self.outside = (self._namespace(undo, role) for role in ("host", "way", "outside"))
            self._connect()
            authority = trustme.CA()
            self.ca = directory / "ca.pem"
            authority.cert_pem.write_to_path(str(self.ca))
            (directory / "tls").mkdir()
            certificate = authority.issue_cert(*NAMES)
            certificate.private_key_and_cert_chain_pem.write_to_path(str(directory / "tls" / "chain.pem"))
            self._start_postfix(directory / "tls", undo)
            self._stack = undo.pop_all()

    def close(self) -> None:
        self._stack.close()

    @staticmethod
    def _namespace(undo: contextlib.ExitStack, role: str) -> Namespace:
        made = Namespace(role)
        undo.callback(made.close)
        return made

    def _connect(self) -> None:
        for near, far, inner, outer in (
            (self.host, self.way, "up0", "in0"),
            (self.way, self.outside, "out0", "eth0"),
        ):
            near.run("ip", "link", "add", inner, "type", "veth", "peer", "name", outer, "netns", far.name)
        for place in (self.host, self.way, self.outside):
            place.run("sysctl", "-q", "-w", *_SYSCTL, *(_FORWARD if place is self.way else ()))
            place.run("ip", "link", "set", "lo", "up")
        self._addresses(self.host, "up0", "198.51.100.2/24", "2001:db8:51::2/64")
        self._addresses(self.way, "in0", "198.51.100.1/24", "2001:db8:51::1/64")
        self._addresses(self.way, "out0", "203.0.113.1/24", "2001:db8:113::1/64")
        self._addresses(
            self.outside, "eth0", f"{RELAY}/24", f"{MX_ORG}/24", f"{MX_COM}/24", f"{RELAY_V6}/64", "2001:db8:113::21/64"
        )
        for place, inward in (
            (self.host, "198.51.100.1 2001:db8:51::1"),
            (self.outside, "203.0.113.1 2001:db8:113::1"),
        ):
            for gateway in inward.split():
                place.run("ip", "route", "add", "default", "via", gateway)

    @staticmethod
    def _addresses(place: Namespace, interface: str, *addresses: str) -> None:
        for address in addresses:
            place.run("ip", "address", "add", address, "dev", interface, *(["nodad"] if ":" in address else []))
        place.run("ip", "link", "set", interface, "up")

    def _start_postfix(self, certificates: Path, undo: contextlib.ExitStack) -> None:
        name = f"gate-egress-{os.getpid()}-{secrets.token_hex(4)}"
        undo.callback(podman, "rm", "--force", "--time", "0", name)
        started = podman(
            *("run", "--detach", "--name", name, "--network", f"ns:/run/netns/{self.outside.name}"),
            *("--volume", f"{certificates}:/tls:ro", IMAGE, "sh", "-c", POSTFIX),
        )
        if started.returncode != 0:
            raise RuntimeError(started.stderr)
        until = time.monotonic() + 30
        while not all(f":{port} " in self.outside.run("ss", "-ltn") for port in (25, 465, 587)):
            if time.monotonic() > until:
                raise RuntimeError(podman("logs", name).stdout)
            time.sleep(0.1)

    @contextlib.contextmanager
    def filtered(self, place: Namespace, rules: str) -> Iterator[None]:
        """The packet filter of a place while the ``with`` lasts."""
        place.run("nft", "-f", "-", text=rules)
        try:
            yield
        finally:
            place.run("nft", "flush", "ruleset")

    @contextlib.contextmanager
    def serving(self, place: Namespace, command: Sequence[str]) -> Iterator[None]:
        """A program in a place; it says a line when it is ready, and ends with its standard input."""
        with subprocess.Popen(
            place.inside(*command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as program:
            assert program.stdout is not None
            if not program.stdout.readline():
                raise RuntimeError(f"{command} did not start")
            try:
                yield
            finally:
                program.communicate()
