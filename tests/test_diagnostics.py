from xmlresource.codes import CODES
from xmlresource.diagnostics import Diagnostic, Severity, Span


def found(path, line, column, code="XR201"):
    span = Span(line, column, line, column + 1, 0, 1)
    return CODES[code].diagnostic("wrong", path, span=span, xpath="/a", hint="mend")


def test_a_code_makes_its_diagnostics():
    assert found("a.xml", 1, 2) == Diagnostic(
        "XR201", Severity.ERROR, "wrong", "a.xml", Span(1, 2, 1, 3, 0, 1), "/a", "mend"
    )


def test_diagnostics_sort_by_file_place_and_code():
    in_order = [
        CODES["XR001"].diagnostic("unreadable", "a.xml"),
        found("a.xml", 1, 9),
        found("a.xml", 2, 1),
        found("a.xml", 2, 1, "XR202"),
        found("b.xml", 1, 1),
    ]
    shuffled = in_order[::-1]
    assert sorted(shuffled, key=Diagnostic.sort_key) == in_order


def test_codes_are_their_rows_and_say_all():
    for code, row in CODES.items():
        assert row.code == code
        assert all((row.name, row.reason, row.example, row.cure))
