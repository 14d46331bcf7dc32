"""Trials: the samples through the real reader and the real engine into a real store: as they are, twice, damaged, with a row gone
and with a column more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.conform import samples
from hub.conform.ground import Ground, Held, Key, Store
from hub.conform.rows import changed, has
from hub.conform.samples import Row
from hub.conform.worlds.base import World
from hub.ingest.run import RunReport
from hub.model.registry import registry
from hub.sdk.manifest import Manifest
from schema.values import ValueRejected

EXTRA = "cot_moi_cua_nguon"
"""The column that drifts in."""
NONSENSE = "☠"
"""No value of any type that has a form."""

StreamRows = Mapping[str, list[Row]]


class Failure(Exception):
    """A trial did not end as it should; said without values."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True)
class Tried:
    """What the trials of a connector go on from: the rows, what a store holds of all of them, and of all but one."""

    world: World
    rows: StreamRows
    fewer: StreamRows
    full: Store
    prior: Store
    target: Held
    before: Held

    @property
    def manifest(self) -> Manifest:
        """The manifest, pointed at the world."""
        return self.world.manifest


def healthy(report: RunReport) -> None:
    """Raises Failure where a run did not succeed."""
    if report.status != "SUCCEEDED":
        raise Failure(f"the run is {report.status}: {'; '.join(report.problems)}")


def expected_keys(manifest: Manifest, rows: StreamRows) -> set[Key]:
    """The records that rows become, but for those that another row's key keeps out."""
    return {
        (stream, record["entity"], record["key"])
        for stream, given in rows.items()
        for record in samples.mapped(manifest, stream, given)
        if "fields" in record
    }


def held_back(manifest: Manifest, rows: StreamRows) -> StreamRows:
    """The rows without the last that becomes a record: what a source had the day before."""
    fewer: dict[str, list[Row]] = {}
    for stream, given in rows.items():
        good = set().union(*samples.good(manifest, stream, given).values())
        if not good:
            raise Failure(f"{stream}: no sample row becomes a record")
        fewer[stream] = given[: max(good)] + given[max(good) + 1 :]
    return fewer


def as_they_are(world: World, store: Store, rows: StreamRows) -> Held:
    """The samples, read for the first time and again. Returns what the store holds. Raises Failure."""
    world.put(rows)
    healthy(world.run(store))
    held = store.held(world.manifest)
    expected = expected_keys(world.declared, rows)
    if strange := set(held) - expected:
        raise Failure(f"the store has records that the samples do not become: {_some(strange)}")
    aside = {(stream, entity, key) for stream, entity, key in store.quarantined()}
    if lost := expected - set(held) - aside:
        raise Failure(f"records are neither in the store nor in quarantine: {_some(lost)}")
    before = store.identities(world.manifest)
    report = world.run(store)
    healthy(report)
    if store.identities(world.manifest) != before:
        raise Failure("a second read of the same rows changed the store")
    if any(count.added or count.changed or count.deleted for count in report.counts):
        raise Failure("a second read of the same rows says that it changed something")
    return held


@dataclass(frozen=True)
class Damage:
    """What is done to a row so that one field of one kind of record cannot be made of it."""

    stream: str
    entity: str
    field: str
    paths: tuple[str, ...]
    value: str | None

    def __str__(self) -> str:
        return f"{self.stream}: {self.entity}.{self.field} {'emptied' if self.value is None else 'broken'}"

    def done_to(self, row: Row) -> Row:
        """The row, spoilt."""
        for path in self.paths:
            row = changed(row, path, self.value)
        return row


def damages(manifest: Manifest, stream: str) -> Iterator[Damage]:
    """Each required field and the key, in turn emptied and broken."""
    declared = manifest.streams[stream]
    for name, emit in declared.emits.items():
        for column in registry()[name].columns:
            paths = tuple(emit.fields[column.name].columns()) if column.name in emit.fields else ()
            if column.nullable or not paths:
                continue
            yield Damage(stream, name, column.name, paths, None)
            if not _takes(column.value, NONSENSE) and not _placed(manifest, stream, paths):
                yield Damage(stream, name, column.name, paths, NONSENSE)
    yield Damage(stream, next(iter(declared.emits)), "source key", declared.key[:1], None)


def damaged(tried: Tried, ground: Ground) -> Iterator[tuple[str, str | None]]:
    """Each damage with what is wrong with how it was taken, None where nothing is. A run has one for each row at most."""
    waiting = {name: list(damages(tried.world.declared, name)) for name in tried.rows}
    while any(waiting.values()):
        now: dict[str, dict[int, Damage]] = {}
        for name, left in waiting.items():
            now[name], waiting[name] = _placed_in(tried, name, left)
        yield from _together(tried, ground, now)
        if not any(now.values()):
            return  # what is left is of columns that only a transform makes, or that no sample has


