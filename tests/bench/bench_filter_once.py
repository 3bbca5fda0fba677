# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look at rules in a file, from their text to findings: what `assert_firewall_ports` does between its options and its answer.

    bench_filter_once.py KEY PATH SERVICES.json

KEY is one of the option `rules`. Prints JSON: seconds of wall time, of CPU for the look and for the judgement, the megabytes
of the whole process, and how many findings there are of each outcome.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins" / "module_utils"))

from _gate.intent.policy import parse_policy  # noqa: E402
from _gate.intent.services import Defaults, parse_services  # noqa: E402
from _gate.judge.firewall import judge_firewall  # noqa: E402
from _gate.packetfilter.sensor import look_at_filter  # noqa: E402


def main() -> None:
    key, path, services_path = sys.argv[1:]
    given = json.loads(Path(services_path).read_text(encoding="utf-8"))
    services = parse_services(given, Defaults(parse_policy("rfc8314")))
    wall, started = time.perf_counter(), time.process_time()
    evidence = look_at_filter({key: path}, families=["ipv4"] if key == "iptables" else None)
    seen = time.process_time()
    findings = judge_firewall("host", services, evidence)
    ended = time.process_time()
    result = {
        "wall": time.perf_counter() - wall,
        "look": seen - started,
        "judge": ended - seen,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "findings": dict(Counter(finding.outcome for finding in findings)),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
