# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two views, set by set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import FrozenSet, Iterator, List

from view import ANY_VERSION, View

VERSION, SUITE, GROUP, CERTIFICATE, PREFERENCE = "version", "suite", "group", "certificate", "server's order decides"


@dataclass(frozen=True)
class Difference:
    """One thing that one of the two saw and the other did not. ``version``: where it was seen, ANY_VERSION if that is not told.
    ``ours``: whether we saw it (the peer then did not, and the other way round)."""

    kind: str
    version: str
    item: str
    ours: bool


def differences(ours: View, peer: View) -> List[Difference]:
    """What one saw and the other did not, of all that both looked at."""
    return [
        *_versions(ours, peer),
        *_suites(ours, peer),
        *_groups(ours, peer),
        *_certificates(ours, peer),
        *_orders(ours, peer),
    ]


def compared(ours: View, peer: View) -> int:
    """How many facts both told: versions, sets of suites and of groups, certificates, orders."""
    both_versions = ours.versions.keys() & peer.versions.keys()
    both_suites = ours.suites.keys() & peer.suites.keys()
    both_orders = ours.server_chooses.keys() & peer.server_chooses.keys()
    return len(both_versions) + len(both_suites) + len(peer.groups) + bool(peer.certificates) + len(both_orders)


def _versions(ours: View, peer: View) -> Iterator[Difference]:
    for version in ours.versions.keys() & peer.versions.keys():
        if ours.versions[version] != peer.versions[version]:
            yield Difference(VERSION, version, version, ours.versions[version])


def _suites(ours: View, peer: View) -> Iterator[Difference]:
    for version in ours.suites.keys() & peer.suites.keys():
        yield from _sets(SUITE, version, ours.suites[version], peer.suites[version])


def _groups(ours: View, peer: View) -> Iterator[Difference]:
    for version, names in peer.groups.items():
        # Below TLS 1.2 we do not enumerate groups.
        if version == ANY_VERSION and ours.groups:
            yield from _sets(GROUP, version, frozenset().union(*ours.groups.values()), names)
        elif version in ours.groups:
            yield from _sets(GROUP, version, ours.groups[version], names)


def _certificates(ours: View, peer: View) -> Iterator[Difference]:
    if peer.certificates:
        seen = ours.certificates & peer.certificates if peer.one_certificate else ours.certificates
        yield from _sets(CERTIFICATE, ANY_VERSION, seen, peer.certificates)


def _orders(ours: View, peer: View) -> Iterator[Difference]:
    for version in ours.server_chooses.keys() & peer.server_chooses.keys():
        if ours.server_chooses[version] != peer.server_chooses[version]:
            yield Difference(PREFERENCE, version, PREFERENCE, ours.server_chooses[version])


def _sets(kind: str, version: str, ours: FrozenSet[str], theirs: FrozenSet[str]) -> Iterator[Difference]:
    for item in sorted(ours ^ theirs):
        yield Difference(kind, version, item, item in ours)
