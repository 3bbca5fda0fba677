#!/bin/sh
# nginx as a mail proxy, haproxy and stunnel in front of Postfix and Dovecot, and these themselves where a proxy speaks to them.
set -eu
install -d /etc/ssl/mail
install -m 600 /certificates/*.pem /etc/ssl/mail
useradd --create-home somebody

# Postfix: 25 and 587 as they should be; 5xxxx beside them.
cat > /etc/postfix/main.cf << 'END'
compatibility_level = 3.6
maillog_file = /var/log/mail.log
myhostname = mx.lab
mydestination = localhost
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_tls_chain_files = /etc/ssl/mail/right.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_tls_protocols = >=TLSv1.2
smtpd_tls_exclude_ciphers = aNULL
smtpd_tls_mandatory_exclude_ciphers = aNULL
tls_medium_cipherlist = ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=2
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
END
service() {
    port=$1
    shift
    postconf -M "$port/inet=$port inet n - n - - smtpd"
    for option; do
        postconf -P "$port/inet/$option"
    done
}
users='smtpd_client_restrictions=permit_sasl_authenticated,reject'
service 587 smtpd_tls_security_level=encrypt smtpd_sasl_auth_enable=yes "$users"
service 50025 smtpd_upstream_proxy_protocol=haproxy
service 50587 smtpd_upstream_proxy_protocol=haproxy smtpd_tls_security_level=encrypt smtpd_sasl_auth_enable=yes
service 50125 smtpd_relay_restrictions=check_client_access,static:OK,reject
service 127.0.0.1:50225 smtpd_tls_security_level=none mynetworks= smtpd_tls_auth_only=no smtpd_sasl_auth_enable=yes "$users"
service 127.0.0.1:50226 smtpd_tls_security_level=none
postconf -M 'postlog/unix-dgram=postlog unix-dgram n - n - 1 postlogd'
postconf -F '*/*/chroot = n'

