"""``NAME=VALUE`` among the words of a command line."""

from collections.abc import Sequence

from xmlresource.cli.usage import UsageError
from xmlresource.model.assignments import Assigned, parse_assignments


def is_assignment(word: str) -> bool:
    """Whether a word is an assignment and no path: ``./a=b.xml`` is a path."""
    name, equals, _ = word.partition("=")
    return bool(equals) and name.replace("_", "").replace("-", "").isalpha()


def assigned(words: Sequence[str]) -> dict[str, Assigned]:
    """What the words assign.

    Raises:
        UsageError: They can't be read, or there are none.
    """
    if not words:
        raise UsageError("nothing to set; write, say, hard_limit=4GiB")
    found = parse_assignments(words)
    if found.faults:
        raise UsageError(
            "; ".join(f"{fault.text}: {fault.problem}; {fault.cure}" for fault in found.faults)
        )
    return found.amounts
