"""Why a document is not well-formed, in words, and what to do about it.

expat says which rule was broken, and where it noticed. From there the document itself tells which
tag, name or character it was.
"""

import re
from collections.abc import Callable, Sequence
from html.entities import html5
from pyexpat import errors
from typing import Final, NamedTuple, TypeAlias

from xmlresource.document.prefixes import URIS
from xmlresource.printable import printable

_MOST_SHOWN: Final = 4
_LOOK_BACK: Final = 400
_NAME: Final = rb"[^\s<>/='\"&;]+"
_QUOTED: Final = rb"'[^']*'|\"[^\"]*\""
_TAG: Final = rb"<(?:[^<>'\"]|%s)*" % _QUOTED
_TYPOGRAPHIC: Final = "\u201c\u201d\u2018\u2019"
_KNOWN: Final = ("amp", "lt", "gt", "quot", "apos")


class Malformation(NamedTuple):
    """One reason why a document is not well-formed, and the cure where there is one to tell."""

    message: str
    hint: str | None = None


class OpenTag(NamedTuple):
    """The start tag of an element that is open: its name, its offset, its attributes' names."""

    name: str
    start: int
    attributes: tuple[str, ...]


class ParsePoint(NamedTuple):
    """The point in a document at which expat stopped.

    Attributes:
        text: The document as UTF-8.
        offset: The byte at which it noticed.
        open: The elements that are open, the root first.
        line: Gives the line of a byte.
    """

    text: bytes
    offset: int
    open: Sequence[OpenTag]
    line: Callable[[int], int]

    @property
    def rest(self) -> bytes:
        """The text that comes at the point."""
        return self.text[self.offset :]

    @property
    def before(self) -> bytes:
        """The text that came shortly before the point."""
        return self.text[max(0, self.offset - _LOOK_BACK) : self.offset]

    def opened(self, element: OpenTag) -> str:
        """The element with the line where it was opened."""
        return f"<{_shown(element.name)}> (line {self.line(element.start)})"


Explanation: TypeAlias = Callable[[ParsePoint], Malformation | None]


def problem(reason: str, place: ParsePoint) -> Malformation:
    """A sentence about what is wrong at a place.

    Args:
        reason: What expat says.
        place: Where it stopped.
    """
    found = _EXPLANATIONS[reason](place) if reason in _EXPLANATIONS else None
    if found is None:
        found = Malformation(reason.removeprefix("not well-formed ").strip("()"))
    return found


def _mismatched(place: ParsePoint) -> Malformation:
    name = _name_at(place.rest)
    inner = place.open[-1]
    message = f"{place.opened(inner)} is closed by </{name}>"
    if name in {_shown(outer.name) for outer in place.open[:-1]}:
        return Malformation(message, f"write </{_shown(inner.name)}> before </{name}>")
    return Malformation(message, f"write </{_shown(inner.name)}>")


def _unbound(place: ParsePoint) -> Malformation:
    tag = re.sub(_QUOTED, b"", re.match(_TAG, place.rest)[0])  # type: ignore[index] # it is one
    names = [_text(name) for name in re.findall(rb"[<\s]([^\s:<>/=]+):[^\s<>/=:]", tag)]
    known = {"xmlns", "xml", *map(_text, re.findall(rb"\sxmlns:([^\s=]+)", tag))}
    for element in place.open:
        known.update(name.removeprefix("xmlns:") for name in element.attributes)
    prefix = next((name for name in names if name not in known), "")
    root = _shown(place.open[0].name) if place.open else _name_at(place.rest[1:])
    return Malformation(
        f"the prefix '{_shown(prefix)}' is not declared",
        f"declare xmlns:{_shown(prefix)}='{URIS.get(prefix, '…')}' on <{root}>",
    )


def _entity(place: ParsePoint) -> Malformation:
    # In an attribute, expat tells no more than where the tag begins.
    names = [_text(name) for name in re.findall(rb"&(%s);" % _NAME, place.rest)]
    name = next(name for name in names if name not in _KNOWN and not name.startswith("#"))
    characters = html5.get(f"{name};")
    message = f"the entity &{_shown(name)}; is not defined in XML"
    if characters is None:
        return Malformation(message, "XML has &amp; for &, &lt; for <, and &gt;, &quot;, &apos;")
    codes = "".join(f"&#{ord(character)};" for character in characters)
    return Malformation(message, f"write {codes}, or the character itself")


