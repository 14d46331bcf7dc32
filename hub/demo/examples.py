"""Which person of a province to show: one whose records are linked surely, probably and not yet, with a copy that differs."""

from typing import Any

from psycopg import Connection

DOUBTFUL_PERSON = """
with own as (
    select h.subject_id, p.status from link.land_use_right_holder h join link.land_use_right_parcel p using (record_id)
    where h.status = 'CONFIRMED' and h.subject_kind = 'Citizen'
    union all
    select d.subject_id, p.status from link.tax_obligation_debtor d join link.tax_obligation_parcel p using (record_id)
    where d.status = 'CONFIRMED' and d.subject_kind = 'Citizen'
), kinds as (
    select subject_id, count(distinct status) as kinds, count(*) as links from own group by subject_id
)
select c.personal_id from kinds k join data.citizen c on c.id = k.subject_id
order by k.kinds + exists (select from link.discrepancy d where d.found_id = c.id and d.sys_to is null)::int desc,
    k.kinds desc, k.links, c.id
limit 1
"""
"""Over an accepted holder or debtor the way to the parcel can be sure, probable or open: the person is sure, the parcel is not.
Of those who have the most of it, the one with the fewest records."""


def find_doubtful_person(connection: Connection[Any]) -> str:
    """The personal identifier of such a person, as far as the province has one; empty if nobody has a parcel."""
    row = connection.execute(DOUBTFUL_PERSON).fetchone()
    return str(row[0]) if row else ""
