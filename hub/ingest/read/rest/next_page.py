"""Next page: where APIs name the next page, and what a manifest must declare to follow it.

If a page names a next one and it is not followed, the page would be mistaken for the whole list, and everything after
it would be lost or deleted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.sdk.paths import AmbiguousPath, parse_path, select_value

ADDRESS_FORM = re.compile(r"^(https?://|/|\?|\./)\S+$")
ADDRESS_PATHS = (
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
TOKEN_PATHS: Mapping[str, str] = {
    "nextPageToken": "pageToken",
    "next_page_token": "page_token",
    "next_cursor": "cursor",
    "nextCursor": "cursor",
    "meta.next_cursor": "cursor",
    "pagination.next_cursor": "cursor",
    "response_metadata.next_cursor": "cursor",
    "continuationToken": "continuationToken",
}
"""Paths of tokens → the parameter that usually receives them."""


@dataclass(frozen=True)
class NextPage:
    """Where a page names the next one, and the `paging` to declare in the manifest."""

    where: str
    paging: str
    declared: Mapping[str, str]


def find_next_page(document: Any, link: str) -> NextPage | None:
    """Find where a page names the next one: in its body under a well-known name, or in its Link header. None if
    nowhere.
    """
    for path in ADDRESS_PATHS:
        found = _get_at_path(document, path)
        if isinstance(found, str) and ADDRESS_FORM.match(found):
            declared = {"kind": "next", "path": path}
            return NextPage(path, f"paging = {{ kind = \"next\", path = '{path}' }}", declared)
    for path, parameter in TOKEN_PATHS.items():
        if isinstance(found := _get_at_path(document, path), str) and found:
            declared = {"kind": "cursor", "parameter": parameter, "next": path}
            words = f'paging = {{ kind = "cursor", parameter = "{parameter}", next = "{path}" }}'
            return NextPage(path, words, declared)
    if find_next_link(link):
        return NextPage("the Link header", 'paging = { kind = "link" }', {"kind": "link"})
    return None


LINK_FORM = re.compile(r"""<([^<>]*)>((?:\s*;\s*[^\s;,="]+\s*(?:=\s*(?:"[^"]*"|[^\s;,"]*))?)*)""")
REL_FORM = re.compile(r""";\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))""", re.IGNORECASE)


def find_next_link(header: str) -> str | None:
    """Return the target with rel="next" of a Link header (RFC 8288), as written there."""
    for found in LINK_FORM.finditer(header):
        rel = REL_FORM.search(found[2])
        if rel and "next" in (rel[1] or rel[2] or "").lower().split():
            return found[1]
    return None


def _get_at_path(document: Any, path: str) -> Any:
    try:
        return select_value(document, parse_path(path))
    except AmbiguousPath:
        return None
