#!/bin/sh
# nginx as a mail proxy, with two certificates, and stunnel in front of its IMAP.
set -eu
install -d /etc/ssl/mail
install -m 600 /peers/pki/*.key /peers/pki/*.both /etc/ssl/mail
install -m 644 /peers/pki/*.pem /etc/ssl/mail
rm -f /etc/nginx/sites-enabled/default
cat >> /etc/nginx/nginx.conf << 'END'
mail {
  server_name mx.peers.test;
  auth_http 127.0.0.1:9000/auth;
  ssl_certificate /etc/ssl/mail/rsa.pem;
  ssl_certificate_key /etc/ssl/mail/rsa.key;
  ssl_certificate /etc/ssl/mail/ecdsa.pem;
  ssl_certificate_key /etc/ssl/mail/ecdsa.key;
  server { listen 143; protocol imap; starttls on; }
  server { listen 993 ssl; protocol imap; }
  server { listen 110; protocol pop3; starttls on; }
  server { listen 587; protocol smtp; smtp_auth plain login; starttls on; }
  server { listen 465 ssl; protocol smtp; smtp_auth plain login; }
}
END
cat > /etc/stunnel/mail.conf << 'END'
foreground = quiet
pid =
cert = /etc/ssl/mail/rsa.both
[pop3s]
accept = 995
connect = 110
END
stunnel /etc/stunnel/mail.conf &
exec nginx -g 'daemon off;'
