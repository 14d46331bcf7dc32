"""The log of reads as auditors see it: what each entry says, its filters and pages, and that reading it is an entry too."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

import schema
from hub.access.callers.principals import ClientKind, Role
from hub.access.oidc.local_issuer import LocalIdentity, LocalIssuer
from hub.access.subjects.sealing import lift_restriction, restrict_subject, seal_subject, unseal_subject
from hub.graph.execution.execute import Executor
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.server.embedded import EmbeddedServer
from hub.web.app import create_app
from hub.web.graphql_http.endpoint import GraphQLEndpoint
from tests.conftest import ServedHub
from tests.serving import served
from tests.system.access.test_access import IDENTIFY, OFFICE, OPEN, PREFILL, READ, UNLIMITED, code_of

LOG = (Path(schema.__file__).parent / "purposes" / "audit" / "log.graphql").read_text()
OWN_LOG = (Path(schema.__file__).parent / "purposes" / "portal" / "log.graphql").read_text()
DOSSIER = "H49.12-251118-0801"


@dataclass(frozen=True)
class LogHub:
    """A hub whose log is read, over the demonstration's store."""

    url: str
    issuer: LocalIssuer
    database: str
    seller: str
    seller_id: int
    buyer: str
    executor: Executor

    def ask(
        self, who: str, query: str, variables: dict[str, Any] | None = None, request_id: str = "", **headers: str
    ) -> httpx2.Response:
        identity = self.issuer.find_identity(who)
        assert identity is not None
        sent = {f"x-hub-{name}": value for name, value in headers.items()}
        sent["authorization"] = f"Bearer {self.issuer.sign_token(identity)}"
        if request_id:
            sent["x-request-id"] = request_id
        body = {"query": query, "variables": variables or {}}
        return httpx2.post(f"{self.url}/graphql", json=body, headers=sent, timeout=30)

    def log(self, **conditions: Any) -> dict[str, Any]:
        answer = self.ask("kiem", LOG, conditions, purpose="audit").json()
        assert "errors" not in answer, answer
        found: dict[str, Any] = answer["data"]["accessLog"]
        return found


@pytest.fixture(scope="module")
def hub(served_hub: ServedHub, postgres_server: EmbeddedServer) -> Iterator[LogHub]:
    with psycopg.connect(served_hub.database) as connection:
        seller = connection.execute(
            "select id from data.citizen where personal_id = %s", (served_hub.personal_id,)
        ).fetchone()
        buyer = connection.execute(
            "select personal_id from data.citizen where death_date is null and personal_id <> %s"
            " and birth_date < '1990' order by id limit 1",
            (served_hub.personal_id,),
        ).fetchone()
    assert seller is not None
    assert buyer is not None
    issuer = LocalIssuer(
        "127.0.0.1",
        (
            LocalIdentity("an", "Lê An", frozenset({Role.OFFICER}), frozenset({OFFICE})),
            LocalIdentity("kiem", "Trần Kiểm", frozenset({Role.AUDITOR})),
            LocalIdentity(
                "portal", "Cổng", client_kind=ClientKind.APP, personal_ids=frozenset({served_hub.personal_id})
            ),
            LocalIdentity("buyer", "Cổng", client_kind=ClientKind.APP, personal_ids=frozenset({buyer[0]})),
            LocalIdentity("nobody", "Cổng", client_kind=ClientKind.APP),
        ),
    )
    name = str(conninfo_to_dict(served_hub.database)["dbname"])
    logins = Logins.by_role(lambda role: postgres_server.login_url(role, name))
    app = create_app(load_settings(access="on", **UNLIMITED), logins, local_issuer=issuer)
    assert isinstance(app.graphql, GraphQLEndpoint)
    with served(app) as url:
        made = LogHub(
            url, issuer, served_hub.database, served_hub.personal_id, seller[0], buyer[0], app.graphql.executor
        )
        subjects = [
            {"role": role, "subject": {"citizen": {"personalId": person}}}
            for role, person in (("transferor", made.seller), ("transferee", made.buyer))
        ]
        given = {"code": DOSSIER, "purpose": "land-right-transfer", "office": OFFICE, "subjects": subjects}
        assert "errors" not in made.ask("an", OPEN, {"input": given}).json()
        yield made