def _placed_in(tried: Tried, stream: str, wanted: Sequence[Damage]) -> tuple[dict[int, Damage], list[Damage]]:
    """Damages by the row that each is done to, and those for which this run has no row left."""
    rows = tried.rows[stream]
    good = samples.good(tried.world.declared, stream, rows)
    placed: dict[int, Damage] = {}
    left: list[Damage] = []
    for damage in wanted:
        fit = (
            at
            for at in sorted(good[damage.entity])
            if at not in placed and all(has(rows[at], path) for path in damage.paths)
        )
        at = next(fit, None)
        if at is None:
            left.append(damage)
        else:
            placed[at] = damage
    return placed, left


def _together(
    tried: Tried, ground: Ground, now: Mapping[str, Mapping[int, Damage]]
) -> Iterator[tuple[str, str | None]]:
    """One run over spoilt rows."""
    rows = {
        name: [now[name][at].done_to(row) if at in now[name] else row for at, row in enumerate(given)]
        for name, given in tried.rows.items()
    }
    with ground.store() as store:
        tried.world.put(rows)
        report = tried.world.run(store)
        held, aside = set(store.held(tried.manifest)), store.quarantined()
    for name, done in now.items():
        expected = expected_keys(tried.world.declared, {name: rows[name]}) & set(tried.target)
        found = {key for key in held if key[0] == name}
        for at, damage in done.items():
            wrong = None
            if not _refused(tried.world.declared, damage, rows[name][at]):
                wrong = "the mapping lets it in"
            elif report.status == "FAILED":
                wrong = f"the run fails for it: {'; '.join(report.problems)}"
            elif (name, damage.entity) not in {(stream, entity) for stream, entity, _ in aside}:
                wrong = "it is not in quarantine"
            elif expected - found:
                wrong = f"other records are not in the store: {_some(expected - found)}"
            elif found - expected:
                wrong = f"the store has records that it should not: {_some(found - expected)}"
            yield str(damage), wrong


def _refused(manifest: Manifest, damage: Damage, row: Row) -> bool:
    records = samples.mapped(manifest, damage.stream, [row])
    return any("rejected" in record and record["entity"] == damage.entity for record in records)


def deleted(tried: Tried, ground: Ground) -> Iterator[tuple[str, str | None]]:
    """A row that goes at the source, as the stream's `deletes` has it."""
    declared = tried.world.declared
    for name, stream in declared.streams.items():
        gone = next(row for row in tried.rows[name] if row not in tried.fewer[name])
        keys = expected_keys(declared, {name: [gone]}) & set(tried.target)
        rows = {**tried.rows, name: tried.fewer[name]}
        stays = stream.deletes == "none"
        if stream.tombstone is not None:
            marked = changed(gone, stream.tombstone.column, stream.tombstone.example)
            rows = {**tried.rows, name: [*tried.fewer[name], marked]}
        with ground.store(tried.full.name) as store:
            tried.world.put(rows)
            # As if the last look at every key were long ago.
            store.ask("update hub.stream set confirmed_at = '2000-01-01'")
            report = tried.world.run(store)
            held = store.held(tried.manifest)
        wrong = None
        if report.status != "SUCCEEDED":
            wrong = f"the run is {report.status}: {'; '.join(report.problems)}"
        elif set(held) != (set(tried.target) if stays else set(tried.target) - keys):
            wrong = "the store does not have what should be left"
        yield f"{name}: deletes = {stream.deletes}", wrong


def drifted(tried: Tried, ground: Ground) -> Iterator[tuple[str, str | None]]:
    """A column that nobody mapped: said for each stream, whatever becomes of the rows."""
    rows = {name: [{**row, EXTRA: "x"} for row in given] for name, given in tried.rows.items()}
    with ground.store(tried.full.name) as store:
        tried.world.put(rows)
        report = tried.world.run(store)
        held = store.held(tried.manifest)
    for name in tried.rows:
        said = [*map(str, report.drift), *report.problems]
        wrong = None
        if not any(f"{name}" in words and EXTRA in words for words in said):
            wrong = "the run does not say that there is a new column"
        elif {k: v for k, v in held.items() if k[0] == name} != {k: v for k, v in tried.target.items() if k[0] == name}:
            wrong = "the store is other than without it"
        yield f"{name}: a new column", wrong


def _takes(kind: Any, text: str) -> bool:
    try:
        kind.parse(text)
    except ValueRejected:
        return False
    return True


def _placed(manifest: Manifest, stream: str, columns: Sequence[str]) -> bool:
    """Whether the source itself would refuse nonsense there: its cursor is a time or a number."""
    cursor = manifest.streams[stream].cursor
    return cursor is not None and cursor.column in columns


def _some(keys: set[Key]) -> str:
    """A few records, by where they are from and how many they are; keys may be of people."""
    kinds = sorted({f"{stream}.{entity}" for stream, entity, _ in keys})
    return f"{len(keys)} of {', '.join(kinds)}"
