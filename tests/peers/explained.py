# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the peers differ where they do: found by reading their output and by other clients. docs/agreement.md prints it."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Optional, Tuple

from compare import GROUP, SUITE, VERSION, Difference

BOTH = "both"


@dataclass(frozen=True)
class Explanation:
    """Patterns (of :mod:`fnmatch`) for what it covers; ``ours``: the difference's. ``right``: ``mailops.gate``, a peer's
    name, or ``both`` where the two answer different questions."""

    peer: str
    kind: str
    version: str
    item: str
    ours: bool
    right: str
    why: str
    case: str = "*"

    def covers(self, case: str, peer: str, difference: Difference) -> bool:
        """Whether this is the explanation."""
        patterns = (
            (peer, self.peer),
            (difference.kind, self.kind),
            (difference.version, self.version),
            (difference.item, self.item),
            (case, self.case),
        )
        return self.ours == difference.ours and all(fnmatchcase(text, pattern) for text, pattern in patterns)


OURS = "mailops.gate"
_UNKNOWN = " where it goes wrong was not looked into."
_OLD_OPENSSL = "tries suites that OpenSSL 1.0.2 knows with OpenSSL 1.0.2, which has no {0}."


def _peer_misses(peer: str, kind: str, version: str, item: str, why: str, case: str = "*") -> Explanation:
    return Explanation(peer, kind, version, item, True, OURS, why, case)


#: sslyze 6.3, nmap 7.93: read in their source; sslscan 2.0: from its hellos and what servers made of them.
EXPLANATIONS: Tuple[Explanation, ...] = (
    _peer_misses("*", GROUP, "*", "*MLKEM*", "has no hybrid groups (ML-KEM) in its list."),
    _peer_misses("*", VERSION, "TLSv1.3", "*", "takes a server that insists on ML-KEM for one without TLS 1.3.",
                 "openssl35-ml-kem-only"),
    _peer_misses("sslyze", GROUP, "*", "ffdhe*", "asks for elliptic curves only, not for finite-field groups."),
    _peer_misses("sslyze", GROUP, "*", "*", "tries each curve in the highest version only; these exist up to TLS 1.2.",
                 "openssl-brainpool-and-sect"),
    _peer_misses("sslyze", SUITE, "TLSv1.2", "*CAMELLIA*", "tries the suites of its own OpenSSL builds, which lack these."),
    _peer_misses("sslyze", SUITE, "TLSv1.2", "*", _OLD_OPENSSL.format("Ed25519"), "openssl-ed25519-certificate"),
    _peer_misses("sslyze", SUITE, "TLSv1.2", "*", _OLD_OPENSSL.format("RSA-PSS certificates"), "openssl-rsa-pss-certificate"),
    _peer_misses("sslyze", SUITE, "TLSv1.2", "*", _OLD_OPENSSL.format("X25519"), "openssl35-ml-kem-and-x25519"),
    _peer_misses("nmap", VERSION, "TLSv1.3", "*", "does not offer ecdsa_secp384r1_sha384 in TLS 1.3, the one signature that"
                 " this certificate can make.", "openssl-p384-certificate"),
    _peer_misses("nmap", VERSION, "TLSv1.2", "*", "offers Ed25519 in TLS 1.2 by a number that is not the registered one"
                 " (0x0407 for 0x0807).", "openssl-ed25519-certificate"),
    _peer_misses("nmap", VERSION, "TLSv1.2", "*", "offers no RSA-PSS signatures in TLS 1.2.", "openssl-rsa-pss-certificate"),
    _peer_misses("nmap", SUITE, "*", "TLS_DHE_RSA_*", "offers the group ffdhe2048 in TLS 1.2 too, and RFC 7919 then"
                 " forbids DHE to a server that has larger groups alone.", "gnutls-secure256"),
    _peer_misses("nmap", SUITE, "*", "TLS_DHE_RSA_*", "offers the group ffdhe2048 below TLS 1.3 too; with it, Courier (GnuTLS)"
                 " uses no DHE.", "courier-*"),
    _peer_misses("sslscan", VERSION, "TLSv1.2", "*", "offers all suites, those of DHE before most others: Dovecot 2.3 without DH"
                 " parameters chooses one, fails and hangs up.", "dovecot-debian12-*"),
    _peer_misses("sslscan", SUITE, "TLSv1.2", "*", "stops there at the first hello of which Dovecot 2.3 chooses a suite of DHE,"
                 " fails and hangs up.", "dovecot-debian12-*"),
    _peer_misses("testssl.sh", SUITE, "TLSv1.2", "*", "misses suites at Dovecot 2.3, which refuses by hanging up;" + _UNKNOWN,
                 "dovecot-debian12-*"),
    _peer_misses("sslscan", GROUP, "TLSv1.2", "secp521r1", "offers one group at a time, without the curve of the certificate,"
                 " which RFC 8422 5.1 asks for.", "openssl-p384-certificate"),
    _peer_misses("testssl.sh", VERSION, "*", "TLSv1*", "does not see versions that have NULL and anonymous suites alone;"
                 + _UNKNOWN,
                 "openssl-anonymous-and-null"),
)  # fmt: skip


def explanation_of(case: str, peer: str, difference: Difference) -> Optional[Explanation]:
    """The first explanation that covers it."""
    return next((each for each in EXPLANATIONS if each.covers(case, peer, difference)), None)
