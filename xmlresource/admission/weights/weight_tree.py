"""The cgroups of a controller as a tree, as far down as something is promised."""

from collections.abc import Iterable, Mapping

from xmlresource.admission.weights.floor_weights import Neighbour, PromisedGroup
from xmlresource.record import field, record


@record
class WeighedFolder:
    """A cgroup above guests that are promised something.

    Attributes:
        own: The weight that it has without promises.
        children: The weights of all cgroups in it, by name.
        cap: The most that all in it can have; ``None`` for no limit.
    """

    own: int
    children: Mapping[str, int] = field(default_factory=dict)
    cap: int | None = None


@record
class WeighedGuest:
    """A guest that is promised something.

    Attributes:
        path: The cgroup whose weight counts beside others.
        own: The weight that it has without a promise.
        guarantee: What it is promised, in thousandths.
    """

    path: str
    own: int
    guarantee: int


def folders_above(root: str, guests: Iterable[WeighedGuest]) -> tuple[str, ...]:
    """The cgroups above these guests, from ``root``, which is the first, down."""
    found = dict.fromkeys((root,))
    for guest in guests:
        at = root
        for name in _names(root, guest.path)[:-1]:
            at = _join(at, name)
            found[at] = None
    return tuple(found)


def tree_of(
    root: str,
    guests: Iterable[WeighedGuest],
    folders: Mapping[str, WeighedFolder],
    usual: int,
) -> PromisedGroup:
    """The tree below ``root``.

    Args:
        root: The cgroup at the top.
        guests: Those that are promised something.
        folders: The cgroups above them; one that is missing does not exist yet.
        usual: The weight of a cgroup that will be made.
    """
    below: dict[str, list[WeighedGuest]] = {}
    leaves = []
    for guest in guests:
        first, *rest = _names(root, guest.path)
        if rest:
            below.setdefault(first, []).append(guest)
        else:
            leaves.append(PromisedGroup(guest.path, guest.own, guest.guarantee))
    here = folders.get(root, WeighedFolder(usual))
    inner = [tree_of(_join(root, name), there, folders, usual) for name, there in below.items()]
    with_promises = {each.path for each in (*leaves, *inner)}
    return PromisedGroup(
        path=root,
        own=here.own,
        below=(*leaves, *inner),
        neighbours=tuple(
            Neighbour(name, weight)
            for name, weight in here.children.items()
            if _join(root, name) not in with_promises
        ),
        cap=here.cap,
    )


def _join(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}"


def _names(root: str, path: str) -> list[str]:
    """The way down from ``root``."""
    return path[len(root.rstrip("/")) + 1 :].split("/")
