"""Fragments that declare CPU time or IO with one fault, of which code and place are known."""

from typing import Final

from hypothesis import strategies as st

from xmlresource.strategies.faults import Broken
from xmlresource.strategies.xml_writer import XmlWriter, habits
from xmlresource.tunables import NAMESPACE, Form, Quantity, Tunable
from xmlresource.tunables.families import CPU, IO

_GOOD: Final = {
    Quantity.CPUS: "1.5",
    Quantity.PERCENT: "12.5",
    Quantity.WEIGHT: "200",
    Quantity.BYTES_PER_SECOND: "1048576",
    Quantity.OPERATIONS_PER_SECOND: "500",
}
_BAD_VALUES: Final[dict[str, dict[Quantity, tuple[str, ...]]]] = {
    "XR201": dict.fromkeys(Quantity, ("-1", "1,5", "1e3", "0x10", "five", "1.2345")),
    "XR203": {
        Quantity.CPUS: ("1000001", "99999999999999999999"),
        Quantity.BYTES_PER_SECOND: ("9223372036854775808",),
        Quantity.OPERATIONS_PER_SECOND: ("4294967295", "99999999999999999999"),
    },
    "XR207": {
        Quantity.WEIGHT: ("0", "10001", "99999999999999999999"),
        Quantity.PERCENT: ("101", "100.001"),
    },
}
_BAD_UNITS: Final = {
    Quantity.CPUS: ("GiB", "CPU", "percent", ""),
    Quantity.BYTES_PER_SECOND: ("MiB/s", "cpu", ""),
}
_STRUCTURE: Final = ("XR101", "XR102", "XR103", "XR107")

QUANTITY_CODES: Final = (*_BAD_VALUES, "XR202", "XR208", *_STRUCTURE)
"""The rules that :func:`broken_quantities` can break."""


@st.composite
def broken_quantities(draw: st.DrawFn, *, code: str | None = None) -> Broken:
    """Bare fragments that declare CPU time or IO, with one error.

    Args:
        draw: Hypothesis'.
        code: The rule to break, one of ``QUANTITY_CODES``; any by default.
    """
    code = code or draw(st.sampled_from(QUANTITY_CODES))
    rows = [row for row in (*CPU, *IO) if _can_break(row, code)]
    row = draw(st.sampled_from(rows))
    form = draw(st.sampled_from((Form.RESOURCE, Form.METADATA)))
    pen = XmlWriter(draw, draw(habits()))
    pen.prolog()
    ours = form is Form.METADATA
    prefix = draw(st.sampled_from(("xr:", "a:"))) if ours else ""
    holders = [("resource", (f"xmlns:{prefix[:-1]}", NAMESPACE) if ours else None)]
    holders.append((row.family.value, None))
    if row.per_device:
        holders.append(("device", ("target", "vda")))
    for level, (name, attribute) in enumerate(holders):
        if level:
            pen.line(level)
        pen.put(f"<{prefix}{name}")
        if attribute:
            pen.attribute(*attribute)
        pen.put(">")
    pen.line(len(holders))
    _write(pen, row, f"{prefix}{row.element}", code)
    for level, (name, _) in reversed(list(enumerate(holders))):
        pen.line(level)
        pen.put(f"</{prefix}{name}>")
    line, column = pen.position()
    return Broken(pen.data(), code, line, column)


def _can_break(row: Tunable, code: str) -> bool:
    if code in _BAD_VALUES:
        return row.quantity in _BAD_VALUES[code]
    if code == "XR202":
        return row.quantity in _BAD_UNITS
    return row.quantity is Quantity.CPUS if code == "XR208" else True


def _write(pen: XmlWriter, row: Tunable, name: str, code: str) -> None:
    good, quote = _GOOD[row.quantity], pen.style.quote
    if code in _BAD_VALUES:
        _value(pen, row, name, pen.draw(st.sampled_from(_BAD_VALUES[code][row.quantity])))
    elif code == "XR208":
        _value(pen, row, name, "0.5", unit="millicpu")
    elif code == "XR101":
        pen.mark()
        _value(pen, row, f"{name}Z", good, marked=False)
    elif code == "XR102":
        _value(pen, row, name, good)
        pen.line(1)
        pen.mark()
        _value(pen, row, name, good, marked=False)
    else:
        side = "" if row.attribute is None else f" {row.attribute}={quote}{good}{quote}"
        pen.put(f"<{name}{side}{pen.style.blank}")
        text = good if row.attribute is None else ""
        if code == "XR202":
            pen.put(f"unit={quote}")
            pen.mark()
            unit = pen.draw(st.sampled_from(_BAD_UNITS[row.quantity]))
            pen.put(f"{unit}{quote}>{text}</{name}>")
        elif code == "XR103":
            pen.mark()
            pen.put(f"units={quote}x{quote}>{text}</{name}>")
        else:
            pen.put(">")
            pen.mark()
            pen.put(f"<value/></{name}>")


def _value(
    pen: XmlWriter, row: Tunable, name: str, value: str, *, unit: str = "", marked: bool = True
) -> None:
    quote = pen.style.quote
    unit_attribute = f" unit={quote}{unit}{quote}" if unit else ""
    if row.attribute is None:
        pen.put(f"<{name}{unit_attribute}")
        pen.put(">")
        if marked:
            pen.mark()
        pen.put(f"{value}</{name}>")
        return
    pen.put(f"<{name}{unit_attribute} {row.attribute}={quote}")
    if marked:
        pen.mark()
    pen.put(f"{value}{quote}/>")
