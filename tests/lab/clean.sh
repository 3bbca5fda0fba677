#!/bin/sh
# Remove everything that the lab has made: hosts, network, images, keys and certificates.
set -eu
CHECKOUT=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=tests/lab/environment.sh
. "$CHECKOUT/tests/lab/environment.sh"
mkdir -p "$LAB"
configure_engine
if "$MAILOPS_ENGINE" info > /dev/null 2>&1; then
    for path in "$CHECKOUT"/extensions/molecule/*/; do
        scenario=$(basename "$path")
        # shellcheck source=tests/lab/environment.sh
        . "$CHECKOUT/tests/lab/environment.sh"
        remove_hosts
    done
    if uses_own_engine_configuration; then
        "$MAILOPS_ENGINE" system reset --force > /dev/null
    else
        for suite in bookworm trixie; do
            "$MAILOPS_ENGINE" rmi --force "$LAB_IMAGE:$suite" > /dev/null 2>&1 || true
        done
    fi
fi
rm -rf "$PODMAN_HOME" "$LAB"
