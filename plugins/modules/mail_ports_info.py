#!/usr/bin/python
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_ports_info
short_description: Look at mail ports as a client does
version_added: 0.1.0
description:
  - Looks at the ports of one or many mail servers from where the task runs, all at once. For each address of each host it
    tells the TCP state, the greeting, the encryption, the certificate, and what the server offers before and after TLS.
  - Never fails for what it sees. No mail is sent, no password is tried, every connection is closed politely.
author:
  - mailops.gate authors (@mailops)
extends_documentation_fragment:
  - mailops.gate.options
  - mailops.gate.attributes
  - mailops.gate.attributes.wire
options:
  host:
    required: true
  services:
    required: true
  fail_on:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. This module never fails for what it sees.
requirements:
  - cryptography on the machine that looks
seealso:
  - module: mailops.gate.assert_mail_ports
"""

EXAMPLES = r"""
- name: See what the mail ports offer
  mailops.gate.mail_ports_info:
    host: mail.example.org
    services: [smtp, submission, imaps]
  register: seen

- name: Show the ports that are open
  ansible.builtin.debug:
    msg: "{{ seen.ports | selectattr('state', 'equalto', 'open') | map(attribute='port') | unique }}"
"""

RETURN = r"""
ports:
  description: One entry for each service at each address. What was not established is absent.
  returned: always
  type: list
  elements: dict
  contains:
    host:
      description: The host as given.
      type: str
    address:
      description: The address looked at.
      type: str
    family:
      description: V(ipv4) or V(ipv6).
      type: str
    port:
      description: The TCP port.
      type: int
    state:
      description: V(open), V(refused), V(timed-out), V(unreachable), V(reset), V(name-not-found) or V(not-tried).
      type: str
    seconds:
      description: Seconds until the TCP connection came to its outcome.
      type: float
    detail:
      description: The operating system's words for it.
      type: str
    source_address:
      description: The client's address.
      type: str
    from_itself:
      description: Whether source and destination address are the same. Some servers then take the client for secure.
      type: bool
    greeting:
      description: The server's first line, cut to 200 characters.
      type: str
    speaks:
      description: The protocol recognised.
      type: str
    software:
      description: The software recognised.
      type: str
    encryption:
      description: V(implicit), V(starttls) (offered) or V(none).
      type: str
    before_tls:
      description: What was offered before TLS, with C(starttls), C(login_mechanisms), and C(lines) if O(verbose=true).
      type: dict
    starttls_reply:
      description: The server's answer to STARTTLS.
      type: str
    tls:
      description:
        - The handshake. C(established), C(server_name), C(version), C(cipher), C(cipher_bits) (bits), C(trusted),
          C(trust_error), C(name_matches), C(needs_legacy), C(error), and C(certificate) with C(subject), C(issuer), C(names),
          C(not_before), C(not_after), C(lifetime_days), C(days_left) (days), C(sha256), C(self_signed).
      type: dict
    after_tls:
      description: What was offered under TLS, as RV(ports[].before_tls).
      type: dict
    posture:
      description:
        - What else the TLS of the port accepts, where O(depth) asks for it. C(versions) accepted; C(suites) and C(groups) by
          version, each with C(accepted) (IANA names), C(complete) (the exact set), C(outside) (V(accepted), V(rejected) or
          V(inconclusive), whether anything beyond the policy's is accepted), C(server_chooses) and C(finite_field_bits) (bits);
          C(certificates) with C(kind), C(key_bits) (bits), C(curve), C(names), C(issuer), C(not_after), C(days_left) (days),
          C(sha256), C(signatures) and C(sni) (V(with) or V(without)); C(features) of the TLS stack; C(without_sni);
          C(inconclusive), what stayed so and why; C(stopped).
      type: dict
    mail_posture:
      description:
        - What the server does when it is asked, each with C(answer) (V(yes), V(no) or V(not established)), C(line) (the server's)
          and C(why). C(starttls_enforced), C(authentication_required), C(login_refused), C(starttls_unadvertised),
          C(starttls_injection), C(left_over_bytes), C(preauthenticated), C(plaintext_answered), C(relays).
      type: dict
    hindered:
      description: V(throttled), V(slow) or V(cut off), where that is why something was not seen.
      type: str
    throttled:
      description: The line with which the server put the client off.
      type: str
    stopped:
      description: Why the look ended before all was seen.
      type: str
    connections:
      description: Number of TCP connections made.
      type: int
    notes:
      description: What else was noticed.
      type: list
      elements: str
"""

from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import MAIL_PORTS
from ansible_collections.mailops.gate.plugins.module_utils._ansible.run import run_module
from ansible_collections.mailops.gate.plugins.module_utils._ansible.wire_tasks import mail_ports_info


def main() -> None:
    run_module(MAIL_PORTS, mail_ports_info)


if __name__ == "__main__":
    main()
