#!/bin/sh
# Run a Molecule scenario on real mail servers: molecule.sh [SCENARIO [COMMAND [OPTION ...]]]; by default `default test`.
# `test` leaves nothing running, whatever happens; `converge` leaves the hosts for `verify`, `login` and `destroy`.
# Where the machine cannot run the lab, says why in a line `SKIPPED: reason` and ends with 0.
set -eu
CHECKOUT=$(cd "$(dirname "$0")/../.." && pwd -P)
scenario=${1:-default}
[ $# -eq 0 ] || shift
command=${1:-test}
[ $# -eq 0 ] || shift
# shellcheck source=tests/lab/environment.sh
. "$CHECKOUT/tests/lab/environment.sh"

skip() {
    echo "SKIPPED: molecule scenario $scenario: $1"
    exit 0
}
[ "$(id -u)" = 0 ] || skip "it runs containers with networks of their own, which needs root"

mkdir -p "$MAILOPS_LAB_DIRECTORY/ssh"
# Scenarios run side by side, each of them once at a time.
exec 9> "$MAILOPS_LAB_DIRECTORY/lock"
flock 9
configure_engine
reason=$(obstacle)
[ -z "$reason" ] || skip "$reason"
if [ ! -x "$MAILOPS_VENV/bin/molecule" ]; then
    echo "no molecule in $MAILOPS_VENV; set MAILOPS_VENV to a Python environment that has it" >&2
    exit 2
fi
if [ "$command" != destroy ]; then
    "$MAILOPS_LAB_SCRIPTS/images.sh" 9>&-
fi

# The collection under the path by which Ansible finds it.
collections="$CHECKOUT/.work/collections"
mkdir -p "$collections/ansible_collections/mailops"
link="$collections/ansible_collections/mailops/gate"
[ -e "$link" ] || ln -sn "$CHECKOUT" "$link" 2> /dev/null || [ -e "$link" ]
export ANSIBLE_HOME="$CHECKOUT/.work/ansible" ANSIBLE_COLLECTIONS_PATH="$collections"
export MOLECULE_EPHEMERAL_DIRECTORY="$MAILOPS_LAB_DIRECTORY/molecule" XDG_CACHE_HOME="$CHECKOUT/.work/cache"
[ -t 1 ] || export NO_COLOR=1
export PATH="$MAILOPS_VENV/bin:$PATH"

cd "$CHECKOUT/extensions"
if [ "$command" != test ]; then
    exec molecule --base-config molecule/config.yml "$command" --scenario-name "$scenario" "$@"
fi

leave() {
    status=$?
    trap - EXIT
    kill -s TERM -- "-$run" 2> /dev/null && wait "$run" || true
    remove_hosts
    exit "$status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# In a process group of its own, so that what it has started ends with it.
setsid molecule --base-config molecule/config.yml test --scenario-name "$scenario" "$@" 9>&- &
run=$!
wait "$run"
