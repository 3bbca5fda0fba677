# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mail servers of the stage: those of the demo, on the standard ports. python servers.py PEM [--seven] ADDRESS..."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "demo"))

from twisted.internet import reactor, stdio  # noqa: E402
from twisted.internet.ssl import CertificateOptions, PrivateCertificate  # noqa: E402

from hosts import IMPLICIT, STARTTLS, Door  # noqa: E402
from servers import Conversations, UntilEnd  # noqa: E402

DOORS = (
    Door("smtp", "smtp", 25, STARTTLS),
    Door("submission", "smtp", 587, STARTTLS),
    Door("submission", "smtp", 2587, STARTTLS),
    Door("submissions", "smtp", 465, IMPLICIT),
    Door("imaps", "imap", 993, IMPLICIT),
)
#: All that a mail server usually has.
SEVEN = (
    *(door for door in DOORS if door.port != 2587),
    Door("imap", "imap", 143, STARTTLS),
    Door("pop3", "pop3", 110, STARTTLS),
    Door("pop3s", "pop3", 995, IMPLICIT),
)


def main() -> None:
    identity = PrivateCertificate.loadPEM(Path(sys.argv[1]).read_bytes())
    tls = CertificateOptions(privateKey=identity.privateKey.original, certificate=identity.original)
    seven = sys.argv[2] == "--seven"
    for address in sys.argv[3 if seven else 2 :]:
        for door in SEVEN if seven else DOORS:
            factory = Conversations(door, "mail.example.org", tls)
            if door.encryption == IMPLICIT:
                reactor.listenSSL(door.port, factory, tls, interface=address)
            else:
                reactor.listenTCP(door.port, factory, interface=address)
    print("ready", flush=True)
    stdio.StandardIO(UntilEnd())
    reactor.run()


if __name__ == "__main__":
    main()
