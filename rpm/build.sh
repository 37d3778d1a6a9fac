#!/bin/sh
# Build the package from this tree, and have rpmlint look at it: sh rpm/build.sh FOLDER
# Takes what `make manual` makes, rpmbuild and rpmlint.
set -eu
folder=$1
tree=$PWD
rm -rf "$folder"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' xmlresource/__init__.py)
rpmbuild -bb --quiet --define "tree $tree" --define "tree_version $version" \
    --define "_topdir $folder/work" --define "_rpmdir $folder" \
    --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
    rpm/xmlresource.spec
rm -r "$folder/work"
rpmlint --strict --config rpm/rpmlint.toml "$folder"/*.rpm
