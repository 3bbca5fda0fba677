# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs to report on, as the modules give them: one host, fifty, none with a fault, many faults, long names, hostile texts."""

from __future__ import annotations

from typing import Any

GENERATED = "2026-11-24T12:00:00+00:00"
SERVICES: list[Any] = [
    "smtp",
    "submission",
    "submissions",
    "imaps",
    {"name": "imap", "closed": True},
    {"name": "ssh", "from": ["192.0.2.0/24", "2001:db8:1::/48"]},
]
CHECKS = ("mail.reachable", "mail.protocol", "mail.encryption", "mail.tls-handshake", "mail.certificate-trust")
MAIL = ((25, "smtp"), (587, "submission"), (465, "submissions"), (993, "imaps"))
LONG = "a-very-long-host-name-that-goes-on-" * 5 + ".mail.subsidiary.example.org"
HOSTILE = (
    '<script>document.title="owned"</script>\x1b[31mRED\x1b[0m\r\nFAIL\t" onmouseover="x" \u202egnirts | `code` @all'
)
PUBLIC = (25, 587, 465, 993)


def opening(family: str, ports: list[str], **more: Any) -> dict[str, Any]:
    everyone = {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}[family]
    entry = {"family": family, "protocol": "tcp", "ports": ports, "sources": everyone, "interfaces": ["*"]}
    return {**entry, "path": "input", "certainty": "always", "rules": ["inet filter input handle 9"], **more}


def openings() -> dict[str, Any]:
    """Exactly what SERVICES requires."""
    entries = [opening(family, [str(port) for port in sorted(PUBLIC)]) for family in ("ipv4", "ipv6")]
    entries.append(opening("ipv4", ["22"], sources=["192.0.2.0/24"]))
    entries.append(opening("ipv6", ["22"], sources=["2001:db8:1::/48"]))
    return {"openings": entries, "interfaces": ["*"], "families": ["ipv4", "ipv6"]}


def passed(host: str) -> list[dict[str, Any]]:
    places = [
        {"check": check, "host": host, "port": port, "service": service} for port, service in MAIL for check in CHECKS
    ]
    places += [
        {"check": "firewall.missing-opening", "host": host, "port": port, "service": service}
        for port, service in (*MAIL, (22, "ssh"))
    ]
    return places + [{"check": "mail.closed", "host": host, "port": 143, "service": "imap"}]


def finding(host: str, check: str, port: int, service: str, outcome: str = "fail", **more: Any) -> dict[str, Any]:
    return {"check": check, "host": host, "port": port, "service": service, "outcome": outcome, **more}


