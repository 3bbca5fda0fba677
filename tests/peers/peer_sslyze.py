# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sslyze: OpenSSL 1.1.1 and 1.0.2 (nassl), one handshake for each suite and group."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Dict, List

from tool import SERVER_NAME, Port, ToolFailed, run
from view import ANY_VERSION, View, group_name

NAME = "sslyze"
_VERSIONS = {
    "ssl_2_0_cipher_suites": "SSLv2",
    "ssl_3_0_cipher_suites": "SSLv3",
    "tls_1_0_cipher_suites": "TLSv1",
    "tls_1_1_cipher_suites": "TLSv1.1",
    "tls_1_2_cipher_suites": "TLSv1.2",
    "tls_1_3_cipher_suites": "TLSv1.3",
}
_QUESTIONS = ["--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--elliptic_curves", "--certinfo"]


def command(program: str, ports: List[Port], output: Path) -> List[str]:
    """The command line for these questions alone; all ports must be alike in STARTTLS."""
    starttls = ["--starttls", ports[0].starttls] if ports[0].starttls else []
    fixed = [program, "--mozilla_config", "disable", "--quiet", "--sni", SERVER_NAME, "--json_out", str(output)]
    return fixed + starttls + _QUESTIONS + [str(port) for port in ports]


def look(port: Port, program: str, output: Path) -> View:
    seconds = run(command(program, [port], output))
    try:
        result = json.loads(output.read_text())["server_scan_results"][0]["scan_result"]
    except (OSError, ValueError, LookupError):
        raise ToolFailed("sslyze wrote no result") from None
    if result is None:
        raise ToolFailed("sslyze found no TLS")
    return _view(result, seconds)


def _view(result: Dict[str, Any], seconds: float) -> View:
    versions, suites, groups = {}, {}, {}
    for key, version in _VERSIONS.items():
        if result[key]["status"] != "COMPLETED":
            continue
        found = result[key]["result"]
        versions[version] = found["is_tls_version_supported"]
        if versions[version]:
            suites[version] = frozenset(each["cipher_suite"]["name"] for each in found["accepted_cipher_suites"])
    curves = result["elliptic_curves"]
    if curves["status"] == "COMPLETED" and curves["result"]["supported_curves"]:
        groups[ANY_VERSION] = frozenset(group_name(each["name"]) for each in curves["result"]["supported_curves"])
    certificates = result["certificate_info"]
    leaves = []
    if certificates["status"] == "COMPLETED":
        leaves = [each["received_certificate_chain"][0] for each in certificates["result"]["certificate_deployments"]]
    fingerprints = frozenset(base64.b64decode(each["fingerprint_sha256"]).hex() for each in leaves)
    return View(NAME, versions, suites, groups, fingerprints, seconds=seconds)
