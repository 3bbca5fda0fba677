# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users may write, and the messages for what they may not."""

from __future__ import annotations

import pytest

from _gate.egress.elsewhere import Elsewhere
from _gate.egress.plan import Destination, parse_domains, parse_ports, parse_targets
from _gate.errors import IntentError
from egress_ports import port


def test_targets_are_names_addresses_and_mappings():
    given = [
        "Relay.Example.net",
        "192.0.2.1",
        {"host": "2001:db8::1", "ports": [587], "server_name": "relay.example.net"},
    ]
    assert parse_targets(given, [25, 587]) == [
        Destination("Relay.Example.net", "relay.example.net", (25, 587)),
        Destination("192.0.2.1", "192.0.2.1", (25, 587)),
        Destination("2001:db8::1", "2001:db8::1", (587,), server_name="relay.example.net"),
    ]


@pytest.mark.parametrize(
    "given, words",
    [
        (["https://x/"], "targets[0]"),
        ([3], "targets[0]"),
        ([{"ports": [25]}], "targets[0]"),
        ([{"host": "a.example", "port": 25}], "targets[0].port"),
        ([{"host": "a.example", "ports": []}], "targets[0].ports"),
        ([{"host": "a.example", "ports": [0]}], "targets[0].ports"),
        ([{"host": "a.example", "server_name": "a b"}], "targets[0].server_name"),
        ([{"host": ["a.example"]}], "targets[0].host"),
        (["a.example", "a.example"], "targets[1]"),
    ],
)
def test_what_is_no_target(given, words):
    with pytest.raises(IntentError) as refused:
        parse_targets(given, [25])
    assert str(refused.value).startswith(words + ":")


def test_domains_stand_once_in_a_labels():
    assert parse_domains(["Example.org", "example.org.", "b\u00fccher.example"]) == [
        "example.org",
        "xn--bcher-kva.example",
    ]


@pytest.mark.parametrize("given", [["192.0.2.1"], [""], [None], ["user@example.org"]])
def test_what_is_no_domain(given):
    with pytest.raises(IntentError):
        parse_domains(given)


def test_ports():
    assert parse_ports(["587", 25, 25], "ports") == (25, 587)
    for wrong in ([], [True], [65536], ["25a"], "\u0662"):
        with pytest.raises(IntentError):
            parse_ports(wrong, "ports")


HERE = {"host": "relay.example.net", "address": "192.0.2.1", "port": 25, "state": "open", "greeting": "220 a"}


def test_another_view_is_found_by_address_then_by_host():
    other = dict(HERE, address="192.0.2.8", greeting="220 b")
    view = Elsewhere([other, HERE, dict(HERE, port=587), dict(HERE, address="192.0.2.9", state="refused")])
    assert view.of(port(number=25)).greeting == "220 a"
    assert view.of(port(number=25, address="192.0.2.7")).greeting == "220 b"
    assert view.of(port(host="x.example", number=25, address="192.0.2.9")) is None
    assert view.of(port(number=465)) is None


@pytest.mark.parametrize("given", [["x"], [{}], [{"host": "a", "port": 25}], [dict(HERE, port="smtp")]])
def test_what_is_no_view(given):
    with pytest.raises(IntentError) as refused:
        Elsewhere(given)
    assert "reference[0]" in str(refused.value)
