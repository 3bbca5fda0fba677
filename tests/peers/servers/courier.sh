#!/bin/sh
# Courier IMAP and POP3 (with GnuTLS on Debian) as they come, with a certificate.
set -eu
cat /peers/pki/rsa.both > /etc/courier/imapd.pem
cp /etc/courier/imapd.pem /etc/courier/pop3d.pem
chmod 600 /etc/courier/*.pem
chown courier /etc/courier/*.pem
# The peers come in hundreds; limits are not what is compared here.
sed -i -E 's/^(MAXDAEMONS|MAXPERIP)=.*/\1=1000/' /etc/courier/imapd /etc/courier/pop3d
install -d -o courier -g courier /run/courier /run/courier/authdaemon
/usr/sbin/authdaemond start
for server in imapd-ssl imapd pop3d-ssl pop3d; do
    /usr/sbin/$server start
done
exec sleep infinity
