# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Thousands of random rulesets: diagram, interpreter and kernel must give one answer to more than a million packets.

    long_run.py [--seed 1] [--rulesets 3000] [--packets 1500000] [--kinds nft,iptables,...] [--workers N] [--state FILE]

Ruleset n of every kind is made from seed + n. What is done is kept in the state file, so that a run that was interrupted goes on
where it was; what other code did is done again. Ends with a summary, and with exit code 1 on any disagreement. One of them again:
``runs.py KIND SEED``.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import itertools
import json
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

from runs import BY_CHANCE, KINDS, Result, tried, why_not

COLLECTION = Path(__file__).resolve().parents[2]
#: What decides the result of a ruleset.
JUDGED_CODE = ("plugins/module_utils/_gate", "tests/kernel")
SHOWN = 20
#: Rulesets for each worker at a time.
PORTION = 5
REPORT_SECONDS = 30


def main() -> int:
    options = _options()
    _tidy_when_stopped()
    reason = why_not()
    if reason:
        print(reason)
        return 2
    kinds = options.kinds.split(",")
    code = _code()
    done = _done(options.state, code)
    state = options.state.open("a")
    start = last = time.monotonic()
    work = _work(kinds, options.seed, options.by_chance, done)
    with multiprocessing.get_context("spawn").Pool(options.workers, _tidy_when_stopped) as pool:
        while not _enough(done, options.rulesets, options.packets):
            if options.seconds and time.monotonic() - start > options.seconds:
                break
            for result in pool.imap_unordered(_tried, list(itertools.islice(work, options.workers * PORTION))):
                done[(result.kind, result.seed)] = result
                state.write(json.dumps(dict(dataclasses.asdict(result), code=code)) + "\n")
                state.flush()
                if result.disagreements:
                    print("{0}: {1}".format(result.name, result.disagreements[0]), flush=True)
            if time.monotonic() - last > REPORT_SECONDS:
                last = time.monotonic()
                print(_summary(done, options.seed), flush=True)
        pool.close()
        pool.join()
    state.close()
    print(_summary(done, options.seed))
    wrong = [result for result in done.values() if result.disagreements]
    for result in sorted(wrong, key=lambda result: result.name)[:SHOWN]:
        print(
            "  runs.py {0}: {1} packets, such as {2}".format(
                result.name, len(result.disagreements), result.disagreements[0]
            )
        )
    return 1 if wrong else 0


def _tidy_when_stopped() -> None:
    """Namespaces are removed also when the run is ended from outside."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rulesets", type=int, default=3000)
    parser.add_argument("--packets", type=int, default=1500000)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--by-chance", type=int, default=BY_CHANCE)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--state", type=Path, default=Path(".work/kernel-long.jsonl"))
    options = parser.parse_args()
    options.state.parent.mkdir(parents=True, exist_ok=True)
    return options


def _tried(work: Tuple[str, int, int]) -> Result:
    kind, seed, by_chance = work
    try:
        return tried(kind, seed, by_chance)
    except Exception as error:  # a defect of one ruleset is a result, too
        return Result(kind, seed, disagreements=("it ends with {0!r}".format(error),))


def _work(
    kinds: List[str], seed: int, by_chance: int, done: Dict[Tuple[str, int], Result]
) -> Iterator[Tuple[str, int, int]]:
    while True:
        for kind in kinds:
            if (kind, seed) not in done:
                yield kind, seed, by_chance
        seed += 1


def _code() -> str:
    """Names the code that this run judges and is made of."""
    digest = hashlib.sha256()
    for folder in JUDGED_CODE:
        for path in sorted((COLLECTION / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _done(state: Path, code: str) -> Dict[Tuple[str, int], Result]:
    if not state.exists():
        return {}
    lines = [json.loads(line) for line in state.read_text().splitlines()]
    results = [Result(**line) for line in lines if line.pop("code", "") == code]
    return {(result.kind, result.seed): result for result in results}


def _enough(done: Dict[Tuple[str, int], Result], rulesets: int, packets: int) -> bool:
    judged = [result for result in done.values() if not result.refused]
    return len(judged) >= rulesets and sum(result.probes for result in judged) >= packets


def _summary(done: Dict[Tuple[str, int], Result], seed: int) -> str:
    lines = [
        "{0:14} {1:>8} {2:>8} {3:>8} {4:>9} {5:>9} {6:>13}".format(
            "kind", "rulesets", "refused", "exact", "packets", "accepted", "disagreements"
        )
    ]
    for kind in [*KINDS, "all"]:
        some = [result for result in done.values() if kind in (result.kind, "all")]
        judged = [result for result in some if not result.refused]
        lines.append(
            "{0:14} {1:8} {2:8} {3:8} {4:9} {5:9} {6:13}".format(
                kind,
                len(judged),
                len(some) - len(judged),
                sum(result.exact for result in judged),
                sum(result.probes for result in judged),
                sum(result.accepted for result in judged),
                sum(len(result.disagreements) for result in judged),
            )
        )
    return "\n".join([*lines, "first seed {0}, last {1}".format(seed, max([seed, *(s for _kind, s in done)]))])


if __name__ == "__main__":
    sys.exit(main())
