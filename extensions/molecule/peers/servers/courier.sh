#!/bin/sh
# Courier's SMTP, IMAP and POP3 servers as they should be on the usual ports; other ports have one thing wrong each.
set -e
cd /etc/courier
for name in right other-name expired; do
    install -o courier -g courier -m 600 "/certificates/$name.pem" "$name.pem"
done
echo mx.lab > me
echo mx.lab > locals
install -d -o courier -g courier /run/courier /run/courier/authdaemon
/usr/sbin/authdaemond start
/usr/sbin/courierfilter start
/usr/sbin/courier start

# serve FILES PORT [SETTING=VALUE ...] -- COMMAND: a listener with the settings of these files, then these.
serve() (
    files=$1 port=$2
    shift 2
    set -a
    for file in $files; do
        # shellcheck disable=SC1090
        . "/etc/courier/$file"
    done
    export TLS_CERTFILE=/etc/courier/right.pem TLS_CACHEFILE=
    export TLS_PRIORITY=SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM
    while [ "$1" != -- ]; do
        eval "${1%%=*}=\${1#*=}"
        shift
    done
    shift
    # From here on, the program's own PATH holds.
    exec /usr/sbin/couriertcpd -maxprocs=500 -maxperip=500 -maxperc=500 -nodnslookup -noidentlookup -address=0 \
        -stderrlogger=/usr/sbin/courierlogger "$port" "$@" > /dev/null 2>> /var/log/courier.log < /dev/null
)
libraries=/usr/lib/courier/courier
imap() {
    serve 'imapd imapd-ssl' "$@" -- $libraries/imaplogin /usr/bin/imapd Maildir &
}
imaps() {
    serve 'imapd imapd-ssl' "$@" IMAP_TLS=1 -- /usr/bin/couriertls -server -tcpd -user=courier $libraries/imaplogin /usr/bin/imapd Maildir &
}
pop3() {
    serve 'pop3d pop3d-ssl' "$@" -- $libraries/courierpop3login $libraries/courierpop3d Maildir &
}
pop3s() {
    serve 'pop3d pop3d-ssl' "$@" POP3_TLS=1 POP3_STARTTLS=NO POP3_TLS_REQUIRED=0 -- \
        /usr/bin/couriertls -server -tcpd -user=courier $libraries/courierpop3login $libraries/courierpop3d Maildir &
}
smtp() {
    serve esmtpd "$@" -- /usr/sbin/courieresmtpd &
}
smtps() {
    serve esmtpd "$@" ESMTP_TLS=1 -- /usr/bin/couriertls -server -tcpd -user=courier /usr/sbin/courieresmtpd &
}
users='AUTH_REQUIRED=1'
under_tls='ESMTPAUTH_TLS=PLAIN LOGIN'
imap 143 IMAP_STARTTLS=YES IMAP_TLS_REQUIRED=1
imaps 993
pop3 110 POP3_STARTTLS=YES POP3_TLS_REQUIRED=1
pop3s 995
smtp 25
smtp 587 "$users" "$under_tls" ESMTP_TLS_REQUIRED=1
smtps 465 "$users" "$under_tls" 'ESMTPAUTH=PLAIN LOGIN'

imap 1143 IMAP_STARTTLS=YES IMAP_TLS_REQUIRED=0
imap 1144 IMAP_STARTTLS=NO IMAP_TLS_REQUIRED=0
imaps 1993 TLS_CERTFILE=/etc/courier/other-name.pem
pop3 1110 POP3_STARTTLS=YES POP3_TLS_REQUIRED=0
smtp 1025 COURIERTLS=
smtp 1587 "$users" "$under_tls" 'ESMTPAUTH=PLAIN LOGIN'
smtps 1465 "$users" "$under_tls" TLS_CERTFILE=/etc/courier/expired.pem
exec sleep infinity
