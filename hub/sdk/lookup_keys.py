"""Source keys and look-ups: what a stream is asked for to get a stored row again."""

from collections.abc import Sequence

from hub.sdk.streams import RestLookup, SoapLookup, Stream

SQL_KEYS_PER_REQUEST = 100
"""Keys in one statement: a few hundred are still found through an index."""


def promises_lookup(stream: Stream) -> bool:
    """Whether the manifest says that the source can look up single rows of this stream."""
    return bool(getattr(stream, "lookup", None))


def count_keys_per_request(stream: Stream) -> int:
    """Return how many keys one request to the source may have."""
    lookup = getattr(stream, "lookup", None)
    if isinstance(lookup, RestLookup):
        return lookup.batch if lookup.parameter else 1
    return lookup.batch if isinstance(lookup, SoapLookup) else SQL_KEYS_PER_REQUEST


def split_source_key(stream: Stream, source_key: str) -> tuple[str, ...]:
    """Return the values of the stream's key columns in a stored source key. What names an item of a list is left out.

    The inverse of `hub.ingest.transform.map.build_source_key`.
    """
    if not _is_escaped(stream):
        return (source_key,)
    return tuple(_unescape_parts(source_key)[: len(stream.key)])


def build_lookup_key(stream: Stream, source_key: str) -> str:
    """Return the source key of the row that a look-up fetches: that of the whole row for an item of one of its lists."""
    if not _is_escaped(stream):
        return source_key
    return "|".join(map(_escape, split_source_key(stream, source_key)))


def _is_escaped(stream: Stream) -> bool:
    return len(stream.key) > 1 or any(emit.explode for emit in stream.emits.values())


def _escape(part: str) -> str:
    return part.replace("\\", "\\\\").replace("|", "\\|")


def _unescape_parts(text: str) -> Sequence[str]:
    parts, current, escaped = [], "", False
    for letter in text:
        if escaped:
            current, escaped = current + letter, False
        elif letter == "\\":
            escaped = True
        elif letter == "|":
            parts.append(current)
            current = ""
        else:
            current += letter
    return [*parts, current]
