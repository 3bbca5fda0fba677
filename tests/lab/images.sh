#!/bin/sh
# Build the lab's images of Debian 12 and 13 from the machine's package mirror, without a registry; as root.
# An image is kept as long as its recipe (this file and the list of packages) is the same.
set -eu
CHECKOUT=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=tests/lab/environment.sh
. "$CHECKOUT/tests/lab/environment.sh"
configure_engine

mkdir -p "$LAB"
# Whoever comes meanwhile finds the images built.
exec 8> "$LAB/images.lock"
flock 8

recipe=$(cat "$MAILOPS_LAB_SCRIPTS/images.sh" "$MAILOPS_LAB_SCRIPTS/packages" | sha256sum | cut -c 1-16)
packages=$(grep -v '^#' "$MAILOPS_LAB_SCRIPTS/packages" | paste -s -d ,)

is_current() {
    [ "$("$MAILOPS_ENGINE" image inspect --format '{{ index .Labels "mailops.recipe" }}' "$LAB_IMAGE:$1" 2> /dev/null)" = "$recipe" ]
}

# shellcheck disable=SC2086
build() {
    mmdebstrap --quiet --variant=minbase --include="$packages" \
        --aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$1" "$work/$1.tar" ${MAILOPS_MIRROR:-} 2> "$LAB/image-$1.log"
    "$MAILOPS_ENGINE" import --quiet --change 'CMD ["/sbin/init"]' --change 'STOPSIGNAL SIGRTMIN+3' \
        --change "LABEL mailops.recipe=$recipe" "$work/$1.tar" "$LAB_IMAGE:$1" > /dev/null
    rm "$work/$1.tar"
}

wanted=
for image in "$MAILOPS_IMAGE_DEBIAN12" "$MAILOPS_IMAGE_DEBIAN13"; do
    suite=${image#"$LAB_IMAGE:"}
    # Another image than ours is the user's: the engine finds or pulls it.
    [ "$suite" = "$image" ] || is_current "$suite" || wanted="$wanted $suite"
done
[ -n "$wanted" ] || exit 0

mkdir -p "$PODMAN_HOME"
rm -rf "$PODMAN_HOME"/build.*
work=$(mktemp -d "$PODMAN_HOME/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
export TMPDIR="$work"

echo "lab: building the images:$wanted"
started=$(date +%s)
jobs=
for suite in $wanted; do
    build "$suite" &
    jobs="$jobs $!:$suite"
done
failed=
for job in $jobs; do
    wait "${job%%:*}" || failed="$failed ${job#*:}"
done
for suite in $failed; do
    echo "lab: the image of $suite could not be built; the end of $LAB/image-$suite.log:" >&2
    tail -n 15 "$LAB/image-$suite.log" >&2
done
[ -z "$failed" ] || exit 1
echo "lab: built in $(($(date +%s) - started)) s"
