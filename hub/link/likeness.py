"""Likeness: the model's part of a run. What rules leave open is weighed, all fields together, against the registers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any, Self

import polars as pl
from psycopg import Connection

from hub.link import companions, parties, sql, trained
from hub.link.choose import chosen
from hub.link.field import Field
from hub.link.model.backends import Backend, running
from hub.link.model.party import PARTY
from hub.link.model.train import train
from hub.link.normalise.gazetteer import gazetteer
from hub.link.quality.thresholds import raised_thresholds
from hub.link.readings import Readings
from hub.settings import load

FEWEST = 2_000
"""So many citizens at least are needed to learn how people differ; with fewer, rules alone decide."""
LEARNED_FROM = 100_000
"""Records, over all fields, that a model is learned from."""
PERSON = "PERSON"
"""A model is learned from persons: of a household the head is recorded, as a person is."""


class Likeness:
    """The active model of parties, if there is one, over one connection and one engine."""

    def __init__(self, connection: Connection[Any], backend: Backend, *, train: bool) -> None:
        self.connection, self.backend = connection, backend
        self.trained = None if train else trained.active(connection, PARTY)
        self.raised = raised_thresholds(connection)
        self.to_train = self.trained is None and (train or self._enough())
        """Whether a model will be learned in this run, from what its rules have found."""
        if self.trained:
            # Reading an address needs the whole gazetteer, which is made while the database looks for what has changed.
            Thread(target=gazetteer, daemon=True).start()
        self._registers: dict[str, parties.Register] = {}
        self._readings: dict[str, Readings] = {}

    @classmethod
    @contextmanager
    def opened(cls, connection: Connection[Any], *, train: bool) -> Iterator[Self]:
        """With the active model, on the engine that the settings choose. Raises HubMisconfigured for an engine that is not there, and for a model that no longer fits."""
        settings = load()
        engine_of = running(settings.link_backend, memory_mb=settings.link_memory_mb, threads=settings.link_threads)
        with engine_of as engine:
            yield cls(connection, engine, train=train)

    @property
    def digest(self) -> str:
        """What a decision of the model rests on."""
        raised = f":{dict(self.raised)}" if self.raised else ""
        return f"{self.trained.method}:{PARTY.bands}{raised}" if self.trained else ""

    def learn(self, fields: Sequence[Field]) -> None:
        """Learn a model from records of these fields, whose rules have been asked, and keep it."""
        weighed = [field for field in fields if field.weighed]
        share = -(-LEARNED_FROM // max(len(weighed), 1))
        samples = []
        for field in weighed:
            ids = (
                f"select id as record_id from data.{field.entity.table} order by hashint8extended(id, 0) limit {share}"
            )
            samples.append(self._recorded(field, fields, ids))
        features, _ = parties.distinct_parties(pl.concat(samples).filter(pl.col("kind").fill_null(PERSON) == PERSON))
        model = train(PARTY, features, self.register("Citizen").features, backend=self.backend)
        self.trained, self.to_train = trained.keep(self.connection, model), False

    def weigh(self, fields: Sequence[Field]) -> None:
        """Fill `scored` of each field with the candidates of the records that rules left open."""
        weighed = [field for field in fields if field.weighed]
        if self.trained is None or not weighed:
            return
        rows = pl.concat(self._recorded(field, fields, sql.unanswered(field)) for field in weighed)
        if rows.is_empty():
            return
        registers = [self.register(kind) for kind in _kinds(weighed)]
        judged = chosen(self._pairs(rows, registers), self._heirs(), self._refused(), PARTY.bands, self.raised)
        for field in weighed:
            own = judged.filter((pl.col("field") == field.name) & pl.col("subject_kind").is_in(field.kinds))
            scored = field.temporary("scored")
            parties.fill(self.connection, scored, own.drop("field"))
            self.connection.execute(f"analyze {scored}")

    def meeting(self, field: Field) -> pl.DataFrame:
        """The records of a field, of those neither confirmed nor touched, that a changed subject is a candidate of: record_id."""
        if self.trained is None:
            return pl.DataFrame(schema={"record_id": pl.Int64})
        still = (
            f"select t.id as record_id from data.{field.entity.table} t where not exists (select from"
            f" link.{field.table} l where l.record_id = t.id and l.status = 'CONFIRMED') and not exists (select from"
            f" {field.temporary('touched')} o where o.record_id = t.id)"
        )
        rows = self._recorded(field, (), still)
        registers = [
            parties.register(
                self.connection, self._reading(kind), only=f"select id from changed_subject where kind = '{kind}'"
            )
            for kind in _kinds([field])
        ]
        return self._pairs(rows, registers).select("record_id").unique()

    # --- Within -------------------------------------------------------------------------------------------------------

    def _enough(self) -> bool:
        row = self.connection.execute(
            f"select count(*) from (select from data.citizen limit {FEWEST}) citizens"
        ).fetchone()
        return row is not None and row[0] >= FEWEST

    def register(self, kind: str) -> parties.Register:
        """A whole register; read once a run."""
        if kind not in self._registers:
            self._registers[kind] = parties.register(self.connection, self._reading(kind))
        return self._registers[kind]

    def forget(self) -> None:
        """Read registers anew: who lives where is known better by now."""
        self._registers.clear()

    def _reading(self, kind: str) -> Readings:
        if kind not in self._readings:
            self._readings[kind] = Readings(self.connection, kind)
        return self._readings[kind]

    def _recorded(self, field: Field, round_: Sequence[Field], records: str) -> pl.DataFrame:
        """What was recorded in records of a field, with the households beside: by what is sure in this round of fields, or, with
        none, in the store."""
        chosen_ids = f"chosen_{field.table}"
        count = self.connection.execute(f"create temporary table {chosen_ids} as {records}").rowcount
        self.connection.execute(f"analyze {chosen_ids}")
        beside, sure = None, f"sure_{field.table}"
        other = companions.companion_of(field)
        if other and count:
            known = f"select record_id, found_id from link.{other.table} where status = 'CONFIRMED'"
            self.connection.execute(
                f"create temporary table {sure} as {companions.certain(other) if round_ else known}"
            )
            self.connection.execute(f"create index on {sure} (record_id)")
            self.connection.execute(f"analyze {sure}")
            beside = companions.households(field, other, chosen_ids, sure)
        rows = parties.recorded(self.connection, field, f"select record_id from {chosen_ids}", beside)
        self.connection.execute(f"drop table if exists {chosen_ids}, {sure}")
        return rows

    def _pairs(self, rows: pl.DataFrame, registers: Sequence[parties.Register]) -> pl.DataFrame:
        """The pairs of records and subjects that are worth a look."""
        assert self.trained is not None  # callers have asked
        features, keyed = parties.distinct_parties(rows)
        found = parties.weighed(self.trained.model, features, registers, self.backend)
        return keyed.drop("kind").join(found, on="key").drop("key")

    def _heirs(self) -> pl.DataFrame:
        return parties.frame(self.connection, "select subject_id, heir_id from link.heir")

    def _refused(self) -> pl.DataFrame:
        return parties.frame(
            self.connection,
            "select distinct field, record_id, subject_id from link.decision where verdict = 'DIFFERENT'"
            " and undone_at is null and second_of is null",
        )


def _kinds(fields: Sequence[Field]) -> tuple[str, ...]:
    """The kinds of subject that these fields can lead to and that are weighed."""
    return tuple(kind for kind in parties.SUBJECTS if any(kind in field.kinds for field in fields))
