"""Validators of HTTP (RFC 9110, 8.8 and 13.1): what a source calls the state of a list, so that it can say "not modified"."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

VALIDATOR = "validator"
"""The key of a state that holds one."""
ETAG, MODIFIED, ADDRESS, READ = "etag", "modified", "address", "read"
LONGEST_ETAG = 1_000
SETTLED = timedelta(seconds=60)
"""A list may change again within the second that Last-Modified names; a minute later that is over (RFC 9110, 8.8.2.2)."""


def validator_of(headers: Mapping[str, str], clock: datetime | None) -> dict[str, Any] | None:
    """The validator of an answer, as a state keeps it; None where it has none that can be trusted."""
    etag = headers.get("etag", "")
    if etag and len(etag) <= LONGEST_ETAG and etag.isascii() and etag.isprintable():
        return {ETAG: etag}
    modified = headers.get("last-modified", "")
    try:
        at = parsedate_to_datetime(modified)
        settled = clock is not None and clock - at >= SETTLED
    except (ValueError, TypeError):
        return None
    return {MODIFIED: modified} if settled else None


def condition_of(validator: Mapping[str, Any]) -> dict[str, str]:
    """The headers that ask for the list only if it is another."""
    names = {ETAG: "If-None-Match", MODIFIED: "If-Modified-Since"}
    return {header: str(validator[name]) for name, header in names.items() if name in validator}
