"""Multipart answers (SOAP with attachments, MTOM): insert the referenced parts into the message as base64 (XOP).

Source: XML-binary Optimized Packaging, W3C 2005. A part may be referenced many times, so the result is bounded.
"""

import base64
from collections.abc import Mapping
from email.message import Message
from typing import Any
from urllib.parse import unquote

from lxml import etree
from requests_toolbelt.multipart.decoder import (
    ImproperBodyPartContentException,
    MultipartDecoder,
    NonMultipartContentTypeException,
)

INCLUDE_TAG = "{http://www.w3.org/2004/08/xop/include}Include"
MULTIPART_TYPE = "multipart/related"


class BrokenParts(Exception):
    """The parts of an answer do not match its header."""


class TooManyParts(Exception):
    """The referenced parts exceed the limit."""


def split_message(content: bytes, content_type: str) -> tuple[bytes, Mapping[str, bytes]]:
    """Return the message of an answer, and its other parts by Content-ID. Raises BrokenParts."""
    kind = _parse_header(content_type)
    if kind.get_content_type() != MULTIPART_TYPE:
        return content, {}
    try:
        parts = MultipartDecoder(content, content_type).parts
    except (ImproperBodyPartContentException, NonMultipartContentTypeException, KeyError, ValueError, AttributeError):
        raise BrokenParts from None
    named = [
        (_clean_content_id(part.headers.get(b"Content-ID", b"").decode("latin-1")), part.content) for part in parts
    ]
    start = _clean_content_id(str(kind.get_param("start") or ""))
    root = next((at for at, (name, _) in enumerate(named) if start and name == start), 0)
    if not named:
        raise BrokenParts
    return named[root][1], {name: body for at, (name, body) in enumerate(named) if at != root and name}


def insert_parts(document: Any, parts: Mapping[str, bytes], most_bytes: int) -> None:
    """Replace every reference by the part that it names, as base64. Raises BrokenParts, TooManyParts."""
    total = 0
    for include in list(document.iter(INCLUDE_TAG)):
        address = include.get("href", "")
        body = parts.get(unquote(address.removeprefix("cid:"))) if address.startswith("cid:") else None
        parent = include.getparent()
        if body is None or parent is None:
            raise BrokenParts
        total += len(body)
        if total > most_bytes:
            raise TooManyParts
        parent.remove(include)
        parent.text = base64.b64encode(body).decode("ascii")
    etree.cleanup_namespaces(document)


def _parse_header(content_type: str) -> Message:
    made = Message()
    made["Content-Type"] = content_type
    return made


def _clean_content_id(content_id: str) -> str:
    return content_id.strip().removeprefix("<").removesuffix(">")
