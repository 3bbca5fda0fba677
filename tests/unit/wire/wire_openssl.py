# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``openssl s_server`` with any options on a free port of loopback, and certificates for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

OPENSSL = shutil.which("openssl")
# What the distribution's configuration forbids shall not matter.
_ENVIRONMENT = {**os.environ, "OPENSSL_CONF": os.devnull}
NAME = "mail.example.org"


def openssl(*arguments, folder=None):
    """What the command prints."""
    done = subprocess.run(
        [OPENSSL, *arguments], cwd=folder, env=_ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True,
        check=True, text=True,
    )  # fmt: skip
    return done.stdout


def need_openssl():
    """Skip the tests of a module where there is no OpenSSL 3 to test against."""
    if OPENSSL is None or not openssl("version").startswith("OpenSSL 3."):
        pytest.skip("needs the command openssl, version 3", allow_module_level=True)


def make_keys(folder: Path):
    """``rsa``, ``other`` (RSA as well) and ``ec``: self-signed certificates for NAME; ``dh1536.pem``: weak parameters."""
    ec = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    for stem, key in (("rsa", ["rsa:2048"]), ("other", ["rsa:2048"]), ("ec", ec)):
        openssl(
            "req", "-x509", "-newkey", *key, "-nodes", "-keyout", stem + ".key", "-out", stem + ".pem", "-days", "90",
            "-subj", "/CN=" + NAME, "-addext", "subjectAltName=DNS:" + NAME, "-addext", "tlsfeature=status_request",
            "-addext", "authorityInfoAccess=OCSP;URI:http://ocsp.example.org/",
            "-addext", "keyUsage=digitalSignature", "-addext", "extendedKeyUsage=serverAuth", folder=folder,
        )  # fmt: skip
    openssl(
        "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:modp_1536", "-out", "dh1536.pem", folder=folder
    )


class OpensslServer:
    """Serves while the ``with`` lasts. ``errors()``: what it complained of, after that."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._command = [OPENSSL, "s_server", "-accept", "127.0.0.1:0", *arguments]
        self._folder = folder
        self.port = 0
        self._said = ""

    def __enter__(self):
        self._process = subprocess.Popen(
            self._command, cwd=self._folder, env=_ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, universal_newlines=True,
        )  # fmt: skip
        for line in self._process.stdout:
            accepting = re.match(r"ACCEPT .*:(\d+)$", line)
            self._said += line
            if accepting:
                self.port = int(accepting.group(1))
                return self
        raise AssertionError("s_server ended: " + self._said)

    def __exit__(self, *_exception):
        self._process.kill()
        self._said += self._process.communicate()[0]

    def say(self, line):
        """To the client that is connected."""
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def errors(self):
        return re.findall(r":error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):", self._said)


def cipher_list(version, *arguments):
    """IANA's names of what OpenSSL makes of a cipher list, of the one version."""
    lines = openssl("ciphers", "-V", "-stdname", *arguments).splitlines()
    found = {line.split()[2] for line in lines}
    tls13 = {name for name in found if "_WITH_" not in name}
    return tls13 if version == "TLSv1.3" else found - tls13
