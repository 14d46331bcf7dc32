"""Chaos: the source misbehaves, and afterwards the store holds exactly what it should: nothing lost, doubled, or deleted by a
read that was broken; and where the source was broken, the run said so with a next step.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.conform.cases import CHAOS_CASES, ChaosCase
from hub.conform.rows.row_edits import change_value, drop_path, has_path, read_value_at, rename_path
from hub.conform.rows.row_names import name_records
from hub.conform.rows.samples import Row
from hub.conform.servers.simulators.base import SourceSimulator
from hub.conform.servers.trial_servers import EMPTY_DATABASE, Held, TrialServers, TrialStore
from hub.conform.trials import EXTRA_COLUMN, StreamRows, TrialFailed, TrialState, require_success
from hub.ingest.run.connector_run import RunReport
from hub.model.registry import load_registry
from hub.sdk.manifest import Manifest

LONGEST_S = 20.0
"""A run that has not ended by then is cut, and the case has failed."""
TENFOLD_FACTOR = 10
MESSAGE_KINDS = ("stream", "push")
"""Kinds whose source sends, one message after the other."""


def run_chaos_cases(tried: TrialState, ground: TrialServers) -> Iterator[tuple[ChaosCase, str | None, str | None]]:
    """Each case with why it does not apply, or what went wrong; None and None if it passed."""
    for case in CHAOS_CASES:
        reason = case.reason(tried.world.declared)
        if reason is None and case.name not in PLAYS and case.name not in tried.world.faults:
            reason = "the kit cannot play it for this kind"
        if reason is not None:
            yield case, reason, None
            continue
        try:
            _play_case(case, tried, ground)
        except TrialFailed as failure:
            yield case, None, failure.what
        else:
            yield case, None, None


def _play_case(case: ChaosCase, tried: TrialState, ground: TrialServers) -> None:
    fault = case.name not in PLAYS
    if fault and any(stream.cursor for stream in tried.world.declared.streams.values()):
        # What changed since is a few rows, in which little can break: the first read has them all.
        tried = replace(tried, before={})
        like = EMPTY_DATABASE
    else:
        like = tried.prior.name
    with ground.store(like) as store:
        try:
            if fault:
                _play_fault(case, tried, store)
            else:
                PLAYS[case.name](tried, store)
        finally:
            tried.world.heal()


def _play_fault(case: ChaosCase, tried: TrialState, store: TrialStore) -> None:
    """The source breaks by itself, then is well again."""
    world = tried.world
    world.put(tried.rows)
    world.break_(case.name)
    # To try again is of use only if a fault passes.
    report = _run_connector(world, store, attempts=None if case.expected == "healed" else 1)
    held = store.held(tried.manifest)
    if tried.manifest.kind in MESSAGE_KINDS:
        # A message that is no record stays pending alone; the messages around it are processed.
        require_success(report)
        if not store.quarantined():
            raise TrialFailed("a message that is no record is nowhere to be found")
        _require_same(tried, held, tried.target, "around a message that is no record")
        return
    if case.expected == "healed":
        require_success(report)
        _require_same(tried, held, tried.target, "after a fault that passes")
        return
    _require_problem(report)
    _require_between(held, tried)
    world.heal()
    require_success(_run_connector(world, store))
    _require_same(tried, store.held(tried.manifest), tried.target, "after the source was well again")


def _play_tenfold(tried: TrialState, store: TrialStore) -> None:
    """Ten times the rows, each with a key of its own."""
    copies = {name: _copy_rows(tried.world.declared, name, given) for name, given in tried.rows.items()}
    rows = _add_rows(tried.rows, _with_cursor_mark(tried, copies, 0.0, 10**6))
    tried.world.put(rows)
    report = _run_connector(tried.world, store)
    if report.status == "FAILED":
        require_success(report)
    held = store.held(tried.manifest)
    aside = {key for _, _, key in store.quarantined()}
    expected = tried.world.mapper.find_keys(rows)
    lost = {key for key in expected - set(held) if key[2] not in aside}
    if lost:
        raise TrialFailed(f"{len(lost)} of {len(expected)} records are neither in the store nor in quarantine")


def _copy_rows(manifest: Manifest, stream: str, rows: Sequence[Row]) -> list[Row]:
    """Copies of the rows whose last key column is another; none if a transform makes it."""
    column = manifest.streams[stream].key[-1]
    made: list[Row] = []
    if not all(has_path(row, column) for row in rows):
        return made
    for number in range(1, TENFOLD_FACTOR):
        for row in rows:
            value = read_value_at(row, column)
            other: object = value + number * 10**9 if isinstance(value, int) else f"{value}{number:03d}"
            made.append(change_value(row, column, other))
    return made


def _play_duplicates(tried: TrialState, store: TrialStore) -> None:
    tried.world.put({name: [row for row in given for _ in range(2)] for name, given in tried.rows.items()})
    _run_connector(tried.world, store)
    _require_same(tried, store.held(tried.manifest), tried.target, "after every row came twice")
    tried.world.put(tried.rows)
    require_success(_run_connector(tried.world, store))
    _require_same(tried, store.held(tried.manifest), tried.target, "after every row came once again")


def _out_of_order(tried: TrialState, store: TrialStore) -> None:
    tried.world.put({name: given[::-1] for name, given in tried.rows.items()})
    require_success(_run_connector(tried.world, store))
    _require_same(tried, store.held(tried.manifest), tried.target, "after the rows came the other way round")


def _at(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


def _with_cursor_mark(tried: TrialState, rows: StreamRows, seconds: float, number: int) -> StreamRows:
    """Rows whose cursor is a time from now, or a number; streams without a cursor as they are."""
    made: dict[str, list[Row]] = {}
    for name, given in rows.items():
        cursor = tried.world.declared.streams[name].cursor
        if cursor is None:
            made[name] = list(given)
            continue
        value: object = number if cursor.kind == "number" else _at(seconds)
        made[name] = [change_value(row, cursor.column, value) for row in given]
    return made


def _add_rows(first: StreamRows, second: StreamRows) -> StreamRows:
    return {name: [*given, *(second.get(name, []))] for name, given in first.items()}


def _held_back_rows(tried: TrialState) -> StreamRows:
    """The row of each stream that was held back."""
    return {name: [given[tried.later[name]]] for name, given in tried.rows.items()}


def _in_turn(tried: TrialState, store: TrialStore, first: StreamRows, second: StreamRows, when: str) -> None:
    """First some rows, then more: at the end all of them are there."""
    tried.world.put(first)
    require_success(_run_connector(tried.world, store))
    tried.world.put(_add_rows(first, second))
    require_success(_run_connector(tried.world, store))
    if wrong := set(store.held(tried.manifest)) ^ set(tried.target):
        raise TrialFailed(f"records are lost, or too many, {when}: {name_records(tried.world.declared, wrong)}")


def _play_ties(tried: TrialState, store: TrialStore) -> None:
    """The rest comes with the very mark of the rows that were read."""
    moment = -3_600.0
    _in_turn(
        tried,
        store,
        _with_cursor_mark(tried, tried.fewer, moment, 9),
        _with_cursor_mark(tried, _held_back_rows(tried), moment, 9),
        "at one mark",
    )


def _play_late_rows(tried: TrialState, store: TrialStore) -> None:
    """The rest arrives with a cursor older than the last one read, within the manifest's overlap."""
    streams = tried.world.declared.streams.values()
    overlaps = [s.cursor.overlap.total_seconds() for s in streams if s.cursor and s.cursor.kind == "time"]
    numbers = [s.cursor.overlap_numbers for s in streams if s.cursor and s.cursor.kind == "number"]
    moment, back = -3_600.0, min(overlaps, default=0.0) / 2
    first = _with_cursor_mark(tried, tried.fewer, moment, 1_000)
    second = _with_cursor_mark(tried, _held_back_rows(tried), moment - back, 1_000 - min(numbers, default=0))
    _in_turn(tried, store, first, second, "that came late")


