"""Companions as SQL, by the table of `schema.linking.companions`: who stands beside a record, and the households that they live in."""

from hub.link.field import Field, field_named
from hub.link.profile import load_profile
from hub.link.rules.decided_links import BY_RUN
from schema.linking.declarations import KNOWN_BY_RULE


def companion_of(field: Field) -> Field | None:
    """The field of the subjects that stand beside the records of a field, if any do."""
    known = load_profile().companions.get(field.name)
    return field_named(known.field) if known else None


def select_certain_links(field: Field) -> str:
    """Select record_id and found_id of the links that are sure without likeness: by rule in this run, or earlier, or by a person."""
    one, recorded = field.temporary("one"), field.temporary("recorded")
    by_person = f"not {BY_RUN.format(l='l')}"
    return (
        f"select o.record_id, min(o.found_id) as found_id from {one} o where o.accepted group by o.record_id"
        f" having count(*) = 1"
        f" union all select l.record_id, l.found_id from link.{field.table} l where {KNOWN_BY_RULE.format(l='l')}"
        f" and ({by_person} or not exists (select from {recorded} r where r.record_id = l.record_id))"
    )


def select_records_beside(field: Field, other: Field, records: str) -> str:
    """Select of the records of `other` that stand beside `records`, a table of record ids of `field`."""
    on = load_profile().companions[field.name].on
    return (
        f"select s.id as record_id from {records} r join data.{field.entity.table} t on t.id = r.record_id"
        f" join data.{other.entity.table} s on {on}"
    )


def beside_before(field: Field, other: Field) -> str:
    """Select of the records of `other` beside which a changed record of `field` stood, as earlier versions of it say: it may be gone,
    or stand elsewhere by now."""
    on = load_profile().companions[field.name].on
    return (
        f"select s.id as record_id from changed n join history.{field.entity.table} t on t.id = n.id"
        f" join data.{other.entity.table} s on {on}"
    )


def select_companion_households(field: Field, other: Field, records: str, sure: str) -> str:
    """Select of record_id and companions, the codes of where those beside it live; `sure` is the table of `certain`."""
    on = load_profile().companions[field.name].on
    (lives,) = (standing for standing in load_profile().standings if standing.companions)
    return (
        f"select r.record_id, string_agg(distinct h.{lives.value}, ' ' order by h.{lives.value}) as companions"
        f" from {records} r join data.{field.entity.table} t on t.id = r.record_id join data.{other.entity.table} s on {on}"
        f" join {sure} c on c.record_id = s.id join {lives.table} h on h.found_id = c.found_id group by r.record_id"
    )
