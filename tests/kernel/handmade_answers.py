# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handmade rulesets whose traps lie behind the first packet of a connection.

``served``: the clients that get their line back, by their number (0 and 1 over IPv4, 2 over IPv6); the others are lost or
refused. ``doubtful``: the analysis may not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from case import Rules

ALL = (0, 1, 2)
IPV4 = (0, 1)


@dataclass(frozen=True)
class Talk(Rules):
    name: str = ""
    served: Tuple[int, ...] = ALL
    port: int = 25
    doubtful: bool = False


def _nft(name: str, text: str, served: Tuple[int, ...] = ALL, port: int = 25, doubtful: bool = False) -> Talk:
    return Talk(nft="table inet t {\n" + text + "\n}", name=name, served=served, port=port, doubtful=doubtful)


def _xtables(name: str, tool: str, lines: str, served: Tuple[int, ...] = IPV4, doubtful: bool = False) -> Talk:
    """For IPv4; what comes over IPv6 is let in."""
    return Talk(
        xtables={tool: "*filter\n:INPUT DROP\n:FORWARD DROP\n:OUTPUT DROP\n" + lines + "\nCOMMIT\n"},
        name="{0} {1}".format(tool, name),
        served=(*served, 2),
        doubtful=doubtful,
    )


_IN = """
  chain in {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    tcp dport 25 accept
  }
"""
_OUT = "  chain out { type filter hook output priority 0; policy drop; "
_NEW_IN = _IN.replace("dport 25 accept", "dport 25 ct state new accept")
_RAW_IN = "  chain rin { type filter hook prerouting priority -300; "
_RAW_OUT = "  chain rout { type filter hook output priority -300; "

_PUBLISHED = """
  chain n { type nat hook prerouting priority dstnat; meta nfproto ipv4 tcp dport 2525 dnat to 172.17.0.2:25; }
  chain f {
    type filter hook forward priority 0; policy drop;
    ct state established accept
    ct status dnat accept
  }
  chain i { type filter hook input priority 0; policy drop; }"""

