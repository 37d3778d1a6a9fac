"""Documents of the same shape for other guests."""

import random
import re


def with_new_values(document: bytes, chance: random.Random) -> bytes:
    """Return a document of the same shape for another guest: new uuid, name, paths, addresses."""

    def digits(match: re.Match[bytes]) -> bytes:
        return b"%s%06d" % (match[0], chance.randrange(10**6))

    def hexadecimal(match: re.Match[bytes]) -> bytes:
        return b"".join(b"%x" % chance.randrange(16) if c != b"-" else c for c in _each(match[0]))

    document = re.sub(rb"<name>[^<]*|['\"]/[A-Za-z0-9/._-]+", digits, document)
    return re.sub(rb"(?<=<uuid>)[0-9a-f-]{36}", hexadecimal, document)


def _each(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]
