"""What the fixtures don't reach: places where a rule has nothing to say."""

import pytest

from xmlresource.document import Document
from xmlresource.rules import check


def codes(xml: str) -> list[str]:
    return [found.code for found in check(Document.parse(xml.encode()))]


def with_hostdev(memtune: str) -> str:
    devices = "<devices><hostdev type='pci'/></devices>"
    return f"<domain type='kvm'><memory unit='GiB'>1</memory>{memtune}{devices}</domain>"


@pytest.mark.parametrize(
    "memtune",
    [
        "<memtune><soft_limit unit='GiB'>1</soft_limit></memtune>",
        "<memtune><hard_limit>x</hard_limit></memtune>",
        "<memtune><hard_limit>9007199254740991</hard_limit></memtune>",
        "<memtune><hard_limit unit='GiB'>4</hard_limit></memtune>",
    ],
)
def test_passthrough_asks_for_room_only_where_a_limit_leaves_too_little(memtune: str) -> None:
    assert "XR403" not in codes(with_hostdev(memtune))


def test_a_driver_that_enforces_nothing_matters_only_to_our_element() -> None:
    memtune = "<memtune><hard_limit unit='GiB'>4</hard_limit></memtune>"
    assert codes(f"<domain type='vmware'>{memtune}</domain>") == []


def test_swap_without_a_limit_that_cant_be_read_is_one_fault() -> None:
    values = "<hard_limit>x</hard_limit><swap_hard_limit>5</swap_hard_limit>"
    assert codes(f"<memtune>{values}</memtune>") == ["XR201"]


def test_no_recommendation_without_ram() -> None:
    memtune = "<memtune><hard_limit unit='GiB'>4</hard_limit></memtune>"
    assert codes(f"<domain type='kvm'><memory>0</memory>{memtune}</domain>") == []
