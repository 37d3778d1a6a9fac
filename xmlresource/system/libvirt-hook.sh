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

# Whatever the daemon was started with decides nothing here.
unset LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT TMPDIR
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

decide() {
    # Without site (-S) a start is a tenth faster; where the package is, is known.
    @PYTHON@ -I -S -c 'import sys; sys.path.insert(0, sys.argv[1])
from xmlresource.hook import main; raise SystemExit(main(sys.argv[3:], int(sys.argv[2])))' \
        @FOLDER@ "$PPID" "$@"
}

if xml=$(@CAT@); then
    case $xml in
    *urn:xmlresource:* | *min_guarantee* | *'&#'*) ;;
    *) exit 0 ;;
    esac
    decide "$@" <<EOF
$xml
EOF
    status=$?
else
    # Python tells by itself who has no policy. Where it can't be run either, nobody knows.
    decide "$@"
    status=$?
    if [ "$status" -eq 126 ] || [ "$status" -eq 127 ]; then
        exit 0
    fi
fi

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
