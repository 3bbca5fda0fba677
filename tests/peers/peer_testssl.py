# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""testssl.sh: bash, with hellos of its own and the machine's openssl."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Dict, List, Set

from _gate.wire.hello.suites import suite_name
from tool import SERVER_NAME, Port, ToolFailed, run
from view import ANY_VERSION, View, group_name

NAME = "testssl.sh"
_VERSIONS = {
    "SSLv2": "SSLv2",
    "SSLv3": "SSLv3",
    "TLS1": "TLSv1",
    "TLS1_1": "TLSv1.1",
    "TLS1_2": "TLSv1.2",
    "TLS1_3": "TLSv1.3",
}
_SUITE = re.compile(r"cipher-(ssl|tls)(\d(?:_\d)?)_x([0-9a-f]+)")
_SPOKEN = {"ssl3": "SSLv3", "tls1": "TLSv1", "tls1_1": "TLSv1.1", "tls1_2": "TLSv1.2", "tls1_3": "TLSv1.3"}


def command(program: str, port: Port, output: Path) -> List[str]:
    output.unlink(missing_ok=True)
    starttls = ["-t", port.starttls] if port.starttls else []
    asked = ["--protocols", "--cipher-per-proto", "--server-defaults", "--pfs"]
    quiet = ["--quiet", "--warnings", "off", "--color", "0", "--nodns", "none", "--ip", port.address]
    return [program, *quiet, "--jsonfile", str(output), *asked, *starttls, f"{SERVER_NAME}:{port.number}"]


def look(port: Port, program: str, output: Path) -> View:
    seconds = run(command(program, port, output))
    try:
        lines = [(each["id"], each["finding"]) for each in json.loads(output.read_text())]
    except (OSError, ValueError):
        raise ToolFailed("testssl.sh wrote no result") from None
    versions: Dict[str, bool] = {}
    suites: Dict[str, Set[str]] = {}
    certificates: Set[str] = set()
    groups: Set[str] = set()
    for name, finding in lines:
        suite = _SUITE.match(name)
        if name in _VERSIONS and finding.startswith(("offered", "not offered", "not supported")):
            versions[_VERSIONS[name]] = finding.startswith("offered")
        elif suite and suite.group(1) + suite.group(2) in _SPOKEN:
            suites.setdefault(_SPOKEN[suite.group(1) + suite.group(2)], set()).add(suite_name(int(suite.group(3), 16)))
        elif name == "PFS_ECDHE_curves" or (name == "DH_groups" and "ffdhe" in finding):
            groups.update(group_name(each) for each in finding.split())
        elif name.startswith("cert_fingerprintSHA256"):
            certificates.add(finding.lower())
    if not versions:
        raise ToolFailed("testssl.sh found no TLS")
    exact = {version: frozenset(names) for version, names in suites.items()}
    found = {ANY_VERSION: frozenset(groups)} if groups else {}
    return View(NAME, versions, exact, found, frozenset(certificates), seconds=seconds)
