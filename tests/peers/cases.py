# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers to look at: machines (containers), and the ports on them, each a named case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence, Tuple

BOOKWORM, TRIXIE = "bookworm", "trixie"
_SMTP, _IMAP, _POP3 = "smtp", "imap", "pop3"


@dataclass(frozen=True)
class Image:
    """What is installed on which Debian."""

    name: str
    debian: str
    packages: Tuple[str, ...]


@dataclass(frozen=True)
class Machine:
    """A container. ``script``: of the folder servers. ``settings``: its arguments."""

    name: str
    image: Image
    script: str
    settings: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One port. ``starttls``: smtp, imap or pop3; ``""`` for TLS at once. ``command``: for test servers, what runs there."""

    name: str
    machine: str
    port: int
    starttls: str = ""
    command: str = ""


_MAIL = ("dovecot-imapd", "dovecot-pop3d", "gnutls-bin", "openssl", "postfix")
TOOLS12 = Image("tools12", BOOKWORM, (*_MAIL, "libnginx-mod-mail", "libnss3-tools", "nginx-light", "stunnel4"))
TOOLS13 = Image("tools13", TRIXIE, _MAIL)
EXIM = Image("exim", BOOKWORM, ("exim4-daemon-light", "openssl"))
CYRUS = Image("cyrus", BOOKWORM, ("cyrus-admin", "cyrus-imapd", "cyrus-pop3d", "openssl", "sasl2-bin"))
COURIER = Image("courier", BOOKWORM, ("courier-authdaemon", "courier-imap", "courier-pop", "openssl"))

_OPENSSL = "openssl s_server -www -accept {port}"
_RSA, _ECDSA = "-key rsa.key -cert rsa.pem -cert_chain ca.pem", "-key ecdsa.key -cert ecdsa.pem -cert_chain ca.pem"
_BOTH = _RSA + " -dkey ecdsa.key -dcert ecdsa.pem -dcert_chain ca.pem"
_GNUTLS = (
    "gnutls-serv --http --port {port} --x509keyfile rsa.key --x509certfile rsa.pem"
    " --x509keyfile ecdsa.key --x509certfile ecdsa.pem --priority"
)
_NSS = "selfserv -d sql:/run/nss -w '' -p {port} -n rsa -e ecdsa"

# The name, and the parts of what runs.
_SERVERS_12 = (
    ("openssl-all-suites", _OPENSSL, _BOTH, "-min_protocol TLSv1 -cipher ALL:COMPLEMENTOFALL:@SECLEVEL=0"),
    ("openssl-tls10-only", _OPENSSL, _RSA, "-tls1 -cipher DEFAULT:@SECLEVEL=0"),
    ("openssl-tls11-server-order", _OPENSSL, _RSA, "-tls1_1 -serverpref",
     "-cipher AES256-SHA:ECDHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0"),
    ("openssl-dhe-1024-bits", _OPENSSL, _RSA, "-no_tls1_3 -dhparam dh1024.pem -cipher kDHE:!aNULL:@SECLEVEL=0"),
    ("openssl-dhe-without-parameters", _OPENSSL, _RSA, "-no_tls1_3 -no_dhe -serverpref -cipher kDHE:kRSA:@SECLEVEL=0"),
    ("openssl-static-rsa", _OPENSSL, _RSA, "-no_tls1_3 -cipher kRSA"),
    ("openssl-cbc-only", _OPENSSL, _BOTH, "-no_tls1_3 -serverpref",
     "-cipher AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES128-SHA"),
    ("openssl-aead-only", _OPENSSL, _BOTH, "-serverpref -cipher ECDHE+AESGCM:ECDHE+CHACHA20"),
    ("openssl-anonymous-and-null", _OPENSSL, _RSA, "-no_tls1_3 -cipher aNULL:eNULL:@SECLEVEL=0"),
    ("openssl-p384-certificate", _OPENSSL, "-key ecdsa384.key -cert ecdsa384.pem -groups P-384:P-521"),
    ("openssl-brainpool-and-sect", _OPENSSL, _RSA, "-groups brainpoolP256r1:sect283k1:secp256k1:P-256"),
    ("openssl-ed25519-certificate", _OPENSSL, "-key ed25519.key -cert ed25519.pem"),
    ("openssl-rsa-pss-certificate", _OPENSSL, "-key rsapss.key -cert rsapss.pem"),
    ("openssl-tls13-ffdhe-only", _OPENSSL, _RSA, "-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384 -groups ffdhe2048:ffdhe3072"),
    ("openssl-tls13-ccm-chacha20", _OPENSSL, _ECDSA, "-tls1_3",
     "-ciphersuites TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256:TLS_CHACHA20_POLY1305_SHA256"),
    ("openssl-client-certificate", _OPENSSL, _RSA, "-verify 1"),
    ("nss-ssl30-rc4-3des", _NSS, "-V ssl3:tls1.2 -c :0004:0005:000A:002F:C007:C011:C012:C013:C02F"),
    ("nss-ssl30-only", _NSS, "-V ssl3:ssl3 -c :0005:000A:0035"),
    ("gnutls-3des-rc4-camellia", _GNUTLS, "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1:+3DES-CBC:+ARCFOUR-128:+CAMELLIA-256-GCM"
     ":+CAMELLIA-128-CBC:+AES-128-CCM-8"),
    ("gnutls-secure256", _GNUTLS, "SECURE256:%SERVER_PRECEDENCE"),
)  # fmt: skip
_SERVERS_13 = (
    ("openssl35-as-it-comes", _OPENSSL, _BOTH),
    ("openssl35-ml-kem-only", _OPENSSL, _RSA, "-tls1_3",
     "-groups X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024:MLKEM1024"),
    ("openssl35-ml-kem-and-x25519", _OPENSSL, _RSA, "-groups X25519MLKEM768:X25519"),
)  # fmt: skip
_FIRST_PORT = 4401


def _made_servers(machine: str, servers: Sequence[Sequence[str]]) -> Tuple[Case, ...]:
    numbered = enumerate(servers, _FIRST_PORT)
    return tuple(Case(name, machine, port, "", " ".join(parts).format(port=port)) for port, (name, *parts) in numbered)


CASES = (
    *_made_servers("servers12", _SERVERS_12),
    *_made_servers("servers13", _SERVERS_13),
    Case("postfix-debian12-smtp", "mail12", 25, _SMTP),
    Case("postfix-debian12-submissions", "mail12", 465),
    Case("dovecot-debian12-imap", "mail12", 143, _IMAP),
    Case("dovecot-debian12-pop3s", "mail12", 995),
    Case("dovecot-debian12-fails-over-dhe", "loose12", 993),
    Case("postfix-debian13-submission", "mail13", 587, _SMTP),
    Case("dovecot-debian13-imaps", "mail13", 993),
    Case("exim-smtp", "exim", 25, _SMTP),
    Case("cyrus-imap", "cyrus", 143, _IMAP),
    Case("courier-imaps", "courier", 993),
    Case("courier-pop3", "courier", 110, _POP3),
    Case("nginx-submission", "nginx", 587, _SMTP),
    Case("nginx-imaps", "nginx", 993),
    Case("stunnel-pop3s", "nginx", 995),
)


def _commands(machine: str) -> Tuple[str, ...]:
    return tuple(case.command for case in CASES if case.machine == machine)


MACHINES = (
    Machine("servers12", TOOLS12, "openssl", _commands("servers12")),
    Machine("servers13", TOOLS13, "openssl", _commands("servers13")),
    Machine("mail12", TOOLS12, "mail"),
    Machine("loose12", TOOLS12, "mail", ("loose",)),
    Machine("mail13", TOOLS13, "mail"),
    Machine("exim", EXIM, "exim"),
    Machine("cyrus", CYRUS, "cyrus"),
    Machine("courier", COURIER, "courier"),
    Machine("nginx", TOOLS12, "nginx"),
)
