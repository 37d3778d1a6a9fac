"""Whether a rule of ours could have anything to say of a domain, told from its bytes alone.

Reading a document's tree takes most of the time of a check, and most documents of a repository hold
nothing that our rules are about. What is said here is on the safe side: a document is let off only
where it surely has none of that. It is asked of documents that libvirt's schema finds valid.
"""

import re
from typing import Final

_SIGNS: Final = (
    b"memtune",
    b"resource",
    b"<shares",
    b"<blkiotune",
    b"commandline",
    b"nvme",
    # A character reference can spell any of these, and UTF-16 hides them all.
    b"&#",
    b"\0",
)

# Below <metadata> one element with a prefix of its own, as virt-install writes: libvirt keeps it.
_ONE_CHILD: Final = re.compile(
    rb"<metadata>\s*<([\w.-]+):([\w.-]+) xmlns:\1=(?:\"[^\"<]*\"|'[^'<]*')>"
    rb"(?:(?!</\1:\2>|<metadata)[\s\S])*</\1:\2>\s*</metadata>"
)
_CURRENT: Final = b"<currentMemory"
_MEMORY: Final = b"<memory"
_SIZE: Final = re.compile(rb"( unit=(?:'[A-Za-z]+'|\"[A-Za-z]+\"))?>([0-9]{1,15})<")


def may_concern_rules(data: bytes) -> bool:
    """Tell whether a rule may be about the domain in ``data``."""
    for sign in _SIGNS:  # no any(): a generator takes as long as the search
        if sign in data:
            return True
    return _metadata_may_go(data) or _memory_may_differ(data)


def _metadata_may_go(data: bytes) -> bool:
    return b"<metadata" in data and (
        data.count(b"<metadata") > 1 or _ONE_CHILD.search(data) is None
    )


def _memory_may_differ(data: bytes) -> bool:
    """Whether more memory may be current than there is; both in one unit can be compared."""
    place = data.find(_CURRENT)
    if place < 0:
        return False
    current = _SIZE.match(data, place + len(_CURRENT))
    memory = _SIZE.match(data, data.find(_MEMORY) + len(_MEMORY))
    if current is None or memory is None or data.find(_CURRENT, place + 1) >= 0:
        return True
    units = [(match[1] or b"").replace(b'"', b"'") for match in (current, memory)]
    return units[0] != units[1] or int(current[2]) > int(memory[2])
