# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nmap's ssl-enum-ciphers and ssl-cert: hellos of its own, in chunks."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import Dict, FrozenSet, List, Optional
from xml.etree import ElementTree

from tool import SERVER_NAME, VERSIONS, Port, ToolFailed, run
from view import View

NAME = "nmap"
_PREFERENCE = {"server": True, "client": False}


def command(program: str, address: str, ports: List[int], output: Path) -> List[str]:
    scripts = ["--script", "+ssl-enum-ciphers,+ssl-cert", "--script-args", f"tls.servername={SERVER_NAME}"]
    return [program, "-Pn", "-n", "-p", ",".join(str(port) for port in ports), *scripts, "-oX", str(output), address]


def look(port: Port, program: str, output: Path) -> View:
    seconds = run(command(program, port.address, [port.number], output))
    try:
        tree = ElementTree.parse(output)
    except (OSError, ElementTree.ParseError):
        raise ToolFailed("nmap wrote no result") from None
    suites: Dict[str, FrozenSet[str]] = {}
    chooses: Dict[str, bool] = {}
    certificates: FrozenSet[str] = frozenset()
    for script in tree.iter("script"):
        if script.get("id") == "ssl-cert":
            pem = _element(script, "pem")
            certificates = frozenset([hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem or "")).hexdigest()])
        for table in script.findall("table") if script.get("id") == "ssl-enum-ciphers" else ():
            version = {"TLSv1.0": "TLSv1"}.get(table.get("key", ""), table.get("key", ""))
            ciphers = table.find("table[@key='ciphers']")
            suites[version] = frozenset(_iana(each.findtext("elem[@key='name']", "")) for each in (ciphers or ()))
            preference = _element(table, "cipher preference")
            if preference in _PREFERENCE:
                chooses[version] = _PREFERENCE[preference]
    if not suites:
        raise ToolFailed("nmap found no TLS")
    # It looks at SSLv3 and later, and leaves out what is not accepted.
    versions = {version: version in suites for version in VERSIONS if version != "SSLv2"}
    return View(NAME, versions, suites, {}, certificates, True, chooses, seconds)


def _element(parent: ElementTree.Element, key: str) -> Optional[str]:
    return parent.findtext(f"elem[@key='{key}']")


def _iana(name: str) -> str:
    return name.replace("TLS_AKE_WITH_", "TLS_").replace("-draft", "_OLD")
