#!/bin/sh
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Resolves tests/requirements/*.in anew, for every Python that each lock serves.
set -eu
cd "$(dirname "$0")/../requirements"
venv=../../.work/venv-lock
[ -x "$venv/bin/uv" ] || {
    ../../.work/venv/bin/python -m venv "$venv"
    "$venv/bin/python" -m pip install -q --cache-dir ../../.work/cache/pip uv
}
resolve() {
    # Neither index nor paths go into the file: every user's own pip configuration says where packages come from.
    "$venv/bin/uv" pip compile --quiet --upgrade --universal --python-version "$2" --cache-dir ../../.work/cache/uv \
        --no-header --no-emit-index-url --no-emit-find-links --output-file "$1.txt" "$1.in"
}
resolve dev 3.11
resolve oldest 3.8
resolve peers 3.11
