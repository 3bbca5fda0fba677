# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mends the way out, for each check of it. ``{port}``, ``{target}`` and ``{host}`` (which looks) are filled in."""

from __future__ import annotations

RELAY_PORTS = (587, 465)

_REMEDIES = {
    "mail.egress-names": "on {host}: resolvectl query {target} (or dig {target}); mend the name, or the resolvers in "
    "/etc/resolv.conf",
    "mail.egress-blocked": "on {host}: nft list ruleset shows whether an output rule of its own drops port {port}; if none "
    "does, ask the provider to open it",
    "mail.egress-reachable": "on {host}: ip route get ADDRESS, then traceroute -T -p {port} {target} shows where the way ends",
    "mail.egress-greeting": "look the address of {host} up at the block list that the target names, set its reverse name "
    "(PTR), or relay through a host that the target takes",
    "mail.egress-intercepted": "look at {target} from another network and give what was seen as reference; ask the provider "
    "for a way without its proxy, or relay through port 465 or 587 with the certificate verified",
    "mail.egress-starttls": "look at {target} from another network and give what was seen as reference; switch off the "
    "inspection of SMTP (Cisco: no inspect esmtp), or relay through port 465 with the certificate verified",
}


def egress_remedy(check: str, port: int, target: str, host: str, relay: bool = False) -> str:
    """What mends it, as one line.

    :param relay: a relay can be reached from here.
    """
    text = _REMEDIES[check].format(port=port, target=target, host=host)
    return text + "; until then send by the relay" if relay else text
