"""Run linking: the changes since the last run, or everything. Each field in one transaction, as a difference to the store.

Rules decide first. What they leave open the model weighs, all fields together, since one person stands in many records. Then
each field's links are updated to the wanted ones; a person's decisions bind.
"""

import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import psycopg
from psycopg import Connection
from sqlalchemy import Engine

from hub.errors import HubMisconfigured, OperationRefused, StoreUnavailable
from hub.link.decisions import merges
from hub.link.decisions.link_rows import release_gone_subjects
from hub.link.discrepancies import discrepancies
from hub.link.field import Field
from hub.link.field import list_decidable_fields as all_fields
from hub.link.likeness import duplicates, parties
from hub.link.likeness.likeness import Likeness
from hub.link.likeness.trained import Version
from hub.link.profile import load_profile
from hub.link.quality.draw import fill_sample
from hub.link.review import review_priority as stake
from hub.link.rules import companions, sql, vetoes
from hub.link.rules import inferred_facts as standing
from hub.link.rules.declared_evidence import LEAD, SURE_LEAD
from hub.link.run import changed, run_plan
from hub.link.run.run_plan import RowCounts, estimate_cost
from hub.link.run.steps import Report, apply_field, decide_field, drop_field_tables, report_untouched, start_field
from hub.link.workspace import LinkWorkspace
from hub.model.registry import load_registry
from hub.store.advisory_locks import LockKey, wait_for_lock
from hub.store.connections.connection import StoreConnection
from hub.store.engine import ASSUME_FAST_DISKS, SESSION
from hub.store.query import fetch_row
from hub.tracing.spans import open_span

Progress = Callable[[str, int], None]
"""Told the linked field that is done, and how many records it has."""
ROUNDS = 10
"""Most rounds in which rivals of claims are looked at. Claims do not depend on each other, so two should do."""


@dataclass(frozen=True)
class LinkReport:
    """One run. `mode` is FULL or CHANGES; `model` weighed what rules left open, if there was one; `refused` was learned and failed its
    checks; `fields` end with proposed merges of a register; `changed` counts links added or withdrawn over all of them."""

    run_id: int
    mode: str
    model: str | None
    refused: Version | None
    fields: tuple[Report, ...]
    discrepancies: tuple[discrepancies.DiscrepancyCounts, ...]
    changed: int
    seconds: float


LOCK_WAIT_S = 600
"""How long a run waits for another: a first run of a province takes some minutes."""
CLOSE_BROKEN_OFF = "update hub.link_run set ended_at = now(), mode = 'INTERRUPTED' where ended_at is null"


def run_linking(
    engine: Engine,
    fields: Iterable[str] | None = None,
    *,
    full: bool = False,
    train: bool = False,
    progress: Progress | None = None,
) -> LinkReport:
    """Link all changes since the last run; everything with `full`, with `train` by a model trained anew, if no run was
    before, or if rules or model have changed. With `fields`, named `Entity.field`, all records of these and no others.

    Raises HubMisconfigured, StoreUnavailable.
    """
    known = {name: field for name, field in all_fields().items() if field.linked}
    names = list(fields) if fields is not None else list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise HubMisconfigured(
            f"there is no linked field {', '.join(unknown)}", next_step=f"use one of: {', '.join(known)}"
        )
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with StoreConnection.connect(url, options=f"{SESSION} -c work_mem=256MB", autocommit=True) as connection:
            _lock(connection)
            connection.execute(CLOSE_BROKEN_OFF)  # under the lock: whatever is open belongs to a process that died
            with LinkWorkspace(connection) as workspace, Likeness.opened(workspace, train=train) as likeness:
                run = _Run(workspace, tuple(known[name] for name in names), likeness, fields is not None, progress)
                with open_span("link") as span:
                    report = run.all(whole=full or train or fields is not None)
                    span.set_attribute("hub.mode", report.mode)
                    span.set_attribute("hub.changed", report.changed)
                    return report
    except psycopg.OperationalError:
        raise StoreUnavailable(
            "the database went away during linking",
            next_step="start it and run `hub link` again; finished fields are kept",
        ) from None


