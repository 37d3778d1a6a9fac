"""Who judges documents, and where a judge is known to err.

A document is valid if it is a valid fragment of one of the three forms; the forms' root elements
differ, so at most one schema can accept it.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from pathlib import Path

import xmlschema
from lxml import etree
from xmlschema.exceptions import XMLSchemaKeyError

from xmlresource import schema_files
from xmlresource.document import Document, DocumentError
from xmlresource.formats.quantities import (
    CPU_UNIT_PATTERN,
    DECIMAL_PATTERN,
    PERCENTAGE_PATTERN,
    SHARE_PATTERN,
)
from xmlresource.relaxng.schema import Schema
from xmlresource.rules import structure, values
from xmlresource.rules.cpu_and_io import block_structure, quantity_faults
from xmlresource.tunables import MEMORY, NAMESPACE, Form, Quantity, Tunable
from xmlresource.tunables.families import CPU, IO
from xmlresource.units import UNIT_PATTERN, VALUE_PATTERN

SCHEMAS = {
    Form.RESOURCE: "resource",
    Form.METADATA: "memory-metadata",
    Form.MEMTUNE: "memtune",
}
"""The name of each form's schema, without the ending."""

RULES = "xmlresource's rules"
RNG_LXML, RNG_JING = "RELAX NG by lxml", "RELAX NG by jing"
RNG_OURS = "RELAX NG by xmlresource"
XSD_LXML, XSD_XMLSCHEMA = "XSD by lxml", "XSD by xmlschema"
XSD_XMLSCHEMA_OVER_LXML = "XSD by xmlschema, given a tree of lxml"

JING = shutil.which("jing")

Verdict = Callable[[bytes], bool]


# --- the model -----------------------------------------------------------------------------------


def model_verdict(data: bytes) -> bool:
    """What is right: the forms once more, from the table of tunables alone.

    It leaves out what only XSD 1.1 and the rules see: sizes too large for libvirt, relations.
    """
    root = parse(data)
    readers: dict[str, Callable[[etree._Element], bool]] = {
        "resource": _is_resource,
        "memtune": lambda element: _holds_sizes(element, Form.MEMTUNE),
        f"{{{NAMESPACE}}}resource": _is_metadata_resource,
        f"{{{NAMESPACE}}}memory": lambda element: _holds_sizes(element, Form.METADATA),
        f"{{{NAMESPACE}}}cpu": lambda element: _is_cpu(element, Form.METADATA),
        f"{{{NAMESPACE}}}io": lambda element: _is_io(element, Form.METADATA),
    }
    reader = readers.get(str(root.tag))
    return reader is not None and reader(root)


def _is_resource(element: etree._Element) -> bool:
    names = [child.tag for child in _children(element)]
    libvirts = [name for name in names if name not in BLOCKS]
    known = {
        **{name: partial(reader, form=Form.RESOURCE) for name, reader in BLOCKS.items()},
        "partition": _is_partition,
        "fibrechannel": _is_fibrechannel,
    }
    return (
        not element.attrib
        and _is_blank(element)
        and len(set(names)) == len(names)
        and libvirts in ([], ["partition"], ["fibrechannel"], ["partition", "fibrechannel"])
        and all(known[str(child.tag)](child) for child in _children(element))
    )


def _is_metadata_resource(element: etree._Element) -> bool:
    children = _children(element)
    return (
        not element.attrib
        and _is_blank(element)
        and len({child.tag for child in children}) == len(children)
        and all(
            child.tag in {f"{{{NAMESPACE}}}{name}" for name in BLOCKS}
            and BLOCKS[etree.QName(child).localname](child, Form.METADATA)
            for child in children
        )
    )


def _is_partition(element: etree._Element) -> bool:
    path = re.compile(r"(/|[a-zA-Z]:\\)[^\r\n]+")
    return (
        not element.attrib and not _children(element) and path.fullmatch(_text(element)) is not None
    )


def _is_fibrechannel(element: etree._Element) -> bool:
    return (
        list(element.attrib) == ["appid"]
        and re.fullmatch("[ -~]{1,128}", str(element.attrib["appid"])) is not None
        and not _children(element)
        and _is_blank(element)
    )


