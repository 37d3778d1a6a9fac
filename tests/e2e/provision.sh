#!/bin/sh
# Install what the end-to-end tests need, from Debian's packages.
#
# Usage: provision.sh [--check]
#
# Works on a fresh Debian 12 machine or container, with or without systemd. Idempotent, and
# quick when everything is there. Starts no service: the tests start their own daemons.
# With --check it installs nothing and exits 1 when something is missing.
set -eu

# libvirt-daemon-system brings the user libvirt-qemu, /etc/libvirt/qemu.conf and the schemas' owner.
packages='
    libvirt-daemon-system
    libvirt-daemon-driver-qemu
    libvirt-daemon-driver-lxc
    libvirt-clients
    qemu-system-x86
    qemu-utils
    libxml2-utils
    jing
    busybox-static
    python3-libvirt
    ansible
    neovim
    mandoc
    man-db
    zsh
    fish
    python3-venv
    prometheus
    chromium
    fonts-dejavu-core
    postgresql
'

missing() {
    for package in $packages; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || printf '%s ' "$package"
    done
}

# libvirt-daemon-system accepts either companion; on a machine that systemd doesn't run, the one
# for sysv keeps systemd from being pulled in.
init_package() {
    if [ -d /run/systemd/system ]; then
        echo libvirt-daemon-system-systemd
    else
        echo libvirt-daemon-system-sysv
    fi
}

# Packages' maintainer scripts must not start a second libvirtd beside the tests' own.
policy=/usr/sbin/policy-rc.d
forbid_services() {
    [ -e "$policy" ] && return
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
}

# A guest with an operating system, as small as can be: what its busybox needs comes first.
guest=$(dirname "$0")/guest/build.sh

wanted=$(missing)
if [ -z "$wanted" ]; then
    "$guest" --check || {
        echo 'provision: missing: the small guest (guest/build.sh)'
        [ "${1-}" != --check ] || exit 1
        "$guest"
    }
    echo 'provision: everything is installed'
    exit 0
fi
echo "provision: missing: $wanted"
[ "${1-}" != --check ] || exit 1
[ "$(id -u)" = 0 ] || {
    echo 'provision: must run as root to install packages' >&2
    exit 1
}

forbid_services
# Nor may PostgreSQL's make a cluster: the tests make their own, and throw them away.
mkdir -p /etc/postgresql-common/createcluster.d
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/xmlresource.conf
export DEBIAN_FRONTEND=noninteractive
apt="apt-get -q -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3"
$apt update
# shellcheck disable=SC2086 # word splitting is meant
$apt install -y --no-install-recommends $wanted "$(init_package)"

still=$(missing)
[ -z "$still" ] || {
    echo "provision: still missing: $still" >&2
    exit 1
}
"$guest"
