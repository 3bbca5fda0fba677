# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the stages of stages.py, all or those named (by stage or group), and says how each went.

    check.py [STAGE | GROUP ...]

Stages of the group `slow` run only when they, or it, are named, and one after the other where no other runs.

Prints a line for each stage that ends, the log of one that failed, and a table at the end. Exit code 1 when any failed.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import workspace
from stages import SLOW, STAGES, Stage

SIDE_BY_SIDE = 3
SHOWN_LINES = 80
STILL_RUNNING_SECONDS = 60
#: pytest's closing line, and its reasons (``-ra``) for what it did not run.
PYTEST_CLOSING = re.compile(r"^=* ?((?:\d+ \w+, )*\d+ \w+) in [\d.]+s", re.MULTILINE)
SKIP_REASON = re.compile(r"^SKIPPED(?: \[\d+\] (?:\S+?:(?:\d+:)?))?:? *(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Result:
    """How a stage went: ``outcome`` is passed, failed or skipped; ``skips`` are the reasons for what did not run."""

    stage: Stage
    outcome: str
    seconds: float
    detail: str
    skips: list[str]


class Runner:
    """Runs stages side by side, and ends them all when it is interrupted."""

    def __init__(self) -> None:
        self.environment = workspace.environment()
        self.running: dict[Stage, tuple[subprocess.Popen[bytes], float]] = {}
        self.stopping = False
        self.lock = threading.Lock()

    def run(self, stage: Stage) -> Result:
        """Run one stage to its end; its output goes to ``.work/logs``."""
        log = workspace.LOGS / f"{stage.name}.log"
        start = time.monotonic()
        with log.open("wb") as output:
            with self.lock:
                if self.stopping:
                    return Result(stage, "failed", 0.0, "interrupted", [])
                process = subprocess.Popen(
                    ["sh", "-c", stage.command],
                    cwd=workspace.COLLECTION if stage.in_copy else workspace.ROOT,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                self.running[stage] = (process, start)
            try:
                code = process.wait(timeout=stage.seconds)
                detail = "" if code == 0 else f"exit code {code}"
            except subprocess.TimeoutExpired:
                end(process)
                code, detail = 1, f"stopped: not done after {stage.seconds} s"
        with self.lock:
            del self.running[stage]
        return judge(stage, code, detail, time.monotonic() - start, log.read_text(errors="replace"))

    def stop(self) -> None:
        """End what runs and start nothing more."""
        with self.lock:
            self.stopping = True
            processes = [process for process, start in self.running.values()]
        for process in processes:
            end(process)

    def report_running(self) -> None:
        """Say what has been running for long."""
        with self.lock:
            now = time.monotonic()
            names = [f"{stage.name} {now - start:.0f} s" for stage, (process, start) in self.running.items()]
        print(f"  still running: {', '.join(names)}", flush=True)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a stage with all of its processes; it has half a minute to tidy up."""
    for number, patience in ((signal.SIGTERM, 30), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=patience)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def judge(stage: Stage, code: int, detail: str, seconds: float, log: str) -> Result:
    """The result of a stage, from its exit code and what it printed."""
    skips = SKIP_REASON.findall(log)
    closing = PYTEST_CLOSING.findall(log)
    if closing and not detail:
        detail = closing[-1]
    if code != 0:
        return Result(stage, "failed", seconds, detail, skips)
    if skips and (not closing or " passed" not in closing[-1]):
        return Result(stage, "skipped", seconds, skips[-1], skips)
    return Result(stage, "passed", seconds, detail, skips)


def selected(names: list[str]) -> list[Stage]:
    """The stages that these names (stages or groups) mean; all but the slow ones when there are none."""
    known = {stage.name for stage in STAGES} | {stage.group for stage in STAGES}
    unknown = sorted(set(names) - known)
    if unknown:
        sys.exit(f"no such stage: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    if not names:
        return [stage for stage in STAGES if stage.group != SLOW]
    return [stage for stage in STAGES if stage.name in names or stage.group in names]


def tell(result: Result) -> None:
    """Print how a stage went, and the end of its log when it failed."""
    print(f"{result.outcome:8} {result.stage.name:14} {result.seconds:6.1f} s  {result.detail}", flush=True)
    if result.outcome == "failed":
        path = workspace.LOGS / f"{result.stage.name}.log"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        for line in lines[-SHOWN_LINES:]:
            print(f"    | {line}")
        print(f"    whole log: {path}", flush=True)


def summarise(results: list[Result], seconds: float) -> None:
    """Print the table, what did not run and why, and the closing line."""
    print(f"\n{'stage':14} {'result':8} {'seconds':>8}")
    for result in results:
        print(f"{result.stage.name:14} {result.outcome:8} {result.seconds:8.1f}  {result.detail}")
    for result in results:
        for reason in sorted(set(result.skips)):
            print(f"not run in {result.stage.name}: {reason}")
    outcomes = [result.outcome for result in results]
    count = [f"{outcomes.count(outcome)} {outcome}" for outcome in ("passed", "failed", "skipped")]
    print(f"all in {seconds:.0f} s; logs in {workspace.LOGS}")
    print(f"stages: {', '.join(count)}")


def main() -> int:
    """Run what the command line names."""
    stages = selected(sys.argv[1:])
    start = time.monotonic()
    workspace.prepare()
    runner = Runner()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results: list[Result] = []
    try:
        with ThreadPoolExecutor(1 if all(stage.group == SLOW for stage in stages) else SIDE_BY_SIDE) as pool:
            waiting = {pool.submit(runner.run, stage) for stage in stages}
            try:
                while waiting:
                    try:
                        done = next(as_completed(waiting, timeout=STILL_RUNNING_SECONDS))
                    except TimeoutError:
                        runner.report_running()
                        continue
                    waiting.remove(done)
                    results.append(done.result())
                    tell(results[-1])
            except KeyboardInterrupt:
                runner.stop()
                raise
    except KeyboardInterrupt:
        print("interrupted; everything that ran was ended", file=sys.stderr)
        return 130
    summarise(sorted(results, key=lambda result: stages.index(result.stage)), time.monotonic() - start)
    return int(any(result.outcome == "failed" for result in results))


if __name__ == "__main__":
    sys.exit(main())
