# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RFC 8314 (cleartext considered obsolete), with RFC 8997 and RFC 9325 for the encryption itself.

One negotiated handshake is judged by it: the version and the cipher suite that an ordinary client gets.
"""

from __future__ import annotations

POLICY = {
    "name": "rfc8314",
    # RFC 8997 section 3; RFC 9325 section 3.1.1
    "min_version": "TLSv1.2",
    # RFC 9325 section 4.1: MUST NOT
    "forbidden_ciphers": ["NULL", "RC4", "EXPORT", "anonymous", "DES", "3DES", "below-112-bits"],
    # RFC 9325 section 4.1: SHOULD NOT
    "discouraged_ciphers": ["static-RSA", "static-DH", "finite-field-DHE"],
    # Days that the certificate must still be valid. RFC 8314 leaves it open; a week leaves time to renew by hand.
    "min_days": 7,
    "sources": {
        "min_version": "RFC 8997 section 3",
        "ciphers": "RFC 9325 section 4.1",
        "min_days": "policy option min_days",
    },
}
