"""The words of the inputs, for libFuzzer to put in: names of elements, units, keys."""

import re
from collections.abc import Iterator

from tests.fuzz import seeds
from xmlresource import units
from xmlresource.codes import CODES
from xmlresource.configuration.host_settings import SETTINGS
from xmlresource.configuration.repository_settings import KEYS
from xmlresource.promises.promise import Promise
from xmlresource.tunables import MEMORY, NAMESPACE, Form
from xmlresource.tunables.families import CPU, IO

OTHERS = (
    *("<![CDATA[", "]]>", "<!--", "-->", "<?", "?>", "<!DOCTYPE", "<!ENTITY", "&lt;", "&#10;"),
    *("<?xml version='1.0' encoding='utf-16'?>", "encoding='iso-8859-1'", "\ufeff", "\u202e"),
    *("xmlns=", "xmlns:xr=", NAMESPACE, "unit='GiB'", "xml:base=", "datatypeLibrary="),
    *("18446744073709551615", "9007199254740991", "-1", "1e400", "unlimited", "auto"),
    *("<!-- xmlresource: ignore=XR1 -->", "domstatus", "\n====\n", "\0prepare", "\0reconnect"),
    *("http://relaxng.org/ns/structure/1.0", "http://www.w3.org/2001/XMLSchema-datatypes"),
)


def words() -> Iterator[str]:
    """All of them, some more than once."""
    for tunable in MEMORY:
        yield from (tunable.element_in(form) or tunable.name for form in Form)
        yield from tunable.misspellings
        yield tunable.name
    for row in (*CPU, *IO):
        yield from (row.element, row.key, row.field)
    yield from units.UNITS
    yield from (setting.name for setting in SETTINGS)
    yield from KEYS
    yield from Promise.__match_args__
    yield from CODES
    for schema in seeds.files(seeds.ROOT / "schemas", "*.rng"):
        yield from (word.decode() for word in re.findall(rb"[A-Za-z]{3,}", schema))
    for document in seeds.documents():
        yield from (word.decode() for word in re.findall(rb"</?[A-Za-z]{3,}", document))
    yield from OTHERS


def text() -> str:
    """The dictionary as libFuzzer reads it."""
    escaped = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words())
    return "".join(f'"{each}"\n' for each in sorted(set(escaped)))