def _holds_sizes(element: etree._Element, form: Form) -> bool:
    prefix = f"{{{NAMESPACE}}}" if form is Form.METADATA else ""
    known = {prefix + local for row in MEMORY if (local := row.element_in(form))}
    children = _children(element)
    names = [str(child.tag) for child in children]
    return (
        _has_its_attributes(element, form)
        and _is_blank(element)
        and known.issuperset(names)
        and len(set(names)) == len(names)
        and all(map(_is_size, children))
    )


def _is_cpu(element: etree._Element, form: Form) -> bool:
    return not element.attrib and _holds_quantities(element, form, CPU)


def _is_io(element: etree._Element, form: Form) -> bool:
    devices = [child for child in _children(element) if child.tag == _name("device", form)]
    return (
        not element.attrib
        and _holds_quantities(element, form, IO, others=devices)
        and all(_is_device(device, form) for device in devices)
    )


def _is_device(element: etree._Element, form: Form) -> bool:
    target, path = str(element.get("target", "vda")), str(element.get("path", "/dev/sda"))
    return (
        set(element.attrib) <= {"target", "path"}
        and re.fullmatch(r"[A-Za-z0-9_.:\-]+", target) is not None
        and re.fullmatch(r"/[^\r\n]+", path) is not None
        and _holds_quantities(element, form, IO, in_device=True)
    )


def _holds_quantities(
    element: etree._Element,
    form: Form,
    rows: tuple[Tunable, ...],
    *,
    others: Iterable[etree._Element] = (),
    in_device: bool = False,
) -> bool:
    known = {_name(row.element, form): row for row in rows if row.per_device is in_device}
    values = [child for child in _children(element) if child not in others]
    names = [str(child.tag) for child in values]
    return (
        _is_blank(element)
        and known.keys() >= set(names)
        and len(set(names)) == len(names)
        and all(_is_quantity(child, known[str(child.tag)]) for child in values)
    )


def _is_quantity(element: etree._Element, row: Tunable) -> bool:
    value, unit = PATTERNS[row.quantity]
    written = {str(name): str(text) for name, text in element.attrib.items()}
    units = [written.pop("unit")] if unit and "unit" in written else []
    if row.attribute is None:
        values = [_text(element)]
    else:
        values = [written.pop(name) for name in ("read", "write") if name in written]
    return (
        not written
        and not _children(element)
        and (row.attribute is None or _is_blank(element))
        and all(re.fullmatch(value, text) for text in values)
        and all(re.fullmatch(str(unit), text) for text in units)
    )


PATTERNS: dict[Quantity, tuple[str, str | None]] = {
    Quantity.CPUS: (DECIMAL_PATTERN, CPU_UNIT_PATTERN),
    Quantity.PERCENT: (PERCENTAGE_PATTERN, None),
    Quantity.WEIGHT: (SHARE_PATTERN, None),
    Quantity.BYTES_PER_SECOND: (VALUE_PATTERN, UNIT_PATTERN),
    Quantity.OPERATIONS_PER_SECOND: (VALUE_PATTERN, None),
}
"""How a value and its unit are written; no unit may stand beside some."""


def _name(local: str, form: Form) -> str:
    return f"{{{NAMESPACE}}}{local}" if form is Form.METADATA else local


def _has_its_attributes(element: etree._Element, form: Form) -> bool:
    allowed = set() if form is Form.MEMTUNE else {"priority", "balance"}
    said = str(element.get("priority", "0"))
    return (
        set(element.attrib) <= allowed
        and re.fullmatch("[0-9]{1,3}", said) is not None
        and element.get("balance", "yes") in {"yes", "no"}
    )


def _is_size(element: etree._Element) -> bool:
    return (
        set(element.attrib) <= {"unit"}
        and re.fullmatch(UNIT_PATTERN, str(element.get("unit", "KiB"))) is not None
        and not _children(element)
        and re.fullmatch(VALUE_PATTERN, _text(element)) is not None
    )


def _children(element: etree._Element) -> list[etree._Element]:
    return list(element.iterchildren("*"))


