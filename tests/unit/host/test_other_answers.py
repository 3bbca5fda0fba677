# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that answers in another form than the module does, as one in the wrong hands may."""

from __future__ import annotations

import pytest

from _gate.errors import EvidenceError
from _gate.host.replay import Recorded

ANSWER = {"command": ["/usr/sbin/nft", "list"], "code": 0, "out": "", "err": ""}
ANSWERS = {
    "root": True,
    "hostname": "mail",
    "programs": {"nft": "/usr/sbin/nft"},
    "files": {"/proc/modules": {"text": ""}, "/proc/net/ip_vs": {"problem": "denied"}},
    "patterns": ["/proc/modules"],
    "commands": [ANSWER, {"command": ["/usr/sbin/nft"], "problem": "it did not end in 1 s"}],
}


def test_the_form_of_the_module_is_taken():
    Recorded().add(ANSWERS)


@pytest.mark.parametrize(
    "answers",
    [
        None,
        [1],
        {},
        *({name: value for name, value in ANSWERS.items() if name != left_out} for left_out in ANSWERS),
        {**ANSWERS, "root": "no"},
        {**ANSWERS, "hostname": None},
        {**ANSWERS, "programs": {"nft": 3}},
        {**ANSWERS, "files": []},
        {**ANSWERS, "files": {"/proc/modules": "text"}},
        {**ANSWERS, "files": {"/proc/modules": {"text": None}}},
        {**ANSWERS, "files": {"/proc/modules": {"problem": 3}}},
        {**ANSWERS, "patterns": "*"},
        {**ANSWERS, "commands": {}},
        {**ANSWERS, "commands": [3]},
        {**ANSWERS, "commands": [{**ANSWER, "command": "nft"}]},
        {**ANSWERS, "commands": [{**ANSWER, "command": [["nft"]]}]},
        {**ANSWERS, "commands": [{**ANSWER, "code": False}]},
        {**ANSWERS, "commands": [{**ANSWER, "code": "0"}]},
        {**ANSWERS, "commands": [{**ANSWER, "out": 3}]},
        {**ANSWERS, "commands": [{"command": ["nft"], "code": 0, "out": ""}]},
        {**ANSWERS, "commands": [{"command": ["nft"], "problem": None}]},
    ],
)
def test_any_other_is_refused(answers):
    with pytest.raises(EvidenceError, match="in another form"):
        Recorded().add(answers)
