"""Mutations that leave XML well-formed, beside libFuzzer's own, of which few do.

Elements are doubled, moved, taken out, emptied, put around others; libFuzzer changes what is in
them.
"""

import random
import re
from collections.abc import Callable
from typing import Final

_TAG: Final = re.compile(rb"<(/?)([A-Za-z_:][^\s/>]*)[^<>]*?(/?)>")
_MOST_TAGS: Final = 400


def mutate(data: bytes, longest: int, seed: int, own: Callable[[bytes, int], bytes]) -> bytes:
    """``data`` changed: half of the time by ``own``, libFuzzer's."""
    chance = random.Random(seed)  # noqa: S311 -- repeatable, not secret
    elements = _elements(data)
    if not elements or chance.random() < 0.5:
        return own(data, longest)
    for _ in range(chance.randint(1, 3)):
        changed = chance.choice(_CHANGES)(data, elements, chance)
        if len(changed) <= longest:
            data = changed
        elements = _elements(data)
        if not elements:
            break
    return data


Element = tuple[int, int, int, int]
"""Where it begins, where its content begins and ends, where it ends."""


def _elements(data: bytes) -> list[Element]:
    found: list[Element] = []
    opened: list[tuple[bytes, int, int]] = []
    for count, match in enumerate(_TAG.finditer(data)):
        if count > _MOST_TAGS:
            break
        closing, name, empty = match.groups()
        if empty:
            found.append((match.start(), match.end(), match.end(), match.end()))
        elif not closing:
            opened.append((name, match.start(), match.end()))
        elif opened and opened[-1][0] == name:
            _, start, inner = opened.pop()
            found.append((start, inner, match.start(), match.end()))
    return found


def _double(data: bytes, elements: list[Element], chance: random.Random) -> bytes:
    start, _, _, end = chance.choice(elements)
    return data[:end] + data[start:end] + data[end:]


def _remove(data: bytes, elements: list[Element], chance: random.Random) -> bytes:
    start, _, _, end = chance.choice(elements)
    return data[:start] + data[end:]


def _empty(data: bytes, elements: list[Element], chance: random.Random) -> bytes:
    _, start, end, _ = chance.choice(elements)
    return data[:start] + data[end:]


def _copy(data: bytes, elements: list[Element], chance: random.Random) -> bytes:
    """One element in front of another, or into it."""
    start, _, _, end = chance.choice(elements)
    place = chance.choice(chance.choice(elements)[:3])
    return data[:place] + data[start:end] + data[place:]


def _replace(data: bytes, elements: list[Element], chance: random.Random) -> bytes:
    start, _, _, end = chance.choice(elements)
    from_, _, _, to = chance.choice(elements)
    return data[:start] + data[from_:to] + data[end:]


def _wrap(data: bytes, elements: list[Element], chance: random.Random) -> bytes:
    start, _, _, end = chance.choice(elements)
    from_, inner, content_end, to = chance.choice(elements)
    return data[:start] + data[from_:inner] + data[start:end] + data[content_end:to] + data[end:]


def _set_content(data: bytes, elements: list[Element], chance: random.Random) -> bytes:
    _, start, end, _ = chance.choice(elements)
    return data[:start] + chance.choice(_TEXTS) + data[end:]


_TEXTS: Final = (
    *(b"0", b"1", b"-1", b" 4096 ", b"18446744073709551615", b"9007199254740991", b"9" * 400),
    *(b"unlimited", b"auto", b"\xc2\xa0 1", b"1\n", b"<!-- -->1", b"<![CDATA[1]]>", b"&#49;"),
    *(b"../../etc/passwd", b"\xe2\x80\xae\xcc\x88", b"a" * 300, b"&#27;[31m", b"&#155;", b"1e9"),
    *(b"&#x202e;", b"::error::", b"%0A::error::", b"##[error]", b"$(id)`id`;'\"", b"1 GiB"),
)
_CHANGES: Final = (_double, _remove, _empty, _copy, _replace, _wrap, _set_content)
