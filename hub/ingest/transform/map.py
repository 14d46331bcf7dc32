"""Map: source columns become canonical fields, as a manifest declares. Pure: frame in, frame out.

Every field comes out as text, uncleaned; `hub.ingest.transform.check` cleans and checks. A value that cannot be read as declared (a date
in no declared format, a code outside the list) goes through as it was written, and the rule that it breaks beside it.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping

import polars as pl

from hub.errors import SourceUnavailable
from hub.ingest.values import parse_values
from hub.ingest.values.cells import Cells
from hub.ingest.values.distinct_values import by_distinct
from hub.ingest.values.typed_numbers import notations, written
from hub.model.registry import Column, Entity, registry
from hub.sdk.mapping import PLACEHOLDER, Condition, Emit, FieldMapping, Patch
from hub.sdk.streams import Stream
from schema.values import Text, Value, Verbatim

SOURCE_KEY = "source_key"
CHANGED_AT = "changed_at_source"
DIGEST = "row_digest"
NUMBER = "n"
"""The position of a row in what was read since the last commit: of two versions of a row, the later one is newer."""
ITEM = "#item"
"""What identifies an item in its list, while its row still has the columns of its source."""
KEYED, BY_CONTENT = "=", "~"
"""How an item's part of the source key begins: with its declared key, or with a digest of its values. Versions of the hub that
knew items by their position wrote digits alone."""
ITEM_DIGEST_BYTES = 10
READ_DIGEST, READ_NUMBER = "#digest", "#n"
"""The same while rows still have the columns of their source."""
FAULT = "#fault:"
"""Before the name of a field: the column with the rule that its value breaks where it could not be read."""


def missing(stream: Stream, columns: Iterable[str]) -> list[str]:
    """Columns that the stream maps and the source does not have."""
    return sorted(stream.columns() - set(columns) - set(stream.optional) - within_lists(stream))


def unexpected(stream: Stream, columns: Iterable[str]) -> list[str]:
    """Columns that the source has and nobody mapped or ignored: drift."""
    lists = tuple(f"{emit.explode}." for emit in stream.emits.values() if emit.explode)
    known = stream.columns() | set(stream.ignore)
    return sorted(c for c in columns if c not in known and not c.startswith(lists or ("\0",)))


def reading(stream: Stream) -> set[str]:
    """Columns by which rows are known, ordered, chosen and unfolded: without one of them none can be read."""
    chosen = stream.chosen_by() | {emit.explode for emit in stream.emits.values() if emit.explode}
    chosen |= {column for emit in stream.emits.values() for column in emit.item_key}
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
        return frame.clear()
    listed = frame.filter(pl.col(emit.explode).list.len() > 0).explode(emit.explode)
    return flatten(listed)


def with_items(rows: pl.DataFrame, stream: Stream, emit: Emit) -> pl.DataFrame:
    """Unfolded rows with what identifies each item in its list: its key, or its values and, of equal items, their order.

    Never its position: a list that lost its first item would give every other one its neighbour's id.
    """
    if emit.explode is None:
        return rows
    cells = Cells(rows.schema, stream.has_lists)
    parts = [cells.text(c) if cells.has(c) else pl.lit(None, pl.String) for c in emit.item_columns()]
    if emit.item_key:
        some = pl.any_horizontal(part.is_not_null() & (part != "") for part in parts)
        key = pl.concat_str([pl.lit(KEYED), pl.concat_str([_escaped(p.fill_null("")) for p in parts], separator="|")])
        return rows.with_columns(pl.when(some).then(key).alias(ITEM))
    # NUL stands in no text that the store can hold, so that no two items are written alike.
    written = [pl.concat_str([pl.lit("v"), part]).fill_null("n") for part in parts]
    content = rows.select(pl.concat_str([*written, pl.lit("")], separator="\0").alias(ITEM)).to_series()
    if len(content) != rows.height:  # a frame of a literal has one row
        content = pl.repeat(content[0], rows.height, dtype=pl.String, eager=True).alias(ITEM)
    digests = pl.Series(ITEM, [_digest(text) for text in content], dtype=pl.String)
    lists = [READ_NUMBER] if READ_NUMBER in rows.columns else []
    equal = rows.select(source_key(stream), *lists).with_columns(digests)
    nth = (pl.int_range(pl.len()) + 1).over(SOURCE_KEY, ITEM, *lists)
    numbered = pl.when(nth == 1).then(ITEM).otherwise(pl.concat_str([ITEM, nth.cast(pl.String)], separator=BY_CONTENT))
    return rows.with_columns(equal.select(numbered.alias(ITEM)).to_series())


def _digest(content: str) -> str:
    """The same for ever, unlike those of Polars: it stands in keys."""
    return BY_CONTENT + hashlib.blake2b(content.encode(), digest_size=ITEM_DIGEST_BYTES).hexdigest()


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
        # A typed number stands in the notation of its field.
        concerned = _text(patch.column).is_in([patch.value, *_in_notation(stream, patch)])
        if patch.where:
            concerned &= meets(patch.where)
        value = pl.when(concerned).then(pl.lit(patch.to, pl.String)).otherwise(_text(patch.column))
        frame = frame.with_columns(value.alias(patch.column))
    return frame


def _in_notation(stream: Stream, patch: Patch) -> list[str]:
    notation = notations(stream).get(patch.column)
    return [written(patch.value, notation)] if notation else []


def source_key(stream: Stream) -> pl.Expr:
    """The key of a row as the store keeps it; null where a part is. `|` stands between parts and before what identifies an
    item, so within them it is written `\\|`, in streams that have either.
    """
    parts = [_text(column) for column in stream.key]
    if len(parts) > 1 or any(emit.explode for emit in stream.emits.values()):
        parts = list(map(_escaped, parts))
    return pl.concat_str(parts, separator="|").alias(SOURCE_KEY)


def _escaped(part: pl.Expr) -> pl.Expr:
    return part.str.replace_all("\\", "\\\\", literal=True).str.replace_all("|", "\\|", literal=True)


def changed_at(stream: Stream, zone: str) -> pl.Expr:
    """The time of change with its offset, where the stream has one; a time without an offset is of `zone`.

    What is no time is null: it is a help, not a reason to refuse a row.
    """
    if stream.changed_at is None:
        return pl.lit(None, pl.String).alias(CHANGED_AT)
    return parse_values.with_offset(_text(stream.changed_at).str.strip_chars(), zone).alias(CHANGED_AT)


def meets(condition: Condition) -> pl.Expr:
    """Whether a row meets a condition: true or false, never null. Empty text counts as null."""
    value = _text(condition.column)
    if condition.null is not None:
        empty = value.is_null() | (value == "")
        return empty if condition.null else ~empty
    if condition.values:
        return value.is_in(condition.values).fill_null(value=False)
    return ~value.is_in(condition.not_values).fill_null(value=False)


def chosen(frame: pl.DataFrame, emit: Emit) -> pl.DataFrame:
    """The rows that become this kind of record; a condition on items is met later, by each."""
    if emit.when is None or emit.in_item(emit.when.column):
        return frame
    return frame.filter(meets(emit.when))


def unmet(frame: pl.DataFrame, stream: Stream, emit: Emit, zone: str) -> pl.DataFrame | None:
    """The keys of rows that do not become this kind of record: what they were before is to go. None where all do."""
    if emit.when is None or emit.in_item(emit.when.column):
        return None
    return keys(frame.filter(~meets(emit.when)), stream, zone)


def keys(frame: pl.DataFrame, stream: Stream, zone: str) -> pl.DataFrame:
    """Number, key and time of change of rows that have a key."""
    found = frame.select(pl.col(READ_NUMBER).alias(NUMBER), source_key(stream), changed_at(stream, zone))
    return found.filter(pl.col(SOURCE_KEY).is_not_null())


def items(unfolded: pl.DataFrame, stream: Stream, emit: Emit) -> pl.DataFrame:
    """The rows that are mapped: all, or of lists the items that meet the condition."""
    rows = with_items(unfolded, stream, emit)
    if emit.when is None or not emit.in_item(emit.when.column) or rows.is_empty():
        return rows
    return rows.filter(meets(emit.when)) if emit.when.column in rows.columns else rows.clear()


def mapped(rows: pl.DataFrame, stream: Stream, entity: Entity, zone: str) -> pl.DataFrame:
    """The canonical fields of one kind of record, with source key and time of change; all text.

    `rows` are chosen, unfolded and numbered; a digest that they carry goes along. Where values of a field could not be read,
    there is a column of their faults, too. Times without an offset are of `zone`.
    """
    emit = stream.emits[entity.name]
    present = set(rows.columns)
    cells = Cells(rows.schema, stream.has_lists)
    fields = [
        made
        for name, mapping in emit.fields.items()
        for made in _field(rows, mapping, entity.column(name), cells, zone)
    ]
    key = source_key(stream)
    if emit.explode:
        key = pl.concat_str([key, pl.col(ITEM)], separator="|").alias(SOURCE_KEY)
    digest = (pl.col(READ_DIGEST) if READ_DIGEST in present else pl.lit(0, pl.Int64)).alias(DIGEST)
    return rows.select(pl.col(READ_NUMBER).alias(NUMBER), key, _changed_at(rows, stream, zone), digest, *fields)


def _field(
    rows: pl.DataFrame, mapping: FieldMapping, column: Column, cells: Cells, zone: str
) -> list[pl.Expr | pl.Series]:
    """The values of a field, and their faults where there are any."""
    if mapping.constant is not None:
        return [pl.lit(mapping.constant).alias(column.name)]
    absent = [path for path in mapping.columns() if not cells.has(path)]
    if absent and (mapping.join is None or len(absent) == len(mapping.join.columns)):
        # `require` has refused a source without what is needed.
        return [pl.lit(None, pl.String).alias(column.name)]
    values = rows.select(_origin(mapping, cells).alias(column.name)).to_series()
    mixed = _mixed_up(rows, mapping, column.value, cells)
    if not mixed.any() and parse_values.is_read_already(values, mapping, column):
        return [values]
    fault = FAULT + column.name

    def reading(distinct: pl.Series) -> pl.DataFrame:
        return parse_values.read(distinct, mapping, column, zone).rename({"value": column.name, "fault": fault})

    made = by_distinct(values, reading)
    faults = made[fault].set(mixed, parse_values.FORM) if mixed.any() else made[fault]
    return [made[column.name]] if faults.null_count() == len(faults) else [made[column.name], faults]


def _mixed_up(rows: pl.DataFrame, mapping: FieldMapping, kind: type[Value], cells: Cells) -> pl.Series:
    """Which rows have a separator of the template within a part: `1-2` and `3` would become what `1` and `2-3` do."""
    if mapping.template is None or issubclass(kind, Text | Verbatim) or kind.name_search:
        return pl.Series([], dtype=pl.Boolean)
    parts = [
        (cells.text(name), separator)
        for name, separator in _separated(mapping.template)
        if separator and cells.has(name)
    ]
    return rows.select(parse_values.separator_faults(parts)).to_series() if parts else pl.Series([], dtype=pl.Boolean)


def _separated(template: str) -> list[tuple[str, str]]:
    """The columns of a template, each with the separator between it and another: the one after it, the one before the last."""
    _, *rest = re.split(PLACEHOLDER, template)
    names, after = rest[::2], rest[1::2]
    between = after[:-1]
    return [(name, by) for at, name in enumerate(names) for by in dict.fromkeys(between[max(0, at - 1) : at + 1])]


def _origin(mapping: FieldMapping, cells: Cells) -> pl.Expr:
    if mapping.column is not None:
        return cells.text(mapping.column)
    if mapping.join is not None:
        parts = [cells.text(c).str.strip_chars() for c in mapping.join.columns if cells.has(c)]
        filled = [pl.when(part != "").then(part) for part in parts]
        joined = pl.concat_str(filled, separator=mapping.join.by, ignore_nulls=True)
        return pl.when(joined != "").then(joined)
    return _template(mapping.template or "", cells)


def _changed_at(rows: pl.DataFrame, stream: Stream, zone: str) -> pl.Expr | pl.Series:
    if stream.changed_at is None:
        return changed_at(stream, zone)
    return by_distinct(rows[stream.changed_at], lambda values: values.to_frame().select(changed_at(stream, zone)))[
        CHANGED_AT
    ]


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


def within_lists(stream: Stream) -> set[str]:
    """Columns that appear only once a list is unfolded."""
    lists = [f"{emit.explode}." for emit in stream.emits.values() if emit.explode]
    return {column for column in stream.columns() if any(column.startswith(prefix) for prefix in lists)}
