"""GraphQL operations as they are typed: a document or its file, and variables as JSON."""

import sys
from pathlib import Path
from typing import Any

import orjson

from hub.errors import OperationRefused


def read_document(query: str) -> str:
    """The text of a document, given itself, as the path of a .graphql file, or as - for standard input. Raises OperationRefused."""
    if query == "-":
        return sys.stdin.read()
    if not query.endswith(".graphql"):
        return query
    path = Path(query)
    if not path.is_file():
        raise OperationRefused(f"there is no file {path}", next_step="correct the path, or give the document itself")
    return path.read_text(encoding="utf-8")


def parse_variables(text: str) -> dict[str, Any]:
    """Variables as a JSON object. Raises OperationRefused."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise OperationRefused(
            "--variables is not a JSON object", next_step="""quote it, as in --variables '{"id": "…"}'"""
        )
    return found
