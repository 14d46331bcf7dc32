"""Whom the procedures of the package can be rehearsed for: queries over the store, each row one case.

A query gives as many cases as the store has, in a fixed order. They are likely cases, not real ones: a seller holds land, a mother is
married and of the age, and the other party is anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from hub.access.dossiers.dossier_store import NamedSubject
from hub.errors import OperationRefused

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
        f"with h as ({HOLDERS}), a as ({ADULTS}) select h.personal_id, a.personal_id from h join a using (n)"  # noqa: S608 constants
        " where h.personal_id <> a.personal_id order by n",
    ),
    ProcedureCases(
        "detached-house-permit",
        {"applicant": "Citizen"},
        f"select personal_id from ({HOLDERS}) h order by n",  # noqa: S608 constants
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
        from o left join a using (n) order by n""",  # noqa: S608 constants
    ),
    ProcedureCases(
        "enterprise-registration-change",
        {"enterprise": "Business", "representative": "Citizen"},
        f"""with a as ({ADULTS}), b as (
            select registration_number, row_number() over (order by status, id) as n from data.business
            where legal_form <> 'HOUSEHOLD_BUSINESS' and status in ('ACTIVE', 'DISSOLVED')
        ) select b.registration_number, a.personal_id from b join a using (n) order by n""",  # noqa: S608 constants
    ),
    ProcedureCases(
        "old-age-allowance",
        {"applicant": "Citizen"},
        "select personal_id from data.citizen where death_date is null and birth_date < '1955' order by birth_date, id",
    ),
    ProcedureCases(
        "birth-residence-health-card",
        {"mother": "Citizen"},
        # Mothers with a birth notice; the married first.
        """select c.personal_id from data.citizen c
        join link.birth_notice_mother b on b.subject_id = c.id and b.status = 'CONFIRMED'
        left join link.marital_status_person l on l.subject_id = c.id and l.status = 'CONFIRMED'
        left join data.marital_status m on m.id = l.record_id and m.state = 'MARRIED' and m.until is null
        where c.death_date is null group by c.id order by count(m.id) desc, c.id""",
    ),
    ProcedureCases(
        "tax-clearance",
        {"transferor": "Citizen"},
        """select c.personal_id from data.citizen c
        join link.land_transfer_slip_transferor t on t.subject_id = c.id and t.subject_kind = 'Citizen' and t.status = 'CONFIRMED'
        where c.death_date is null group by c.id order by c.id""",
    ),
    ProcedureCases(
        "site-clearance-compensation",
        {"holder": "Citizen", "parcel": "Parcel"},
        f"select personal_id, parcel_number from ({HOLDERS}) h where parcel_number is not null order by n",  # noqa: S608 constants
    ),
)


def find_procedure_cases(code: str) -> ProcedureCases:
    """The cases of one procedure. Raises OperationRefused with NO_CASES if the package has no query for it."""
    found = next((one for one in CASES if one.procedure == code), None)
    if found is None:
        raise OperationRefused(
            f"nobody knows whom {code} could be rehearsed for",
            code="NO_CASES",
            next_step=f"rehearse one of {', '.join(one.procedure for one in CASES)}, or prefill single cases with `hub prefill`",
        )
    return found
