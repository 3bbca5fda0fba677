#!/bin/sh
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# setup.sh ENVIRONMENT LOCK VERSION...
# Makes .work/ENVIRONMENT with the first working Python of these versions (or with PYTHON, a path) and installs
# tests/requirements/LOCK.txt into it. Does nothing when lock and interpreter are those of the last time. Exit 77: none of
# these Pythons is here. The user's own pip configuration holds; only the cache is ours.
set -eu

tools=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$tools/../.." && pwd)
environment=$1
venv=$root/.work/$1
lock=$root/tests/requirements/$2.txt
log=$root/.work/logs/setup-$1.log
shift 2
mkdir -p "$root/.work/logs"
export PIP_CACHE_DIR="$root/.work/cache/pip" PIP_DISABLE_PIP_VERSION_CHECK=1
unset PYTHONPATH PYTHONHOME

if command -v flock >/dev/null; then
    exec 9>"$root/.work/setup.lock"
    flock 9
fi
python=${PYTHON:-$(sh "$tools/find_python.sh" "$@")} || {
    echo "No Python for .work/$environment. On Debian: apt install python3 python3-venv, or set PYTHON=/path/to/python" >&2
    exit 77
}
interpreter="$python $("$python" -c 'import ensurepip, ssl, sys, venv; print(sys.version.replace("\n", " "))')"
stamp="$interpreter
$(cksum <"$lock")"
if [ -f "$venv/stamp" ] && [ "$(cat "$venv/stamp")" = "$stamp" ]; then
    exit 0
fi

packages=$(grep -c '^[a-z]' "$lock")
echo "Setting up .work/$environment: $("$python" -V) at $python, up to $packages packages (once, about a minute)"
if [ -f "$venv/stamp" ] && [ "$(head -n 1 "$venv/stamp")" != "$interpreter" ]; then
    rm -rf "$venv"
fi
"$python" -m venv "$venv" >"$log" 2>&1 || {
    cat "$log" >&2
    echo "Python could not make a virtual environment. On Debian: apt install python3-venv" >&2
    exit 1
}
: >"$log.failed"
{ "$venv/bin/python" -m pip install --progress-bar off --requirement "$lock" 2>&1 && rm -f "$log.failed"; } 9>&- |
    tee "$log" |
    awk '/^ *Collecting /  { if (++found % 25 == 0) { printf "  %d found\n", found; fflush() } }
         /^Installing coll/ { print "  installing"; fflush() }'
if [ -f "$log.failed" ]; then
    rm -f "$log.failed"
    tail -n 15 "$log" >&2
    echo "pip could not install $lock (whole log: $log). It follows your own pip configuration: pip config list" >&2
    exit 1
fi
printf '%s\n' "$stamp" >"$venv/stamp"
