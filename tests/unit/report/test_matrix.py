# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts by services, and faults with their hosts."""

from __future__ import annotations

import report_samples as samples

from _gate.report.document import document
from _gate.report.faults import gather
from _gate.report.looks import parse_looks
from _gate.report.matrix import matrix_of
from _gate.report.places import headline


def made(looks):
    return document(parse_looks(looks), samples.GENERATED)


def row(matrix, host):
    (found,) = [row for row in matrix.rows if row.host["host"] == host]
    return {service: (cell.state, cell.count) for (_port, service), cell in zip(matrix.columns, found.cells)}, found


def test_a_cell_has_the_worst_of_all_views_and_how_many_do_not_pass():
    faults = [samples.login_before_tls("mx"), dict(samples.expiring("mx", 3), port=587, service="submission")]
    cells, found = row(matrix_of(made([samples.look("mx", [*faults, samples.surplus("mx")])])), "mx")
    assert cells["submission"] == ("fail", 2)
    assert cells["imaps"] == ("pass", 0)
    assert (found.other.state, found.other.count) == ("fail", 1)


def test_columns_are_the_services_by_port_and_rows_the_worst_hosts_first():
    matrix = matrix_of(made(samples.fifty_hosts()))
    assert [port for port, _service in matrix.columns] == [22, 25, 143, 465, 587, 993]
    names = [row.host["host"] for row in matrix.rows]
    assert names[:2] == ["mail3.example.org", "mail6.example.org"]
    assert names[16:19] == ["mail20.example.org", "mail49.example.org", "mail50.example.org"]
    assert names[-1] == "mail47.example.org"


def test_what_nobody_looked_at_is_no_pass():
    cells, _found = row(matrix_of(made(samples.fifty_hosts())), "mail49.example.org")
    assert set(cells.values()) == {("not-looked-at", 0)}


def test_what_one_host_needs_and_another_does_not():
    looks = [samples.look("a"), samples.look("b", services=[*samples.SERVICES, {"name": "dhcp-client"}, "pop3s"])]
    matrix = matrix_of(made(looks))
    assert row(matrix, "a")[0]["pop3s"] == ("not-required", 0)
    assert row(matrix, "b")[0]["pop3s"] == ("not-looked-at", 0)
    assert row(matrix, "b")[0]["dhcp-client"] == ("optional", 0)


def test_the_same_fault_on_many_hosts_is_one_with_its_hosts():
    faults = gather(made(samples.fifty_hosts()))
    assert [(fault.outcome, fault.check, len(fault.hosts)) for fault in faults] == [
        ("fail", "mail.login-before-tls", 16),
        ("unknown", "mail.throttled", 1),
        ("warn", "mail.certificate-validity", 6),
    ]
    (remedy,) = faults[0].remedies
    assert remedy.observed == "PLAIN, LOGIN"
    assert list(remedy.places) == ["587/submission"]
    assert faults[2].remedies[0].observed == ""


def test_a_remedy_that_begins_with_the_host_is_the_same_on_others():
    looks = [
        samples.look(host, [samples.finding(address, "mail.reachable", 25, "smtp", fix=f"on {address}: ss -ltnp")])
        for host, address in (("a", "192.0.2.1"), ("b", "b"))
    ]
    (fault,) = gather(made(looks))
    assert [remedy.fix for remedy in fault.remedies] == ["on the host: ss -ltnp"]


def test_headlines():
    assert headline(made([])) == "no host was looked at"
    assert headline(made(samples.no_faults())) == "3 hosts: all 78 checks passed"
    assert headline(made(samples.one_host())) == "1 host: 3 failed, 1 warned"
    assert headline(made(samples.fifty_hosts())) == (
        "50 hosts: 16 failed, 1 unknown, 6 warned, 2 hosts not wholly looked at, 27 hosts without fault"
    )
