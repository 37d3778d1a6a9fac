"""The Python API can't be misused in silence."""

from pathlib import Path
from typing import Any

import pytest

from xmlresource import api
from xmlresource.api import AUTO, UNLIMITED, Document, Form, MemoryPolicy, Options, Spelling

GIB = 1024**3
TEXT = b"<domain type='kvm'><name>a</name><memory unit='GiB'>1</memory></domain>"
LIMITED = b"<memtune><hard_limit>1048576</hard_limit></memtune>"
ANYTHING: Any = None


@pytest.mark.parametrize("tunable", ["hard_limit", "min_guarantee"])
@pytest.mark.parametrize(
    ("amount", "cure"),
    [
        ("6GiB", r"write parse_written_size\('6GiB'\)"),
        (4.5, "write a whole number of bytes, such as 4"),
        (float("inf"), "write UNLIMITED for no limit"),
        (float("nan"), "write UNLIMITED for no limit"),
        (True, "write a whole number of bytes, or UNLIMITED"),
        ([], "write a whole number of bytes, or UNLIMITED"),
    ],
)
def test_what_is_no_size_is_told(tunable: str, amount: Any, cure: str) -> None:
    told = f"{tunable} is no size: .*{cure}"
    with pytest.raises(TypeError, match=told):
        MemoryPolicy(**{tunable: amount})
    with pytest.raises(TypeError, match=told):
        MemoryPolicy.from_params({tunable: amount})
    with pytest.raises(TypeError, match=told):
        api.assign(Document.parse(TEXT), {tunable: amount})
    with pytest.raises(TypeError, match=told):
        api.set_(TEXT, {tunable: amount})


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("metadata", "write Form.METADATA, not 'metadata'"),
        ("metdata", "there is no form 'metdata': write Form.RESOURCE or "),
        (None, "there is no form None"),
        (0, "there is no form 0"),
    ],
)
def test_what_is_no_form_is_told(form: Any, told: str) -> None:
    policy = MemoryPolicy(hard_limit=GIB)
    calls = [
        lambda: policy.to_xml(form),
        lambda: policy.to_element(form),
        lambda: api.convert(TEXT, form),
        lambda: api.generate(policy, form),
    ]
    if form is not None:
        calls += [
            lambda: Document.parse(TEXT).with_policy(policy, form),
            lambda: api.assign(Document.parse(TEXT), {"hard_limit": GIB}, form),
            lambda: api.set_(TEXT, {"hard_limit": GIB}, form),
        ]
    for call in calls:
        with pytest.raises(TypeError, match=told):
            call()


@pytest.mark.parametrize("function", [api.validate, api.mend])
@pytest.mark.parametrize("given", ["domains/", b"<domain/>", Path("a"), Document.parse(TEXT), 5])
def test_one_is_no_list(function: Any, given: Any) -> None:
    with pytest.raises(TypeError, match=rf"takes a list of documents: write {function.__name__}"):
        function(given)


def test_what_is_no_document_is_told() -> None:
    for function in (api.show, api.check, api.plan, Document.read):
        with pytest.raises(TypeError, match="a path is a string or a Path, not int"):
            function(ANYTHING or 5)  # type: ignore[operator]
    with pytest.raises(api.DocumentError) as caught:
        api.show("<domain/>")
    assert caught.value.diagnostic.hint == "This is a document and no path: give it as bytes."
    with pytest.raises(TypeError, match="mend mends files: give their paths"):
        api.mend(ANYTHING or [TEXT])
    with pytest.raises(TypeError, match="overhead takes paths, bytes and Documents, not list"):
        api.overhead(ANYTHING or ["a.xml"])
    with pytest.raises(TypeError, match="validate takes paths, bytes and Documents, not NoneType"):
        api.validate([ANYTHING])


def test_patterns_are_no_string() -> None:
    with pytest.raises(TypeError, match=r"write \('lab/',\)"):
        Options(exclude=ANYTHING or "lab/")


def test_every_function_takes_a_document_in_each_shape(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(TEXT)
    shapes = (str(path), path, TEXT, Document.parse(TEXT), Document.read(path))
    options = Options(domain_schema="off")
    for shape in shapes:
        assert api.show(shape).domain == "a"
        assert api.overhead(shape).guests[0].overhead.name == "a"
        assert api.validate([shape], options).files == 1
        assert api.set_(shape, {"hard_limit": GIB * 2}).document.policy.hard_limit == GIB * 2
        assert api.set_(shape, {"hard_limit": AUTO}).changed
        assert not api.convert(shape, Form.MEMTUNE).changed
    values: dict[str, Any] = {"hard_limit": UNLIMITED, "soft_limit": Spelling("1", "GiB")}
    assert api.set_(TEXT, values, Form.MEMTUNE).document.policy.hard_limit is UNLIMITED


def test_findings_of_documents_in_memory_have_names(tmp_path: Path) -> None:
    faulty = LIMITED.replace(b"1048576", b"0")
    (tmp_path / "a.xml").write_bytes(faulty)
    named = Document.parse(faulty, "named.xml")
    found = api.validate([faulty, named, tmp_path], Options(domain_schema="off"))
    names = [Path(one.path).name for one in found.diagnostics]
    assert names == ["a.xml", "<document>", "named.xml"]
    assert found.files == 3
