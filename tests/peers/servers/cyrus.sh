#!/bin/sh
# Cyrus IMAP and POP3 as Debian sets it up, with a certificate.
set -eu
install -o cyrus -g mail -m 600 /peers/pki/rsa.key /etc/cyrus.key
install -m 644 /peers/pki/rsa.pem /etc/cyrus.pem
sed -i '/^tls_server_cert\|^tls_server_key\|^sasl_pwcheck_method\|^tls_client_ca/d' /etc/imapd.conf
printf '%s\n' 'tls_server_cert: /etc/cyrus.pem' 'tls_server_key: /etc/cyrus.key' 'sasl_pwcheck_method: auxprop' >> /etc/imapd.conf
sed -i -E 's/^\s*#\s*(imaps|pop3s)(\s)/\t\1\2/; /nntpd|httpd|proxyd/d' /etc/cyrus.conf
install -d -o cyrus -g mail /run/cyrus /run/cyrus/socket /run/cyrus/proc /run/cyrus/lock
exec /usr/sbin/cyrmaster
