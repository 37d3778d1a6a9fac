"""Measures the RELAX NG engine beside lxml, xmllint and jing: same files, same run.

    python benchmarks/relaxng.py [FOLDER] [--schema PATH] [--rounds N]

FOLDER holds documents (``*.xml``, also in folders below). Times are processor times, the best of
the rounds, which are interleaved, so that a busy machine disturbs all alike; of interest are the
ratios, to lxml. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.parsers import expat

from lxml import etree
from other_values import with_new_values

from xmlresource.relaxng import Schema

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
OURS = """
import sys
from xmlresource.relaxng import Schema
schema = Schema.load(sys.argv[1], cache_dir=sys.argv[2] or None)
for path in sys.argv[3:]:
    with open(path, "rb") as file:
        schema.is_valid(file.read())
"""
LXML = """
import sys
from lxml import etree
schema = etree.RelaxNG(etree.parse(sys.argv[1]))
for path in sys.argv[3:]:
    with open(path, "rb") as file:
        schema.validate(etree.fromstring(file.read()))
"""


def main() -> None:
    """Run all measurements and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=_default_folder())
    parser.add_argument("--schema", type=Path, default="/usr/share/libvirt/schemas/domain.rng")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.folder is None:
        parser.error("no corpus found: give a folder of documents")
    paths = sorted(options.folder.rglob("*.xml"))
    print(f"{len(paths)} documents, {sum(path.stat().st_size for path in paths):,} bytes\n")
    per_document(options.schema, paths, options.rounds)
    with tempfile.TemporaryDirectory() as cache:
        whole_process(options.schema, paths, options.rounds, cache)
    one_large_document(options.schema, options.rounds)
    adversarial()


def _default_folder() -> Path | None:
    places = [os.environ.get("XMLRESOURCE_CORPUS", "")]
    places += [str(parent / "shared" / "corpus") for parent in (ROOT.parent, ROOT.parent.parent)]
    return next((Path(place) for place in places if place and Path(place).is_dir()), None)


def table(title: str, rows: list[tuple[str, float]], unit: str, reference: str) -> None:
    """Print measurements with their ratio to one of them."""
    base = dict(rows).get(reference)
    print(title)
    for name, value in rows:
        ratio = f"{value / base:8.2f} x" if base else ""
        print(f"  {name:42}{value:10.1f} {unit}{ratio}")
    print()


def _now() -> float:
    """Return the processor time of this process and of the programs it ran.

    Not the time on the wall, in which a shared machine shows what else it does.
    """
    own, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def best(rounds: int, runs: dict[str, Callable[[], object]]) -> list[tuple[str, float]]:
    """Return the least seconds of each run; a round is one of each."""
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            begin = _now()
            run()
            least[name] = min(least[name], _now() - begin)
    return list(least.items())


def per_document(path: Path, paths: list[Path], rounds: int) -> None:
    """Measure in one process: documents that the schema has not seen, and that it has."""
    documents = [path.read_bytes() for path in paths]
    chance = random.Random(1)  # noqa: S311  # repeatable, not secret
    chance.shuffle(documents)
    half = len(documents) // 2
    known, unseen = documents[:half], documents[half:]
    libxml2 = etree.RelaxNG(etree.parse(str(path)))
    most = len(documents) * 9 // 10
    rest = documents[most:]
    fresh = [with_new_values(document, chance) for document in unseen]
    seconds = {
        "ours, other half of the corpus": float("inf"),
        "ours, the last tenth after the others": float("inf"),
        "ours, the same again": float("inf"),
        "ours, known shapes but new values": float("inf"),
    }
    others = dict.fromkeys(
        ("lxml, parse and validate", "lxml, the last tenth", "lxml, parse",
         "expat, handlers that do nothing"), float("inf"),
    )  # fmt: skip

    def validate(data: bytes) -> object:
        return libxml2.validate(etree.fromstring(data))

    for _ in range(rounds):
        schema = Schema.load(path, cache_dir=None)
        for document in known:
            schema.is_valid(document)
        warmer = Schema.load(path, cache_dir=None)
        for document in documents[:most]:
            warmer.is_valid(document)
        batches = ((schema, unseen), (warmer, rest), (schema, unseen), (schema, fresh))
        for name, (which, batch) in zip(list(seconds), batches, strict=True):
            seconds[name] = min(seconds[name], _time(batch, which.is_valid) / len(batch))
        for name, check, batch in (
            ("lxml, parse and validate", validate, unseen),
            ("lxml, the last tenth", validate, rest),
            ("lxml, parse", etree.fromstring, unseen),
            ("expat, handlers that do nothing", _parse, unseen),
        ):
            others[name] = min(others[name], _time(batch, check) / len(batch))
    invalid = [document for document in documents if not schema.is_valid(document)]
    explained = _time(invalid, schema.diagnose) if invalid else 0.0
    rows = [(name, value * 1e6) for name, value in {**seconds, **others}.items()]
    if invalid:
        rows.append(("ours, diagnose an invalid document", explained / len(invalid) * 1e6))
    table("Per document, warm, one core", rows, "us", "lxml, parse and validate")


