"""Writing XML with odd but lawful habits, and keeping count of the place."""

from hypothesis import strategies as st

from xmlresource.record import record

_COMMENTS = ("<!-- kept -->", "<!-- <hard_limit>1</hard_limit> -->", "<?keep this?>")
_ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "iso-8859-1")


@record
class Habits:
    """The layout habits of one document: line ends, indentation, quotes, blanks, comments."""

    newline: str
    step: str
    quote: str
    blank: str
    comments: bool
    encoding: str
    final_newline: bool


def habits() -> st.SearchStrategy[Habits]:
    """All habits; the first are the common ones."""
    return st.builds(
        Habits,
        newline=st.sampled_from(("\n", "\n", "\r\n", "\r", "")),
        step=st.sampled_from(("  ", "    ", "\t", "")),
        quote=st.sampled_from(("'", '"')),
        blank=st.sampled_from((" ", "  ", "\t", "\n ")),
        comments=st.booleans(),
        encoding=st.sampled_from(_ENCODINGS),
        final_newline=st.booleans(),
    )


class XmlWriter:
    """Writes one document.

    Args:
        draw: Hypothesis'.
        style: The habits.
    """

    def __init__(self, draw: st.DrawFn, style: Habits) -> None:
        self.draw = draw
        self.style = style
        self._pieces: list[str] = []
        self._mark: int | None = None

    def prolog(self) -> None:
        """The XML declaration, which other encodings than UTF-8 need."""
        name = self.style.encoding.removesuffix("-sig")
        if name != "utf-8" or self.draw(st.booleans()):
            quote = self.style.quote
            self.put(f"<?xml version={quote}1.0{quote} encoding={quote}{name}{quote}?>")
            self.put(self.style.newline)

    def put(self, text: str) -> None:
        """Write it as it is."""
        self._pieces.append(text)

    def mark(self) -> None:
        """Remember this place as that of the fault; the last one counts."""
        self._mark = len("".join(self._pieces))

    def line(self, level: int) -> None:
        """Begin a line, at times with a comment on one of its own before it."""
        if not self.style.newline:
            return
        if self.style.comments and self.draw(st.integers(0, 5)) == 0:
            self._new_line(level)
            self.put(self.draw(st.sampled_from(_COMMENTS)))
        self._new_line(level)

    def attribute(self, name: str, value: str) -> None:
        """An attribute; its name is where a fault of it would be."""
        quote = self.style.quote
        self.put(self.style.blank)
        self.put(f"{name}={quote}{value}{quote}")

    def position(self) -> tuple[int, int]:
        """Line and column of the mark, from 1."""
        before = "".join(self._pieces)[: self._mark or 0]
        lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return len(lines), len(lines[-1]) + 1

    def data(self) -> bytes:
        """The document."""
        if self.style.final_newline:
            self.put(self.style.newline or "\n")
        return "".join(self._pieces).encode(self.style.encoding)

    def _new_line(self, level: int) -> None:
        self.put(self.style.newline + self.style.step * level)
