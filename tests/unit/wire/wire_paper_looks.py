# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server of paper without fault, and looks at servers of paper."""

from __future__ import annotations

from _gate.wire.hello.client import TLS12, TLS13
from _gate.wire.hello.suites import suite_number
from wire_posture import TLS12_SUITES, TLS13_SUITES, posture_of
from wire_servers import Server

CLEAN = {
    TLS12: tuple(suite_number(name) for name in TLS12_SUITES if "_RSA_" in name),
    TLS13: tuple(suite_number(name) for name in TLS13_SUITES),
}


def look_at(paper, **details):
    with Server(paper.script) as server:
        return posture_of(server.port, **details)


def unanswered(posture):
    """Subjects and causes of all that stayed inconclusive."""
    outside = [entry.outside for entry in (*posture.suites, *posture.groups)]
    rest = [answer for answer in (posture.signatures, posture.without_sni) if answer]
    answers = [*posture.versions, *outside, *rest]
    return {answer.subject: answer.why for answer in answers if answer.answer == "inconclusive"}
