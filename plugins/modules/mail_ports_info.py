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
      description: What was offered before TLS.
      type: dict
      contains:
        starttls:
          description: Whether STARTTLS was offered.
          type: bool
        login_mechanisms:
          description:
            - The logins offered, SASL mechanisms in upper case, and V(LOGIN), V(USER) and V(APOP) for the commands of IMAP and
              POP3.
          type: list
          elements: str
        lines:
          description: The capability lines or words as sent, if O(verbose=true).
          type: list
          elements: str
    starttls_reply:
      description: The server's answer to STARTTLS.
      type: str
    tls:
      description: The handshake of an ordinary client.
      type: dict
      contains:
        established:
          description: Whether it came about.
          type: bool
        server_name:
          description: The name sent as SNI.
          type: str
        version:
          description: The version, such as V(TLSv1.3).
          type: str
        cipher:
          description: The cipher suite, as OpenSSL names it.
          type: str
        cipher_bits:
          description: The strength of the cipher in bits.
          type: int
        trusted:
          description: Whether the chain leads to a trusted authority. Dates of the certificate do not count here.
          type: bool
        trust_error:
          description: Why not, in OpenSSL's words.
          type: str
        name_matches:
          description: Whether the certificate is for the reference name.
          type: bool
        needs_legacy:
          description: Whether it only came about with lowered demands (security level 0, old versions).
          type: bool
        error:
          description: Why it failed, in OpenSSL's words.
          type: str
        certificate:
          description: The leaf certificate.
          type: dict
          contains:
            subject:
              description: The subject.
              type: str
            issuer:
              description: The issuer.
              type: str
            names:
              description: The DNS and IP names that it is for.
              type: list
              elements: str
            not_before:
              description: From when it is valid, in UTC (ISO 8601).
              type: str
            not_after:
              description: Until when it is valid, in UTC (ISO 8601).
              type: str
            lifetime_days:
              description: How long it is valid in all, in days.
              type: int
            days_left:
              description: How long it is still valid, in days. Negative once it has expired.
              type: int
            sha256:
              description: The SHA-256 fingerprint, in hexadecimal.
              type: str
            self_signed:
              description: Whether subject and issuer are the same.
              type: bool
            not_yet_valid:
              description: Whether its time has not come yet.
              type: bool
    after_tls:
      description: What was offered under TLS, with the fields of RV(ports[].before_tls).
      type: dict
    posture:
      description: What else the TLS of the port accepts, where O(depth) asks for it.
      type: dict
      contains:
        versions:
          description: The versions accepted, from V(SSLv2) to V(TLSv1.3).
          type: list
          elements: str
        suites:
          description:
            - By version, the cipher suites. C(accepted), those seen, as IANA names them, in the order in which the server chose
              them; C(complete), whether that is the exact set; C(outside), whether anything beyond what the policy allows is
              accepted (V(accepted), V(rejected) or V(inconclusive)); C(server_chooses), whether the server's own order decides.
          type: dict
        groups:
          description:
            - By version, the key-exchange groups. C(accepted), C(complete) and C(outside) as of RV(ports[].posture.suites);
              C(finite_field_bits), the sizes in bits of the finite-field groups used in TLS 1.2.
          type: dict
        certificates:
          description:
            - The certificates served, to clients with both kinds of keys, with and without SNI.
          type: list
          elements: dict
          contains:
            kind:
              description: The kind of its key, such as V(RSA) and V(ECDSA).
              type: str
            key_bits:
              description: The size of its key in bits.
              type: int
            curve:
              description: The curve of an EC key.
              type: str
            names:
              description: The DNS and IP names that it is for.
              type: list
              elements: str
            issuer:
              description: The issuer.
              type: str
            not_after:
              description: Until when it is valid, in UTC (ISO 8601).
              type: str
            days_left:
              description: How long it is still valid, in days. Negative once it has expired.
              type: int
            sha256:
              description: The SHA-256 fingerprint, in hexadecimal.
              type: str
            signatures:
              description: The signature algorithms of the chain, leaf first, without the root's.
              type: list
              elements: str
            sni:
              description: Which clients get it, V(with) or V(without) SNI.
              type: list
              elements: str
            subject:
              description: The subject, if O(verbose=true). So are all that follow.
              type: str
            not_before:
              description: From when it is valid, in UTC (ISO 8601).
              type: str
            lifetime_days:
              description: How long it is valid in all, in days.
              type: int
            not_yet_valid:
              description: Whether its time has not come yet.
              type: bool
            chain:
              description: The subjects of the chain as sent, leaf first.
              type: list
              elements: str
            ordered:
              description: Whether each certificate is issued by the next.
              type: bool
            complete:
              description: Whether the last one is issued by an authority that is trusted, or is one.
              type: bool
            root_sent:
              description: Whether a root is sent along, needlessly.
              type: bool
            key_usage:
              description: The key usages.
              type: list
              elements: str
            extended_key_usage:
              description: The extended key usages.
              type: list
              elements: str
            must_staple:
              description: Whether an OCSP staple must come with it (RFC 7633).
              type: bool
            ocsp_responder:
              description: Whether it names an OCSP responder.
              type: bool
        features:
          description: Of the TLS stack, what was established.
          type: dict
          contains:
            compression:
              description: Whether the server compresses.
              type: bool
            renegotiation_info:
              description: Whether renegotiation is secure (RFC 5746).
              type: bool
            extended_master_secret:
              description: Whether the extended master secret is used (RFC 7627).
              type: bool
            encrypt_then_mac:
              description: Whether encrypt-then-MAC is used with CBC suites (RFC 7366).
              type: bool
            ocsp_staple:
              description: Whether an OCSP staple was sent.
              type: bool
            client_certificate:
              description: Whether a certificate was asked of the client.
              type: bool
            session_ticket:
              description: Whether a session ticket was promised in TLS 1.2.
              type: bool
            early_data:
              description: Whether tickets allow 0-RTT in TLS 1.3.
              type: bool
            alpn:
              description: The ALPN protocol that the server chose.
              type: str
            signature_algorithms:
              description: The signature schemes of the key exchange in TLS 1.2, as IANA names them.
              type: list
              elements: str
        without_sni:
          description: What a client gets that names no server, V(accepted), V(rejected) or V(inconclusive).
          type: str
        inconclusive:
          description: By its name, what stayed inconclusive, and why.
          type: dict
        notes:
          description: What else was noticed.
          type: list
          elements: str
        stopped:
          description: Why nothing more could be asked from some point on.
          type: str
    mail_posture:
      description:
        - What the server does when it is asked. Each question that was put has C(answer) (V(yes), V(no) or V(not established)),
          C(line), the server's that decided it, and C(why), which clear answers have only if O(verbose=true).
      type: dict
      contains:
        starttls_enforced:
          description: Whether mail before TLS is refused for want of it (SMTP).
          type: dict
        authentication_required:
          description: Whether mail without a login is refused for want of one (SMTP).
          type: dict
        login_refused:
          description: Whether a login begun before TLS is refused, where O(try_login) asks for it.
          type: dict
        starttls_unadvertised:
          description: Whether STARTTLS is accepted though it is not offered.
          type: dict
        starttls_injection:
          description: Whether a command that was sent in clear with STARTTLS is answered inside TLS.
          type: dict
        left_over_bytes:
          description: Whether the server sent more than its reply to STARTTLS before TLS began.
          type: dict
        preauthenticated:
          description: Whether the session is logged in from the start (IMAP).
          type: dict
        plaintext_answered:
          description: Whether a port of implicit TLS answers in clear as well.
          type: dict
        relays:
          description: Whether mail for the mailbox of O(relay_to) is accepted from a stranger.
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
