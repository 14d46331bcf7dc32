"""Cells: the text of a column, or at a path into a list column, as Polars expressions. Pure.

`giay_to[0].so` selects an item by position, `giay_to[loai=CCCD].so` the item that meets a condition. If no item
matches, the value is null. If two items meet the condition, the row is rejected, because either choice would be a
guess.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hub.errors import HubMisconfigured
from hub.sdk.manifest import Location, Manifest, build_faults, show_path
from hub.sdk.mapping import Emit
from hub.sdk.paths import IndexStep, MatchStep, MemberStep, PathStep, split_at_list
from hub.sdk.streams import Stream

NESTED_TYPES = (pl.List, pl.Array, pl.Struct)
CORRECT_MANIFEST = "correct the manifest; if it was correct before, ask the owner whether the source changed"
LONGEST_NAME_CHARS = 60
NO_VALUE: tuple[pl.Expr, pl.DataType] = (pl.repeat(None, pl.len(), dtype=pl.String), pl.Null())
"""The value at a path that no row has."""


class PathNotScalar(ValueError):
    """A path does not end at a scalar value."""


@dataclass(frozen=True)
class Cells:
    """The columns of a frame, addressed by the paths of a manifest. `lists` says whether paths may lead into lists."""

    schema: Mapping[str, pl.DataType]
    lists: bool

    def has(self, path: str) -> bool:
        """Whether the frame has the column that a path starts at."""
        return path in self.schema or self._parts(path)[0] in self.schema

    def text(self, path: str) -> pl.Expr:
        """Return the text at a path whose column exists. Raises PathNotScalar if the path ends at a list or an object."""
        column, steps = self._parts(path)
        found, kind = _follow_steps(pl.col(column), self.schema[column], steps, column)
        if isinstance(kind, NESTED_TYPES):
            raise PathNotScalar(f"{path} is {_describe_type(kind)}: {_suggest_path(path, kind)}")
        return found.cast(pl.String)

    def find_ambiguous(self, path: str) -> pl.Expr | None:
        """Whether several items meet a condition in the path. None if the path has no condition."""
        column, steps = self._parts(path)
        found, kind = pl.col(column), self.schema[column]
        several: list[pl.Expr] = []
        for at, step in enumerate(steps):
            if isinstance(step, MatchStep):
                matches = _filter_items(*_follow_steps(found, kind, steps[:at], column), step)
                several += [matches.list.len() > 1] if matches is not None else []
        return pl.any_horizontal(several).fill_null(value=False) if several else None

    def list_values(self, stream: Stream) -> Iterator[pl.Expr]:
        """Yield the values that a stream's fields read within lists: each text, and whether it is ambiguous."""
        for path in sorted(stream.list_paths()):
            column, steps = self._parts(path)
            if steps and column in self.schema:
                several = self.find_ambiguous(path)
                yield self.text(path).alias(path)
                yield from [] if several is None else [several.alias(f"{path}?")]

    def _parts(self, path: str) -> tuple[str, tuple[PathStep, ...]]:
        return (path, ()) if path in self.schema or not self.lists else split_at_list(path)


def find_ambiguous_fields(rows: pl.DataFrame, emit: Emit, cells: Cells) -> dict[str, pl.Series]:
    """Map each field with an ambiguous path to the rows in which several items meet its condition."""
    found: dict[str, pl.Series] = {}
    for name, made in emit.fields.items():
        several = [
            e for e in (cells.find_ambiguous(path) for path in made.list_columns() if cells.has(path)) if e is not None
        ]
        if several:
            marked = rows.select(pl.any_horizontal(several)).to_series()
            if marked.any():
                found[name] = marked
    return found


def require_scalars(manifest: Manifest, name: str, frame: pl.DataFrame, *, before: bool = False) -> None:
    """Reject a frame with a list or an object where the manifest expects a text.

    Before the transform (`before`), only the columns of patches are checked. Raises HubMisconfigured with field, path
    and line.
    """
    stream = manifest.streams[name]
    cells = Cells(frame.schema, stream.has_lists)
    wanted = _list_patched_columns(stream) if before else _list_text_columns(stream)
    wrong = [(place, why) for place, path in wanted if (why := _explain_missing_text(cells, path)) is not None]
    for entity, emit in () if before else stream.emits.items():
        kind = frame.schema.get(emit.explode or "", pl.Null())
        if not isinstance(kind, pl.List | pl.Null):
            wrong.append(
                (
                    ("emits", entity, "explode"),
                    f"{emit.explode} is {_describe_type(kind)}, not a list: only a list can be unfolded",
                )
            )
    if wrong:
        raise build_manifest_error(manifest, [(("streams", name, *place), why) for place, why in wrong])


def require_items(manifest: Manifest, name: str, entity: str, rows: pl.DataFrame) -> None:
    """Run the same check on the fields of one entity after its list is unfolded."""
    stream = manifest.streams[name]
    cells = Cells(rows.schema, stream.has_lists)
    wanted = _list_field_columns(entity, stream.emits[entity])
    wrong = [(place, why) for place, path in wanted if (why := _explain_missing_text(cells, path)) is not None]
    if wrong:
        raise build_manifest_error(manifest, [(("streams", name, *place), why) for place, why in wrong])


def build_manifest_error(manifest: Manifest, wrong: Iterable[tuple[Location, str]]) -> HubMisconfigured:
    """Build the error that lists the faults of manifest keys, with line numbers if the manifest was read from
    a file.
    """
    path = manifest.folder / "manifest.toml" if manifest.folder else None
    if path is None or not path.is_file():
        told = [f"{manifest.name}: {'.'.join(map(str, place))}: {why}" for place, why in wrong]
    else:
        told = [str(fault) for fault in build_faults(show_path(path), path.read_text("utf-8"), wrong)]
    return HubMisconfigured("; ".join(told), next_step=CORRECT_MANIFEST)


