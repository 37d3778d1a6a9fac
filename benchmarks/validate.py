"""The command `validate` beside its peers: whole processes over the same files, in turn.

Takes libvirt's own test domains that are valid by the installed schema, so that all have the same
to do: many files, many more with one and several processes, one file.

    python benchmarks/validate.py [FOLDER] [--turns N]
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from side_by_side import Contestant, compare

from xmlresource.relaxng import Schema

ROOT = Path(__file__).parents[1]
SCHEMA = Path("/usr/share/libvirt/schemas/domain.rng")
COPIES = 8
LXML = """
import sys
from lxml import etree
schema = etree.RelaxNG(etree.parse(sys.argv[1]))
for path in sys.argv[2:]:
    if not schema.validate(etree.parse(path)):
        sys.exit(f"{path} is invalid")
"""


def main() -> None:
    """Run all measurements and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=_corpus())
    parser.add_argument("--turns", type=int, default=7)
    options = parser.parse_args()
    if options.folder is None or not SCHEMA.is_file():
        print("benchmarks/validate.py: needs libvirt's schemas and a folder of domains")
        return
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        few, many = place / "few", place / "many"
        count = _copy_valid(options.folder, few, many)
        compare(f"{count} domains", [_ours(few), *_peers(few)], options.turns)
        jobs = ("1", str(len(os.sched_getaffinity(0))))
        shared = [_ours(many, "--jobs", number) for number in dict.fromkeys(jobs)]
        title = f"{count * COPIES} domains"
        compare(title, [_ours(many), *shared, *_peers(many)], max(options.turns // 2, 1))
        one = min(few.iterdir())
        compare("One domain", [_ours(one), *_peers(one)], options.turns * 2)


def _corpus() -> Path | None:
    named = os.environ.get("XMLRESOURCE_CORPUS")
    above = [parent / "shared" / "corpus" / "libvirt-domains" for parent in ROOT.parents]
    places = [Path(named)] if named else above
    return next((place for place in places if place.is_dir()), None)


def _copy_valid(folder: Path, few: Path, many: Path) -> int:
    """Copy the valid domains of ``folder``: once, and several times."""
    few.mkdir()
    many.mkdir()
    schema = Schema.load(SCHEMA)
    valid = [path for path in sorted(folder.rglob("*.xml")) if schema.is_valid(path.read_bytes())]
    for number, path in enumerate(valid):
        shutil.copy(path, few / f"{number:04}.xml")
        for copy in range(COPIES):
            shutil.copy(path, many / f"{copy}-{number:04}.xml")
    return len(valid)


def _ours(path: Path, *options: str) -> Contestant:
    command = [sys.executable, "-m", "xmlresource", "validate", "--exit-zero", *options, path]
    environment = {"PYTHONPATH": str(ROOT)}
    return Contestant(
        " ".join(["xmlresource validate", *options]), command, environment=environment
    )


def _peers(path: Path) -> list[Contestant]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    peers = [Contestant("lxml, a process", [sys.executable, "-c", LXML, SCHEMA, *files])]
    if xmllint := shutil.which("xmllint"):
        # It takes fewer than a thousand files at once.
        words = ["xargs", "-n", "900", xmllint, "--noout", "--relaxng", str(SCHEMA)]
        names = "\n".join(map(str, files)).encode()
        peers.insert(0, Contestant("xmllint --noout --relaxng", words, stdin=names))
    if (jing := shutil.which("jing")) and len(files) == 1:
        peers.append(Contestant("jing", [jing, SCHEMA, *files]))
    return peers


if __name__ == "__main__":
    main()