def _parse(data: bytes) -> None:
    """Read a document as the engine's slow way has to, and do nothing."""
    parser = expat.ParserCreate(None, " ")
    parser.buffer_text = parser.ordered_attributes = True
    parser.StartElementHandler = lambda _, __: None
    parser.EndElementHandler = lambda _: None
    parser.CharacterDataHandler = lambda _: None
    with contextlib.suppress(expat.ExpatError):
        parser.Parse(data, True)  # noqa: FBT003  # expat takes no keywords


def _time(documents: list[bytes], check: Callable[[bytes], object]) -> float:
    gc.collect()  # what other batches and schemas have left behind is not this one's
    begin = _now()
    for document in documents:
        check(document)
    return _now() - begin


def whole_process(schema: Path, paths: list[Path], rounds: int, cache: str) -> None:
    """Measure programs from start to end: all files, and one."""
    for title, files in ((f"{len(paths)} files", paths), ("one file", paths[:1])):
        names = [str(path) for path in files]
        commands = {
            "lxml": [sys.executable, "-c", LXML, str(schema), "", *names],
            "ours, cached grammar": [sys.executable, "-c", OURS, str(schema), cache, *names],
            "ours, no cache": [sys.executable, "-c", OURS, str(schema), "", *names],
            "python, doing nothing": [sys.executable, "-c", ""],
        }
        if xmllint := shutil.which("xmllint"):
            commands["xmllint"] = [xmllint, "--noout", "--relaxng", str(schema), *names]
        if jing := shutil.which("jing"):
            commands["jing"] = [jing, str(schema), *names]
        runs = {name: _program(command) for name, command in commands.items()}
        rows = [(name, value * 1e3) for name, value in best(rounds, runs)]
        table(f"Whole process, {title}", rows, "ms", "lxml")


def _program(command: list[str]) -> Callable[[], object]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return lambda: subprocess.run(command, capture_output=True, check=False, env=environment)


def one_large_document(path: Path, rounds: int) -> None:
    """Measure a domain with many disks."""
    disk = (
        b"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        b"<source file='/var/lib/%d'/><target dev='vda' bus='virtio'/></disk>\n"
    )
    head = (
        b"<domain type='kvm'><name>a</name><memory>1</memory><os><type>hvm</type></os><devices>\n"
    )
    data = head + b"".join(disk % i for i in range(40_000)) + b"</devices></domain>"
    schema = Schema.load(path, cache_dir=None)
    libxml2 = etree.RelaxNG(etree.parse(str(path)))
    before = _peak()
    rows = best(1, {"ours": lambda: schema.is_valid(data)})
    grown = _peak() - before
    rows = best(min(rounds, 3), {
        "ours": lambda: schema.is_valid(data),
        "lxml": lambda: libxml2.validate(etree.fromstring(data)),
    })  # fmt: skip
    table(
        f"One document of {len(data) / 1e6:.1f} MB (ours takes {grown} MB more memory for it)",
        [(name, value * 1e3) for name, value in rows], "ms", "lxml",
    )  # fmt: skip


def adversarial() -> None:
    """Measure an interleave of 40 elements with children in random order, in a process apart."""
    program = (ROOT / "tests" / "relaxng" / "test_hostile.py").read_text("utf-8")
    script = program.partition('MEMORY = """')[2].partition('"""')[0].replace("\\\\", "\\")
    begin = _now()
    done = subprocess.run(
        [sys.executable, "-c", script, "10000"], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    seconds = _now() - begin
    print("10,000 documents (and 10,000 invalid ones) with 20 to 40 children in random order")
    print(f"  {seconds / 20_000 * 1e3:.2f} ms each, peak memory {done.stdout.strip()} MB")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
