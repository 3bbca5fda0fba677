# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three answers to one question: the diagram's, the interpreter's, and the kernel's, which is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

from _gate.packetfilter import evaluate, interpret, live
from _gate.packetfilter.diagram import Space
from _gate.packetfilter.model import Ruleset
from _gate.packetfilter.readers.files import from_files
from choice import Chooser
from lab import Lab
from packets import Probe

CORNERS_PER_REGION = 60
BY_CHANCE = 1000
#: A packet that is missing is sent again before the kernel's answer counts: a busy machine may lose one.
TRIES = 3


@dataclass(frozen=True)
class Comparison:
    """``probes``: how many. ``accepted``: how many of them came through. ``disagreements``: one text for each."""

    probes: int
    accepted: int
    disagreements: Tuple[str, ...]


class Analysis:
    """What the library says about the files that hold a ruleset."""

    def __init__(self, ruleset: Ruleset, space: Optional[Space] = None) -> None:
        self.space = space or Space()
        self.ruleset = ruleset
        self.acceptance = evaluate.accepted(self.space, ruleset, self.space.full)

    @property
    def exact(self) -> bool:
        return self.acceptance.may == self.acceptance.must

    def doubts(self) -> str:
        return "; ".join(sorted({"{0.text} ({0.where.text})".format(doubt) for doubt in self.acceptance.doubts}))

    def contradiction(self, packet: Probe, delivered: bool) -> str:
        """Why the analysis and the kernel's answer cannot both be right; empty when they can."""
        may = self.space.contains(self.acceptance.may, packet.point)
        must = self.space.contains(self.acceptance.must, packet.point)
        outcomes = interpret.walk(self.ruleset, packet.point).outcomes
        faults = []
        if must and not delivered or delivered and not may:
            faults.append("the diagram says may={0} must={1}".format(may, must))
        if ("accept" if delivered else "drop") not in outcomes:
            faults.append("the interpreter says {0}".format(sorted(outcomes)))
        if ("accept" in outcomes, "drop" not in outcomes) != (may, must):
            faults.append("the diagram says may={0} must={1}, the interpreter {2}".format(may, must, sorted(outcomes)))
        if not faults:
            return ""
        return "{0}: the kernel {1} it; {2}".format(packet, "delivers" if delivered else "drops", "; ".join(faults))


def analysed(lab: Lab, folder: Path, space: Optional[Space] = None) -> Analysis:
    """The analysis of what the target's kernel holds, by way of files."""
    return Analysis(from_files({name: str(path) for name, path in lab.read_back(folder).items()}).ruleset, space)


def analysed_live(lab: Lab) -> Analysis:
    """The same as a task on the target itself would get it."""
    evidence, _facts = live.from_host(run=lambda command: _inside(lab, command), read=lambda path: _file(lab, path))
    return Analysis(evidence.ruleset)


def _inside(lab: Lab, command: Sequence[str]) -> live.Output:
    return live.run_command(lab.target.inside(*command))


def _file(lab: Lab, path: str) -> str:
    """A file of /proc/net, which differs from namespace to namespace."""
    return lab.target.run("cat", path)


def compared(
    lab: Lab, analysis: Analysis, chooser: Chooser, more: Sequence[Probe] = (), chance: int = BY_CHANCE
) -> Comparison:
    """Send the probes and let the kernel judge the analysis."""
    space, acceptance = analysis.space, analysis.acceptance
    regions = [acceptance.must, space.minus(acceptance.may, acceptance.must), space.complement(acceptance.may)]
    probes = chooser.possible(
        [*more, *chooser.borders(), *chooser.corners(space, regions, CORNERS_PER_REGION), *chooser.by_chance(chance)]
    )
    delivered = _delivered(lab, analysis, probes)
    faults = [analysis.contradiction(packet, came) for packet, came in zip(probes, delivered)]
    return Comparison(len(probes), sum(delivered), tuple(fault for fault in faults if fault))


def _delivered(lab: Lab, analysis: Analysis, probes: Sequence[Probe]) -> List[bool]:
    answers = lab.delivered(probes)
    for _try in range(TRIES - 1):
        missing = [
            index
            for index, packet in enumerate(probes)
            if not answers[index] and analysis.space.contains(analysis.acceptance.must, packet.point)
        ]
        for index, came in zip(missing, lab.delivered([probes[index] for index in missing])):
            answers[index] = came
    return answers
