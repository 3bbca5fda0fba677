# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate authority that lives as long as the demo, and the certificates of its two hosts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from hosts import HOSTS

#: The CA's certificate, in the directory given to :func:`issue`: what clients trust.
AUTHORITY = "authority.pem"


def chain_file(host_name: str, certificate: str) -> str:
    """The file that holds key, certificate and chain of one of a host's certificates."""
    return f"{host_name}-{certificate}.pem"


def issue(directory: Path) -> None:
    """Write the CA's certificate and one file for each certificate that a door of the two hosts presents."""
    authority = trustme.CA(organization_name="mailops.gate demo", organization_unit_name="throw-away CA")
    authority.cert_pem.write_to_path(str(directory / AUTHORITY))
    now = datetime.now(UTC)
    for host in HOSTS:
        for certificate in sorted({door.certificate for door in host.doors}):
            name = "www." + host.name.partition(".")[2] if certificate == "other-name" else host.name
            # 90 days, as from the public CA that most mail servers use; the expired one ran out nine days ago.
            not_before = now - timedelta(days=99 if certificate == "expired" else 1)
            leaf = authority.issue_cert(
                name,
                common_name=name,
                organization_name="mailops.gate demo",
                organization_unit_name=host.name,
                not_before=not_before,
                not_after=not_before + timedelta(days=90),
            )
            leaf.private_key_and_cert_chain_pem.write_to_path(str(directory / chain_file(host.name, certificate)))