# Dovecot: 24, 41143, 41993, 44190 as they should be; the rest expects a proxy.
cat > /etc/dovecot/dovecot.conf << 'END'
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
protocols = imap pop3 lmtp sieve
log_path = /var/log/dovecot.log
ssl = required
ssl_server_cert_file = /etc/ssl/mail/right.pem
ssl_server_key_file = /etc/ssl/mail/right.pem
mail_driver = maildir
mail_path = /home/%{user}/Maildir
haproxy_trusted_networks = 10.0.0.0/8 127.0.0.0/8
passdb pam {
}
userdb passwd {
}
service auth {
  unix_listener /var/spool/postfix/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
service imap-login {
  inet_listener imap {
    port = 41143
  }
  inet_listener imaps {
    port = 41993
    ssl = yes
  }
  inet_listener imap_proxied {
    port = 42143
    haproxy = yes
  }
  inet_listener imaps_proxied {
    port = 42993
    ssl = yes
    haproxy = yes
  }
}
service pop3-login {
  inet_listener pop3 {
    port = 41110
  }
  inet_listener pop3s {
    port = 0
  }
}
service managesieve-login {
  inet_listener sieve {
    port = 44190
  }
  inet_listener sieve_deprecated {
    port = 0
  }
}
service lmtp {
  inet_listener lmtp {
    port = 24
  }
}
END

# nginx: the usual ports as they should be; 1xxxx with one thing wrong each.
cat > /etc/nginx/nginx.conf << 'END'
user www-data;
include /etc/nginx/modules-enabled/*mail.conf;
events {}
mail {
  server_name mx.lab;
  auth_http 127.0.0.1:9/auth;
  ssl_certificate /etc/ssl/mail/right.pem;
  ssl_certificate_key /etc/ssl/mail/right.pem;
  ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;
  smtp_auth plain login;
  smtp_capabilities "SIZE 10240000";
  server { listen 143; protocol imap; starttls only; }
  server { listen 993 ssl; protocol imap; }
  server { listen 110; protocol pop3; starttls only; }
  server { listen 995 ssl; protocol pop3; }
  server { listen 465 ssl; protocol smtp; }
  server { listen 10587; protocol smtp; starttls only; }
  server { listen 12143 proxy_protocol; protocol imap; starttls only; }
  server { listen 11143; protocol imap; starttls on; }
  server { listen 11110; protocol pop3; starttls on; pop3_auth plain apop; }
  server { listen 11111; protocol pop3; starttls only; pop3_auth plain apop; }
  server { listen 11587; protocol smtp; starttls off; }
  server { listen 11588; protocol smtp; starttls on; }
  server { listen 11993 ssl; protocol imap; ssl_certificate /etc/ssl/mail/other-name.pem; ssl_certificate_key /etc/ssl/mail/other-name.pem; }
  server { listen 11995 ssl; protocol pop3; ssl_protocols TLSv1.1 TLSv1.2; ssl_ciphers ECDHE+AESGCM:ECDHE+AES:@SECLEVEL=0; }
  server { listen 127.0.0.1:13143; protocol imap; starttls off; }
}
END

# haproxy: 20143, 20587 and 20993 as they should be.
cat > /etc/haproxy/haproxy.cfg << 'END'
defaults
  mode tcp
  timeout client 1m
  timeout server 1m
  timeout connect 2s
listen passed_on_with_version_1
  bind :20587
  server postfix 127.0.0.1:50587 send-proxy
listen tls_here
  bind :20993 ssl crt /etc/ssl/mail/right.pem ssl-min-ver TLSv1.2 ciphers ECDHE+AESGCM:ECDHE+CHACHA20
  server dovecot 127.0.0.1:42143 send-proxy-v2-ssl
listen behind_a_proxy
  bind :20143 accept-proxy
  server dovecot 127.0.0.1:42143 send-proxy-v2
listen forgets_the_header
  bind :21025
  server postfix 127.0.0.1:50025
listen tls_here_and_dovecot_does_not_know
  bind :21993 ssl crt /etc/ssl/mail/right.pem ssl-min-ver TLSv1.2 ciphers ECDHE+AESGCM:ECDHE+CHACHA20
  server dovecot 127.0.0.1:42143 send-proxy-v2
listen other_name
  bind :21994 ssl crt /etc/ssl/mail/other-name.pem ssl-min-ver TLSv1.2 ciphers ECDHE+AESGCM:ECDHE+CHACHA20
  server dovecot 127.0.0.1:42143 send-proxy-v2-ssl
listen nobody_behind
  bind :21143
  server nobody 127.0.0.1:9
listen nobody_behind_tls
  bind :21995 ssl crt /etc/ssl/mail/right.pem
  server nobody 127.0.0.1:9
END

# stunnel: 30993 and 30587 as they should be.
cat > /etc/stunnel/mail.conf << 'END'
foreground = quiet
pid =
cert = /etc/ssl/mail/right.pem
sslVersionMin = TLSv1.2
ciphers = ECDHE+AESGCM:ECDHE+CHACHA20
[imaps]
accept = 30993
connect = 127.0.0.1:13143
[submission]
accept = 30587
connect = 127.0.0.1:50225
protocol = smtp
[pop3_with_stls_inside]
accept = 30110
connect = 127.0.0.1:41110
protocol = pop3
[imap_without_logindisabled]
accept = 30143
connect = 127.0.0.1:13143
protocol = imap
[smtp_expired_and_relaying]
accept = 31025
connect = 127.0.0.1:50226
protocol = smtp
cert = /etc/ssl/mail/expired.pem
[imaps_with_starttls_inside]
accept = 31993
connect = 127.0.0.1:41143
END

postfix start
dovecot
haproxy -D -f /etc/haproxy/haproxy.cfg
nginx
# IMAP for the user who is logged in already, for whoever connects.
systemd-socket-activate --listen=0.0.0.0:41144 --inetd --accept \
    runuser -l somebody -c "exec doveadm exec imap" &
exec stunnel /etc/stunnel/mail.conf
