"""Sources that can't be imported: each is refused with its code, its line and a cure."""

import sys

import pytest

from xmlresource.document import DocumentError
from xmlresource.interchange.errors import SourceError
from xmlresource.interchange.readers import kubevirt, text_source
from xmlresource.interchange.readers.detection import guests_in
from xmlresource.interchange.readers.hyperv import read_hyperv
from xmlresource.interchange.readers.kubevirt import MissingYamlError, read_kubevirt

OVF = "http://schemas.dmtf.org/ovf/envelope/1"
RASD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
MACHINE = "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nspec:\n"


def item(*children: str) -> str:
    inner = "\n".join(
        f"<r:{child.partition('=')[0]}>{child.partition('=')[2]}</r:{child.partition('=')[0]}>"
        for child in children
    )
    return (
        f"<Envelope xmlns='{OVF}' xmlns:ovf='{OVF}' xmlns:r='{RASD}'><VirtualSystem ovf:id='a'>"
        f"<VirtualHardwareSection><Item>\n{inner}\n</Item></VirtualHardwareSection>"
        "</VirtualSystem></Envelope>"
    )


def cim(units: str, resource: int) -> str:
    return (
        "<CIM>\n<INSTANCE CLASSNAME='CIM_ResourceAllocationSettingData'>\n"
        f"<PROPERTY NAME='AllocationUnits'><VALUE>{units}</VALUE></PROPERTY>\n"
        f"<PROPERTY NAME='ResourceType'><VALUE>{resource}</VALUE></PROPERTY>\n"
        "<PROPERTY NAME='Limit'><VALUE>1</VALUE></PROPERTY></INSTANCE></CIM>"
    )


FAULTY = {
    "nothing": ("", "XR801", 1),
    "prose": ("Dear all,\nplease find attached", "XR801", 1),
    "other XML": ("<domain type='kvm'/>", "XR801", 1),
    "CIM without settings": ("<CIM><INSTANCE CLASSNAME='CIM_Processor'/></CIM>", "XR801", 1),
    "an empty descriptor": (f"<Envelope xmlns='{OVF}'/>", "XR801", 1),
    "an envelope of SOAP": (
        "<Envelope xmlns='http://www.w3.org/2003/05/soap-envelope'/>",
        "XR801",
        1,
    ),
    "JSON of something": ('{"a": [1, {"b": 2}]}', "XR801", 1),
    "YAML of something": ("apiVersion: kubevirt.io/v1\nkind: KubeVirt\n", "XR801", 1),
    "YAML without a mapping": ("apiVersion: kubevirt.io/v1\n--- []\n", "XR801", 1),
    "VMX without a sign": ('memsize = "1"\nsched.mem.min "5"\n', "XR802", 2),
    "VMX twice": ('memsize = "1"\nsched.mem.min = "5"\n\nSCHED.MEM.MIN = "6"', "XR802", 4),
    "qm.conf without a colon": ("memory: 1024\ncores\n", "XR802", 2),
    "a unit without a name": ("[Service]\nMemoryMin=1G\nMemory\n", "XR802", 3),
    "JSON that ends": ('[{"Startup":\n', "XR802", 2),
    "YAML that ends": (f"{MACHINE}  a: [1,\n", "XR802", 5),
    "YAML with a control character": (f"{MACHINE}  a: \x01\n", "XR802", 1),
    "a reservation in words": (item("ResourceType=4", "Reservation=two"), "XR803", 3),
    "a unit of memory that is none": (
        item("AllocationUnits=elephants", "ResourceType=4"),
        "XR803",
        2,
    ),
    "memory in hertz": (item("ResourceType=4", "AllocationUnits=hertz"), "XR803", 3),
    "processors in bytes": (item("ResourceType=3", "AllocationUnits=byte"), "XR803", 3),
    "memory seen in dozens": (
        item("ResourceType=4", "AllocationUnits=byte", "VirtualQuantityUnits=dozen"),
        "XR803",
        4,
    ),
    "CIM in elephants": (cim("elephants", 4), "XR803", 3),
    "CIM's memory in hertz": (cim("hertz", 4), "XR803", 3),
    "VMX with a word": ('memsize = "1"\nsched.mem.max = "much"\n', "XR803", 2),
    "qm.conf with a word": ("memory: 1024\ncpulimit: many\n", "XR803", 2),
    "xl.cfg with a word": ("name = 'a'\nmemory = 'many'\n", "XR803", 2),
    "JSON with a word": ('{"Startup": 1,\n"Priority": "high"}', "XR803", 2),
    "JSON with a truth": ('{"Startup": true}', "XR803", 1),
    "JSON with no number": ('{"Startup": NaN}', "XR803", 1),
    "JSON with endless digits": ('{"Startup": ' + "1" * 5000 + "}", "XR803", 1),
    "a quantity in words": (
        f"{MACHINE}  domain:\n    resources:\n      requests:\n        memory: lots\n",
        "XR803",
        7,
    ),
    "a quantity with two points": (
        f"{MACHINE}  domain:\n    memory:\n      guest: 1.2.3Gi\n",
        "XR803",
        6,
    ),
    "a unit with a word": ("[Slice]\nMemoryMin=plenty\n", "XR803", 2),
    "a unit with a suffix": ("[Slice]\nMemoryMin=1X\n", "XR803", 2),
    "a unit with a bad percentage": ("[Slice]\nMemoryMin=a%\n", "XR803", 2),
    "a quota without percent": ("[Slice]\nCPUQuota=2\n", "XR803", 2),
    "a quota in words": ("[Slice]\nCPUQuota=all%\n", "XR803", 2),
    "a weight in words": ("[Slice]\nIOWeight=heavy\n", "XR803", 2),
    "a limit without its device": ("[Slice]\nIOReadIOPSMax=500\n", "XR803", 2),
    "YAML with an alias": (f"{MACHINE}  a: &a [1]\n  b: *a\n", "XR804", 4),
    "YAML with a bomb": (f"{MACHINE}  a: &a [x, x]\n  b: &b [*a, *a]\n", "XR804", 4),
    "YAML that is deep": (f"{MACHINE}  a: {'[' * 100}{']' * 100}\n", "XR804", 4),
    "YAML that is wide": (f"{MACHINE}  a: [{'1,' * 30_000}]\n", "XR804", 4),
    "YAML that is large": (f"{MACHINE}{'# ' * 600_000}\n", "XR804", 1),
    "JSON that is deep": ("[" * 100 + "{}" + "]" * 100, "XR801", 1),
    "JSON with deep objects": ('{"a":' * 100 + "{}" + "}" * 100, "XR804", 1),
    "JSON that is endless": ('{"a":' * 200_000, "XR804", 1),
    "JSON that is wide": ("[" + "{}," * 20_001 + "{}]", "XR804", 1),
    "text that is large": ("memory: 1\n" + "#" * (4 << 20), "XR804", 1),
    "text of many lines": ("memory: 1\n" + "\n" * 100_001, "XR804", 1),
}


