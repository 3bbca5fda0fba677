# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mends a fault of the TLS posture: texts for :mod:`judge.remedies`, by check and software.

``{min_version}`` and ``{versions}`` are the policy's. The suites and curves named here are allowed by every policy.
"""

from __future__ import annotations

ANY = {
    "mail.tls-old-versions": "allow {versions} only in the server's TLS settings",
    "mail.tls-required-versions": "allow {versions} in the server's TLS settings; TLS 1.3 needs OpenSSL 1.1.1 or GnuTLS 3.6.5",
    "mail.tls-suites": "allow the policy's suites only in the server's TLS settings, such as ECDHE with AES-GCM",
    "mail.tls-groups": "allow the policy's groups only in the server's TLS settings, such as P-256 and P-384",
    "mail.tls-finite-field": "switch off suites with DHE, or set Diffie-Hellman parameters of 3072 bits (RFC 7919)",
    "mail.tls-signature-algorithms": "set the TLS library to security level 2 (OpenSSL: SignatureAlgorithms in openssl.cnf)",
    "mail.tls-compression": "switch off compression in the server's TLS settings, or move to OpenSSL 1.1.1 or later",
    "mail.tls-renegotiation": "move to a TLS library with RFC 5746 (OpenSSL since 0.9.8m), and do not switch it off",
    "mail.tls-extended-master-secret": "move to a TLS library with RFC 7627 (OpenSSL since 1.1.0, GnuTLS since 3.4)",
    "mail.tls-encrypt-then-mac": "allow AEAD suites only (such as ECDHE with AES-GCM), or move to OpenSSL 1.1.0 or later",
    "mail.tls-session-tickets": "set session tickets as the policy says in the server's TLS settings",
    "mail.tls-early-data": "switch off early data (0-RTT) in the server's TLS settings",
    "mail.tls-client-certificate": "stop asking for client certificates on port {port}; where they are used, set the policy's "
    "features.client_certificate to ignored",
    "mail.tls-without-sni": "give the server a default certificate for clients that send no server name",
    "mail.certificate-key": "get a certificate for a new key, such as ECDSA on P-256 (openssl ecparam -name prime256v1 -genkey)",
    "mail.certificate-signature": "get a certificate from an authority that signs with SHA-256 or better",
    "mail.certificate-lifetime": "get a certificate with a shorter life, and renew it automatically",
    "mail.certificate-chain": "serve the certificate first, then each intermediate in order, and no root",
    "mail.certificate-usage": "get a certificate with digitalSignature and serverAuth",
    "mail.certificate-staple": "switch on OCSP stapling, or get a certificate without Must-Staple",
}

_POSTFIX_VERSIONS = (
    "postconf -e 'smtpd_tls_protocols=>={min_version}' "
    "'smtpd_tls_mandatory_protocols=>={min_version}' && postfix reload"
)  # fmt: skip
POSTFIX = {
    "mail.tls-old-versions": _POSTFIX_VERSIONS,
    "mail.tls-required-versions": _POSTFIX_VERSIONS,
    "mail.tls-suites": "postconf -e smtpd_tls_ciphers=high smtpd_tls_mandatory_ciphers=high "
    "tls_high_cipherlist=ECDHE+AESGCM && postfix reload",
    "mail.tls-groups": "postconf -e 'tls_eecdh_auto_curves=prime256v1 secp384r1' && postfix reload",
    "mail.tls-finite-field": "postconf -X smtpd_tls_dh1024_param_file && postfix reload",
    "mail.tls-compression": "postconf -e tls_ssl_options=NO_COMPRESSION && postfix reload",
    "mail.tls-session-tickets": "postconf -e tls_ssl_options=NO_TICKET && postfix reload",
    "mail.tls-client-certificate": "postconf -e smtpd_tls_ask_ccert=no smtpd_tls_req_ccert=no && postfix reload",
    "mail.tls-without-sni": "set smtpd_tls_chain_files for clients without server name; tls_server_sni_maps adds others",
    "mail.certificate-chain": "smtpd_tls_chain_files: key, certificate, then each intermediate in order; postfix reload",
}
DOVECOT = {
    "mail.tls-old-versions": "ssl_min_protocol = {min_version}; doveadm reload",
    "mail.tls-required-versions": "ssl_min_protocol = {min_version}; doveadm reload",
    "mail.tls-suites": "ssl_cipher_list = ECDHE+AESGCM; doveadm reload",
    "mail.tls-groups": "ssl_curve_list = P-256:P-384; doveadm reload",
    "mail.tls-finite-field": "ssl_cipher_list = ECDHE+AESGCM (no DHE); doveadm reload",
    "mail.tls-compression": "ssl_options without compression; doveadm reload",
    "mail.tls-session-tickets": "ssl_options = no_ticket; doveadm reload",
    "mail.tls-client-certificate": "ssl_verify_client_cert = no (2.3), ssl_server_request_client_cert = no (2.4); "
    "doveadm reload",
    "mail.certificate-chain": "ssl_cert (2.3) or ssl_server_cert_file (2.4): certificate, then each intermediate in order; "
    "doveadm reload",
}
EXIM = {
    "mail.tls-old-versions": "with GnuTLS tls_require_ciphers = NORMAL:-VERS-ALL and +VERS-TLS1.3 and so on for {versions}; with "
    "OpenSSL openssl_options = +no_sslv3 +no_tlsv1 +no_tlsv1_1; systemctl reload exim4",
    "mail.tls-finite-field": "tls_dhparam = ffdhe3072; systemctl reload exim4",
    "mail.tls-client-certificate": "tls_verify_hosts and tls_try_verify_hosts empty; systemctl reload exim4",
    "mail.certificate-chain": "tls_certificate: certificate, then each intermediate in order; systemctl reload exim4",
}
CYRUS = {
    "mail.tls-old-versions": "tls_versions in /etc/imapd.conf: {versions}, written like tls1_2; systemctl restart cyrus-imapd",
    "mail.tls-suites": "tls_ciphers: ECDHE+AESGCM in /etc/imapd.conf; systemctl restart cyrus-imapd",
    "mail.tls-groups": "tls_eccurve: prime256v1 in /etc/imapd.conf; systemctl restart cyrus-imapd",
    "mail.tls-compression": "tls_compression: no in /etc/imapd.conf; systemctl restart cyrus-imapd",
    "mail.tls-client-certificate": "tls_client_certs: off in /etc/imapd.conf; systemctl restart cyrus-imapd",
    "mail.certificate-chain": "tls_server_cert: certificate, then each intermediate in order; systemctl restart cyrus-imapd",
}
NGINX = {
    "mail.tls-old-versions": "ssl_protocols {versions}; then nginx -s reload",
    "mail.tls-required-versions": "ssl_protocols {versions}; then nginx -s reload",
    "mail.tls-suites": "ssl_ciphers ECDHE+AESGCM; then nginx -s reload",
    "mail.tls-groups": "ssl_ecdh_curve prime256v1:secp384r1; then nginx -s reload",
    "mail.tls-session-tickets": "ssl_session_tickets off; then nginx -s reload",
    "mail.tls-client-certificate": "ssl_verify_client off; then nginx -s reload",
    "mail.certificate-chain": "ssl_certificate: certificate, then each intermediate in order; then nginx -s reload",
}
SENDMAIL = {
    "mail.tls-old-versions": "O ServerSSLOptions=+SSL_OP_NO_SSLv3 +SSL_OP_NO_TLSv1 +SSL_OP_NO_TLSv1_1 in sendmail.cf; restart",
    "mail.tls-suites": "O CipherList=ECDHE+AESGCM in sendmail.cf; restart",
    "mail.tls-finite-field": "O DHParameters=/etc/mail/dh3072.pem (openssl dhparam 3072) in sendmail.cf; restart",
    "mail.tls-client-certificate": "Srv_Features: V in the access map; makemap, restart",
}
