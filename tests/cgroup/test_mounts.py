import pytest

from xmlresource.cgroup.mounts import is_below, parse_mounts, unescape, visible_mounts

LINE = r"35 31 0:32 /a\040b /sys/fs/my\134cg rw,nosuid shared:1 master:2 - cgroup cgroup rw,memory"


def test_a_line_with_escapes_and_tags():
    (mount,) = parse_mounts(LINE + "\n")
    assert (mount.number, mount.parent, mount.kind) == (35, 31, "cgroup")
    assert (mount.root, mount.point) == ("/a b", "/sys/fs/my\\cg")
    assert mount.options >= {"rw", "nosuid", "memory"}
    assert not mount.read_only


@pytest.mark.parametrize(
    ("own", "of_file_system", "read_only"),
    [
        ("rw", "rw", False),
        ("ro", "rw", True),
        ("rw", "ro", True),
        ("errors=remount-ro", "rw", False),
    ],
)
def test_read_only(own, of_file_system, read_only):
    (mount,) = parse_mounts(f"1 0 0:1 / / {own} - cgroup x {of_file_system}")
    assert mount.read_only is read_only


@pytest.mark.parametrize(
    "line", ["", "x", "1 2 0:1 / / rw", "a 2 0:1 / / rw - t s o", "1 2 0:1 / / rw - t s", "- - -"]
)
def test_lines_of_another_form_are_left_out(line):
    assert parse_mounts(f"{line}\n{LINE}") == parse_mounts(LINE)


@pytest.mark.parametrize(
    ("text", "meant"),
    [(r"\040", " "), (r"\011\012", "\t\n"), (r"\134040", r"\040"), (r"\x2d", r"\x2d"), ("é", "é")],
)
def test_unescape(text, meant):
    assert unescape(text) == meant


@pytest.mark.parametrize(
    ("path", "folder", "below"),
    [
        ("/a/b", "/a", True),
        ("/a", "/a", True),
        ("/ab", "/a", False),
        ("/a", "/", True),
        ("/", "/", True),
        ("/", "/a", False),
    ],
)
def test_is_below(path, folder, below):
    assert is_below(path, folder) is below


def points(text):
    return [mount.number for mount in visible_mounts(parse_mounts(text))]


def line(number, parent, point):
    return f"{number} {parent} 0:{number} / {point} rw - cgroup cgroup rw,memory\n"


def test_the_order_of_lines_does_not_cover():
    # As after an initial RAM disk: the root is listed last.
    assert points(line(3, 2, "/sys/cg") + line(2, 1, "/sys") + line(1, 0, "/")) == [3, 2, 1]


def test_a_mount_on_the_same_point_covers():
    assert points(line(1, 0, "/") + line(2, 1, "/cg") + line(3, 2, "/cg")) == [1, 3]


def test_a_mount_on_a_folder_above_covers():
    text = line(1, 0, "/") + line(2, 1, "/sys/cg") + line(3, 1, "/sys") + line(4, 3, "/sys/cg")
    assert points(text) == [1, 3, 4]


def test_siblings_do_not_cover():
    assert points(line(1, 0, "/") + line(2, 1, "/cg") + line(3, 1, "/cgx")) == [1, 2, 3]


def test_a_root_that_stands_on_itself():
    assert points(line(1, 1, "/") + line(2, 1, "/cg")) == [1, 2]
