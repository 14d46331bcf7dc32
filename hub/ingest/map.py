"""Map: source columns become canonical fields, as a manifest declares. Pure: frame in, frame out.

Every field comes out as text, uncleaned; `hub.ingest.check` cleans and checks. A value that a mapping cannot read (a date in
no declared format, a code outside the list) goes through as it was written, so that the check names what is wrong with it.
"""

from collections.abc import Iterable

import polars as pl

from hub.errors import SourceUnavailable
from hub.model.registry import Column, Entity
from hub.sdk.mapping import PLACEHOLDER, Emit, FieldMapping
from hub.sdk.streams import Stream
from schema.values import CodeList

SOURCE_KEY = "source_key"
CHANGED_AT = "changed_at_source"
POSITION = "#"
INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-2][0-9]:[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?(Z|[+-][01][0-9](:?[0-5][0-9])?)?)?$"


def missing(stream: Stream, columns: Iterable[str]) -> list[str]:
    """Columns that the stream maps and the source does not have."""
    return sorted(stream.columns() - set(columns) - set(stream.optional) - {POSITION} - _within_lists(stream))


def unexpected(stream: Stream, columns: Iterable[str]) -> list[str]:
    """Columns that the source has and nobody mapped or ignored: drift."""
    lists = tuple(f"{emit.explode}." for emit in stream.emits.values() if emit.explode)
    known = stream.columns() | set(stream.ignore)
    return sorted(c for c in columns if c not in known and not c.startswith(lists or ("\0",)))


def require(where: str, stream: Stream, columns: Iterable[str]) -> None:
    """Refuse a source without the columns that are mapped. Raises SourceUnavailable."""
    absent = missing(stream, columns)
    if absent:
        raise SourceUnavailable(
            f"{where}: missing columns: {', '.join(absent)}",
            next_step="ask the owner whether they were renamed, then correct the manifest; nothing was changed in the store",
        )


def unfold(frame: pl.DataFrame, emit: Emit) -> pl.DataFrame:
    """One row for each item of the exploded list, its fields as `list.field`; rows without items go."""
    if emit.explode is None:
        return frame
    if frame.schema[emit.explode] == pl.Null:
        return frame.clear()
    listed = frame.with_columns(pl.int_ranges(pl.col(emit.explode).list.len()).alias(POSITION))
    listed = listed.filter(pl.col(emit.explode).list.len() > 0).explode(emit.explode, POSITION)
    return flatten(listed)


def flatten(frame: pl.DataFrame) -> pl.DataFrame:
    """Nested objects become columns named by path: `thua.so_to`. Lists stay."""
    while any(isinstance(kind, pl.Struct) for kind in frame.dtypes):
        columns: list[pl.Expr] = []
        for name, kind in frame.schema.items():
            if isinstance(kind, pl.Struct):
                columns += [pl.col(name).struct.field(f.name).alias(f"{name}.{f.name}") for f in kind.fields]
            else:
                columns.append(pl.col(name))
        frame = frame.select(columns)
    return frame


def mapped(frame: pl.DataFrame, stream: Stream, entity: Entity) -> pl.DataFrame:
    """The canonical fields of one kind of record, with source key and time of change; all text."""
    emit = stream.emits[entity.name]
    rows = unfold(frame, emit)
    present = set(rows.columns)
    expressions = [_field(mapping, entity.column(name), present).alias(name) for name, mapping in emit.fields.items()]
    keys = [*stream.key, *([POSITION] if emit.explode else [])]
    key = pl.concat_str([_text(k) for k in keys], separator="|").alias(SOURCE_KEY)
    changed = _instant(_text(stream.changed_at)) if stream.changed_at else pl.lit(None, pl.String)
    return rows.select(key, changed.alias(CHANGED_AT), *expressions)


def _field(mapping: FieldMapping, column: Column, present: set[str]) -> pl.Expr:
    if mapping.constant is not None:
        return pl.lit(mapping.constant)
    if any(name not in present for name in mapping.columns()):
        return pl.lit(None, pl.String)  # declared optional; `require` has refused the others
    value = _text(mapping.column) if mapping.column is not None else _template(mapping.template or "")
    if mapping.null:
        value = pl.when(value.is_in(mapping.null)).then(None).otherwise(value)
    if mapping.number == "vi":
        value = value.str.replace_all(r"[.\s]", "").str.replace(",", ".", literal=True)
    if mapping.codes:
        value = value.str.strip_chars().replace(_codes(mapping, column))
    if mapping.formats:
        value = pl.coalesce(*(_in_format(value, pattern) for pattern in mapping.formats), value)
    return value


def _codes(mapping: FieldMapping, column: Column) -> dict[str, str]:
    """What the source writes → the code of the list."""
    if isinstance(mapping.codes, dict):
        return mapping.codes
    assert issubclass(column.value, CodeList)  # hub.ingest.discover has checked it
    return {getattr(label, mapping.codes): code for code, label in column.value.codes.items()}


def _instant(value: pl.Expr) -> pl.Expr:
    """An ISO 8601 time; null where it is none: the time of change is a help, not a reason to refuse a row."""
    is_day = value.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).is_not_null()
    return pl.when(value.str.contains(INSTANT) & is_day).then(value)


def _text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String)


def _template(template: str) -> pl.Expr:
    """Text with columns in it; null where any of them is, since half a key is none."""
    parts: list[pl.Expr] = []
    end = 0
    for found in PLACEHOLDER.finditer(template):
        if found.start() > end:
            parts.append(pl.lit(template[end : found.start()]))
        parts.append(_text(found.group(1)).str.strip_chars())
        end = found.end()
    return pl.concat_str([*parts, pl.lit(template[end:])])


def _in_format(value: pl.Expr, pattern: str) -> pl.Expr:
    """The value in ISO form where it is of this format, null elsewhere."""
    text = value.str.strip_chars()
    if pattern == "%Y":
        return pl.when(text.str.contains(r"^[0-9]{4}$")).then(text)
    return text.str.to_date(pattern, strict=False).dt.to_string("%Y-%m-%d")


def _within_lists(stream: Stream) -> set[str]:
    """Columns that appear only once a list is unfolded."""
    lists = [f"{emit.explode}." for emit in stream.emits.values() if emit.explode]
    return {column for column in stream.columns() if any(column.startswith(prefix) for prefix in lists)}
