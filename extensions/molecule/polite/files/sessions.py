# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the sessions of this mail server ended, and whom it has put off, from the journal, as JSON.

Sessions: ``connected`` (Postfix), ``goodbye`` (QUIT or LOGOUT), ``handshake`` (TLS never came about: nothing is left to
say but the alert), ``abandoned`` (all others). Beside them ``refused_handshakes``, as Postfix tells of them, which its
sessions that ended so must equal, and ``limits``, the lines with which Postfix's anvil and Dovecot put a client off.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter

POSTFIX_END = re.compile(r"disconnect from \S+ (?P<counts>.*)")
DOVECOT_END = re.compile(r"(?:imap|pop3|managesieve)-login: (?:Login aborted|Disconnected|Aborted login)")
LIMITS = re.compile(
    r"limit exceeded|too many (?:connections|errors)|Maximum number of connections|(?:client|process)_limit \(|"
    r"login attempts|max_client_limit",
    re.IGNORECASE,
)


def ending(text: str) -> str:
    """How Postfix (its counts) or Dovecot (its line) says that the session ended."""
    if re.search(r"\bquit=1\b|logging out|logged out", text, re.IGNORECASE):
        return "goodbye"
    if re.search(r"\bstarttls=0/1\b|^commands=0/0$|TLS handshaking", text):
        return "handshake"
    return "abandoned"


def main() -> None:
    postfix: Counter[str] = Counter(
        dict.fromkeys(("connected", "goodbye", "handshake", "abandoned", "refused_handshakes"), 0)
    )
    dovecot: Counter[str] = Counter(dict.fromkeys(("goodbye", "handshake", "abandoned"), 0))
    limits = []
    command = ["journalctl", "--no-pager", "--output=cat", "--unit=postfix*", "--unit=dovecot"]
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        if line.startswith("connect from "):
            postfix["connected"] += 1
        elif line.startswith("SSL_accept error from "):
            postfix["refused_handshakes"] += 1
        elif end := POSTFIX_END.match(line):
            postfix[ending(end["counts"])] += 1
        elif DOVECOT_END.match(line):
            dovecot[ending(line)] += 1
        if LIMITS.search(line):
            limits.append(line)
    print(json.dumps({"postfix": postfix, "dovecot": dovecot, "limits": limits}))


main()
