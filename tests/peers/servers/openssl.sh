#!/bin/sh
# The servers that are made for tests: OpenSSL's s_server, GnuTLS's gnutls-serv, NSS's selfserv. The lines of cases.py follow as arguments.
set -eu
cd /peers/pki
mkdir -p /run/nss
if command -v selfserv > /dev/null; then
    certutil -d sql:/run/nss -N --empty-password
    for name in rsa ecdsa; do
        pk12util -d sql:/run/nss -W '' -i "$name.p12" > /dev/null
    done
fi
for line; do
    sh -c "exec $line" > /dev/null 2>> /run/servers.log < /dev/null &
done
exec sleep infinity
