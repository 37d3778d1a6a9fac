"""Elements as an XML document of their own, in lines, whatever their texts hold."""

from xml.etree import ElementTree as ET

from xmlresource.formats.xml_text import NewElement

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def as_document(root: NewElement) -> str:
    """The document; names are written as they are, so that prefixes stay."""
    element = _element(root)
    ET.indent(element)
    return f"{_DECLARATION}\n{ET.tostring(element, encoding='unicode')}\n"


def _element(new: NewElement) -> ET.Element:
    element = ET.Element(new.name, dict(new.attributes))
    element.text = new.text or None
    element.extend(map(_element, new.children))
    return element