def _list_patched_columns(stream: Stream) -> Iterator[tuple[Location, str]]:
    for at, patch in enumerate(stream.patches):
        yield ("patches", at, "column"), patch.column
        if patch.where:
            yield ("patches", at, "where"), patch.where.column


def _list_text_columns(stream: Stream) -> Iterator[tuple[Location, str]]:
    """Yield every column that is read as text before lists are unfolded, with its location in the manifest."""
    yield from _list_patched_columns(stream)
    yield from ((("key", at), column) for at, column in enumerate(stream.key))
    if stream.changed_at:
        yield ("changed_at",), stream.changed_at
    if stream.tombstone:
        yield ("tombstone",), stream.tombstone.column
    for name, emit in stream.emits.items():
        if emit.when:
            yield ("emits", name, "when"), emit.when.column
        if emit.explode is None:
            yield from _list_field_columns(name, emit)


def _list_field_columns(entity: str, emit: Emit) -> Iterator[tuple[Location, str]]:
    for field, made in emit.fields.items():
        yield from ((("emits", entity, "fields", field), path) for path in made.list_columns())


def _explain_missing_text(cells: Cells, path: str) -> str | None:
    """Say why a path has no text. None if it has one, or if the column is missing."""
    if not cells.has(path):
        inner = next((name for name in cells.schema if name.startswith(f"{path}.")), None)
        return f"{path} is an object: name one of its values, e.g. {_show_name(inner)}" if inner else None
    try:
        cells.text(path)
    except PathNotScalar as error:
        return str(error)
    return None


def _follow_steps(
    found: pl.Expr, kind: pl.DataType, steps: Sequence[PathStep], path: str
) -> tuple[pl.Expr, pl.DataType]:
    """Return the expression and the type after some steps. Raises PathNotScalar if a step cannot be followed."""
    left = list(steps)
    while left:
        if isinstance(kind, pl.Null):
            return NO_VALUE
        step = left.pop(0)
        if isinstance(step, MemberStep):
            names = [step.name]
            while left and isinstance(following := left[0], MemberStep):
                names.append(following.name)
                del left[0]
            found, kind = _follow_members(found, kind, names, path)
            continue
        if not isinstance(kind, pl.List):
            raise PathNotScalar(f"{path} is not a list: write the path without [ ]")
        inner: pl.DataType = kind.inner  # type: ignore[assignment]  # an instance: it comes from a frame
        if isinstance(step, IndexStep):
            found, kind = found.list.get(step.at, null_on_oob=True), inner
        else:
            matches = _filter_items(found, kind, step)
            if matches is None:
                return NO_VALUE
            found, kind = matches.list.get(0, null_on_oob=True), inner
    return found, kind


def _follow_members(found: pl.Expr, kind: pl.DataType, names: Sequence[str], path: str) -> tuple[pl.Expr, pl.DataType]:
    """Follow members of objects: by one name, or by several joined with dots, as readers flatten objects within items."""
    left = list(names)
    while left:
        if isinstance(kind, pl.Null):
            return NO_VALUE
        if not isinstance(kind, pl.Struct):
            raise PathNotScalar(f"{path} is {_describe_type(kind)}, which has no member {'.'.join(left)}")
        members = {field.name: field.dtype for field in kind.fields}
        together = next((n for n in range(len(left), 0, -1) if ".".join(left[:n]) in members), 0)
        if not together:
            if any(name.startswith(".".join(left) + ".") for name in members):
                raise PathNotScalar(f"{path} ends at an object: name one of its values, e.g. its code")
            return NO_VALUE  # no item has this member
        name = ".".join(left[:together])
        found, kind = found.struct.field(name), members[name]  # type: ignore[assignment]  # as above
        left = left[together:]
    return found, kind


def _filter_items(found: pl.Expr, kind: pl.DataType, step: MatchStep) -> pl.Expr | None:
    """Return the items of a list that meet a condition. None if no item has such a member."""
    if not isinstance(kind, pl.List):
        return None
    inner: pl.DataType = kind.inner  # type: ignore[assignment]  # as above
    member, of = _follow_members(pl.element(), inner, step.names, ".".join(step.names))
    if isinstance(of, NESTED_TYPES):
        raise PathNotScalar(
            f"{'.'.join(step.names)} is {_describe_type(of)}: a condition must compare a text, e.g. [type=CCCD]"
        )
    if isinstance(of, pl.Null):
        return None
    return found.list.filter(member.cast(pl.String) == step.value)


def _describe_type(kind: pl.DataType) -> str:
    return "an object" if isinstance(kind, pl.Struct) else "a list" if isinstance(kind, NESTED_TYPES) else "a text"


def _suggest_path(path: str, kind: pl.DataType) -> str:
    """Suggest a path to one value below this one."""
    inner = kind if isinstance(kind, pl.Struct) else getattr(kind, "inner", None)
    members = [_show_name(field.name) for field in inner.fields] if isinstance(inner, pl.Struct) else []
    if isinstance(kind, pl.Struct):
        return f"name one of its values, e.g. {path}.{members[-1] if members else 'name'}"
    examples = [f"{path}[0].{members[-1]}"] if members else [f"{path}[0]"]
    examples += [f"{path}[{members[0]}=…].{members[-1]}"] if len(members) > 1 else []
    return f"name one of its items, e.g. {' or '.join(examples)}, or unfold it with explode"


def _show_name(name: str) -> str:
    """Return a name given by the source, or "name" if it might be a value: error messages must not show values."""
    fine = name.isprintable() and len(name) <= LONGEST_NAME_CHARS and sum(map(str.isdecimal, name)) < 6
    return name if fine else "name"
