#!/bin/sh
# Build the package from a copy of this tree, and have lintian look at it: sh debian/build.sh FOLDER
# Takes what `make manual` makes.
set -eu
folder=$1
rm -rf "$folder"
mkdir -p "$folder/xmlresource/build"
cp -r xmlresource schemas debian docs README.md SECURITY.md "$folder/xmlresource/"
cp -r build/manual "$folder/xmlresource/build/"
find "$folder/xmlresource" -name __pycache__ -prune -exec rm -r {} +
(cd "$folder/xmlresource" && dpkg-buildpackage --build=binary --no-sign)
rm -r "$folder/xmlresource"
# As root lintian warns of being root.
lintian --allow-root --info --fail-on error,warning "$folder"/*.changes
