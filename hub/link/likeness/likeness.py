"""Likeness: the model's part of a run. What rules leave open is weighed, all fields together, against the registers."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from threading import Thread
from typing import Self

import polars as pl

from hub.link.field import Field
from hub.link.field import list_decidable_fields as all_fields
from hub.link.likeness import organisations, parties, trained
from hub.link.likeness.choose import choose_candidates
from hub.link.likeness.heaped_births import HeapedBirths, find_heaped_births, select_births
from hub.link.likeness.readings import Readings
from hub.link.likeness.trained import Origin
from hub.link.model.frozen import Model
from hub.link.model.party import PARTY
from hub.link.model.scoring.backends import Backend, open_configured_backend
from hub.link.model.training.acceptance import HeldOutLinks, ModelCheck, check_model, is_accepted
from hub.link.normalise.gazetteer import load_gazetteer
from hub.link.profile import load_profile
from hub.link.quality.thresholds import raised_thresholds
from hub.link.rules import companions, sql, vetoes
from hub.link.workspace import LinkWorkspace
from hub.model.registry import load_registry
from hub.settings import load_settings
from schema.linking.declarations import KNOWN_BY_RULE

FEWEST = 2_000
"""So many people in the reference register at least a model is used for; with fewer, rules alone decide."""
LEARNED_FROM = 100_000
"""Records, over all fields, that a model is learned from; with fewer in the store, the shipped model serves."""
MOST_COUNTED = 1_000_000_000
GROWN = 1.5
"""After a model was refused, the next is learned by itself once there are so many times as many records."""
HELD_OUT, HELD_PART = 2_000, 5
"""Links that a model is checked on: at most so many, and at most one in so many of those that rules have confirmed."""
RECORDED = "recorded parties"
"""The name of the readings of what sectors recorded, of all fields."""
PERSON = "PERSON"
"""A model is learned from persons: of a household the head is recorded, as a person is."""


class Likeness:
    """The active model of parties, if there is one, in the workspace of a run and over one engine."""

    def __init__(self, workspace: LinkWorkspace, backend: Backend, *, train: bool) -> None:
        self.workspace, self.connection, self.backend = workspace, workspace.connection, backend
        self.trained = trained.read_active_model(self.connection, PARTY)
        self.raised = raised_thresholds(self.connection)
        enough = self._has_enough_people()
        self.to_train = train or (
            enough and (not self.trained or self.trained.origin is Origin.START) and self._can_learn()
        )
        """Whether a model will be learned in this run, from what its rules have found."""
        self.to_start = enough and self.trained is None
        """Whether the shipped model serves if none is learned."""
        self.refused: trained.Version | None = None
        """The model that was learned in this run and may not be used."""
        if self.trained:
            # Reading an address needs the whole gazetteer, which is built while the database looks for changes.
            Thread(target=load_gazetteer, daemon=True).start()
        self._registers: dict[str, parties.Register] = {}
        self._moved: set[str] = set()
        """The kinds of which it may be known otherwise by now where they live."""
        self._moved_anyone = True
        self._readings: dict[str, Readings] = {}

    @classmethod
    @contextmanager
    def opened(cls, workspace: LinkWorkspace, *, train: bool) -> Iterator[Self]:
        """With the active model, on the engine that the settings choose. Raises HubMisconfigured for an engine that is not there, and for a model that no longer fits."""
        with open_configured_backend(load_settings()) as engine:
            yield cls(workspace, engine, train=train)

    @property
    def digest(self) -> str:
        """What a decision by likeness rests on."""
        raised = f":{dict(self.raised)}" if self.raised else ""
        model = f"{self.trained.method}:{PARTY.bands}{raised}" if self.trained else ""
        heaps = f":{self.heaps.digest}" if self.trained and self.heaps.digest else ""
        return f"{model}{heaps}:{organisations.digest_organisation_rules()}"

    @cached_property
    def heaps(self) -> HeapedBirths:
        """The birth dates that the reference register has in heaps, by all its rows as they are at the beginning of the run."""
        reference = parties.party_register(load_profile().reference)
        return find_heaped_births(parties.read_rows(self.connection, select_births(reference)))

    def learn(self, fields: Sequence[Field]) -> None:
        """Learn a model from records of these fields, whose rules have been asked, and keep it."""
        # Here, as below: most runs learn nothing, and NumPy takes a tenth of a second of a run of changes to load.
        from hub.link.model.training.train import train_model

        weighed = [field for field in fields if field.weighed]
        share = -(-LEARNED_FROM // max(len(weighed), 1))
        samples = self._recorded(
            weighed,
            fields,
            lambda field: (
                f"(select id as record_id from data.{field.entity.table} order by hashint8extended(id, 0) limit {share})"
            ),
        )
        persons = samples.filter(pl.col("kind").fill_null(PERSON) == PERSON)
        # Ordered by values and not by ids: a store that is loaded in another order learns the same.
        features, keyed = parties.distinct_parties(persons.sort(*parties.WRITTEN, parties.COMPANIONS), heaps=self.heaps)
        register = self.register(load_profile().reference).features.sort(
            "personal_id", "name", "birth_day", nulls_last=True
        )
        subjects = register.rename({"key": "found_id"}).with_row_index("key")
        links = self._held_out(weighed, keyed, subjects)
        held = HeldOutLinks(features.join(links, left_on="key", right_on="left", how="semi"), subjects, _as_keys(links))
        left = features.join(links, left_on="key", right_on="left", how="anti")
        model = train_model(PARTY, left, subjects, backend=self.backend)
        model = replace(model, trained_on=replace(model.trained_on, records=self._records(MOST_COUNTED)))
        self._keep(model, check_model(model, held, backend=self.backend))

    def _keep(self, model: Model, checks: tuple[ModelCheck, ...]) -> None:
        """Use a model that holds its checks. Of one that does not, the store keeps what it was, and the last good one stays."""
        stored, self.to_train = trained.keep_model(self.connection, model, checks), False
        if is_accepted(checks):
            self.trained = stored
        else:
            self.refused = trained.list_model_versions(self.connection, PARTY.name, most=1)[0]

    def _held_out(self, fields: Sequence[Field], keyed: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
        """Part of the links that rules have confirmed in this round: left (of a party) and right (of a subject)."""
        confirmed = pl.concat(
            parties.read_rows(self.connection, companions.select_certain_links(field)).select(
                pl.lit(field.name).alias("field"), "record_id", pl.col("found_id").cast(pl.Int64)
            )
            for field in fields
        )
        known = subjects.select(pl.col("found_id").cast(pl.Int64), pl.col("key").alias("right"))
        links = (
            keyed.filter(pl.col("kind") == PERSON)
            .join(confirmed, on=["field", "record_id"])
            .join(known, on="found_id")
            .group_by(pl.col("key").alias("left"))
            .agg(pl.col("right").first(), pl.col("right").n_unique().alias("subjects"))
            .filter(pl.col("subjects") == 1)
            .sort("left")
        )
        return links.gather_every(max(HELD_PART, -(-len(links) // HELD_OUT))).select("left", "right")

    def _start(self) -> None:
        """Use the shipped model, with the names of this register."""
        from hub.link.model.training.start_model import start_model

        self.to_start = False
        model = start_model(PARTY, self.register(load_profile().reference).features)
        checks = check_model(model) if model else ()
        if model and is_accepted(checks):
            self.trained = trained.keep_model(self.connection, model, checks, origin=Origin.START)

    def weigh(self, fields: Sequence[Field], round_: Sequence[Field]) -> None:
        """Fill `scored` of each of these fields of a round with the candidates of the records that rules left open."""
        organisations.weigh_organisations(self.connection, fields)
        weighed = [field for field in fields if field.weighed]
        if self.to_start and weighed and self.trained is None and not self.to_train:
            self._start()
        if self.trained is None or self.to_train or not weighed:
            return
        rows = self._recorded(weighed, round_, sql.select_unanswered)
        if rows.is_empty():
            return
        registers = [self.register(kind) for kind in _kinds(weighed)]
        judged = choose_candidates(
            self._pairs(rows, registers), self._heirs(), self._refused(), PARTY.bands, self.raised
        )
        for field in weighed:
            scored = field.temporary("scored")
            own = _own(judged, field).drop("field")
            parties.fill_table(self.connection, scored, own)
            if not own.is_empty() or self._has_rows(scored):
                self.workspace.analyze(scored)
                vetoes.veto_scored(self.connection, field)

    def meeting(self, fields: Sequence[Field], kinds: Collection[str]) -> pl.DataFrame:
        """The records of these fields, of those neither joined by rule nor touched, that a changed subject of these kinds is a candidate
        of: field and record_id."""
        parties_of = [field for field in fields if field.weighed]
        found = [organisations.find_records_meeting(self.connection, parties_of, kinds, _left_open)]
        weighed = [field for field in parties_of if any(kind in kinds for kind in _kinds([field]))]
        if self.trained is not None and weighed:
            rows = self._recorded(weighed, (), _left_open)
            registers = [self._changed(kind) for kind in _kinds(weighed) if kind in kinds]
            pairs = self._pairs(rows, registers)
            found += [_own(pairs, field).select("field", "record_id") for field in weighed]
        return pl.concat(found).unique()

    def _changed(self, kind: str) -> parties.Register:
        """The changed subjects of a kind."""
        changed = parties.read_rows(
            self.connection, f"select id as record_id from changed_subject where kind = '{kind}'"
        )
        return self.register(kind).only(changed["record_id"])

    # --- Within -------------------------------------------------------------------------------------------------------

    def _has_enough_people(self) -> bool:
        return self._count(f"data.{load_registry()[load_profile().reference].table}", FEWEST) >= FEWEST

    def _can_learn(self) -> bool:
        """Whether there are enough records to learn a model from, and more than when one was last refused."""
        wanted = LEARNED_FROM
        refused = trained.last_refused(trained.list_model_versions(self.connection, PARTY.name))
        if refused and refused.digest == PARTY.digest:
            wanted = max(wanted, int(GROWN * refused.trained_on["records"]))
        return self._records(wanted) >= wanted

    def _records(self, most: int) -> int:
        """Records of all weighed fields, counted up to about so many."""
        found = 0
        for field in all_fields().values():
            if field.weighed and found < most:
                found += self._count(f"data.{field.entity.table}", most)
        return found

    def _has_rows(self, table: str) -> bool:
        row = self.connection.execute(f"select exists (select from {table})").fetchone()
        return row == (True,)

    def _count(self, table: str, most: int) -> int:
        row = self.connection.execute(f"select count(*) from (select from {table} limit {most}) counted").fetchone()
        return int(row[0]) if row else 0

    def register(self, kind: str) -> parties.Register:
        """A whole register; read once a run."""
        if kind not in self._registers:
            self._registers[kind] = parties.read_register(self.connection, self._reading(kind), self.heaps)
        elif kind in self._moved:
            move = parties.with_households if self._moved_anyone else parties.with_moved_households
            self._registers[kind] = move(self.connection, self._registers[kind])
        self._moved.discard(kind)
        return self._registers[kind]

    def move_households(self, *, anyone: bool) -> None:
        """Look up again where subjects live: it is known better by now, of `anyone` or of the changed subjects only."""
        self._moved |= self._registers.keys()
        self._moved_anyone = anyone

    def keep_readings(self, *, whole: bool) -> None:
        """Store the readings of recorded parties of this run, so that the next run does not repeat them."""
        if RECORDED in self._readings:
            self._readings[RECORDED].keep(used_only=whole)

    def _reading(self, kind: str) -> Readings:
        if kind not in self._readings:
            self._readings[kind] = Readings(self.connection, kind, None if kind == RECORDED else PARTY)
        return self._readings[kind]

    def _recorded(
        self, fields: Sequence[Field], round_: Sequence[Field], records: Callable[[Field], str]
    ) -> pl.DataFrame:
        """The recorded parties of fields, with their households: by the sure links of this round of fields or, for other fields, in the
        store. `records` gives the select of a field's records. Read in one go: each statement costs some milliseconds."""
        with ExitStack() as kept:
            selects = [self._select_recorded(field, round_, records(field), kept) for field in fields]
            return parties.read_recorded(self.connection, selects)

    def _select_recorded(self, field: Field, round_: Sequence[Field], records: str, kept: ExitStack) -> str:
        """Select of the recorded parties of a field, over tables that are dropped with `kept`."""
        other = companions.companion_of(field)
        if other is None:
            return parties.select_recorded_parties(field, records, None)
        chosen_ids, sure, beside = field.temporary("chosen"), field.temporary("sure"), None
        kept.enter_context(self.workspace.dropped_after(chosen_ids, sure))
        if self.workspace.create(chosen_ids, records, analyze=True):
            known = f"select l.record_id, l.found_id from link.{other.table} l where {KNOWN_BY_RULE.format(l='l')}"
            self.workspace.create(
                sure,
                "select s.record_id, s.found_id from"
                f" ({companions.select_certain_links(other) if other in round_ else known}) s"
                f" where s.record_id in ({companions.select_records_beside(field, other, chosen_ids)})",
                index="record_id",
                analyze=True,
            )
            beside = companions.select_companion_households(field, other, chosen_ids, sure)
        return parties.select_recorded_parties(field, f"select record_id from {chosen_ids}", beside)

    def _pairs(self, rows: pl.DataFrame, registers: Sequence[parties.Register]) -> pl.DataFrame:
        """The pairs of records and subjects that are worth a look."""
        assert self.trained is not None  # callers have asked
        features, keyed = parties.distinct_parties(rows, self._reading(RECORDED), heaps=self.heaps)
        found = parties.weigh_pairs(self.trained.model, features, registers, self.backend)
        return keyed.drop("kind").join(found, on="key").drop("key")

    def _heirs(self) -> pl.DataFrame:
        return parties.read_rows(self.connection, "select subject_id, heir_id from link.heir")

    def _refused(self) -> pl.DataFrame:
        return parties.read_rows(
            self.connection,
            "select distinct field, record_id, subject_id from link.decision where verdict = 'DIFFERENT'"
            " and undone_at is null and second_of is null",
        )


def _own(pairs: pl.DataFrame, field: Field) -> pl.DataFrame:
    """The pairs of a field, of kinds that it leads to: all fields are weighed together."""
    return pairs.filter((pl.col("field") == field.name) & pl.col("subject_kind").is_in(field.kinds))


def _left_open(field: Field) -> str:
    """Select of the records of a field that are neither joined by rule nor touched."""
    return (
        f"select t.id as record_id from data.{field.entity.table} t where not exists (select from"
        f" link.{field.table} l where l.record_id = t.id and {KNOWN_BY_RULE.format(l='l')}) and not exists (select from"
        f" {field.temporary('touched')} o where o.record_id = t.id)"
    )


def _as_keys(links: pl.DataFrame) -> pl.DataFrame:
    """As `score` names and types them."""
    return links.select(
        pl.col("left").cast(pl.String).alias("left_key"), pl.col("right").cast(pl.String).alias("right_key")
    )


def _kinds(fields: Sequence[Field]) -> tuple[str, ...]:
    """The kinds of subject that these fields can lead to and that are weighed."""
    return tuple(kind for kind in load_profile().parties if any(kind in field.kinds for field in fields))
