# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Options that all modules share, so that one module_defaults group serves them
    DOCUMENTATION = r"""
options:
  host:
    description:
      - Names or addresses of the mail server. Each address of a name is looked at separately, IPv4 and IPv6.
      - The firewall modules only use the first one, as the name that findings carry (the host's own name by default).
    type: list
    elements: str
  addresses:
    description:
      - The host's addresses.
      - The modules that look at ports look at these instead of those that the name resolves to; there must be one O(host)
        then.
      - The firewall modules take these for the host's own addresses. By default they are read from the host when the rules
        are live. In a family that C(families) asks about and that has none here, any unicast destination counts as the
        host's.
    type: list
    elements: str
    default: []
  services:
    description:
      - What must be open. Each element is a name (V(smtp), V(submission), V(submissions), V(imap), V(imaps), V(pop3),
        V(pop3s), V(sieve), V(lmtp), and for the packet filter V(ssh), V(dhcp-client), V(dhcpv6-client)), or a mapping that starts
        from one and overrides, or that stands alone with C(port) and C(protocol).
      - Keys of a mapping are C(name), C(port), C(protocol) (V(smtp), V(lmtp), V(imap), V(pop3), V(sieve), or V(tcp), V(udp),
        V(sctp) for a door that only the packet filter is asked about), C(encryption) (V(implicit), V(starttls),
        V(opportunistic), V(none)), C(authentication) (a login must be offered under TLS), C(from) (V(any), or a list of CIDRs
        that may connect; nobody else may reach the port then, the machine that looks included), C(closed) (the port must not be
        reachable), C(optional) (may be open, need not be), C(server_name), C(trust), C(policy), C(proxy_protocol).
    type: list
    elements: raw
  policy:
    description:
      - What encryption must be like. A name (V(rfc8314), V(mozilla-modern), V(mozilla-intermediate), V(ncsc-nl-2025),
        V(bsi-tr-02102-2), V(nist-800-52r2)), or a mapping with C(extends) and what it changes, such as C(min_version)
        (V(TLSv1.3)) and C(min_days) (days that certificates must still be valid).
      - docs/policies.md shows them side by side and explains all keys; the filter P(mailops.gate.policy#filter) shows what one
        comes to. Unknown keys are refused.
    type: raw
    default: rfc8314
  trust:
    description:
      - V(system) for the system's store of authorities, the path of a file with CA certificates (PEM) on the machine that
        looks, or V(none) to leave the chain unjudged. Names and dates are judged in any case.
    type: str
    default: system
  server_name:
    description:
      - The name that clients use, when it is not O(host). It is sent as SNI and must be in the certificate.
    type: str
    default: ""
  depth:
    description:
      - How far the encryption is looked at. V(handshake) is what one ordinary client gets. V(posture) adds what else the
        server accepts, held against O(policy), in at most twelve connections a port. V(enumerate) adds the exact sets of cipher
        suites and groups, in about as many connections as there are suites.
    type: str
    choices: [handshake, posture, enumerate]
    default: posture
  try_login:
    description:
      - Begin a login before TLS and cancel it, to see whether it is refused. No name and no password is sent.
      - Off by default, since fail2ban's stock jail for Dovecot counts it as a failure of this client.
    type: bool
    default: false
  relay_to:
    description:
      - A mailbox of yours at another domain. Whether the server takes mail for it from a stranger is then looked at, with
        MAIL and RCPT; nothing is sent. A refusal is counted by fail2ban's stock jail for Postfix.
    type: str
    default: ""
  proxy_protocol:
    description:
      - The PROXY protocol header that each connection begins with, for ports that expect a proxy. A service can have its own.
    type: str
    choices: [none, v1, v2]
    default: none
  ehlo_name:
    description:
      - The name that is said in EHLO. The looking machine's own by default.
    type: str
    default: ""
  timeout:
    description:
      - Seconds for the whole look at the ports. What was not seen by then is V(unknown). The firewall modules grant as much to
        each command that they run.
    type: int
    default: 60
  max_connections:
    description:
      - Connections to one address, all its ports together. What they did not suffice for is V(unknown).
    type: int
    default: 1000
  max_parallel:
    description:
      - Connections to one address at the same time.
    type: int
    default: 8
  max_per_second:
    description:
      - Connections to one address in a second. 0 for as fast as the server answers. Sendmail as Debian sets it up takes ten in
        a minute, so V(0.15) suits it.
    type: float
    default: 0
  verbose:
    description:
      - Return all that was seen. M(mailops.gate.mail_ports_info) otherwise leaves out capability lines, long lists and the
        lesser facts of certificates.
    type: bool
    default: false
  fail_on:
    description:
      - Outcomes that fail the task, V(fail) and any of V(unknown) and V(warn); or V(never) alone, so that a report can
        still be written.
    type: list
    elements: str
    default: [fail, unknown]
"""

    # Options of the modules that read the packet filter
    FILTER = r"""
options:
  rules:
    description:
      - Candidate files to read instead of the live host, as a mapping with any of C(nft) (nft's text form, such as
        C(/etc/nftables.conf)) or C(nft_json) (what C(nft -j list ruleset) prints), C(iptables) and C(ip6tables) (what
        C(iptables-save) and C(ip6tables-save) print), and C(ipset) (what C(ipset save) prints, for the sets that the iptables
        rules use), each a path on the host where the task runs.
      - C(nft) is loaded into a network namespace of its own to be read, which needs root; nothing of the host changes. It is
        judged as if nothing else were loaded; where it has no C(flush ruleset), the notes say so.
      - Files may be meant for another host than the one where the task runs, so nothing of this one is taken for granted.
        O(addresses) tell which addresses are the host's own, and what hangs on routes or on forwarding (ports that are
        sent on to containers) is V(unknown).
      - Without it the live rules are read, of nftables and of both kinds of iptables, with sets, addresses and routes, which
        needs root.
    type: dict
    default: {}
  interfaces:
    description:
      - Input interfaces that the question is about, by their whole names. All but C(lo) by default, which is refused. When
        the rules are live, the host must have them, and by default a required port must be open on each that it has, and
        nothing else on any, whether the host has it yet or not. Where there is a default route, a bridge that has none, and
        no port that leads out of the machine, leads to containers or virtual machines of the host, and a required port need
        not be open to these, nor to sources that belong behind another interface, or are the host itself. A port of a bridge
        or bond is refused, since what arrives there arrives on the bridge or bond.
    type: list
    elements: str
    default: []
  families:
    description:
      - Families of addresses that the host uses. By default both, or when the rules are live those of the host's addresses.
    type: list
    elements: str
    choices: [ipv4, ipv6]
"""

    # Options of the modules that look at the way out
    EGRESS = r"""
options:
  targets:
    description:
      - Hosts that must be reached, such as relays. Each element is a name or an address, or a mapping with C(host), C(ports)
        (those of this host) and C(server_name) (whose certificate it has, when that is not C(host)).
      - Port 465 is spoken to with TLS from the first byte, every other port with SMTP and STARTTLS.
    type: list
    elements: raw
    default: []
  domains:
    description:
      - Domains that mail must reach. Port 25 of each of their mail exchangers is looked at. The exchangers (MX) are asked for at
        the resolvers of the host, their addresses are those that the host's system finds.
    type: list
    elements: str
    default: []
  ports:
    description:
      - The ports of the targets that name none of their own.
    type: list
    elements: int
    default: [25, 465, 587]
  reference:
    description:
      - What another place saw of the same targets, the C(ports) that M(mailops.gate.mail_egress_info) or
        M(mailops.gate.mail_ports_info) returned there. It settles whether STARTTLS is taken out on the way, and whether somebody
        else answers.
    type: list
    elements: dict
    default: []
"""
