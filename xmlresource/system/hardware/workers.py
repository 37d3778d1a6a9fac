"""Work on many items in several processes, with results in order.

Processes are forked, so that they begin with all that is loaded; the parent does its share. What a
child could not hand over (it was killed, the system had no process left) is done by the parent.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

Tell: TypeAlias = Callable[[int, int], None]
"""Called with how many items are done, and how many there are."""

# Documents are quick once the schema's automaton has learnt from some hundreds of them. Those the
# parent reads alone, so that its children begin with what it has learnt.
_WARM_UP: Final = 400
_WORTH_A_PROCESS: Final = 2000

_MOST_BY_DEFAULT: Final = 8


def paying_jobs(items: int) -> int:
    """The number of processes that pays for so many items: one for few."""
    worth = (items - _WARM_UP) // _WORTH_A_PROCESS
    return max(1, min(len(os.sched_getaffinity(0)), worth, _MOST_BY_DEFAULT))


def ordered(
    work: Callable[[_Item], _Result], items: Sequence[_Item], jobs: int, tell: Tell
) -> list[_Result]:
    """``work`` of each item, in the order of the items, by ``jobs`` processes.

    Args:
        work: What to do; its results have to be picklable.
        items: On what.
        jobs: How many processes, this one among them.
        tell: Told of progress.
    """
    alone = min(_WARM_UP, len(items) // 2) if jobs > 1 else len(items)
    results: list[Any] = []
    for item in items[:alone]:
        results.append(work(item))
        tell(len(results), len(items))
    rest = items[alone:]
    shares = [rest[share::jobs] for share in range(jobs)]
    shared: list[Any] = [None] * len(rest)
    children = [_Child(work, share) for share in shares[1:]] if rest else []
    try:
        shared[::jobs] = _own_share(
            work, shares[0], lambda done: tell(min(alone + done * jobs, len(items)), len(items))
        )
        for share, child in enumerate(children, start=1):
            handed_over = child.results()
            shared[share::jobs] = (
                [work(item) for item in shares[share]] if handed_over is None else handed_over
            )
    finally:
        for child in children:
            child.end()
    return results + shared


def _own_share(
    work: Callable[[Any], Any], items: Sequence[Any], tell: Callable[[int], None]
) -> list[Any]:
    results = []
    for item in items:
        results.append(work(item))
        tell(len(results))
    return results


class _Child:
    """A process that does a share of the work."""

    def __init__(self, work: Callable[[Any], Any], items: Sequence[Any]) -> None:
        import pickle  # noqa: PLC0415 -- slow to import, and small runs need none

        self._loads = pickle.loads
        self._reader, writer = os.pipe()
        try:
            self._pid = os.fork()
        except OSError:  # no process left: the parent does it
            self._pid = 0
            os.close(writer)
            return
        if self._pid == 0:
            status = 1
            try:
                os.close(self._reader)
                # All at once at the end: a full pipe would make the work wait for its reader.
                with os.fdopen(writer, "wb") as file:
                    pickle.dump([work(item) for item in items], file, pickle.HIGHEST_PROTOCOL)
                status = 0
            finally:
                os._exit(status)
        os.close(writer)

    def results(self) -> list[Any] | None:
        """The results of the child; ``None`` where it failed."""
        with os.fdopen(self._reader, "rb") as file:
            data = file.read()
        self._reader = -1
        if not self._pid:
            return None
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return None if status else self._loads(data)

    def end(self) -> None:
        """Leave no process and no descriptor behind, also where the work was given up."""
        if self._reader >= 0:
            os.close(self._reader)
        if self._pid:
            os.kill(self._pid, 15)
            os.waitpid(self._pid, 0)
