#!/bin/sh
# libvirt's hook of xmlresource. Installed by `xmlresource hook install`, removed by
# `xmlresource hook uninstall`; changes made here are lost.
#
# A guest without a policy must start whatever is broken on this host. So that is decided here,
# before anything of Python runs: where none of these words stands, no policy can be declared.
# (libvirt writes the XML itself: UTF-8, and namespaces without character references. `&#` goes to
# the parser all the same.)

case $2 in
prepare | migrate | restore | started | stopped | release | reconnect) ;;
*) exit 0 ;;
esac

xml=$(cat)
case $xml in
*urn:xmlresource:* | *min_guarantee* | *'&#'*) ;;
*) exit 0 ;;
esac

decide() {
    # Without site (-S) a start is a tenth faster; where the package is, is known.
    @PYTHON@ -I -S -c 'import sys; sys.path.insert(0, sys.argv[1])
from xmlresource.hook import main; raise SystemExit(main(sys.argv[3:], int(sys.argv[2])))' \
        @FOLDER@ "$PPID" "$@" <<EOF
$xml
EOF
}

decide "$@"
status=$?
case $2 in
prepare | migrate | restore | started)
    # A guest with a policy fails closed.
    if [ "$status" -eq 126 ] || [ "$status" -eq 127 ]; then
        echo "xmlresource: this guest declares a memory policy, and xmlresource can't be run:" \
            "install it again, or remove $0" >&2
    fi
    exit "$status"
    ;;
*)
    # After `reconnect` anything but 0 would kill a running guest; elsewhere libvirt ignores it.
    exit 0
    ;;
esac
