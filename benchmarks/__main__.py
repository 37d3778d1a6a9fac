"""All benchmarks: `make bench`, or one: `python benchmarks hook`."""

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent
NOT_RUN = {"__main__", "other_values", "side_by_side"}


def main() -> None:
    """Run those that are named, or all."""
    sys.path[:0] = [str(HERE), str(HERE.parent)]
    found = {path.stem: path for path in sorted(HERE.glob("*.py")) if path.stem not in NOT_RUN}
    names = sys.argv[1:] or list(found)
    del sys.argv[1:]  # a benchmark would take them for its own
    for name in names:
        sys.stdout.flush()
        runpy.run_path(str(found[name]), run_name="__main__")


if __name__ == "__main__":
    main()