def _duplicate(place: ParsePoint) -> Malformation:
    if place.rest.startswith(b"<"):
        return Malformation(
            "two attributes have one name in one namespace", "remove one of the two"
        )
    name = re.match(rb"[^\s=]+", place.rest)[0]  # type: ignore[index] # an attribute's
    start = place.text.rfind(b"<", 0, place.offset)
    tag = re.sub(_QUOTED, lambda quoted: b" " * len(quoted[0]), place.text[start : place.offset])
    found = re.finditer(rb"\s([^\s=]+)\s*=", tag)
    first = next(match.start(1) for match in found if match[1] == name)
    line = place.line(start + first)
    return Malformation(
        f"<{_name_at(place.text[start + 1 :])}> has the attribute '{_shown(_text(name))}' twice; "
        f"the first is at line {line}",
        "remove one of the two",
    )


def _ended(place: ParsePoint) -> Malformation:
    if not place.open:
        return Malformation("there is no element in it", "write a <domain>, or remove the file")
    shown = [place.opened(element) for element in place.open[: -_MOST_SHOWN - 1 : -1]]
    more = len(place.open) - len(shown)
    also = f" and {more} more" if more else ""
    verb = "are" if len(place.open) > 1 else "is"
    closing = "".join(
        f"</{_shown(element.name)}>" for element in place.open[: -_MOST_SHOWN - 1 : -1]
    )
    return Malformation(
        f"the document ends while {', '.join(shown)}{also} {verb} open",
        f"write {closing}{'…' if more else ''} at the end, unless something was cut off",
    )


def _unclosed(place: ParsePoint) -> Malformation:
    kinds = ((b"<!--", "comment", "-->"), (b"<?", "processing instruction", "?>"))
    for start, what, end in kinds:
        if place.rest.startswith(start):
            return Malformation(f"the {what} that begins here never ends", f"write {end}")
    return Malformation("the document ends inside of the tag that begins here",
                   "write >, and look for a missing quote")  # fmt: skip


def _cdata(_: ParsePoint) -> Malformation:
    return Malformation("the document ends inside of a CDATA section", "write ]]> where it ends")


def _second_root(place: ParsePoint) -> Malformation:
    if re.match(rb"<[^!?/]", place.rest):
        name = _name_at(place.rest[1:])
        message = f"<{name}> is a second document element"
        return Malformation(message, "put each document into a file of its own")
    return Malformation("something follows the end of the document element", "remove it")


def _declaration(_: ParsePoint) -> Malformation:
    return Malformation("the XML declaration is not at the very beginning",
                   "remove what is before <?xml, blanks too")  # fmt: skip


def _reference(place: ParsePoint) -> Malformation:
    name = _name_at(place.rest[1:])
    return Malformation(f"&{name}; is no character that XML allows", "remove it")


def _token(place: ParsePoint) -> Malformation | None:
    """An invalid token: what is not as it must be, from what stands before it and there."""
    for look in _TOKENS:
        found = look(place)
        if found is not None:
            return found
    return None


def _bare_ampersand(place: ParsePoint) -> Malformation | None:
    reference = re.search(rb"&([^\s&;<>'\"]*)$", place.before)
    if reference is None:
        return None
    name = _text(reference[1])
    if name in _KNOWN:
        return Malformation(f"&{name} lacks its semicolon", f"write &{name};")
    if name.startswith("#"):
        return Malformation(
            "&# is not followed by the number of a character", "write one, such as &#160;"
        )
    return Malformation("a bare & stands for nothing", "write &amp;")


def _stray_end(place: ParsePoint) -> Malformation | None:
    if place.open or not place.before.endswith(b"<") or not place.rest.startswith(b"/"):
        return None
    return Malformation(f"</{_name_at(place.rest[1:])}> closes nothing that is open", "remove it")


def _before_root(place: ParsePoint) -> Malformation | None:
    if place.open or b"<" in place.text[: place.offset]:
        return None
    return Malformation("there is text before the first element", "remove it")


