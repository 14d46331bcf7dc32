"""Map: turn source columns into canonical fields, as a manifest declares. Pure: frame in, frame out.

Every field comes out as uncleaned text; `hub.ingest.transform.check` cleans and checks it. A value that cannot be
parsed as declared (a date in no declared format, a code outside the list) keeps its text, with the broken rule in a
fault column.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping

import polars as pl

from hub.errors import SourceUnavailable
from hub.ingest.values import parse_values
from hub.ingest.values.cells import Cells
from hub.ingest.values.distinct_values import apply_to_distinct
from hub.ingest.values.parse_values import FAULT_PREFIX
from hub.ingest.values.typed_numbers import find_notations, write_number
from hub.model.registry import Entity, load_registry
from hub.sdk.mapping import PLACEHOLDER_FORM, Condition, Emit, FieldMapping, Patch
from hub.sdk.streams import Stream
from schema.values import Text, Value, Verbatim

SOURCE_KEY = "source_key"
CHANGED_AT = "changed_at_source"
ROW_DIGEST = "row_digest"
ROW_NUMBER = "n"
"""Position of a row since the last commit. Of two versions of a row, the later one is newer."""
ITEM_KEY = "#item"
"""Identifies an item within its list while its row still has the source's columns."""
KEYED_ITEM, BY_CONTENT = "=", "~"
"""First character of an item's part of the source key: followed by its declared key, or by a digest of its values. Old
versions of the hub identified items by position and wrote digits only.
"""
ITEM_DIGEST_BYTES = 10
READ_DIGEST, READ_NUMBER = "#digest", "#n"
"""The same two columns while rows still have the source's columns."""


def find_missing_columns(stream: Stream, columns: Iterable[str]) -> list[str]:
    """Return columns that the stream maps but the source lacks."""
    return sorted(stream.list_columns() - set(columns) - set(stream.optional) - list_item_columns(stream))


def find_unexpected_columns(stream: Stream, columns: Iterable[str]) -> list[str]:
    """Return columns that the source has but the manifest neither maps nor ignores: schema drift."""
    lists = tuple(f"{emit.explode}." for emit in stream.emits.values() if emit.explode)
    known = stream.list_columns() | set(stream.ignore)
    return sorted(c for c in columns if c not in known and not c.startswith(lists or ("\0",)))


def list_reading_columns(stream: Stream) -> set[str]:
    """Return the columns that identify, order, filter and unfold rows. Without any one of them the stream cannot be
    read.
    """
    chosen = stream.list_choosing_columns() | {emit.explode for emit in stream.emits.values() if emit.explode}
    chosen |= {column for emit in stream.emits.values() for column in emit.item_key}
    chosen |= {stream.changed_at} if stream.changed_at else set()
    patched_by = {patch.where.column for patch in stream.patches if patch.where}
    return chosen | patched_by | set(stream.key) | stream.list_reading_columns()


def list_needed_columns(stream: Stream) -> set[str]:
    """Return the columns that a source must have: those that reading depends on, and those of required fields."""
    required = {
        column
        for name, emit in stream.emits.items()
        for field, made in emit.fields.items()
        for column in stream.list_columns_of(made)
        if not load_registry()[name].column(field).nullable
    }
    return list_reading_columns(stream) | required


def require_columns(where: str, stream: Stream, columns: Iterable[str], renamed: Mapping[str, str]) -> None:
    """Reject a source that lacks needed columns. Raises SourceUnavailable. `renamed` holds guesses of new names."""
    absent = find_missing_columns(stream, columns)
    if not list_needed_columns(stream) & set(absent):
        return
    guesses = [f"{old} was probably renamed to {new}" for old, new in renamed.items()]
    raise SourceUnavailable(
        "; ".join([f"{where}: missing columns: {', '.join(absent)}", *guesses]),
        next_step="ask the owner whether they were renamed, then correct the manifest; the store is unchanged",
    )


def unfold_list(frame: pl.DataFrame, emit: Emit) -> pl.DataFrame:
    """Return one row per item of the exploded list, with its fields as `list.field`. Rows without items are dropped."""
    if emit.explode is None:
        return frame
    if frame.schema.get(emit.explode, pl.Null()) == pl.Null:
        return frame.clear()
    listed = frame.filter(pl.col(emit.explode).list.len() > 0).explode(emit.explode)
    return flatten_structs(listed)