def look(host: str, findings: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    findings = findings or []
    told = {(each["check"], each.get("port")) for each in findings}
    fine = [place for place in passed(host) if (place["check"], place["port"]) not in told]
    result = {"findings": findings, "passed": fine, "outcome": "fail" if findings else "pass"}
    return {"host": host, "services": SERVICES, "results": [result], "openings": openings(), **more}


def login_before_tls(host: str) -> dict[str, Any]:
    return finding(
        host,
        "mail.login-before-tls",
        587,
        "submission",
        addresses=["192.0.2.10", "2001:db8::10"],
        expected="no login",
        observed="PLAIN, LOGIN",
        cause="passwords can be sent in clear",
        fix="postconf -e smtpd_tls_auth_only=yes; postfix reload",
        source="RFC 8314 section 3",
    )


def expiring(host: str, days: int) -> dict[str, Any]:
    return finding(
        host,
        "mail.certificate-validity",
        993,
        "imaps",
        "warn",
        addresses=["192.0.2.10"],
        expected="30 days left",
        observed=f"{days} days left",
        cause="the certificate ends soon",
        fix="renew it and reload the server",
        source="the policy",
    )


def throttled(host: str) -> dict[str, Any]:
    return finding(
        host,
        "mail.throttled",
        25,
        "smtp",
        "unknown",
        expected="an answer to each connection",
        observed="421 4.7.0 Too many connections",
        cause="the server began to put this client off; not established: mail.tls-old-versions, mail.tls-suites",
    )


def surplus(host: str) -> dict[str, Any]:
    return finding(
        host,
        "firewall.surplus-opening",
        3306,
        "",
        expected="closed",
        observed="tcp 3306 from any (IPv4)",
        cause="opened by iptables filter INPUT line 19: -A INPUT -p tcp -m tcp --dport 3306 -j ACCEPT",
        fix="iptables -D INPUT -p tcp -m tcp --dport 3306 -j ACCEPT; or add {port: 3306, protocol: tcp} to services",
    )


def closed(host: str) -> dict[str, Any]:
    return finding(
        host,
        "firewall.missing-opening",
        465,
        "submissions",
        families=["ipv6"],
        expected="tcp 465 from any",
        observed="tcp 465 from any (IPv4)",
        cause="closed by inet filter input policy drop; a client sees: timed-out",
        fix="nft add rule inet filter input tcp dport 465 accept",
    )


def wrong_filter() -> dict[str, Any]:
    """465 is closed over IPv6, 3306 is open, 22 is open to more than it should be, 8080 depends on a rate."""
    entries = [opening("ipv4", ["25", "465", "587", "993", "3306"]), opening("ipv6", ["25", "587", "993"])]
    entries.append(opening("ipv4", ["22"], sources=["192.0.2.0/24", "198.51.100.0/24"]))
    entries.append(opening("ipv6", ["22"], sources=["2001:db8:1::/48"]))
    entries.append(opening("ipv4", ["8080"], certainty="unknown", depends_on=["limit rate 10/minute"]))
    return {"openings": entries, "interfaces": ["*"], "families": ["ipv4", "ipv6"]}


def one_host() -> list[dict[str, Any]]:
    host = "mail.example.org"
    faults = [login_before_tls(host), surplus(host), closed(host), expiring(host, 9)]
    return [look(host, faults, openings=wrong_filter())]


def no_faults() -> list[dict[str, Any]]:
    return [look(f"mail{number}.example.org") for number in (10, 2, 1)]


def fifty_hosts() -> list[dict[str, Any]]:
    """Each third cannot keep passwords, each seventh has a certificate that ends, one is unreachable, one not yet looked at."""
    looks = []
    for number in range(1, 49):
        host = f"mail{number}.example.org"
        faults = [login_before_tls(host)] if number % 3 == 0 else []
        faults += [expiring(host, number % 20)] if number % 7 == 0 else []
        faults += [throttled(host)] if number == 20 else []
        looks.append(look(host, faults))
    unreachable = {"unreachable": True, "msg": "Failed to connect to the host via ssh: connect timed out"}
    looks.append({"host": "mail49.example.org", "services": SERVICES, "results": [unreachable]})
    looks.append({"host": "mail50.example.org", "services": SERVICES, "results": []})
    return looks


def many_faults() -> list[dict[str, Any]]:
    """Three hosts on which hardly anything is right, and thirty surplus openings."""
    looks = []
    for name in ("mx1", "mx2", "mx3"):
        host = f"{name}.example.org"
        faults = [login_before_tls(host), throttled(host), expiring(host, 3), closed(host)]
        for port in range(8000, 8030):
            fix = f"nft delete rule inet filter input handle {port - 7900}"
            faults.append(dict(surplus(host), port=port, observed=f"tcp {port} from any (IPv4)", fix=fix))
        for port, service in MAIL:
            faults.append(
                finding(
                    host,
                    "mail.tls-old-versions",
                    port,
                    service,
                    expected="TLSv1.2, TLSv1.3",
                    observed="TLSv1, TLSv1.1",
                    cause="old versions are accepted",
                    fix="postconf -e 'smtpd_tls_protocols = >=TLSv1.2'",
                )
            )
        filter_ = wrong_filter()
        filter_["openings"].append(opening("ipv4", ["8000-8029"]))
        looks.append(look(host, faults, openings=filter_))
    return looks


def long_names() -> list[dict[str, Any]]:
    faults = [dict(login_before_tls(LONG), observed="AUTH " + "X" * 600, fix="postconf -e " + "y" * 400)]
    services = [*SERVICES, {"name": "a-service-with-quite-a-long-name-" * 3, "port": 8025, "protocol": "smtp"}]
    return [look(LONG, faults, services=services), look("short.example.org")]


def hostile() -> list[dict[str, Any]]:
    faults = [dict(login_before_tls(HOSTILE), observed=HOSTILE, cause=HOSTILE, fix=HOSTILE, service=HOSTILE)]
    looks = [look(HOSTILE, faults), {"host": "x|`y`", "results": [{"failed": True, "msg": HOSTILE}]}]
    return [*looks, look("z" * 5000, [dict(surplus("z"), observed="\udcff\x00\ufffe" + "w" * 9000)])]


RUNS = {
    "one-host": one_host,
    "fifty-hosts": fifty_hosts,
    "no-faults": no_faults,
    "many-faults": many_faults,
    "long-names": long_names,
    "hostile": hostile,
    "no-hosts": list,
}
