#!/bin/sh
# Run a script that needs the peers and the lab's containers: run.sh SCRIPT [OPTION ...], such as tests/peers/compare_all.py.
# Needs root and the lab's podman.
# Where the machine cannot run it, says why in a line `SKIPPED: reason` and ends with 0.
set -eu
CHECKOUT=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=tests/lab/environment.sh
. "$CHECKOUT/tests/lab/environment.sh"

script=$1
shift

skip() {
    echo "SKIPPED: $script: $1"
    exit 0
}
[ "$(id -u)" = 0 ] || skip "it runs containers with a network of their own, which needs root"
mkdir -p "$CHECKOUT/.work/peers-lab" "$LAB"
# One in a checkout at a time.
exec 9> "$CHECKOUT/.work/peers-lab/lock"
flock 9
configure_engine
reason=$(obstacle)
[ -z "$reason" ] || skip "$reason"

missing=
for program in nmap sslscan testssl /usr/bin/time; do
    has "$program" || missing="$missing $program"
done
if [ -n "$missing" ]; then
    has apt-get || skip "not installed here:$missing"
    echo "installing$missing with apt-get"
    # shellcheck disable=SC2086,SC2046
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends \
        $(printf '%s' "$missing" | sed 's/testssl/testssl.sh bsdextrautils/; s,/usr/bin/time,time,') > "$CHECKOUT/.work/peers-lab/apt.log" 2>&1 ||
        skip "apt-get could not install$missing (see .work/peers-lab/apt.log)"
fi
"$MAILOPS_LAB_SCRIPTS/images.sh" 9>&-
cd "$CHECKOUT"
# The collection under the path by which Ansible finds it.
mkdir -p .work/collections/ansible_collections/mailops
[ -e .work/collections/ansible_collections/mailops/gate ] || ln -s "$CHECKOUT" .work/collections/ansible_collections/mailops/gate
exec "$MAILOPS_VENV/bin/python" "$script" "$@"
