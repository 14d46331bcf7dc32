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
        good = [at for at in range(len(given)) if expected_keys(manifest, {stream: [given[at]]})]
        if not good:
            raise Failure(f"{stream}: no sample row becomes a record")
        fewer[stream] = given[: good[-1]] + given[good[-1] + 1 :]
    return fewer


def as_they_are(world: World, store: Store, rows: StreamRows) -> Held:
    """The samples, read for the first time and again. Returns what the store holds. Raises Failure."""
    world.put(rows)
    healthy(store.run(world.manifest))
    held = store.held(world.manifest)
    expected = expected_keys(world.declared, rows)
    if strange := set(held) - expected:
        raise Failure(f"the store has records that the samples do not become: {_some(strange)}")
    aside = {(stream, entity, key) for stream, entity, key in store.quarantined()}
    if lost := expected - set(held) - aside:
        raise Failure(f"records are neither in the store nor in quarantine: {_some(lost)}")
    before = store.identities(world.manifest)
    report = store.run(world.manifest)
    healthy(report)
    if store.identities(world.manifest) != before:
        raise Failure("a second read of the same rows changed the store")
    if any(count.added or count.changed or count.deleted for count in report.counts):
        raise Failure("a second read of the same rows says that it changed something")
    return held


@dataclass(frozen=True)
class Damage:
    """One field of one kind of record, spoilt in one row."""

    stream: str
    entity: str
    field: str
    row: Row
    how: str

    def __str__(self) -> str:
        return f"{self.stream}: {self.entity}.{self.field} {self.how}"


def damages(manifest: Manifest, stream: str, rows: Sequence[Row]) -> Iterator[Damage]:
    """Each required field and each key, in turn emptied and broken, where a row of the source says it. Raises Failure."""
    declared = manifest.streams[stream]
    row = next(r for r in rows if expected_keys(manifest, {stream: [r]}))
    for name, emit in declared.emits.items():
        whole = next(
            (r for r in rows if (stream, name) in {k[:2] for k in expected_keys(manifest, {stream: [r]})}), row
        )
        for column in registry()[name].columns:
            if column.nullable or emit.fields[column.name].constant is not None:
                continue
            read = [c for c in emit.fields[column.name].columns() if has(whole, c)]
            if read:
                yield Damage(stream, name, column.name, _with(whole, read, None), "emptied")
            if read and not _takes(column.value, NONSENSE) and not _placed(manifest, stream, read):
                yield Damage(stream, name, column.name, _with(whole, read, NONSENSE), "broken")
    keys = [c for c in declared.key if has(row, c)]
    if keys:
        yield Damage(stream, next(iter(declared.emits)), "source key", _with(row, keys[:1], None), "emptied")


def damaged(tried: Tried, ground: Ground) -> Iterator[tuple[str, str | None]]:
    """Each damage with what is wrong with how it was taken, None where nothing is. Those of different rows share a run."""
    waiting = {name: list(damages(tried.world.declared, name, rows)) for name, rows in tried.rows.items()}
    while any(waiting.values()):
        now = [left.pop(0) for left in waiting.values() if left]
        yield from zip(map(str, now), _together(tried, ground, now), strict=True)


def _together(tried: Tried, ground: Ground, now: Sequence[Damage]) -> list[str | None]:
    """One damage of each stream in one run: the spoilt row instead of the one it was made from."""
    declared = tried.world.declared
    rows = dict(tried.rows)
    for damage in now:
        at = _nearest(tried.rows[damage.stream], damage.row)
        rows[damage.stream] = [*rows[damage.stream][:at], damage.row, *rows[damage.stream][at + 1 :]]
    with ground.store() as store:
        tried.world.put(rows)
        report = store.run(tried.manifest)
        held, aside = store.held(tried.manifest), store.quarantined()
    wrong: list[str | None] = []
    for damage in now:
        rejected = [r for r in samples.mapped(declared, damage.stream, [damage.row]) if "rejected" in r]
        expected = expected_keys(declared, {damage.stream: rows[damage.stream]}) & set(tried.target)
        found = {key: values for key, values in held.items() if key[0] == damage.stream}
        if not any(r["entity"] == damage.entity for r in rejected):
            wrong.append("the mapping lets it in")
        elif report.status == "FAILED":
            wrong.append(f"the run fails for it: {'; '.join(report.problems)}")
        elif not any(stream == damage.stream and entity == damage.entity for stream, entity, _ in aside):
            wrong.append("it is not in quarantine")
        elif lost := expected - set(found):
            wrong.append(f"other records are not in the store: {_some(lost)}")
        elif set(found) - expected:
            wrong.append("it is in the store")
        else:
            wrong.append(None)
    return wrong


def deleted(tried: Tried, ground: Ground) -> Iterator[tuple[str, str | None]]:
    """A row that goes at the source, as the stream's `deletes` has it."""
    declared = tried.world.declared
    for name, stream in declared.streams.items():
        gone = next(row for row in tried.rows[name] if row not in tried.fewer[name])
        keys = expected_keys(declared, {name: [gone]}) & set(tried.target)
        rows = {**tried.rows, name: tried.fewer[name]}
        stays = stream.deletes == "none"
        if stream.tombstone is not None:
            marked = changed(gone, stream.tombstone.column, stream.tombstone.values[0])
            rows = {**tried.rows, name: [*tried.fewer[name], marked]}
        with ground.store(tried.full.name) as store:
            tried.world.put(rows)
            # As if the last look at every key were long ago.
            store.ask("update hub.stream set confirmed_at = '2000-01-01'")
            report = store.run(tried.manifest)
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
        report = store.run(tried.manifest)
        held = store.held(tried.manifest)
    for name in tried.rows:
        said = [*map(str, report.drift), *report.problems]
        wrong = None
        if not any(f"{name}" in words and EXTRA in words for words in said):
            wrong = "the run does not say that there is a new column"
        elif {k: v for k, v in held.items() if k[0] == name} != {k: v for k, v in tried.target.items() if k[0] == name}:
            wrong = "the store is other than without it"
        yield f"{name}: a new column", wrong


def _with(row: Row, paths: Sequence[str], value: Any) -> Row:
    for path in paths:
        row = changed(row, path, value)
    return row


def _nearest(rows: Sequence[Row], row: Row) -> int:
    """The row that a damaged one was made from: the one with which it shares most."""
    return max(range(len(rows)), key=lambda at: sum(rows[at].get(name) == value for name, value in row.items()))


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
