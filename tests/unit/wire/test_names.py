# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RFC 9525 and 7817: which certificate names cover which reference names."""

from __future__ import annotations

import ipaddress

import pytest

from _gate.wire.names import lacks_scope, matches, to_ascii


@pytest.mark.parametrize(
    "reference, names, expected",
    [
        ("mail.example.org", ["mail.example.org"], True),
        ("Mail.Example.ORG.", ["mail.EXAMPLE.org"], True),
        ("mail.example.org", ["smtp.example.org", "mail.example.org"], True),
        ("mail.example.org", ["*.example.org"], True),
        ("a.mail.example.org", ["*.example.org"], False),
        ("example.org", ["*.example.org"], False),
        ("mail.example.org", ["m*.example.org"], False),
        ("mail.example.org", ["*il.example.org"], False),
        ("mail.example.org", ["mail.*.org"], False),
        ("example.org", ["*.org"], False),
        ("mail.example.org", ["*"], False),
        ("mail.example.org", [], False),
        ("bücher.example", ["xn--bcher-kva.example"], True),
        ("mail_1.example.org", ["mail_1.example.org"], True),
    ],
)
def test_dns_names(reference, names, expected):
    assert matches(reference, names, []) is expected


@pytest.mark.parametrize(
    "reference, addresses, expected",
    [
        ("192.0.2.1", ["192.0.2.1"], True),
        ("192.0.2.1", ["192.0.2.2"], False),
        ("2001:DB8::1", ["2001:db8:0::1"], True),
        ("fe80::1%eth0", ["fe80::1"], True),
    ],
)
def test_addresses(reference, addresses, expected):
    assert matches(reference, ["192.0.2.1"], [ipaddress.ip_address(each) for each in addresses]) is expected


def test_address_never_matches_a_dns_name():
    assert not matches("192.0.2.1", ["192.0.2.1", "*.0.2.1"], [])


@pytest.mark.parametrize("name", ["", ".", "a..b", "-a.example", "a b.example", "x" * 64 + ".example", "a.example\n"])
def test_what_is_no_host_name(name):
    with pytest.raises(ValueError, match="not a host name"):
        to_ascii(name)


@pytest.mark.parametrize(
    "name", ["192.168.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "192.0.2.300", "192.0.2.1."]
)
def test_what_resolvers_take_for_another_address_is_no_name(name):
    with pytest.raises(ValueError, match="not a host name"):
        to_ascii(name)


@pytest.mark.parametrize(
    "name, lacks",
    [
        ("fe80::1", True),
        ("febf::1", True),
        ("fe80::1%eth0", False),
        ("2001:db8::1", False),
        ("169.254.0.1", False),
        ("::1", False),
        ("mail.example.org", False),
    ],
)
def test_a_link_local_address_wants_a_scope(name, lacks):
    assert lacks_scope(name) is lacks


def test_a_name_with_two_spellings_is_refused():
    with pytest.raises(ValueError, match="xn--"):
        to_ascii("stra\u00dfe.example")
    assert to_ascii("xn--strae-oqa.example") == "xn--strae-oqa.example"
