"""Map: source columns become canonical fields, as a manifest declares. Pure: frame in, frame out.

Every field comes out as text, uncleaned; `hub.ingest.check` cleans and checks. A value that a mapping cannot read (a date in
no declared format, a code outside the list) goes through as it was written, so that the check names what is wrong with it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal

import polars as pl

from hub.errors import SourceUnavailable
from hub.ingest.cells import Cells
from hub.ingest.distinct import by_distinct
from hub.model.registry import Column, Entity, registry
from hub.sdk.mapping import PLACEHOLDER, Condition, Emit, FieldMapping, Split
from hub.sdk.streams import Stream
from schema.values import CodeList

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
INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-2][0-9]:[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?(Z|[+-][01][0-9](:?[0-5][0-9])?)?)?$"


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
        concerned = _text(patch.column) == patch.value
        if patch.where:
            concerned &= meets(patch.where)
        value = pl.when(concerned).then(pl.lit(patch.to, pl.String)).otherwise(_text(patch.column))
        frame = frame.with_columns(value.alias(patch.column))
    return frame


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


def changed_at(stream: Stream) -> pl.Expr:
    """The time of change, where the stream has one."""
    found = _instant(_text(stream.changed_at)) if stream.changed_at else pl.lit(None, pl.String)
    return found.alias(CHANGED_AT)


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


def unmet(frame: pl.DataFrame, stream: Stream, emit: Emit) -> pl.DataFrame | None:
    """The keys of rows that do not become this kind of record: what they were before is to go. None where all do."""
    if emit.when is None or emit.in_item(emit.when.column):
        return None
    return keys(frame.filter(~meets(emit.when)), stream)


def keys(frame: pl.DataFrame, stream: Stream) -> pl.DataFrame:
    """Number, key and time of change of rows that have a key."""
    found = frame.select(pl.col(READ_NUMBER).alias(NUMBER), source_key(stream), changed_at(stream))
    return found.filter(pl.col(SOURCE_KEY).is_not_null())


def items(unfolded: pl.DataFrame, stream: Stream, emit: Emit) -> pl.DataFrame:
    """The rows that are mapped: all, or of lists the items that meet the condition."""
    rows = with_items(unfolded, stream, emit)
    if emit.when is None or not emit.in_item(emit.when.column) or rows.is_empty():
        return rows
    return rows.filter(meets(emit.when)) if emit.when.column in rows.columns else rows.clear()


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
        key = pl.concat_str([key, pl.col(ITEM)], separator="|").alias(SOURCE_KEY)
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
