"""Arguments of the wrong type are told with what to write instead."""

from typing import Any

import pytest

from xmlresource.formats.misuse import check_form, check_many, is_size, refuse_size
from xmlresource.formats.parameters import from_parameters
from xmlresource.tunables import Form
from xmlresource.units import UNLIMITED


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("memtune", "write Form.MEMTUNE, not 'memtune'"),
        ("memtunes", "there is no form 'memtunes': write Form.RESOURCE or Form.METADATA"),
        (5, "there is no form 5"),
    ],
)
def test_a_form_is_a_form(form: Any, told: str) -> None:
    check_form(Form.MEMTUNE)
    with pytest.raises(TypeError, match=told):
        check_form(form)


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("4GiB", "write parse_written_size"),
        (4.7, "such as 4"),
        (float("nan"), "write UNLIMITED for no limit"),
        (True, "or UNLIMITED"),
    ],
)
def test_a_size_is_a_whole_number(amount: Any, told: str) -> None:
    assert is_size(5)
    assert is_size(UNLIMITED)
    assert not is_size(amount)
    with pytest.raises(TypeError, match=told):
        refuse_size("hard_limit", amount)
    with pytest.raises(TypeError, match=told):
        from_parameters({"hard_limit": amount})


def test_many_are_a_list() -> None:
    check_many("f", ["a"])
    check_many("f", (one for one in ()))
    for given, told in (("a", r"write f\(\['a'\]\)"), (b"<a/>", "write f"), (5, "write f")):
        with pytest.raises(TypeError, match=told):
            check_many("f", given)
