"""Businesses by likeness: what rules leave open of household businesses and enterprises, weighed by declared evidence.

A record meets the businesses with its core name, its tax code or its representative, and, if none has the name, those of its
communes with one letter off. `hub.link.likeness.organisation_evidence` weighs the pairs; a business is chosen if it has enough and leads
every other one. Needs no trained model.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from psycopg import Connection

from hub.link.field import Field
from hub.link.likeness import organisation_evidence, parties
from hub.link.likeness.organisation_evidence import ACCEPT, LEAD, REVIEW, Seat, Side
from hub.link.normalise.identifiers import read_numbers
from hub.link.normalise.organisations import FORMS_CSV, TERMS_CSV, read_organisation
from hub.link.normalise.party import INPUT, party_features
from hub.link.normalise.places import place_of_code
from hub.link.profile import load_profile
from hub.link.rules import sql
from hub.model.registry import load_registry
from schema.linking.declarations import OrganisationRegister

MOST_OF_ONE_NAME = 500
"""A core name that more businesses have says nothing: its records are left to their numbers."""


@dataclass(frozen=True)
class OrganisationPair:
    """A record and an organisation, with outcomes and their sum."""

    record_id: int
    found_id: int
    weight: float
    outcomes: tuple[tuple[str, str], ...]


def digest_organisation_rules() -> str:
    """A digest of all that a decision rests on beside records and businesses."""
    weights = {" ".join(of): bits for of, bits in organisation_evidence.BITS.items()}
    digest = hashlib.sha256(json.dumps([weights, ACCEPT, LEAD, REVIEW]).encode())
    for file in (FORMS_CSV, TERMS_CSV):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def weigh_organisations(connection: Connection[Any], fields: Sequence[Field]) -> None:
    """Fill `scored` of each field that can lead to an organisation."""
    held: dict[str, OrganisationRegisterIndex] = {}
    for field, kind, rows in _read_recorded(connection, fields, sql.select_unanswered):
        if kind not in held:
            table = f"data.{load_registry()[kind].table}"
            held[kind] = OrganisationRegisterIndex(kind, _read_register(connection, kind, table))
        refused = _read_refused(connection, field)
        pairs = [pair for pair in held[kind].pairs(rows) if (pair.record_id, pair.found_id) not in refused]
        parties.fill_table(connection, field.temporary("scored"), as_scored(kind, choose_businesses(pairs)))


def organisation_kinds(field: Field) -> tuple[str, ...]:
    """The kinds of subject of a field that declared evidence weighs."""
    return tuple(kind for kind in field.kinds if kind in load_profile().organisations)


def find_records_meeting(
    connection: Connection[Any], fields: Sequence[Field], kinds: Collection[str], records: Callable[[Field], str]
) -> pl.DataFrame:
    """Those of `records` of fields, selects of record_id, that a changed organisation of these kinds is or was a candidate of: field and
    record_id."""
    changed: dict[str, OrganisationRegisterIndex] = {}
    found = [pl.DataFrame(schema=parties.MET)]
    for field, kind, rows in _read_recorded(connection, fields, records, kinds):
        if kind not in changed:
            versions = _read_register(connection, kind, sql.name_versions_table(kind))
            changed[kind] = OrganisationRegisterIndex(kind, versions)
        met = sorted({pair.record_id for pair in changed[kind].pairs(rows)})
        found.append(pl.DataFrame({"field": [field.name] * len(met), "record_id": met}, schema=parties.MET))
    return pl.concat(found)


def choose_businesses(pairs: Iterable[OrganisationPair]) -> list[tuple[OrganisationPair, bool]]:
    """Pairs that are worth a look, and whether each is accepted: at most one of a record."""
    by_record: dict[int, list[OrganisationPair]] = defaultdict(list)
    for pair in pairs:
        if pair.weight >= REVIEW:
            by_record[pair.record_id].append(pair)
    judged = []
    for found in by_record.values():
        best, *rest = sorted(found, key=lambda pair: (-pair.weight, pair.found_id))
        leads = best.weight >= ACCEPT and all(best.weight - other.weight >= LEAD for other in rest)
        judged += [(best, leads), *((other, False) for other in rest)]
    return judged


def as_scored(kind: str, judged: Iterable[tuple[OrganisationPair, bool]]) -> pl.DataFrame:
    """Rows of `scored`. A declared table states no probability, so there is no confidence."""
    rows = [
        (pair.record_id, pair.found_id, kind, pair.weight, _as_json(pair.outcomes), chosen) for pair, chosen in judged
    ]
    schema = {"record_id": pl.Int64, "found_id": pl.Int64, "subject_kind": pl.String, "weight": pl.Float32, "evidence": pl.String, "chosen": pl.Boolean}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


class OrganisationRegisterIndex:
    """The organisations of a kind with the ways to find them: rows as `OrganisationRegister.select` gives them."""

    def __init__(self, kind: str, rows: pl.DataFrame) -> None:
        self.declared = declared_register(kind)
        self.rows = rows.to_dicts()
        self._by: dict[tuple[str, str], list[int]] = defaultdict(list)
        for at, row in enumerate(self.rows):
            name = read_organisation(row["name"])
            self._by["name", name.core_ascii].append(at)
            for number in {*_numbers(*(row["numbers"] or "").split()), *(row["people"] or "").split()}:
                self._by["number", number].append(at)
            for unit in place_of_code(row["unit_code"]).units if row["unit_code"] else ():
                self._by["unit", unit].append(at)

    def pairs(self, recorded: pl.DataFrame) -> list[OrganisationPair]:
        """The pairs of records (record_id, kind, WRITTEN) with organisations that meet, weighed."""
        organisations = recorded.filter(
            pl.col("kind").is_in(self.declared.recorded_kinds) & pl.col("name").is_not_null()
        )
        given = organisations.with_columns(pl.lit(None, pl.String).alias("unit_code"), pl.col("record_id").alias("key"))
        seats = _seats(given.select(INPUT))
        sides = {row["record_id"]: _recorded_side(row, seats[row["record_id"]]) for row in organisations.to_dicts()}
        met = {record: self._meet(side) for record, side in sides.items()}
        held = self._sides({at for found in met.values() for at in found})
        found = []
        for record, side in sides.items():
            for at in met[record]:
                outcomes = organisation_evidence.compare_organisations(side, held[at])
                weight = organisation_evidence.weigh_outcomes(outcomes)
                found.append(OrganisationPair(record, self.rows[at]["key"], weight, outcomes))
        return found

    def _meet(self, side: Side) -> Collection[int]:
        named = self._by.get(("name", side.name.core_ascii), [])
        met = {at for at in named if len(named) <= MOST_OF_ONE_NAME}
        for number in side.numbers:
            met.update(self._by.get(("number", number), ()))
        if not named:
            for unit in side.seat.units:
                met.update(at for at in self._by.get(("unit", unit), ()) if self._near(side, at))
        return sorted(at for at in met if side.kind == self._kind(self.rows[at]["form"]))

    def _kind(self, form: str) -> str:
        """The recorded kind that an organisation of a legal form has."""
        own, *others = (
            self.declared.own_business,
            *(k for k in self.declared.recorded_kinds if k != self.declared.own_business),
        )
        return own if form == own else others[0]

    def _near(self, side: Side, at: int) -> bool:
        core = read_organisation(self.rows[at]["name"]).core_ascii
        return organisation_evidence.one_edit_apart(side.name.core_ascii, core)

    def _sides(self, wanted: Collection[int]) -> dict[int, Side]:
        rows = [(at, self.rows[at]) for at in sorted(wanted)]
        given = pl.DataFrame(
            {
                "key": [at for at, _ in rows],
                **{name: [None] * len(rows) for name in ("kind", "name", "birth_date", "identifier", "tax_code")},
                "address": [row["address"] for _, row in rows],
                "unit_code": [row["unit_code"] for _, row in rows],
            },
            schema_overrides={"key": pl.Int64},
        )
        seats = _seats(given)
        return {
            at: Side(
                read_organisation(row["name"]), self._kind(row["form"]), row["form"], seats[at],
                _numbers(*(row["numbers"] or "").split()), frozenset((row["people"] or "").split()),
            )
            for at, row in rows
        }  # fmt: skip


# --- Within ---------------------------------------------------------------------------------------------------------------


def declared_register(kind: str) -> OrganisationRegister:
    """The declarations of a kind of subject that declared evidence weighs."""
    declared = load_profile().subjects[kind].organisation
    assert declared is not None  # callers take kinds of `profile().organisations`
    return declared


def _read_recorded(
    connection: Connection[Any],
    fields: Sequence[Field],
    records: Callable[[Field], str],
    kinds: Collection[str] | None = None,
) -> Iterator[tuple[Field, str, pl.DataFrame]]:
    """The records of fields that can mean an organisation of some kind, where there are any. Read in one go: each statement costs some
    milliseconds, and most fields have none."""
    wanted = [(field, kind) for field in fields for kind in organisation_kinds(field) if kinds is None or kind in kinds]
    if not wanted:
        return
    meant = {field: [kind for other, kind in wanted if other is field] for field, _ in wanted}
    rows = parties.read_recorded(
        connection, [_select_recorded(field, of, records(field)) for field, of in meant.items()]
    )
    for field, kind in wanted:
        recorded = declared_register(kind).recorded_kinds
        own = _with_named_kinds(rows, declared_register(kind)).filter(
            (pl.col("field") == field.name) & pl.col("kind").is_in(recorded)
        )
        if not own.is_empty():
            yield field, kind, own


def _with_named_kinds(rows: pl.DataFrame, declared: OrganisationRegister) -> pl.DataFrame:
    """Rows with the kind that the legal form in the name says, where the sector says none: of a person or a family it says nothing."""
    names = rows.filter(pl.col("kind").is_null() & pl.col("name").is_not_null())["name"].unique()
    enterprise = next(kind for kind in declared.recorded_kinds if kind != declared.own_business)
    read = ((name, read_organisation(name)) for name in names)
    said = {
        name: declared.own_business if declared.own_business in organisation.forms else enterprise
        for name, organisation in read
        if organisation.says_kind
    }
    named = pl.col("name").replace_strict(said, default=None, return_dtype=pl.String)
    return rows.with_columns(pl.col("kind").fill_null(named)) if said else rows


def _select_recorded(field: Field, of: Sequence[str], records: str) -> str:
    kinds = ", ".join(f"'{kind}'" for each in of for kind in declared_register(each).recorded_kinds)
    (kind,) = (part.column.name for part in field.recorded.recorded if part.part == "kind")
    only = f"select r.record_id from ({records}) r join data.{field.entity.table} t on t.id = r.record_id where t.{kind} in ({kinds}) or t.{kind} is null"
    return parties.select_recorded_parties(field, only, None)


def _read_register(connection: Connection[Any], kind: str, table: str) -> pl.DataFrame:
    return parties.read_rows(connection, declared_register(kind).select.format(table=table))


def _read_refused(connection: Connection[Any], field: Field) -> set[tuple[int, int]]:
    rows = connection.execute(
        "select record_id, subject_id from link.decision where field = %s and verdict = 'DIFFERENT' and undone_at is null"
        " and second_of is null",
        (field.name,),
    ).fetchall()
    return {(record, subject) for record, subject in rows}


def _recorded_side(row: dict[str, Any], seat: Seat) -> Side:
    return Side(
        read_organisation(row["name"]),
        row["kind"],
        seat=seat,
        numbers=_numbers(row["tax_code"], row["identifier"]),
    )


def _numbers(*texts: str | None) -> frozenset[str]:
    """Identifiers and tax codes, these without their branch."""
    read = [read_numbers(text) for text in texts if text]
    return frozenset(number for one in read for number in (one.personal, one.tax and one.tax[:10]) if number)


def _seats(given: pl.DataFrame) -> dict[int, Seat]:
    """Key → where it is."""
    if given.is_empty():
        return {}
    features = party_features(given).select("key", "units", "hamlet", "grp")
    return {key: Seat(frozenset(units), hamlet, group) for key, units, hamlet, group in features.iter_rows()}


def _as_json(outcomes: Iterable[tuple[str, str]]) -> str:
    return json.dumps(
        [
            {
                "comparison": comparison,
                "outcome": outcome,
                "bits": organisation_evidence.BITS.get((comparison, outcome)),
            }
            for comparison, outcome in outcomes
        ]
    )
