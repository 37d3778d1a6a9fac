"""The command `validate` beside its peers: whole processes over the same files, in turn.

Takes libvirt's own test domains: all of them, those that are valid by the installed schema, many
more of those with new names, paths and uuids (with one and several processes), one. Ours is
measured as it is run again and again, when it remembers what it found in unchanged files, and with
``--no-cache``, when it begins anew but for the grammar.

    python benchmarks/validate.py [FOLDER] [--turns N]
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

from other_values import with_new_values
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
    schema.validate(etree.parse(path))
"""


def main() -> None:
    """Run all measurements and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=corpus())
    parser.add_argument("--turns", type=int, default=7)
    options = parser.parse_args()
    if options.folder is None or not SCHEMA.is_file():
        print("benchmarks/validate.py: needs libvirt's schemas and a folder of domains")
        return
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        everything, few, many = place / "all", place / "few", place / "many"
        total, count = sort_out(options.folder, everything, few, many)

        def ours(path: Path, *words: str) -> Contestant:
            command = [sys.executable, "-m", "xmlresource", "validate", "--exit-zero", *words, path]
            environment = {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(place / "caches")}
            title = " ".join(["xmlresource validate", *words])
            return Contestant(title, command, environment=environment)

        def both(path: Path) -> list[Contestant]:
            return [ours(path), ours(path, "--no-cache"), *peers(path)]

        title = f"{total} domains, {total - count} of them invalid"
        compare(title, both(everything), options.turns)
        compare(f"{count} valid domains", both(few), options.turns)
        jobs = dict.fromkeys(("1", str(len(os.sched_getaffinity(0)))))
        shared = [ours(many, "--no-cache", "--jobs", number) for number in jobs]
        title = f"{count * COPIES} domains"
        compare(title, [ours(many), *shared, *peers(many)], max(options.turns // 2, 1))
        one = min(few.iterdir())
        compare("One domain", both(one), options.turns * 2)


def corpus() -> Path | None:
    """The folder of libvirt's test domains; ``None`` where there is none."""
    named = os.environ.get("XMLRESOURCE_CORPUS")
    above = [parent / "shared" / "corpus" / "libvirt-domains" for parent in ROOT.parents]
    places = [Path(named)] if named else above
    return next((place for place in places if place.is_dir()), None)


def sort_out(folder: Path, everything: Path, few: Path, many: Path) -> tuple[int, int]:
    """Copy the domains of ``folder``: all, the valid ones, and those often with new values."""
    for place in (everything, few, many):
        place.mkdir()
    schema = Schema.load(SCHEMA)
    chance = random.Random(1)  # noqa: S311 -- repeatable, not secret
    total = count = 0
    for total, path in enumerate(sorted(folder.rglob("*.xml")), start=1):
        data = path.read_bytes()
        (everything / f"{total:04}.xml").write_bytes(data)
        if not schema.is_valid(data):
            continue
        count += 1
        (few / f"{count:04}.xml").write_bytes(data)
        for copy in range(COPIES):
            (many / f"{copy}-{count:04}.xml").write_bytes(with_new_values(data, chance))
    return total, count


def peers(path: Path) -> list[Contestant]:
    """Other validators, which check the same files by the same schema."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    found = [Contestant("lxml, a process", [sys.executable, "-c", LXML, SCHEMA, *files])]
    if xmllint := shutil.which("xmllint"):
        # It takes fewer than a thousand files at once.
        words = ["xargs", "-n", "900", xmllint, "--noout", "--relaxng", str(SCHEMA)]
        names = "\n".join(map(str, files)).encode()
        found.insert(0, Contestant("xmllint --noout --relaxng", words, stdin=names, may_fail=True))
    # It stops at a document that is not well-formed, and knows no more files than fit a command.
    few_enough = len(files) == 1 or path.name == "few"
    if (jing := shutil.which("jing")) and few_enough:
        found.append(Contestant("jing", [jing, SCHEMA, *files]))
    return found


if __name__ == "__main__":
    main()
