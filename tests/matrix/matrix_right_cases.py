# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers with nothing wrong: none has a finding."""

from __future__ import annotations

import ssl

from matrix_case import Case
from matrix_dialogues import KINDS
from matrix_servers import Behaviour, Paper, Tls

RIGHT_CASES = [
    *(Case("right " + kind, Behaviour(kind)) for kind in KINDS if kind != "sieves"),
    *(
        Case("right " + kind + " on paper", Behaviour(kind, tls=Tls(paper=Paper)))
        for kind in ("smtp", "submissions", "imap", "pop3s")
    ),
    Case("right LMTP with TLS", Behaviour("lmtp"), None, {"encryption": "starttls"}),
    Case("right with a login tried", Behaviour("imap"), options={"try_login": True}),
    Case("right without relaying", Behaviour("smtp"), options={"relay_to": "probe@example.net"}),
    Case("right submission without relaying", Behaviour("submission"), options={"relay_to": "probe@example.net"}),
    Case("right with both kinds of certificates", Behaviour("imap", tls=Tls(("right", "right RSA")))),
    Case("right with intermediates", Behaviour("imap", tls=Tls(("right with intermediates",)))),
    Case("right wildcard", Behaviour("imap", tls=Tls(("right wildcard",)))),
    Case("right and short-lived", Behaviour("imap", tls=Tls(("right of 30 days",)))),
    Case("right with TLS 1.3 only", Behaviour("imap", tls=Tls(lowest=ssl.TLSVersion.TLSv1_3))),
    Case("right with TLS 1.2 only", Behaviour("imap", tls=Tls(highest=ssl.TLSVersion.TLSv1_2))),
    Case(
        "right for mozilla-intermediate", Behaviour("imap", tls=Tls(curve="prime256v1")),
        options={"policy": "mozilla-intermediate"},
    ),
    Case("right and asked for everything", Behaviour("imaps"), options={"depth": "enumerate"}),
]  # fmt: skip
