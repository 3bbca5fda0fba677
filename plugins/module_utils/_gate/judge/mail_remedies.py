# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mends a fault at other servers than Postfix and Dovecot: texts for :mod:`judge.remedies`, by check and software.

The settings named here are those with which the scenario `peers` runs these servers without a finding.
"""

from __future__ import annotations

from . import tls_remedies

_RENEW = "renew the certificate, {0}, then look why renewal stopped"

CYRUS = {
    **tls_remedies.CYRUS,
    "mail.certificate-validity": _RENEW.format("systemctl restart cyrus-imapd"),
    "mail.login-before-tls": "allowplaintext: no and allowapop: no in /etc/imapd.conf; systemctl restart cyrus-imapd",
    "implicit": "add -s to the command that listens on port {port} in /etc/cyrus.conf; systemctl restart cyrus-imapd",
    "starttls": "tls_server_cert and tls_server_key in /etc/imapd.conf, no -s on the listener; "
    "systemctl restart cyrus-imapd",
}

EXIM = {
    **tls_remedies.EXIM,
    "no TLS now": "exim4 -bP tls_certificate tls_privatekey names the files: the user of Exim must be able to read them",
    "mail.certificate-validity": _RENEW.format("which Exim reads anew for each connection"),
    "mail.login-before-tls": "auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}; systemctl reload exim4",
    "mail.starttls-enforced": "deny !encrypted = * in acl_smtp_mail, for port {port} (no such line for a public MX); "
    "systemctl reload exim4",
    "mail.authentication-required": "deny !authenticated = * in acl_smtp_mail, for port {port}; systemctl reload exim4",
    "mail.relay": "accept only hosts of relay_from_hosts and authenticated clients for other domains in acl_smtp_rcpt; "
    "systemctl reload exim4",
    "mail.tls-signature-algorithms": "with GnuTLS tls_require_ciphers = SECURE128, with OpenSSL SECLEVEL 2; "
    "systemctl reload exim4",
    "implicit": "tls_on_connect_ports = {port}, and {port} in daemon_smtp_ports; systemctl restart exim4",
    "starttls": "tls_advertise_hosts = * with tls_certificate and tls_privatekey (on Debian MAIN_TLS_ENABLE = yes); "
    "systemctl reload exim4",
    "opportunistic": "tls_advertise_hosts = * with tls_certificate and tls_privatekey (on Debian MAIN_TLS_ENABLE = yes); "
    "systemctl reload exim4",
}

NGINX = {
    **tls_remedies.NGINX,
    "mail.certificate-validity": _RENEW.format("nginx -s reload"),
    "mail.login-before-tls": "starttls only in the mail server of port {port} (and no apop in pop3_auth); nginx -s reload",
    "mail.starttls-enforced": "starttls only in the mail server of port {port}; nginx -s reload",
    "mail.authentication": "smtp_auth, imap_auth or pop3_auth with plain in the mail server of port {port}; nginx -s reload",
    "implicit": "listen {port} ssl in the mail server; nginx -s reload",
    "starttls": "starttls only, with ssl_certificate and ssl_certificate_key, in the mail server of port {port}; "
    "nginx -s reload",
    "opportunistic": "starttls on, with ssl_certificate and ssl_certificate_key, in the mail server of port {port}; "
    "nginx -s reload",
}

_SENDMAIL_AFTERWARDS = " in sendmail.mc; make -C /etc/mail && systemctl restart sendmail"
_SENDMAIL_TLS = (
    "confSERVER_CERT, confSERVER_KEY and confCACERT, all three, no S in the M= of port {port}" + _SENDMAIL_AFTERWARDS
)
_SENDMAIL_LOGINS = "DAEMON_OPTIONS(`Port={port}, Name={service}, M=Ea')" + _SENDMAIL_AFTERWARDS
SENDMAIL = {
    **tls_remedies.SENDMAIL,
    "mail.certificate-validity": _RENEW.format("systemctl restart sendmail"),
    "mail.login-before-tls": "define(`confAUTH_OPTIONS', `A,p')" + _SENDMAIL_AFTERWARDS,
    "mail.starttls-enforced": "M=Ea for port {port} and define(`confAUTH_OPTIONS', `A,p')" + _SENDMAIL_AFTERWARDS,
    "mail.authentication": "confAUTH_MECHANISMS and TRUST_AUTH_MECH with PLAIN" + _SENDMAIL_AFTERWARDS,
    "mail.authentication-required": _SENDMAIL_LOGINS,
    "mail.relay": "no FEATURE(`promiscuous_relay'), no RELAY for strangers in the access map" + _SENDMAIL_AFTERWARDS,
    "implicit": "DAEMON_OPTIONS(`Port={port}, Name={service}, M=sEa')" + _SENDMAIL_AFTERWARDS,
    "starttls": _SENDMAIL_TLS,
    "opportunistic": _SENDMAIL_TLS,
}

_OPENSMTPD_LINE = "listen on ... port {{port}} {0} in smtpd.conf; systemctl restart opensmtpd"
OPENSMTPD = {
    "mail.certificate-validity": _RENEW.format("systemctl restart opensmtpd"),
    "mail.starttls-enforced": _OPENSMTPD_LINE.format("tls-require (tls on a public MX) pki ..."),
    "mail.authentication": _OPENSMTPD_LINE.format("... auth"),
    "mail.authentication-required": _OPENSMTPD_LINE.format("... auth"),
    "mail.relay": "only match from local and match auth before actions that relay, in smtpd.conf; systemctl restart opensmtpd",
    "mail.tls-old-versions": _OPENSMTPD_LINE.format('... protocols "tlsv1.2 tlsv1.3"'),
    "mail.tls-suites": _OPENSMTPD_LINE.format('... ciphers "ECDHE+AESGCM"'),
    "implicit": _OPENSMTPD_LINE.format("smtps pki ..."),
    "starttls": _OPENSMTPD_LINE.format("tls-require pki ... auth"),
    "opportunistic": _OPENSMTPD_LINE.format("tls pki ..."),
}

_COURIER_TLS = "TLS_PRIORITY={0} in /etc/courier/imapd-ssl, pop3d-ssl or esmtpd (GnuTLS); restart that server"
_COURIER_STARTTLS = (
    "TLS_CERTFILE readable for courier, IMAPDSTARTTLS=YES in /etc/courier/imapd-ssl, POP3_STARTTLS=YES in pop3d-ssl; "
    "restart that server"
)
COURIER = {
    "mail.certificate-validity": _RENEW.format("which Courier reads anew for each connection"),
    "mail.login-before-tls": "IMAP_TLS_REQUIRED=1 in /etc/courier/imapd-ssl, POP3_TLS_REQUIRED=1 in pop3d-ssl (USER is listed "
    "all the same: try_login shows whether it is refused), ESMTPAUTH empty in esmtpd; restart that server",
    "mail.starttls-enforced": "ESMTP_TLS_REQUIRED=1 in /etc/courier/esmtpd-msa (not in esmtpd); restart courier-msa",
    "mail.authentication": "ESMTPAUTH_TLS='PLAIN LOGIN' in /etc/courier/esmtpd-msa; restart courier-msa",
    "mail.authentication-required": "AUTH_REQUIRED=1 in /etc/courier/esmtpd-msa; restart courier-msa",
    "mail.starttls-injection": "update Courier: its POP3 server has CVE-2021-38084 before 1.1.5; until then switch STLS off",
    "mail.tls-old-versions": _COURIER_TLS.format("SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"),
    "mail.tls-signature-algorithms": _COURIER_TLS.format("SECURE128"),
    "mail.tls-suites": _COURIER_TLS.format("SECURE128:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"),
    "implicit": "SSLPORT={port} in /etc/courier/imapd-ssl, pop3d-ssl or esmtpd-ssl; start that server",
    "starttls": _COURIER_STARTTLS,
    "opportunistic": "COURIERTLS and TLS_CERTFILE in /etc/courier/esmtpd, readable for courier; restart courier-mta",
}

STUNNEL = {
    "mail.certificate-validity": _RENEW.format("reload stunnel"),
    "mail.certificate-chain": "cert in stunnel.conf: certificate, then each intermediate in order; reload stunnel",
    "mail.login-before-tls": "stunnel passes on the logins that the server behind offers: have clients begin with TLS (no "
    "protocol = ... in stunnel.conf), or let that server do STARTTLS itself",
    "mail.starttls-enforced": "stunnel takes nothing before STARTTLS: let the server behind a public MX do that itself",
    "mail.starttls-after-tls": "connect stunnel to a port of the server behind that offers no STARTTLS",
    "mail.relay": "the server behind takes stunnel's address, 127.0.0.1, for a client that it trusts: take it out of those "
    "(Postfix: mynetworks)",
    "mail.tls-old-versions": "sslVersionMin = {min_version} in stunnel.conf; reload stunnel",
    "mail.tls-suites": "ciphers = ECDHE+AESGCM in stunnel.conf; reload stunnel",
    "mail.tls-groups": "curves = P-256:P-384 in stunnel.conf; reload stunnel",
    "mail.tls-client-certificate": "verifyChain = no and verifyPeer = no in stunnel.conf; reload stunnel",
}
