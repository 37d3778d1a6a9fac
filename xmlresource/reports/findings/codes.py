"""Rules, explained: one for a person who met it, all as a page."""

from typing import Final

from xmlresource.codes import CODES, Code
from xmlresource.reports.layout.style import PLAIN, Style

_GROUPS: Final = {
    "XR0": "Input",
    "XR1": "Structure",
    "XR2": "Values",
    "XR3": "Relations",
    "XR4": "libvirt",
    "XR5": "Sizing",
    "XR6": "Whole domains",
    "XR7": "Suppressions",
    "XR8": "Import and export",
}
_PREFIX: Final = len("XR0")


def as_text(row: Code, style: Style = PLAIN) -> str:
    """Its name, reason, an example that breaks it, and the cure."""
    parts = (f"Why:     {row.reason}", f"Example: {row.example}", f"Cure:    {row.cure}")
    lines = [line for part in parts for line in style.wrapped(part, " " * len("Example: "))]
    return "\n".join((f"{row.code} {row.name} ({row.severity.value})", "", *lines, ""))


def overview() -> str:
    """A line for each rule."""
    return "".join(f"{row.code}  {row.severity.value:7}  {row.name}\n" for row in CODES.values())


def page() -> str:
    """All rules as a page in Markdown, by group."""
    made = "Made by `xmlresource explain --markdown`; change `xmlresource/codes/` instead."
    parts = [f"# Rules\n\n{made}\n"]
    group = ""
    for row in CODES.values():
        if row.code[:_PREFIX] != group:
            group = row.code[:_PREFIX]
            parts.append(f"\n## {_GROUPS[group]} ({group}xx)\n")
        parts.append(
            f"\n### {row.code} {row.name}\n\n"
            f"*{row.severity.value.capitalize()}.* {_escaped(row.reason)}\n\n"
            f"```xml\n{row.example}\n```\n\n"
            f"{_escaped(row.cure)}\n"
        )
    return "".join(parts)


def _escaped(text: str) -> str:
    """Text with its tags as Markdown shows them: outside of code they would vanish."""
    pieces = text.split("`")
    return "`".join(
        piece if place % 2 else piece.replace("<", "\\<") for place, piece in enumerate(pieces)
    )