def _play_wrong_clock(tried: TrialState, store: TrialStore) -> None:
    """Rows of tomorrow, then rows of today."""
    first = _with_cursor_mark(tried, tried.fewer, 86_400.0, 1)
    _in_turn(
        tried, store, first, _with_cursor_mark(tried, _held_back_rows(tried), 0.0, 1), "after the clock was put right"
    )


def _column_added(tried: TrialState, store: TrialStore) -> None:
    tried.world.put({name: [{**row, EXTRA_COLUMN: "x"} for row in given] for name, given in tried.rows.items()})
    report = _run_connector(tried.world, store)
    if not any(EXTRA_COLUMN in str(words) for words in (*report.drift, *report.problems)):
        raise TrialFailed("the run does not say that there is a new column")
    tried.world.put(tried.rows)
    require_success(_run_connector(tried.world, store))
    _require_same(tried, store.held(tried.manifest), tried.target, "after the column went again")


def _column_removed(tried: TrialState, store: TrialStore) -> None:
    _play_changed_columns(tried, store, drop_path)


def _column_renamed(tried: TrialState, store: TrialStore) -> None:
    _play_changed_columns(tried, store, lambda row, path: rename_path(row, path, EXTRA_COLUMN))


def _play_changed_columns(tried: TrialState, store: TrialStore, change: Callable[[Row, str], Row]) -> None:
    declared = tried.world.declared
    rows: dict[str, list[Row]] = {}
    for name, given in tried.rows.items():
        path = _needed_column(declared, name, given)
        rows[name] = [change(row, path) for row in given] if path else given
    tried.world.put(rows)
    report = _run_connector(tried.world, store)
    if not report.problems and not any(count.quarantined for count in report.counts):
        raise TrialFailed("the run does not say that a column is missing")
    _require_between(store.held(tried.manifest), tried)
    tried.world.put(tried.rows)
    require_success(_run_connector(tried.world, store))
    _require_same(tried, store.held(tried.manifest), tried.target, "after the column was back")


