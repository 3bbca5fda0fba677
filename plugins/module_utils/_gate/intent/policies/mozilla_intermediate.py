# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mozilla server-side TLS 6.0, intermediate, the general-purpose one. What its lists do not name is forbidden."""

from __future__ import annotations

from ..vocabulary import MD5_AND_SHA1_SCHEMES, MD5_AND_SHA1_SIGNATURES

POLICY = {
    "name": "mozilla-intermediate",
    "title": "Mozilla server-side TLS 6.0, intermediate",
    "link": "https://ssl-config.mozilla.org/guidelines/6.0.json",
    "min_version": "TLSv1.2",
    "suites": {
        "others": "forbidden",
        "allowed": [
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        ],
    },
    "groups": {"others": "forbidden", "allowed": ["X25519MLKEM768", "x25519", "secp256r1", "secp384r1"]},
    # The guideline says nothing of the handshake's signatures; RFC 9155 does.
    "signature_algorithms": {"others": "allowed", "forbidden": MD5_AND_SHA1_SCHEMES},
    # No suite with finite-field Diffie-Hellman is allowed.
    "finite_field_bits": None,
    "finite_field_bits_good": None,
    "certificate": {
        "key_types": {"others": "forbidden", "allowed": ["ECDSA", "RSA"]},
        "curves": {"others": "forbidden", "allowed": ["secp256r1", "secp384r1"]},
        "signatures": {"others": "allowed", "forbidden": MD5_AND_SHA1_SIGNATURES},
        "leaf_signatures": {
            "others": "forbidden",
            "allowed": ["sha256WithRSAEncryption", "ecdsa-with-SHA256", "ecdsa-with-SHA384", "ecdsa-with-SHA512"],
        },
        "rsa_bits": 2048,
        "rsa_bits_good": None,
        "max_days": 366,
        "max_days_good": None,
    },
    "min_days": 7,
    "features": {
        "compression": "discouraged",
        "renegotiation_info": "required",
        "extended_master_secret": "required",
        "encrypt_then_mac": "ignored",
        "session_ticket": "ignored",
        "early_data": "discouraged",
        "client_certificate": "discouraged",
        "ocsp_staple": "recommended",
    },
    "sources": {
        "min_version": "Mozilla server-side TLS 6.0 intermediate: tls_versions",
        "suites": "Mozilla server-side TLS 6.0 intermediate: ciphersuites and ciphers",
        "groups": "Mozilla server-side TLS 6.0 intermediate: tls_curves",
        "signature_algorithms": "RFC 9155 section 4",
        "certificate.key_types": "Mozilla server-side TLS 6.0 intermediate: certificate_types",
        "certificate.curves": "Mozilla server-side TLS 6.0 intermediate: certificate_curves",
        "certificate.signatures": "RFC 9325 section 4.5",
        "certificate.leaf_signatures": "Mozilla server-side TLS 6.0 intermediate: certificate_signatures",
        "certificate.rsa_bits": "Mozilla server-side TLS 6.0 intermediate: rsa_key_size",
        "certificate.max_days": "Mozilla server-side TLS 6.0 intermediate: maximum_certificate_lifespan",
        "min_days": "policy option min_days",
        "features.compression": "RFC 9325 section 3.3",
        "features.renegotiation_info": "RFC 9325 section 3.5",
        "features.extended_master_secret": "RFC 9325 section 3.5",
        "features.early_data": "RFC 9325 section 3.10",
        "features.client_certificate": "RFC 8314 section 4.2",
        "features.ocsp_staple": "Mozilla server-side TLS 6.0 intermediate: ocsp_staple",
    },
    "not_observed": [
        "hsts_min_age: it concerns HTTP only",
        "server_preferred_order: either order is as good where all suites are",
        "oldest_clients: they follow from the rest",
    ],
}
