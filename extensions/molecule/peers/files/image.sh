#!/bin/sh
# Print the name of the image that is BASE with PACKAGES, none of which starts by itself; it is built when there is none of this
# recipe: image.sh NAME BASE PACKAGE ...
set -eu
name=$1 base=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd -P)
base_id=$("$MAILOPS_ENGINE" image inspect --format '{{.Id}}' "$base")
recipe=$(printf '%s\n' "$base_id" "$@" | cat - "$here/Containerfile" | sha256sum | cut -c 1-12)
image=localhost/mailops-fronts:$name-$recipe
"$MAILOPS_ENGINE" image exists "$image" ||
    "$MAILOPS_ENGINE" build --quiet --network=host --build-arg "BASE=$base" --build-arg "PACKAGES=$*" --tag "$image" \
        --file "$here/Containerfile" "$here" > /dev/null
echo "$image"
