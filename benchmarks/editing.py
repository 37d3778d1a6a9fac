"""Editing: time, and how much of a document is left as it was, side by side with the peers.

Sets a hard limit of 4 GiB in each of libvirt's own test domains, in process: with xmlresource, with
lxml (parse, change, serialise) and with virt-manager's virtinst (run by the system's Python, where
it is installed). Times are of the processor, so that other work on the machine does not count.

    python benchmarks/editing.py [FOLDER]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from xmlresource.document import Document
from xmlresource.document.editing import assign
from xmlresource.tunables import Form

SIZE = 4 * 1024**3
VIRTINST = Path("/usr/share/virt-manager")
PEER = """
import json, sys, time
sys.path.insert(0, "/usr/share/virt-manager")
from virtinst import Guest
class Connection:  # what parsing alone asks for
    def __getattr__(self, name):
        return lambda *args, **kwargs: None
documents = json.load(sys.stdin)
best = None
for _ in range(3):
    results, began = {}, time.process_time()
    for name, text in documents.items():
        try:
            guest = Guest(Connection(), parsexml=text)
            guest.memtune.hard_limit = 4194304
            results[name] = guest.get_xml()
        except Exception as error:
            results[name] = None
    spent = time.process_time() - began
    best = spent if best is None else min(best, spent)
json.dump([best, results], sys.stdout)
"""


def with_xmlresource(text: bytes) -> bytes:
    """The edit, read again and compared with what was meant."""
    return assign(Document.parse(text), {"hard_limit": SIZE}, Form.MEMTUNE).document.to_bytes()


def with_lxml(text: bytes) -> bytes:
    """The edit as it is usually written."""
    from lxml import etree  # noqa: PLC0415 -- a peer, which need not be there

    tree = etree.ElementTree(etree.fromstring(text))
    root = tree.getroot()
    memtune = root.find("memtune")
    if memtune is None:
        memtune = etree.SubElement(root, "memtune")
    limit = memtune.find("hard_limit")
    if limit is None:
        limit = etree.SubElement(memtune, "hard_limit")
    limit.set("unit", "KiB")
    limit.text = str(SIZE // 1024)
    return bytes(etree.tostring(tree, xml_declaration=text.startswith(b"<?xml"), encoding="utf-8"))


def timed(
    edit: Callable[[bytes], bytes], documents: dict[str, bytes]
) -> tuple[float, dict[str, bytes | None]]:
    """The best of three rounds over all documents, and the results."""
    best = float("inf")
    results: dict[str, bytes | None] = {}
    for _ in range(3):
        began = time.process_time()
        results = {name: edit(text) for name, text in documents.items()}
        best = min(best, time.process_time() - began)
    return best, results


def timed_virtinst(documents: dict[str, bytes]) -> tuple[float, dict[str, bytes | None]] | None:
    """The same with virtinst; ``None`` where it is not installed."""
    if not VIRTINST.is_dir():
        return None
    texts = json.dumps({name: text.decode() for name, text in documents.items()})
    done = subprocess.run(
        ["/usr/bin/python3", "-c", PEER], input=texts, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return None
    best, results = json.loads(done.stdout)
    return best, {name: text and text.encode() for name, text in results.items()}


def only_one_change(before: bytes, after: bytes | None) -> bool:
    """Whether ``after`` is ``before`` with whole lines of the limit put in or replaced."""
    if after is None:
        return False
    start = len(os.path.commonprefix([before, after]))  # noqa: RUF071 -- of bytes, indeed
    end = len(os.path.commonprefix([before[start:][::-1], after[start:][::-1]]))  # noqa: RUF071
    removed = before[start : len(before) - end]
    added = after[start : len(after) - end]
    return len(removed) <= len(b"KiB'>9007199254740991") and len(added) < len(removed) + 200


def command_cost(documents: dict[str, bytes]) -> tuple[float, float, float]:
    """Reading and parsing all files; editing them too; replacing them atomically after that."""
    from xmlresource.operations.editing.edit import set_, write_in_place  # noqa: PLC0415
    from xmlresource.operations.named_document import read_document  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, text in enumerate(documents.values()):
            path = Path(folder, f"{number}.xml")
            path.write_bytes(text)
            paths.append(str(path))
        marks = [time.process_time()]
        for one in paths:
            _ = read_document(one).policy
        marks.append(time.process_time())
        edited = [set_(read_document(one), {"hard_limit": SIZE}, Form.MEMTUNE) for one in paths]
        marks.append(time.process_time())
        write_in_place(edited)
        marks.append(time.process_time())
    reading, editing, writing = (later - mark for mark, later in pairwise(marks))
    return reading, editing, writing


def corpus(folder: str | None) -> dict[str, bytes]:
    """The documents below ``folder``, or libvirt's own where the tests find them."""
    places = (above / "shared/corpus/libvirt-domains" for above in Path(__file__).resolve().parents)
    candidates = [Path(folder)] if folder else list(places)
    found = next((one for one in candidates if one.is_dir()), None)
    if found is None:
        sys.exit("no documents: name a folder of domain XML")
    return {str(path): path.read_bytes() for path in sorted(found.rglob("*.xml"))}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", default=os.environ.get("XMLRESOURCE_CORPUS"))
    documents = corpus(parser.parse_args().folder)
    rows = [("xmlresource", timed(with_xmlresource, documents))]
    rows.append(("lxml", timed(with_lxml, documents)))
    virtinst = timed_virtinst(documents)
    if virtinst is not None:
        rows.append(("virtinst", virtinst))
    count = len(documents)
    print(f"setting a hard limit in {count} documents, in process, best of 3\n")
    print(f"{'':12} {'per document':>13} {'edits/s':>8} {'only the limit changed':>24}")
    for name, (spent, results) in rows:
        kept = sum(only_one_change(documents[one], after) for one, after in results.items())
        per = spent / count * 1e6
        print(f"{name:12} {per:10.0f} µs {count / spent:8.0f} {kept:>14} of {count}")
    if virtinst is None:
        print("virtinst     (not installed)")
    reading, editing, writing = command_cost(documents)
    print(f"\nread and parse {count} files: {reading * 1000:.0f} ms")
    print(f"the same, and set: {editing * 1000:.0f} ms ({editing / reading:.1f} times)")
    print(f"replace them all, atomically and synced: {writing * 1000:.0f} ms more")


if __name__ == "__main__":
    main()
