#!/bin/sh
# Sendmail on 25, 465 and 587 as it should be; other ports have one thing wrong each.
set -eu
install -d -m 700 /etc/ssl/mail
for name in right other-name; do
    openssl x509 -in "/certificates/$name.pem" -out "/etc/ssl/mail/$name.crt"
    openssl pkey -in "/certificates/$name.pem" -out "/etc/ssl/mail/$name.key"
done
chmod 600 /etc/ssl/mail/*

# run NAME CERTIFICATE AUTH_OPTIONS LINE ...: an instance with these lines of m4, as {name, value} pairs of define() or others.
run() {
    name=$1 certificate=$2 options=$3
    shift 3
    sed -e "s/%NAME%/$name/g; s/%CERTIFICATE%/$certificate/g; s/%OPTIONS%/$options/g" > "/etc/mail/$name.mc" << 'END'
divert(0)dnl
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
define(`confDOMAIN_NAME', `mx.lab')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confSERVICE_SWITCH_FILE', `/etc/mail/service.switch-nodns')dnl
define(`confTO_IDENT', `0')dnl
define(`confPID_FILE', `/run/sendmail-%NAME%.pid')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confDELAY_LA', `1000')dnl
define(`confQUEUE_LA', `1000')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`access_db', , `skip')dnl
define(`confSERVER_CERT', `/etc/ssl/mail/%CERTIFICATE%.crt')dnl
define(`confSERVER_KEY', `/etc/ssl/mail/%CERTIFICATE%.key')dnl
define(`confCACERT_PATH', `/etc/ssl/certs')dnl
define(`confCACERT', `/etc/ssl/mail/right.crt')dnl
define(`confAUTH_MECHANISMS', `PLAIN LOGIN')dnl
TRUST_AUTH_MECH(`PLAIN LOGIN')dnl
define(`confAUTH_OPTIONS', `%OPTIONS%')dnl
define(`confCIPHER_LIST', `ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=2')dnl
define(`confTLS_SRV_OPTIONS', `V')dnl
END
    for line; do
        printf '%sdnl\n' "$line" >> "/etc/mail/$name.mc"
    done
    printf '%s\n' 'MAILER_DEFINITIONS' "MAILER(\`local')dnl" "MAILER(\`smtp')dnl" >> "/etc/mail/$name.mc"
    m4 -D_CF_DIR_=/usr/share/sendmail/cf/ /usr/share/sendmail/cf/m4/cf.m4 "/etc/mail/$name.mc" > "/etc/mail/$name.cf"
    /usr/sbin/sendmail-mta -bD "-C/etc/mail/$name.cf" &
}
port() {
    printf "DAEMON_OPTIONS(\`Name=%s, Port=%s, M=%s')" "$1" "$2" "$3"
}
run right right 'A,p' "$(port MTA 25 A)" "$(port MSA 587 Ea)" "$(port TLS 465 sEa)" "$(port bare 1025 SA)"
run other other-name 'A,p' "$(port TLS 1465 sEa)"
run clear right 'A' "$(port MSA 1587 Ea)"
run relay right 'A,p' "$(port MTA 1026 A)" "FEATURE(\`promiscuous_relay')"
exec sleep infinity
