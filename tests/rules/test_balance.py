"""What of ``balance`` is a finding, beyond the fixtures."""

import pytest

from xmlresource.document import Document
from xmlresource.rules import check
from xmlresource.rules.left_out import left_out_of_policy


def codes(text: str) -> list[str]:
    return [found.code for found in check(Document.parse(text.encode()))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<resource><memory balance='yes'/></resource>", []),
        ("<resource><memory balance='no'/></resource>", []),
        ("<resource><memory balance='No'/></resource>", ["XR210"]),
        ("<resource><memory balance=' no'/></resource>", ["XR210"]),
        ("<resource><memory balans='no'/></resource>", ["XR103"]),
        ("<memtune balance='no'/>", ["XR103"]),
        ("<resource><cpu balance='no'/></resource>", ["XR103"]),
        # one form: the second block is the fault, not what it says
        ("<resource><memory balance='no'/><memory balance='yes'/></resource>", ["XR108"]),
    ],
)
def test_findings(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize(("there", "is_told"), [("yes", True), ("no", False), ("x", False)])
def test_forms_that_disagree(there: str, is_told: bool) -> None:
    ours = "<xr:resource xmlns:xr='urn:xmlresource:1'><xr:memory balance='no'/></xr:resource>"
    text = (
        f"<domain><name>a</name><metadata>{ours}</metadata><resource><partition>/a</partition>"
        f"<memory balance='{there}'/></resource></domain>"
    )
    assert ("XR306" in codes(text)) is is_told


def test_who_reads_a_policy_is_told_what_does_not_count() -> None:
    document = Document.parse(b"<resource><memory balance='x'/></resource>")
    (found,) = left_out_of_policy(document)
    assert found.message == "left out: balance is neither yes nor no"
