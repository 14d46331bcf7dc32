"""HTTP validators (RFC 9110, 8.8 and 13.1): a source's identifier of the state of a list, so that it can answer "not
modified".
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

VALIDATOR_KEY = "validator"
"""The key of a state that holds a validator."""
ETAG_KEY, MODIFIED_KEY, ADDRESS_KEY, READ_AT_KEY = "etag", "modified", "address", "read"
LONGEST_ETAG_CHARS = 1_000
SETTLED_AFTER = timedelta(seconds=60)
"""A list may change again within the second named by Last-Modified; a minute later it can be trusted (RFC 9110,
8.8.2.2).
"""


def extract_validator(headers: Mapping[str, str], clock: datetime | None) -> dict[str, Any] | None:
    """Return the validator of an answer, as kept in a state. None if it has none that can be trusted."""
    etag = headers.get("etag", "")
    if etag and len(etag) <= LONGEST_ETAG_CHARS and etag.isascii() and etag.isprintable():
        return {ETAG_KEY: etag}
    modified = headers.get("last-modified", "")
    try:
        at = parsedate_to_datetime(modified)
        settled = clock is not None and clock - at >= SETTLED_AFTER
    except (ValueError, TypeError):
        return None
    return {MODIFIED_KEY: modified} if settled else None


def build_condition(validator: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that request the list only if it has changed."""
    names = {ETAG_KEY: "If-None-Match", MODIFIED_KEY: "If-Modified-Since"}
    return {header: str(validator[name]) for name, header in names.items() if name in validator}