def _needed_column(manifest: Manifest, stream: str, rows: Sequence[Row]) -> str | None:
    """A column that a required field is made of, and that is no key: without others a field is empty, which is said."""
    declared = manifest.streams[stream]
    apart = {*declared.key, *declared.optional, declared.changed_at, *declared.list_reading_columns()}
    found = [
        column
        for name, emit in declared.emits.items()
        if emit.explode is None
        for field, mapping in emit.fields.items()
        if not load_registry()[name].column(field).nullable
        for column in mapping.list_columns()
        if column not in apart and all(has_path(row, column) for row in rows)
    ]
    return found[0] if found else None


def _play_empty_read(tried: TrialState, store: TrialStore) -> None:
    declared = tried.world.declared
    full = {name for name, stream in declared.streams.items() if stream.read == "full"}
    tried.world.put({name: [] if name in full else rows for name, rows in tried.rows.items()})
    _require_problem(_run_connector(tried.world, store))
    held = store.held(tried.manifest)
    _require_same(tried, {k: v for k, v in held.items() if k[0] in full}, {k: v for k, v in tried.before.items() if k[0] in full}, "after a read that gave nothing")  # fmt: skip
    tried.world.put(tried.rows)
    require_success(_run_connector(tried.world, store))
    _require_same(tried, store.held(tried.manifest), tried.target, "after the rows were back")


PLAYS: Mapping[str, Callable[[TrialState, TrialStore], None]] = {
    "tenfold": _play_tenfold,
    "duplicates": _play_duplicates,
    "out_of_order": _out_of_order,
    "ties": _play_ties,
    "late": _play_late_rows,
    "clock": _play_wrong_clock,
    "column_added": _column_added,
    "column_removed": _column_removed,
    "column_renamed": _column_renamed,
    "empty": _play_empty_read,
}
"""Cases that are played with rows; the others are faults of a world."""


def _run_connector(world: SourceSimulator, store: TrialStore, *, attempts: int | None = None) -> RunReport:
    with _limit_time(world):
        return world.run(store, attempts=attempts)


@contextmanager
def _limit_time(world: SourceSimulator) -> Iterator[None]:
    """Let a run that hangs end, and say that it hung."""
    hung = threading.Event()

    def end_run() -> None:
        hung.set()
        world.release_clients()

    timer = threading.Timer(LONGEST_S, end_run)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if hung.is_set():
        raise TrialFailed(f"the run did not end within {LONGEST_S:.0f} s")


def _require_problem(report: RunReport) -> None:
    if report.status == "SUCCEEDED":
        raise TrialFailed("the run succeeded, and says nothing of it")
    if not report.problems or not all("Next step" in problem for problem in report.problems):
        raise TrialFailed("the run does not say what to do next")


def _require_same(tried: TrialState, held: Held, wanted: Held, when: str) -> None:
    lost, strange = set(wanted) - set(held), set(held) - set(wanted)
    other = [key for key in wanted if key in held and held[key] != wanted[key]]
    if lost or strange or other:
        declared = tried.world.declared
        kinds = (("lost", lost), ("too many", strange), ("with other values", other))
        named = (f"{len(keys)} {word}: {name_records(declared, keys)}" for word, keys in kinds if keys)
        raise TrialFailed(f"{when}, records are {'; '.join(named)}")


def _require_between(held: Held, tried: TrialState) -> None:
    """Nothing was lost, and nothing is there that is not in the rows: a read that broke may have given some of them."""
    declared = tried.world.declared
    if lost := set(tried.before) - set(held):
        raise TrialFailed(f"a read that was broken deleted records: {name_records(declared, lost)}")
    if wrong := [key for key, values in held.items() if tried.target.get(key) != values]:
        raise TrialFailed(f"records have other values than at the source: {name_records(declared, wrong)}")
