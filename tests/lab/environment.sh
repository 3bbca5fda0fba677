# Settings of the lab, to be sourced by its scripts with `CHECKOUT` set to the root of the repository, and `scenario` where
# it is not `default`.
# Everything that the lab writes stands under .work of the checkout; what a user sets in the environment wins:
#
#   MAILOPS_ENGINE            podman, or a path to it
#   MAILOPS_CONTAINERS_CONF   a containers.conf; "system" for the system's configuration and image store
#   MAILOPS_IMAGE_DEBIAN12    an image with Debian 12, such as docker.io/library/debian:12; ours is built without a registry
#   MAILOPS_IMAGE_DEBIAN13    likewise Debian 13
#   MAILOPS_MIRROR            where packages for our images come from (deb.debian.org)
#   MAILOPS_VENV              the Python environment with Ansible and Molecule (.work/venv)
# shellcheck shell=sh

PATH="$PATH:/usr/sbin:/sbin"
LAB="$CHECKOUT/.work/lab"
PODMAN_HOME="$CHECKOUT/.work/podman"
# Two checkouts run side by side, and so do the scenarios of one.
lab_hash=$(printf %s "$CHECKOUT ${scenario:-default}" | sha256sum)
# Which of the scenarios this is: what is not one comes after them.
lab_place=0
for lab_scenario in "$CHECKOUT"/extensions/molecule/*/molecule.yml; do
    [ "$lab_scenario" != "$CHECKOUT/extensions/molecule/${scenario:-default}/molecule.yml" ] || break
    lab_place=$((lab_place + 1))
done

MAILOPS_ENGINE=${MAILOPS_ENGINE:-podman}
MAILOPS_CONTAINERS_CONF=${MAILOPS_CONTAINERS_CONF:-$PODMAN_HOME/containers.conf}
MAILOPS_VENV=${MAILOPS_VENV:-$CHECKOUT/.work/venv}
LAB_IMAGE=localhost/mailops-lab
MAILOPS_IMAGE_DEBIAN12=${MAILOPS_IMAGE_DEBIAN12:-$LAB_IMAGE:bookworm}
MAILOPS_IMAGE_DEBIAN13=${MAILOPS_IMAGE_DEBIAN13:-$LAB_IMAGE:trixie}
# Names and subnets (10.79.N.0/24, fd79:79:0:N::/64) of their own: N is another for each scenario of a checkout, and far from
# those of its neighbours.
MAILOPS_LAB_NAME="mailops-$(printf %.6s "$lab_hash")"
MAILOPS_LAB_NUMBER=$(((0x$(printf %s "$CHECKOUT" | sha256sum | cut -c 1-4) + 23 * lab_place) % 250 + 1))
MAILOPS_LAB_DIRECTORY="$LAB/${scenario:-default}"
MAILOPS_LAB_SCRIPTS="$CHECKOUT/tests/lab"
export MAILOPS_ENGINE MAILOPS_CONTAINERS_CONF MAILOPS_IMAGE_DEBIAN12 MAILOPS_IMAGE_DEBIAN13
export MAILOPS_LAB_NAME MAILOPS_LAB_NUMBER MAILOPS_LAB_DIRECTORY MAILOPS_LAB_SCRIPTS

UNIFIED_CGROUPS=/sys/fs/cgroup/cgroup.controllers

# Point podman at storage and state inside the checkout, unless the user has chosen a configuration. What another scenario reads
# meanwhile is whole at any time.
configure_engine() {
    if [ "$MAILOPS_CONTAINERS_CONF" = system ]; then
        return
    elif ! uses_own_engine_configuration; then
        export CONTAINERS_CONF="$MAILOPS_CONTAINERS_CONF"
        return
    fi
    mkdir -p "$PODMAN_HOME/tmp"
    {
        printf '[containers]\nlog_driver = "k8s-file"\n'
        # podman's own defaults exceed the hard limits of some machines.
        printf 'default_ulimits = ["nofile=%s", "nproc=%s"]\n' "$(limit 'open files' 20000)" "$(limit processes 4096)"
        printf '[engine]\nevents_logger = "none"\ncgroup_manager = "cgroupfs"\nlock_type = "file"\n'
        printf 'tmp_dir = "%s/tmp"\nimage_copy_tmp_dir = "%s/tmp"\n' "$PODMAN_HOME" "$PODMAN_HOME"
        # crun does not start containers where cgroups v1 and v2 are mixed.
        [ -e "$UNIFIED_CGROUPS" ] || printf 'runtime = "runc"\n'
        printf '[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "%s/networks"\n' "$PODMAN_HOME"
    } > "$PODMAN_HOME/containers.conf.$$"
    mv "$PODMAN_HOME/containers.conf.$$" "$PODMAN_HOME/containers.conf"
    printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' \
        "$PODMAN_HOME" "$PODMAN_HOME" > "$PODMAN_HOME/storage.conf.$$"
    mv "$PODMAN_HOME/storage.conf.$$" "$PODMAN_HOME/storage.conf"
    export CONTAINERS_CONF="$PODMAN_HOME/containers.conf" CONTAINERS_STORAGE_CONF="$PODMAN_HOME/storage.conf"
}

# Print `$2:$2`, or the machine's hard limit on $1 where that is lower.
limit() {
    awk -v wanted="$2" "/^Max $1/ { hard = \$(NF - 1); if (hard == \"unlimited\" || hard > wanted) hard = wanted; print hard \":\" hard }" \
        /proc/self/limits
}

# Print what keeps the lab from running on this machine; nothing when it can run.
obstacle() {
    missing=
    has "$MAILOPS_ENGINE" || missing="$missing podman"
    has ssh-keygen || missing="$missing openssh-client"
    if uses_own_engine_configuration; then
        has_netavark || missing="$missing netavark"
        [ -e "$UNIFIED_CGROUPS" ] || has runc || missing="$missing runc"
    fi
    case $MAILOPS_IMAGE_DEBIAN12$MAILOPS_IMAGE_DEBIAN13 in
        *"$LAB_IMAGE"*) has mmdebstrap || missing="$missing mmdebstrap" ;;
    esac
    if [ -n "$missing" ]; then
        echo "not installed here:$missing (on Debian: apt-get install$missing)"
    elif ! unshare --mount --net true 2> /dev/null; then
        echo "root may not make namespaces here (a container without CAP_SYS_ADMIN?)"
    elif ! "$MAILOPS_ENGINE" info > /dev/null 2> "$LAB/engine.log"; then
        echo "$MAILOPS_ENGINE does not work here: $(tail -n 1 "$LAB/engine.log")"
    fi
}

has() {
    command -v "$1" > /dev/null
}

has_netavark() {
    for directory in /usr/local/libexec/podman /usr/libexec/podman /usr/lib/podman /usr/local/lib/podman; do
        [ ! -x "$directory/netavark" ] || return 0
    done
    return 1
}

uses_own_engine_configuration() {
    [ "$MAILOPS_CONTAINERS_CONF" = "$PODMAN_HOME/containers.conf" ]
}

# Remove hosts, network and SSH connections of the scenario; the images stay.
remove_hosts() {
    for socket in "$MAILOPS_LAB_DIRECTORY"/ssh/*.socket; do
        [ ! -S "$socket" ] || ssh -o ControlPath="$socket" -O exit lab 2> /dev/null || true
    done
    hosts=$("$MAILOPS_ENGINE" ps --all --quiet --filter "label=mailops.lab=$MAILOPS_LAB_NAME") || return 0
    # shellcheck disable=SC2086
    [ -z "$hosts" ] || "$MAILOPS_ENGINE" rm --force --time 0 $hosts > /dev/null
    if "$MAILOPS_ENGINE" network exists "$MAILOPS_LAB_NAME"; then
        "$MAILOPS_ENGINE" network rm "$MAILOPS_LAB_NAME" > /dev/null
    fi
}
