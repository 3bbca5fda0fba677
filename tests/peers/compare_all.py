# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at every server of cases.py with our sensor and with the peers, and compares what they say set by set.

    run.py [--case PATTERN] [--peer NAME] [--docs FILE]

Exit code 1: a difference in which we are wrong, or which is neither explained (explained.py) nor settled in our favour by a
third client.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Callable, Dict, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins" / "module_utils"))

import ours  # noqa: E402
import page  # noqa: E402
import peer_nmap  # noqa: E402
import peer_sslscan  # noqa: E402
import peer_sslyze  # noqa: E402
import peer_testssl  # noqa: E402
from cases import CASES, MACHINES, Case  # noqa: E402
from compare import compared, differences  # noqa: E402
from explained import explanation_of  # noqa: E402
from judge import Judge  # noqa: E402
from machines import Machines  # noqa: E402
from outcome import Outcome, Settled  # noqa: E402
from tool import Port, ToolFailed  # noqa: E402
from view import View  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".work" / "peers-lab"
Look = Callable[[Port, str, Path], View]
PEERS: Dict[str, Tuple[Look, str, str]] = {
    peer_sslyze.NAME: (peer_sslyze.look, str(ROOT / ".work" / "peers" / "bin" / "sslyze"), "json"),
    peer_sslscan.NAME: (peer_sslscan.look, "sslscan", "xml"),
    peer_nmap.NAME: (peer_nmap.look, "nmap", "xml"),
    peer_testssl.NAME: (peer_testssl.look, "testssl", "json"),
}
#: testssl.sh mostly waits.
SIDE_BY_SIDE = 3


def look_at(case: Case, machines: Machines, judge: Judge, peers: List[str]) -> Outcome:
    outcome = Outcome(case)
    port = machines.port_of(case)
    try:
        outcome.mine, posture = ours.look(port)
        outcome.inconclusive = ours.inconclusive(posture)
    except ToolFailed as why:
        outcome.failures[ours.NAME] = str(why)
        return outcome
    for name in peers:
        look, program, ending = PEERS[name]
        output = STATE / "output" / f"{case.name}.{name}.{ending}"
        try:
            view = look(port, program, output)
        except ToolFailed as why:
            outcome.failures[name] = str(why)
            continue
        outcome.facts[name] = compared(outcome.mine, view)
        for each in differences(outcome.mine, view):
            outcome.settled.append(
                Settled(case.name, name, each, judge.rule(port, each), explanation_of(case.name, name, each))
            )
    return outcome


def tell(outcome: Outcome) -> None:
    """One line for the case, and one for each difference that is not fine."""
    words = [f"{name}: {outcome.facts[name]} facts" for name in outcome.facts]
    words.append(f"{len(outcome.settled)} differences")
    print(f"{outcome.case.name:32} {', '.join(words)}")
    if outcome.inconclusive:
        print(f"    closed without an alert: {', '.join(outcome.inconclusive)}")
    for name, why in outcome.failures.items():
        print(f"    {name} gave no result: {why}")
    for each in outcome.settled:
        if not each.is_fine or each.explanation is None:
            print(f"    {each}")
    sys.stdout.flush()


def version_of(peer: str) -> str:
    """What the peer says of itself: the first thing in its output that looks like a version."""
    _look, program, _ending = PEERS[peer]
    asked = [program, "--help" if peer == peer_sslyze.NAME else "--version"]
    told = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+\.\d+(\.\d+)?", told.partition("SSLyze version")[2] or told)
    return found.group() if found else "of unknown version"


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare our sensor with its peers.")
    parser.add_argument("--case", default="*", help="only cases whose name matches")
    parser.add_argument("--peer", action="append", choices=sorted(PEERS), help="only this peer; may be repeated")
    parser.add_argument("--docs", type=Path, help="write the page here")
    options = parser.parse_args()
    cases = [case for case in CASES if fnmatchcase(case.name, options.case)]
    peers = options.peer or list(PEERS)
    (STATE / "output").mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    outcomes: List[Outcome] = []
    with Machines(MACHINES, STATE) as machines, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        judge = Judge(machines)
        print(f"{len(MACHINES)} machines run after {time.monotonic() - start:.0f} s", flush=True)
        for outcome in pool.map(lambda case: look_at(case, machines, judge, peers), cases):
            tell(outcome)
            outcomes.append(outcome)
    settled = [each for outcome in outcomes for each in outcome.settled]
    bad = [each for each in settled if not each.is_fine]
    failed = [outcome for outcome in outcomes if ours.NAME in outcome.failures]
    if options.docs:
        options.docs.write_text(page.render(outcomes, {name: version_of(name) for name in peers}))
    facts = sum(sum(outcome.facts.values()) for outcome in outcomes)
    print(f"{len(outcomes)} servers, {facts} facts compared, {len(settled)} differences, {len(bad)} of them open or against us, "
          f"{len(failed)} looks of ours failed; {time.monotonic() - start:.0f} s")  # fmt: skip
    return int(bool(bad or failed or not facts))


if __name__ == "__main__":
    sys.exit(main())
