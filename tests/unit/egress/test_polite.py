# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What servers hear of a look at the way out: EHLO, STARTTLS and QUIT, and never the beginning of a mail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from _gate.egress.plan import Destination
from _gate.egress.sensor import look_at_egress
from _gate.wire.look import Limits

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "wire"))

pytest.importorskip("cryptography")
from wire_servers import SMTP_ANSWERS, Server, mail_server  # noqa: E402


def test_no_mail_is_begun():
    answers = dict(SMTP_ANSWERS)
    answers[b"EHLO"] = b"250 mx.example.org\r\n"
    with Server(mail_server(b"220 mx.example.org ESMTP\r\n", answers)) as server:
        target = Destination("127.0.0.1", "127.0.0.1", (server.port,))
        limits = Limits(deadline_seconds=8, ehlo_name="probe.example.org")
        (way,) = look_at_egress([target], [], limits, trust="none").ways
    assert way.outcome == "open" and way.evidence.encryption == "none"
    assert server.heard == [b"EHLO probe.example.org", b"QUIT"]
