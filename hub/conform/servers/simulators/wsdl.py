"""A WSDL and its messages, made of documents: what names they have, how these nest, and of which type they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

from lxml import etree

NAMESPACE = "http://conform.invalid/1"
SOAP_NAMESPACE = "http://schemas.xmlsoap.org/soap/envelope/"


@dataclass(frozen=True)
class ElementShape:
    """The type of an element: a simple type, or the elements within it; and whether it may stand several times."""

    simple: str
    inner: Mapping[str, "ElementShape"]
    several: bool = False


def shape_of(values: Sequence[Any]) -> ElementShape:
    """The type that all of these values have."""
    flat = [item for value in values for item in (value if isinstance(value, list) else [value]) if item is not None]
    several = any(isinstance(value, list) for value in values)
    if any(isinstance(item, Mapping) for item in flat):
        objects = [item for item in flat if isinstance(item, Mapping)]
        names = dict.fromkeys(name for item in objects for name in item)
        return ElementShape("", {name: shape_of([item.get(name) for item in objects]) for name in names}, several)
    return ElementShape(_simple(flat), {}, several)


def _simple(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "long"
    return "decimal" if kinds and kinds <= {int, float} else "string"


def render_wsdl(address: str, operations: Mapping[str, tuple[ElementShape, ElementShape]]) -> bytes:
    """The description of a service, document/literal, with what each operation asks and answers."""
    names = [name for operation in operations for name in (operation, f"{operation}Response")]
    elements = "".join(
        _render_element(name, shape)
        for operation, shapes in operations.items()
        for name, shape in zip((operation, f"{operation}Response"), shapes, strict=True)
    )
    messages = "".join(f'<message name="{n}"><part name="body" element="t:{n}"/></message>' for n in names)
    port = "".join(
        f'<operation name="{o}"><input message="t:{o}"/><output message="t:{o}Response"/></operation>'
        for o in operations
    )
    body = '<soap:body use="literal"/>'
    bound = "".join(
        f'<operation name="{o}"><soap:operation soapAction=""/><input>{body}</input><output>{body}</output></operation>'
        for o in operations
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:t="{NAMESPACE}" xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}">
  <types><xs:schema targetNamespace="{NAMESPACE}" elementFormDefault="qualified">{elements}</xs:schema></types>
  {messages}<portType name="conform">{port}</portType>
  <binding name="conformBinding" type="t:conform">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>{bound}</binding>
  <service name="conformService"><port name="conformPort" binding="t:conformBinding">
    <soap:address location={quoteattr(address)}/></port></service>
</definitions>""".encode()


def _render_element(name: str, shape: ElementShape, *, inner: bool = False) -> str:
    several = ' maxOccurs="unbounded"' if shape.several else ""
    times = f' minOccurs="0" nillable="true"{several}' if inner else ""
    if shape.simple and inner:
        return f'<xs:element name="{name}" type="xs:{shape.simple}"{times}/>'
    parts = "".join(_render_element(child, kind, inner=True) for child, kind in shape.inner.items())
    return f'<xs:element name="{name}"{times}><xs:complexType><xs:sequence>{parts}</xs:sequence></xs:complexType></xs:element>'


def render_envelope(name: str, document: Mapping[str, Any]) -> bytes:
    """A message. Null values are left out."""
    root = etree.Element(f"{{{SOAP_NAMESPACE}}}Envelope", nsmap={"soap": SOAP_NAMESPACE, None: NAMESPACE})
    _add(etree.SubElement(root, f"{{{SOAP_NAMESPACE}}}Body"), name, document)
    made: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return made


def _add(parent: Any, name: str, value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _add(parent, name, item)
    elif isinstance(value, Mapping):
        element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
        for child, inner in value.items():
            _add(element, child, inner)
    elif value is not None:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = text
