"""Chaos: the source misbehaves, and afterwards the store holds exactly what it should: nothing lost, doubled, or deleted by a
read that was broken; and where the source was broken, the run said so with a next step.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.conform.cases import CASES, Case
from hub.conform.ground import EMPTY, Ground, Held, Store
from hub.conform.naming import name_records
from hub.conform.rows import changed, has, renamed, value_at, without
from hub.conform.samples import Row
from hub.conform.trials import EXTRA, Failure, StreamRows, Tried, expected_keys, healthy
from hub.conform.worlds.base import World
from hub.ingest.run.connector_run import RunReport
from hub.model.registry import registry
from hub.sdk.manifest import Manifest

LONGEST_S = 20.0
"""A run that has not ended by then is cut, and the case has failed."""
FACTOR = 10
MESSAGES = ("stream", "push")
"""Kinds whose source sends, one message after the other."""


def chaos(tried: Tried, ground: Ground) -> Iterator[tuple[Case, str | None, str | None]]:
    """Each case with why it does not apply, or what went wrong; None and None where it passed."""
    for case in CASES:
        reason = case.reason(tried.world.declared)
        if reason is None and case.name not in PLAYED and case.name not in tried.world.faults:
            reason = "the kit cannot play it for this kind"
        if reason is not None:
            yield case, reason, None
            continue
        try:
            _play(case, tried, ground)
        except Failure as failure:
            yield case, None, failure.what
        else:
            yield case, None, None


def _play(case: Case, tried: Tried, ground: Ground) -> None:
    fault = case.name not in PLAYED
    if fault and any(stream.cursor for stream in tried.world.declared.streams.values()):
        # What changed since is a few rows, in which little can break: the first read has them all.
        tried = replace(tried, before={})
        like = EMPTY
    else:
        like = tried.prior.name
    with ground.store(like) as store:
        try:
            if fault:
                _fault(case, tried, store)
            else:
                PLAYED[case.name](tried, store)
        finally:
            tried.world.heal()


def _fault(case: Case, tried: Tried, store: Store) -> None:
    """The source breaks by itself, then is well again."""
    world = tried.world
    world.put(tried.rows)
    world.break_(case.name)
    # To try again is of use only where a fault passes.
    report = _run(world, store, attempts=None if case.expected == "healed" else 1)
    held = store.held(tried.manifest)
    if tried.manifest.kind in MESSAGES:
        # What is no record waits by itself; the messages around it are taken.
        healthy(report)
        if not store.quarantined():
            raise Failure("a message that is no record is nowhere to be found")
        _same(tried, held, tried.target, "around a message that is no record")
        return
    if case.expected == "healed":
        healthy(report)
        _same(tried, held, tried.target, "after a fault that passes")
        return
    _said(report)
    _between(held, tried)
    world.heal()
    healthy(_run(world, store))
    _same(tried, store.held(tried.manifest), tried.target, "after the source was well again")


def _tenfold(tried: Tried, store: Store) -> None:
    """Ten times the rows, each with a key of its own."""
    copies = {name: _copies(tried.world.declared, name, given) for name, given in tried.rows.items()}
    rows = _added(tried.rows, _marked(tried, copies, 0.0, 10**6))
    tried.world.put(rows)
    report = _run(tried.world, store)
    if report.status == "FAILED":
        healthy(report)
    held = store.held(tried.manifest)
    aside = {key for _, _, key in store.quarantined()}
    expected = expected_keys(tried.world.declared, rows)
    lost = {key for key in expected - set(held) if key[2] not in aside}
    if lost:
        raise Failure(f"{len(lost)} of {len(expected)} records are neither in the store nor in quarantine")


def _copies(manifest: Manifest, stream: str, rows: Sequence[Row]) -> list[Row]:
    """Copies of the rows whose last key column is another; none where a transform makes it."""
    column = manifest.streams[stream].key[-1]
    made: list[Row] = []
    if not all(has(row, column) for row in rows):
        return made
    for number in range(1, FACTOR):
        for row in rows:
            value = value_at(row, column)
            other: object = value + number * 10**9 if isinstance(value, int) else f"{value}{number:03d}"
            made.append(changed(row, column, other))
    return made


def _duplicates(tried: Tried, store: Store) -> None:
    tried.world.put({name: [row for row in given for _ in range(2)] for name, given in tried.rows.items()})
    _run(tried.world, store)
    _same(tried, store.held(tried.manifest), tried.target, "after every row came twice")
    tried.world.put(tried.rows)
    healthy(_run(tried.world, store))
    _same(tried, store.held(tried.manifest), tried.target, "after every row came once again")


def _out_of_order(tried: Tried, store: Store) -> None:
    tried.world.put({name: given[::-1] for name, given in tried.rows.items()})
    healthy(_run(tried.world, store))
    _same(tried, store.held(tried.manifest), tried.target, "after the rows came the other way round")


def _at(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


def _marked(tried: Tried, rows: StreamRows, seconds: float, number: int) -> StreamRows:
    """Rows whose cursor is a time from now, or a number; streams without a cursor as they are."""
    made: dict[str, list[Row]] = {}
    for name, given in rows.items():
        cursor = tried.world.declared.streams[name].cursor
        if cursor is None:
            made[name] = list(given)
            continue
        value: object = number if cursor.kind == "number" else _at(seconds)
        made[name] = [changed(row, cursor.column, value) for row in given]
    return made


def _added(first: StreamRows, second: StreamRows) -> StreamRows:
    return {name: [*given, *(second.get(name, []))] for name, given in first.items()}


def _last(tried: Tried) -> StreamRows:
    """The row of each stream that was held back."""
    return {name: [given[tried.later[name]]] for name, given in tried.rows.items()}


def _in_turn(tried: Tried, store: Store, first: StreamRows, second: StreamRows, when: str) -> None:
    """First some rows, then more: at the end all of them are there."""
    tried.world.put(first)
    healthy(_run(tried.world, store))
    tried.world.put(_added(first, second))
    healthy(_run(tried.world, store))
    if wrong := set(store.held(tried.manifest)) ^ set(tried.target):
        raise Failure(f"records are lost, or too many, {when}: {name_records(tried.world.declared, wrong)}")


def _ties(tried: Tried, store: Store) -> None:
    """The rest comes with the very mark of the rows that were read."""
    moment = -3_600.0
    _in_turn(
        tried, store, _marked(tried, tried.fewer, moment, 9), _marked(tried, _last(tried), moment, 9), "at one mark"
    )


def _late(tried: Tried, store: Store) -> None:
    """The rest comes with a mark that is older than what was read, within what the manifest reads again."""
    streams = tried.world.declared.streams.values()
    overlaps = [s.cursor.overlap.total_seconds() for s in streams if s.cursor and s.cursor.kind == "time"]
    numbers = [s.cursor.overlap_numbers for s in streams if s.cursor and s.cursor.kind == "number"]
    moment, back = -3_600.0, min(overlaps, default=0.0) / 2
    first = _marked(tried, tried.fewer, moment, 1_000)
    second = _marked(tried, _last(tried), moment - back, 1_000 - min(numbers, default=0))
    _in_turn(tried, store, first, second, "that came late")


def _clock(tried: Tried, store: Store) -> None:
    """Rows of tomorrow, then rows of today."""
    first = _marked(tried, tried.fewer, 86_400.0, 1)
    _in_turn(tried, store, first, _marked(tried, _last(tried), 0.0, 1), "after the clock was put right")


def _column_added(tried: Tried, store: Store) -> None:
    tried.world.put({name: [{**row, EXTRA: "x"} for row in given] for name, given in tried.rows.items()})
    report = _run(tried.world, store)
    if not any(EXTRA in str(words) for words in (*report.drift, *report.problems)):
        raise Failure("the run does not say that there is a new column")
    tried.world.put(tried.rows)
    healthy(_run(tried.world, store))
    _same(tried, store.held(tried.manifest), tried.target, "after the column went again")


def _column_removed(tried: Tried, store: Store) -> None:
    _columns(tried, store, without)


def _column_renamed(tried: Tried, store: Store) -> None:
    _columns(tried, store, lambda row, path: renamed(row, path, EXTRA))


def _columns(tried: Tried, store: Store, change: Callable[[Row, str], Row]) -> None:
    declared = tried.world.declared
    rows: dict[str, list[Row]] = {}
    for name, given in tried.rows.items():
        path = _needed_column(declared, name, given)
        rows[name] = [change(row, path) for row in given] if path else given
    tried.world.put(rows)
    report = _run(tried.world, store)
    if not report.problems and not any(count.quarantined for count in report.counts):
        raise Failure("the run does not say that a column is missing")
    _between(store.held(tried.manifest), tried)
    tried.world.put(tried.rows)
    healthy(_run(tried.world, store))
    _same(tried, store.held(tried.manifest), tried.target, "after the column was back")


def _needed_column(manifest: Manifest, stream: str, rows: Sequence[Row]) -> str | None:
    """A column that a required field is made of, and that is no key: without others a field is empty, which is said."""
    declared = manifest.streams[stream]
    apart = {*declared.key, *declared.optional, declared.changed_at, *declared.read_by()}
    found = [
        column
        for name, emit in declared.emits.items()
        if emit.explode is None
        for field, mapping in emit.fields.items()
        if not registry()[name].column(field).nullable
        for column in mapping.columns()
        if column not in apart and all(has(row, column) for row in rows)
    ]
    return found[0] if found else None


def _empty(tried: Tried, store: Store) -> None:
    declared = tried.world.declared
    full = {name for name, stream in declared.streams.items() if stream.read == "full"}
    tried.world.put({name: [] if name in full else rows for name, rows in tried.rows.items()})
    _said(_run(tried.world, store))
    held = store.held(tried.manifest)
    _same(tried, {k: v for k, v in held.items() if k[0] in full}, {k: v for k, v in tried.before.items() if k[0] in full}, "after a read that gave nothing")  # fmt: skip
    tried.world.put(tried.rows)
    healthy(_run(tried.world, store))
    _same(tried, store.held(tried.manifest), tried.target, "after the rows were back")


PLAYED: Mapping[str, Callable[[Tried, Store], None]] = {
    "tenfold": _tenfold,
    "duplicates": _duplicates,
    "out_of_order": _out_of_order,
    "ties": _ties,
    "late": _late,
    "clock": _clock,
    "column_added": _column_added,
    "column_removed": _column_removed,
    "column_renamed": _column_renamed,
    "empty": _empty,
}
"""Cases that are played with rows; the others are faults of a world."""


def _run(world: World, store: Store, *, attempts: int | None = None) -> RunReport:
    with _bounded(world):
        return world.run(store, attempts=attempts)


@contextmanager
def _bounded(world: World) -> Iterator[None]:
    """Let a run that hangs end, and say that it hung."""
    hung = threading.Event()

    def cut() -> None:
        hung.set()
        world.cut()

    timer = threading.Timer(LONGEST_S, cut)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if hung.is_set():
        raise Failure(f"the run did not end within {LONGEST_S:.0f} s")


def _said(report: RunReport) -> None:
    if report.status == "SUCCEEDED":
        raise Failure("the run succeeded, and says nothing of it")
    if not report.problems or not all("Next step" in problem for problem in report.problems):
        raise Failure("the run does not say what to do next")


def _same(tried: Tried, held: Held, wanted: Held, when: str) -> None:
    lost, strange = set(wanted) - set(held), set(held) - set(wanted)
    other = [key for key in wanted if key in held and held[key] != wanted[key]]
    if lost or strange or other:
        declared = tried.world.declared
        kinds = (("lost", lost), ("too many", strange), ("with other values", other))
        named = (f"{len(keys)} {word}: {name_records(declared, keys)}" for word, keys in kinds if keys)
        raise Failure(f"{when}, records are {'; '.join(named)}")


def _between(held: Held, tried: Tried) -> None:
    """Nothing was lost, and nothing is there that is not in the rows: a read that broke may have given some of them."""
    declared = tried.world.declared
    if lost := set(tried.before) - set(held):
        raise Failure(f"a read that was broken deleted records: {name_records(declared, lost)}")
    if wrong := [key for key, values in held.items() if tried.target.get(key) != values]:
        raise Failure(f"records have other values than at the source: {name_records(declared, wrong)}")
