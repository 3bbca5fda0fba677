#!/bin/sh
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# find_python.sh VERSION...
# Prints the path of the first of these Pythons that works and can make virtual environments. Exit 77: there is none.
set -eu

# A name on PATH proves nothing (pyenv's shims fail for versions that are not installed), and Debian ships Python without
# ensurepip: only a run tells. Interpreters of virtual environments are not ours to build on.
answer() {
    "$1" -c '
import sys
if sys.prefix != sys.base_prefix:
    sys.exit("belongs to a virtual environment")
try:
    import ensurepip, ssl, venv
except ImportError:
    print("incomplete")
else:
    print("{0}.{1}".format(*sys.version_info))' 2>/dev/null || true
}

incomplete=''
looked_for=$*
for version; do
    set -f; IFS=:
    # shellcheck disable=SC2086 # the split is meant
    set -- $PATH /usr/bin /usr/local/bin
    set +f; unset IFS
    for directory in "$@" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin "$HOME"/.local/bin "$HOME"/.local/share/uv/python/*/bin; do
        candidate=$directory/python$version
        [ -x "$candidate" ] || continue
        case "$(answer "$candidate")" in
            "$version") echo "$candidate"; exit 0 ;;
            incomplete) incomplete=${incomplete:-$version} ;;
        esac
    done
done
if [ -n "$incomplete" ]; then
    echo "Python $incomplete is here without its venv and ensurepip modules. On Debian: apt install python3-venv" >&2
fi
echo "no working Python of $looked_for" >&2
exit 77
