#!/bin/sh
# OpenSMTPD on 25, 465 and 587 as it should be; other ports have one thing wrong each.
set -eu
install -d -m 700 /etc/ssl/mail
for name in right other-name; do
    openssl x509 -in /certificates/$name.pem -out /etc/ssl/mail/$name.crt
    openssl pkey -in /certificates/$name.pem -out /etc/ssl/mail/$name.key
done
chmod 600 /etc/ssl/mail/*
cat > /etc/smtpd.conf << 'END'
pki right cert "/etc/ssl/mail/right.crt"
pki right key "/etc/ssl/mail/right.key"
pki other cert "/etc/ssl/mail/other-name.crt"
pki other key "/etc/ssl/mail/other-name.key"
smtp ciphers "ECDHE+AESGCM:ECDHE+CHACHA20"
listen on 0.0.0.0 port 25 tls pki right hostname mx.lab
listen on 0.0.0.0 port 587 tls-require pki right auth hostname mx.lab
listen on 0.0.0.0 port 465 smtps pki right auth hostname mx.lab
listen on 0.0.0.0 port 1025 hostname mx.lab
listen on 0.0.0.0 port 1465 smtps pki other auth hostname mx.lab
listen on 0.0.0.0 port 1026 tls pki right hostname mx.lab tag RELAY
listen on 0.0.0.0 port 1027 tls-require pki right hostname mx.lab
listen on 0.0.0.0 port 2025 tls pki right hostname mx.lab proxy-v2
action "inside" mbox
action "outside" relay
match from any tag RELAY for any action "outside"
match from any for domain "mx.lab" action "inside"
END
exec smtpd -d
