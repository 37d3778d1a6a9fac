"""Hostile input through the command: a clear answer, in bounds, the others are still checked."""

import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCHEMA = Path(__file__).parents[2] / "fixtures" / "domain-schema"
HEAD = b"<domain type='kvm'><name>a</name>"
FAULTY = "<memtune><hard_limit>0</hard_limit></memtune>\n"
BOMB = b'<!DOCTYPE a [<!ENTITY a "%s">%s]><a>&j;</a>' % (
    b"x" * 1000,
    b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)),
)

# Of the processor: a machine that is shared takes any time for it. Most take one or two.
MOST_SECONDS = 30
MOST_MEMORY = 700 << 20


def check(folder: Path, *words: str) -> tuple[int, list[str]]:
    """Run the command in bounds; its exit status and the lines it prints."""

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))

    done = subprocess.run(  # noqa: S603 -- ourselves
        [sys.executable, "-m", "xmlresource", "validate", "--domain-schema", SCHEMA, *words, "."],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,  # one that waits for something uses no processor
        check=False,
        preexec_fn=bound,
        env=os.environ | {"PYTHONPATH": str(SCHEMA.parents[1])},
    )
    assert "Traceback" not in done.stderr
    return done.returncode, [line for line in done.stdout.splitlines() if not line.startswith(" ")]


def nested(levels: int) -> bytes:
    return b"<a>" * levels + b"</a>" * levels


DOCUMENTS: dict[str, tuple[bytes, str]] = {
    "an entity bomb": (BOMB, "1:1: XR003 error: "),
    "an external entity": (
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "1:1: XR003 error: ",
    ),
    "an undeclared entity": (HEAD + b"&x;</domain>", "1:34: XR002 error: "),
    "a DOCTYPE": (b"<!DOCTYPE domain>\n<domain/>", "1:1: XR003 error: "),
    "a number of 1 MB": (
        b"<memtune><hard_limit>" + b"9" * (1 << 20) + b"</hard_limit></memtune>",
        "1:22: XR203 error: ",
    ),
    "a number of 1 MB for the schema": (
        HEAD + b"<vcpu>" + b"9" * (1 << 20) + b"</vcpu></domain>",
        "1:40: XR608 error: ",
    ),
    "10,000 levels": (nested(10_000), "1:769: XR005 error: "),
    "10,000 levels in a domain": (
        HEAD + b"<metadata>" + nested(10_000) + b"</metadata></domain>",
        ": XR005 error: ",
    ),
    "20,000 attributes": (
        HEAD + b"<vcpu " + b" ".join(b"a%d=''" % i for i in range(20_000)) + b">1</vcpu></domain>",
        "1:34: XR004 error: ",
    ),
    "20,000 attributes of a tunable": (
        b"<memtune " + b" ".join(b"a%d=''" % i for i in range(20_000)) + b"/>",
        "1:10: XR103 error: ",
    ),
    "10,000 unknown elements": (HEAD + b"<x/>" * 10_000 + b"</domain>", "1:34: XR601 error: "),
    "50,000 unknown tunables": (
        b"<memtune>" + b"<x/>" * 50_000 + b"</memtune>",
        "1:10: XR101 error: ",
    ),
    "50,000 suppressions": (
        b"<memtune>" + b"<!-- xmlresource: ignore=XR1 -->" * 50_000 + b"</memtune>",
        "1:10: XR701 warning: ",
    ),
    "many elements": (b"<memtune>" + b"<a/>" * 600_000 + b"</memtune>", ": XR004 error: "),
    "UTF-16": (
        f"<?xml version='1.0' encoding='UTF-16'?>\n<!-- é -->{FAULTY}".encode("utf-16"),
        "2:32: XR205 error: ",
    ),
    "UTF-16 of a domain": (
        "<?xml version='1.0' encoding='UTF-16'?>\n"
        "<domain type='kvm'><name>é</name><x/></domain>".encode("utf-16"),
        "2:34: XR601 error: ",
    ),
    "Latin-1": (
        f"<?xml version='1.0' encoding='ISO-8859-1'?><!-- é -->{FAULTY}".encode("latin-1"),
        "1:75: XR205 error: ",
    ),
    "Latin-1 of a domain": (
        "<?xml version='1.0' encoding='ISO-8859-1'?>\n"
        "<domain type='kvm'><name>é</name><x/></domain>".encode("latin-1"),
        "2:34: XR601 error: ",
    ),
    "Latin-1 that says UTF-8": ("<domain>é</domain>".encode("latin-1"), "1:9: XR002 error: "),
    "a byte order mark": (f"\ufeff{FAULTY}".encode(), "1:22: XR205 error: "),
    "CRLF": (FAULTY.replace("><", ">\r\n<").encode(), "2:13: XR205 error: "),
    "a NUL": (b"<memtune>\0</memtune>", "1:10: XR002 error: "),
    "NULs alone": (b"\0" * 1000, ": XR002 error: "),
    "nothing": (b"", "1:1: XR002 error: "),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_hostile_document_is_told_and_the_others_are_checked(tmp_path: Path, name: str) -> None:
    content, told = DOCUMENTS[name]
    (tmp_path / "a.xml").write_bytes(content)
    (tmp_path / "z.xml").write_text(FAULTY)
    # It is named, for in a folder what has a foreign root is skipped.
    status, lines = check(tmp_path, "--excerpt", "./a.xml")
    assert status == 1
    assert any(told in line for line in lines[:-1])
    assert lines[0].startswith("./a.xml:")
    assert max(map(len, lines)) < 400
    assert lines[-1].startswith("./z.xml:1:22: XR205 error: ")


def test_100_mb_are_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.xml").open("wb") as file:
        file.write(b"<memtune>")
        file.truncate(100_000_000)
    (tmp_path / "z.xml").write_text(FAULTY)
    before = os.times().children_user
    status, lines = check(tmp_path)
    assert os.times().children_user - before < 5
    assert status == 1
    assert [line.split(" ")[1] for line in lines] == ["XR004", "XR205"]


def _link_to_nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize("make", [_link_to_nowhere, _link_to_itself])
def test_what_vanished_is_told(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "a.xml")
    (tmp_path / "z.xml").write_text(FAULTY)
    status, lines = check(tmp_path)
    assert status == 2
    assert [line.split(" ")[1] for line in lines] == ["XR001", "XR205"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_cant_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(FAULTY)
    (tmp_path / "a.xml").chmod(0)
    assert check(tmp_path)[0] == 2


def test_pipes_and_sockets_in_a_folder_are_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket has to be short
    os.mkfifo("a.xml")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("b.xml")
        (tmp_path / "z.xml").write_text(FAULTY)
        status, lines = check(tmp_path)
    assert status == 1
    assert len(lines) == 1


def test_a_loop_of_folders_ends(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "loop").symlink_to(tmp_path)
    (tmp_path / "z.xml").write_text(FAULTY)
    assert len(check(tmp_path)[1]) == 1


def test_a_name_that_is_no_text_is_shown(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff\n\x1b.xml")).write_text(FAULTY)
    for output_format in ("text", "json", "sarif", "junit", "github", "gitlab"):
        status, lines = check(tmp_path, "--output-format", output_format)
        assert status == 1
        assert lines
