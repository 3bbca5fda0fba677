# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which names the public DNS can have."""

from __future__ import annotations

import pytest

from _gate.names.public import is_public


@pytest.mark.parametrize(
    "name", ["mail.example.org", "mail.example.org.", "local.net", "mail.arpa", "internal.example.com"]
)
def test_a_name_of_the_public_dns(name):
    assert is_public(name)


@pytest.mark.parametrize(
    "name", ["mail", "MAIL.", "mail.local", "mx.corp.Internal.", "home.arpa", "mx.home.arpa", "a.lan"]
)
def test_a_name_that_it_cannot_have(name):
    assert not is_public(name)
