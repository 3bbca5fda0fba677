# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every check by its identifier. Identifiers are stable: playbooks and reports refer to them. docs/findings.md is made
from this list."""

from __future__ import annotations

from ..dataclass import dataclass


@dataclass(frozen=True)
class Check:
    """``asks``: the requirement as a sentence. ``matters``: why a mail engineer cares. ``source``: where it stands."""

    asks: str
    matters: str
    source: str


CHECKS: dict[str, Check] = {
    "mail.reachable": Check(
        "A TCP connection to the port succeeds.",
        "Refused: nothing listens on that address, or a filter rejects. Timed out: something drops the packets. Unreachable: "
        "routing, or a filter that answers so. The rest of the port cannot be judged then, so it has this one finding.",
        "RFC 9293 section 3.10.7.1",
    ),
    "mail.closed": Check(
        "A port that the list says is closed cannot be reached.",
        "A door that nobody needs is a door for somebody else.",
        "the service list",
    ),
    "mail.greeting": Check(
        "The server greets as its protocol says.",
        "A port that accepts and then hangs or hangs up has a broken server behind it: a back end that is down, a PROXY "
        "protocol that is expected, a ban. One that refuses service at once (554) has no use for this client.",
        "RFC 5321 section 3.1, RFC 9051 section 7.1.5, RFC 1939 section 4, RFC 5804 section 1.7",
    ),
    "mail.throttled": Check(
        "The server answers this client, rather than put it off.",
        "A 421 or 454 says nothing of the port's configuration, and neither does a ban or a tarpit in the middle of the look. "
        "What could not be seen is unknown, and stands in this one finding.",
        "RFC 5321 section 4.2.2, RFC 3207 section 4",
    ),
    "mail.protocol": Check(
        "The port speaks the required protocol.",
        "IMAP on a POP3 port, or SSH on 443-like tricks, make every client fail.",
        "the service list",
    ),
    "mail.encryption": Check(
        "Encryption begins where it must: implicit TLS, or STARTTLS.",
        "A client that expects the other mode hangs or fails, and where there is no encryption at all everything is in clear, "
        "passwords too.",
        "RFC 8314 section 3",
    ),
    "mail.tls-handshake": Check(
        "A TLS handshake with an ordinary client succeeds.",
        "Encryption that no client can agree on is no encryption.",
        "RFC 8446 section 4.1",
    ),
    "mail.tls-version": Check(
        "The negotiated TLS version is at least the policy's.",
        "TLS 1.0 and 1.1 are broken and clients have dropped them.",
        "RFC 8996, RFC 8997 section 3",
    ),
    "mail.tls-cipher": Check(
        "The negotiated cipher suite is not one that the policy forbids (fail) or discourages (warn).",
        "A suite without forward secrecy lets a later theft of the key open recorded sessions.",
        "RFC 9325 section 4.1",
    ),
    "mail.tls-old-versions": Check(
        "No TLS version is accepted that the policy rules out.",
        "Whoever is in between can make a client fall back to it. SSLv2 on one port endangers every port with the same key.",
        "RFC 8996, RFC 8997 section 3, RFC 6176",
    ),
    "mail.tls-required-versions": Check(
        "Every TLS version is accepted that the policy requires.",
        "Clients that speak only that version cannot connect.",
        "the policy",
    ),
    "mail.tls-suites": Check(
        "No cipher suite is accepted beyond those that the policy allows (fail) or tolerates (warn).",
        "What is accepted can be had by whoever is in between, or by a client that prefers it.",
        "RFC 9325 section 4.1",
    ),
    "mail.tls-groups": Check(
        "No key-exchange group is accepted beyond those that the policy allows (fail) or tolerates (warn).",
        "A small curve gives the session key away to whoever records the traffic.",
        "RFC 9325 section 4.5",
    ),
    "mail.tls-finite-field": Check(
        "Finite-field Diffie-Hellman groups are as large as the policy asks.",
        "Groups of 1024 bits can be broken with precomputation, once for all servers that share the prime.",
        "RFC 9325 section 4.5",
    ),
    "mail.tls-signature-algorithms": Check(
        "The handshake is signed with an algorithm that the policy allows.",
        "Signatures over MD5 or SHA-1 can be forged.",
        "RFC 9155 section 4",
    ),
    "mail.tls-compression": Check(
        "TLS does not compress.",
        "The length of what is compressed tells about secrets in it.",
        "RFC 9325 section 3.3",
    ),
    "mail.tls-renegotiation": Check(
        "The server supports secure renegotiation.",
        "Without it somebody in between can put commands in front of a client's session.",
        "RFC 5746, RFC 9325 section 3.5",
    ),
    "mail.tls-extended-master-secret": Check(
        "The server supports the extended master secret.",
        "Without it two sessions can be made to share one key.",
        "RFC 7627, RFC 9325 section 3.5",
    ),
    "mail.tls-encrypt-then-mac": Check(
        "Where a CBC suite is accepted, encrypt-then-MAC is too.",
        "Padding oracles (Lucky 13) need the other order.",
        "RFC 7366",
    ),
    "mail.tls-session-tickets": Check(
        "Session tickets of TLS 1.2 are as the policy says.",
        "Who steals the ticket key reads every session that it protected.",
        "RFC 9325 section 3.4",
    ),
    "mail.tls-early-data": Check(
        "The server takes no 0-RTT data.",
        "Early data can be played again, and no mail protocol says how to use it safely.",
        "RFC 9325 section 3.10",
    ),
    "mail.tls-client-certificate": Check(
        "The server asks for no client certificate.",
        "Mail clients fail or ask their users puzzling questions. Where client certificates are used, set the policy's "
        "features.client_certificate to ignored.",
        "RFC 8314 section 4.2",
    ),
    "mail.tls-without-sni": Check(
        "Port 25 completes a handshake with a server that sends no server name.",
        "Many servers send none; they deliver in clear then, or not at all.",
        "RFC 8461 section 7.1, RFC 7672 section 8.1",
    ),
    "mail.certificate-trust": Check(
        "The certificate chain leads to a trusted authority.",
        "Clients warn or refuse; a missing intermediate fails only on some clients.",
        "RFC 5280 section 6",
    ),
    "mail.certificate-name": Check(
        "The certificate is for the name that clients use.",
        "Clients warn or refuse.",
        "RFC 7817 section 3, RFC 9525 section 6",
    ),
    "mail.certificate-validity": Check(
        "The certificate is valid now and for min_days more (a third of its life, where that is less).",
        "An expired certificate stops every client at once; one that runs out soon shows that renewal has stopped.",
        "RFC 5280 section 4.1.2.5",
    ),
    "mail.certificate-key": Check(
        "The certificate's key is of a type, size and curve that the policy allows.",
        "A key that can be computed lets anybody be this server.",
        "RFC 9325 section 4.5",
    ),
    "mail.certificate-signature": Check(
        "The certificates of the chain are signed with algorithms that the policy allows.",
        "A signature over SHA-1 can be forged; clients refuse it.",
        "RFC 9325 section 4.5",
    ),
    "mail.certificate-lifetime": Check(
        "The certificate's whole life is no longer than the policy allows.",
        "A stolen key is good for that long.",
        "the policy",
    ),
    "mail.certificate-chain": Check(
        "The chain is sent in order, up to an authority that clients know (fail), and without the root (warn).",
        "Some clients fetch what is missing or sort it, others fail. The root is dead weight in every handshake.",
        "RFC 8446 section 4.4.2, RFC 5246 section 7.4.2",
    ),
    "mail.certificate-usage": Check(
        "The certificate may be used for a TLS server that signs.",
        "Clients that look at key usage refuse it.",
        "RFC 5280 sections 4.2.1.3 and 4.2.1.12, RFC 8446 section 4.4.2.2",
    ),
    "mail.certificate-staple": Check(
        "The server staples an OCSP response where the certificate (Must-Staple) or the policy demands it.",
        "Clients refuse a Must-Staple certificate without a staple.",
        "RFC 7633 section 4.3",
    ),
    "mail.login-before-tls": Check(
        "No login is offered before TLS.",
        "A client that takes the offer sends its password in clear.",
        "RFC 8314 section 3, RFC 2595 section 2.2, RFC 4954 section 4",
    ),
    "mail.session": Check(
        "The dialogue goes on once TLS is on.",
        "A server that breaks off under TLS has a broken back end (Postfix without its SASL server does so), or demands a "
        "client certificate.",
        "RFC 3207 section 4.2, RFC 9051 section 6.2.1",
    ),
    "mail.starttls-after-tls": Check(
        "STARTTLS is not offered again under TLS.",
        "It confuses clients and shows a front end that does not know about the encryption.",
        "RFC 3207 section 4.2, RFC 9051 section 6.2.1, RFC 2595 section 4, RFC 5804 section 2.2",
    ),
    "mail.authentication": Check(
        "Once TLS is on, the server offers a login.",
        "A submission port that asks for no authentication is an open relay or useless.",
        "RFC 6409 section 4.3",
    ),
    "mail.authentication-required": Check(
        "Submission refuses mail from whoever has not logged in.",
        "Whoever connects could send mail in your name. Servers that judge at RCPT are only asked where relay_to is given.",
        "RFC 6409 section 4.3",
    ),
    "mail.login-refused": Check(
        "A login begun before TLS is refused. Only looked at where it is asked for; no name and no password is sent.",
        "What is not advertised may be accepted all the same, and some clients try.",
        "RFC 8314 section 3, RFC 4954 section 4",
    ),
    "mail.starttls-enforced": Check(
        "Submission refuses mail before TLS; a public MX does not (a warning).",
        "Somebody on the way who takes STARTTLS out of the capabilities makes clients submit in clear.",
        "RFC 8314 section 3, RFC 3207 section 4",
    ),
    "mail.starttls-injection": Check(
        "Commands that were sent in clear together with STARTTLS are not answered inside TLS.",
        "Somebody on the way can put commands into the encrypted session, and so get at mail and passwords.",
        "RFC 3207 section 4.2, CVE-2011-0411",
    ),
    "mail.starttls-left-over": Check(
        "The server sends nothing more in clear after its reply to STARTTLS.",
        "Clients may take what was sent in clear for part of the encrypted session.",
        "RFC 3207 section 4.2, CVE-2021-38371",
    ),
    "mail.preauth": Check(
        "IMAP asks for a login.",
        "PREAUTH logs in whoever connects, and makes STARTTLS impossible.",
        "RFC 9051 section 7.1.4",
    ),
    "mail.plaintext-on-tls-port": Check(
        "A port of implicit TLS does not answer in clear.",
        "A client that is set up without TLS works, and sends its password in clear.",
        "RFC 8314 section 3",
    ),
    "mail.relay": Check(
        "Mail for other domains is refused from strangers. Only looked at where relay_to is given; no mail is sent.",
        "An open relay is found within hours, and on block lists soon after.",
        "RFC 5321 section 7.9",
    ),
    "mail.egress-names": Check(
        "From this host, the names of the targets have addresses, and the domains hosts that take their mail.",
        "Mail to a name that is not found waits in the queue for days, or bounces.",
        "RFC 5321 section 5.1, RFC 7505 section 3",
    ),
    "mail.egress-blocked": Check(
        "From this host, no mail port is closed towards everybody.",
        "Many providers block outbound port 25: mail then has to go by a relay on port 587 or 465, or the provider has to open "
        "it. The single targets have no findings of their own then.",
        "RFC 5068 section 4",
    ),
    "mail.egress-reachable": Check(
        "From this host, each target and each domain can be reached on each port, and at all of its "
        "addresses (a warning).",
        "An address that cannot be reached delays mail; a target without one that can stops it.",
        "RFC 5321 section 5.1",
    ),
    "mail.egress-greeting": Check(
        "The target greets this host, rather than refuse it.",
        "Servers refuse clients by their address: a block list, no reverse name, a dynamic range.",
        "RFC 5321 section 3.1, RFC 5782",
    ),
    "mail.egress-intercepted": Check(
        "Nothing shows that somebody else answers in the target's place.",
        "Transparent SMTP proxies and firewalls that inspect SMTP read the mail, and take STARTTLS out. A certificate of the "
        "target's proves that there is none; where it has no such certificate that is a warning.",
        "RFC 3207 section 6",
    ),
    "mail.egress-starttls": Check(
        "The target offers STARTTLS to this host, and TLS comes about.",
        "Where it is taken out on the way, mail and passwords pass in clear.",
        "RFC 3207 section 6, RFC 8314 section 3",
    ),
    "server.name": Check(
        "DNS has addresses for the host's name, and they are this host's.",
        "Clients that go elsewhere find an old server, or nothing.",
        "RFC 5321 section 5.1",
    ),
    "server.listening": Check(
        "The server of each required service listens where clients connect, on both families that they use.",
        "A server that did not come up, or listens on loopback only, is the most frequent fault of all.",
        "the service list",
    ),
    "server.views": Check(
        "What listens, what the filter accepts and what clients see fit together, and a client from elsewhere was served.",
        "Where the views contradict each other, somebody else answers, or a view is wrong. What settles it stands beside it.",
        "docs/diagnosis.md",
    ),
    "server.surplus": Check(
        "No container publishes a port that nothing requires, and what listens at a port that must be closed is out of reach.",
        "Its connections are forwarded, past the rules for the host itself: a database in a container is open to the world, "
        "whatever ufw says.",
        "the service list",
    ),
    "server.looked-at": Check(
        "Every view that was asked for was looked at.",
        "What was not seen is not known to be right.",
        "docs/diagnosis.md",
    ),
    "firewall.missing-opening": Check(
        "The packet filter accepts new connections to every required port from everybody who may connect.",
        "Clients time out, on IPv6 alone perhaps.",
        "the service list",
    ),
    "firewall.surplus-opening": Check(
        "The packet filter accepts nothing that is not required.",
        "A forgotten rule opens a database to the world.",
        "the service list",
    ),
    "firewall.unfiltered": Check(
        "Each family of addresses has a filter at all.",
        "IPv6 without a filter makes the IPv4 filter worthless.",
        "the service list",
    ),
    "firewall.sometimes-open": Check(
        "A required port is open always, not as long as a rate limit, a clock or a list of offenders lets a client in.",
        "A limit that suits one client refuses a whole office behind one address. It may be meant, so this is a warning; a port "
        "that nothing requires and that is open now and then is a surplus opening.",
        "the service list",
    ),
    "firewall.parity": Check(
        "A door that may be open is open over both families of addresses, or over neither.",
        "What is open over one family alone is mostly a rule that was forgotten. Asked of optional services; those that must be "
        "open have firewall.missing-opening, and what nothing requires has firewall.surplus-opening.",
        "the service list",
    ),
    "firewall.icmpv6": Check(
        "The ICMPv6 without which connections over IPv6 fail gets in: errors about connections, and neighbour discovery.",
        "Without packet-too-big large mails hang, without neighbour discovery nothing arrives at all. Not asked where all of "
        "IPv6 is closed.",
        "RFC 4890 section 4.4.1",
    ),
    "firewall.routed": Check(
        "Other hosts behind this one, such as containers, are not reached through it by their own addresses.",
        "A container's port that is not published is open all the same to whoever sends packets for the container's address to "
        "this host, where forwarding is on and nothing drops them. A router does that by design, so this is a warning.",
        "the service list",
    ),
    "firewall.next-boot": Check(
        "After its next start the host opens the same ports as now. Asked for with next_boot.",
        "Rules that were never saved are gone after a restart, and so is the port or the protection.",
        "the service list",
    ),
    "firewall.undecided": Check(
        "What the packet filter does with each packet is known.",
        "A match that is not understood, or that hangs on facts which were not there, is never guessed.",
        "the service list",
    ),
}
