"""The known name that was meant by an unknown one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SEPARATORS = str.maketrans("", "", "_-. ")
_REPEATED = re.compile(r"(.)\1+")
_MAX_LENGTH = 60


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that the name is most probably a misspelling of, if any is likely.

    A third of the shorter name may differ; what differs in case or separators only is nearer than
    anything else.
    """
    if len(name) > _MAX_LENGTH:
        return None
    best: tuple[float, str] | None = None
    folded = name.lower()
    for candidate in sorted(candidates):
        score = _score(folded, candidate.lower())
        if score is not None and (best is None or score < best[0]):
            best = (score, candidate)
    return best[1] if best else None


def _score(name: str, candidate: str) -> float | None:
    if name == candidate:
        return 0.1
    if name.translate(_SEPARATORS) == candidate.translate(_SEPARATORS):
        return 0.5
    # Of a word of one or two letters, another letter makes another word.
    cap = max(max(len(name), len(candidate)) > 2, min(len(name), len(candidate)) // 3)  # noqa: PLR2004
    found = distance(name, candidate, cap)
    if found > cap:
        return None
    # Of two as near: rather letters swapped or repeated than one wrong, rather one left out than
    # one too many, and rather a wrong letter inside than the first one.
    swapped = sorted(name) == sorted(candidate)
    repeated = _REPEATED.sub(r"\1", name) == _REPEATED.sub(r"\1", candidate)
    penalty = 0.2 * (name[:1] != candidate[:1]) + 0.1 * (len(candidate) < len(name))
    return found + penalty - 0.4 * (swapped or repeated)


def distance(left: str, right: str, cap: int) -> int:
    """Return how many letters to insert, delete, replace or swap; ``cap + 1`` where it is more."""
    if abs(len(left) - len(right)) > cap:
        return cap + 1
    before: list[int] = []
    above = list(range(len(right) + 1))
    for i, x in enumerate(left, 1):
        row = [i]
        for j, y in enumerate(right, 1):
            cost = min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y))
            if before and j > 1 and x == right[j - 2] and left[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > cap:
            return cap + 1
        before, above = above, row
    return min(above[-1], cap + 1)
