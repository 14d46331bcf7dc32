"""Answers as canonical JSON: the bytes that are kept, digested and signed. Pure."""

import hashlib
from typing import Any

import orjson


def canonical_bytes(value: Any) -> bytes:
    """JSON in UTF-8 with sorted keys and no spaces: for the text, whole numbers, booleans and nulls of answers that is RFC 8785."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest_of(content: bytes) -> bytes:
    """SHA-256, 32 bytes."""
    return hashlib.sha256(content).digest()
