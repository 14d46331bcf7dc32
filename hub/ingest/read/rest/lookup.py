"""REST look-up: fetch rows by key, several per request if the source accepts a list, otherwise each by its own path."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hub.ingest.read.http.client import HttpClient, HttpRequest
from hub.ingest.read.json_rows import JsonRow, get_at_path
from hub.ingest.read.rest.paging import build_size_parameter
from hub.sdk.paths import parse_path, select_value
from hub.sdk.streams import RestLookup, RestStream


@dataclass(frozen=True)
class LookupRequest:
    """A request, and the keys that it asks for."""

    request: HttpRequest
    keys: frozenset[str]


def build_requests(client: HttpClient, stream: RestStream, keys: Sequence[str]) -> Iterator[LookupRequest]:
    """Yield the requests for these keys."""
    lookup = stream.lookup
    assert lookup is not None
    if lookup.parameter is None:
        for key in keys:
            url = client.build_url(lookup.path.replace("{key}", quote(key, safe="")))
            yield LookupRequest(HttpRequest(url.copy_merge_params(stream.parameters)), frozenset({key}))
        return
    for together in _group_keys(lookup, keys):
        # Without a page size, the source's default page could be shorter than the list of keys.
        asked = {
            **stream.parameters,
            **build_size_parameter(stream.paging),
            lookup.parameter: lookup.separator.join(together),
        }
        yield LookupRequest(HttpRequest(client.build_url(lookup.path).copy_merge_params(asked)), frozenset(together))


def find_single_row(document: Any, stream: RestStream) -> JsonRow | None:
    """Return the row if the document is a single row instead of a list."""
    if isinstance(document, dict) and get_at_path(document, stream.key[0]) is not None:
        return document
    found = select_value(document, parse_path(stream.records))
    return found if isinstance(found, dict) and get_at_path(found, stream.key[0]) is not None else None


def group_by_members(rows: Sequence[JsonRow]) -> list[list[JsonRow]]:
    """Group rows that have the same members, members of objects included."""
    groups: dict[frozenset[str], list[JsonRow]] = {}
    for row in rows:
        groups.setdefault(frozenset(_list_members(row, "")), []).append(row)
    return list(groups.values())


def _list_members(row: JsonRow, above: str) -> Iterator[str]:
    for name, value in row.items():
        yield f"{above}{name}"
        if isinstance(value, dict):
            yield from _list_members(value, f"{above}{name}.")


def _group_keys(lookup: RestLookup, keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield keys in groups as large as the source accepts. Keys that contain the separator are sent alone."""
    plain = [key for key in keys if lookup.separator not in key]
    for at in range(0, len(plain), lookup.batch):
        yield plain[at : at + lookup.batch]
    yield from ([key] for key in keys if lookup.separator in key)
