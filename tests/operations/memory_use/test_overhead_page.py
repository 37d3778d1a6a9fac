"""What docs/overhead.md says of RAM is what the command prints."""

from pathlib import Path
from typing import Final

from xmlresource.document import Document
from xmlresource.operations.memory_use.overhead import Estimated
from xmlresource.overhead import estimate
from xmlresource.reports.guests.overhead import render

PAGE: Final = Path(__file__).parents[3] / "docs" / "overhead.md"
GUEST: Final = b"""<domain type='kvm'><memory unit='GiB'>13</memory>
  <maxMemory slots='4' unit='GiB'>16</maxMemory>
  <cpu><numa><cell id='0' memory='8' unit='GiB'/></numa></cpu>
  <devices>
    <memory model='nvdimm' access='shared'>
      <target><size unit='GiB'>1</size><node>0</node></target>
    </memory>
    <memory model='virtio-mem'>
      <target><size unit='GiB'>4</size><requested unit='GiB'>1</requested><node>0</node></target>
    </memory>
  </devices></domain>"""


def test_the_example_is_what_is_printed() -> None:
    domain = Document.parse(GUEST).domain
    assert domain is not None
    printed = render(Estimated("a.xml", estimate(domain))).split("\n\n")
    assert f"```\n{printed[1]}\n```" in PAGE.read_text("utf-8")
