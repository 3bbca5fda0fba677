# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A finding: one requirement, or one surplus, held against the evidence."""

from __future__ import annotations

from typing import Any, Iterable

from ..dataclass import dataclass, replace

PASS = "pass"
WARN = "warn"
UNKNOWN = "unknown"
FAIL = "fail"
#: From harmless to worst. Unknown is not pass.
OUTCOMES = (PASS, WARN, UNKNOWN, FAIL)


@dataclass(frozen=True)
class Finding:
    """``check``: an identifier of :mod:`judge.checks`. ``port``: 0 when the finding is about no single port.

    ``addresses``: where it was seen, () when it is about no address. ``families``: ipv4, ipv6, those in which a port is not
    open, () for other findings. ``expected`` and ``observed`` are short and in the
    same form, so that they read as the change to make. ``cause``: why. ``fix``: a command or setting for the software that
    was recognised. ``source``: RFC or policy section.
    """

    check: str
    host: str
    port: int
    service: str
    outcome: str
    addresses: tuple[str, ...] = ()
    expected: str = ""
    observed: str = ""
    cause: str = ""
    fix: str = ""
    source: str = ""
    families: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for return values: empty fields are left out, ``port`` too when there is none."""
        plain: dict[str, Any] = {
            "check": self.check,
            "host": self.host,
            "port": self.port,
            "service": self.service,
            "outcome": self.outcome,
            "addresses": list(self.addresses),
            "expected": self.expected,
            "observed": self.observed,
            "cause": self.cause,
            "fix": self.fix,
            "source": self.source,
            "families": list(self.families),
        }
        return {key: value for key, value in plain.items() if value not in ("", [], 0)}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Finding:
        """The inverse of :meth:`as_dict`. Unknown keys raise TypeError: they would be lost.

        :raises KeyError, TypeError, ValueError: it is no finding.
        """
        known = dict(plain)
        if known["outcome"] not in OUTCOMES:
            raise ValueError(known["outcome"])
        return cls(
            check=known.pop("check"),
            host=known.pop("host"),
            port=known.pop("port", 0),
            service=known.pop("service", ""),
            outcome=known.pop("outcome"),
            addresses=tuple(known.pop("addresses", ())),
            families=tuple(known.pop("families", ())),
            **known,
        )


def merge_addresses(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that differ in nothing but the address, as one each. The order of first appearance is kept."""
    merged: dict[Finding, list[str]] = {}
    for finding in findings:
        addresses = merged.setdefault(replace(finding, addresses=()), [])
        addresses.extend(address for address in finding.addresses if address not in addresses)
    return [replace(finding, addresses=tuple(addresses)) for finding, addresses in merged.items()]
