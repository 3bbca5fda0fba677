#!/bin/sh
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What Docker and podman make of a host's network, without images. Docker's part is handmade: a namespace on a bridge is the
# container, in it something listens, and the rules are those of dockerd. Podman is the real one. `N` is a number that the host
# has for itself.
#
#   containers docker-start N         the bridge and the rules of dockerd 28 without containers (iptables backend)
#   containers docker-run N NAME ADDRESS "PORT ..." [publish]
#   containers docker-unpublish N ADDRESS PORT
#   containers docker-proxy N ADDRESS PORT        publish it, and start what dockerd starts for each port
#   containers docker-unproxy N ADDRESS PORT
#   containers podman-start N                     podman itself, and its network
#   containers podman-run N NAME ADDRESS PORT [HOST_ADDRESS]     published by it
#   containers podman-rm N NAME
set -eu
command=$1 number=$2
shift 2

docker_ipv4=172.$number.0 docker_ipv6=fd17:$number:
podman_ipv4=10.89.$number podman_ipv6=fd89:$number:

# Run with iptables, then ip6tables: the function $1 with the tool, its network and the address $2 in it.
both() {
    "$1" iptables "$docker_ipv4.0/16" "$docker_ipv4.${2:-1}" "${3:-}"
    "$1" ip6tables "$docker_ipv6:/64" "$docker_ipv6:${2:-1}" "${3:-}"
}

docker_rules() {
    local_only='! -d 127.0.0.0/8'
    [ "$1" = iptables ] || local_only='! -d ::1'
    "$1-restore" --noflush << RULES
*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT $local_only -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s $2 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-USER - [0:0]
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
-I FORWARD -j DOCKER-FORWARD
-I FORWARD -j DOCKER-USER
COMMIT
RULES
}

publish() {
    to=$3:$4
    [ "$1" = iptables ] || to="[$3]:$4"
    "$1" -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport "$4" -j DNAT --to-destination "$to"
    "$1" -I DOCKER -d "$3" ! -i docker0 -o docker0 -p tcp -m tcp --dport "$4" -j ACCEPT
}

unpublish() {
    to=$3:$4
    [ "$1" = iptables ] || to="[$3]:$4"
    "$1" -t nat -D DOCKER ! -i docker0 -p tcp -m tcp --dport "$4" -j DNAT --to-destination "$to"
    "$1" -D DOCKER -d "$3" ! -i docker0 -o docker0 -p tcp -m tcp --dport "$4" -j ACCEPT
}

close_direct_way() {
    "$1" -t raw -A PREROUTING -d "$3" ! -i docker0 -j DROP
}

# listen NAME "PORT ..."
listen() {
    # shellcheck disable=SC2086
    systemd-run --quiet --collect --unit="container-$1" ip netns exec "$1" /usr/bin/python3 /lab/listen.py $2
}

# Wait until a container of podman listens.
await() {
    tries=100
    until nsenter --net="/proc/$(podman inspect --format '{{.State.Pid}}' "$1")/ns/net" ss -Hltn "sport = :$2" | grep -q .; do
        tries=$((tries - 1))
        [ $tries -gt 0 ]
        sleep 0.1
    done
}

# proxy FAMILY HOST_ADDRESS ADDRESS PORT: on descriptor 3 it says that it listens.
proxy() {
    systemd-run --quiet --collect --unit="docker-proxy-$4-$1" sh -c 'exec "$@" 3> /dev/null' proxy \
        /usr/sbin/docker-proxy -proto tcp -host-ip "$2" -host-port "$4" -container-ip "$3" -container-port "$4"
    tries=100
    until ss -Hltn "--$1" "sport = :$4" | grep -q .; do
        tries=$((tries - 1))
        [ $tries -gt 0 ]
        sleep 0.1
    done
}

case $command in
    docker-start)
        ip link add docker0 type bridge
        ip address add "$docker_ipv4.1/16" dev docker0
        ip address add "$docker_ipv6:1/64" dev docker0 nodad
        ip link set docker0 up
        echo 1 > /proc/sys/net/ipv4/ip_forward
        echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
        both docker_rules
        ;;
    docker-run)
        ip netns add "$1"
        ip link add "veth-$1" type veth peer name eth0 netns "$1"
        ip link set "veth-$1" master docker0 up
        ip -n "$1" link set lo up
        ip -n "$1" link set eth0 up
        ip -n "$1" address add "$docker_ipv4.$2/16" dev eth0
        ip -n "$1" address add "$docker_ipv6:$2/64" dev eth0 nodad
        ip -n "$1" route add default via "$docker_ipv4.1"
        ip -n "$1" route add default via "$docker_ipv6:1"
        both close_direct_way "$2"
        [ -z "${4:-}" ] || both publish "$2" "$3"
        listen "$1" "$3"
        ;;
    docker-publish) both publish "$1" "$2" ;;
    docker-unpublish) both unpublish "$1" "$2" ;;
    docker-proxy)
        both publish "$1" "$2"
        proxy ipv4 0.0.0.0 "$docker_ipv4.$1" "$2"
        proxy ipv6 :: "$docker_ipv6:$1" "$2"
        ;;
    docker-unproxy)
        systemctl stop "docker-proxy-$2-*"
        both unpublish "$1" "$2"
        ;;
    podman-start)
        # Neither overlayfs nor control groups go into one another in every lab.
        mkdir -p /etc/containers /srv/container
        cat > /etc/containers/storage.conf << END
[storage]
driver = "vfs"
graphroot = "/var/lib/containers/storage"
runroot = "/run/containers/storage"
END
        cat > /etc/containers/containers.conf << END
[containers]
cgroups = "disabled"
log_driver = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "crun"
[network]
network_backend = "netavark"
END
        # The programs of the host, without what else it has: an image without a registry.
        cd /srv/container
        mkdir -p dev etc proc run sys tmp usr
        ln -sfn -t . usr/bin usr/lib usr/lib64 usr/sbin
        podman network create --disable-dns --ipv6 --subnet "$podman_ipv4.0/24" --subnet "$podman_ipv6:/64" lab > /dev/null
        ;;
    podman-run)
        podman run --detach --name "$1" --network lab --ip "$podman_ipv4.$2" --ip6 "$podman_ipv6:$2" \
            --publish "${4:+$4:}$3:$3" --volume /usr:/usr:ro --volume /lab:/lab:ro --rootfs /srv/container \
            /usr/bin/python3 /lab/listen.py "$3" > /dev/null
        await "$1" "$3"
        ;;
    podman-rm) podman rm --force --time 0 "$1" > /dev/null ;;
    *)
        echo "no such command: $command" >&2
        exit 2
        ;;
esac
