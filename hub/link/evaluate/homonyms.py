"""Homonyms: people who share name, birth year and commune with another. Lists the records joined to them without further evidence.

Judged by the recorded values and the register's: a model's confidence is no evidence. Of what linking states itself
only evidence of another kind counts, such as who is recorded beside the person.
"""

from collections.abc import Iterator

import polars as pl

from hub.link.evaluate.rows import Store, read_frame
from hub.link.likeness.parties import party_register
from hub.link.normalise.party import INPUT, party_features
from hub.link.profile import load_profile
from hub.model.registry import load_registry


def _select_people() -> str:
    """Select of the people of the reference register, as parties are read: the columns of INPUT, id, and the former identifier."""
    declared = party_register(load_profile().reference)
    return (
        f"select p.key as id, p.key::text as key, '{declared.recorded_as}' as kind, p.name, p.birth_date, p.identifier,"
        f" p.former_id as former, null as tax_code, p.address, p.unit_code from ({declared.select}) p"
    )


def _select_homonyms() -> str:
    """Those who share name, tone marks aside, and birth year with another."""
    key, year = "hub.name_key(r.name)", "left(r.birth_date, 4)"
    return (
        f"with r as materialized ({_select_people()}) select r.* from r join (select {key} as name_key, {year} as year from r group by 1, 2"
        f" having count(*) > 1) s on s.name_key = {key} and s.year = {year}"
    )


def homonym_ids(connection: Store, subjects: pl.DataFrame) -> pl.DataFrame:
    """Of the rows of `subjects` (id, entity, subject_key …) those of people that have a homonym: another person, not another
    row of the same."""
    candidates = read_frame(connection, _select_homonyms())
    features = party_features(candidates.select(INPUT)).select(
        pl.col("key").cast(pl.Int64).alias("id"), "name_ascii", "birth_year", "unit"
    )
    known = (
        subjects.filter(pl.col("entity") == load_profile().reference)
        .join(features, on="id")
        .drop_nulls(["name_ascii", "birth_year", "unit"])
    )
    people = pl.col("subject_key").n_unique().over("name_ascii", "birth_year", "unit")
    return known.filter(people > 1).select(subjects.columns)


def without_further_evidence(connection: Store, linked: pl.DataFrame) -> pl.DataFrame:
    """Of accepted links (field, record_id, found_id) those in which nothing but name, year and commune can have agreed:
    columns field and record_id."""
    found = [linked.select("field", "record_id").clear()]
    for (field,), links in linked.group_by("field"):
        recorded = party_features(_recorded(connection, str(field), links).select(INPUT))
        register = read_frame(connection, f"{_select_people()} where p.key in ({_ids(links['found_id'])})")
        held = party_features(register.select(INPUT)).with_columns(register["former"])
        both = (
            links.with_columns(pl.col("record_id", "found_id").cast(pl.String))
            .join(recorded, left_on="record_id", right_on="key")
            .join(held, left_on="found_id", right_on="key", suffix="_held")
        )
        alone = both.filter(~FURTHER).select("field", pl.col("record_id").cast(pl.Int64))
        told = pl.Series(list(_otherwise_told(connection, str(field), alone["record_id"])), dtype=pl.Int64)
        found.append(alone.filter(~pl.col("record_id").is_in(told.implode())))
    return pl.concat(found)


JUDGED = ("prior", "name", "surname", "middle_names", "given_name", "birth", "birthYear", "address")
"""Comparisons of these same fields; any other one in favour of a link is further evidence."""


def _otherwise_told(connection: Store, field: str, records: pl.Series) -> Iterator[int]:
    """Those records whose accepted link another comparison speaks for."""
    owner, _, name = field.partition(".")
    (linked,) = (linked for linked in load_registry()[owner].linked if linked.name == name)
    rows = connection.execute(
        f"select l.record_id from link.{linked.table} l where l.record_id = any(%s) and l.status <> 'UNCONFIRMED' and exists"
        " (select from jsonb_array_elements(coalesce(l.evidence, '[]')) e where (e ->> 'bits')::float > 0"
        " and e ->> 'comparison' <> all(%s))",
        (records.to_list(), list(JUDGED)),
    ).fetchall()
    for (record_id,) in rows:
        assert isinstance(record_id, int)  # the type of the column
        yield record_id


FURTHER = pl.any_horizontal(
    pl.col("personal_id") == pl.col("personal_id_held"),
    pl.col("former_id") == pl.col("former"),
    pl.col("birth_day") == pl.col("birth_day_held"),
    pl.col("birth_swapped") == pl.col("birth_day_held"),
    pl.col("hamlet") == pl.col("hamlet_held"),
    pl.col("street") == pl.col("street_held"),
).fill_null(False)
"""Something beyond name, year and commune agrees."""


def _recorded(connection: Store, field: str, links: pl.DataFrame) -> pl.DataFrame:
    """The parties of these records, as recorded."""
    owner, _, name = field.partition(".")
    entity = load_registry()[owner]
    (linked,) = (linked for linked in entity.linked if linked.name == name)
    columns = {part.part: part.column.name for part in linked.recorded}
    texts = ", ".join(f"r.{columns[part]} as {part}" for part in INPUT if part in columns)
    return read_frame(
        connection,
        f"select r.id::text as key, {texts}, null as unit_code from data.{entity.table} r where r.id in ({_ids(links['record_id'])})",
    )


def _ids(values: pl.Series) -> str:
    return ", ".join(str(value) for value in values.unique().sort().to_list()) or "null"
