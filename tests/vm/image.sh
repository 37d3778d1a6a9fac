#!/bin/sh
# Build the test machine's disk, kernel and initrd; print the folder that holds them.
#
# Usage: image.sh [SUITE]          (a Debian release; default bookworm)
#
# The folder is kept in XMLRESOURCE_VM_CACHE (default ~/.cache/xmlresource-vm) under a hash of all
# that went into it, so that a second run builds nothing. As root; needs mmdebstrap, e2fsprogs, pip
# and a Debian mirror (MIRROR).
set -eu

suite=${1:-bookworm}
here=$(cd "$(dirname "$0")" && pwd)
cache=${XMLRESOURCE_VM_CACHE:-${HOME:-/root}/.cache/xmlresource-vm}
mirror=${MIRROR:-http://deb.debian.org/debian}
python=${PYTHON:-python3}

hash=$(cat "$here/image.sh" "$here/packages" "$here"/image/* | sha256sum | cut -c 1-16)
folder=$cache/$suite-$hash
if [ -e "$folder/disk" ]; then
    echo "$folder"
    exit
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/building.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
{
    # The tests' own tools go into the image's environment; the wheel under test comes at boot.
    "$python" -m pip download --quiet --disable-pip-version-check --only-binary :all: \
        --python-version 3.11 --dest "$work/wheels" pytest
    mmdebstrap --mode=root --variant=minbase --format=directory \
        --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --include="$(grep -v '^#' "$here/packages" | paste -sd ,)" \
        --customize-hook="copy-in $work/wheels /tmp" \
        --customize-hook="copy-in $here/image/xmlresource-test.service /etc/systemd/system" \
        --customize-hook="copy-in $here/image/xmlresource-test /usr/local/sbin" \
        --customize-hook="sh $here/image/customize \"\$1\"" \
        "$suite" "$work/root" "$mirror"
    mkdir "$work/done"
    cp "$work"/root/boot/vmlinuz-* "$work/done/kernel"
    cp "$work"/root/boot/initrd.img-* "$work/done/initrd"
    mke2fs -q -t ext4 -L root -d "$work/root" "$work/done/disk" 3G
} >&2
# Another run may have been faster.
mv -T "$work/done" "$folder" 2>/dev/null || [ -e "$folder/disk" ]
echo "$folder"
