"""Cells: the text of a column, or of a path into a list that a column holds, as Polars expressions. Pure.

`giay_to[0].so` is the item at a position, `giay_to[loai=CCCD].so` the item that meets a condition. No item gives null. A
condition that two items meet has no answer: the row is rejected, since either choice would be a guess.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hub.errors import HubMisconfigured
from hub.sdk.manifest import Location, Manifest, faults, shown
from hub.sdk.mapping import Emit
from hub.sdk.paths import Index, Match, Member, Step, split_at_list
from hub.sdk.streams import Stream

NESTED = (pl.List, pl.Array, pl.Struct)
NEXT = "correct the manifest; if it was right until now, ask the owner whether the source changed"
LONGEST_NAME = 60
NOTHING: tuple[pl.Expr, pl.DataType] = (pl.repeat(None, pl.len(), dtype=pl.String), pl.Null())
"""What is at a path that no row has."""


class NoScalar(ValueError):
    """A path does not end at a text."""


@dataclass(frozen=True)
class Cells:
    """The columns of a frame, by the paths that a manifest writes; `lists` says whether those may lead into lists."""

    schema: Mapping[str, pl.DataType]
    lists: bool

    def has(self, path: str) -> bool:
        """Whether the frame has the column of a path."""
        return path in self.schema or self._parts(path)[0] in self.schema

    def text(self, path: str) -> pl.Expr:
        """The text at a path whose column is there. Raises NoScalar where a list or an object is there."""
        column, steps = self._parts(path)
        found, kind = _followed(pl.col(column), self.schema[column], steps, column)
        if isinstance(kind, NESTED):
            raise NoScalar(f"{path} is {_named(kind)}: {_advice(path, kind)}")
        return found.cast(pl.String)

    def ambiguous(self, path: str) -> pl.Expr | None:
        """Whether a condition in the path is met by several items; None where it has none."""
        column, steps = self._parts(path)
        found, kind = pl.col(column), self.schema[column]
        several: list[pl.Expr] = []
        for at, step in enumerate(steps):
            if isinstance(step, Match):
                matches = _matching(*_followed(found, kind, steps[:at], column), step)
                several += [matches.list.len() > 1] if matches is not None else []
        return pl.any_horizontal(several).fill_null(value=False) if several else None

    def within_lists(self, stream: Stream) -> Iterator[pl.Expr]:
        """What the fields of a stream read within lists: each text, and whether it is ambiguous."""
        for path in sorted(stream.paths()):
            column, steps = self._parts(path)
            if steps and column in self.schema:
                several = self.ambiguous(path)
                yield self.text(path).alias(path)
                yield from [] if several is None else [several.alias(f"{path}?")]

    def _parts(self, path: str) -> tuple[str, tuple[Step, ...]]:
        return (path, ()) if path in self.schema or not self.lists else split_at_list(path)


def ambiguous(rows: pl.DataFrame, emit: Emit, cells: Cells) -> dict[str, pl.Series]:
    """Field → whether a condition in one of its paths is met by several items, for the fields for which one is."""
    found: dict[str, pl.Series] = {}
    for name, made in emit.fields.items():
        several = [e for e in (cells.ambiguous(path) for path in made.columns() if cells.has(path)) if e is not None]
        if several:
            marked = rows.select(pl.any_horizontal(several)).to_series()
            if marked.any():
                found[name] = marked
    return found


def require_scalars(manifest: Manifest, name: str, frame: pl.DataFrame, *, before: bool = False) -> None:
    """Refuse a frame in which a list or an object stands where the manifest names a text: `before` the transform, the
    columns of patches alone. Raises HubMisconfigured naming field, path and line.
    """
    stream = manifest.streams[name]
    cells = Cells(frame.schema, stream.has_lists)
    wanted = _patched(stream) if before else _read(stream)
    wrong = [(place, why) for place, path in wanted if (why := _why_not(cells, path)) is not None]
    for entity, emit in () if before else stream.emits.items():
        kind = frame.schema.get(emit.explode or "", pl.Null())
        if not isinstance(kind, pl.List | pl.Null):
            wrong.append((("emits", entity, "explode"), f"{emit.explode} is {_named(kind)}, and no list to unfold"))
    if wrong:
        raise misplaced(manifest, [(("streams", name, *place), why) for place, why in wrong])


def require_items(manifest: Manifest, name: str, entity: str, rows: pl.DataFrame) -> None:
    """The same for the fields of one kind of record, once its list is unfolded."""
    stream = manifest.streams[name]
    cells = Cells(rows.schema, stream.has_lists)
    wanted = _fields(entity, stream.emits[entity])
    wrong = [(place, why) for place, path in wanted if (why := _why_not(cells, path)) is not None]
    if wrong:
        raise misplaced(manifest, [(("streams", name, *place), why) for place, why in wrong])


def misplaced(manifest: Manifest, wrong: Iterable[tuple[Location, str]]) -> HubMisconfigured:
    """The error that says what is wrong at which keys of a manifest, by line where it was read from a file."""
    path = manifest.folder / "manifest.toml" if manifest.folder else None
    if path is None or not path.is_file():
        told = [f"{manifest.name}: {'.'.join(map(str, place))}: {why}" for place, why in wrong]
    else:
        told = [str(fault) for fault in faults(shown(path), path.read_text("utf-8"), wrong)]
    return HubMisconfigured("; ".join(told), next_step=NEXT)


def _patched(stream: Stream) -> Iterator[tuple[Location, str]]:
    for at, patch in enumerate(stream.patches):
        yield ("patches", at, "column"), patch.column
        if patch.where:
            yield ("patches", at, "where"), patch.where.column


def _read(stream: Stream) -> Iterator[tuple[Location, str]]:
    """Every column that is read as a text before lists are unfolded, and where the manifest names it."""
    yield from _patched(stream)
    yield from ((("key", at), column) for at, column in enumerate(stream.key))
    if stream.changed_at:
        yield ("changed_at",), stream.changed_at
    if stream.tombstone:
        yield ("tombstone",), stream.tombstone.column
    for name, emit in stream.emits.items():
        if emit.when:
            yield ("emits", name, "when"), emit.when.column
        if emit.explode is None:
            yield from _fields(name, emit)


def _fields(entity: str, emit: Emit) -> Iterator[tuple[Location, str]]:
    for field, made in emit.fields.items():
        yield from ((("emits", entity, "fields", field), path) for path in made.columns())


def _why_not(cells: Cells, path: str) -> str | None:
    """Why there is no text at a path; None where there is one, or where the column is missing."""
    if not cells.has(path):
        inner = next((name for name in cells.schema if name.startswith(f"{path}.")), None)
        return f"{path} is an object: name one of its values, e.g. {_told(inner)}" if inner else None
    try:
        cells.text(path)
    except NoScalar as error:
        return str(error)
    return None


def _followed(found: pl.Expr, kind: pl.DataType, steps: Sequence[Step], path: str) -> tuple[pl.Expr, pl.DataType]:
    """The expression and the type at the end of some steps. Raises NoScalar where a step has nothing to stand on."""
    left = list(steps)
    while left:
        if isinstance(kind, pl.Null):
            return NOTHING
        step = left.pop(0)
        if isinstance(step, Member):
            names = [step.name]
            while left and isinstance(following := left[0], Member):
                names.append(following.name)
                del left[0]
            found, kind = _member(found, kind, names, path)
            continue
        if not isinstance(kind, pl.List):
            raise NoScalar(f"{path} is no list: write the path without [ ]")
        inner: pl.DataType = kind.inner  # type: ignore[assignment]  # an instance: the frame's own
        if isinstance(step, Index):
            found, kind = found.list.get(step.at, null_on_oob=True), inner
        else:
            matches = _matching(found, kind, step)
            if matches is None:
                return NOTHING
            found, kind = matches.list.get(0, null_on_oob=True), inner
    return found, kind


def _member(found: pl.Expr, kind: pl.DataType, names: Sequence[str], path: str) -> tuple[pl.Expr, pl.DataType]:
    """The member of objects: by one name, or by several joined by dots, as readers flatten objects within items."""
    left = list(names)
    while left:
        if isinstance(kind, pl.Null):
            return NOTHING
        if not isinstance(kind, pl.Struct):
            raise NoScalar(f"{path} holds {_named(kind)}, which {'.'.join(left)} cannot lead into")
        members = {field.name: field.dtype for field in kind.fields}
        together = next((n for n in range(len(left), 0, -1) if ".".join(left[:n]) in members), 0)
        if not together:
            if any(name.startswith(".".join(left) + ".") for name in members):
                raise NoScalar(f"{path} ends at an object: name one of its values")
            return NOTHING  # no item has it
        name = ".".join(left[:together])
        found, kind = found.struct.field(name), members[name]  # type: ignore[assignment]  # as above
        left = left[together:]
    return found, kind


def _matching(found: pl.Expr, kind: pl.DataType, step: Match) -> pl.Expr | None:
    """The items of a list that meet a condition; None where none can, since no item has such a member."""
    if not isinstance(kind, pl.List):
        return None
    inner: pl.DataType = kind.inner  # type: ignore[assignment]  # as above
    member, of = _member(pl.element(), inner, step.names, ".".join(step.names))
    if isinstance(of, NESTED):
        raise NoScalar(f"{'.'.join(step.names)} is {_named(of)}: a condition names a text")
    if isinstance(of, pl.Null):
        return None
    return found.list.filter(member.cast(pl.String) == step.value)


def _named(kind: pl.DataType) -> str:
    return "an object" if isinstance(kind, pl.Struct) else "a list" if isinstance(kind, NESTED) else "a text"


def _advice(path: str, kind: pl.DataType) -> str:
    """How to write the path of one value there."""
    inner = kind if isinstance(kind, pl.Struct) else getattr(kind, "inner", None)
    members = [_told(field.name) for field in inner.fields] if isinstance(inner, pl.Struct) else []
    if isinstance(kind, pl.Struct):
        return f"name one of its values, e.g. {path}.{members[-1] if members else 'name'}"
    examples = [f"{path}[0].{members[-1]}"] if members else [f"{path}[0]"]
    examples += [f"{path}[{members[0]}=…].{members[-1]}"] if len(members) > 1 else []
    return f"name one of its items, e.g. {' or '.join(examples)}, or unfold it with explode"


def _told(name: str) -> str:
    """A name of the source's, where it is like a name and not like a value."""
    fine = name.isprintable() and len(name) <= LONGEST_NAME and sum(map(str.isdecimal, name)) < 6
    return name if fine else "name"
