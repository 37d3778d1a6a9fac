import pytest

from xmlresource.cgroup.hierarchy import (
    Controller,
    Layout,
    NoPlace,
    Version,
    ancestors,
    controller_group,
    find_controller,
    find_place,
    partition_groups,
)

V2_MOUNT = "31 22 0:27 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw,memory_recursiveprot\n"
V1_MOUNT = "42 33 0:38 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
CPU_MOUNT = "41 33 0:37 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
HERE = Controller(Version.V2, "/sys/fs/cgroup")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0::/a\n", (Version.V2, "/a")),
        ("4:memory:/a\n0::/b\n", (Version.V1, "/a")),
        ("4:cpu,memory:/a:b\n", (Version.V1, "/a:b")),
        ("3:cpu:/a\n0::/b\n", (Version.V2, "/b")),
        ("1:name=memory:/a\n0::/b\n", (Version.V2, "/b")),
        ("rubbish\n0::/b\n", (Version.V2, "/b")),
    ],
)
def test_memory_group(text, found):
    assert controller_group(text) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3:cpu:/a\n", "no memory controller"),
        ("", "no memory controller"),
        ("0::/a (deleted)\n", "/a was removed"),
        ("4:memory:/a (deleted)\n", "/a was removed"),
    ],
)
def test_no_memory_group(text, reason):
    found = controller_group(text)
    assert isinstance(found, NoPlace)
    assert reason in found.reason


def test_the_group_of_another_controller():
    text = "4:memory:/m\n3:cpu,cpuacct:/c\n2:blkio:/b\n"
    assert controller_group(text, "cpu") == (Version.V1, "/c")
    assert controller_group(text, "blkio") == (Version.V1, "/b")
    assert controller_group("4:memory:/m\n", "cpu") == NoPlace(
        "the kernel has no cpu controller (see cgroup_disable= on its command line)"
    )


def test_the_mount_of_the_controller_and_not_of_another():
    mounts = CPU_MOUNT + V1_MOUNT + V2_MOUNT
    cpu = find_controller(mounts, Version.V1, "/a", "cpu")
    assert isinstance(cpu, Controller)
    assert cpu.mount_point in CPU_MOUNT
    assert find_controller(V1_MOUNT, Version.V1, None, "blkio") == NoPlace(
        "the blkio controller is on cgroup v1, which is not mounted"
    )
    assert find_controller(mounts, Version.V1, "/a") == Controller(
        Version.V1, "/sys/fs/cgroup/memory"
    )
    assert find_controller(mounts, Version.V2, "/a") == Controller(
        Version.V2, "/sys/fs/cgroup", recursive_protection=True
    )


def test_of_several_mounts_the_writable_one_that_shows_most():
    mounts = (
        "1 0 0:38 /a/b /one rw - cgroup cgroup rw,memory\n"
        "2 0 0:38 /a /two rw - cgroup cgroup rw,memory\n"
        "3 0 0:38 / /three ro - cgroup cgroup rw,memory\n"
        "4 0 0:38 /x /four rw - cgroup cgroup rw,memory\n"
    )
    found = find_controller(mounts, Version.V1, "/a/b/c")
    assert isinstance(found, Controller)
    assert (found.mount_point, found.root) == ("/two", "/a")
    assert found.directory("/a/b/c") == "/two/b/c"
    with pytest.raises(ValueError, match="all that is mounted"):
        found.directory("/x")


def test_any_mount_for_the_host_as_a_whole():
    mounts = "1 0 0:38 /x /one rw - cgroup cgroup rw,memory\n"
    assert find_controller(mounts, Version.V1) == Controller(Version.V1, "/one", "/x")


@pytest.mark.parametrize(
    ("mounts", "cgroup", "reason"),
    [
        (CPU_MOUNT + V2_MOUNT, "/a", "not mounted"),
        ("1 0 0:38 /x /one rw - cgroup cgroup rw,memory\n", "/a", "outside"),
        (V1_MOUNT, "/../a", "outside"),
    ],
)
def test_no_controller(mounts, cgroup, reason):
    found = find_controller(mounts, Version.V1, cgroup)
    assert isinstance(found, NoPlace)
    assert reason in found.reason


SCOPE = r"/machine.slice/machine-qemu\x2d1\x2dweb.scope"
PLAIN = "/machine/qemu-1-web.libvirt-qemu"


