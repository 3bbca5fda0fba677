#!/bin/sh
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What Docker and podman make of a host's network, without images: a namespace on a bridge is the container, in it something
# listens, and the rules are those of the tools. `N` is a number that the host has for itself.
#
#   containers docker-start N         the bridge and the rules of dockerd 28 without containers (iptables backend)
#   containers docker-run N NAME ADDRESS PORT [publish]
#   containers docker-unpublish N ADDRESS PORT
#   containers podman-run N NAME ADDRESS PORT     published, by netavark itself
#   containers podman-rm N NAME
set -eu
command=$1 number=$2
shift 2

docker_ipv4=172.$number.0 docker_ipv6=fd17:$number:
podman_ipv4=10.88.$number podman_ipv6=fd88:$number:

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

# listen NAME PORT
listen() {
    systemd-run --quiet --collect --unit="container-$1" ip netns exec "$1" /usr/bin/python3 /usr/local/sbin/listen "$2"
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
    podman-run)
        ip netns add "$1"
        cat > "/run/$1.json" << SETUP
{"container_id": "$(printf %064d "$2")", "container_name": "$1",
 "networks": {"podman": {"interface_name": "eth0", "static_ips": ["$podman_ipv4.$2", "$podman_ipv6:$2"]}},
 "network_info": {"podman": {"name": "podman", "id": "$(printf %064d 9)", "driver": "bridge", "network_interface": "podman0",
   "internal": false, "dns_enabled": false, "ipv6_enabled": true, "ipam_options": {"driver": "host-local"},
   "subnets": [{"subnet": "$podman_ipv4.0/24", "gateway": "$podman_ipv4.1"},
               {"subnet": "$podman_ipv6:/64", "gateway": "$podman_ipv6:1"}]}},
 "port_mappings": [{"host_ip": "", "host_port": $3, "container_port": $3, "protocol": "tcp", "range": 1}]}
SETUP
        /usr/lib/podman/netavark --config /run setup "/run/netns/$1" < "/run/$1.json"
        listen "$1" "$3"
        ;;
    podman-rm)
        /usr/lib/podman/netavark --config /run teardown "/run/netns/$1" < "/run/$1.json"
        systemctl stop "container-$1"
        ip netns delete "$1"
        ;;
    *)
        echo "no such command: $command" >&2
        exit 2
        ;;
esac
