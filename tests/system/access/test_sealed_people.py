"""Sealed people, wherever an answer could tell of them without a row of theirs: their key in another's row, a page's existence."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from hub.access.subjects.sealing import seal_subject, unseal_subject
from hub.store.server.embedded import EmbeddedServer
from tests.conftest import ServedHub
from tests.serving import served
from tests.system.access.test_access import AccessHub, code_of, make_app

DOSSIER = "H49.12-251118-0971"
FAMILY = """
select m.personal_id, head.id, head.personal_id, head.full_name, head.birth_date
from data.household h join data.household_membership hm using (household_code)
join link.household_membership_member l on l.record_id = hm.id and l.status in ('CONFIRMED', 'PROBABLE')
join data.citizen m on m.id = l.subject_id and m.death_date is null and m.sex = 'FEMALE' and m.birth_date < '1995'
join data.citizen head on head.personal_id = h.head_personal_id and head.id <> m.id
order by m.id limit 1"""
HOUSEHOLD_OF = """query ($id: PersonalId!) { citizen(by: { personalId: $id }) { fullName
    memberships(first: 5) { nodes { household { %s address } } } } }"""
BY_NAME = """query ($f: String!, $b: PartialDate!) {
    citizens(first: %s, filter: { fullName: { eq: $f }, birthDate: { eq: $b } }) { pageInfo { hasNextPage } %s } }"""


@pytest.fixture(scope="module")
def family(served_hub: ServedHub) -> tuple[str, int, str, str, str]:
    """A woman's identifier; number, identifier, name and birth date of the head of her household."""
    with psycopg.connect(served_hub.database) as connection:
        found = connection.execute(FAMILY).fetchone()
    assert found is not None
    return found[0], found[1], found[2], found[3], found[4]


@pytest.fixture(scope="module")
def hub(
    served_hub: ServedHub, postgres_server: EmbeddedServer, family: tuple[str, int, str, str, str]
) -> Iterator[AccessHub]:
    """A hub that begins when the head of the household is sealed already."""
    member, number, head, *_ = family
    with psycopg.connect(served_hub.database, autocommit=True) as connection:
        seal_subject(connection, "Citizen", number, "WITNESS_PROTECTION", "chief")
        try:
            with served(make_app(served_hub, postgres_server)) as url:
                yield AccessHub(url, member, head, member, number)
        finally:
            unseal_subject(connection, "Citizen", number)
            connection.execute("delete from hub.alarm where kind = 'SEALED_SUBJECT'")


def count_alarms(served_hub: ServedHub) -> int:
    with psycopg.connect(served_hub.database) as connection:
        row = connection.execute("select count(*) from hub.alarm where kind = 'SEALED_SUBJECT'").fetchone()
    assert row is not None
    return int(row[0])


def test_a_sealed_head_of_household_is_not_told_by_the_household(hub: AccessHub, served_hub: ServedHub) -> None:
    mother: dict[str, Any] = {"role": "mother", "subject": {"citizen": {"personalId": hub.seller}}}
    opened = hub.open("an", DOSSIER, purpose="birth-residence-health-card", subjects=[mother]).json()
    assert "errors" not in opened, opened
    before = count_alarms(served_hub)
    told = hub.ask("an", HOUSEHOLD_OF % "headPersonalId", {"id": hub.seller}, dossier=DOSSIER)
    assert (code_of(told), told.json()["data"]) == ("SUBJECT_SEALED", None)
    assert count_alarms(served_hub) == before + 1
    other = hub.ask("an", HOUSEHOLD_OF % "householdCode", {"id": hub.seller}, dossier=DOSSIER).json()
    assert other["data"]["citizen"]["memberships"]["nodes"], "her own household, without its head, is shown"


@pytest.mark.parametrize(("size", "nodes"), [("0", ""), ("0", "nodes { fullName }"), ("5", "")])
def test_a_page_without_rows_is_no_oracle(
    hub: AccessHub, served_hub: ServedHub, family: tuple[str, int, str, str, str], size: str, nodes: str
) -> None:
    before = count_alarms(served_hub)
    given = {"f": family[3], "b": family[4]}
    assert code_of(hub.ask("an", BY_NAME % (size, nodes), given, purpose="identify")) == "SUBJECT_SEALED"
    assert count_alarms(served_hub) == before + 1
