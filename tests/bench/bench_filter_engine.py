# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CPU seconds that the packet filter's engine takes, from rules in the model to openings, for the shapes that hurt.

Run with any Python from 3.8: ``python tests/bench/bench_filter_engine.py [name ...]``.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins" / "module_utils"))

from _gate.packetfilter.diagram import Space  # noqa: E402
from _gate.packetfilter.evaluate import accepted  # noqa: E402
from _gate.packetfilter.intervals import normal  # noqa: E402
from _gate.packetfilter.model import (  # noqa: E402
    ANY,
    DADDR,
    DPORT,
    FAMILY,
    IIF,
    PROTOCOL,
    SADDR,
    SPORT,
    Base,
    Chain,
    Match,
    Rule,
    Ruleset,
    Table,
    Verdict,
    Where,
    interface_value,
)
from _gate.packetfilter.openings import openings, question  # noqa: E402

IPV4 = {FAMILY: ((4, 4),)}


def one(dim, value):
    return Match(({dim: ((value, value),)},))


def network(dim, address, length):
    size = 1 << (32 - length)
    first = address & ~(size - 1)
    return Match(({FAMILY: ((4, 4),), dim: ((first, first + size - 1),)},))


def rule(number, matches, verdict, chain="input"):
    where = Where("iptables", "ip", "filter", chain, "line {0}".format(number))
    return Rule(tuple(matches), (((ANY,), verdict),), where)


def ruleset(rules, more=()):
    chains = {"input": Chain("input", tuple(rules), Base("input", "filter", 0, "drop"))}
    chains.update({chain.name: chain for chain in more})
    return Ruleset((Table("iptables", "ip", "filter", chains),))


def address_and_port(count, kinds=("accept",)):
    """Rules of one source and one port each."""
    made = []
    for number in range(count):
        matches = [one(PROTOCOL, 6), network(SADDR, random.getrandbits(32), 32), one(DPORT, random.randrange(1, 65536))]
        made.append(rule(number, matches, Verdict(kinds[number % len(kinds)])))
    return ruleset(made)


def blocklist(count):
    """A set of CIDRs that is dropped before the mail ports are accepted."""
    spans = []
    for _number in range(count):
        size = 1 << random.choice((0, 0, 3, 8))
        first = random.getrandbits(32) & ~(size - 1)
        spans.append((first, first + size - 1))
    blocked = Match(({FAMILY: ((4, 4),), SADDR: normal(spans)},))
    mail = Match(({PROTOCOL: ((6, 6),), DPORT: ((25, 25), (465, 465), (587, 587), (993, 993))},))
    return ruleset([rule(1, [blocked], Verdict("drop")), rule(2, [mail], Verdict("accept"))])


def eight_dimensions(count):
    """Rules of a large site: some of the conditions each, values from pools as people have them, mixed verdicts."""
    interfaces = [interface_value(name) for name in ("eth0", "eth1", "eth2", "wg0", "tun0", "vlan10", "vlan20", "br0")]
    ports = random.sample(range(1, 65536), 300)
    networks = [(random.getrandbits(32), random.choice((8, 16, 24, 24, 24, 32, 32))) for _n in range(400)]
    hosts = [(random.getrandbits(32), random.choice((24, 28, 32, 32, 32))) for _n in range(60)]
    made = []
    for number in range(count):
        matches = [Match((IPV4,)), one(PROTOCOL, random.choice((6, 6, 6, 17)))]
        if random.random() < 0.9:
            first = random.choice(ports)
            matches.append(Match(({DPORT: ((first, min(65535, first + random.choice((0, 0, 0, 0, 5)))),)},)))
        if random.random() < 0.3:
            matches.append(one(IIF, random.choice(interfaces)))
        if random.random() < 0.8:
            matches.append(network(SADDR, *random.choice(networks)))
        if random.random() < 0.4:
            matches.append(network(DADDR, *random.choice(hosts)))
        if random.random() < 0.02:
            matches.append(one(SPORT, 53))
        made.append(rule(number, matches, Verdict(random.choice(("accept", "accept", "accept", "drop")))))
    return ruleset(made)


def many_chains(count):
    """A dispatch by destination port to chains of three rules."""
    dispatch, chains = [], []
    for number in range(count):
        name = "chain{0}".format(number)
        dispatch.append(rule(number, [one(PROTOCOL, 6), one(DPORT, number + 1)], Verdict("jump", name)))
        body = [
            rule(1, [network(SADDR, random.getrandbits(32), 16)], Verdict("drop"), name),
            rule(2, [network(SADDR, random.getrandbits(32), 8)], Verdict("accept"), name),
            rule(3, [network(SADDR, random.getrandbits(32), 24)], Verdict("return"), name),
        ]
        chains.append(Chain(name, tuple(body)))
    return ruleset(dispatch, chains)


SHAPES = {
    "10k rules, a source and a port each": lambda: address_and_port(10000),
    "10k rules, accept and drop in turn": lambda: address_and_port(10000, ("accept", "drop")),
    "100k networks blocked": lambda: blocklist(100000),
    "5k rules over eight dimensions": lambda: eight_dimensions(5000),
    "10k chains, 40k rules": lambda: many_chains(10000),
}


def main():
    print("{0:40} {1:>8} {2:>8} {3:>8} {4:>9} {5:>8}".format("", "accepted", "openings", "entries", "nodes", "MiB"))
    for name, make in SHAPES.items():
        if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
            continue
        random.seed(1)
        rules = make()
        space = Space()
        started = time.process_time()
        answer = accepted(space, rules, question(space, [4]))
        evaluated = time.process_time()
        entries, _interfaces = openings(answer)
        ended = time.process_time()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        row = "{0:40} {1:8.2f} {2:8.2f} {3:8} {4:9} {5:8}"
        print(row.format(name, evaluated - started, ended - evaluated, len(entries), len(space.nodes.dims), memory))


if __name__ == "__main__":
    main()
