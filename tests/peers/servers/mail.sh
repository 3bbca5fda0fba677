#!/bin/sh
# Postfix and Dovecot with an RSA and an ECDSA certificate on all seven ports, as they come but for that.
# Argument "strict": only what Mozilla calls intermediate. "loose": all suites, though Dovecot 2.3 has no DH parameters.
set -eu
install -d /etc/ssl/mail
install -m 600 /peers/pki/*.key /peers/pki/*.both /etc/ssl/mail
install -m 644 /peers/pki/*.pem /etc/ssl/mail

cat > /etc/postfix/main.cf << 'END'
compatibility_level = 3.6
maillog_file = /var/log/mail.log
myhostname = mx.peers.test
mydestination = localhost
mynetworks = 127.0.0.0/8
inet_protocols = ipv4
smtpd_peername_lookup = no
smtpd_tls_chain_files = /etc/ssl/mail/rsa.both, /etc/ssl/mail/ecdsa.both
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
# The peers make hundreds of connections in a second; limits are not what is compared here.
smtpd_client_connection_rate_limit = 0
smtpd_client_new_tls_session_rate_limit = 0
smtpd_client_connection_count_limit = 0
END
strict_ciphers='ECDHE+AESGCM:ECDHE+CHACHA20'
if [ "${1:-}" = strict ]; then
    for kind in '' mandatory_; do
        postconf -e "smtpd_tls_${kind}protocols = >=TLSv1.2" "smtpd_tls_${kind}ciphers = high"
    done
    # Without the level, Postfix signs with SHA-1 for clients that ask for it.
    postconf -e "tls_high_cipherlist = $strict_ciphers:@SECLEVEL=2" 'smtpd_tls_exclude_ciphers = aNULL' \
        'tls_eecdh_auto_curves = X25519MLKEM768 X25519 prime256v1 secp384r1' 'tls_ffdhe_auto_groups ='
fi
postconf -M 'submission/inet=submission inet n - y - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes'
postconf -M 'submissions/inet=submissions inet n - y - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes'
postconf -M 'postlog/unix-dgram=postlog unix-dgram n - n - 1 postlogd'

if dovecot --version | grep -q '^2\.4'; then
    cat << 'END'
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
ssl_server_cert_file = /etc/ssl/mail/rsa.pem
ssl_server_key_file = /etc/ssl/mail/rsa.key
ssl_server_alt_cert_file = /etc/ssl/mail/ecdsa.pem
ssl_server_alt_key_file = /etc/ssl/mail/ecdsa.key
mail_driver = maildir
mail_path = ~/Maildir
passdb pam {
}
userdb passwd {
}
END
else
    cat << 'END'
ssl_cert = </etc/ssl/mail/rsa.pem
ssl_key = </etc/ssl/mail/rsa.key
ssl_alt_cert = </etc/ssl/mail/ecdsa.pem
ssl_alt_key = </etc/ssl/mail/ecdsa.key
mail_location = maildir:~/Maildir
passdb {
  driver = pam
}
userdb {
  driver = passwd
}
END
fi > /etc/dovecot/dovecot.conf
cat >> /etc/dovecot/dovecot.conf << 'END'
protocols = imap pop3
ssl = required
log_path = /var/log/dovecot.log
service auth {
  unix_listener /var/spool/postfix/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
END
postconf -F '*/*/chroot = n'
if [ "${1:-}" = strict ]; then
    printf '%s\n' "ssl_cipher_list = $strict_ciphers" 'ssl_curve_list = X25519MLKEM768:X25519:P-256:P-384' >> /etc/dovecot/dovecot.conf
fi
if [ "${1:-}" = loose ]; then
    echo 'ssl_cipher_list = ALL:!aNULL' >> /etc/dovecot/dovecot.conf
fi
postfix start
dovecot
exec sleep infinity
