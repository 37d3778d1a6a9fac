"""The work of a key stroke in an editor, beside a whole run of `validate` on the same document.

A disk is typed, character by character, into a domain of some 500 lines. For each key the server
follows the change, finds what is wrong and what may come next. Measured is CPU time, in one process
that has read such documents before, as a server has after the first few keys; of `validate`, that
of the process as a whole.

    python benchmarks/editor.py [--turns N] [--lines N]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from xmlresource.configuration.repository_settings import Settings
from xmlresource.language_server.collector import set_aside_what_stays
from xmlresource.language_server.completion import suggestions
from xmlresource.language_server.editor_findings import editor_findings
from xmlresource.language_server.open_document import OpenDocument, TextChange
from xmlresource.language_server.sound_part import SoundFindings
from xmlresource.language_server.workspace_rules import FolderRules
from xmlresource.operations.validation.domain_schema import DomainSchema

ROOT = Path(__file__).parents[1]
SCHEMA = Path("/usr/share/libvirt/schemas/domain.rng")

HEAD = """<domain type='kvm'>
  <name>db1</name>
  <memory unit='GiB'>8</memory>
  <vcpu>4</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
"""
DISK = """    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none'/>
      <source file='/var/lib/libvirt/images/db1-{0}.qcow2'/>
      <target dev='vd{0}' bus='virtio'/>
      <address type='drive' controller='0' bus='0' target='0' unit='{0}'/>
    </disk>
    <interface type='network'>
      <source network='default'/>
      <model type='virtio'/>
    </interface>
"""
TYPED = """<disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='none'/>
      <source file='/var/lib/libvirt/images/new.img'/>
      <target dev='vdz' bus='virtio'/>
    </disk>"""
TAIL = """  </devices>
</domain>
"""


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--lines", type=int, default=500)
    options = parser.parse_args()
    if not SCHEMA.is_file():
        print("benchmarks/editor.py: needs libvirt's schemas")
        return
    count = options.lines // DISK.count("\n")
    before = HEAD + "".join(DISK.format(number) for number in range(count))
    rules = FolderRules(Settings(), DomainSchema(str(SCHEMA)))
    _typed(rules, before)
    set_aside_what_stays()  # as the server does when a document is opened
    strokes = [stroke for _ in range(options.turns) for stroke in _typed(rules, before)]
    whole = statistics.median(_validate(before + TAIL) for _ in range(options.turns))
    lines = (before + TAIL).count("\n")
    print(f"A disk typed into a domain of {lines} lines, {len(TYPED)} keys, CPU time:\n")
    for name, cost in (
        ("mean of a key", statistics.mean(strokes)),
        ("median of a key", statistics.median(strokes)),
        ("slowest of 100 keys", statistics.quantiles(strokes, n=100)[-1]),
        ("`validate` as a whole", whole),
    ):
        print(f"  {name:22} {cost * 1000:8.2f} ms  {cost / whole:6.3f} of a `validate`")


def _typed(rules: FolderRules, before: str) -> list[float]:
    """What each key costs."""
    document = OpenDocument.from_editor("db1.xml", 0, before + TAIL)
    offset = len(before.encode())
    costs, known = [], SoundFindings()
    for number, key in enumerate(TYPED, 1):
        place = document.positions.position(offset)
        start = time.process_time()
        document = document.changed([TextChange(key, place, place)], number)
        offset += 1
        editor_findings(rules, document, known)
        suggestions(rules.schema, document, offset)
        costs.append(time.process_time() - start)
    return costs


def _validate(text: str) -> float:
    """What a run of `validate` costs that remembers nothing but the grammar."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "db1.xml")
        path.write_text(text)
        started = os.times()
        command = [sys.executable, "-m", "xmlresource", "validate", "--no-cache", str(path)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, env=environment, check=True, capture_output=True)
        ended = os.times()
    return (
        ended.children_user
        + ended.children_system
        - started.children_user
        - started.children_system
    )


if __name__ == "__main__":
    main()