TALKS = (
    _nft("right", _IN),
    _nft("output-drop", _IN + _OUT + "}", ()),
    _nft("output-established", _IN + _OUT + "ct state established accept\n }"),
    _nft("output-new-only", _IN + _OUT + "ct state new accept\n }", ()),
    _nft("output-vmap", _IN + _OUT + "ct state vmap { established : accept, related : accept, invalid : drop }\n }"),
    _nft("output-sport", _IN + _OUT + "tcp sport 25 accept\n }"),
    _nft("output-wrong-sport", _IN + _OUT + "tcp dport 25 accept\n }", ()),
    _nft("output-one-client", _IN + _OUT + "ip daddr 192.0.2.10 accept\n }", (0,)),
    _nft("output-by-interface", _IN + _OUT + 'oifname "eth0" accept\n }'),
    _nft("output-by-other-interface", _IN + _OUT + 'oifname "docker0" accept\n iifname "eth0" accept\n }', ()),
    _nft("output-no-input-interface", _IN + _OUT + 'iifname != "eth0" accept\n }'),
    _nft("output-local-destination", _IN + _OUT + "fib daddr type local accept\n }", ()),
    _nft("output-unicast-destination", _IN + _OUT + "fib daddr type unicast accept\n }"),
    _nft("output-reply", _IN + _OUT + "ct direction reply accept\n }"),
    _nft("output-original", _IN + _OUT + "ct direction original accept\n }", ()),
    _nft(
        "output-tuple",
        _IN + _OUT + "ct original ip saddr 192.0.2.77 accept\n ct reply ip saddr 192.0.2.10 accept\n }",
        (1,),
    ),
    _nft("output-original-port", _IN + _OUT + "meta l4proto tcp ct original proto-dst 25 accept\n }"),
    _nft("output-reply-port", _IN + _OUT + "meta l4proto tcp ct reply proto-src 25 accept\n }"),
    _nft("output-status", _IN + _OUT + "ct status seen-reply accept\n }"),
    _nft("output-assured", _IN + _OUT + "ct status assured accept\n }", ()),
    _nft(
        "output-rate",
        _IN + "  chain o { type filter hook output priority 0; limit rate over 1/hour drop\n }",
        ALL,
        doubtful=True,
    ),
    _nft("output-owner", _IN + _OUT + "meta skuid 0 accept\n }", (), doubtful=True),
    _nft("output-owner-negated", _IN + _OUT + "meta skuid != 0 accept\n }", (), doubtful=True),
    _nft(
        "postrouting-drop",
        _IN + "  chain p { type filter hook postrouting priority 0; ip daddr 192.0.2.77 drop\n }",
        (0, 2),
    ),
    _nft(
        "no-established",
        "  chain in { type filter hook input priority 0; policy drop; ct state new tcp dport 25 accept\n }",
        (),
    ),
    _nft(
        "new-and-established",
        "  chain in { type filter hook input priority 0; policy drop; ct state new,established tcp dport 25 accept\n }",
    ),
    _nft(
        "established-for-one",
        "  chain in { type filter hook input priority 0; policy drop; "
        "ct state established ip saddr 192.0.2.77 accept\n ct state new tcp dport 25 accept\n }",
        (1,),
    ),
    _nft("stateless", "  chain in { type filter hook input priority 0; policy drop; tcp dport 25 accept\n }"),
    _nft(
        "syn-only",
        "  chain in { type filter hook input priority 0; policy drop; "
        "tcp dport 25 tcp flags & (fin|syn|rst|ack) == syn accept\n }",
        (),
    ),
    _nft(
        "stateless-flags",
        "  chain in { type filter hook input priority 0; policy drop; tcp dport 25 tcp flags syn accept\n "
        "tcp dport 25 tcp flags ack accept\n }\n" + _OUT + "tcp sport 25 tcp flags ack accept\n }",
    ),
    _nft(
        "no-push",
        "  chain in { type filter hook input priority 0; policy drop; tcp dport 25 tcp flags != { ack | psh } accept\n }",
        (),
    ),
    _nft("answers-without-syn", _IN + _OUT + "tcp sport 25 tcp flags & syn == 0 accept\n }", ()),
    _nft("answers-with-syn-only", _IN + _OUT + "tcp sport 25 tcp flags syn accept\n }", ()),
    _nft("dropped-behind", _IN.replace("tcp dport 25 accept", "tcp dport 25 accept\n tcp flags ack drop")),
    _nft("dropped-before-conntrack", _IN + _RAW_IN + "tcp dport 25 tcp flags & (syn|ack) == ack drop\n }", ()),
    _nft("notrack-in", _IN + _RAW_IN + "tcp dport 25 notrack\n }"),
    _nft(
        "notrack-in-and-state-out",
        _IN + _RAW_IN + "tcp dport 25 notrack\n }\n" + _OUT + "ct state established,related accept\n }",
        (),
    ),
    _nft("notrack-out", _IN + _RAW_OUT + "tcp sport 25 notrack\n }"),
    _nft(
        "notrack-out-and-invalid",
        _IN.replace("tcp dport", "ct state invalid drop\n tcp dport") + _RAW_OUT + "tcp sport 25 notrack\n }",
        (),
    ),
    _nft(
        "zone-in-and-state-out",
        _IN + _RAW_IN + "tcp dport 25 ct zone set 3\n }\n" + _OUT + "ct state established,related accept\n }",
        (),
    ),
    _nft("zone-in-and-new-alone", _NEW_IN + _RAW_IN + "tcp dport 25 ct zone set 3\n }", ()),
    _nft("zone-out-and-new-alone", _NEW_IN + _RAW_OUT + "tcp sport 25 ct zone set 3\n }", ()),
    _nft(
        "zone-both",
        _NEW_IN
        + _RAW_IN
        + "tcp dport 25 ct zone set 3\n }\n"
        + _RAW_OUT
        + "tcp sport 25 ct zone set 3\n }\n"
        + _OUT
        + "ct state established,related accept\n }",
    ),
    _nft(
        "zone-of-one-direction",
        _NEW_IN
        + _RAW_IN
        + "tcp dport 25 ct original zone set 3\n }\n"
        + _OUT
        + "ct state established,related accept\n }",
    ),
    _nft(
        "notrack-both",
        _IN.replace("tcp dport", "ct state invalid drop\n tcp dport")
        + _RAW_IN
        + "tcp dport 25 notrack\n }\n"
        + _RAW_OUT
        + "tcp sport 25 notrack\n }\n"
        + _OUT
        + "ct state untracked accept\n }",
    ),
    _nft(
        "connection-mark",
        "  chain in { type filter hook input priority 0; policy drop; ct mark 7 accept\n "
        "ct state new tcp dport 25 ct mark set 7 accept\n }\n" + _OUT + "ct mark 7 accept\n }",
    ),
    _nft(
        "other-connection-mark",
        "  chain in { type filter hook input priority 0; policy drop; ct mark 7 accept\n "
        "ct state new tcp dport 25 ct mark set 7 accept\n }\n" + _OUT + "ct mark 8 accept\n }",
        (),
    ),
    _nft(
        "mark-of-one",
        "  chain in { type filter hook input priority 0; policy drop; "
        "ct state new ip saddr 192.0.2.77 ct mark set 1\n ct state new tcp dport 25 accept\n "
        "ct state established ct mark 1 accept\n }",
        (1,),
    ),
    _nft(
        "restored-mark",
        _IN.replace("tcp dport 25 accept", "tcp dport 25 ct mark set 3 accept")
        + "  chain o { type route hook output priority -150; meta mark set ct mark\n }\n"
        + _OUT
        + "meta mark 3 accept\n }",
    ),
    _nft(
        "redirect",
        "  chain n { type nat hook prerouting priority dstnat; tcp dport 2525 redirect to :25\n }\n"
        + _IN
        + _OUT
        + "tcp sport 25 accept\n }",
        port=2525,
    ),
    _nft(
        "redirect-wrong",
        "  chain n { type nat hook prerouting priority dstnat; tcp dport 2525 redirect to :25\n }\n"
        + _IN
        + _OUT
        + "tcp sport 2525 accept\n }",
        (),
        port=2525,
    ),
    _nft(
        "redirect-status",
        "  chain n { type nat hook prerouting priority dstnat; tcp dport 2525 redirect to :25\n }\n"
        + _IN
        + _OUT
        + "ct status dnat accept\n }",
        port=2525,
    ),
    _nft("published", _PUBLISHED, IPV4, port=2525),
    _nft("published-one-way", _PUBLISHED.replace("ct state established accept", 'oifname "eth0" drop'), (), port=2525),
    _nft(
        "published-answers",
        _PUBLISHED.replace("ct state established accept", 'iifname "docker0" tcp sport 25 accept'),
        IPV4,
        port=2525,
    ),
    _nft(
        "published-first-only",
        _PUBLISHED.replace("ct state established accept", "ct direction reply accept").replace(
            "ct status dnat", "ct state new ct status dnat"
        ),
        (),
        port=2525,
    ),
    _nft(
        "published-raw",
        _PUBLISHED + '\n  chain r { type filter hook prerouting priority -300; iifname "docker0" drop\n }',
        (),
        port=2525,
    ),
    _nft(
        "ban",
        "  chain b { ip saddr 192.0.2.77 reject\n }\n  chain in { type filter hook input priority 0; policy drop; "
        "tcp dport 25 jump b\n ct state established accept\n tcp dport 25 accept\n }",
        (0, 2),
    ),
    _nft(
        "ban-of-packets",
        "  chain in { type filter hook input priority 0; policy drop; ct state new tcp dport 25 accept\n "
        "ip saddr 192.0.2.77 drop\n ct state established accept\n }",
        (0, 2),
    ),
    *(
        talk
        for tool in ("iptables-nft", "iptables-legacy")
        for talk in (
            _xtables(
                "right",
                tool,
                "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
                "-A INPUT -p tcp --dport 25 -j ACCEPT\n-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            ),
            _xtables(
                "old style",
                tool,
                "-A INPUT -p tcp --dport 25 -m state --state NEW,ESTABLISHED -j ACCEPT\n"
                "-A OUTPUT -p tcp --sport 25 -m state --state ESTABLISHED -j ACCEPT",
            ),
            _xtables("no answers", tool, "-A INPUT -p tcp --dport 25 -j ACCEPT\n-A OUTPUT -o lo -j ACCEPT", ()),
            _xtables(
                "one client", tool, "-A INPUT -p tcp --dport 25 -j ACCEPT\n-A OUTPUT -d 192.0.2.77 -j ACCEPT", (1,)
            ),
            _xtables("syn alone", tool, "-A INPUT -p tcp --dport 25 --syn -j ACCEPT\n-A OUTPUT -j ACCEPT", ()),
            _xtables(
                "answers without syn",
                tool,
                "-A INPUT -p tcp --dport 25 -j ACCEPT\n-A OUTPUT -p tcp --sport 25 ! --syn -j ACCEPT",
            ),
            _xtables(
                "direction",
                tool,
                "-A INPUT -p tcp --dport 25 -j ACCEPT\n"
                "-A OUTPUT -m conntrack --ctdir REPLY --ctorigsrc 192.0.2.10 -j ACCEPT",
                (0,),
            ),
            _xtables(
                "not new",
                tool,
                "-A INPUT -p tcp --dport 25 -j ACCEPT\n-A OUTPUT -m conntrack ! --ctstate NEW,INVALID -j ACCEPT",
            ),
            _xtables(
                "owner",
                tool,
                "-A INPUT -p tcp --dport 25 -j ACCEPT\n-A OUTPUT -m owner --uid-owner 0 -j ACCEPT",
                (),
                True,
            ),
        )
    ),
)
