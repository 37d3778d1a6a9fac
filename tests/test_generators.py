"""The recipes of docs/generators.md, with the tools that are here."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import etree

from xmlresource.document import Document
from xmlresource.document.editing import assign
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations.editing.edit import set_
from xmlresource.rules import errors
from xmlresource.tunables import Form
from xmlresource.units import KIB

GIB = KIB**3
PAGE = (Path(__file__).parents[1] / "docs/generators.md").read_text(encoding="utf-8")
POLICY = MemoryPolicy(hard_limit=6 * GIB, min_guarantee=4 * GIB)


@pytest.mark.parametrize(
    "domain",
    [
        "<domain type='kvm'><name>web</name><memory>4194304</memory></domain>",
        "<domain type='kvm'><name>web</name><metadata><o:o xmlns:o='o'/></metadata></domain>",
    ],
)
def test_the_stylesheet_for_terraform(domain):
    (stylesheet,) = re.findall(r"```xml\n(<xsl:.*?)```", PAGE, re.DOTALL)
    transform = etree.XSLT(etree.XML(stylesheet))
    document = Document.parse(bytes(transform(etree.XML(domain))))
    assert document.policy_in(Form.METADATA) == POLICY
    assert len(document.root.all("metadata")) == 1
    assert errors(document) == []


@pytest.mark.skipif(shutil.which("virt-install") is None, reason="virt-install is not installed")
def test_the_pipe_behind_virt_install():
    command = (
        "virt-install --connect test:///default --name web --memory 4096 --disk none --import "
        "--osinfo detect=off,require=off --print-xml 1"
    )
    made = subprocess.run(command.split(), capture_output=True, check=True)  # noqa: S603
    edited = set_(Document.parse(made.stdout), dict(POLICY.items()), checker=errors)
    assert Document.parse(edited.after).policy == POLICY
    taken_out = assign(Document.parse(edited.after), dict.fromkeys(dict(POLICY.items())))
    assert taken_out.document.to_bytes() == made.stdout


@pytest.mark.skipif(shutil.which("virsh") is None, reason="virsh is not installed")
def test_libvirt_still_defines_what_it_defined_before(corpus_sample, tmp_path):
    changes = {"hard_limit": 4 * GIB, "soft_limit": 3 * GIB, "swap_hard_limit": 6 * GIB}
    script = []
    for number, (name, data) in enumerate(corpus_sample.items()):
        test_driver = re.sub(rb"<domain type=(['\"])\w+\1", b"<domain type='test'", data, count=1)
        document = Document.parse(test_driver, name)
        versions = {form.value: assign(document, changes, form).document for form in Form}
        del versions[Form.RESOURCE.value]  # is for tools and repositories, not for libvirt
        for version, edited in {"before": document, **versions}.items():
            path = tmp_path / f"{number}.{version}.xml"
            path.write_bytes(edited.to_bytes())
            name_in_it = document.domain.name if document.domain else ""
            script += [f"define {path}", f"undefine '{name_in_it}'"]
    done = subprocess.run(
        ["virsh", "-c", "test:///default"],  # noqa: S607
        input="\n".join(script), capture_output=True, text=True, check=False, timeout=120,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    defined = set(re.findall(r"defined from \S*/(\d+)\.(\w+)\.xml", done.stdout))
    before = {number for number, version in defined if version == "before"}
    if not before:
        pytest.skip(f"libvirt's test driver defines nothing here: {done.stderr[:200]}")
    for version in (Form.METADATA.value, Form.MEMTUNE.value):
        assert before <= {number for number, other in defined if other == version}