def test_an_entry_says_who_read_what_and_why(hub: LogHub) -> None:
    hub.ask("an", READ, {"personalId": hub.seller}, request_id="a-request-of-the-test", dossier=DOSSIER)
    entry = hub.log(dossier=DOSSIER, first=1)["nodes"][0]
    assert (entry["kind"], entry["outcome"], entry["code"]) == ("READ", "ANSWERED", None)
    assert (entry["principal"], entry["purpose"], entry["dossier"]) == (
        "urn:hub:demo|an",
        "land-right-transfer",
        DOSSIER,
    )
    assert (entry["office"], entry["requestId"], entry["count"]) == (OFFICE, "a-request-of-the-test", 1)
    assert entry["paths"] == ["citizen.fullName", "citizen.landUseRights.nodes.certificateSerial"]
    assert {"role": "transferor", "people": 1} in entry["people"]
    assert {source["source"] for source in entry["sources"]} >= {"population", "land"}
    assert entry["intact"] is True
    with psycopg.connect(hub.database) as connection:
        row = connection.execute(
            "select record from ledger.record where epoch = %s and number = %s", (entry["epoch"], entry["number"])
        ).fetchone()
    assert row is not None
    assert hashlib.sha256(row[0]).hexdigest() == entry["hash"], "an auditor can find it in an export"


def test_who_opens_a_dossier_is_in_the_log_of_everyone_named(hub: LogHub) -> None:
    subjects = [
        {"role": role, "subject": {"citizen": {"personalId": person}}}
        for role, person in (("transferor", hub.seller), ("transferee", "022099999999"))
    ]
    given = {"code": "H49.12-251118-0802", "purpose": "land-right-transfer", "office": OFFICE, "subjects": subjects}
    assert "errors" not in hub.ask("an", OPEN, {"input": given}).json()
    entry = hub.log(personalId=hub.seller, first=1)["nodes"][0]
    assert (entry["principal"], entry["purpose"], entry["office"]) == ("urn:hub:demo|an", "land-right-transfer", OFFICE)
    assert (entry["dossier"], entry["people"]) == (given["code"], [{"role": "requested", "people": 1}])
    assert hub.log(dossier=given["code"])["nodes"][0]["outcome"] == "ANSWERED"


def test_who_was_looked_up_without_a_dossier_is_in_the_log_too(hub: LogHub) -> None:
    """A refusal may tell of a person: that two identifiers are one person's, or that somebody is dead."""
    subjects = [
        {"role": role, "subject": {"citizen": {"personalId": hub.seller}}} for role in ("transferor", "transferee")
    ]
    given = {"code": "H49.12-251118-0803", "purpose": "land-right-transfer", "office": OFFICE, "subjects": subjects}
    assert code_of(hub.ask("an", OPEN, {"input": given})) == "SUBJECT_IN_TWO_ROLES"
    entry = hub.log(personalId=hub.seller, first=1)["nodes"][0]
    assert (entry["outcome"], entry["code"]) == ("REFUSED", "SUBJECT_IN_TWO_ROLES")
    assert (entry["purpose"], entry["dossier"]) == ("land-right-transfer", None)


def test_looking_up_nobody_for_a_dossier_is_in_the_log(hub: LogHub) -> None:
    subjects = [
        {"role": role, "subject": {"citizen": {"personalId": f"02209999999{number}"}}}
        for number, role in enumerate(("transferor", "transferee"))
    ]
    given = {"code": "H49.12-251118-0804", "purpose": "land-right-transfer", "office": OFFICE, "subjects": subjects}
    assert "errors" not in hub.ask("an", OPEN, {"input": given}).json()
    (entry,) = hub.log(dossier=given["code"])["nodes"]
    assert (entry["purpose"], entry["people"]) == ("land-right-transfer", [])


