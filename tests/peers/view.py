# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one tool says about one port, in one form for all tools.

Suites and groups have IANA's names, certificates are the SHA-256 (hex) of the leaf.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, FrozenSet

#: For tools that list groups without telling by version.
ANY_VERSION = "any version"

#: OpenSSL's and other names of groups, in small letters, to IANA's.
_GROUP_ALIASES = {
    "prime192v1": "secp192r1",
    "prime256v1": "secp256r1",
    "p-256": "secp256r1",
    "p-384": "secp384r1",
    "p-521": "secp521r1",
}
_IANA_SPELLING = {
    name.lower(): name for name in ("brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "X25519MLKEM768")
}


@dataclass(frozen=True)
class View:
    """``versions``: accepted or not; one that the tool did not settle is missing. ``suites``: the exact set of each accepted
    version. ``groups``: the exact set of a version, or of ANY_VERSION. ``certificates``: all leaves, unless
    ``one_certificate`` says that the tool looks no further than one. ``server_chooses``: whether the server's order of suites
    decides, where the tool says so. ``seconds``: wall time of the tool."""

    tool: str
    versions: Dict[str, bool] = field(default_factory=dict)
    suites: Dict[str, FrozenSet[str]] = field(default_factory=dict)
    groups: Dict[str, FrozenSet[str]] = field(default_factory=dict)
    certificates: FrozenSet[str] = frozenset()
    one_certificate: bool = False
    server_chooses: Dict[str, bool] = field(default_factory=dict)
    seconds: float = 0.0


def group_name(name: str) -> str:
    """IANA's name of a group that a tool calls ``name``."""
    small = name.lower()
    return _GROUP_ALIASES.get(small) or _IANA_SPELLING.get(small) or small
