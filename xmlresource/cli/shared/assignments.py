"""``NAME=VALUE`` among the words of a command line."""

from collections.abc import Sequence

from xmlresource.cli.shared.usage import UsageError
from xmlresource.formats.assignments import Assigned, parse_assignments
from xmlresource.formats.quantity_names import split_name


def is_assignment(word: str) -> bool:
    """Whether a word is an assignment and no path: ``./a=b.xml`` is a path.

    What is of a device may begin with the device's path: ``/dev/sda.iops_hard_limit.read=500``.
    """
    name, equals, _ = word.partition("=")
    is_of_device = split_name(name)[0] is not None
    return bool(equals) and (is_of_device or name.replace("_", "").replace("-", "").isalpha())


def assigned(words: Sequence[str]) -> dict[str, Assigned]:
    """The assignments that the words of a command line make.

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
