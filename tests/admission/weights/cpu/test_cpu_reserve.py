import pytest

from xmlresource.admission.weights.cpu.cpu_reserve import cpu_reserve
from xmlresource.model.host import ReserveSetting


@pytest.mark.parametrize(
    ("cpus", "reserve"), [(1, 500), (2, 500), (10, 500), (16, 800), (40, 2000), (256, 2000)]
)
def test_default(cpus: int, reserve: int) -> None:
    assert cpu_reserve(cpus) == reserve


def test_what_is_configured_has_no_bounds() -> None:
    assert cpu_reserve(4, ReserveSetting(size=0)) == 0
    assert cpu_reserve(4, ReserveSetting(size=3500)) == 3500
    assert cpu_reserve(64, ReserveSetting(basis_points=1000)) == 6400
    assert cpu_reserve(3, ReserveSetting(basis_points=1)) == 1
    assert cpu_reserve(3, ReserveSetting()) == 0
