"""All benchmarks: ``make bench``, or some: ``python benchmarks hook validate``.

What follows the name of one goes to it: ``python benchmarks validate --turns 3``; a word that is no
option after ``--``: ``python benchmarks validate -- FOLDER``.
"""

import argparse
import itertools
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent
NOT_RUN = {"__main__", "other_values", "side_by_side"}


def main() -> None:
    """Run those that are named, or all."""
    found = {path.stem: path for path in sorted(HERE.glob("*.py")) if path.stem not in NOT_RUN}
    names, words = _parsed(tuple(found))
    sys.path[:0] = [str(HERE), str(HERE.parent)]
    for name in names:
        sys.stdout.flush()
        sys.argv = [str(found[name]), *words]  # a benchmark would take ours for its own
        runpy.run_path(str(found[name]), run_name="__main__")


def _parsed(known: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The names of benchmarks, and the words for the one that is named."""
    parser = argparse.ArgumentParser(
        prog="python benchmarks",
        usage="%(prog)s [-h] [NAME ...]\n       %(prog)s NAME OPTION ...\n"
        "       %(prog)s NAME -- WORD ...",
        description="Run benchmarks; all of them where none is named.",
    )

    def name(word: str) -> str:
        if word not in known:
            raise argparse.ArgumentTypeError(f"no benchmark {word!r}: there are {', '.join(known)}")
        return word

    parser.add_argument("names", metavar="NAME", nargs="*", type=name, help=", ".join(known))
    given = sys.argv[1:]
    before = list(itertools.takewhile(lambda word: not word.startswith("-"), given))
    words = given[len(before) :]
    names = parser.parse_args(before or words[:1]).names
    if words and len(names) != 1:
        parser.error(f"{words[0]}: options are for one benchmark: name it, and no other")
    return names or list(known), words[words[:1] == ["--"] :]


if __name__ == "__main__":
    main()