@pytest.mark.parametrize(
    ("who", "headers", "code"),
    [
        ("an", {"purpose": "audit"}, "PURPOSE_FORBIDDEN"),
        ("kiem", {}, "FORBIDDEN_FIELD"),
        ("kiem", {"purpose": "statistics"}, "FORBIDDEN_FIELD"),
        ("portal", {"purpose": "portal"}, "FORBIDDEN_FIELD"),
    ],
)
def test_only_auditors_read_it_and_only_to_audit(hub: LogHub, who: str, headers: dict[str, str], code: str) -> None:
    assert code_of(hub.ask(who, LOG, {}, **headers)) == code


def test_reading_it_is_an_entry_of_it(hub: LogHub) -> None:
    hub.log(principal="urn:hub:demo|an", purpose="identify", first=3)
    entry = hub.log(kind="AUDIT", first=1)["nodes"][0]
    assert (entry["principal"], entry["purpose"], entry["outcome"]) == ("urn:hub:demo|kiem", "audit", "ANSWERED")
    assert entry["details"][0] == "looked_for: principal=urn:hub:demo|an, purpose=identify"


@pytest.mark.parametrize("condition", ["principal", "app", "purpose", "dossier", "office", "code"])
def test_what_an_auditor_types_is_not_written_down(hub: LogHub, condition: str) -> None:
    hub.log(**{condition: f"Nguyễn Văn Hoà {hub.seller}"}, first=1)
    entry = hub.log(kind="AUDIT", first=1)["nodes"][0]
    assert entry["details"][0] == f"looked_for: {condition}=another text"


def test_who_looks_for_a_person_is_in_that_persons_log(hub: LogHub) -> None:
    hub.ask("an", IDENTIFY, {"personalId": hub.seller}, purpose="identify")
    found = hub.log(personalId=hub.seller, first=1)["nodes"][0]
    assert (found["purpose"], found["office"]) == ("identify", OFFICE), "the only office of the officer"
    again = hub.log(personalId=hub.seller, first=1)["nodes"][0]
    assert (again["kind"], again["principal"]) == ("AUDIT", "urn:hub:demo|kiem")
    assert again["details"][0] == "looked_for: one person"
    assert hub.seller not in str(again)


def test_a_person_is_found_by_id_and_by_whoever_was_merged_into_them(hub: LogHub) -> None:
    with psycopg.connect(hub.database, autocommit=True) as connection:
        younger = connection.execute(
            "select c.id, c.personal_id, encode(convert_to('Citizen:' || c.id, 'UTF8'), 'base64') from data.citizen c"
            " where c.id <> %s and not exists (select from link.heir h where c.id in (h.subject_id, h.heir_id))"
            " and c.death_date is null order by c.id desc limit 1",
            (hub.seller_id,),
        ).fetchone()
        assert younger is not None
        number, personal_id, global_id = younger
        hub.ask("an", IDENTIFY, {"personalId": personal_id}, request_id="before-the-merge", purpose="identify")
        connection.execute("insert into link.heir values (%s, %s, 'Citizen', now())", (number, hub.seller_id))
        try:
            for named in ({"personalId": hub.seller}, {"personalId": personal_id}, {"subject": global_id.strip()}):
                found = hub.log(**named, purpose="identify")["nodes"]
                assert "before-the-merge" in {entry["requestId"] for entry in found}, named
        finally:
            connection.execute("delete from link.heir where subject_id = %s", (number,))
    found = hub.log(personalId=hub.seller, purpose="identify")["nodes"]
    assert "before-the-merge" not in {entry["requestId"] for entry in found}


