#!/bin/sh
# two_hosts.sh NUMBER FOLDER: a libvirtd that is a host of its own, at 127.0.0.1NUMBER.
# Call it in mount and UTS namespaces of its own.
set -eu
number=$1 folder=$2
for each in etc/libvirt run/libvirt var/lib/libvirt var/cache/libvirt var/log/libvirt; do
    mkdir -p "$folder/$each" "/$each"
    mount --bind "$folder/$each" "/$each"
done
hostname "xre2e-host$number"
cat >/etc/libvirt/libvirtd.conf <<END
listen_tls = 0
listen_tcp = 1
listen_addr = "127.0.0.1$number"
auth_tcp = "none"
host_uuid = "00000000-0000-4000-8000-00000000000$number"
END
cat >/etc/libvirt/qemu.conf <<END
user = "root"
group = "root"
security_driver = "none"
stdio_handler = "file"
migration_host = "127.0.0.1$number"
migration_address = "127.0.0.1$number"
migration_port_min = 4${number}152
migration_port_max = 4${number}160
cgroup_controllers = []
namespaces = []
remember_owner = 0
END
exec libvirtd --listen -f /etc/libvirt/libvirtd.conf -p /run/libvirt/xre2e.pid
