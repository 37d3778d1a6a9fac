import errno

import pytest

from xmlresource.cgroup.hierarchy import Controller, Layout, Place, Version
from xmlresource.cgroup.report import Applied, Failure, Report, Warned, explain
from xmlresource.cgroup.writes import Plan, Write
from xmlresource.units import UNLIMITED

PLACE = Place(Controller(Version.V1, "/cg"), "/g", Layout.PLAIN, "qemu", ())


def write(file, value, before=UNLIMITED):
    return Write("/g", "/cg/g", file, value, before, str(value), "-1", "hard_limit", "because")


ONE, TWO, THREE = write("one", 4096), write("two", 8192), write("three", 0)
PLAN = Plan(PLACE, (ONE, TWO, THREE))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EBUSY, "x"), "more is in use than can be reclaimed (EBUSY)"),
        (OSError(errno.ENODEV, "x"), "the cgroup was removed: the guest is gone (ENODEV)"),
        (OSError(errno.EACCES, "x"), "permission denied: it takes root (EACCES)"),
        (OSError(errno.EROFS, "x"), "the cgroup file system is mounted read-only here (EROFS)"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error (EIO)"),
        (OSError(9999, ""), "failed (9999)"),
        (OSError("systemd refused"), "systemd refused"),
    ],
)
def test_explain(error, words):
    assert explain(error) == words


@pytest.mark.parametrize(
    ("number", "file", "words"),
    [
        (errno.EINVAL, "memory.max", "(on v1: memory alone would exceed memory and swap together)"),
        (errno.EINVAL, "cpu.cfs_quota_us", "a quota may be neither above that of a cgroup above"),
        (errno.EINVAL, "io.max", "the kernel does not take this value (EINVAL)"),
        (errno.ENODEV, "io.max", "the guest is gone (or the device is) (ENODEV)"),
        (errno.ERANGE, "cpu.weight", "outside of what the kernel takes (ERANGE)"),
    ],
)
def test_what_an_error_means_depends_on_the_file(number, file, words):
    assert words in explain(OSError(number, "x"), file)


def test_all_went_well():
    report = Report(
        PLAN,
        applied=(Applied(ONE, 4096), Applied(TWO, UNLIMITED)),
        warnings=(Warned(TWO, "it did not take"),),
    )
    assert report.ok
    assert report.describe().splitlines() == [
        "/g: 2 applied",
        "applied: one of /g to 4 KiB (hard_limit)",
        "applied: two of /g to 8 KiB (hard_limit)",
        "warning: two of /g to 8 KiB (hard_limit): it did not take",
    ]
    data = report.to_dict()
    assert data["ok"] is True
    assert data["failed"] is None
    assert [done["read"] for done in data["applied"]] == [4096, "unlimited"]
    assert data["warnings"][0]["warning"] == "it did not take"


def test_nothing_to_apply():
    assert Report(Plan(PLACE)).describe() == "/g: nothing to apply"


def test_a_failure():
    report = Report(
        PLAN,
        applied=(Applied(ONE, 4096),),
        failed=Failure(TWO, "too much (EBUSY)", errno.EBUSY),
        not_attempted=(THREE,),
        undone=(ONE,),
        undo_failed=(Failure(TWO, "gone (ENODEV)", errno.ENODEV),),
    )
    assert not report.ok
    assert report.describe().splitlines() == [
        "could not set two of /g to 8 KiB (hard_limit): too much (EBUSY)",
        "not attempted: three of /g to 0 bytes (hard_limit)",
        "undone: one of /g back to unlimited",
        "NOT undone: two of /g back to unlimited: gone (ENODEV)",
    ]
    data = report.to_dict()
    assert (data["failed"]["error"], data["failed"]["errno"]) == ("too much (EBUSY)", errno.EBUSY)
    assert [bad["errno"] for bad in data["undo_failed"]] == [errno.ENODEV]
    assert [undone["path"] for undone in data["undone"]] == ["/cg/g/one"]
    assert [later["path"] for later in data["not_attempted"]] == ["/cg/g/three"]
