# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Port 25 of a public server: opportunistic TLS, whatever the policy.

Other servers deliver in clear where TLS fails, and most do not look at the certificate. So weak encryption is better there than
none, and what a policy forbids is a warning. What makes things worse than cleartext, or breaks delivery, stays a fault.
"""

from __future__ import annotations

from typing import Any

OPPORTUNISTIC: dict[str, Any] = {
    "forbidden_becomes": "discouraged",
    "forbidden_still": {
        "versions": ["SSLv2"],
        "traits": ["NULL"],
    },
    # A server that gives up on a hello without a server name cuts off the many that send none.
    "without_sni": "required",
    # Elsewhere such a certificate is a fallback that no proper client sees.
    "certificates_without_sni": "judged",
    "sources": {
        "forbidden_becomes": "RFC 7435 section 3, RFC 9325 section 5.2, RFC 3207 section 4.1",
        "versions": "RFC 6176 section 3: a key that SSLv2 uses too endangers every other port (DROWN)",
        "traits": "RFC 7435 section 3: no encryption is not opportunistic encryption",
        "without_sni": "RFC 8461 section 7.1, RFC 7672 section 8.1",
        "certificates_without_sni": "RFC 7672 section 8.1",
    },
}
