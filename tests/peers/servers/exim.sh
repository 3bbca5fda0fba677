#!/bin/sh
# Exim (with GnuTLS) as Debian sets it up for the Internet, on 25, 465 and 587.
set -eu
install -o root -g Debian-exim -m 640 /peers/pki/rsa.key /etc/exim4/exim.key
install -m 644 /peers/pki/rsa.pem /etc/exim4/exim.crt
sed -i "s/^dc_eximconfig_configtype=.*/dc_eximconfig_configtype='internet'/; s/^dc_local_interfaces=.*/dc_local_interfaces=''/
    s/^dc_other_hostnames=.*/dc_other_hostnames='mx.peers.test'/" /etc/exim4/update-exim4.conf.conf
printf '%s\n' 'MAIN_TLS_ENABLE = yes' 'daemon_smtp_ports = 25 : 465 : 587' 'tls_on_connect_ports = 465' \
    'smtp_accept_max = 500' > /etc/exim4/exim4.conf.localmacros
update-exim4.conf
exec exim4 -bdf -q1h
