# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sslscan: the machine's OpenSSL, and hellos of its own for suites and groups that OpenSSL lacks."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import Dict, List, Set
from xml.etree import ElementTree

from _gate.wire.hello.groups import group_name as group_of_number
from _gate.wire.hello.suites import suite_name
from tool import SERVER_NAME, Port, ToolFailed, run
from view import View

NAME = "sslscan"
_VERSIONS = {
    "ssl2": "SSLv2",
    "ssl3": "SSLv3",
    "tls1.0": "TLSv1",
    "tls1.1": "TLSv1.1",
    "tls1.2": "TLSv1.2",
    "tls1.3": "TLSv1.3",
}
#: What it writes before the number of a version at its suites and groups.
_SPOKEN = {"TLSv1.0": "TLSv1"}


def command(program: str, port: Port, output: Path) -> List[str]:
    starttls = [f"--starttls-{port.starttls}"] if port.starttls else []
    asked = ["--show-certificate", "--no-heartbleed", "--no-compression", "--no-renegotiation", "--no-fallback"]
    return [program, f"--sni-name={SERVER_NAME}", f"--xml={output}", *asked, *starttls, str(port)]


def look(port: Port, program: str, output: Path) -> View:
    seconds = run(command(program, port, output))
    try:
        tree = ElementTree.parse(output)
    except (OSError, ElementTree.ParseError):
        raise ToolFailed("sslscan wrote no result") from None
    versions = {
        _VERSIONS[each.get("type", "") + each.get("version", "")]: each.get("enabled") == "1"
        for each in tree.iter("protocol")
    }
    if not versions:
        raise ToolFailed("sslscan found no TLS")
    suites: Dict[str, Set[str]] = {}
    groups: Dict[str, Set[str]] = {}
    for kind, found, name in (("cipher", suites, suite_name), ("group", groups, group_of_number)):
        for each in tree.iter(kind):
            version = each.get("sslversion", "")
            found.setdefault(_SPOKEN.get(version, version), set()).add(name(int(each.get("id", ""), 16)))
    pems = [each.text or "" for each in tree.iter("certificate-blob")]
    return View(
        NAME,
        versions,
        {version: frozenset(names) for version, names in suites.items()},
        {version: frozenset(names) for version, names in groups.items()},
        frozenset(hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip())).hexdigest() for pem in pems),
        one_certificate=True,
        seconds=seconds,
    )
