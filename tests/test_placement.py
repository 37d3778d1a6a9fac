import pytest

from xmlresource.placement import ancestors_of, parent_cgroup


@pytest.mark.parametrize(
    ("partition", "directory", "slices"),
    [
        (None, "/machine", "/machine.slice"),
        ("/machine", "/machine", "/machine.slice"),
        ("/machine/prod", "/machine/prod.partition", "/machine.slice/machine-prod.slice"),
        (
            "/machine/a-b",
            "/machine/a-b.partition",
            "/machine.slice/machine-a\\x2db.slice",
        ),
        ("/prod", "/prod.partition", "/prod.slice"),
        ("/x/machine", "/x.partition/machine.partition", "/x.slice/x-machine.slice"),
        ("/a.b", "/a.b", "/a.b.slice"),
        ("/memory.x", "/_memory.x", "/memory.x.slice"),
        ("/_x", "/__x.partition", "/_x.slice"),
        ("/ä", "/ä.partition", "/\\xc3\\xa4.slice"),
    ],
)
def test_parent(partition: str | None, directory: str, slices: str) -> None:
    assert parent_cgroup(partition, systemd=False) == directory
    assert parent_cgroup(partition, systemd=True) == slices


@pytest.mark.parametrize("partition", ["machine", "/", "//", "/a/../b", "/./a"])
def test_no_parent_for_what_libvirt_refuses(partition: str) -> None:
    assert parent_cgroup(partition, systemd=False) is None


def test_ancestors() -> None:
    assert ancestors_of("/a/b/c") == ("/a", "/a/b", "/a/b/c")
    assert ancestors_of("/") == ()
