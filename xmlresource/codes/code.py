"""A rule of the registry, and the finding that it makes."""

from typing import Final

from xmlresource.diagnostics import Diagnostic, Edit, Severity, Span
from xmlresource.printable import bounded
from xmlresource.record import record

# No path of a domain comes near; elements may be nested 256 deep.
_LONGEST_PATH: Final = 2000


@record
class Code:
    """One rule.

    Attributes:
        code: ``XR`` and three digits; never used again for something else.
        name: A short name.
        severity: What a finding counts as.
        reason: Why it is a rule.
        example: A fragment that breaks it.
        cure: What to do.
    """

    code: str
    name: str
    severity: Severity
    reason: str
    example: str
    cure: str

    def diagnostic(
        self,
        message: str,
        path: str,
        *,
        span: Span | None = None,
        xpath: str | None = None,
        hint: str | None = None,
        fix: tuple[Edit, ...] = (),
    ) -> Diagnostic:
        """A finding of this rule; what it says is cut where a name in it is endless."""
        told = bounded(message)
        advice = None if hint is None else bounded(hint)
        where = None if xpath is None else bounded(xpath, _LONGEST_PATH)
        return Diagnostic(self.code, self.severity, told, path, span, where, advice, fix)