def add_item_keys(rows: pl.DataFrame, stream: Stream, emit: Emit) -> pl.DataFrame:
    """Add each item's identity within its list: its key, or a digest of its values plus an ordinal for equal items.

    Never its position: if a list lost its first item, every other item would take over its neighbour's id.
    """
    if emit.explode is None:
        return rows
    cells = Cells(rows.schema, stream.has_lists)
    parts = [cells.text(c) if cells.has(c) else pl.lit(None, pl.String) for c in emit.list_item_columns()]
    if emit.item_key:
        some = pl.any_horizontal(part.is_not_null() & (part != "") for part in parts)
        key = pl.concat_str(
            [pl.lit(KEYED_ITEM), pl.concat_str([_escape_part(p.fill_null("")) for p in parts], separator="|")]
        )
        return rows.with_columns(pl.when(some).then(key).alias(ITEM_KEY))
    # No text in the store can contain NUL, so no two items are written alike.
    written = [pl.concat_str([pl.lit("v"), part]).fill_null("n") for part in parts]
    content = rows.select(pl.concat_str([*written, pl.lit("")], separator="\0").alias(ITEM_KEY)).to_series()
    if len(content) != rows.height:  # a frame of a literal has one row
        content = pl.repeat(content[0], rows.height, dtype=pl.String, eager=True).alias(ITEM_KEY)
    digests = pl.Series(ITEM_KEY, [_digest_item(text) for text in content], dtype=pl.String)
    lists = [READ_NUMBER] if READ_NUMBER in rows.columns else []
    equal = rows.select(build_source_key(stream), *lists).with_columns(digests)
    nth = (pl.int_range(pl.len()) + 1).over(SOURCE_KEY, ITEM_KEY, *lists)
    numbered = (
        pl.when(nth == 1).then(ITEM_KEY).otherwise(pl.concat_str([ITEM_KEY, nth.cast(pl.String)], separator=BY_CONTENT))
    )
    return rows.with_columns(equal.select(numbered.alias(ITEM_KEY)).to_series())


def _digest_item(content: str) -> str:
    """A digest that never changes between versions, unlike Polars' own: it becomes part of keys."""
    return BY_CONTENT + hashlib.blake2b(content.encode(), digest_size=ITEM_DIGEST_BYTES).hexdigest()


