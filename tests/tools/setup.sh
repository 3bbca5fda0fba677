#!/bin/sh
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# setup.sh VENV LOCK VERSION...
# Makes .work/VENV with the first working Python of the given versions and installs tests/requirements/LOCK.txt into it.
# Does nothing when lock and interpreter are those of the last time. PYTHON=/path/to/python overrides the choice for the
# main environment. Exit 77: none of these Pythons is here. The user's pip configuration holds; only the cache is ours.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
venv=$root/.work/$1
lock=$root/tests/requirements/$2.txt
log=$root/.work/logs/setup-$1.log
environment=$1
shift 2
mkdir -p "$root/.work/logs"
export PIP_CACHE_DIR="$root/.work/cache/pip" PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=
unset PYTHONPATH PYTHONHOME

# A name on PATH proves nothing (pyenv's shims fail for versions that are not installed), and Debian ships Python without
# ensurepip: only a run tells. Interpreters of other virtual environments are not ours to build on.
answer() {
    "$1" -c '
import sys
if sys.prefix != sys.base_prefix:
    sys.exit("belongs to a virtual environment")
try:
    import ensurepip, ssl, venv
except ImportError as error:
    print("incomplete")
else:
    print("{0}.{1}".format(*sys.version_info))' 2>/dev/null || true
}

find_python() {
    incomplete=''
    if [ -n "${PYTHON:-}" ] && [ "$environment" = venv ]; then
        case "$(answer "$PYTHON")" in
            3.*) echo "$PYTHON"; return ;;
        esac
        echo "PYTHON=$PYTHON does not run, or has no ssl, venv and ensurepip modules." >&2
        return 1
    fi
    for version; do
        set -f; IFS=:
        # shellcheck disable=SC2086 # the split is meant
        set -- $PATH /usr/bin /usr/local/bin
        set +f; unset IFS
        for directory in "$@" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin "$HOME"/.local/bin "$HOME"/.local/share/uv/python/*/bin; do
            candidate=$directory/python$version
            [ -x "$candidate" ] || continue
            case "$(answer "$candidate")" in
                "$version") echo "$candidate"; return ;;
                incomplete) incomplete=${incomplete:-$version} ;;
            esac
        done
    done
    if [ -n "$incomplete" ]; then
        echo "Python $incomplete is here without its venv and ensurepip modules. On Debian: apt install python3-venv" >&2
    fi
    return 77
}

if command -v flock >/dev/null; then
    exec 9>"$root/.work/setup.lock"
    flock 9
fi
python=$(find_python "$@") || {
    status=$?
    echo "No usable Python (looked for $*). On Debian: apt install python3 python3-venv" >&2
    exit "$status"
}

interpreter="$python $("$python" -c 'import sys; print(sys.version.replace("\n", " "))')"
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
    awk '/^ *Collecting /  { if (++found % 20 == 0) { printf "  %d found\n", found; fflush() } }
         /^Installing coll/ { print "  installing"; fflush() }'
if [ -f "$log.failed" ]; then
    rm -f "$log.failed"
    tail -n 15 "$log" >&2
    echo "pip could not install $lock (whole log: $log). It follows your own pip configuration (pip config list)." >&2
    exit 1
fi
printf '%s\n' "$stamp" >"$venv/stamp"
