from hypothesis import given
from hypothesis import strategies as st

from xmlresource.language_server.positions import ColumnUnit, Positions

TEXTS = st.text(st.sampled_from("ab<> \n\r\té€\u2028\x85\U0001f600"), max_size=40)
UNITS = st.sampled_from(ColumnUnit)

CODECS = {ColumnUnit.UTF_8: ("utf-8", 1), ColumnUnit.UTF_16: ("utf-16-le", 2),
          ColumnUnit.UTF_32: ("utf-32-le", 4)}  # fmt: skip


def lines(text: str) -> list[str]:
    """The lines as the protocol has them: ended by these three, whatever else Python knows."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@given(TEXTS, UNITS)
def test_every_place_is_found_again(text: str, unit: ColumnUnit) -> None:
    data = text.encode()
    positions = Positions(data, unit)
    codec, width = CODECS[unit]
    offset, ended = 0, 0
    for number, line in enumerate(lines(text)):
        for column in range(len(line) + 1):
            before = line[:column]
            place = number, len(before.encode(codec)) // width
            at = offset + len(before.encode())
            assert positions.offset(*place) == at
            assert positions.position(at) == place
        offset += len(line.encode())
        ended = 2 if data[offset : offset + 2] == b"\r\n" else 1
        offset += ended
    assert offset - ended == len(data)


@given(TEXTS, UNITS, st.integers(0, 99), st.integers(0, 99))
def test_a_place_that_is_not_there_is_the_next_one_before(
    text: str, unit: ColumnUnit, line: int, column: int
) -> None:
    data = text.encode()
    positions = Positions(data, unit)
    at = positions.offset(line, column)
    data[:at].decode()  # never within a character
    assert positions.position(at) <= (line, column)
    assert positions.offset(*positions.position(at)) == at


def test_half_of_a_character_is_before_it() -> None:
    assert Positions("\U0001f600x".encode()).offset(0, 1) == 0
    assert Positions("\U0001f600x".encode()).offset(0, 2) == 4
