#!/bin/sh
# Exim on 25, 465 and 587, and Cyrus on the ports of mailboxes, as they should be; other ports have one thing wrong each.
set -eu
install -d /etc/ssl/mail
install -m 640 -o root -g Debian-exim /certificates/*.pem /etc/ssl/mail

# exim NAME PORTS [SETTING ...]: an instance with these settings beside or instead of the right ones.
exim() {
    name=$1 ports=$2
    shift 2
    # What has the form of a variable is Exim's.
    # shellcheck disable=SC2016
    {
        printf '%s\n' 'primary_hostname = mx.lab' 'domainlist local_domains = mx.lab' 'host_lookup =' 'notifier_socket =' 'PROMPTS = :' 'rfc1413_query_timeout = 0s' \
            'acl_smtp_mail = mail' 'acl_smtp_rcpt = rcpt' 'tls_advertise_hosts = *' 'tls_certificate = /etc/ssl/mail/right.pem' \
            'tls_privatekey = /etc/ssl/mail/right.pem' 'log_file_path = /var/log/exim4/%slog' 'smtp_accept_max_per_host = 50' \
            'tls_require_ciphers = SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM' \
            'auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}' "$@" |
            tac | awk '{ key = $0; sub(/ =.*/, "", key) } !seen[key]++' | tac
        cat << 'END'
begin acl
mail:
  deny condition = WANTS_LOGIN
       !authenticated = *
       message = 530 5.7.0 Authentication required
  accept
rcpt:
  accept condition = RELAYS
  accept domains = +local_domains
  accept authenticated = *
  deny message = relay not permitted
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = PROMPTS
  server_set_id = $auth2
  server_condition = no
END
    } > "/etc/exim4/$name.conf"
    exim4 -bdf -C "/etc/exim4/$name.conf" -oX "$ports" -oP "/run/exim4/$name.pid" &
}
public='WANTS_LOGIN = no' users='WANTS_LOGIN = yes' closed='RELAYS = no'
# Exim speaks of logins on a public server only where it has authenticators to offer.
exim mx 25 "$closed" "$public" 'auth_advertise_hosts ='
exim users '465 : 587' "$closed" "$users" 'tls_on_connect_ports = 465'
exim login-in-clear 1587 "$closed" "$users" 'auth_advertise_hosts = *'
exim without-tls 1025 "$closed" "$public" 'auth_advertise_hosts =' 'tls_advertise_hosts ='
exim expired 1465 "$closed" "$users" 'tls_on_connect_ports = 1465' 'tls_certificate = /etc/ssl/mail/expired.pem' \
    'tls_privatekey = /etc/ssl/mail/expired.pem'
exim relay 1026 'RELAYS = yes' "$public" 'auth_advertise_hosts ='
exim no-certificate 1027 "$closed" "$public" 'auth_advertise_hosts =' 'tls_certificate = /etc/ssl/mail/none.pem'

# Cyrus
install -d -o cyrus -g mail /etc/ssl/cyrus /run/cyrus /run/cyrus/socket /run/cyrus/proc /run/cyrus/lock
install -o cyrus -g mail -m 600 /certificates/*.pem /etc/ssl/cyrus
imapd_conf() {
    sed '/^tls_\|^sasl_pwcheck_method\|^sasl_mech_list\|^allowplaintext\|^servername/d' /etc/imapd.conf.orig
    printf '%s\n' 'servername: mx.lab' 'sasl_pwcheck_method: auxprop' 'sasl_mech_list: PLAIN' 'tls_versions: tls1_2 tls1_3' \
        'tls_ciphers: ECDHE+AESGCM:ECDHE+CHACHA20' "$@"
}
tls_with() {
    printf '%s\n' "tls_server_cert: /etc/ssl/cyrus/$1.pem" "tls_server_key: /etc/ssl/cyrus/$1.pem"
}
cp /etc/imapd.conf /etc/imapd.conf.orig
imapd_conf 'allowplaintext: no' 'allowapop: no' "$(tls_with right)" > /etc/imapd.conf
imapd_conf 'allowplaintext: yes' "$(tls_with right)" > /etc/imapd-clear.conf
imapd_conf 'allowplaintext: no' 'allowapop: no' "$(tls_with other-name)" > /etc/imapd-name.conf
imapd_conf 'allowplaintext: no' 'allowapop: no' > /etc/imapd-bare.conf
cat > /etc/cyrus.conf << 'END'
START {
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
}
SERVICES {
  imap cmd="imapd -U 30" listen="143" prefork=0
  imaps cmd="imapd -s -U 30" listen="993" prefork=0
  pop3 cmd="pop3d -U 30" listen="110" prefork=0
  pop3s cmd="pop3d -s -U 30" listen="995" prefork=0
  sieve cmd="timsieved" listen="4190" prefork=0
  lmtp cmd="lmtpd -a" listen="24" prefork=0
  imapclear cmd="imapd -C /etc/imapd-clear.conf" listen="1143" prefork=0
  pop3clear cmd="pop3d -C /etc/imapd-clear.conf" listen="1110" prefork=0
  sieveclear cmd="timsieved -C /etc/imapd-clear.conf" listen="1190" prefork=0
  imapsname cmd="imapd -s -C /etc/imapd-name.conf" listen="1993" prefork=0
  imapbare cmd="imapd -C /etc/imapd-bare.conf" listen="1144" prefork=0
  imapswrong cmd="imapd" listen="1994" prefork=0
}
EVENTS {
  checkpoint cmd="/usr/sbin/cyrus ctl_cyrusdb -c" period=30
}
END
exec /usr/sbin/cyrmaster
