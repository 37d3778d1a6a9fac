"""What a document is, by its first bytes."""

import time

import pytest

from xmlresource.formats.prolog import kind_of, seems_ours

LIBVIRT = "http://libvirt.org/schemas/domain"


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("<domain/>", "domain"),
        ("<domain>", "domain"),
        ("<domain type='kvm'>", "domain"),
        ("\ufeff<?xml version='1.0'?>\n<!-- <pool> -->\n<?pi?><network>", "network"),
        ("<!DOCTYPE pool [<!ENTITY a '>'>]><pool>", "pool"),
        ("<x:domain/>", None),
        ("<project/>", None),
        ("", None),
        ("domain", None),
        ("<!-- <domain/>", None),
        ("<cpu>", "cpu"),
        ("<cpu xmlns='urn:xmlresource:1'>", None),
        ("<domain xmlns:xr='urn:xmlresource:1'>", "domain"),
    ],
)
def test_the_root_tells_the_kind(text: str, root: str | None) -> None:
    found = kind_of(text.encode())
    assert (None if found is None else found.root) == root


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("<domain/>", True),
        ("<memtune/>", True),
        ("<resource>", True),
        ("<memory xmlns='urn:xmlresource:1'/>", True),
        ("<r:memory xmlns:r='urn:xmlresource:1'/>", True),
        ("<memory/>", False),
        ("<io xmlns='urn:xmlresource:1'/>", True),
        ("<io/>", False),
        ("<cpu xmlns='urn:xmlresource:1'/>", True),
        ("<cpu/>", True),
        ("<project/>", False),
        ("<domain xmlns='urn:jboss:domain:4.0'/>", False),
        (f"<domain xmlns='{LIBVIRT}'/>", True),
        (f'<l:domain a="" xmlns:l = "{LIBVIRT}">', True),
        ("<domain xmlns:qemu='urn:x'>", True),
        ("<x:interface xmlns:x='urn:other'/>", False),
        ("<!DOCTYPE html><html/>", False),
        ("", True),
        ("  \n", True),
        ("{% if a %}", False),
        ("{% if a %}<domain>", True),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_what_is_someone_elses_is_told_by_its_root(text: str, encoding: str, *, ours: bool) -> None:
    assert seems_ours(text.encode(encoding)) is ours


@pytest.mark.parametrize("piece", [b"<!-- -->", b"<?a?>", b" ", b"<!DOCTYPE a>", b"<!-- "])
def test_a_hostile_prolog_takes_no_time_that_doubles(piece: bytes) -> None:
    start = time.monotonic()
    assert kind_of(piece * 10_000) is None
    assert time.monotonic() - start < 5
