# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The driver's comparison: a fault that was missed and a finding that was not planted both show."""

from __future__ import annotations

import pytest

pytest.importorskip("trustme", reason="the driver issues certificates with trustme")

import run
from hosts import BAD, GOOD, HOSTS

BASE = 21000


def planted():
    return [{"check": fault.check, "port": BASE + fault.port if fault.port else 0} for fault in BAD.faults]


def test_exactly_the_planted_faults_are_right(capsys):
    assert run.compare(BAD, BASE, planted())
    assert "NOT FOUND" not in capsys.readouterr().out


@pytest.mark.parametrize("missed", range(len(BAD.faults)))
def test_a_missed_fault_is_not_right(missed, capsys):
    findings = planted()
    del findings[missed]
    assert not run.compare(BAD, BASE, findings)
    assert capsys.readouterr().out.count("NOT FOUND") == 1


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_a_finding_that_was_not_planted_is_not_right(host, capsys):
    findings = planted() if host is BAD else []
    assert not run.compare(host, BASE, [*findings, {"check": "mail.tls-version", "port": BASE + 143}])
    assert "REPORTED" in capsys.readouterr().out


def test_a_fault_found_twice_is_one_too_many():
    assert not run.compare(BAD, BASE, planted() + planted()[:1])


def test_the_inputs_carry_the_ports_of_the_servers(tmp_path):
    ready = {"addresses": ["127.0.0.1"], "bases": {GOOD.name: 20000, BAD.name: BASE}}
    run.write_inputs(tmp_path, ready)
    exact = (tmp_path / f"{GOOD.name}.iptables-save").read_text()
    faulty = (tmp_path / f"{BAD.name}.iptables-save").read_text()
    assert "--dport 20993 " in exact and "--dport 24306 " not in exact
    assert "--dport 21993 " not in faulty and "--dport 24306 " in faulty
    assert ":INPUT ACCEPT" in (tmp_path / f"{BAD.name}.ip6tables-save").read_text()
