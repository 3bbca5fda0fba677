# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a look at the packet filter costs, from the text of the rules to findings, beside what nft takes to print them.

    bench_filter.py [--rounds N] [--only WORD ...] [--python PROGRAM] [--plot FILE]

Run by `make bench-filter`, as root. nft's rules are loaded into a network namespace of this run's own. In each round nft prints
them and then the library reads what it printed, in a process of its own, so that the machine's other load meets both; the
medians count. Ours is the library's time, without Python's start and imports; nft's is that of its whole process, of which the
start is a hundredth of a second. The exit status is 1 where a limit is exceeded.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

import filter_shapes as shapes  # noqa: E402
from filter_plot import plot  # noqa: E402

INSIDE = "GATE_BENCH_INSIDE"
GROWTH = (1000, 3000, 10000, 30000, 100000)
LIST_RULES = ["nft", "-j", "list", "ruleset"]


@dataclass(frozen=True)
class Case:
    """``times``: the limit in times of nft's own CPU seconds; ``seconds``, ``megabytes``: of ours. ``grows``: the number of
    rules, where growth is measured."""

    name: str
    make: Callable[[], shapes.Shape]
    times: float = math.inf
    seconds: float = math.inf
    megabytes: float = math.inf
    grows: int = 0


def _both(name: str, make: Callable[..., shapes.Shape], **limits: float) -> List[Case]:
    return [
        Case(name + ", as required", make, **limits),  # type: ignore[arg-type]
        Case(name + ", one surplus", partial(make, surplus=True), **limits),  # type: ignore[arg-type]
    ]


CASES = [
    *_both("nft, 1k rules with saddr and dport", partial(shapes.nft_rules, 1000), times=1.0),
    *_both("nft, 10k rules with saddr and dport", partial(shapes.nft_rules, 10000), times=1.0),
    *_both("nft, a set of 100k networks", partial(shapes.nft_set, 100000), times=1.0),
    Case("iptables, 5k rules over eight dimensions", partial(shapes.iptables_eight, 5000), seconds=2.0, megabytes=250),
    *_both("nft, 10k chains with 30k rules", partial(shapes.nft_chains, 10000), seconds=5.0),
    *[Case("growth, {0} rules".format(count), partial(shapes.nft_rules, count), grows=count) for count in GROWTH],
]


@dataclass(frozen=True)
class Figures:
    """Medians. ``nft``: CPU seconds; None for iptables. ``wall``, ``nft_wall``: of the clock."""

    wall: float
    look: float
    judge: float
    megabytes: float
    nft: Optional[float] = None
    nft_wall: Optional[float] = None

    @property
    def seconds(self) -> float:
        return self.look + self.judge

    @property
    def times(self) -> float:
        return self.seconds / self.nft if self.nft else 0.0


def printed(target: Path) -> Tuple[float, float]:
    """CPU and wall seconds of nft printing the rules."""
    started = time.perf_counter()
    with target.open("wb") as out:
        process = subprocess.Popen(LIST_RULES, stdout=out)
        _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise RuntimeError("nft failed")
    return used.ru_utime + used.ru_stime, time.perf_counter() - started


def measured(case: Case, rounds: int, python: str, directory: Path) -> Figures:
    shape = case.make()
    source, listing, services = (directory / name for name in ("source", "listing", "services"))
    source.write_text(shape.text, encoding="utf-8")
    services.write_text(json.dumps(shape.services), encoding="utf-8")
    of_nft = shape.kind == "nft"
    if of_nft:
        subprocess.run(["nft", "flush", "ruleset"], check=True)
        subprocess.run(["nft", "-f", str(source)], check=True)
    once = [python, str(Path(__file__).with_name("bench_filter_once.py"))]
    once += ["nft_json", str(listing)] if of_nft else ["iptables", str(source)]
    nft: List[Tuple[float, float]] = []
    ours: List[Dict[str, Any]] = []
    for _round in range(rounds):
        if of_nft:
            nft.append(printed(listing))
        ours.append(json.loads(subprocess.run([*once, str(services)], stdout=subprocess.PIPE, check=True).stdout))
    wall, look, judge, megabytes = (
        statistics.median(run[of] for run in ours) for of in ("wall", "look", "judge", "megabytes")
    )
    if not nft:
        return Figures(wall, look, judge, megabytes)
    cpu, clock = (statistics.median(values) for values in zip(*nft))
    return Figures(wall, look, judge, megabytes, cpu, clock)


def row(case: Case, found: Figures) -> str:
    limits = [
        text.format(limit)
        for limit, text in ((case.times, "{0:g} x nft"), (case.seconds, "{0:g} s"), (case.megabytes, "{0:g} MB"))
        if limit < math.inf
    ]
    columns = [case.name, _two(found.look), _two(found.judge), _two(found.seconds), _two(found.wall)]
    columns += [_two(found.nft), _two(found.nft_wall), _two(found.times or None), "{0:.0f}".format(found.megabytes)]
    return "| {0} | {1} |".format(" | ".join(columns), ", ".join(limits))


def _two(value: Optional[float]) -> str:
    if value is None:
        return ""
    return "{0:.3f}".format(value) if value < 0.1 else "{0:.2f}".format(value)


def exceeded(case: Case, found: Figures) -> bool:
    return found.times > case.times or found.seconds > case.seconds or found.megabytes > case.megabytes


def growth(found: List[Tuple[int, Figures]]) -> List[str]:
    """The time of each number of rules, and how many times what n log n makes of the time before it."""
    lines = ["", "| rules | seconds of CPU | nft -j list ruleset | times n log n |", "| --: | --: | --: | --: |"]
    before: Optional[Tuple[int, Figures]] = None
    for count, figures in found:
        ratio = ""
        if before is not None:
            expected = before[1].seconds * count * math.log(count) / (before[0] * math.log(before[0]))
            ratio = "{0:.2f}".format(figures.seconds / expected)
        lines.append("| {0} | {1} | {2} | {3} |".format(count, _two(figures.seconds), _two(figures.nft), ratio))
        before = (count, figures)
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure a look at the packet filter beside nft -j list ruleset.")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help="cases whose name has all of these words")
    parser.add_argument("--python", default=sys.executable, help="the Python that runs the library")
    parser.add_argument("--plot", type=Path, help="where to draw the growth, as SVG")
    options = parser.parse_args()
    if INSIDE not in os.environ:
        inside = ["unshare", "--net", sys.executable, *sys.argv]
        return subprocess.run(inside, env={**os.environ, INSIDE: "1"}, check=False).returncode
    print("| what | look | judge | together | wall time | nft -j | its wall time | times nft | MB | limit |")
    print("| --- |" + " --: |" * 8 + " --- |")
    failed: List[str] = []
    grown: List[Tuple[int, Figures]] = []
    for case in CASES:
        if all(word in case.name for word in options.only):
            with tempfile.TemporaryDirectory() as directory:
                found = measured(case, options.rounds, options.python, Path(directory))
            print(row(case, found), flush=True)
            if exceeded(case, found):
                failed.append(case.name)
            if case.grows:
                grown.append((case.grows, found))
    if grown:
        print("\n".join(growth(grown)))
        if options.plot:
            options.plot.write_text(
                plot([(n, found.seconds, found.nft or 0.0) for n, found in grown]), encoding="utf-8"
            )
    for name in failed:
        print("over its limit: {0}".format(name), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
