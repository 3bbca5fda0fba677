# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is right where two tools differ: a client that is neither tries that one thing.

openssl s_client of OpenSSL 3.5 does what it can (also after STARTTLS), NSS's tstclnt what OpenSSL was built without (RC4, 3DES,
SSL 3.0) and GnuTLS's gnutls-cli what neither has (Camellia-GCM). They run on the test's own machines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Dict, List, Optional

from _gate.wire.hello.suites import suite_number
from compare import GROUP, SUITE, VERSION, Difference
from machines import Machines
from tool import SERVER_NAME, Port
from view import ANY_VERSION, group_name

_OPENSSL_MACHINE, _OTHERS_MACHINE = "servers13", "servers12"
_OPENSSL_VERSIONS = {"TLSv1": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2", "TLSv1.3": "-tls1_3"}
_NSS_VERSIONS = {"SSLv3": "ssl3", "TLSv1": "tls1.0", "TLSv1.1": "tls1.1", "TLSv1.2": "tls1.2", "TLSv1.3": "tls1.3"}
_GNUTLS_SUITE = re.compile(r"TLS_(?:(ECDHE|DHE)_)?(RSA|ECDSA)_WITH_(CAMELLIA_\d+_GCM)_SHA\d+")
_GNUTLS_REST = "NONE:+VERS-TLS1.2:+MAC-ALL:+SIGN-ALL:+GROUP-ALL"
_WEAKEST = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
_NSS_ALL = ":" + ":".join(
    f"{number:04X}" for number in (0x0004, 0x0005, 0x000A, 0x002F, 0x0035, 0xC011, 0xC012, 0xC013, 0xC014)
)


@dataclass(frozen=True)
class Ruling:
    """``accepted``: whether the server accepts it. ``by``: the command that showed it."""

    accepted: bool
    by: str


class Judge:
    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._openssl_names: Dict[str, str] = {}

    def rule(self, port: Port, difference: Difference) -> Optional[Ruling]:
        """None: neither client can try it."""
        if difference.kind not in (VERSION, SUITE, GROUP):
            return None
        versions = list(_OPENSSL_VERSIONS)[2:] if difference.version == ANY_VERSION else [difference.version]
        rulings = [
            self._openssl(port, difference, version) or self._nss(port, difference, version) for version in versions
        ]
        for ruling in rulings:
            if ruling is not None and ruling.accepted:
                return ruling
        return None if None in rulings else rulings[0]

    def _ruling(self, port: Port, difference: Difference, version: str) -> Optional[Ruling]:
        for client in (self._openssl, self._nss, self._gnutls):
            ruling = client(port, difference, version)
            if ruling is not None:
                return ruling
        return None

    def _openssl(self, port: Port, difference: Difference, version: str) -> Optional[Ruling]:
        arguments = self._openssl_arguments(difference, version)
        if not arguments:
            return None
        command = ["openssl", "s_client", "-connect", str(port), "-servername", SERVER_NAME, *arguments]
        command += ["-starttls", port.starttls] if port.starttls else []
        told = self._machines.execute(_OPENSSL_MACHINE, *command)
        used = re.search(r"Temp Key: (?:ECDH, )?([\w-]+)", told)
        if (
            ":" in difference.item
            and used
            and group_name(used.group(1)) != group_name(difference.item.partition(":")[0])
        ):
            return Ruling(False, " ".join(command))
        if re.search(r"Cipher is (?!\(NONE\))", told):
            return Ruling(True, " ".join(command))
        if difference.kind == GROUP and version == "TLSv1.2" and ":" not in arguments[-1]:
            # The curve of an ECDSA certificate must be offered as well (RFC 8422 5.1).
            again = replace(difference, item=difference.item + ":P-256:P-384")
            return self._openssl(port, again, version)
        if "SSL alert number" in told or "unexpected eof" in told:
            return Ruling(False, " ".join(command))
        return None

    def _openssl_arguments(self, difference: Difference, version: str) -> List[str]:
        if version not in _OPENSSL_VERSIONS:
            return []
        of_version = [_OPENSSL_VERSIONS[version]]
        if difference.kind == VERSION:
            return of_version + ["-cipher", _WEAKEST]
        if difference.kind == GROUP:
            ciphers = [] if version == "TLSv1.3" else ["-cipher", "kECDHE:@SECLEVEL=0"]
            return of_version + ciphers + ["-groups", difference.item]
        if version == "TLSv1.3":
            return of_version + ["-ciphersuites", difference.item]
        name = self._openssl_name(difference.item)
        return of_version + ["-cipher", name + ":@SECLEVEL=0"] if name else []

    def _openssl_name(self, iana_name: str) -> str:
        if not self._openssl_names:
            for line in self._machines.execute(
                _OPENSSL_MACHINE, "openssl", "ciphers", "-stdname", _WEAKEST
            ).splitlines():
                fields = line.split()
                self._openssl_names[fields[0]] = fields[2]
        return self._openssl_names.get(iana_name, "")

    def _nss(self, port: Port, difference: Difference, version: str) -> Optional[Ruling]:
        if port.starttls or version not in _NSS_VERSIONS or difference.kind == GROUP:
            return None
        suites = _NSS_ALL
        if difference.kind == SUITE:
            if not difference.item.startswith("TLS_"):
                return None
            suites = f":{suite_number(difference.item):04X}"
        only = _NSS_VERSIONS[version] + ":" + _NSS_VERSIONS[version]
        command = ["tstclnt", "-h", port.address, "-p", str(port.number), "-V", only, "-c", suites]
        told = self._machines.execute(_OTHERS_MACHINE, *command, "-d", "sql:/run/nss", "-o", "-Q", "-v")
        if "tstclnt: SSL version" in told:
            return Ruling(True, " ".join(command))
        refused = re.search(
            "SSL_ERROR_(NO_CYPHER_OVERLAP|UNSUPPORTED_VERSION|HANDSHAKE_FAILURE_ALERT|PROTOCOL_VERSION_ALERT)", told
        )
        return Ruling(False, " ".join(command)) if refused else None

    def _gnutls(self, port: Port, difference: Difference, version: str) -> Optional[Ruling]:
        suite = _GNUTLS_SUITE.fullmatch(difference.item)
        if port.starttls or version != "TLSv1.2" or suite is None:
            return None
        exchange = "-".join(part for part in suite.groups()[:2] if part)
        priority = f"{_GNUTLS_REST}:+{exchange}:+{suite.group(3).replace('_', '-')}"
        command = ["gnutls-cli", "--insecure", "--priority", priority, "--port", str(port.number), port.address]
        told = self._machines.execute(_OTHERS_MACHINE, *command)
        if "Handshake was completed" in told:
            return Ruling(True, " ".join(command))
        return Ruling(False, " ".join(command)) if "alert" in told else None
