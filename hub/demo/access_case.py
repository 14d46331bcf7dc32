"""The demonstration's case: a land transfer whose dossier is open, so that reading under a dossier can be tried at once."""

from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from hub.access.callers.principals import Principal
from hub.access.dossiers.dossier_store import NamedSubject, NewDossier, open_dossier
from hub.access.oidc.local_issuer import LOCAL_ISSUER
from hub.demo.identities import IDENTITIES, LAND_OFFICE
from hub.web.pages.access_starters import AccessExamples

PURPOSE = "land-right-transfer"
PEOPLE = """
select personal_id from data.citizen
where personal_id <> %s and death_date is null and birth_date < '1990'
order by id limit 2"""


def open_case(connection: Connection[Any], transferor: str) -> AccessExamples:
    """Open the dossier of a transfer by this person, as the land officer would. Raises OperationRefused."""
    buyer, stranger = (row[0] for row in connection.execute(PEOPLE, (transferor,)).fetchall())
    now = datetime.now(UTC)
    officer = next(identity for identity in IDENTITIES if identity.id == "land-officer")
    principal = Principal(
        id=f"{LOCAL_ISSUER}|{officer.id}",
        display_name=officer.display_name,
        is_person=True,
        client_kind=None,
        roles=officer.roles,
        offices=officer.offices,
        acting_app=None,
        scopes=frozenset(),
        expires_at=now,
    )
    parties = (("transferor", transferor), ("transferee", buyer))
    subjects = tuple(NamedSubject(role, "Citizen", field="personal_id", value=value) for role, value in parties)
    office = f"{LAND_OFFICE}@{now.date().isoformat()}"
    new = NewDossier(f"H49.12-{now:%y%m%d}-0001", PURPOSE, office, subjects)
    return AccessExamples(open_dossier(connection, new, principal).code, transferor, stranger)
