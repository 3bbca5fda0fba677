# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `make verify` takes for a host: bad input is a clear sentence, before anything is looked at."""

from __future__ import annotations

import subprocess
import sys

import pytest

import verify


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("mail.example.org", "mail.example.org"),
        (" mail.example.org. ", "mail.example.org"),
        ("localhost", "localhost"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
    ],
)
def test_names_and_addresses(given, meant):
    assert verify.host(given) == meant


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "HOST is empty"),
        ("  ", "HOST is empty"),
        ("mail example.org", "neither a name nor an address"),
        ("mail.example.org,other.example.org", "neither a name nor an address"),
        ("https://mail.example.org/x", "give its host alone: mail.example.org"),
        ("http://[", "HOST is a URL"),
        ("mail.example.org:993", "give mail.example.org alone, and ports as --services imaps:993"),
        ("[::1]:993", "HOST has a port"),
        ("1.2.3", "neither a name nor an address"),
        ("300.1.1.1", "neither a name nor an address"),
        ("a..b", "neither a name nor an address"),
        ("-a.example", "neither a name nor an address"),
        ("{{ x }}", "neither a name nor an address"),
        ("x" * 300, "neither a name nor an address"),
        ("a\x00b", "neither a name nor an address"),
    ],
)
def test_what_is_no_host(given, said):
    with pytest.raises(verify.Unusable, match=said.replace("[", r"\[")):
        verify.host(given)


def test_services():
    assert verify.services("submission, imaps:1993") == ["submission", {"name": "imaps", "port": 1993}]
    for given, said in (
        ("", "empty"),
        (" , ", "empty"),
        ("imaps:x", "must be a number"),
        ("imaps:", "must be a number"),
    ):
        with pytest.raises(verify.Unusable, match=said):
            verify.services(given)


def test_what_is_not_given_stays_the_roles_default():
    options = verify.parser().parse_args(["mail.example.org"])
    assert verify.role_variables(options) == {"verify_host": "mail.example.org", "verify_views": ["wire"]}


def test_bad_input_ends_with_2_and_without_a_traceback():
    run = subprocess.run(
        [sys.executable, verify.__file__, "http://mail.example.org"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.returncode == 2
    assert "HOST is a URL" in run.stderr
    assert "Traceback" not in run.stderr
