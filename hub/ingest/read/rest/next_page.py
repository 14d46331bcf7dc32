"""The names under which APIs say in a page where the next one is, and what a manifest would declare to follow them.

A page that says so and is not followed would be taken for the whole list: everything after it would be lost, or deleted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.sdk.paths import AmbiguousPath, select, steps_of

ADDRESS = re.compile(r"^(https?://|/|\?|\./)\S+$")
ADDRESSES = (
    '"@odata.nextLink"',  # OData 4
    '"odata.nextLink"',  # OData 3
    "d.__next",  # OData 2
    "_links.next.href",  # HAL
    "_links.next",
    "links.next.href",  # JSON:API, as an object
    "links.next",  # JSON:API
    "link[relation=next].url",  # FHIR
    "next",  # Django REST framework
    "next.href",
    "nextLink",
    "next_link",
    "next_url",
    "next_page_url",  # Laravel
    "nextPageUrl",
    "paging.next",
    "pagination.next",
    "pagination.next_url",
    "meta.next",
    "meta.next_page_url",
)
"""Paths of addresses."""
TOKENS: Mapping[str, str] = {
    "nextPageToken": "pageToken",
    "next_page_token": "page_token",
    "next_cursor": "cursor",
    "nextCursor": "cursor",
    "meta.next_cursor": "cursor",
    "pagination.next_cursor": "cursor",
    "response_metadata.next_cursor": "cursor",
    "continuationToken": "continuationToken",
}
"""Paths of tokens → the parameter that usually takes them."""


@dataclass(frozen=True)
class NextNamed:
    """Where a page names the next one, and the paging that follows it, as a manifest declares it."""

    where: str
    paging: str
    declared: Mapping[str, str]


def next_named(document: Any, link: str) -> NextNamed | None:
    """Where a page names the next one: in its body under a well-known name, or in its Link header; None where nowhere."""
    for path in ADDRESSES:
        found = _at(document, path)
        if isinstance(found, str) and ADDRESS.match(found):
            declared = {"kind": "next", "path": path}
            return NextNamed(path, f"paging = {{ kind = \"next\", path = '{path}' }}", declared)
    for path, parameter in TOKENS.items():
        if isinstance(found := _at(document, path), str) and found:
            declared = {"kind": "cursor", "parameter": parameter, "next": path}
            words = f'paging = {{ kind = "cursor", parameter = "{parameter}", next = "{path}" }}'
            return NextNamed(path, words, declared)
    if next_link(link):
        return NextNamed("the Link header", 'paging = { kind = "link" }', {"kind": "link"})
    return None


LINK = re.compile(r"""<([^<>]*)>((?:\s*;\s*[^\s;,="]+\s*(?:=\s*(?:"[^"]*"|[^\s;,"]*))?)*)""")
REL = re.compile(r""";\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))""", re.IGNORECASE)


def next_link(header: str) -> str | None:
    """The target with rel="next" in a Link header (RFC 8288), as it is written there."""
    for found in LINK.finditer(header):
        rel = REL.search(found[2])
        if rel and "next" in (rel[1] or rel[2] or "").lower().split():
            return found[1]
    return None


def _at(document: Any, path: str) -> Any:
    try:
        return select(document, steps_of(path))
    except AmbiguousPath:
        return None
