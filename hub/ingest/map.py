"""Map: source columns become canonical fields, as a manifest declares. Pure: frame in, frame out.

Every field comes out as text, uncleaned; `hub.ingest.check` cleans and checks. A value that a mapping cannot read (a date in
no declared format, a code outside the list) goes through as it was written, so that the check names what is wrong with it.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import polars as pl

from hub.errors import SourceUnavailable
from hub.ingest.cells import Cells
from hub.ingest.distinct import by_distinct
from hub.model.registry import Column, Entity, registry
from hub.sdk.mapping import PLACEHOLDER, Emit, FieldMapping, Split
from hub.sdk.streams import Stream
from schema.values import CodeList

SOURCE_KEY = "source_key"
CHANGED_AT = "changed_at_source"
DIGEST = "row_digest"
NUMBER = "n"
"""The position of a row in what was read since the last commit: of two versions of a row, the later one is newer."""
POSITION = "#"
READ_DIGEST, READ_NUMBER = "#digest", "#n"
"""The same while rows still have the columns of their source."""
INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-2][0-9]:[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?(Z|[+-][01][0-9](:?[0-5][0-9])?)?)?$"


def missing(stream: Stream, columns: Iterable[str]) -> list[str]:
    """Columns that the stream maps and the source does not have."""
    return sorted(stream.columns() - set(columns) - set(stream.optional) - {POSITION} - within_lists(stream))


def unexpected(stream: Stream, columns: Iterable[str]) -> list[str]:
    """Columns that the source has and nobody mapped or ignored: drift."""
    lists = tuple(f"{emit.explode}." for emit in stream.emits.values() if emit.explode)
    known = stream.columns() | set(stream.ignore)
    return sorted(c for c in columns if c not in known and not c.startswith(lists or ("\0",)))


def reading(stream: Stream) -> set[str]:
    """Columns by which rows are known, ordered, chosen and unfolded: without one of them none can be read."""
    chosen = {emit.when.column for emit in stream.emits.values() if emit.when}
    chosen |= {emit.explode for emit in stream.emits.values() if emit.explode}
    chosen |= {stream.tombstone.column} if stream.tombstone else set()
    chosen |= {stream.changed_at} if stream.changed_at else set()
    patched_by = {patch.where.column for patch in stream.patches if patch.where}
    return chosen | patched_by | set(stream.key) | stream.read_by()


def needed(stream: Stream) -> set[str]:
    """Columns that a source cannot lack: those that reading rests on, and those of required fields."""
    required = {
        column
        for name, emit in stream.emits.items()
        for field, made in emit.fields.items()
        for column in stream.columns_of(made)
        if not registry()[name].column(field).nullable
    }
    return reading(stream) | required


def require(where: str, stream: Stream, columns: Iterable[str], renamed: Mapping[str, str]) -> None:
    """Refuse a source without the columns that are needed. Raises SourceUnavailable; `renamed` are guesses of new names."""
    absent = missing(stream, columns)
    if not needed(stream) & set(absent):
        return
    guesses = [f"{old} is probably {new} now" for old, new in renamed.items()]
    raise SourceUnavailable(
        "; ".join([f"{where}: missing columns: {', '.join(absent)}", *guesses]),
        next_step="ask the owner whether they were renamed, then correct the manifest; nothing was changed in the store",
    )


def unfold(frame: pl.DataFrame, emit: Emit) -> pl.DataFrame:
    """One row for each item of the exploded list, its fields as `list.field`; rows without items go."""
    if emit.explode is None:
        return frame
    if frame.schema.get(emit.explode, pl.Null()) == pl.Null:
        return frame.clear().with_columns(pl.lit(None, pl.Int64).alias(POSITION))
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


def patched(frame: pl.DataFrame, stream: Stream) -> pl.DataFrame:
    """Known dirty values replaced, as the manifest lists them."""
    for patch in stream.patches:
        if patch.column not in frame.columns or (patch.where and patch.where.column not in frame.columns):
            continue  # what is missing is named later, all of it
        concerned = _text(patch.column) == patch.value
        if patch.where:
            concerned &= _text(patch.where.column).is_in(patch.where.values)
        value = pl.when(concerned).then(pl.lit(patch.to, pl.String)).otherwise(_text(patch.column))
        frame = frame.with_columns(value.alias(patch.column))
    return frame


def source_key(stream: Stream) -> pl.Expr:
    """The key of a row as the store keeps it; null where a part is. `|` stands between parts and before an item's number,
    so within them it is written `\\|`, in streams that have either.
    """
    parts = [_text(column) for column in stream.key]
    if len(parts) > 1 or any(emit.explode for emit in stream.emits.values()):
        parts = [p.str.replace_all("\\", "\\\\", literal=True).str.replace_all("|", "\\|", literal=True) for p in parts]
    return pl.concat_str(parts, separator="|").alias(SOURCE_KEY)


def changed_at(stream: Stream) -> pl.Expr:
    """The time of change, where the stream has one."""
    found = _instant(_text(stream.changed_at)) if stream.changed_at else pl.lit(None, pl.String)
    return found.alias(CHANGED_AT)


def chosen(frame: pl.DataFrame, emit: Emit) -> pl.DataFrame:
    """The rows that become this kind of record."""
    if emit.when is None:
        return frame
    return frame.filter(_text(emit.when.column).is_in(emit.when.values))


def mapped(rows: pl.DataFrame, stream: Stream, entity: Entity) -> pl.DataFrame:
    """The canonical fields of one kind of record, with source key and time of change; all text.

    `rows` are chosen, unfolded and numbered; a digest that they carry goes along.
    """
    emit = stream.emits[entity.name]
    present = set(rows.columns)
    cells = Cells(rows.schema, stream.has_lists)
    fields = [_field(rows, mapping, entity.column(name), cells) for name, mapping in emit.fields.items()]
    key = source_key(stream)
    if emit.explode:
        key = pl.concat_str([key, pl.col(POSITION).cast(pl.String)], separator="|").alias(SOURCE_KEY)
    digest = (pl.col(READ_DIGEST) if READ_DIGEST in present else pl.lit(0, pl.Int64)).alias(DIGEST)
    return rows.select(pl.col(READ_NUMBER).alias(NUMBER), key, _changed_at(rows, stream), digest, *fields)


def _field(rows: pl.DataFrame, mapping: FieldMapping, column: Column, cells: Cells) -> pl.Expr | pl.Series:
    if mapping.constant is not None:
        return pl.lit(mapping.constant).alias(column.name)
    absent = [path for path in mapping.columns() if not cells.has(path)]
    if absent and (mapping.join is None or len(absent) == len(mapping.join.columns)):
        return pl.lit(None, pl.String).alias(column.name)  # `require` has refused a source without what is needed
    origin = _origin(mapping, cells).alias(column.name)
    if not mapping.turns:
        return origin
    turned = _turned(pl.col(column.name), mapping, column)
    return by_distinct(rows.select(origin).to_series(), lambda values: values.to_frame().select(turned))[column.name]


def _turned(value: pl.Expr, mapping: FieldMapping, column: Column) -> pl.Expr:
    """What the schema wants, of the text that a field is made from."""
    if mapping.split is not None:
        value = _part(value, mapping.split)
    if mapping.null:
        value = pl.when(value.is_in(mapping.null)).then(None).otherwise(value)
    if mapping.pad is not None:
        value = _padded(value, mapping.pad)
    if mapping.number == "vi":
        value = value.str.replace_all(r"[.\s]", "").str.replace(",", ".", literal=True)
    if mapping.scale is not None:
        value = _scaled(value, mapping.scale)
    if mapping.codes:
        value = value.str.strip_chars().replace(_codes(mapping, column))
    if mapping.formats:
        value = pl.coalesce(*(_in_format(value, pattern) for pattern in mapping.formats), value)
    return value.alias(column.name)


def _origin(mapping: FieldMapping, cells: Cells) -> pl.Expr:
    if mapping.column is not None:
        return cells.text(mapping.column)
    if mapping.join is not None:
        parts = [cells.text(c).str.strip_chars() for c in mapping.join.columns if cells.has(c)]
        filled = [pl.when(part != "").then(part) for part in parts]
        joined = pl.concat_str(filled, separator=mapping.join.by, ignore_nulls=True)
        return pl.when(joined != "").then(joined)
    return _template(mapping.template or "", cells)


def _part(value: pl.Expr, split: Split) -> pl.Expr:
    if split.pattern is not None:
        return value.str.extract(split.pattern)
    return value.str.split(split.by or "").list.get(split.take, null_on_oob=True).str.strip_chars()


def _padded(value: pl.Expr, digits: int) -> pl.Expr:
    """Leading zeros for what is digits and too short. Zeros alone are no identifier: they stay as they are."""
    text = value.str.strip_chars()
    return pl.when(text.str.contains(r"^[0-9]*[1-9][0-9]*$")).then(text.str.zfill(digits)).otherwise(value)


def _scaled(value: pl.Expr, factor: float) -> pl.Expr:
    """Times a factor, in decimals: 0.1 ha is 1000 m², not 1000.0000000000001. What is no number stays as it is."""
    number = value.str.strip_chars().str.to_decimal(scale=9)
    result = (number * pl.lit(Decimal(str(factor)))).cast(pl.String)
    trimmed = pl.when(result.str.contains(".", literal=True)).then(
        result.str.strip_chars_end("0").str.strip_chars_end(".")
    )
    return pl.coalesce(trimmed, result, value)


def _codes(mapping: FieldMapping, column: Column) -> dict[str, str]:
    """What the source writes → the code of the list."""
    if isinstance(mapping.codes, dict):
        return mapping.codes
    assert issubclass(column.value, CodeList)  # hub.ingest.discover has checked it
    return {getattr(label, mapping.codes): code for code, label in column.value.codes.items()}


def _changed_at(rows: pl.DataFrame, stream: Stream) -> pl.Expr | pl.Series:
    if stream.changed_at is None:
        return changed_at(stream)
    return by_distinct(rows[stream.changed_at], lambda values: values.to_frame().select(changed_at(stream)))[CHANGED_AT]


def _instant(value: pl.Expr) -> pl.Expr:
    """An ISO 8601 time; null where it is none: the time of change is a help, not a reason to refuse a row."""
    is_day = value.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).is_not_null()
    return pl.when(value.str.contains(INSTANT) & is_day).then(value)


def _text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String)


def _template(template: str, cells: Cells) -> pl.Expr:
    """Text with columns in it; null where any of them is, since half a key is none."""
    parts: list[pl.Expr] = []
    end = 0
    for found in PLACEHOLDER.finditer(template):
        if found.start() > end:
            parts.append(pl.lit(template[end : found.start()]))
        parts.append(cells.text(found.group(1)).str.strip_chars())
        end = found.end()
    return pl.concat_str([*parts, pl.lit(template[end:])])


def _in_format(value: pl.Expr, pattern: str) -> pl.Expr:
    """The value in ISO form where it is of this format, null elsewhere."""
    text = value.str.strip_chars()
    if pattern == "%Y":
        return pl.when(text.str.contains(r"^[0-9]{4}$")).then(text)
    return text.str.to_date(pattern, strict=False).dt.to_string("%Y-%m-%d")


def within_lists(stream: Stream) -> set[str]:
    """Columns that appear only once a list is unfolded."""
    lists = [f"{emit.explode}." for emit in stream.emits.values() if emit.explode]
    return {column for column in stream.columns() if any(column.startswith(prefix) for prefix in lists)}
