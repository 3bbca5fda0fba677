#!/bin/sh
# Make a CA and one leaf for each kind of key, once for all servers: NAME.key, NAME.pem (leaf and CA), NAME.both (key and chain).
set -eu
cd /peers/pki
exec > make.log 2>&1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout ca.key -out ca.pem -days 30 \
    -subj '/CN=peers.test CA' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign

# Each has a subject of its own: NSS tells certificates apart by that.
leaf() {
    name=$1
    shift
    openssl req -x509 -CA ca.pem -CAkey ca.key "$@" -noenc -keyout "$name.key" -out "$name.pem" -days 30 \
        -subj "/O=$name/CN=mx.peers.test" -addext subjectAltName=DNS:mx.peers.test -addext basicConstraints=critical,CA:FALSE \
        -addext extendedKeyUsage=serverAuth
    cat ca.pem >> "$name.pem"
    cat "$name.key" "$name.pem" > "$name.both"
}

leaf rsa -newkey rsa:2048
leaf rsa3072 -newkey rsa:3072
leaf ecdsa -newkey ec -pkeyopt ec_paramgen_curve:P-256
leaf ecdsa384 -newkey ec -pkeyopt ec_paramgen_curve:P-384
leaf ed25519 -newkey ed25519
leaf rsapss -newkey rsa-pss -pkeyopt rsa_keygen_bits:2048
openssl dhparam -out dh1024.pem -dsaparam 1024
for name in rsa ecdsa; do
    openssl pkcs12 -export -passout pass: -name "$name" -inkey "$name.key" -in "$name.pem" -out "$name.p12"
done
chmod 644 ./*