def test_pages_follow_each_other_and_give_each_entry_once(hub: LogHub) -> None:
    for _ in range(7):
        hub.ask("an", IDENTIFY, {"personalId": hub.buyer}, purpose="identify")
    conditions = {"personalId": hub.buyer, "purpose": "identify"}
    every = [entry["id"] for entry in hub.log(**conditions, first=200)["nodes"]]
    walked: list[str] = []
    after = None
    while True:
        page = hub.log(**conditions, first=3, after=after)
        walked += [entry["id"] for entry in page["nodes"]]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert walked == every
    assert len(walked) >= 7
    times = [entry["at"] for entry in hub.log(first=200)["nodes"]]
    assert times == sorted(times, reverse=True)


def test_a_time_range_includes_its_start_and_not_its_end(hub: LogHub) -> None:
    hub.ask("an", IDENTIFY, {"personalId": hub.buyer}, purpose="identify")
    at = hub.log(purpose="identify", first=1)["nodes"][0]["at"]
    assert [e["at"] for e in hub.log(since=at, purpose="identify")["nodes"]] == [at]
    assert at not in [e["at"] for e in hub.log(until=at, purpose="identify")["nodes"]]
    later = (datetime.now(UTC) + timedelta(days=70)).isoformat()
    assert hub.log(since=later)["nodes"] == []


def test_refusals_are_found_by_code_and_outcome(hub: LogHub) -> None:
    hub.ask("an", READ, {"personalId": "001099999999"}, dossier=DOSSIER)
    entry = hub.log(outcome="REFUSED", code="NOT_A_SUBJECT", first=1)["nodes"][0]
    assert (entry["dossier"], entry["people"]) == (DOSSIER, [])


def find_stranger(hub: LogHub) -> tuple[int, str]:
    """Number and identifier of somebody who is in no dossier."""
    with psycopg.connect(hub.database) as connection:
        row = connection.execute(
            "select c.id, c.personal_id from data.citizen c where c.death_date is null"
            " and not exists (select from hub.dossier_subject s where s.subject_id = c.id)"
            " and not exists (select from link.heir h where c.id in (h.subject_id, h.heir_id))"
            " and c.personal_id not in (%s, %s) order by c.id desc limit 1",
            (hub.seller, hub.buyer),
        ).fetchone()
    assert row is not None
    return row


LITERAL = """{ citizen(by: { personalId: "PERSON" }) { ...Named } } fragment Named on Citizen { fullName birthDate }"""
BY_ID = """query ($id: ID!) { node(id: $id) { ... on Citizen { fullName } } }"""


@pytest.mark.parametrize("how", ["variable", "literal", "id", "no purpose"])
def test_who_tried_to_look_at_somebody_is_found_by_person(hub: LogHub, how: str) -> None:
    number, person = find_stranger(hub)
    global_id = base64.b64encode(f"Citizen:{number}".encode()).decode()
    sent = {
        "request_id": f"somebody-tried-by-{how.replace(' ', '-')}",
        **({} if how == "no purpose" else {"dossier": DOSSIER}),
    }
    if how == "id":
        answer = hub.ask("an", BY_ID, {"id": global_id}, **sent)
    elif how == "literal":
        answer = hub.ask("an", LITERAL.replace("PERSON", person), **sent)
    else:
        answer = hub.ask("an", READ, {"personalId": person}, **sent)
    assert code_of(answer) in {"NOT_A_SUBJECT", "FORBIDDEN_FIELD", "FORBIDDEN_ARGUMENT"}
    entry = next(e for e in hub.log(personalId=person, first=5)["nodes"] if e["kind"] == "READ")
    assert (entry["requestId"], entry["outcome"], entry["principal"]) == (
        sent["request_id"],
        "REFUSED",
        "urn:hub:demo|an",
    )
    assert entry["people"] == [{"role": "refused", "people": 1}]


