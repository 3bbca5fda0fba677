# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mends a fault seen on the wire: for the software that answered, or for any where it is not known."""

from __future__ import annotations

from ..intent.services import Service

#: (check, software) -> what to do. ``""`` is any software. ``{port}``, ``{service}``, ``{name}`` and ``{host}`` are filled in.
_REMEDIES: dict[tuple[str, str], str] = {
    ("mail.reachable", ""): "on {host}: ss -ltnp 'sport = :{port}' shows whether it listens and on which address",
    ("mail.closed", ""): "stop the service or take port {port} out of the filter; ss -ltnp 'sport = :{port}' names it",
    (
        "mail.greeting",
        "",
    ): "look at the server's log while connecting: journalctl -f; openssl s_client or nc {host} {port}",
    ("mail.greeting", "postfix"): "journalctl -u 'postfix*' -n 20: smtpd ends early when its SASL or TLS set-up fails",
    ("mail.throttled", ""): "wait, or exempt the address that looks from the server's rate limits, then look again",
    ("mail.protocol", ""): "ss -ltnp 'sport = :{port}' on {host} names what listens there; give the port to {service}",
    (
        "mail.tls-handshake",
        "",
    ): "openssl s_client -connect {host}:{port} shows the alert; check key, certificate and versions",
    ("mail.tls-version", ""): "allow TLS 1.2 and 1.3 only in the server's TLS settings",
    (
        "mail.tls-version",
        "postfix",
    ): "postconf -e 'smtpd_tls_protocols=>=TLSv1.2' 'smtpd_tls_mandatory_protocols=>=TLSv1.2' && postfix reload",
    ("mail.tls-version", "dovecot"): "ssl_min_protocol = TLSv1.2; doveadm reload",
    ("mail.tls-cipher", ""): "allow ECDHE suites with AES-GCM or ChaCha20 only in the server's TLS settings",
    (
        "mail.tls-cipher",
        "postfix",
    ): "postconf -e smtpd_tls_mandatory_ciphers=high tls_preempt_cipherlist=yes && postfix reload",
    ("mail.tls-cipher", "dovecot"): "ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20; doveadm reload",
    (
        "mail.certificate-trust",
        "",
    ): "serve the full chain (certificate, then intermediates) of an authority that clients trust; "
    "for a private one give its file as trust",
    (
        "mail.certificate-name",
        "",
    ): "get a certificate with the name {name}, or tell clients (and server_name) the name it has",
    (
        "mail.certificate-validity",
        "",
    ): "renew the certificate, install it and reload the server; then look why renewal stopped",
    (
        "mail.certificate-validity",
        "postfix",
    ): "renew the certificate, then postfix reload; then look why renewal stopped",
    (
        "mail.certificate-validity",
        "dovecot",
    ): "renew the certificate, then doveadm reload; then look why renewal stopped",
    (
        "mail.certificate-validity",
        "cyrus",
    ): "renew the certificate, then systemctl restart cyrus-imapd; then look why renewal stopped",
    ("mail.login-before-tls", ""): "let the server refuse login without TLS on port {port}",
    ("mail.login-before-tls", "postfix"): "postconf -e smtpd_tls_auth_only=yes && postfix reload",
    (
        "mail.login-before-tls",
        "dovecot",
    ): "ssl = required (and disable_plaintext_auth = yes in 2.3, auth_allow_cleartext = no in 2.4); doveadm reload",
    ("mail.login-before-tls", "cyrus"): "allowplaintext: no in /etc/imapd.conf; systemctl restart cyrus-imapd",
    (
        "mail.login-before-tls",
        "exim",
    ): "auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}; systemctl reload exim4",
    (
        "mail.starttls-after-tls",
        "",
    ): "tell the server behind the TLS front end that the connection is encrypted already",
    ("mail.authentication", ""): "switch on authentication for port {port}",
    ("mail.authentication", "postfix"): "postconf -P {service}/inet/smtpd_sasl_auth_enable=yes && postfix reload (with "
    "smtpd_sasl_type and smtpd_sasl_path set)",
    ("implicit", ""): "let port {port} speak TLS from the first byte",
    ("implicit", "postfix"): "postconf -P {service}/inet/smtpd_tls_wrappermode=yes && postfix reload",
    ("implicit", "dovecot"): "inet_listener {service} {{ port = {port}; ssl = yes }}; doveadm reload",
    (
        "implicit",
        "cyrus",
    ): "add -s to the command that listens on port {port} in /etc/cyrus.conf; systemctl restart cyrus-imapd",
    ("starttls", ""): "switch on STARTTLS for port {port} (key and certificate set), and require it before login",
    ("starttls", "postfix"): "postconf -P {service}/inet/smtpd_tls_security_level=encrypt && postfix reload",
    (
        "starttls",
        "dovecot",
    ): "ssl = required with certificate and key set, no ssl = yes on the listener; doveadm reload",
    (
        "starttls",
        "cyrus",
    ): "tls_server_cert and tls_server_key in /etc/imapd.conf, no -s on the listener; systemctl restart cyrus-imapd",
    ("opportunistic", ""): "offer STARTTLS on port {port} (key and certificate set), without requiring it",
    (
        "opportunistic",
        "postfix",
    ): "postconf -e smtpd_tls_security_level=may (with smtpd_tls_chain_files set) && postfix reload",
    ("none", ""): "let port {port} speak plaintext first",
}


def remedy(subject: str, software: str, service: Service, host: str, name: str) -> str:
    """What mends it, as one line.

    :param subject: a check identifier, or for ``mail.encryption`` the encryption that is required.
    :param software: as :mod:`wire.recognise` names it; ``""`` when not recognised.
    :param name: the reference name of the certificate.
    """
    text = _REMEDIES.get((subject, software)) or _REMEDIES.get((subject, ""), "")
    return text.format(port=service.port, service=service.label, host=host, name=name)
