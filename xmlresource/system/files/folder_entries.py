"""The entries of a folder, and what each is."""

import os


def entries_of(folder: str) -> "list[os.DirEntry[str]]":
    """The entries of a folder (here for an empty name); none where it can't be read."""
    try:
        with os.scandir(folder or ".") as scanned:
            return list(scanned)
    except OSError:
        return []


def is_own_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether it is a folder, and no link to one, which may lead in a circle."""
    return entry.is_dir(follow_symlinks=False)


def is_hidden(entry: "os.DirEntry[str]") -> bool:
    """Whether its name begins with a dot."""
    return entry.name.startswith(".")


def may_be_file(entry: "os.DirEntry[str]") -> bool:
    """Whether it is no folder, pipe, socket or device.

    A link to nowhere, or in a circle, is a document that can't be read.
    """
    try:
        return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))
    except OSError:
        return True
