# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handmade servers that do one thing wrong: the gate has one finding for each, the expected one, and none for the right ones."""

from __future__ import annotations

import collections
import json

import pytest
from module_utils._gate.report.ports import port_as_dict

from matrix_case import faults
from matrix_certificate_cases import CERTIFICATE_CASES
from matrix_dialogue_cases import DIALOGUE_CASES
from matrix_right_cases import RIGHT_CASES
from matrix_tcp_cases import TCP_CASES
from matrix_tls_cases import TLS_CASES

CASES = [*RIGHT_CASES, *TCP_CASES, *DIALOGUE_CASES, *TLS_CASES, *CERTIFICATE_CASES]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_one_fault_has_one_finding(case, keys):
    found, evidence = faults(case, keys)
    told = [(item.check, item.outcome) for item in found]
    assert told == ([case.finding] if case.finding else []), "\n".join([*map(str, found), *map(str, evidence)])
    # What is told of a port without `verbose`, whatever is wrong with it.
    assert [size for size in (len(json.dumps(port_as_dict(port))) for port in evidence) if size >= 4096] == []


def test_the_matrix_is_large_and_every_name_stands_once():
    assert len([case for case in CASES if case.finding]) >= 60
    assert [name for name, times in collections.Counter(case.name for case in CASES).items() if times > 1] == []
