"""A rule, explained."""

from xmlresource.codes import Code


def as_text(row: Code) -> str:
    """Its name, reason, an example that breaks it, and the cure."""
    return (
        f"{row.code} {row.name} ({row.severity.value})\n\n"
        f"Why:     {row.reason}\n"
        f"Example: {row.example}\n"
        f"Cure:    {row.cure}\n"
    )
