#!/bin/sh
# Make the small guest's kernel and initial RAM disk from Debian's packages, once.
#
# Usage: build.sh [--check]
#
# They are kept in /var/cache/xmlresource-e2e (some 15 MiB) until this folder changes. With --check
# it makes nothing and exits 1 where they are missing. Takes apt-get, dpkg-deb and busybox-static.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=/var/cache/xmlresource-e2e
# In the order in which they are loaded.
modules='virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_balloon'

hash=$(cat "$here/build.sh" "$here/init" | sha256sum | cut -c 1-16)
[ "$(cat "$cache/made-from" 2>/dev/null || true)" != "$hash" ] || exit 0
[ "${1-}" != --check ] || exit 1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"

kernel() {
    apt-cache depends linux-image-cloud-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p'
}
[ -n "$(kernel)" ] || apt-get -q -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 update
apt-get -q -o APT::Sandbox::User=root -o Acquire::Retries=3 download "$(kernel)"
dpkg-deb -x linux-image-*.deb package

mkdir -p root/bin root/dev root/mem root/modules root/proc
cp /bin/busybox root/bin/
cp "$here/init" root/init
chmod 755 root/init
for module in $modules; do
    cp package/lib/modules/*/kernel/drivers/virtio/"$module.ko" root/modules/
    echo "$module" >>root/modules/order
done

# libvirt hands the files to QEMU's user.
mkdir -p "$cache"
chmod 755 "$cache"
rm -f "$cache/made-from"
cp package/boot/vmlinuz-* "$cache/kernel"
(cd root && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -9 >"$cache/initrd"
chmod 644 "$cache/kernel" "$cache/initrd"
echo "$hash" >"$cache/made-from"
