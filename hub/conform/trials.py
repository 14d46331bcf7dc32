"""Trials: the samples through the real reader and the real engine into a real store: as they are, twice, with a row gone and
with a column more. The verdict does not depend on the order of the samples.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.conform.rows import samples
from hub.conform.rows.row_names import name_records, name_row
from hub.conform.rows.sample_mapper import SampleMapper
from hub.conform.rows.samples import Row
from hub.conform.servers.simulators.base import SourceSimulator
from hub.conform.servers.trial_servers import Held, Key, TrialServers, TrialStore
from hub.conform.tombstones import mark_deleted
from hub.ingest.run.connector_run import RunReport
from hub.sdk.manifest import Manifest

EXTRA_COLUMN = "cot_moi_cua_nguon"
"""The column that drifts in."""

StreamRows = Mapping[str, list[Row]]


class TrialFailed(Exception):
    """A trial did not end as it should; said without values."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True)
class TrialState:
    """What the trials of a connector go on from: the rows, what a store holds of all of them, and of all but one.

    `later` has, for each stream, the position of the row that the source did not have the day before; `fewer` has what it had.
    """

    world: SourceSimulator
    rows: StreamRows
    later: Mapping[str, int]
    fewer: StreamRows
    full: TrialStore
    prior: TrialStore
    target: Held
    before: Held

    @property
    def manifest(self) -> Manifest:
        """The manifest, pointed at the world."""
        return self.world.manifest


def require_success(report: RunReport) -> None:
    """Raises Failure if a run did not succeed."""
    if report.status != "SUCCEEDED":
        raise TrialFailed(f"the run is {report.status}: {'; '.join(report.problems)}")


def hold_back_rows(mapper: SampleMapper, rows: StreamRows) -> dict[str, int]:
    """Of each stream's rows, in their order, the last that becomes a record of its own: the source got it after the others."""
    found: dict[str, int] = {}
    for stream, given in rows.items():
        good = set().union(*samples.find_good_rows(mapper.manifest, stream, given).values())
        if not good:
            raise TrialFailed(f"{stream}: no sample row becomes a record")
        found[stream] = max(_find_unshared(mapper, stream, given, good) or good)
    return found


def _find_unshared(mapper: SampleMapper, stream: str, rows: Sequence[Row], good: set[int]) -> set[int]:
    """Of good rows, those whose records have no key of another row's."""
    records = [(r["entity"], r["key"]) for r in mapper.map_rows(stream, rows) if "fields" in r]
    if len(set(records)) == len(records):
        return good
    keys = [mapper.find_row_keys(stream, row) for row in rows]
    return {at for at in good if not any(keys[at] & other for place, other in enumerate(keys) if place != at)}


def set_day_before(manifest: Manifest, rows: StreamRows, later: Mapping[str, int]) -> StreamRows:
    """What the source had before it got the last row of each stream: of rows with a cursor, none that is higher."""
    return {
        name: given[: later[name]] + ([] if manifest.streams[name].cursor else given[later[name] + 1 :])
        for name, given in rows.items()
    }


def try_unchanged_rows(world: SourceSimulator, store: TrialStore, rows: StreamRows) -> Held:
    """The samples, read for the first time and again. Returns what the store holds. Raises Failure."""
    world.put(rows)
    require_success(world.run(store))
    held = store.held(world.manifest)
    expected = world.mapper.find_keys(rows)
    if strange := set(held) - expected:
        raise TrialFailed(
            f"the store has records that the samples do not become: {name_records(world.declared, strange)}"
        )
    aside = {(stream, entity, key) for stream, entity, key in store.quarantined()}
    if lost := expected - set(held) - aside:
        raise TrialFailed(f"records are neither in the store nor in quarantine: {name_records(world.declared, lost)}")
    before = store.identities(world.manifest)
    report = world.run(store)
    require_success(report)
    if store.identities(world.manifest) != before:
        raise TrialFailed("a second read of the same rows changed the store")
    if any(count.added or count.changed or count.deleted for count in report.counts):
        raise TrialFailed("a second read of the same rows says that it changed something")
    return held


def tell_wrong(manifest: Manifest, wrong: Mapping[Key, str]) -> str | None:
    """Records that are wrong, in words; None if there are none."""
    kinds = sorted(set(wrong.values()))
    return (
        "; ".join(f"{kind}: {name_records(manifest, [k for k in wrong if wrong[k] == kind])}" for kind in kinds) or None
    )


def try_deletes(tried: TrialState, ground: TrialServers) -> Iterator[tuple[str, str | None]]:
    """A row that goes at the source, as the stream's `deletes` has it."""
    for name, stream in tried.world.declared.streams.items():
        yield f"{name}: deletes = {stream.deletes}", _try_delete(tried, ground, name)


def _try_delete(tried: TrialState, ground: TrialServers, name: str) -> str | None:
    declared = tried.world.declared
    given, at = tried.rows[name], tried.later[name]
    left = given[:at] + given[at + 1 :]
    if declared.streams[name].tombstone is not None:
        marked = mark_deleted(declared, name, given[at], given)
        if marked is None:
            return (
                f"no change of {name_row(declared, name, given[at])} makes transform.py say that the row was deleted;"
                f" add a sample row that was"
            )
        left = [*left, marked]
    with ground.store(tried.full.name) as store:
        tried.world.put({**tried.rows, name: left})
        # As if the last look at every key were long ago.
        store.ask("update hub.stream set confirmed_at = '2000-01-01'")
        report = tried.world.run(store)
        held = set(store.held(tried.manifest))
    if report.status != "SUCCEEDED":
        return f"the run is {report.status}: {'; '.join(report.problems)}"
    gone = set() if declared.streams[name].deletes == "none" else tried.world.mapper.find_row_keys(name, given[at])
    wanted = set(tried.target) - gone
    wrong = dict.fromkeys(held - wanted, "still in the store") | dict.fromkeys(wanted - held, "gone from the store")
    return tell_wrong(declared, wrong)


def try_drift(tried: TrialState, ground: TrialServers) -> Iterator[tuple[str, str | None]]:
    """A column that nobody mapped: said for each stream, whatever becomes of the rows."""
    rows = {name: [{**row, EXTRA_COLUMN: "x"} for row in given] for name, given in tried.rows.items()}
    with ground.store(tried.full.name) as store:
        tried.world.put(rows)
        report = tried.world.run(store)
        held = store.held(tried.manifest)
    for name in tried.rows:
        said = [*map(str, report.drift), *report.problems]
        wrong = None
        if not any(f"{name}" in words and EXTRA_COLUMN in words for words in said):
            wrong = "the run does not say that there is a new column"
        elif {k: v for k, v in held.items() if k[0] == name} != {k: v for k, v in tried.target.items() if k[0] == name}:
            wrong = "the store is other than without it"
        yield f"{name}: a new column", wrong