def _comment(place: ParsePoint) -> Malformation | None:
    start = place.before.rfind(b"<!--")
    if start < 0 or b"-->" in place.before[start:] or not place.before.endswith(b"--"):
        return None
    return Malformation("a comment must not hold --", "write - - or another sign")


def _attribute(place: ParsePoint) -> Malformation | None:
    tag = re.search(rb"<%s((?:[^<>'\"]|'[^']*'|\"[^\"]*\")*)$" % _NAME, place.before)
    if tag is None:
        return _less_in_attribute(place)
    name = re.search(rb"(%s)\s*(=?)\s*$" % _NAME, tag[1])
    if name is not None and name[2]:
        shown = _shown(_text(name[1]))
        value = re.match(rb"[^\s/>]*", place.rest)[0]  # type: ignore[index] # nothing at least
        bare = _shown(_text(value).strip(_TYPOGRAPHIC))
        return Malformation(f"the value of '{shown}' has no quotes", f"write {shown}='{bare}'")
    if name is not None and place.rest[:1] in {b"/", b">"}:
        shown = _shown(_text(name[1]))
        return Malformation(f"the attribute '{shown}' has no value", f"write {shown}='…'")
    if place.rest.startswith(b"<"):
        return Malformation(
            "a tag begins inside of another one", "write > where the first one ends"
        )
    if place.before[-1:] in {b"'", b'"'}:
        return Malformation("there is no blank between two attributes", "write one")
    return None


def _less_in_attribute(place: ParsePoint) -> Malformation | None:
    if (
        not place.rest.startswith(b"<")
        or re.search(rb"=\s*(\"[^\"]*|'[^']*)$", place.before) is None
    ):
        return None
    return Malformation("there is a < in an attribute's value", "write &lt;")


def _bare_less(place: ParsePoint) -> Malformation | None:
    if not place.before.endswith(b"<") or re.match(rb"[A-Za-z_:!?/]", place.rest):
        return None
    return Malformation("what follows < is no name", "write &lt; if no tag is meant")


def _end_of_cdata(place: ParsePoint) -> Malformation | None:
    if not (place.before + place.rest[:1]).endswith(b"]]>"):
        return None
    return Malformation("]]> is not allowed in text", "write ]]&gt;")


def _character(place: ParsePoint) -> Malformation | None:
    character = place.rest[:4].decode("utf-8", "replace")[:1]
    if character == "\ufffd":
        return Malformation(f"the byte 0x{place.rest[0]:02x} is not UTF-8",
                       "save the file as UTF-8, or declare its encoding")  # fmt: skip
    if not character or character.isprintable() or character.isspace():
        return None
    return Malformation(f"the character U+{ord(character):04X} is not allowed in XML", "remove it")


_TOKENS: Final[tuple[Explanation, ...]] = (
    _character,
    _bare_ampersand,
    _comment,
    _stray_end,
    _before_root,
    _end_of_cdata,
    _bare_less,
    _attribute,
)
_EXPLANATIONS: Final[dict[str, Explanation]] = {
    errors.XML_ERROR_TAG_MISMATCH: _mismatched,
    errors.XML_ERROR_UNBOUND_PREFIX: _unbound,
    errors.XML_ERROR_UNDEFINED_ENTITY: _entity,
    errors.XML_ERROR_DUPLICATE_ATTRIBUTE: _duplicate,
    errors.XML_ERROR_NO_ELEMENTS: _ended,
    errors.XML_ERROR_UNCLOSED_TOKEN: _unclosed,
    errors.XML_ERROR_UNCLOSED_CDATA_SECTION: _cdata,
    errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: _second_root,
    errors.XML_ERROR_MISPLACED_XML_PI: _declaration,
    errors.XML_ERROR_BAD_CHAR_REF: _reference,
    errors.XML_ERROR_INVALID_TOKEN: _token,
    errors.XML_ERROR_SYNTAX: _before_root,
}


def _name_at(text: bytes) -> str:
    match = re.match(_NAME, text)
    return _shown(_text(match[0])) if match else ""


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _shown(name: str) -> str:
    return printable(name)
