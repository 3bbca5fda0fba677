# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mends a fault seen on the wire: for the software that answered, or for any where it is not known.

The keys are check identifiers; for ``mail.encryption`` the encryption that is required. ``{port}``, ``{service}``, ``{name}``
and ``{host}`` are filled in, and the policy's ``{min_version}`` and ``{versions}``.
"""

from __future__ import annotations

from ..intent.services import Service
from ..intent.vocabulary import VERSIONS
from . import mail_remedies, tls_remedies

_ANY = {
    **tls_remedies.ANY,
    "mail.reachable": "on {host}: ss -ltnp shows whether something listens, and on which address",
    "name not found": "look up {host} from where the look was taken; add or mend its A and AAAA records",
    "mail.closed": "stop the service or close the port in the filter; ss -ltnp 'sport = :{port}' names what listens",
    "mail.greeting": "look at the server's log while connecting: journalctl -f; nc {host} {port}",
    "mail.throttled": "wait, or exempt the address that looks from the server's rate limits, then look again",
    "no TLS now": "look at the server's log while connecting: as a rule it names the key or certificate that it cannot read",
    "mail.protocol": "on {host}: ss -ltnp 'sport = :{port}' names what listens; give the port to {service}",
    "mail.tls-handshake": "openssl s_client -connect {host}:{port} shows the alert; check key, certificate and versions",
    "mail.tls-version": "allow TLS 1.2 and 1.3 only in the server's TLS settings",
    "mail.tls-cipher": "allow ECDHE suites with AES-GCM or ChaCha20 only in the server's TLS settings",
    "mail.certificate-trust": "serve the full chain (certificate, then intermediates) of an authority that clients trust; "
    "for a private one give its file as trust",
    "mail.certificate-name": "get a certificate with the name {name}, or give clients (and server_name) the name it has",
    "mail.certificate-validity": "renew the certificate, reload the server, then look why renewal stopped",
    "mail.login-before-tls": "let the server refuse login without TLS on port {port}",
    "mail.session": "look at the server's log while connecting: openssl s_client -connect {host}:{port}",
    "mail.starttls-after-tls": "tell the server behind the TLS front end that the connection is encrypted already",
    "mail.authentication": "switch on authentication for port {port}",
    "mail.authentication-required": "let port {port} take mail from authenticated clients only",
    "mail.login-refused": "let the server refuse login without TLS on port {port}",
    "mail.starttls-enforced": "require TLS on submission; do not on a public MX",
    "mail.starttls-injection": "update the server: it must discard what follows STARTTLS",
    "mail.starttls-left-over": "update the server, or look for what else writes into the connection before TLS",
    "mail.preauth": "take --preauth or the like away from what serves port {port}",
    "mail.plaintext-on-tls-port": "let port {port} speak TLS only",
    "mail.relay": "let the server take mail for its own domains and from authenticated clients only",
    "implicit": "let port {port} speak TLS from the first byte",
    "starttls": "switch on STARTTLS for port {port} (key and certificate set), and require it before login",
    "opportunistic": "offer STARTTLS on port {port} (key and certificate set), without requiring it",
    "none": "let port {port} speak plaintext first",
}

_POSTFIX = {
    **tls_remedies.POSTFIX,
    "mail.greeting": "journalctl -u 'postfix*' -n 20: smtpd ends early when its SASL or TLS set-up fails",
    "no TLS now": "journalctl -u 'postfix*' -n 20 names the file that smtpd cannot read; postconf smtpd_tls_chain_files",
    "mail.starttls-after-tls": "postconf -P {service}/inet/smtpd_tls_security_level=none on the port behind what does TLS "
    "&& postfix reload",
    "mail.session": "journalctl -u 'postfix*' -n 20: smtpd ends early when its SASL server does not answer",
    "mail.tls-version": "postconf -e 'smtpd_tls_protocols=>=TLSv1.2' 'smtpd_tls_mandatory_protocols=>=TLSv1.2' "
    "&& postfix reload",
    "mail.tls-cipher": "postconf -e smtpd_tls_mandatory_ciphers=high tls_preempt_cipherlist=yes && postfix reload",
    "mail.certificate-validity": "renew the certificate, postfix reload, then look why renewal stopped",
    "mail.login-before-tls": "postconf -e smtpd_tls_auth_only=yes && postfix reload",
    "mail.authentication-required": "postconf -P {service}/inet/smtpd_client_restrictions=permit_sasl_authenticated,reject "
    "&& postfix reload",
    "mail.starttls-enforced": "postconf -P {service}/inet/smtpd_tls_security_level=encrypt "
    "(may on a public MX) && postfix reload",
    "mail.relay": "postconf -e smtpd_relay_restrictions=permit_mynetworks,permit_sasl_authenticated,reject_unauth_destination "
    "&& postfix reload",
    "mail.authentication": "postconf -P {service}/inet/smtpd_sasl_auth_enable=yes && postfix reload "
    "(with smtpd_sasl_type and smtpd_sasl_path set)",
    "implicit": "postconf -P {service}/inet/smtpd_tls_wrappermode=yes && postfix reload",
    "starttls": "postconf -P {service}/inet/smtpd_tls_security_level=encrypt && postfix reload",
    "opportunistic": "postconf -e smtpd_tls_security_level=may (with smtpd_tls_chain_files set) && postfix reload",
}

_DOVECOT = {
    **tls_remedies.DOVECOT,
    "mail.tls-version": "ssl_min_protocol = TLSv1.2; doveadm reload",
    "mail.tls-cipher": "ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20; doveadm reload",
    "mail.certificate-validity": "renew the certificate, doveadm reload, then look why renewal stopped",
    "mail.login-before-tls": "ssl = required (and disable_plaintext_auth = yes in 2.3, auth_allow_cleartext = no in 2.4); "
    "doveadm reload",
    "mail.starttls-after-tls": "behind HAProxy: send-proxy-v2-ssl, to a listener with haproxy = yes, tells Dovecot of the "
    "encryption; behind anything else: pass the bytes on and let Dovecot do TLS",
    "implicit": "inet_listener {service} {{ port = {port}; ssl = yes }}; doveadm reload",
    "starttls": "ssl = required with certificate and key set, no ssl = yes on the listener; doveadm reload",
}

_BY_SOFTWARE = {
    "postfix": _POSTFIX,
    "dovecot": _DOVECOT,
    "cyrus": mail_remedies.CYRUS,
    "courier": mail_remedies.COURIER,
    "exim": mail_remedies.EXIM,
    "nginx": mail_remedies.NGINX,
    "opensmtpd": mail_remedies.OPENSMTPD,
    "sendmail": mail_remedies.SENDMAIL,
    "stunnel": mail_remedies.STUNNEL,
}
#: A setting that mends the one mends the other.
_SAME_SETTING = {"mail.login-refused": "mail.login-before-tls"}


def remedy(subject: str, software: str, service: Service, host: str, name: str) -> str:
    """What mends it, as one line.

    :param subject: a check identifier, or for ``mail.encryption`` the encryption that is required.
    :param software: as :mod:`wire.recognise` names it; ``""`` when not recognised.
    :param name: the reference name of the certificate.
    """
    known = _BY_SOFTWARE.get(software, {})
    text = known.get(subject) or known.get(_SAME_SETTING.get(subject, "")) or _ANY[subject]
    policy = service.policy
    return text.format(
        port=service.port,
        service=service.label,
        host=host,
        name=name,
        min_version=policy.min_version,
        versions=" ".join(version for version in VERSIONS if policy.allows_version(version)),
    )
