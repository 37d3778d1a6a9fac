"""Promises put together, for decisions about one guest after another. Sizes are in bytes.

``decide`` looks at each promise. Where it is asked about a thousand guests that are still to
start, each beside those before it, that would be half a million looks. Most promises differ in
nothing that a rule asks but their sizes, and of these the rules ask for three sums: what is
committed, what is kept, what is untouched.
"""

from collections.abc import Iterable

from xmlresource.promises.promise import Held, Promise, PromiseState


def merged(held: Iterable[Held]) -> tuple[Held, ...]:
    """Fewer promises, beside which ``decide`` finds the same room for any guest without one.

    Those that are bound to nodes stay as they are, and those that are about to take hugepages: the
    rules that ask for these ask each promise for more than a sum.
    """
    apart: list[Held] = []
    together: dict[tuple[str | None, str | None], list[Held]] = {}
    for each in held:
        promise = each.promise
        if promise.shares or (promise.hugepages and promise.state is PromiseState.STARTING):
            apart.append(each)
        else:
            together.setdefault((_parent(promise), promise.partition), []).append(each)
    return (*apart, *(_one(parent, part, each) for (parent, part), each in together.items()))


def _one(parent: str | None, partition: str | None, held: list[Held]) -> Held:
    """One promise with the sums of these."""
    kept = sum(each.kept for each in held)
    promise = Promise(
        uuid="",
        name="",
        driver="",
        size=sum(each.promise.committed for each in held),
        state=PromiseState.RUNNING,
        parent=parent,
        partition=partition,
        # What some of them have beyond their need: no other needs the less for it.
        at_once=kept + sum(each.untouched for each in held),
    )
    return Held(promise, charged=kept)


def _parent(promise: Promise) -> str | None:
    """The cgroup below which the guest's own is: no limit of the rules' is on a guest's own."""
    if promise.cgroup is None:
        return promise.parent
    return promise.cgroup.rpartition("/")[0]
