# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One list for many hosts, and what one host has otherwise."""

from __future__ import annotations

import pytest

from _gate.errors import IntentError
from _gate.intent.overrides import override_services

LISTED = ["smtp", {"name": "submission", "port": 587}, "imaps", {"port": 8080, "protocol": "tcp"}]


def test_keys_are_changed_and_services_left_out_and_the_list_itself_stays():
    changed = override_services(LISTED, {"smtp": {"optional": True}, "submission": {"port": 2587}, "imaps": False})
    assert changed == [
        {"name": "smtp", "optional": True},
        {"name": "submission", "port": 2587},
        {"port": 8080, "protocol": "tcp"},
    ]
    assert LISTED[1] == {"name": "submission", "port": 587}


def test_without_overrides_the_list_is_as_it_was():
    assert override_services(LISTED, {}) == LISTED
    assert override_services(LISTED, None) == LISTED


@pytest.mark.parametrize(
    "services, overrides, option",
    [
        (LISTED, {"imap": {"port": 1}}, r"overrides\.imap"),
        (LISTED, {"smtp": True}, r"overrides\.smtp"),
        (LISTED, {"smtp": None}, r"overrides\.smtp"),
        (LISTED, {"smtp": {"name": "imap"}}, r"overrides\.smtp\.name"),
        (LISTED, ["smtp"], "overrides"),
        ("smtp", {"smtp": {}}, "services"),
    ],
)
def test_what_cannot_be_meant_is_refused(services, overrides, option):
    with pytest.raises(IntentError, match=option):
        override_services(services, overrides)