def _lock(connection: Connection[Any]) -> None:
    """Keep other runs out for as long as the session lasts. Raises OperationRefused if one goes on for LOCK_WAIT_S."""
    if not wait_for_lock(connection, LockKey.LINK_RUN, LOCK_WAIT_S):
        raise OperationRefused(
            f"another run of linking was not over within {LOCK_WAIT_S} s",
            next_step="run `hub link` again when it is over",
            code="LINKING_IN_PROGRESS",
        )


class _Run:
    """One run, in one workspace."""

    def __init__(
        self,
        workspace: LinkWorkspace,
        fields: tuple[Field, ...],
        likeness: Likeness,
        some: bool,
        progress: Progress | None,
    ) -> None:
        self.workspace, self.connection = workspace, workspace.connection
        self.fields, self.likeness, self.some, self.progress = fields, likeness, some, progress
        self.run_id, self.started = self._begin()
        self.whole = True
        """Whether every record is looked at; decided once the changes are known."""
        self.reports: list[Report] = []
        self.moved: dict[str, datetime] = {}
        """The fields of which links have changed so far, and when."""
        self.found: tuple[discrepancies.DiscrepancyCounts, ...] = ()

    def all(self, *, whole: bool) -> LinkReport:
        """Link, and record the run."""
        begun = time.monotonic()
        merges.mend_clusters(self.connection)
        release_gone_subjects(self.connection)
        concerned = changed.list_concerned_entities(load_registry())
        known, stored = changed.digest_known(self.connection), changed.digest_stored(self.connection, concerned)
        moved = {name for name in known.keys() | stored.keys() if known.get(name) != stored.get(name)}
        self.workspace.create("changed", changed.select_changed_rows(concerned, moved))
        self.whole = whole or self.likeness.to_train or self._is_new({name: of.rows for name, of in known.items()})
        self.workspace.create_empty("touched", "entity text, record_id bigint")
        standing.create_known_subjects(self.workspace, load_profile().linked_first)
        self._create_relations()
        if not self.whole:
            # Few rows are looked up in large tables; a full run reads most tables whole.
            self.connection.execute(ASSUME_FAST_DISKS)
            self._look_at_subjects()
        first = [field for field in self.fields if field.name in load_profile().linked_first]
        rest = [field for field in self.fields if field.name not in load_profile().linked_first]
        if self.likeness.to_train:
            # What a model learns from rests on who lives where, by rule; then the first fields are weighed like all else.
            self._round(first, told=False)
            rest = [*first, *rest]
        else:
            self._round(first)
        self._know_moved()
        self._round(rest)
        self._compare()
        if not self.some:
            for field in all_fields().values():
                if field.merges:
                    self._propose(field)
            self._remember()
            self.likeness.keep_readings(whole=self.whole)
            fill_sample(self.connection)
        return self._end(time.monotonic() - begun)

    def _create_relations(self) -> None:
        for relation in load_profile().relations:
            self.workspace.create(
                relation.table, relation.select, unique=", ".join(relation.unique), index=relation.index, analyze=True
            )

    def _know_moved(self) -> None:
        """Take in what stands by now in the records of the fields of which links have changed."""
        if self.whole:
            standing.create_known_subjects(self.workspace, self.moved)
        else:
            for name, at in self.moved.items():
                standing.update_known_subjects(self.workspace, all_fields()[name], at)
        if any(known.companions and known.field in self.moved for known in load_profile().standings):
            self.likeness.move_households(anyone=self.whole)

    # --- Begin and end ------------------------------------------------------------------------------------------------

    def _begin(self) -> tuple[int, datetime]:
        row = fetch_row(self.connection, "insert into hub.link_run default values returning id, started_at")
        return row[0], row[1]

    def _is_new(self, known: Mapping[str, int]) -> bool:
        """Whether everything has to be linked: for the first time, by other rules or another model, or since so much changed that it
        costs less. `known` has how many rows of each entity linking knows."""
        last = self.connection.execute(changed.LAST_COMPLETE).fetchone()
        if last is None or last[0] != _basis(self.likeness.digest) or last[1]:
            return True
        rows = RowCounts(known, dict(self.connection.execute(changed.COUNT_CHANGED).fetchall()))
        if any(rows.changed.get(name) for name in changed.REFERENCE):
            return True
        return estimate_cost(self.fields, rows) >= run_plan.LIMIT

    def _remember(self) -> None:
        with self.connection.transaction():
            self.connection.execute(changed.FORGET)
            self.connection.execute(changed.REMEMBER, {"started": self.started})

    def _end(self, seconds: float) -> LinkReport:
        total = sum(report.added + report.withdrawn for report in self.reports)
        counts = {report.field: report.methods for report in self.reports}
        mode = "SOME" if self.some else "FULL" if self.whole else "CHANGES"
        trained = self.likeness.trained
        self.connection.execute(
            "update hub.link_run set ended_at = now(), mode = %s, counts = %s, changed = %s, basis = %s, model_id = %s"
            " where id = %s",
            (
                mode,
                orjson.dumps(counts).decode(),
                total,
                _basis(self.likeness.digest),
                trained.id if trained else None,
                self.run_id,
            ),
        )
        stake.refresh_review_queue(self.connection, stake.load_procedure_counts(self.connection))
        model = trained.method if trained else None
        refused = self.likeness.refused
        return LinkReport(self.run_id, mode, model, refused, tuple(self.reports), self.found, total, round(seconds, 3))

    # --- What to look at ----------------------------------------------------------------------------------------------

    def _look_at_subjects(self) -> None:
        kinds = tuple(dict.fromkeys(kind for field in self.fields for kind in field.kinds))
        changed.create_changed_subjects(self.workspace, kinds)
        for known in load_profile().standings:
            if known.kind in kinds:
                before, _ = changed.render_moved_subjects(known, all_fields()[known.field])
                self.connection.execute(before)

    def _touch(self, fields: list[Field]) -> None:
        for field in fields:
            start_field(self.workspace, field, whole=self.whole)
        if self.whole:
            return
        changed_kinds = {
            kind for (kind,) in self.connection.execute("select distinct kind from changed_subject").fetchall()
        }
        for kind in changed_kinds:
            versions = changed.create_versions(self.workspace, kind)
            vetoes.find_namesakes(self.workspace, kind, versions)
        families = {field.recorded.family for field in fields}
        rules = [rule for family in sorted(families) for rule in load_profile().rules_for(family, changed_kinds)]
        with self.workspace.dropped_after(sql.REACHED_VALUE):
            self.workspace.create(sql.REACHED_VALUE, sql.select_reached_values(rules), analyze=True)
            for field in fields:
                self._meet_by_rule(field, tuple(kind for kind in field.kinds if kind in changed_kinds))
        self._meet_by_likeness(fields, changed_kinds)
        for field in fields:
            other = companions.companion_of(field)
            if other in fields:
                beside = companions.select_records_beside(other, field, other.temporary("touched"))
                self.connection.execute(changed.render_touched_addition(field, beside))
                self.connection.execute(changed.render_touched_addition(field, companions.beside_before(other, field)))

    def _meet_by_rule(self, field: Field, kinds: tuple[str, ...]) -> None:
        """Touch the records that a rule leads to a changed subject of these kinds."""
        if not kinds:
            return
        rules = load_profile().rules_for(field.recorded.family, kinds)
        selects = [sql.select_met_records(field, rules)]
        selects += [select for kind in kinds for select in vetoes.select_namesakes(field, kind)]
        self.connection.execute(changed.render_touched_addition(field, " union all ".join(selects)))

    def _meet_by_likeness(self, fields: list[Field], kinds: Collection[str]) -> None:
        """Touch the records that a changed subject of these kinds is alike to."""
        found = self.likeness.meeting(fields, kinds)
        if found.is_empty():
            return
        with self.workspace.dropped_after("met"):
            self.workspace.create_empty("met", "field text, record_id bigint")
            parties.fill_table(self.connection, "met", found)
            for field in fields:
                self.connection.execute(
                    changed.render_touched_addition(field, f"select record_id from met where field = '{field.name}'")
                )

    # --- Decide and apply ---------------------------------------------------------------------------------------------

    def _round(self, fields: list[Field], *, told: bool = True) -> None:
        """Decide fields that do not rest on each other, then write them; `told` is whether progress is reported."""
        self._touch(fields)
        looked_at = [field for field in fields if self.whole or self._is_touched(field)]
        with open_span("decide", fields=len(looked_at)):
            self._decide(looked_at, learning=self.likeness.to_train and told)
        for field in fields:
            if field in looked_at:
                with open_span("apply", field=field.name):
                    report = self._apply(field, told=told)
            else:
                report = report_untouched(self.connection, field)
            if told:
                self.reports.append(report)
            if self.progress and told:
                self.progress(field.name, report.records)
        drop_field_tables(self.workspace, *fields)

    def _is_touched(self, field: Field) -> bool:
        row = self.connection.execute(f"select exists (select from {field.temporary('touched')})").fetchone()
        return row == (True,)

    def _decide(self, fields: list[Field], *, learning: bool) -> None:
        """Make `wanted` of these fields, until no claim meets that of a record that was not looked at."""
        again = fields
        for _ in range(ROUNDS):
            for field in again:
                decide_field(self.workspace, field)
            if learning and self.likeness.to_train:
                self.likeness.learn(fields)
            self.likeness.weigh(again, fields)
            more = [field for field in again if self._wanted(field)]
            if not more:
                break
            # Decisions on more records can tell more about their neighbours.
            again = [field for field in fields if field in more or companions.companion_of(field) in more]
            drop_field_tables(self.workspace, *again, keep=("touched",))
        vetoes.veto_pairs(self.workspace, fields, whole=self.whole)

    def _apply(self, field: Field, *, told: bool) -> Report:
        """Write the wanted links of a field, and note what they imply for others."""
        report, at = apply_field(self.workspace, field, self.run_id, whole=self.whole)
        if report.added + report.withdrawn:
            self.moved[field.name] = at
        if not self.whole:
            self._move(field, at)
        if told:
            touched = field.temporary("touched")
            self.connection.execute(f"insert into touched select '{field.entity.name}', record_id from {touched}")
        return report

    def _move(self, field: Field, at: datetime) -> None:
        """Take in of which subjects something else stands in the records that were linked at an instant."""
        for known in load_profile().standings:
            if known.field == field.name:
                _, after = changed.render_moved_subjects(known, field)
                self.connection.execute(after, {"at": at})

    def _compare(self) -> None:
        """Compare the copies in the records looked at with their authorities."""
        at = fetch_row(self.connection, "select clock_timestamp()")
        names = [field.name for field in self.fields]
        with open_span("compare"), self.workspace.dropped_after("touched"):
            self.workspace.analyze("touched")
            self.found = discrepancies.update_discrepancies(self.workspace, names, at[0], touched=not self.whole)

    def _propose(self, field: Field) -> None:
        """Propose merges of rows of a register."""
        if self.likeness.trained is None:
            return
        duplicates.propose_duplicates(self.workspace, field, self.likeness, whole=self.whole)
        report, _ = apply_field(self.workspace, field, self.run_id, whole=self.whole)
        self.reports.append(report)
        drop_field_tables(self.workspace, field)

    def _wanted(self, field: Field) -> bool:
        """Make `wanted`. Whether claims meet those of records that are not looked at yet, which are then touched."""
        trained = self.likeness.trained
        method = {"model": f"model:{trained.method}" if trained else None}
        self.workspace.create(field.temporary("wanted"), sql.select_wanted(field), parameters=method)
        within = field.recorded.unique_within
        if within is None:
            return False
        self.workspace.analyze(field.temporary("wanted"))
        if not self.whole:
            added = self.connection.execute(changed.render_touched_addition(field, sql.select_rivals(field))).rowcount
            if added:
                return True
        self.connection.execute(sql.render_contested(field, within))
        return False


def _basis(model: str) -> str:
    """A digest of all that a decision rests on beside the records: rules, what stands together, authorities, and the model."""
    document = orjson.dumps(
        [
            load_profile().document(),
            LEAD,
            SURE_LEAD,
            discrepancies.digest_discrepancy_rules(load_registry()),
            vetoes.digest_vetoes(),
            model,
        ],
        option=orjson.OPT_SORT_KEYS,
    )
    return hashlib.sha256(document).hexdigest()[:16]
