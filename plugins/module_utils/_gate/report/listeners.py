# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What listens, as plain data: one entry for each listener, nothing empty."""

from __future__ import annotations

from typing import Any

from ..dataclass import asdict
from ..listeners.evidence import Listener, ListenersEvidence, Owner
from .ports import without_empty


def listeners_as_dict(evidence: ListenersEvidence, verbose: bool = False) -> dict[str, Any]:
    """``listeners``, ``namespaces``, ``addresses`` and ``notes``.

    :param verbose: with the arguments of commands, which may hold what is not for every log.
    """
    return {
        "listeners": [_listener(each, verbose) for each in evidence.listeners],
        "namespaces": [without_empty(asdict(each)) for each in evidence.namespaces],
        "addresses": list(evidence.addresses),
        "notes": list(evidence.notes),
    }


def _listener(listener: Listener, verbose: bool) -> dict[str, Any]:
    plain: dict[str, Any] = without_empty(asdict(listener))
    plain["loopback"] = listener.is_loopback
    plain["owner"] = listener.owner
    if listener.owners:
        plain["owners"] = [_owner(each, verbose) for each in listener.owners]
    if plain.get("published", {}).get("port") == 0:
        del plain["published"]["port"]
    plain.pop("sockets" if listener.sockets == 1 else "", None)
    return plain


def _owner(owner: Owner, verbose: bool) -> dict[str, Any]:
    plain: dict[str, Any] = without_empty(asdict(owner))
    if owner.command:
        plain["command"] = " ".join(owner.command) if verbose else owner.command[0]
    return plain
