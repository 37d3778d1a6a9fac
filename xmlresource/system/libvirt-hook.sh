#!/bin/sh
# libvirt's hook of xmlresource. Installed by `xmlresource hook install`, removed by
# `xmlresource hook uninstall`; changes made here are lost.
#
# A guest without a policy must start whatever is broken on this host. So that is decided here,
# before anything of Python runs: where none of these signs stands, no policy can be declared.

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
    # Without site (-S) a start is a tenth faster; where the package is, is known. 64 and above is
    # a decision. Python's own failures (1), the shell's (126, 127) and signals (128 and above) are
    # none.
    @PYTHON@ -I -S -c 'import sys; sys.path.insert(0, sys.argv[1])
from xmlresource.hook import main; raise SystemExit(64 + main(sys.argv[3:], int(sys.argv[2])))' \
        @FOLDER@ "$PPID" "$@"
}

declared=perhaps
if xml=$(@CAT@); then
    # A namespace stands in quotes, an element behind "<"; a word in a description is neither.
    # libvirt writes namespaces as they are, and non-ASCII in attributes of other people's metadata
    # as a character reference. So where only that stands, Python looks closer, if it can.
    case $xml in
    *[\"\']urn:xmlresource:* | *'<min_guarantee'*) declared=yes ;;
    *'&#'*) ;;
    *) exit 0 ;;
    esac
    # No here-document: bash keeps one in a file in /tmp, which may be full.
    printf '%s\n' "$xml" 2>/dev/null | decide "$@"
else
    decide "$@"
fi
status=$?

case $2 in
prepare | migrate | restore | started) ;;
# After `reconnect` anything but 0 would kill a running guest; elsewhere libvirt ignores it.
*) exit 0 ;;
esac

if [ "$status" -ge 64 ] && [ "$status" -lt 80 ]; then
    exit "$((status - 64))"
fi
# Python does not work here, so the signs decide: a guest with a policy fails closed, one without
# is not held up.
if [ "$declared" = perhaps ]; then
    exit 0
fi
echo "xmlresource: this guest declares a memory policy, and xmlresource can't be run:" \
    "install it again, or remove $0" >&2
[ "$status" -ne 0 ] || status=1
exit "$status"
