# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Candidate files: what is known of the host that they are meant for are the addresses that the user gives."""

from __future__ import annotations

import pytest

from _gate.packetfilter.model import DADDR, DIMENSIONS, DPORT, FAMILY, IIF, PROTOCOL, interface_value
from _gate.packetfilter.sensor import look_at_filter

SAVE = """*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 2525 -j DNAT --to-destination 192.0.2.1:25
-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT
COMMIT
"""


def packet(port, daddr=0xC0000201):
    values = {FAMILY: 4, IIF: interface_value("eth0"), PROTOCOL: 6, DPORT: port, DADDR: daddr}
    return {**dict.fromkeys(range(DIMENSIONS), 0), **values}


@pytest.mark.parametrize(
    ("addresses", "redirected"), [(["192.0.2.1"], "must"), ([], "unknown"), (["192.0.2.9"], "unknown")]
)
def test_whether_a_new_destination_is_the_hosts_own(tmp_path, addresses, redirected):
    path = tmp_path / "rules.v4"
    path.write_text(SAVE, encoding="utf-8")
    seen = look_at_filter({"iptables": str(path)}, addresses=addresses, families=["ipv4"])
    to = 0xC0000209 if addresses == ["192.0.2.9"] else 0xC0000201

    def is_in(name, port):
        return seen.space.contains(getattr(seen.acceptance, name), packet(port, to))

    assert is_in(redirected, 2525)
    assert is_in("must", 25)
    assert not is_in("may", 26)
    assert is_in("unknown", 8080)  # whether that host forwards, nobody said
