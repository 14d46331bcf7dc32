"""Damage: each required field and the key of a record in turn emptied and broken, and what becomes of the row and of others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.conform.rows import samples
from hub.conform.rows.row_edits import change_value, has_path
from hub.conform.rows.row_names import name_row
from hub.conform.rows.sample_mapper import SampleMapper
from hub.conform.rows.samples import Row
from hub.conform.servers.trial_servers import Key, TrialServers
from hub.conform.trials import TrialState, tell_wrong
from hub.ingest.run.connector_run import RunReport
from hub.model.registry import load_registry
from hub.sdk.manifest import Manifest
from schema.values import ValueRejected

NONSENSE_TEXT = "☠"
"""No value of any type that has a form."""


@dataclass(frozen=True)
class Damage:
    """A change to a row after which one field of one kind of record can no longer be made from it."""

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
            row = change_value(row, path, self.value)
        return row


def list_damages(manifest: Manifest, stream: str) -> Iterator[Damage]:
    """Each required field and the key, in turn emptied and broken."""
    declared = manifest.streams[stream]
    for name, emit in declared.emits.items():
        for column in load_registry()[name].columns:
            paths = tuple(emit.fields[column.name].list_columns()) if column.name in emit.fields else ()
            if column.nullable or not paths:
                continue
            yield Damage(stream, name, column.name, paths, None)
            if not _is_accepted(column.value, NONSENSE_TEXT) and not _is_cursor(manifest, stream, paths):
                yield Damage(stream, name, column.name, paths, NONSENSE_TEXT)
    yield Damage(stream, next(iter(declared.emits)), "source key", declared.key[:1], None)


def try_damaged_rows(tried: TrialState, ground: TrialServers) -> Iterator[tuple[str, str | None]]:
    """Yield each damage and the fault in its handling, or None if it was handled rightly. A run has at most one for each row."""
    waiting = {name: list(list_damages(tried.world.declared, name)) for name in tried.rows}
    while any(waiting.values()):
        now: dict[str, dict[int, Damage]] = {}
        for name, left in waiting.items():
            now[name], waiting[name] = _place_damages(tried, name, left)
        yield from _try_together(tried, ground, now)
        if not any(now.values()):
            return  # the remaining columns are made by a transform alone, or missing from every sample


def _place_damages(tried: TrialState, stream: str, wanted: Sequence[Damage]) -> tuple[dict[int, Damage], list[Damage]]:
    """Damages by the row that each is done to, and those for which this run has no row left."""
    rows = tried.rows[stream]
    good = samples.find_good_rows(tried.world.declared, stream, rows)
    placed: dict[int, Damage] = {}
    left: list[Damage] = []
    for damage in wanted:
        fit = (
            at
            for at in sorted(good[damage.entity])
            if at not in placed and all(has_path(rows[at], path) for path in damage.paths)
        )
        at = next(fit, None)
        if at is None:
            left.append(damage)
        else:
            placed[at] = damage
    return placed, left


def _try_together(
    tried: TrialState, ground: TrialServers, now: Mapping[str, Mapping[int, Damage]]
) -> Iterator[tuple[str, str | None]]:
    """One run over spoilt rows."""
    rows = {
        name: [now[name][at].done_to(row) if at in now[name] else row for at, row in enumerate(given)]
        for name, given in tried.rows.items()
    }
    with ground.store() as store:
        tried.world.put(rows)
        report = tried.world.run(store)
        held, aside = set(store.held(tried.manifest)), set(map(tuple, store.quarantined()))
    for name, done in now.items():
        wrong_keys = _wrong_keys(tried, name, rows[name], held, aside)
        for at, damage in done.items():
            own = tried.world.mapper.find_row_keys(name, rows[name][at])
            own |= tried.world.mapper.find_row_keys(name, tried.rows[name][at])
            wrong = _judge_damage(tried.world.mapper, damage, rows[name][at], report, aside)
            wrong = wrong or tell_wrong(
                tried.world.declared, {key: wrong_keys.pop(key) for key in own & set(wrong_keys)}
            )
            where = name_row(tried.world.declared, name, tried.rows[name][at])
            yield str(damage), f"{where}: {wrong}" if wrong else None
        if wrong_keys:
            yield f"{name}: rows beside the damaged ones", tell_wrong(tried.world.declared, wrong_keys)


def _wrong_keys(tried: TrialState, stream: str, rows: Sequence[Row], held: set[Key], aside: set[Any]) -> dict[Key, str]:
    """Records that the store lacks or should not have, each with which. Rows that share a key keep each other out."""
    expected = tried.world.mapper.find_keys({stream: rows})
    found = {key for key in held if key[0] == stream}
    lost = {key for key in expected - found if key in tried.target or key not in aside}
    return dict.fromkeys(lost, "not in the store") | dict.fromkeys(found - expected, "in the store, and should not be")


def _judge_damage(mapper: SampleMapper, damage: Damage, row: Row, report: RunReport, aside: set[Any]) -> str | None:
    """Describe the fault in how the damaged record was handled; None if there is none."""
    refused = [
        record["key"]
        for record in mapper.map_rows(damage.stream, [row])
        if "rejected" in record and record["entity"] == damage.entity
    ]
    if not refused:
        return f"the mapping accepts {damage.entity}.{damage.field} so"
    if report.status == "FAILED":
        return f"the run fails for it: {'; '.join(report.problems)}"
    if not any((damage.stream, damage.entity, key) in aside for key in refused):
        return f"{damage.entity} is not in quarantine"
    return None


def _is_accepted(kind: Any, text: str) -> bool:
    try:
        kind.parse(text)
    except ValueRejected:
        return False
    return True


def _is_cursor(manifest: Manifest, stream: str, columns: Sequence[str]) -> bool:
    """Whether the source itself would refuse nonsense there: its cursor is a time or a number."""
    cursor = manifest.streams[stream].cursor
    return cursor is not None and cursor.column in columns
