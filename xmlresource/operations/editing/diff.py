"""The difference between two documents, for a person and for ``patch``."""

from difflib import unified_diff

_NO_FINAL_NEWLINE = "\\ No newline at end of file\n"


def unified(before: bytes, after: bytes, name: str) -> str:
    """A unified diff; empty where nothing changed.

    Bytes that are not UTF-8 come as surrogates, so that writing them with ``surrogateescape``
    gives the bytes again.
    """
    lines = unified_diff(_lines(before), _lines(after), f"a/{name}", f"b/{name}", n=3)
    return "".join(
        line if line.endswith("\n") else f"{line}\n{_NO_FINAL_NEWLINE}" for line in lines
    )


def _lines(data: bytes) -> list[str]:
    """The lines as ``patch`` sees them: ended by a line feed and nothing else."""
    text = data.decode("utf-8", "surrogateescape")
    pieces = text.split("\n")
    lines = [f"{piece}\n" for piece in pieces[:-1]]
    return [*lines, pieces[-1]] if pieces[-1] else lines
