"""Write the man pages and the completion of all commands: ``python manual FOLDER``.

They are made from the program's own parsers and tables: no option, command or setting is missing.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from manual.completion import completions
from manual.pages import pages


def main(folder: Path) -> int:
    """Write all of it below ``folder``, where a package would install it below ``/usr/share``."""
    for path, text in {**pages(), **completions()}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != len(("manual", "FOLDER")):
        sys.exit("usage: python manual FOLDER")
    sys.exit(main(Path(sys.argv[1])))
