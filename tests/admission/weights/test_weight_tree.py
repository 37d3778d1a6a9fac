import pytest

from xmlresource.admission.weights.floor_weights import Neighbour, PromisedGroup
from xmlresource.admission.weights.weight_tree import (
    WeighedFolder,
    WeighedGuest,
    folders_above,
    tree_of,
)

A = WeighedGuest("/machine/a", 100, 500)
B = WeighedGuest("/machine/prod/b", 200, 1000)


def test_the_folders_above_guests() -> None:
    assert folders_above("/", [A, B]) == ("/", "/machine", "/machine/prod")
    assert folders_above("/box", [WeighedGuest("/box/machine/a", 1, 1)]) == ("/box", "/box/machine")
    assert folders_above("/", []) == ("/",)


@pytest.mark.parametrize("root", ["/", "/box"])
def test_the_tree_has_who_is_promised_something_and_who_is_beside(root: str) -> None:
    top = "" if root == "/" else root
    folders = {
        root: WeighedFolder(100, {"machine": 50, "system": 100}),
        f"{top}/machine": WeighedFolder(50, {"a": 900, "c": 70}, cap=2000),
    }
    guests = [WeighedGuest(f"{top}{each.path}", each.own, each.guarantee) for each in (A, B)]
    inner = PromisedGroup(
        f"{top}/machine/prod", 100, 0, (PromisedGroup(f"{top}/machine/prod/b", 200, 1000),)
    )
    machine = PromisedGroup(
        f"{top}/machine",
        50,
        0,
        (PromisedGroup(f"{top}/machine/a", 100, 500), inner),
        (Neighbour("c", 70),),
        2000,
    )
    expected = PromisedGroup(root, 100, 0, (machine,), (Neighbour("system", 100),))
    assert tree_of(root, guests, folders, 100) == expected
    assert expected.promised == 1500


def test_what_does_not_exist_yet_will_have_the_usual_weight() -> None:
    found = tree_of("/", [A], {}, 1024)
    assert found.below == (
        PromisedGroup("/machine", 1024, 0, (PromisedGroup("/machine/a", 100, 500),)),
    )
