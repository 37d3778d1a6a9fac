"""A record is what a frozen, slotted dataclass is: the same statements hold for both."""

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

import pytest

from xmlresource.record import field, record, replace


@record
class Record:
    """What is tested."""

    first: int
    second: str = "two"
    third: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.first < 0:
            raise ValueError("negative")

    @property
    def twice(self) -> int:
        """A property."""
        return self.first * 2


@dataclass(frozen=True, slots=True)
class Dataclass:
    """What it is held against."""

    first: int
    second: str = "two"
    third: dict[str, int] = dataclass_field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.first < 0:
            raise ValueError("negative")

    @property
    def twice(self) -> int:
        """A property."""
        return self.first * 2


@record
class Single:
    """One field."""

    only: int


@record
class Empty:
    """No field."""


@pytest.fixture(params=[Record, Dataclass], ids=["record", "dataclass"])
def make(request: pytest.FixtureRequest) -> Callable[..., Any]:
    made: Callable[..., Any] = request.param
    return made


def test_fields_by_place_by_name_and_by_default(make: Callable[..., Any]) -> None:
    for instance in (make(1), make(first=1), make(1, "two"), make(1, second="two", third={})):
        assert (instance.first, instance.second, instance.third) == (1, "two", {})
        assert instance.twice == 2


def test_a_factory_makes_anew(make: Callable[..., Any]) -> None:
    assert make(1).third is not make(1).third


@pytest.mark.parametrize(
    ("given", "named"),
    [((), {}), ((1, "", {}, 4), {}), ((1,), {"first": 1}), ((1,), {"fourth": 1})],
)
def test_wrong_calls_are_type_errors(
    make: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        make(*given, **named)


def test_the_check_after_making_runs(make: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="negative"):
        make(-1)


def test_frozen_and_slotted(make: Callable[..., Any]) -> None:
    instance = make(1)
    with pytest.raises(AttributeError):
        instance.first = 2
    with pytest.raises(AttributeError):
        del instance.first
    assert not hasattr(instance, "__dict__")
    assert instance.first == 1


def test_equality_is_by_value_and_class(make: Callable[..., Any]) -> None:
    assert make(1) == make(1)
    assert make(1) != make(2)
    assert make(1) != (1, "two", {})
    assert Record(1) != Dataclass(1)
    assert hash(Single(1)) == hash(Single(1))
    assert Empty() == Empty()
    assert len({Empty(), Empty()}) == 1


def test_shown_as_it_is_written(make: Callable[..., Any]) -> None:
    assert repr(make(1)) == f"{make.__qualname__}(first=1, second='two', third={{}})"


def test_survives_copies_and_pickles(make: Callable[..., Any]) -> None:
    instance = make(1, "x", {"a": 1})
    assert copy.copy(instance) == copy.deepcopy(instance) == instance
    assert pickle.loads(pickle.dumps(instance)) == instance  # noqa: S301 -- our own bytes


def test_matches_by_place() -> None:
    match Record(7):
        case Record(first):
            assert first == 7


def test_replace_changes_some_fields() -> None:
    assert replace(Record(1), second="x") == Record(1, "x")
    with pytest.raises(TypeError):
        replace(Record(1), fourth=1)
    assert Record.__doc__ == "What is tested."


def test_imports_next_to_nothing() -> None:
    program = (
        "import sys, operator; before = set(sys.modules); import xmlresource.record;"
        "print(sorted(set(sys.modules) - before))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)  # noqa: S603
    assert result.stdout.strip() == b"['xmlresource', 'xmlresource.record']"


def test_a_method_of_its_own_stays() -> None:
    @record
    class Named:
        """With its own text."""

        name: str

        def __repr__(self) -> str:
            return self.name

    assert repr(Named("x")) == "x"


@record
class Row:
    """A record of which each value may be given by name: made in a shorter way."""

    first: int
    second: str = "two"
    third: int | None = None


def test_by_name_alone_and_in_any_order() -> None:
    assert Row(third=3, first=1) == Row(1, "two", 3)
    assert Row(second="2", first=1, third=None) == Row(1, "2")
    assert Row(1, third=3) == Row(1, "two", 3)


@pytest.mark.parametrize("named", [{}, {"second": "2"}, {"first": 1, "forth": 4}, {"forth": 4}])
def test_a_wrong_name_and_a_missing_one_are_type_errors(named: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"Row\(\) (lacks 'first'|got an unexpected 'forth')"):
        Row(**named)