def flatten_structs(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn nested objects into columns named by path: `thua.so_to`. Lists stay."""
    while any(isinstance(kind, pl.Struct) for kind in frame.dtypes):
        columns: list[pl.Expr] = []
        for name, kind in frame.schema.items():
            if isinstance(kind, pl.Struct):
                columns += [pl.col(name).struct.field(f.name).alias(f"{name}.{f.name}") for f in kind.fields]
            else:
                columns.append(pl.col(name))
        frame = frame.select(columns)
    return frame


def apply_patches(frame: pl.DataFrame, stream: Stream) -> pl.DataFrame:
    """Replace known dirty values, as listed in the manifest."""
    for patch in stream.patches:
        if patch.column not in frame.columns or (patch.where and patch.where.column not in frame.columns):
            continue  # missing columns are reported later, all at once
        # A typed number is written in the notation of its field.
        concerned = _read_text(patch.column).is_in([patch.value, *_write_in_notation(stream, patch)])
        if patch.where:
            concerned &= meets_condition(patch.where)
        value = pl.when(concerned).then(pl.lit(patch.to, pl.String)).otherwise(_read_text(patch.column))
        frame = frame.with_columns(value.alias(patch.column))
    return frame


def _write_in_notation(stream: Stream, patch: Patch) -> list[str]:
    notation = find_notations(stream).get(patch.column)
    return [write_number(patch.value, notation)] if notation else []


def build_source_key(stream: Stream) -> pl.Expr:
    """Return the source key as the store keeps it; null if any part is null.

    `|` separates parts and precedes an item's identity. Streams with several parts or with items write it as `\\|`
    within a part.
    """
    parts = [_read_text(column) for column in stream.key]
    if len(parts) > 1 or any(emit.explode for emit in stream.emits.values()):
        parts = list(map(_escape_part, parts))
    return pl.concat_str(parts, separator="|").alias(SOURCE_KEY)


def _escape_part(part: pl.Expr) -> pl.Expr:
    return part.str.replace_all("\\", "\\\\", literal=True).str.replace_all("|", "\\|", literal=True)


def build_changed_at(stream: Stream, zone: str) -> pl.Expr:
    """Return the change time with its offset, if the stream has one. A time without an offset is in `zone`.

    Text that is not a time becomes null: the change time helps, but a row is not rejected for it.
    """
    if stream.changed_at is None:
        return pl.lit(None, pl.String).alias(CHANGED_AT)
    return parse_values.add_offset(_read_text(stream.changed_at).str.strip_chars(), zone).alias(CHANGED_AT)


def meets_condition(condition: Condition) -> pl.Expr:
    """Whether a row meets a condition: true or false, never null. Empty text counts as null."""
    value = _read_text(condition.column)
    if condition.null is not None:
        empty = value.is_null() | (value == "")
        return empty if condition.null else ~empty
    if condition.values:
        return value.is_in(condition.values).fill_null(value=False)
    return ~value.is_in(condition.not_values).fill_null(value=False)


def filter_chosen(frame: pl.DataFrame, emit: Emit) -> pl.DataFrame:
    """Keep the rows that become this entity. Conditions on items are tested later, per item."""
    if emit.when is None or emit.is_in_item(emit.when.column):
        return frame
    return frame.filter(meets_condition(emit.when))


def find_unmet_keys(frame: pl.DataFrame, stream: Stream, emit: Emit, zone: str) -> pl.DataFrame | None:
    """Return the keys of rows that do not become this entity, so that earlier records of them are deleted. None if all
    rows do.
    """
    if emit.when is None or emit.is_in_item(emit.when.column):
        return None
    return select_keys(frame.filter(~meets_condition(emit.when)), stream, zone)


def select_keys(frame: pl.DataFrame, stream: Stream, zone: str) -> pl.DataFrame:
    """Return row number, key and change time of rows that have a key."""
    found = frame.select(
        pl.col(READ_NUMBER).alias(ROW_NUMBER), build_source_key(stream), build_changed_at(stream, zone)
    )
    return found.filter(pl.col(SOURCE_KEY).is_not_null())


def select_items(unfolded: pl.DataFrame, stream: Stream, emit: Emit) -> pl.DataFrame:
    """Return the rows to map: all of them, or, for lists, the items that meet the condition."""
    rows = add_item_keys(unfolded, stream, emit)
    if emit.when is None or not emit.is_in_item(emit.when.column) or rows.is_empty():
        return rows
    return rows.filter(meets_condition(emit.when)) if emit.when.column in rows.columns else rows.clear()


def map_rows(rows: pl.DataFrame, stream: Stream, entity: Entity, zone: str) -> pl.DataFrame:
    """Map rows to the canonical fields of one entity, with source key and change time; all text.

    `rows` are filtered, unfolded and numbered; their digest is passed along. If values of a field could not be parsed,
    its fault column is added. Times without an offset are in `zone`.
    """
    emit = stream.emits[entity.name]
    present = set(rows.columns)
    cells = Cells(rows.schema, stream.has_lists)
    read = {name: mapping for name, mapping in emit.fields.items() if _is_read(mapping, cells)}
    made = _map_fields(rows, read, entity, cells, zone)
    fields: list[pl.Expr | pl.Series] = []
    for name, mapping in emit.fields.items():
        # `require_columns` has already rejected a source that lacks a needed column.
        fields += made[name] if name in made else [pl.lit(mapping.constant, pl.String).alias(name)]
    key = build_source_key(stream)
    if emit.explode:
        key = pl.concat_str([key, pl.col(ITEM_KEY)], separator="|").alias(SOURCE_KEY)
    digest = (pl.col(READ_DIGEST) if READ_DIGEST in present else pl.lit(0, pl.Int64)).alias(ROW_DIGEST)
    return rows.select(pl.col(READ_NUMBER).alias(ROW_NUMBER), key, _map_changed_at(rows, stream, zone), digest, *fields)


def _is_read(mapping: FieldMapping, cells: Cells) -> bool:
    """Whether a field is read from columns of the rows: it is not constant, and what it needs is there."""
    if mapping.constant is not None:
        return False
    absent = [path for path in mapping.list_columns() if not cells.has(path)]
    return not absent or (mapping.join is not None and len(absent) < len(mapping.join.columns))


def _map_fields(
    rows: pl.DataFrame, mappings: Mapping[str, FieldMapping], entity: Entity, cells: Cells, zone: str
) -> dict[str, list[pl.Series]]:
    """Return the values of each field, and its faults if there are any."""
    texts = rows.select(_read_origin(mapping, cells).alias(name) for name, mapping in mappings.items())
    declared = {name: (mapping, entity.column(name)) for name, mapping in mappings.items()}
    mixed = {name: _find_mixed_up(rows, mapping, column.value, cells) for name, (mapping, column) in declared.items()}
    unread = parse_values.find_unparsed(texts, declared) | {name for name, marked in mixed.items() if marked.any()}
    parsed = apply_to_distinct(
        texts.select(name for name in texts.columns if name in unread),
        lambda some: parse_values.parse_columns(some, declared, zone),
    )
    found: dict[str, list[pl.Series]] = {}
    for name in mappings:
        if name not in unread:
            found[name] = [texts[name]]
            continue
        faults = parsed[FAULT_PREFIX + name]
        if mixed[name].any():
            faults = faults.set(mixed[name], parse_values.FORM_RULE)
        found[name] = [parsed[name]] if faults.null_count() == len(faults) else [parsed[name], faults]
    return found


def _find_mixed_up(rows: pl.DataFrame, mapping: FieldMapping, kind: type[Value], cells: Cells) -> pl.Series:
    """Mark rows in which a template part contains the separator: `1-2` and `3` would become the same text as `1` and
    `2-3`.
    """
    if mapping.template is None or issubclass(kind, Text | Verbatim) or kind.name_search:
        return pl.Series([], dtype=pl.Boolean)
    parts = [
        (cells.text(name), separator)
        for name, separator in _list_separators(mapping.template)
        if separator and cells.has(name)
    ]
    return (
        rows.select(parse_values.find_separator_faults(parts)).to_series() if parts else pl.Series([], dtype=pl.Boolean)
    )


def _list_separators(template: str) -> list[tuple[str, str]]:
    """Return the columns of a template, each with the separators beside it that have another column on the far side."""
    _, *rest = re.split(PLACEHOLDER_FORM, template)
    names, after = rest[::2], rest[1::2]
    between = after[:-1]
    return [(name, by) for at, name in enumerate(names) for by in dict.fromkeys(between[max(0, at - 1) : at + 1])]


def _read_origin(mapping: FieldMapping, cells: Cells) -> pl.Expr:
    if mapping.column is not None:
        return cells.text(mapping.column)
    if mapping.join is not None:
        parts = [cells.text(c).str.strip_chars() for c in mapping.join.columns if cells.has(c)]
        filled = [pl.when(part != "").then(part) for part in parts]
        joined = pl.concat_str(filled, separator=mapping.join.by, ignore_nulls=True)
        return pl.when(joined != "").then(joined)
    return _fill_template(mapping.template or "", cells)


def _map_changed_at(rows: pl.DataFrame, stream: Stream, zone: str) -> pl.Expr | pl.Series:
    if stream.changed_at is None:
        return build_changed_at(stream, zone)
    return apply_to_distinct(
        rows.select(stream.changed_at), lambda values: values.select(build_changed_at(stream, zone))
    )[CHANGED_AT]


def _read_text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String)


def _fill_template(template: str, cells: Cells) -> pl.Expr:
    """Return text with columns inserted; null if any of them is null, because half a key is not a key."""
    parts: list[pl.Expr] = []
    end = 0
    for found in PLACEHOLDER_FORM.finditer(template):
        if found.start() > end:
            parts.append(pl.lit(template[end : found.start()]))
        parts.append(cells.text(found.group(1)).str.strip_chars())
        end = found.end()
    return pl.concat_str([*parts, pl.lit(template[end:])])


def list_item_columns(stream: Stream) -> set[str]:
    """Return the columns that exist only after a list is unfolded."""
    lists = [f"{emit.explode}." for emit in stream.emits.values() if emit.explode]
    return {column for column in stream.list_columns() if any(column.startswith(prefix) for prefix in lists)}
