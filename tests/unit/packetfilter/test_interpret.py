# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plain interpreter: the kernel's order of things, and doubt."""

from __future__ import annotations

from _gate.packetfilter.interpret import decided_by, walk
from _gate.packetfilter.model import (
    ANY,
    DPORT,
    FAMILY,
    IIF,
    PROTOCOL,
    SADDR,
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

ETH0, ETH1 = interface_value("eth0"), interface_value("eth1")
PACKET = {FAMILY: 4, IIF: ETH0, PROTOCOL: 6, DPORT: 25, SADDR: 9}
ACCEPTED, DROPPED, EITHER = frozenset(["accept"]), frozenset(["drop"]), frozenset(["accept", "drop"])


def rule(kind, box=ANY, doubt="", chain="", position="line 1"):
    where = Where("nft", "inet", "t", "c", position, kind)
    return Rule((Match((box,), doubt=doubt),), (((ANY,), Verdict(kind, chain, "queue")),), where)


def base(*rules, hook="input", priority=0, policy="drop", name="c", devices=()):
    return Chain(name, tuple(rules), Base(hook, "filter", priority, policy, devices))


def ruleset(*chains, family="inet"):
    return Ruleset((Table("nft", family, "t", {chain.name: chain for chain in chains}),))


def rule_steps(walked):
    """The steps that rules and policies make; the kernel's own have no table."""
    return [step for step in walked.steps if step.where.table]


def outcomes(*chains, packet=None, **more):
    return walk(ruleset(*chains, **more), packet or PACKET).outcomes


def test_no_rules_accept():
    assert outcomes() == ACCEPTED
    assert decided_by(walk(ruleset(), PACKET)) is None


def test_the_policy_decides_at_the_end_and_on_return():
    assert outcomes(base()) == DROPPED
    assert outcomes(base(rule("return"), rule("accept"))) == DROPPED
    walked = walk(ruleset(base()), PACKET)
    assert decided_by(walked).position == "policy"
    assert walked.steps[0].text == "inet t c, policy: policy drop -> drop"


def test_every_base_chain_must_accept_and_the_first_drop_decides():
    late = base(rule("drop", position="line 8"), name="late", priority=5)
    early = base(rule("accept", position="line 7"), name="early", priority=-5)
    walked = walk(ruleset(late, early), PACKET)
    assert walked.outcomes == DROPPED
    assert [step.where.position for step in rule_steps(walked)] == ["line 7", "line 8"]
    assert decided_by(walked).position == "line 8"


def test_hooks_come_before_priorities():
    walked = walk(
        ruleset(
            base(rule("accept", position="3"), name="i", priority=-900),
            base(rule("accept", position="2"), name="p", hook="prerouting", priority=0),
            base(rule("accept", position="1"), name="g", hook="ingress", priority=900, devices=("eth0",)),
            base(rule("drop", position="0"), name="f", hook="forward"),
        ),
        PACKET,
    )
    assert [step.where.position for step in rule_steps(walked)] == ["1", "2", "3"]
    assert decided_by(walked).position == "3"


def test_devices_and_families():
    ingress = base(rule("drop"), hook="ingress", policy="accept", devices=("eth1",))
    assert outcomes(ingress) == ACCEPTED
    assert outcomes(ingress, packet={**PACKET, IIF: ETH1}) == DROPPED
    assert outcomes(base(), family="ip6") == ACCEPTED
    assert outcomes(base(), family="bridge") == ACCEPTED


def test_jump_returns_goto_does_not():
    called = Chain("called", (rule("return"), rule("drop")))
    assert outcomes(called, base(rule("jump", chain="called"), rule("accept"))) == ACCEPTED
    assert outcomes(called, base(rule("goto", chain="called"), rule("accept"))) == DROPPED


def test_doubt_follows_both_ways():
    assert outcomes(base(rule("accept", doubt="limit"))) == EITHER
    assert outcomes(base(rule("drop", doubt="limit"), rule("drop"))) == DROPPED
    called = Chain("called", (rule("return", doubt="limit"), rule("drop")))
    assert outcomes(called, base(rule("jump", chain="called"), rule("accept"))) == EITHER


def test_a_step_behind_a_doubt_is_not_certain():
    walked = walk(ruleset(base(rule("accept", doubt="limit", position="1"), rule("drop", position="2"))), PACKET)
    assert [(step.where.position, step.certain) for step in rule_steps(walked)] == [("1", False), ("2", False)]
    assert "may hold" in walked.steps[0].text
    assert decided_by(walked).position == "2"


def test_nothing_is_certain_behind_what_is_not_followed():
    walked = walk(ruleset(base(rule("unfollowed", position="1"), rule("accept", position="2"))), PACKET)
    assert walked.outcomes == EITHER
    assert [step.where.position for step in rule_steps(walked)] == ["1", "2"]
    assert decided_by(walked).position == "1"
    assert outcomes(base(rule("drop"), rule("unfollowed"))) == DROPPED


def test_the_first_branch_counts_and_a_miss_goes_on():
    branches = (
        (({DPORT: ((25, 25),)},), Verdict("accept")),
        (({DPORT: ((1, 100),)},), Verdict("drop")),
    )
    verdict_map = Rule((), branches, Where("nft", "inet", "t", "c", "1"))
    chain = base(verdict_map, rule("accept"))
    assert [outcomes(chain, packet={**PACKET, DPORT: port}) for port in (25, 26, 101)] == [ACCEPTED, DROPPED, ACCEPTED]


def test_negated_matches_stay_within():
    match = Match(({DPORT: ((22, 22),)},), {PROTOCOL: ((6, 6),)}, True)
    chain = base(Rule((match,), (((ANY,), Verdict("accept")),), Where("nft", "inet", "t", "c", "1")))
    assert outcomes(chain) == ACCEPTED
    assert outcomes(chain, packet={**PACKET, DPORT: 22}) == DROPPED
    assert outcomes(chain, packet={**PACKET, PROTOCOL: 17}) == DROPPED
