#!/bin/sh
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The library's unit tests on the oldest Python that a managed host may have.
set -eu
cd "$(dirname "$0")/../.."
unset PYTHON
status=0
sh tests/tools/setup.sh venv-oldest oldest 3.8 3.9 || status=$?
if [ "$status" = 77 ]; then
    echo "SKIPPED: neither Python 3.8 nor 3.9 on this machine"
    exit 0
fi
[ "$status" = 0 ] || exit "$status"
.work/venv-oldest/bin/python -V
exec .work/venv-oldest/bin/python -m pytest -q tests/unit