@pytest.mark.parametrize(
    "tail", ["", "/emulator", "/vcpu0", "/vcpu12", "/iothread1", "/init.scope"]
)
@pytest.mark.parametrize(
    ("cgroup", "layout", "driver"),
    [
        (SCOPE + "/libvirt", Layout.SCOPE_NESTED, "qemu"),
        (SCOPE, Layout.SCOPE, "qemu"),
        (PLAIN, Layout.PLAIN, "qemu"),
        ("/machine/lxc-1-box.libvirt-lxc", Layout.PLAIN, "lxc"),
        (r"/machine.slice/machine-lxc\x2d1\x2dbox.scope/libvirt", Layout.SCOPE_NESTED, "lxc"),
        ("/machine.slice/machine-web.scope/libvirt", Layout.SCOPE_NESTED, None),
        ("/prod.partition/_cpu.libvirt-qemu", Layout.PLAIN, "qemu"),
    ],
)
def test_layouts_and_the_way_up(cgroup, layout, driver, tail):
    place = find_place(HERE, cgroup + tail, systemd=True)
    assert not isinstance(place, NoPlace)
    assert (place.cgroup, place.layout, place.driver) == (cgroup, layout, driver)
    assert place.directory == "/sys/fs/cgroup" + cgroup


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/system.slice/libvirtd.service",
        "/user.slice/user-0.slice/session-1.scope",
        "/machine.slice",
        "/machine/libvirt",
        "/machine.slice/libvirt/emulator",
    ],
)
def test_what_is_no_guest(path):
    place = find_place(HERE, path, systemd=True)
    assert isinstance(place, NoPlace)
    assert path in place.reason


def test_a_container_does_not_choose_where_its_limits_go():
    path = "/machine/lxc-1-box.libvirt-lxc/mine.libvirt-lxc"
    place = find_place(HERE, path, systemd=False)
    assert not isinstance(place, NoPlace)
    assert place.cgroup == "/machine/lxc-1-box.libvirt-lxc"


def test_inside_a_container_only_what_is_mounted_counts():
    outer = "/machine/lxc-1-box.libvirt-lxc"
    inside = Controller(Version.V1, "/sys/fs/cgroup/memory", root=outer)
    place = find_place(inside, outer + PLAIN, systemd=False)
    assert not isinstance(place, NoPlace)
    assert place.cgroup == outer + PLAIN
    assert place.ancestors == (outer + "/machine", outer)
    assert place.directory == "/sys/fs/cgroup/memory" + PLAIN
    assert isinstance(find_place(inside, outer, systemd=False), NoPlace)


def test_ancestors():
    assert ancestors("/a/b/c") == ("/a/b", "/a")
    assert ancestors("/a/b/c", "/a/b") == ("/a/b",)
    assert ancestors("/a") == ()


def test_units_are_systemds_only_where_it_runs():
    place = find_place(HERE, SCOPE + "/libvirt", systemd=True)
    assert not isinstance(place, NoPlace)
    assert [place.is_unit(cgroup) for cgroup in (place.cgroup, *place.ancestors)] == [
        False,
        True,
        True,
    ]
    place = find_place(HERE, SCOPE + "/libvirt", systemd=False)
    assert not isinstance(place, NoPlace)
    assert not place.is_unit("/machine.slice")


@pytest.mark.parametrize(
    ("partition", "groups"),
    [
        (None, ("/machine.slice", "/machine")),
        ("/machine", ("/machine.slice", "/machine")),
        (
            "/machine/prod",
            (
                "/machine.slice/machine-prod.slice",
                "/machine.slice",
                "/machine/prod.partition",
                "/machine",
            ),
        ),
        (
            "/a-b/machine/c.d",
            (
                r"/a\x2db.slice/a\x2db-machine.slice/a\x2db-machine-c.d.slice",
                r"/a\x2db.slice/a\x2db-machine.slice",
                r"/a\x2db.slice",
                "/a-b.partition/machine.partition/c.d",
                "/a-b.partition/machine.partition",
                "/a-b.partition",
            ),
        ),
    ],
)
def test_partition_groups(partition, groups):
    assert partition_groups(partition) == groups


@pytest.mark.parametrize(
    "partition", ["", "/", "machine", "/a/../b", "/..", "/a/", "//a", "/a\n", "/a b", "/.a", "/é"]
)
def test_hostile_partitions(partition):
    with pytest.raises(ValueError, match="no partition"):
        partition_groups(partition)


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x1c", "\x0b", "\r"])
def test_a_cgroups_name_can_not_make_a_line_of_its_own(separator: str) -> None:
    """All of these are allowed in it; /proc/PID/cgroup shows them as they are."""
    path = f"/machine/a{separator}4:memory:/machine/other"
    assert controller_group(f"0::{path}\n") == (Version.V2, path)


def test_partitions_are_below_what_is_mounted() -> None:
    assert HERE.mounted("/machine") == "/machine"
    inside = Controller(Version.V2, "/sys/fs/cgroup", root="/docker/1")
    assert inside.mounted("/machine") == "/docker/1/machine"
    assert inside.directory(inside.mounted("/machine")) == "/sys/fs/cgroup/machine"
