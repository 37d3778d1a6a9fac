"""A first run of `validate` beside xmllint, lxml and jing: CPU time over libvirt's valid domains.

A first run has not seen the documents: `--no-cache`. What it may know is what was learnt of the
schema, so there are three: after a run over the same documents, over the other half of them, and
after none, when the schema itself has to be compiled. A run that remembers its findings comes last.

    python benchmarks/first_run.py [FOLDER] [--turns N]
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from side_by_side import Contestant, compare
from validate import ROOT, SCHEMA, corpus, peers, sort_out


def main() -> None:
    """Run all measurements and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=corpus())
    parser.add_argument("--turns", type=int, default=7)
    options = parser.parse_args()
    if options.folder is None or not SCHEMA.is_file() or shutil.which("xmllint") is None:
        print("benchmarks/first_run.py: needs xmllint, libvirt's schemas and a folder of domains")
        return
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        few = place / "few"
        _, count = sort_out(options.folder, place / "all", few, place / "many")
        halves = [place / "odd", place / "even"]
        for number, path in enumerate(sorted(few.iterdir())):
            half = halves[number % 2]
            half.mkdir(exist_ok=True)
            shutil.copy(path, half)
        first = [
            *peers(few),
            _ours("taught by the same documents", place, few, [few]),
            _ours("never run before", place, few, []),
            _ours("findings remembered", place, few, [few], words=[]),
        ]
        compare(f"{count} valid domains, ratios to xmllint", first, options.turns)
        other = [
            *peers(halves[1]),
            _ours("taught by other documents", place, halves[1], [halves[0]]),
        ]
        compare("Every second of them", other, options.turns)
        one = min(few.iterdir())
        single = [
            *peers(one),
            _ours("taught by many", place, one, [few]),
            _ours("never run before", place, one, []),
        ]
        compare("One of them", single, options.turns)


def _ours(
    title: str, place: Path, path: Path, before: list[Path], words: list[str] | None = None
) -> Contestant:
    """Our command, which finds what runs over other folders have left, and nothing else."""
    name = title.replace(" ", "-")
    left, caches = place / f"left-{name}-{path.name}", place / f"caches-{name}-{path.name}"
    left.mkdir()
    chosen = ["--no-cache"] if words is None else words
    command = [sys.executable, "-m", "xmlresource", "validate", "--exit-zero", *chosen]

    def environment(folder: Path) -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder)}

    for folder in before:
        subprocess.run([*command, folder], env=environment(left), capture_output=True, check=True)

    def restore() -> None:
        shutil.rmtree(caches, ignore_errors=True)
        shutil.copytree(left, caches)

    title = f"validate, {title}"
    return Contestant(title, [*command, path], environment=environment(caches), before=restore)


if __name__ == "__main__":
    main()