def _text(element: etree._Element) -> str:
    """The element's own text, comments and processing instructions left out."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def _is_blank(element: etree._Element) -> bool:
    return not _text(element).strip(" \t\r\n")


BLOCKS: dict[str, Callable[[etree._Element, Form], bool]] = {
    "memory": _holds_sizes,
    "cpu": _is_cpu,
    "io": _is_io,
}
"""The elements of our families, and who reads them."""


# --- the product ---------------------------------------------------------------------------------

BEYOND_SCHEMAS = {"XR203", "XR204", "XR205", "XR208", "XR503"}
"""Codes of the rules on values that no schema here can state: overflow, unlimited, zero, too fine,
tiny."""


def rules_verdict(data: bytes) -> bool:
    """Whether ``xmlresource validate`` finds no fault of the kinds that a schema can find."""
    try:
        document = Document.parse(data)
    except DocumentError:
        return False
    checks = (
        *structure.CHECKS,
        *values.CHECKS,
        *block_structure.CHECKS,
        *quantity_faults.CHECKS,
    )
    return BEYOND_SCHEMAS.issuperset(found.code for check in checks for found in check(document))


# --- validators ----------------------------------------------------------------------------------


def parse(data: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(data, parser)


def rng_by_lxml(data: bytes) -> bool:
    root = parse(data)
    return any(schema.validate(root) for schema in _rng_of_lxml())


def rng_by_xmlresource(data: bytes) -> bool:
    return any(schema.is_valid(data) for schema in _rng_of_xmlresource())


def xsd_by_lxml(data: bytes) -> bool:
    root = parse(data)
    return any(schema.validate(root) for schema in _xsd_of_lxml())


def xsd_by_xmlschema(data: bytes) -> bool:
    return _xmlschema_takes(xmlschema.XMLResource(BytesIO(data)))


def xsd_by_xmlschema_over_lxml(data: bytes) -> bool:
    return _xmlschema_takes(xmlschema.XMLResource(parse(data)))


def _xmlschema_takes(document: xmlschema.XMLResource) -> bool:
    try:
        return any(schema.is_valid(document) for schema in _xsd_of_xmlschema())
    except XMLSchemaKeyError:  # its way to say that xsi:type names no type
        return False


IN_PROCESS: dict[str, Verdict] = {
    RULES: rules_verdict,
    RNG_LXML: rng_by_lxml,
    RNG_OURS: rng_by_xmlresource,
    XSD_LXML: xsd_by_lxml,
    XSD_XMLSCHEMA: xsd_by_xmlschema,
    XSD_XMLSCHEMA_OVER_LXML: xsd_by_xmlschema_over_lxml,
}


@cache
def _rng_of_lxml() -> list[etree.RelaxNG]:
    return [etree.RelaxNG(etree.parse(schema(form, "rng"))) for form in Form]


@cache
def _rng_of_xmlresource() -> list[Schema]:
    return [Schema.load(schema(form, "rng")) for form in Form]


@cache
def _xsd_of_lxml() -> list[etree.XMLSchema]:
    return [etree.XMLSchema(etree.parse(schema(form, "xsd"))) for form in Form]


@cache
def _xsd_of_xmlschema() -> list[xmlschema.XMLSchema10]:
    return [xmlschema.XMLSchema10(schema(form, "xsd")) for form in Form]


def schema(form: Form, ending: str) -> str:
    return str(schema_files.path(f"{SCHEMAS[form]}.{ending}"))


def refused_by_jing(documents: Iterable[bytes], folder: Path) -> set[bytes]:
    """Those of the (well-formed) ``documents`` that jing refuses.

    One process judges all, for its start takes longer than a thousand documents. The JVM also
    checks here that the RELAX NG schemas are correct.
    """
    assert JING is not None
    union = folder / "any-form.rng"
    union.write_text(_union(schema_files.path(f"{name}.rng") for name in SCHEMAS.values()))
    files = {f"{number}.xml": data for number, data in enumerate(documents)}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    done = subprocess.run(  # noqa: S603
        [JING, union.name, *files], cwd=folder, capture_output=True, text=True, check=False
    )
    complaints = re.findall(r"^(.+?)(?::\d+:\d+)?: (error|fatal): (.*)$", done.stdout, re.MULTILINE)
    broken = [complaint for complaint in complaints if complaint[1] == "fatal"]
    assert not broken, f"jing stopped: {broken[0]}"
    assert bool(complaints) == bool(done.returncode), done.stdout + done.stderr
    return {files[Path(complaint[0]).name] for complaint in complaints}


def _union(schemas: Iterable[Path]) -> str:
    references = "".join(f'<externalRef href="{file.as_uri()}"/>' for file in schemas)
    return f'<choice xmlns="http://relaxng.org/ns/structure/1.0">{references}</choice>'


# --- known deviations ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Deviation:
    """Documents of which validators say the opposite of what is right.

    Attributes:
        name: What the documents have in common.
        validators: Who errs on them.
        reason: Why.
        applies: Whether a document is of this kind: the validators' word on it counts for nothing.
        example: One on which each of the validators errs today.
    """

    name: str
    validators: frozenset[str]
    reason: str
    applies: Verdict
    example: bytes


def _has_xsi_attribute(data: bytes) -> bool:
    xsi = "{http://www.w3.org/2001/XMLSchema-instance}"
    return any(str(key).startswith(xsi) for e in parse(data).iter("*") for key in e.attrib)


def _has_foreign_blank(data: bytes) -> bool:
    """Between elements, a blank of Unicode's that is none of XML's."""
    containers = [e for e in parse(data).iter("*") if etree.QName(e).localname in _CONTAINERS]
    parts = [part for e in containers for part in (e.text, *(child.tail for child in e)) if part]
    return any(not part.strip() and part.strip(" \t\r\n") for part in parts)


_CONTAINERS = {"resource", "memory", "cpu", "io", "device", "memtune"}


def _has_split_text(data: bytes) -> bool:
    """A comment or processing instruction in a size, a path or a fibrechannel."""
    elements = [e for e in parse(data).iter("*") if etree.QName(e).localname not in _CONTAINERS]
    return any(len(element) > len(_children(element)) for element in elements)


def _has_libvirts_own(data: bytes) -> bool:
    """Attributes of libvirt's ``<resource>``, or children of its own."""
    root = parse(data)
    own = {"partition", "fibrechannel"}.intersection(str(child.tag) for child in root)
    return root.tag == "resource" and bool(root.attrib or own)


