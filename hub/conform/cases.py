"""The cases of chaos as a table: the fault of a source, the kinds of source that can have it, and the expected outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hub.sdk.manifest import Manifest
from hub.sdk.paging import CursorPaging, LinkPaging, NextPaging
from hub.sdk.streams import Stream

Expected = Literal["healed", "refused", "nothing"]
"""What a run makes of it: all rows go in; nothing goes in that should not, and the run says so; nothing is there to say."""

NO_HTTP = "no HTTP"
NO_NETWORK = "read from a folder"
WHOLE = "messages come whole; one that is no record is garbage"
KEEPALIVES = "told by the keepalives of TCP, which the kit's proxy answers"
NOT_PAGED = "not read in pages"
TYPED = "the source refuses such bytes itself"
FRAMED = "the protocol has no half message"
NO_CURSOR = "no cursor"
NEVER_EMPTY = "no full read"
BROKER = "the broker keeps unacknowledged messages"


@dataclass(frozen=True)
class ChaosCase:
    """One way in which a source misbehaves. `without` says of kinds that cannot why not."""

    name: str
    words: str
    expected: Expected
    without: Mapping[str, str]

    def reason(self, manifest: Manifest) -> str | None:
        """Why it does not apply to a connector; None if it does."""
        if manifest.kind in self.without:
            return self.without[manifest.kind]
        need = MISSING_PRECONDITIONS.get(self.name)
        return need(manifest) if need else None


def _kinds(reason: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, reason)


NEEDS_NETWORK = {**_kinds(NO_NETWORK, "files"), **_kinds("delivered by the source", "push")}
NEEDS_HTTP = {
    **_kinds(NO_HTTP, "sql", "cdc", "stream"),
    **_kinds(NO_NETWORK, "files"),
    **_kinds("delivered by the source", "push"),
}
NEEDS_PAGES = NEEDS_HTTP
NEEDS_POLLING = _kinds(NEVER_EMPTY, "stream", "push")

CHAOS_CASES: tuple[ChaosCase, ...] = (
    ChaosCase("retry_after", "429 with Retry-After", "healed", {**NEEDS_HTTP, "soap": "answers with faults"}),
    ChaosCase("too_many", "429 without Retry-After", "healed", {**NEEDS_HTTP, "soap": "answers with faults"}),
    ChaosCase("server_error", "503 once", "healed", NEEDS_HTTP),
    ChaosCase("stall", "falls silent within an answer", "refused", {**NEEDS_NETWORK, "stream": BROKER, "cdc": KEEPALIVES}),
    ChaosCase("reset", "resets the connection within an answer", "refused", {**NEEDS_NETWORK, "stream": BROKER}),
    ChaosCase("half_close", "ends the connection within an answer", "refused", {**NEEDS_NETWORK, "stream": BROKER}),
    ChaosCase("truncated", "gives half a body", "refused", _kinds(FRAMED, "sql", "cdc", "stream") | {"push": "signed as a whole"}),
    ChaosCase("html", "gives a web page instead", "refused", _kinds(NO_HTTP, "sql", "cdc") | _kinds(WHOLE, "stream", "push")),
    ChaosCase("repeated_page", "gives the same page for every page", "refused", NEEDS_PAGES),
    ChaosCase("looping_cursor", "leads back to a page that was read", "refused", NEEDS_PAGES),
    ChaosCase("garbage", "gives bytes that are no text", "refused", _kinds(TYPED, "sql", "cdc")),
    ChaosCase("bomb", "gives a small body that unpacks to a huge one", "refused", _kinds(NO_HTTP, "sql", "cdc", "stream", "push")),
    ChaosCase("tenfold", "has ten times the rows", "healed", {}),
    ChaosCase("duplicates", "gives every row twice", "healed", {"cdc": "the log has a row once"}),
    ChaosCase("out_of_order", "gives its rows the other way round", "healed", {"cdc": "the log is in order"}),
    ChaosCase("late", "gives a row older than the last that was read", "healed", {"cdc": "the log is in order"}),
    ChaosCase("ties", "gives many rows the same time of change", "healed", {"cdc": "the log has an order of its own"}),
    ChaosCase("clock", "has a clock that is a day ahead", "healed", {"cdc": "the log has an order of its own"}),
    ChaosCase("column_added", "has a column more", "healed", {}),
    ChaosCase("column_removed", "lacks a column that is needed", "refused", {}),
    ChaosCase("column_renamed", "has a needed column under another name", "refused", {}),
    ChaosCase("empty", "gives nothing, and says that is all", "refused", NEEDS_POLLING | {"cdc": "deletes are in the log"}),
)  # fmt: skip


def _why_not_paged(manifest: Manifest) -> str | None:
    return None if _pagings(manifest) else NOT_PAGED


def _why_no_loop(manifest: Manifest) -> str | None:
    if any(isinstance(paging, CursorPaging | LinkPaging | NextPaging) for paging in _pagings(manifest)):
        return None
    return "pages are counted" if _pagings(manifest) else NOT_PAGED


def _why_no_cursor(manifest: Manifest) -> str | None:
    return None if any(stream.cursor for stream in manifest.streams.values()) else NO_CURSOR


def _why_no_time(manifest: Manifest) -> str | None:
    kinds = {stream.cursor.kind for stream in manifest.streams.values() if stream.cursor}
    return None if "time" in kinds else NO_CURSOR if not kinds else "its cursor is a number"


def _why_no_full_read(manifest: Manifest) -> str | None:
    return None if any(stream.read == "full" for stream in manifest.streams.values()) else NEVER_EMPTY


def _pagings(manifest: Manifest) -> list[object]:
    found: list[object] = [getattr(stream, "paging", None) for stream in manifest.streams.values()]
    return [paging for paging in found if paging is not None]


def _text_files(manifest: Manifest) -> str | None:
    if manifest.kind != "files" or any(_strict(stream) for stream in manifest.streams.values()):
        return None
    return "any bytes can be such a file: each is a letter of its encoding, or no text at all"


def _strict(stream: Stream) -> bool:
    """Whether bytes that do not belong there show: a workbook has checksums, UTF-8 and UTF-16 have rules."""
    if getattr(stream, "format", "") in ("excel", "parquet"):
        return getattr(stream, "format", "") == "excel"
    return getattr(stream, "encoding", "").lower().startswith("utf")


MISSING_PRECONDITIONS = {
    "repeated_page": _why_not_paged,
    "looping_cursor": _why_no_loop,
    "ties": _why_no_cursor,
    "late": _why_no_cursor,
    "clock": _why_no_time,
    "empty": _why_no_full_read,
    "garbage": _text_files,
}
"""Case → what of the manifest decides whether it applies."""
