"""A guest's policy in the words of another system."""

import pytest

from xmlresource.api import DocumentError, ExportFormat, export
from xmlresource.operations.transfer.policy_export import ExportError

GUEST = b"""<domain type='kvm'><name>web</name><memory unit='GiB'>4</memory>
<memtune><hard_limit unit='GiB'>5</hard_limit></memtune></domain>"""


@pytest.mark.parametrize("to", ExportFormat)
def test_every_format_can_be_had(to: ExportFormat) -> None:
    exported = export(GUEST, to)
    assert exported.text.endswith("\n")
    assert [one.tunable for one in exported.values] == ["hard_limit"]


@pytest.mark.parametrize("to", [ExportFormat.RASD, ExportFormat.SYSTEMD])
def test_a_fragment_will_do(to: ExportFormat) -> None:
    assert export(b"<memtune><hard_limit>4096</hard_limit></memtune>", to).values


@pytest.mark.parametrize("to", [ExportFormat.OVF, ExportFormat.KUBEVIRT])
def test_others_need_a_guest_with_memory(to: ExportFormat) -> None:
    with pytest.raises(DocumentError):
        export(b"<memtune/>", to)
    with pytest.raises(ExportError, match="gives no memory that can be read"):
        export(b"<domain type='kvm'><name>web</name></domain>", to)


def test_a_format_is_no_string() -> None:
    with pytest.raises(TypeError, match=r"ExportFormat\.OVF, not 'ovf'"):
        export(GUEST, "ovf")  # type: ignore[arg-type]
