# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PROXY protocol's headers, byte by byte as HAProxy's document has them."""

from __future__ import annotations

import pytest

from _gate.wire.proxy_protocol import header

IPV4 = (("192.0.2.10", 40000), ("198.51.100.5", 25))
IPV6 = (("2001:db8::1", 40000), ("2001:db8::2", 25))
SIGNATURE = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"


@pytest.mark.parametrize(
    "choice, ends, expected",
    [
        ("none", IPV4, b""),
        ("v1", IPV4, b"PROXY TCP4 192.0.2.10 198.51.100.5 40000 25\r\n"),
        ("v1", IPV6, b"PROXY TCP6 2001:db8::1 2001:db8::2 40000 25\r\n"),
        ("v1", (("fe80::1%eth0", 1), ("fe80::2%eth0", 2)), b"PROXY TCP6 fe80::1 fe80::2 1 2\r\n"),
        ("v2", IPV4, SIGNATURE + b"\x21\x11\x00\x0c" + bytes([192, 0, 2, 10, 198, 51, 100, 5]) + b"\x9c\x40\x00\x19"),
        (
            "v2",
            IPV6,
            SIGNATURE
            + b"\x21\x21\x00\x24"
            + b"\x20\x01\x0d\xb8"
            + bytes(11)
            + b"\x01"
            + b"\x20\x01\x0d\xb8"
            + bytes(11)
            + b"\x02"
            + b"\x9c\x40\x00\x19",
        ),
    ],
)
def test_header(choice, ends, expected):
    assert header(choice, *ends) == expected
