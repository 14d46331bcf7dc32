"""Persisted documents: operations known by the SHA-256 of their text, so that a request need not carry it.

Two kinds. Trusted documents are files of a folder, read at the start: `*.graphql`, or the `*.json` maps from id to text that
GraphQL Code Generator and the Relay compiler write. Automatic persisted queries (Apollo) are registered by clients, kept in
memory, and forgotten when there are too many.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import orjson

from hub.errors import HubMisconfigured, OperationRefused
from hub.graph.execution.bounded_cache import BoundedCache

MOST_REGISTERED = 1_000
MOST_REGISTERED_CHARS = 5_000_000


def document_hash(text: str) -> str:
    """The id of a document: 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_folder(folder: Path) -> Mapping[str, str]:
    """The trusted documents of a folder: id → text. Raises HubMisconfigured naming the file."""
    if not folder.is_dir():
        raise HubMisconfigured(
            f"HUB_DOCUMENTS: there is no folder {folder}", next_step="correct the path, or unset HUB_DOCUMENTS"
        )
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.graphql")):
        text = path.read_text(encoding="utf-8")
        found[document_hash(text)] = text
    for path in sorted(folder.rglob("*.json")):
        try:
            entries = orjson.loads(path.read_bytes())
        except orjson.JSONDecodeError:
            entries = None
        if not isinstance(entries, dict) or not all(isinstance(text, str) for text in entries.values()):
            raise HubMisconfigured(
                f"{path}: not a map from document id to text",
                next_step="generate it with GraphQL Code Generator or the Relay compiler, or remove it",
            )
        found |= {identifier.removeprefix("sha256:"): text for identifier, text in entries.items()}
    return found


class Documents:
    """Documents by id."""

    def __init__(self, trusted: Mapping[str, str], *, trusted_only: bool) -> None:
        self.trusted = trusted
        self.trusted_only = trusted_only
        self._texts = frozenset(trusted.values())
        self._registered: BoundedCache[str, str] = BoundedCache(MOST_REGISTERED, most_size=MOST_REGISTERED_CHARS)

    def text(self, query: str | None, identifier: str | None) -> str:
        """The document that a request means: by its text, its id, or both to register it. Raises OperationRefused."""
        if identifier is None:
            assert query is not None  # a request has one or the other
            return self._allowed(query)
        known = self.trusted.get(identifier) or self._registered.get(identifier)
        if known is not None:
            return known
        if query is None:
            # The words that clients of automatic persisted queries look for; they then send the text as well.
            raise OperationRefused("PersistedQueryNotFound", code="PERSISTED_QUERY_NOT_FOUND")
        return self._register(self._allowed(query), identifier)

    def _allowed(self, query: str) -> str:
        if self.trusted_only and query not in self._texts:
            raise OperationRefused(
                "this hub runs trusted documents only",
                code="DOCUMENT_NOT_TRUSTED",
                next_step="add the document to the folder of HUB_DOCUMENTS, and send its sha256 as documentId",
            )
        return query

    def _register(self, query: str, identifier: str) -> str:
        if document_hash(query) != identifier:
            raise OperationRefused(
                "the id is not the SHA-256 of the document",
                code="PERSISTED_QUERY_MISMATCH",
                next_step="hash the very text that is sent, as UTF-8, and write it in lower-case hexadecimal digits",
            )
        self._registered.put(identifier, query, len(query))
        return query
