# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/agreement.md from the outcomes."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from outcome import Outcome, Settled

_HEAD = """# Agreement with other tools

`make test-peers` starts {servers} servers, looks at each with this collection and with {peers},
and compares what they say set by set: the versions, the exact cipher suites of each version, the groups, the
certificates (SHA-256 of the leaves) and whether the server's order decides. Suites are compared by IANA's names. `make test-peers
ARGS="--docs docs/agreement.md"` writes this page.

Where two tools differ, a client that is neither tries that one thing against the same server: `openssl s_client` of OpenSSL 3.5,
NSS's `tstclnt` for what OpenSSL is built without, `gnutls-cli` for what both lack. The test fails where that client sides with
the peer, and where neither it nor an explanation settles a difference.

{facts} facts were compared; {differences} items differ. Peers: {versions}.

## The servers

A cell says how many facts the peer told, and how many items (suites, groups, versions, certificates) differ; "no result": it
found no TLS there.
`openssl` is s_server of OpenSSL 3.0, `openssl35` of 3.5, `nss` selfserv of NSS, `gnutls` gnutls-serv of GnuTLS 3.7; the mail
servers are Debian's packages.

"""
_DIFFERENCES = """
## The differences

"""
_MISSED = "did not find it in this run (time-outs of its own, mostly)."
_HUNG_UP = """
## Refusals without an alert

Only an alert proves to us that a server refuses something. These servers close the connection instead, where the peers conclude
that it is not offered; what we saw accepted there equals what they saw.

"""


def render(outcomes: Sequence[Outcome], versions: Dict[str, str]) -> str:
    """The page. ``versions``: of each peer."""
    settled = [each for outcome in outcomes for each in outcome.settled]
    facts = sum(sum(outcome.facts.values()) for outcome in outcomes)
    peers = list(versions)
    text = _HEAD.format(
        servers=len(outcomes),
        peers=", ".join(peers[:-1]) + " and " + peers[-1],
        facts=facts,
        differences=len(settled),
        versions=", ".join(f"{peer} {version}" for peer, version in versions.items()),
    )
    text += _table(outcomes, peers) + _DIFFERENCES + "\n".join(_explanations(settled)) + "\n"
    silent = [f"- {each.case.name}: {', '.join(each.inconclusive)}" for each in outcomes if each.inconclusive]
    return text + (_HUNG_UP + "\n".join(silent) + "\n" if silent else "")


def _table(outcomes: Sequence[Outcome], peers: Sequence[str]) -> str:
    lines = ["| server | " + " | ".join(peers) + " |", "| --- |" + " --- |" * len(peers)]
    lines += ["| " + " | ".join([each.case.name, *(_cell(each, peer) for peer in peers)]) + " |" for each in outcomes]
    return "\n".join(lines) + "\n"


def _cell(outcome: Outcome, peer: str) -> str:
    if peer in outcome.failures:
        return "no result"
    differing = len(outcome.differences(peer))
    return f"{outcome.facts[peer]}, {differing} differ" if differing else str(outcome.facts[peer])


def _explanations(settled: Sequence[Settled]) -> List[str]:
    groups: Dict[Tuple[str, str], List[Settled]] = {}
    for each in settled:
        why = each.explanation.why if each.explanation else _MISSED
        groups.setdefault((each.peer, why), []).append(each)
    lines = []
    for (peer, why), members in sorted(groups.items()):
        items = sorted({each.difference.item for each in members})
        servers = sorted({each.case for each in members})
        seen = "only we see" if members[0].difference.ours else f"only {peer} sees"
        right = ", ".join(sorted({each.right or "open" for each in members}))
        lines.append(
            f"- **{peer}** {why} ({seen} {_some(items)}; at {_some(servers)}.) Right: {right}.{_proof(members)}"
        )
    return lines


def _proof(members: Sequence[Settled]) -> str:
    ruled = [each for each in members if each.ruling]
    if not ruled or not ruled[0].ruling:
        return ""
    result = "accepted" if ruled[0].ruling.accepted else "refused"
    number = "" if len(members) == 1 else f" (one of {len(ruled)} such trials for {len(members)} differences)"
    return f" Shown by `{ruled[0].ruling.by}`: {result}{number}."


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
