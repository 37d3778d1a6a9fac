#!/bin/sh
# Install what building and checking the packages takes (`make package`), from Debian's packages.
# Quick if they are there.
set -eu

packages='dpkg-dev debhelper dh-python lintian rpm rpmlint ansible-lint'
missing=
for package in $packages; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
apt="apt-get -q -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3"
$apt update
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive $apt install -y --no-install-recommends $missing
