"""Whom the procedures of the package can be tried for: queries over the demonstration's store, each row one case.

A query gives as many cases as the province has, in a fixed order: the first is shown, all of them are counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from hub.access.dossiers.dossier_store import NamedSubject

KEYS: Mapping[str, str] = {"Citizen": "personal_id", "Business": "registration_number", "Parcel": "parcel_number"}
ADULTS = """select personal_id, row_number() over (order by id desc) as n from data.citizen
    where death_date is null and birth_date between '1960' and '1990'"""
HOLDERS = """select c.personal_id, min(p.parcel_number) as parcel_number, row_number() over (order by min(c.id)) as n
    from data.citizen c
    join link.land_use_right_holder h on h.subject_id = c.id and h.subject_kind = 'Citizen' and h.status = 'CONFIRMED'
    join data.land_use_right r on r.id = h.record_id and r.status = 'REGISTERED'
    left join link.land_use_right_parcel l on l.record_id = r.id and l.status = 'CONFIRMED'
    left join data.parcel p on p.id = l.subject_id
    where c.death_date is null and c.birth_date < '1990' group by c.personal_id"""


@dataclass(frozen=True)
class ProcedureCases:
    """The cases of one procedure: the kind of subject of each role, and a query with a column for each role, in this order."""

    procedure: str
    roles: Mapping[str, str]
    query: str

    def find(self, connection: Connection[Any], most: int) -> list[tuple[NamedSubject, ...]]:
        """The subjects of at most so many cases."""
        rows = connection.execute(f"{self.query} limit %s", (most,)).fetchall()
        roles = [(role, entity, KEYS[entity]) for role, entity in self.roles.items()]
        return [
            tuple(NamedSubject(*role, value=value) for role, value in zip(roles, row, strict=True) if value is not None)
            for row in rows
        ]


CASES: tuple[ProcedureCases, ...] = (
    ProcedureCases(
        "land-right-transfer",
        {"transferor": "Citizen", "transferee": "Citizen"},
        f"with h as ({HOLDERS}), a as ({ADULTS}) select h.personal_id, a.personal_id from h join a using (n)"
        " where h.personal_id <> a.personal_id order by n",
    ),
    ProcedureCases(
        "detached-house-permit",
        {"applicant": "Citizen"},
        f"select personal_id from ({HOLDERS}) h order by n",
    ),
    ProcedureCases(
        "household-business-registration",
        {"owner": "Citizen", "member": "Citizen"},
        # Whoever has a part in a business comes first: then there is something that the register holds.
        f"""with a as ({ADULTS}), o as (
            select c.personal_id, row_number() over (order by count(l.subject_id) desc, c.id) as n from data.citizen c
            left join link.business_role_person l on l.subject_id = c.id and l.status = 'CONFIRMED'
            where c.death_date is null and c.birth_date < '2005' group by c.id
        ) select o.personal_id, case when a.personal_id <> o.personal_id then a.personal_id end
        from o left join a using (n) order by n""",
    ),
    ProcedureCases(
        "enterprise-registration-change",
        {"enterprise": "Business", "representative": "Citizen"},
        f"""with a as ({ADULTS}), b as (
            select registration_number, row_number() over (order by status, id) as n from data.business
            where legal_form <> 'HOUSEHOLD_BUSINESS' and status in ('ACTIVE', 'DISSOLVED')
        ) select b.registration_number, a.personal_id from b join a using (n) order by n""",
    ),
    ProcedureCases(
        "old-age-allowance",
        {"applicant": "Citizen"},
        "select personal_id from data.citizen where death_date is null and birth_date < '1955' order by birth_date, id",
    ),
    ProcedureCases(
        "birth-residence-health-card",
        {"mother": "Citizen"},
        """select c.personal_id from data.citizen c join link.marital_status_person l on l.subject_id = c.id and l.status = 'CONFIRMED'
        join data.marital_status m on m.id = l.record_id and m.state = 'MARRIED' and m.until is null
        where c.sex = 'FEMALE' and c.death_date is null and c.birth_date between '1985' and '2003' group by c.id order by c.id""",
    ),
    ProcedureCases(
        "tax-clearance",
        {"transferor": "Citizen"},
        f"select personal_id from ({HOLDERS}) h order by n desc",
    ),
    ProcedureCases(
        "site-clearance-compensation",
        {"holder": "Citizen", "parcel": "Parcel"},
        f"select personal_id, parcel_number from ({HOLDERS}) h where parcel_number is not null order by n",
    ),
)
