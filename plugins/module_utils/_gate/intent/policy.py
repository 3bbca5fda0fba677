# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies: what an encrypted connection must be like. A name, or a mapping that starts from one and overrides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from ..errors import IntentError
from .policies.rfc8314 import POLICY as RFC8314

POLICIES: dict[str, Mapping[str, Any]] = {"rfc8314": RFC8314}

#: In ascending order.
VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_OVERRIDES = ("extends", "min_version", "min_days")


@dataclass(frozen=True)
class Policy:
    """``min_version``: one of :data:`VERSIONS`. ``min_days``: days of validity that a certificate must have left.

    ``forbidden_ciphers`` and ``discouraged_ciphers`` name traits that :mod:`judge.ciphers` finds in a suite.
    ``sources`` tells for each rule the section that asks for it.
    """

    name: str
    min_version: str
    forbidden_ciphers: tuple[str, ...]
    discouraged_ciphers: tuple[str, ...]
    min_days: int
    sources: Mapping[str, str]

    def allows_version(self, version: str) -> bool:
        """Whether ``version`` (such as ``TLSv1.2``) is at least the required one. An unknown name is not."""
        return version in VERSIONS and VERSIONS.index(version) >= VERSIONS.index(self.min_version)


def parse_policy(given: object, option: str = "policy") -> Policy:
    """The policy that ``given`` means: a name of :data:`POLICIES`, or a mapping with ``extends`` and overrides.

    :raises IntentError: unknown name, unknown key, or an unusable value.
    """
    if isinstance(given, str):
        return _policy(given, {}, option)
    if not isinstance(given, Mapping):
        raise IntentError(option, given, "the name of a policy ({}) or a mapping".format(", ".join(sorted(POLICIES))))
    for key in given:
        if key not in _OVERRIDES:
            raise IntentError(
                f"{option}.{key}", given[key], "left out: known keys are {}".format(", ".join(_OVERRIDES))
            )
    return _policy(given.get("extends", "rfc8314"), given, option)


def _policy(name: object, changes: Mapping[str, object], option: str) -> Policy:
    if not isinstance(name, str) or name not in POLICIES:
        raise IntentError(option, name, "one of " + ", ".join(sorted(POLICIES)))
    base = POLICIES[name]
    min_version = changes.get("min_version", base["min_version"])
    if min_version not in VERSIONS:
        raise IntentError(option + ".min_version", min_version, "one of " + ", ".join(VERSIONS))
    return Policy(
        name=name if not changes else name + " (changed)",
        min_version=str(min_version),
        forbidden_ciphers=tuple(base["forbidden_ciphers"]),
        discouraged_ciphers=tuple(base["discouraged_ciphers"]),
        min_days=_days(changes.get("min_days", base["min_days"]), option + ".min_days"),
        sources=base["sources"],
    )


def _days(value: object, option: str) -> int:
    try:
        days = int(str(value))
    except ValueError:
        days = -1
    if isinstance(value, bool) or not 0 <= days <= 3650:
        raise IntentError(option, value, "a whole number of days from 0 to 3650")
    return days
