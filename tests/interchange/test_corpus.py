"""Real definitions: libvirt's and virt-v2v's own test data, where it is present.

The figures are reckoned by hand from the files: MB are 2^20 bytes, a reservation of 0 and shares of
"normal" are what VMware writes where nobody decided anything.
"""

import os
from pathlib import Path
from typing import Final

import pytest

from xmlresource.interchange.allocation import Allocation, SourceGuest
from xmlresource.interchange.mapping import mapped, plain_guest
from xmlresource.interchange.readers.detection import guests_in
from xmlresource.interchange.wishes import Wishes
from xmlresource.overhead import estimate

MIB: Final = 2**20
_HERE: Final = Path(__file__).resolve()
_NAME: Final = Path("shared/corpus/import")

#: Of each file that says more than defaults: RAM in MiB, vCPUs, and its values.
SAID: Final = {
    "libvirt-case-insensitive-1.vmx": (1024, 1, {"cpu weight": 4223}),
    "libvirt-xml2vmx-esx-in-the-wild-2.vmx": (1000, 4, {"memory limit": 118 * MIB}),
    "libvirt-xml2vmx-esx-in-the-wild-5.vmx": (2048, 2, {"memory reservation": 256 * MIB}),
    "libvirt-xml2vmx-ethernet-mac-type.vmx": (216, 1, {"memory limit": 214 * MIB}),
}

#: Sizes of some that say nothing else.
SIZES: Final = {
    "libvirt-esx-in-the-wild-8.vmx": (2048, 8),
    "libvirt-gsx-in-the-wild-4.vmx": (264, 1),
    "libvirt-xml2vmx-fusion-in-the-wild-1.vmx": (3572, 2),
    "libvirt-xml2vmx-esx-in-the-wild-9.vmx": (16384, 16),
    "v2v-test-i-vmx-7.vmx": (4096, 2),
    "v2v-test-i-ova-checksums.ovf": (4096, 2),
    "v2v-test-i-ova-formats.ovf": (1024, 1),
    "v2v-test-i-ova-snapshots.ovf": (1024, 1),
    "v2v-test-i-ova-subfolders.ovf": (1024, 1),
}


@pytest.fixture(scope="module")
def corpus() -> dict[str, bytes]:
    """The files by name."""
    named = os.environ.get("XMLRESOURCE_CORPUS_IMPORT")
    candidates = [Path(named)] if named else [above / _NAME for above in _HERE.parents]
    folder = next((one for one in candidates if one.is_dir()), None)
    if folder is None:
        pytest.skip("the corpus of other systems' files is not here (XMLRESOURCE_CORPUS_IMPORT)")
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".vmx", ".ovf"}
    }


def guest_in(data: bytes, name: str) -> SourceGuest:
    (guest,) = guests_in(data, name)
    return guest


def values_of(guest: SourceGuest) -> dict[str, int]:
    """What it says beyond defaults and zeros."""
    found = {}
    for word, allocation in (("memory", guest.memory), ("cpu", guest.processor)):
        for part in ("reservation", "limit", "weight"):
            value = getattr(allocation, part)
            if value is not None and value.number and not value.is_default:
                found[f"{word} {part}"] = int(value.number)
    return found


def is_plain(disk: Allocation) -> bool:
    return all(value.is_default or not value.number for value in disk.settings)


def test_all_are_imported(corpus: dict[str, bytes]) -> None:
    assert len(corpus) > 70
    for name, data in corpus.items():
        guest = guest_in(data, name)
        assert guest.product == ("OVF" if name.endswith(".ovf") else "VMX")
        assert guest.name
        mapped(guest, None, Wishes())


def test_figures_are_those_of_the_files(corpus: dict[str, bytes]) -> None:
    for name, data in corpus.items():
        guest = guest_in(data, name)
        ram, vcpus, values = SAID.get(name, (None, None, {}))
        assert values_of(guest) == values, name
        assert all(map(is_plain, guest.storage)), name
        if ram is not None:
            assert (guest.ram, guest.vcpus) == (ram * MIB, vcpus)


def test_sizes_are_those_of_the_files(corpus: dict[str, bytes]) -> None:
    found = {}
    for name in SIZES:
        guest = guest_in(corpus[name], name)
        assert guest.ram is not None
        found[name] = (guest.ram // MIB, guest.vcpus)
    assert found == SIZES


def test_what_somebody_decided_becomes_a_policy(corpus: dict[str, bytes]) -> None:
    policies = {}
    for name, data in corpus.items():
        guest = guest_in(data, name)
        policies[name] = mapped(guest, None, Wishes()).targets
    reserved = "libvirt-xml2vmx-esx-in-the-wild-5.vmx"
    overhead = estimate(plain_guest(guest_in(corpus[reserved], reserved))).total.expected
    guarantee = 256 * MIB + -(-overhead // MIB) * MIB
    assert {name: one for name, one in policies.items() if one} == {
        reserved: {"min_guarantee": guarantee},
        # 4223 shares beside the usual 1000 of one vCPU.
        "libvirt-case-insensitive-1.vmx": {"cpu_share": 422},
    }


@pytest.mark.parametrize("change", [str.upper, str.lower, str.swapcase])
def test_keys_are_read_in_any_case(corpus: dict[str, bytes], change: object) -> None:
    assert callable(change)
    for name, data in corpus.items():
        if name.endswith(".vmx"):
            lines = data.decode(errors="surrogateescape").splitlines()
            changed = "\n".join(
                change(key) + sign + rest
                for key, sign, rest in (one.partition("=") for one in lines)
            )
            again = guest_in(changed.encode(errors="surrogateescape"), name)
            guest = guest_in(data, name)
            assert values_of(again) == values_of(guest)
            assert (again.name, again.ram, again.vcpus) == (guest.name, guest.ram, guest.vcpus)
