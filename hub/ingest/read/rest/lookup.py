"""Single rows by key: several in one request where the source takes a list, or one by its own path."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hub.ingest.read.http.client import Client, Request
from hub.ingest.read.json_rows import Row, dig
from hub.ingest.read.rest.paging import size_of
from hub.sdk.paths import select, steps_of
from hub.sdk.streams import RestLookup, RestStream


@dataclass(frozen=True)
class Asked:
    """A request and the keys that it asks for."""

    request: Request
    keys: frozenset[str]


def requests(client: Client, stream: RestStream, keys: Sequence[str]) -> Iterator[Asked]:
    """The requests that ask for these keys."""
    lookup = stream.lookup
    assert lookup is not None
    if lookup.parameter is None:
        for key in keys:
            url = client.url(lookup.path.replace("{key}", quote(key, safe="")))
            yield Asked(Request(url.copy_merge_params(stream.parameters)), frozenset({key}))
        return
    for together in _together(lookup, keys):
        # Without its size, a page of the source's own size could be shorter than the keys, and lack what is there.
        asked = {**stream.parameters, **size_of(stream.paging), lookup.parameter: lookup.separator.join(together)}
        yield Asked(Request(client.url(lookup.path).copy_merge_params(asked)), frozenset(together))


def alone(document: Any, stream: RestStream) -> Row | None:
    """The row where a document is one itself, and not a list of rows."""
    if isinstance(document, dict) and dig(document, stream.key[0]) is not None:
        return document
    found = select(document, steps_of(stream.records))
    return found if isinstance(found, dict) and dig(found, stream.key[0]) is not None else None


def _together(lookup: RestLookup, keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """The keys, as many at once as the source takes; those that hold the separator each alone."""
    plain = [key for key in keys if lookup.separator not in key]
    for at in range(0, len(plain), lookup.batch):
        yield plain[at : at + lookup.batch]
    yield from ([key] for key in keys if lookup.separator in key)