@pytest.mark.parametrize("kind", ["RESTRICTION", "SEAL"])
@pytest.mark.parametrize("query", [READ, PREFILL], ids=["named", "by the dossier"])
def test_who_met_somebody_withheld_is_found_by_person(hub: LogHub, kind: str, query: str) -> None:
    with psycopg.connect(hub.database, autocommit=True) as connection, withholding(hub, connection, kind):
        answer = hub.ask("an", query, {"personalId": hub.seller} if query == READ else {}, dossier=DOSSIER)
    if query == READ:
        assert code_of(answer) == ("SUBJECT_SEALED" if kind == "SEAL" else "SUBJECT_RESTRICTED")
    entry = next(e for e in hub.log(personalId=hub.seller, first=5)["nodes"] if e["kind"] == "READ")
    # A prefill goes on without whoever may not be shown.
    assert (entry["outcome"] == "REFUSED") is (query == READ)
    assert "transferor" not in {role["role"] for role in entry["people"]}
    assert {"role": "refused", "people": 1} in entry["people"]


@contextmanager
def withholding(hub: LogHub, connection: psycopg.Connection[Any], kind: str) -> Iterator[None]:
    """The seller is sealed or restricted, and every process knows it."""
    if kind == "SEAL":
        seal_subject(connection, "Citizen", hub.seller_id, "ADOPTION", "test")
    else:
        restrict_subject(connection, "Citizen", hub.seller_id, "REQUEST", "test", "test")
    hub.executor.access.sealed.forget()
    try:
        yield
    finally:
        (unseal_subject if kind == "SEAL" else lift_restriction)(connection, "Citizen", hub.seller_id)
        hub.executor.access.sealed.forget()


@pytest.mark.parametrize(
    ("conditions", "code"),
    [
        ({"after": "bm9ub25l"}, "BAD_CURSOR"),
        ({"after": "x" * 500}, "BAD_CURSOR"),
        ({"first": 201}, "FORBIDDEN_ARGUMENT"),
        ({"first": 0}, "BAD_USER_INPUT"),
        ({"personalId": "001099999999"}, "SUBJECT_UNKNOWN"),
        ({"subject": "UGFyY2VsOjE="}, "WRONG_KIND"),
        ({"subject": "x"}, "WRONG_KIND"),
        ({"subject": "Q2l0aXplbjox", "personalId": "001099999999"}, "BAD_USER_INPUT"),
        ({"principal": "x" * 201}, "BAD_USER_INPUT"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(hub: LogHub, conditions: dict[str, Any], code: str) -> None:
    answer = hub.ask("kiem", LOG, conditions, purpose="audit")
    assert code_of(answer) == code, answer.text


def test_a_text_that_holds_a_condition_is_not_that_condition(hub: LogHub) -> None:
    hub.log(principal='","purpose":"identify"', purpose="audit")
    assert all(entry["purpose"] == "identify" for entry in hub.log(purpose="identify", first=200)["nodes"])


def test_an_edited_record_is_shown_as_such(hub: LogHub) -> None:
    hub.ask("an", IDENTIFY, {"personalId": hub.buyer}, request_id="to-be-edited-by-hand", purpose="identify")
    entry = hub.log(purpose="identify", first=1)["nodes"][0]
    place = (entry["epoch"], entry["number"])
    with psycopg.connect(hub.database, autocommit=True) as connection:
        kept = connection.execute("select record from ledger.record where epoch = %s and number = %s", place).fetchone()
        assert kept is not None
        for record in (kept[0].replace(b"urn:hub:demo|an", b"urn:hub:demo|x"), b"no json"):
            connection.execute(
                "update ledger.record set record = %s where epoch = %s and number = %s", (record, *place)
            )
            try:
                found = next(e for e in hub.log(first=50)["nodes"] if (e["epoch"], e["number"]) == place)
            finally:
                connection.execute(
                    "update ledger.record set record = %s where epoch = %s and number = %s", (kept[0], *place)
                )
            assert found["intact"] is False
    assert hub.log(purpose="identify", first=1)["nodes"][0]["intact"] is True
