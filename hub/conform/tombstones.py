"""How a row looks that was deleted at the source: what its tombstone says, also if transform.py makes it of other columns."""

from collections.abc import Iterator, Sequence

from hub.conform.rows import samples
from hub.conform.rows.row_edits import change_value, has_path, read_value_at
from hub.conform.rows.samples import Row
from hub.errors import HubError
from hub.ingest.transform.map import ROW_NUMBER
from hub.sdk.manifest import Manifest

TOMBSTONE_GUESSES = ("1", "2026-01-01 00:00:00", "2026-01-01", "true", "x", "0", None)
"""What sources write into the column that says that a row was deleted, if no sample shows it."""


def mark_deleted(manifest: Manifest, stream: str, row: Row, rows: Sequence[Row]) -> Row | None:
    """The row as the source has it once it was deleted; None if no change that the kit knows makes it so.

    `rows` are the samples: one that is itself deleted shows how. A deletion is the last that changed: its cursor is the highest.
    """
    declared = manifest.streams[stream]
    if declared.cursor is not None:
        marks = [read_value_at(other, declared.cursor.column) for other in rows]
        last = next((mark for mark in reversed(marks) if mark is not None), None)
        row = change_value(row, declared.cursor.column, last)
    candidates = list(_list_candidates(manifest, stream, row, rows))
    # One batch says which may do; a transform that adds or drops rows makes the positions say nothing, so each is tried alone.
    likely = [candidates[at] for at in _find_deleted(manifest, stream, candidates) if at < len(candidates)]
    return next((made for made in likely if is_deleted(manifest, stream, made)), None)


def is_deleted(manifest: Manifest, stream: str, row: Row) -> bool:
    """Whether the connector takes a row for a deleted one."""
    return bool(_find_deleted(manifest, stream, [row]))


def _find_deleted(manifest: Manifest, stream: str, rows: Sequence[Row]) -> list[int]:
    """The positions of rows that the connector takes for deleted ones."""
    try:
        batch = samples.prepare_samples(
            manifest, stream, samples.frame_of(rows, nested=samples.is_nested(manifest, stream))
        )
    except HubError:
        return []
    gone = batch.parts[0].gone
    return [] if gone is None else sorted(gone[ROW_NUMBER].to_list())


def _list_candidates(manifest: Manifest, stream: str, row: Row, rows: Sequence[Row]) -> Iterator[Row]:
    declared = manifest.streams[stream]
    assert declared.tombstone is not None
    yield change_value(row, declared.tombstone.column, declared.tombstone.example)
    kept = {*declared.key, declared.changed_at, declared.cursor.column if declared.cursor else None}
    columns = [column for column in dict.fromkeys(name for other in rows for name in other) if column not in kept]
    for shown in (other for other in rows if is_deleted(manifest, stream, other)):
        for column in columns:
            if has_path(shown, column):
                yield change_value(row, column, shown[column])
        yield {**row, **{column: shown[column] for column in columns if column in shown}}
    for column in columns:
        yield from (change_value(row, column, guess) for guess in TOMBSTONE_GUESSES)
