# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stage on which the documented examples are true, in a network and mount namespace of its own.

    unshare --net --mount python stage.py DIRECTORY COMMAND...

Puts up mail.example.org (192.0.2.10 and 2001:db8::10) with real ports, a packet filter that opens what the examples require,
and the files in /etc that they name; then runs COMMAND and ends with its exit code. All of it goes with the namespaces.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import trustme

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "demo"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "names"))

from name_server import NameServer  # noqa: E402

NAME = "mail.example.org"
#: Other names of the same server, for the way out: a relay, and the mail exchanger of example.com.
OTHER_NAMES = ("relay.example.net", "mx.example.com")
RECORDS = {("example.com", "MX"): [(10, "mx.example.com")]}
ADDRESSES = ("192.0.2.10", "2001:db8::10")

NFT = """
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 25, 587, 993 } accept
    ip saddr 192.0.2.0/24 tcp dport 22 accept
    ip6 saddr 2001:db8:1::/48 tcp dport 22 accept
  }
}
"""

SAVE = """*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p {icmp} -j ACCEPT
-A INPUT -p tcp -m multiport --dports 25,587,993 -j ACCEPT
COMMIT
"""


def run(*command: str) -> None:
    subprocess.run(command, check=True)


def network() -> None:
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "outside")
    run("ip", "link", "set", "eth0", "up")
    run("ip", "link", "set", "outside", "up")
    run("ip", "address", "add", f"{ADDRESSES[0]}/24", "dev", "eth0")
    run("ip", "address", "add", f"{ADDRESSES[1]}/64", "dev", "eth0", "nodad")
    subprocess.run(["nft", "-f", "-"], input=NFT, text=True, check=True)


def files(directory: Path) -> None:
    """An /etc that can be written, over the real one, for this namespace only."""
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "tmpfs", str(directory))
    for part in ("upper", "work"):
        (directory / part).mkdir()
    layers = f"lowerdir=/etc,upperdir={directory}/upper,workdir={directory}/work"
    run("mount", "-t", "overlay", "overlay", "-o", layers, "/etc")
    names = " ".join((NAME, *OTHER_NAMES))
    Path("/etc/hosts").write_text(
        f"127.0.0.1 localhost\n::1 localhost\n{ADDRESSES[0]} {names}\n{ADDRESSES[1]} {names}\n", encoding="utf-8"
    )
    resolvers = Path("/etc/resolv.conf")
    resolvers.unlink(missing_ok=True)  # a link to elsewhere, perhaps
    resolvers.write_text("nameserver 127.0.0.1\n", encoding="utf-8")
    rules = Path("/etc/iptables")
    rules.mkdir(exist_ok=True)
    for version, icmp in (("v4", "icmp"), ("v6", "ipv6-icmp")):
        for name in (f"rules.{version}", f"rules.{version}.new"):
            (rules / name).write_text(SAVE.format(icmp=icmp), encoding="utf-8")
    authority = trustme.CA()
    authority.cert_pem.write_to_path("/etc/ssl/private-ca.pem")
    authority.issue_cert(NAME, *OTHER_NAMES).private_key_and_cert_chain_pem.write_to_path(str(directory / "server.pem"))


def serve(directory: Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).with_name("servers.py")), str(directory / "server.pem"), *ADDRESSES]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    if server.stdout.readline() != "ready\n":
        sys.exit("the servers did not start")
    return server


def main() -> int:
    directory = Path(sys.argv[1])
    network()
    files(directory)
    server = serve(directory)
    try:
        environment = dict(os.environ, SSL_CERT_FILE="/etc/ssl/private-ca.pem")
        with NameServer(RECORDS, port=53):
            return subprocess.run(sys.argv[2:], env=environment, check=False).returncode
    finally:
        server.communicate()


if __name__ == "__main__":
    sys.exit(main())
