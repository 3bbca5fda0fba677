# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three answers to one question: the diagram's, the interpreter's, and the kernel's, which is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from _gate.host.commands import Access, Output, run_command
from _gate.packetfilter import evaluate, interpret, live, model
from _gate.packetfilter.diagram import Space
from _gate.packetfilter.model import NOTHING_KNOWN, Host, Ruleset
from _gate.packetfilter.readers.files import from_files
from choice import Chooser
from lab import Lab, Seen, answer
from packets import PORTED, Probe

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
    """What the library says about the files that hold a ruleset, and about the host that runs it."""

    def __init__(self, ruleset: Ruleset, space: Optional[Space] = None, host: Host = NOTHING_KNOWN) -> None:
        self.space = space or Space()
        self.ruleset = ruleset
        self.host = host
        self.acceptance = evaluate.accepted(self.space, ruleset, question_for(self.space, host), host)

    @property
    def exact(self) -> bool:
        return self.acceptance.may == self.acceptance.must

    def doubts(self) -> str:
        return "; ".join(sorted({"{0.text} ({0.where.text})".format(doubt) for doubt in self.acceptance.doubts}))

    @staticmethod
    def point(packet: Probe) -> Dict[int, int]:
        """The probe in all dimensions; the diagram's nodes ask for no others than a client's."""
        return {**dict.fromkeys(range(model.DIMENSIONS), 0), **packet.point}

    def surely_accepts(self, packet: Probe) -> bool:
        return self.space.contains(self.acceptance.must, self.point(packet))

    def contradiction(self, packet: Probe, seen: Optional[Seen]) -> str:
        """Why the analysis and the kernel's answer cannot both be right; empty when they can."""
        point = self.point(packet)
        may, must, sometimes = (
            self.space.contains(node, point)
            for node in (self.acceptance.may, self.acceptance.must, self.acceptance.sometimes)
        )
        walked = interpret.walk(self.ruleset, packet.point, self.host)
        faults = []
        if must and seen is None or seen is not None and not may:
            faults.append("the diagram says may={0} must={1}".format(may, must))
        if ("drop" if seen is None else "accept") not in walked.outcomes:
            faults.append("the interpreter says {0}".format(sorted(walked.outcomes)))
        told = (may, not must, "sometimes" if sometimes else "always" if may == must else "unknown")
        if told != ("accept" in walked.outcomes, "drop" in walked.outcomes, walked.certainty):
            faults.append(
                "the diagram says may={0} must={1} sometimes={2}, the interpreter {3} {4}".format(
                    may, must, sometimes, walked.certainty, sorted(walked.outcomes)
                )
            )
        if seen is not None and not faults:
            faults.extend(self._misdirections(packet, point, seen, walked))
        if not faults:
            return ""
        did = "drops it" if seen is None else "delivers it" if seen.path == "input" else "forwards it"
        return "{0}: the kernel {1} {2}; {3}".format(packet, did, answer(packet, seen), "; ".join(faults)).replace(
            " ;", ";"
        )

    def _misdirections(
        self, packet: Probe, point: Mapping[int, int], seen: Seen, walked: interpret.Walk
    ) -> Iterator[str]:
        """Who else has it arrive elsewhere."""
        told = [delivered.text for delivered in walked.deliveries if _is_there(packet, delivered, seen)]
        if not told:
            yield "the interpreter says: {0}".format("; ".join(delivered.text for delivered in walked.deliveries))
        ways = [delivery for delivery in self.acceptance.deliveries if self.space.contains(delivery.node, point)]
        if not any(_leads_there(packet, delivery, seen) for delivery in ways):
            texts = ["{0.path} {0.to_address} {0.to_port} {0.interface}".format(delivery) for delivery in ways]
            yield "the diagram delivers to: {0}".format("; ".join(texts) or "nowhere")


def _is_there(packet: Probe, delivered: interpret.Delivered, seen: Seen) -> bool:
    return (
        delivered.path == seen.path
        and delivered.interface in ("", seen.interface)
        and delivered.address[0] <= seen.daddr <= delivered.address[1]
        and (packet.protocol not in PORTED or delivered.port[0] <= seen.dport <= delivered.port[1])
    )


def _leads_there(packet: Probe, delivery: evaluate.Delivery, seen: Seen) -> bool:
    return (
        delivery.path == seen.path
        and delivery.interface in ("", seen.interface)
        and delivery.to_address in (None, (packet.family, seen.daddr))
        and (packet.protocol not in PORTED or delivery.to_port in (None, seen.dport))
    )


def question_for(space: Space, host: Host) -> int:
    """All packets; of a host that is known, those that come in on its interfaces, and not those to link-local addresses, whose
    link nobody knows."""
    if host.own is None or host.interfaces is None:
        return space.full
    first = 0xFE80 << 112
    link_local = space.box({model.FAMILY: ((6, 6),), model.DADDR: ((first, first | (1 << 118) - 1),)})
    values = sorted(model.interface_value(name) for name in host.interfaces)
    return space.minus(space.box({model.IIF: tuple((value, value) for value in values)}), link_local)


def analysed(lab: Lab, folder: Path, space: Optional[Space] = None) -> Analysis:
    """The analysis of what the target's kernel holds, by way of files."""
    return Analysis(
        from_files({name: str(path) for name, path in lab.read_back(folder).items()}).ruleset, space, lab.host
    )


def analysed_live(lab: Lab) -> Analysis:
    """The same as a task on the target itself would get it; where the target is a host that is known, with what the live
    look finds out about it."""
    evidence, facts = live.from_host(
        Access(run=lambda command: _inside(lab, command), read=lambda path: _file(lab, path))
    )
    return Analysis(evidence.ruleset, host=facts.host if lab.arrangement.routed else lab.host)


def _inside(lab: Lab, command: Sequence[str]) -> Output:
    return run_command(lab.target.inside(*command))


def _file(lab: Lab, path: str) -> str:
    """A file of /proc, which differs from namespace to namespace; empty where there is none."""
    return lab.target.run("sh", "-c", 'test ! -e "$0" || cat "$0"', path)


def regions_of(analysis: Analysis) -> Tuple[int, int, int]:
    """What is certainly accepted, what perhaps, and what never."""
    space, acceptance = analysis.space, analysis.acceptance
    return acceptance.must, space.minus(acceptance.may, acceptance.must), space.complement(acceptance.may)


def compared(
    lab: Lab, analysis: Analysis, chooser: Chooser, more: Sequence[Probe] = (), chance: int = BY_CHANCE
) -> Comparison:
    """Send the probes and let the kernel judge the analysis."""
    corners = chooser.corners(analysis.space, regions_of(analysis), CORNERS_PER_REGION)
    return judged(lab, analysis, chooser.possible([*more, *chooser.borders(), *corners, *chooser.by_chance(chance)]))


def judged(lab: Lab, analysis: Analysis, probes: Sequence[Probe]) -> Comparison:
    """Send these probes."""
    answers = _seen(lab, analysis, probes)
    faults = [analysis.contradiction(packet, seen) for packet, seen in zip(probes, answers)]
    accepted = sum(seen is not None for seen in answers)
    return Comparison(len(probes), accepted, tuple(fault for fault in faults if fault))


def _seen(lab: Lab, analysis: Analysis, probes: Sequence[Probe]) -> List[Optional[Seen]]:
    answers = lab.seen(probes)
    for _try in range(TRIES - 1):
        missing = [
            index for index, packet in enumerate(probes) if answers[index] is None and analysis.surely_accepts(packet)
        ]
        for index, seen in zip(missing, lab.seen([probes[index] for index in missing])):
            answers[index] = seen
    return answers
