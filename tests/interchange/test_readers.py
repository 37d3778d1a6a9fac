"""What readers make of less common input."""

import pytest

from xmlresource.interchange.allocation import SourceGuest
from xmlresource.interchange.errors import SourceError
from xmlresource.interchange.readers.detection import guests_in, is_archive
from xmlresource.units import UNLIMITED

OVF = "http://schemas.dmtf.org/ovf/envelope/1"
OPTIONS = f"""<Envelope xmlns='{OVF}'>
  <DeploymentOptionSection>
    <Configuration id='small'/><Configuration id='large'/>
  </DeploymentOptionSection>
  <VirtualSystem id='a'><VirtualHardwareSection>
    <Item configuration='small'><ResourceType>4</ResourceType><Reservation>1024</Reservation></Item>
    <Item configuration='large'><ResourceType>4</ResourceType><Reservation>4096</Reservation></Item>
    <Item><ResourceType>10</ResourceType></Item>
    <Config key='sched.mem.pin'/><Config value='b'/><Config key='other' value='true'/>
  </VirtualHardwareSection></VirtualSystem>
</Envelope>
"""
PLAIN = f"<Envelope xmlns='{OVF}'><VirtualSystem/></Envelope>"


def guest(text: str, configuration: str | None = None) -> SourceGuest:
    (found,) = guests_in(text.encode(), "source", configuration)
    return found


def reservation(found: SourceGuest) -> object:
    return None if found.memory.reservation is None else found.memory.reservation.amount


def test_the_first_option_counts_where_none_is_preferred() -> None:
    found = guest(OPTIONS)
    assert reservation(found) == 1024
    assert found.notes == ("the deployment option is 'small'; --configuration takes large",)


def test_an_option_can_be_chosen() -> None:
    found = guest(OPTIONS, "large")
    assert (reservation(found), found.notes) == (4096, ())


@pytest.mark.parametrize(("text", "known"), [(OPTIONS, "'small', 'large'"), (PLAIN, "has none")])
def test_an_option_must_be_there(text: str, known: str) -> None:
    with pytest.raises(SourceError) as caught:
        guest(text, "huge")
    assert caught.value.diagnostic.code == "XR807"
    assert known in caught.value.diagnostic.message


def test_one_option_leaves_no_choice() -> None:
    text = OPTIONS.replace("<Configuration id='large'/>", "")
    assert guest(text).notes == ("the deployment option is 'small'",)


def test_a_system_may_say_nothing() -> None:
    found = guest(PLAIN)
    assert (found.name, found.ram, found.vcpus) == ("", None, 1)
    assert list(found.memory.settings) == []


def test_ovirts_guarantee_may_stand_in_a_virtual_system() -> None:
    text = f"""<Envelope xmlns='{OVF}'><VirtualSystem>
      <MinAllocatedMem>1</MinAllocatedMem><MaxMemorySizeMb/>
    </VirtualSystem></Envelope>"""
    assert reservation(guest(text)) == 1 << 20


@pytest.mark.parametrize("written", ["-1", "unlimited", "18446744073709551615"])
def test_no_limit_in_many_words(written: str) -> None:
    text = OPTIONS.replace("<Reservation>1024</Reservation>", f"<Limit>{written}</Limit>")
    limit = guest(text).memory.limit
    assert limit is not None
    assert (limit.amount, limit.written) == (UNLIMITED, written)


def test_cim_of_other_kinds_is_left_out() -> None:
    def instance(kind: int, more: str = "") -> str:
        inner = f"<PROPERTY NAME='ResourceType'><VALUE>{kind}</VALUE></PROPERTY>{more}"
        return f"<INSTANCE CLASSNAME='CIM_ResourceAllocationSettingData'>{inner}</INSTANCE>"

    limit = "<PROPERTY NAME='Limit'><VALUE>1</VALUE></PROPERTY>"
    found = guest(f"<CIM>{instance(3)}{instance(3, limit)}{instance(10)}</CIM>")
    assert [one.is_loss for one in found.left_out] == [True, False]


def test_the_weight_of_a_cim_disk() -> None:
    text = (
        "<CIM><INSTANCE CLASSNAME='CIM_StorageAllocationSettingData'>"
        "<PROPERTY NAME='ResourceType'><VALUE>17</VALUE></PROPERTY>"
        "<PROPERTY NAME='Weight'><VALUE>200</VALUE></PROPERTY></INSTANCE></CIM>"
    )
    (disk,) = guest(text).storage
    assert disk.weight is not None
    assert (disk.weight.amount, disk.weight.is_default) == (200, False)


def test_little_is_enough() -> None:
    assert guest("cores: 2\n").vcpus == 2
    assert guest("name = 'a'\nmemory = 1\n").processor.weight is None
    assert guest("name: a\n").ram is None


def test_an_archive_is_told_by_its_sign() -> None:
    assert is_archive(b"a" * 257 + b"ustar\0")
    assert not is_archive(b"ustar")


def test_what_a_unit_takes_back() -> None:
    found = guest("[Slice]\nMemoryMin=1G\nMemoryMin=\nIOWeight=200\n")
    assert reservation(found) is None
    assert len(found.storage) == 1


def test_snapshots_do_not_count() -> None:
    assert guest("memory: 1024\n\n[snap]\nmemory: 1\n").ram == 1 << 30
