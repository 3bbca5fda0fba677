# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RFC 8314 (cleartext considered obsolete), with RFC 8997, and RFC 9325 and 8996 for the encryption itself.

MUST NOT is forbidden, SHOULD NOT is discouraged. The RFCs name what is bad and leave the rest alone, so others are allowed.
"""

from __future__ import annotations

from ..vocabulary import MD5_AND_SHA1_SCHEMES, MD5_AND_SHA1_SIGNATURES, WEAK_GROUPS

POLICY = {
    "name": "rfc8314",
    "title": "RFC 8314 and 8997, with RFC 9325 and 8996",
    "link": "https://www.rfc-editor.org/rfc/rfc9325",
    "min_version": "TLSv1.2",
    "suites": {
        "others": "allowed",
        "forbidden_traits": ["NULL", "RC4", "EXPORT", "DES", "3DES", "below-112-bits"],
        # Anonymous suites: Postfix accepts them from a client that offers nothing else (it is made for MTAs that do not look at
        # certificates); a mail client never does.
        "discouraged_traits": ["anonymous", "static-RSA", "static-DH", "finite-field-DHE", "unrecognised"],
    },
    "groups": {
        "others": "allowed",
        "forbidden": [*WEAK_GROUPS, "arbitrary_explicit_prime_curves", "arbitrary_explicit_char2_curves"],
    },
    # Used only with a client that offers nothing else, as stock Postfix does; RFC 9155 section 4 says MUST NOT.
    "signature_algorithms": {"others": "allowed", "discouraged": MD5_AND_SHA1_SCHEMES},
    "finite_field_bits": 2048,
    "finite_field_bits_good": None,
    "certificate": {
        "key_types": {"others": "allowed"},
        "curves": {"others": "allowed", "forbidden": WEAK_GROUPS},
        "signatures": {"others": "allowed", "forbidden": MD5_AND_SHA1_SIGNATURES},
        "leaf_signatures": {"others": "allowed"},
        "rsa_bits": 2048,
        "rsa_bits_good": None,
        "max_days": None,
        "max_days_good": None,
    },
    # RFC 8314 leaves it open; a week leaves time to renew by hand.
    "min_days": 7,
    "features": {
        "compression": "discouraged",
        "renegotiation_info": "required",
        "extended_master_secret": "required",
        "encrypt_then_mac": "ignored",
        "session_ticket": "ignored",
        "early_data": "discouraged",
        "client_certificate": "discouraged",
        "ocsp_staple": "ignored",
    },
    "sources": {
        "min_version": "RFC 8997 section 3, RFC 8996 sections 4 and 5, RFC 9325 section 3.1.1",
        "suites": "RFC 9325 section 4.1; 3DES: NIST SP 800-131A r2 section 2; anonymous: RFC 5246 section A.5",
        "groups": "RFC 9325 section 4.5, RFC 8422 section 5.1.1",
        "signature_algorithms": "RFC 9155 section 4, RFC 9325 section 4.5",
        "finite_field_bits": "RFC 9325 section 4.5",
        "certificate.curves": "RFC 9325 section 4.5",
        "certificate.signatures": "RFC 9325 section 4.5",
        "certificate.rsa_bits": "RFC 9325 section 4.5",
        "min_days": "policy option min_days",
        "features.compression": "RFC 9325 section 3.3",
        "features.renegotiation_info": "RFC 9325 section 3.5",
        "features.extended_master_secret": "RFC 9325 section 3.5",
        "features.early_data": "RFC 9325 section 3.10",
        "features.client_certificate": "RFC 8314 section 4.2",
    },
    "not_observed": [
        "session tickets: how they are encrypted and how often their keys change (RFC 9325 section 3.4)",
        "truncated HMAC (RFC 9325 section 4.6)",
        "keys of Diffie-Hellman used again (RFC 9325 section 7.4)",
        "refusal of an unknown server name (RFC 9325 section 3.7) and of an unknown ALPN protocol (section 3.8)",
    ],
}