def _has_libvirts_own_in_disorder(data: bytes) -> bool:
    """libvirt's fibrechannel before its partition."""
    names = [str(child.tag) for child in _children(parse(data))]
    return "fibrechannel" in names and "partition" in names[names.index("fibrechannel") :]


DEVIATIONS = (
    Deviation(
        name="the order of libvirt's own in its resource",
        validators=frozenset({RULES, XSD_LXML, XSD_XMLSCHEMA, XSD_XMLSCHEMA_OVER_LXML}),
        reason="XSD 1.0 can't say that two children stand in order where others may stand anywhere "
        "among them; resource-1.1.xsd says it",
        applies=_has_libvirts_own_in_disorder,
        example=b"<resource><fibrechannel appid='a'/><partition>/m</partition></resource>",
    ),
    Deviation(
        name="what libvirt's resource holds of its own",
        validators=frozenset({RULES}),
        reason="the rules are about tunables; libvirt's schema judges the rest of a domain",
        applies=_has_libvirts_own,
        example=b"<resource><partition>machine</partition></resource>",
    ),
    Deviation(
        name="attributes of XML Schema itself",
        validators=frozenset({XSD_LXML, XSD_XMLSCHEMA, XSD_XMLSCHEMA_OVER_LXML}),
        reason="XSD allows xsi:type, xsi:schemaLocation and xsi:noNamespaceSchemaLocation "
        "everywhere and has no way to forbid them",
        applies=_has_xsi_attribute,
        example=b"<memtune xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
        b"xsi:noNamespaceSchemaLocation='memtune.xsd'/>",
    ),
    Deviation(
        name="Unicode's blanks between elements",
        validators=frozenset({XSD_XMLSCHEMA, XSD_XMLSCHEMA_OVER_LXML}),
        reason="xmlschema looks for text with str.strip(), which also strips a no-break space",
        applies=_has_foreign_blank,
        example=b"<memtune>&#160;</memtune>",
    ),
    Deviation(
        name="comments in values",
        validators=frozenset({XSD_XMLSCHEMA_OVER_LXML}),
        reason="lxml keeps comments and processing instructions as children, and xmlschema reads "
        "only the text before the first",
        applies=_has_split_text,
        example=b"<memtune><hard_limit><!-- 1 -->5</hard_limit></memtune>",
    ),
)


def is_known(validator: str, data: bytes) -> bool:
    """Whether ``validator`` is known to err on documents such as ``data``."""
    return any(validator in known.validators and known.applies(data) for known in DEVIATIONS)