@pytest.mark.parametrize("name", FAULTY)
def test_is_refused_with_place_and_cure(name: str) -> None:
    text, code, line = FAULTY[name]
    with pytest.raises(SourceError) as caught:
        guests_in(text.encode(), "source")
    found = caught.value.diagnostic
    assert (found.code, found.path) == (code, "source")
    assert (1 if found.span is None else found.span.line) == line
    assert found.hint
    if found.span is not None:
        stretch = text.encode()[found.span.start : found.span.end]
        assert b"\n" not in stretch.strip() or text.startswith("<")


XML_BOMB = "<!DOCTYPE a [<!ENTITY a 'b'>]><Envelope/>"
FAULTY_XML = {
    "DOCTYPE": (XML_BOMB, "XR003"),
    "deep": ("<a>" * 300, "XR005"),
    "wide": (f"<Envelope xmlns='{OVF}'>{'<a/>' * 60_000}</Envelope>", "XR004"),
    "torn": (f"<Envelope xmlns='{OVF}'>", "XR002"),
}


@pytest.mark.parametrize("name", FAULTY_XML)
def test_xml_is_hardened_as_domains_are(name: str) -> None:
    text, code = FAULTY_XML[name]
    with pytest.raises(DocumentError) as caught:
        guests_in(text.encode(), "source")
    assert caught.value.diagnostic.code == code


def test_yaml_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingYamlError, match=r"pip install 'xmlresource\[yaml\]'"):
        guests_in(MACHINE.encode(), "source")


def test_bounds_are_told() -> None:
    assert kubevirt.MOST_YAML == 1 << 20
    assert text_source.MOST_LINES == 100_000


def test_places_count_from_the_text() -> None:
    source = text_source.decoded("é = 1\r\n  zwei\rdrei\n".encode(), "source")
    assert source.lines == ["é = 1", "  zwei", "drei", ""]
    span = source.span(2)
    assert (span.line, span.column, span.end_column) == (2, 3, 7)
    assert "é = 1\r\n  zwei\rdrei\n".encode()[span.start : span.end] == b"zwei"
    assert [source.line_of(source.text.index(word)) for word in ("é", "zwei", "drei")] == [1, 2, 3]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_a_mark_decides_the_encoding(codec: str) -> None:
    text = '[{"VMName": "büro", "Startup": 1048576}]'
    assert read_hyperv(text.encode(codec), "source")[0].name == "büro"
    assert guests_in(text.encode(codec), "source")[0].name == "büro"


def test_old_code_pages_are_read() -> None:
    text = "name: büro\nmemory: 1\n"
    assert guests_in(text.encode("latin-1"), "source")[0].name == "büro"


@pytest.mark.parametrize(
    ("said", "codec", "name"),
    [
        ("windows-1250", "cp1250", "žluťoučký"),
        ("UTF-8", "utf-8", "žluťoučký"),
        ("Shift_JIS", "shift_jis", "業務"),
        ("no-such", "latin-1", "büro"),
        ("utf-16", "latin-1", "büro"),
        ("hex", "latin-1", "büro"),
    ],
)
def test_vmx_is_in_the_encoding_that_it_says(said: str, codec: str, name: str) -> None:
    text = f'.encoding = "{said}"\ndisplayName = "{name}"\nMemSize = "256"\nSched.Mem.Min = "128"\n'
    guest = guests_in(text.encode(codec), "source")[0]
    assert guest.name == name
    assert guest.memory.reservation is not None
    assert guest.memory.reservation.amount == 128 << 20


def test_a_machine_in_one_line_of_json() -> None:
    text = b'{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"a"}}'
    assert read_kubevirt(text, "source") == guests_in(text, "source")
    assert guests_in(text, "source")[0].name == "a"
