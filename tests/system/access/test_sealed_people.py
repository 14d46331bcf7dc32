"""Sealed people, wherever an answer could tell of them without a row of theirs: their key in another's row, a page's existence."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from hub.access.subjects.sealing import seal_subject, unseal_subject
from hub.plan.binds import global_id, read_global_id
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


QUEUE = """query ($first: Int = 50, $after: String) { reviewQueue(first: $first, after: $after) {
    pageInfo { endCursor } nodes { recordId record { id
        ... on LandUseRight { holderLink { status recorded { name identifier address } } }
        ... on TaxObligation { debtorLink { status recorded { name identifier address } } } }
    candidates { subjectId evidence { comparison outcome } subject { id
        ... on Citizen { fullName } ... on Household { headPersonalId } } } } } }"""


def read_queue(hub: AccessHub, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = hub.ask("chi", QUEUE, given, purpose="review").json()
    return answer


def list_nodes(answer: dict[str, Any]) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = answer["data"]["reviewQueue"]["nodes"]
    return nodes


@pytest.fixture(scope="module")
def asked(served_hub: ServedHub, postgres_server: EmbeddedServer) -> list[dict[str, Any]]:
    """The questions of the queue while nobody is sealed."""
    with served(make_app(served_hub, postgres_server)) as url:
        answer = read_queue(AccessHub(url, "", "", "", 0))
    assert "errors" not in answer, answer["errors"]
    return list_nodes(answer)


def test_a_question_about_a_sealed_candidate_is_left_out_alone(
    served_hub: ServedHub, postgres_server: EmbeddedServer, asked: list[dict[str, Any]]
) -> None:
    about = [(node, read_global_id(one["subjectId"])) for node in asked for one in node["candidates"]]
    _, (_, number) = next(one for one in about if one[1][0] == "Citizen" and one[0]["record"]["id"] is not None)
    sealed = global_id("Citizen", number or 0)
    gone = {node["recordId"] for node in asked if sealed in [one["subjectId"] for one in node["candidates"]]}
    kept = [node["recordId"] for node in asked if node["recordId"] not in gone]
    with psycopg.connect(served_hub.database, autocommit=True) as connection:
        seal_subject(connection, "Citizen", number or 0, "WITNESS_PROTECTION", "chief")
        try:
            with served(make_app(served_hub, postgres_server)) as url:
                hub, before = AccessHub(url, "", "", "", 0), count_alarms(served_hub)
                answer = read_queue(hub)
                assert sealed not in str(answer)
                found = [node["recordId"] for node in list_nodes(answer)]
                assert [one for one in found if one in kept] == kept, "the others stay, with their candidates"
                assert gone.isdisjoint(found)
                assert all(node["candidates"] for node in list_nodes(answer))
                read_queue(hub)
                assert count_alarms(served_hub) > before
                for first in (1, 2):
                    assert len(list_nodes(read_queue(hub, first=first))) == first, "one question a screen goes on"
                record = gone.pop()
                decided = hub.ask(
                    "chi",
                    DECIDE,
                    {"recordId": record, "subjectId": sealed, "field": "LAND_USE_RIGHT_HOLDER"},
                    purpose="review",
                )
                assert code_of(decided) in ("SUBJECT_SEALED", "WRONG_KIND"), decided.text
        finally:
            unseal_subject(connection, "Citizen", number or 0)
            connection.execute("delete from hub.alarm where kind = 'SEALED_SUBJECT'")


DECIDE = """mutation ($field: LinkedField!, $recordId: ID!, $subjectId: ID!) {
    decideLink(input: { field: $field, recordId: $recordId, subjectId: $subjectId, verdict: SAME, reason: "thử" }) {
        decision { id } } }"""


def test_one_withheld_row_of_a_page_of_questions_is_missing_alone(
    served_hub: ServedHub, postgres_server: EmbeddedServer, asked: list[dict[str, Any]]
) -> None:
    """Somebody who is no candidate, but whose identifier one record states, as written down."""
    link = next(
        (node["recordId"], name, node["record"][f"{name}Link"]["recorded"]["identifier"])
        for node in asked
        for name in ("holder", "debtor")
        if f"{name}Link" in node["record"]
    )
    kind, number = read_global_id(link[0])
    table, column = (
        {"LandUseRight": "land_use_right", "TaxObligation": "tax_obligation"}[str(kind)],
        f"{link[1]}_identifier",
    )
    with psycopg.connect(served_hub.database, autocommit=True) as connection:
        person = connection.execute(
            "select id, personal_id from data.citizen where not id = any(%s) order by id desc limit 1",
            ([read_global_id(one["subjectId"])[1] for node in asked for one in node["candidates"]],),
        ).fetchone()
        assert person is not None
        connection.execute(f"update data.{table} set {column} = %s where id = %s", (person[1], number))
        seal_subject(connection, "Citizen", person[0], "COURT_ORDER", "chief")
        try:
            with served(make_app(served_hub, postgres_server)) as url:
                before = count_alarms(served_hub)
                answer = read_queue(AccessHub(url, "", "", "", 0))
                nodes = list_nodes(answer)
                missing = [node["recordId"] for node in nodes if node["record"] is None]
                assert missing == [link[0]]
                assert {error["extensions"]["code"] for error in answer["errors"]} == {"SUBJECT_SEALED"}
                assert person[1] not in str(answer)
                assert count_alarms(served_hub) == before + 1, "one alarm for one list"
        finally:
            connection.execute(f"update data.{table} set {column} = %s where id = %s", (link[2], number))
            unseal_subject(connection, "Citizen", person[0])
            connection.execute("delete from hub.alarm where kind = 'SEALED_SUBJECT'")
