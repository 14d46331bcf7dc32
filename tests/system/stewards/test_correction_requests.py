"""Corrections over HTTP, with access on: who may ask for one, who decides, and what each of them sees."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import psycopg
import pytest

from hub.access.callers.api_keys import NewApiKey, create_key
from hub.access.callers.principals import ClientKind, Role
from hub.access.oidc.local_issuer import LocalIdentity, LocalIssuer
from hub.demo.example_correction import open_example_correction
from hub.plan.binds import global_id
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.server.embedded import EmbeddedServer
from hub.web.app import create_app
from tests.conftest import LinkedProvince, copy_database
from tests.serving import served
from tests.system.access.test_access import UNLIMITED

OFFICE, OTHER_OFFICE = "06820@2025-07-01", "00097@2025-07-01"
PORTAL = LocalIdentity("portal", "Cổng dịch vụ công", client_kind=ClientKind.APP)
IDENTITIES = (
    LocalIdentity("an", "Lê An", frozenset({Role.OFFICER}), frozenset({OFFICE})),
    LocalIdentity("binh", "Vũ Bình", frozenset({Role.OFFICER}), frozenset({OFFICE, OTHER_OFFICE})),
    LocalIdentity("explorer", "GraphiQL", client_kind=ClientKind.EXPLORER),
    PORTAL,
)
ISSUER = LocalIssuer("127.0.0.1", IDENTITIES)
DOSSIER, OTHER_DOSSIER = "H49.12-251118-0001", "H49.12-251118-0002"
OPEN_DOSSIER = "mutation ($input: OpenDossierInput!) { openDossier(input: $input) { dossier { code } } }"
STATUS = "correction { id field state source overdue dueAt }"
OPEN = f"mutation ($input: OpenCorrectionInput!) {{ openCorrection(input: $input) {{ {STATUS} }} }}"
WITHDRAW = f"mutation ($input: WithdrawCorrectionInput!) {{ withdrawCorrection(input: $input) {{ {STATUS} }} }}"
DECIDE = f"mutation ($input: DecideCorrectionInput!) {{ decideCorrection(input: $input) {{ {STATUS} }} }}"
QUEUE = """query ($source: String!) {
    corrections(filter: { source: { eq: $source }, state: { in: [OPEN, SENT, ACKNOWLEDGED, REOPENED] } }, orderBy: { since: ASC }, first: 50) {
        totalCount nodes { id field held claimed reason state label { vi en } dossier source } } }"""
OWN = """query ($personalId: PersonalId!) { citizen(by: { personalId: $personalId }) { fullName
    corrections(first: 20) { nodes { field state } }
    landUseRights(first: 50, orderBy: [{ issuedOn: ASC }]) { nodes { area corrections(first: 2) { nodes { field state dueAt } } } } } }"""


@dataclass(frozen=True)
class CorrectionHub:
    """A hub with access on, over a copy of the demonstration's store; the seller has the rights, the stranger others."""

    url: str
    database: str
    seller: tuple[int, str]
    buyer: tuple[int, str]
    stranger: tuple[int, str]
    steward_key: str

    def ask(self, who: str | LocalIdentity, query: str, variables: Any = None, **headers: str) -> httpx2.Response:
        """One request by someone, or with an API key. `dossier=` and `purpose=` become their headers."""
        identity = who if isinstance(who, LocalIdentity) else ISSUER.find_identity(who)
        token = ISSUER.sign_token(identity) if identity else str(who)
        sent = {f"x-hub-{name}": value for name, value in headers.items()} | {"authorization": f"Bearer {token}"}
        body = {"query": query, "variables": variables or {}}
        return httpx2.post(f"{self.url}/graphql", json=body, headers=sent, timeout=30)

    def right_of(self, citizen: int) -> str:
        with psycopg.connect(self.database) as connection:
            row = connection.execute(
                "select r.id from data.land_use_right r join link.land_use_right_holder l on l.record_id = r.id"
                " where l.subject_id = %s and l.status <> 'UNCONFIRMED' and r.status = 'REGISTERED' order by r.id limit 1",
                (citizen,),
            ).fetchone()
        assert row is not None
        return global_id("LandUseRight", row[0])

    def open(
        self, who: str | LocalIdentity = "an", record: str = "", field: str = "area", claimed: Any = "77.5", **more: Any
    ) -> httpx2.Response:
        headers = {name: more.pop(name) for name in ("dossier", "purpose") if name in more}
        given = {
            "recordId": record or self.right_of(self.seller[0]),
            "field": field,
            "claimed": claimed,
            "reason": "sổ đỏ ghi khác",
            **more,
        }
        return self.ask(who, OPEN, {"input": given}, **(headers or {"dossier": DOSSIER}))


@pytest.fixture(scope="module")
def hub(linked_province: LinkedProvince, postgres_server: EmbeddedServer) -> Iterator[CorrectionHub]:
    database = copy_database(postgres_server, linked_province.database, "correction_requests")
    query = (
        "select distinct on (c.id) c.id, c.personal_id from data.citizen c join link.land_use_right_holder l on l.subject_id = c.id"
        " join data.land_use_right r on r.id = l.record_id and r.status = 'REGISTERED'"
        " where l.status <> 'UNCONFIRMED' and l.subject_kind = 'Citizen' and c.death_date is null and c.birth_date < '1990' order by c.id limit 3"
    )
    with psycopg.connect(database, autocommit=True) as connection:
        seller, buyer, stranger = connection.execute(query).fetchall()
        expires_at = datetime.now(UTC) + timedelta(days=1)
        key = create_key(connection, NewApiKey("steward", ClientKind.APP, (), ("source:land",), expires_at))
    app = create_app(
        load_settings(access="on", explorers="masked", **UNLIMITED),
        Logins.by_role(lambda role: postgres_server.login_url(role, "correction_requests")),
        local_issuer=ISSUER,
    )
    with served(app) as url:
        made = CorrectionHub(url, database, seller, buyer, stranger, key)
        for code, first, second in ((DOSSIER, seller, buyer), (OTHER_DOSSIER, stranger, buyer)):
            subjects = [
                {"role": "transferor", "subject": {"citizen": {"personalId": first[1]}}},
                {"role": "transferee", "subject": {"citizen": {"personalId": second[1]}}},
            ]
            given = {"code": code, "purpose": "land-right-transfer", "office": OFFICE, "subjects": subjects}
            assert "errors" not in made.ask("an", OPEN_DOSSIER, {"input": given}).json()
        yield made


def code_of(answer: httpx2.Response) -> str:
    for value in ("77.5", "sổ đỏ"):
        assert value not in answer.text, "an error never has a value"
    (error, *_) = answer.json()["errors"]
    return str(error["extensions"]["code"])


def correction(answer: httpx2.Response) -> dict[str, Any]:
    body = answer.json()
    assert "errors" not in body, body
    (found,) = body["data"].values()
    return dict(found["correction"])


def test_an_officer_asks_under_the_dossier_and_a_steward_decides(hub: CorrectionHub) -> None:
    opened = correction(hub.open(claimed="71"))
    assert (opened["state"], opened["source"], opened["overdue"]) == ("OPEN", "land", False)
    assert correction(hub.open(claimed="71.0"))["id"] == opened["id"], "the same claim again"
    asked = {"source": "land"}
    answer = hub.ask(hub.steward_key, QUEUE, asked, purpose="corrections")
    (seen,) = [one for one in answer.json()["data"]["corrections"]["nodes"] if one["id"] == opened["id"]]
    assert (seen["claimed"], seen["reason"], seen["dossier"]) == ("71", "sổ đỏ ghi khác", DOSSIER)
    assert seen["label"]["vi"]
    assert "~" not in answer.text, "what the ledger needs does not leave the hub"
    refused = hub.ask(
        hub.steward_key, DECIDE, {"input": {"id": opened["id"], "decision": "REFUSE", "answer": "đo đạc lại rồi, đúng"}}
    )
    assert correction(refused)["state"] == "REFUSED"
    assert (
        code_of(hub.ask("an", DECIDE, {"input": {"id": opened["id"], "decision": "ACKNOWLEDGE"}}))
        == "CORRECTION_UNKNOWN"
    )


def test_a_value_is_disputed_where_it_is_read(hub: CorrectionHub) -> None:
    opened = correction(hub.open(claimed="72"))
    portal = replace(PORTAL, personal_ids=frozenset({hub.seller[1]}))

    def list_disputes(query: str) -> list[dict[str, Any]]:
        body = hub.ask(portal, query, {"personalId": hub.seller[1]}, purpose="portal").json()
        rights = body["data"]["citizen"]["landUseRights"]["nodes"]
        return [one for right in rights for one in right["corrections"]["nodes"]]

    assert {"field": "area", "state": "OPEN", "dueAt": opened["dueAt"]} in [
        {**one, "dueAt": datetime.fromisoformat(one["dueAt"]).astimezone(UTC).isoformat()} for one in list_disputes(OWN)
    ]
    without = OWN.replace("{ nodes { area corrections", "{ nodes { certificateSerial corrections")
    assert list_disputes(without) == [], "only of the fields that are read beside"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"dossier": OTHER_DOSSIER}, "NOT_A_SUBJECT"),  # another person's right
        ({"purpose": "identify"}, "NOT_A_SUBJECT"),  # it reads no area
        ({"who": "binh", "purpose": "identify"}, "NOT_A_SUBJECT"),
        ({"field": "registeredBy"}, "CORRECTION_FIELD_UNKNOWN"),
        ({"field": "holderLink.recorded.identifier", "claimed": "022080000001"}, "NOT_A_SUBJECT"),  # not in the documents
        ({"record": "xyz"}, "WRONG_KIND"),
        ({"record": global_id("LandUseRight", 999_999_999)}, "NOT_A_SUBJECT"),
        ({"record": global_id("Decision", 1)}, "WRONG_KIND"),
        ({"claimed": "rộng"}, "CLAIM_INVALID"),
        ({"reason": ""}, "BAD_USER_INPUT"),
        ({"fromDiscrepancy": True}, "BAD_USER_INPUT"),
        ({"who": "explorer", "purpose": "explore"}, "FORBIDDEN_OPERATION"),
    ],
)  # fmt: skip
def test_what_is_refused(hub: CorrectionHub, change: dict[str, Any], code: str) -> None:
    assert code_of(hub.open(**change)) == code


def test_under_no_purpose_nothing_is_asked_for(hub: CorrectionHub) -> None:
    given = {"recordId": hub.right_of(hub.seller[0]), "field": "area", "claimed": "77.5", "reason": "x"}
    assert code_of(hub.ask("an", OPEN, {"input": given})) == "FORBIDDEN_OPERATION"
    assert hub.ask("nobody", OPEN, {"input": given}).status_code == 401


def test_a_citizen_asks_by_a_portal_for_own_data_alone(hub: CorrectionHub) -> None:
    portal = replace(PORTAL, personal_ids=frozenset({hub.seller[1]}))
    own = {
        "record": global_id("Citizen", hub.seller[0]),
        "field": "fullName",
        "claimed": "Nguyễn Thị Mới",
        "purpose": "portal",
    }
    opened = correction(hub.open(portal, **own))
    assert opened["source"] == "population"
    other = replace(PORTAL, personal_ids=frozenset({hub.stranger[1]}))
    assert code_of(hub.open(other, **own)) == "NOT_A_SUBJECT"
    missing = {**own, "field": "landUseRights", "claimed": "DA 12345678"}
    assert correction(hub.open(portal, **missing))["source"] == "land"
    with psycopg.connect(hub.database) as connection:
        origins = connection.execute(
            "select distinct origin from hub.source_correction where purpose = 'portal'"
        ).fetchall()
    assert origins == [("CITIZEN",)]


def test_only_who_asked_takes_back(hub: CorrectionHub) -> None:
    opened = correction(hub.open(claimed="73"))
    taken = {"input": {"id": opened["id"], "reason": "đọc nhầm"}}
    assert code_of(hub.ask("binh", WITHDRAW, taken, dossier=OTHER_DOSSIER)) == "CORRECTION_UNKNOWN"
    assert correction(hub.ask("binh", WITHDRAW, taken, dossier=DOSSIER))["state"] == "WITHDRAWN", (
        "a colleague on the same dossier"
    )
    assert correction(hub.ask("an", WITHDRAW, taken))["state"] == "WITHDRAWN"
    assert code_of(hub.ask("an", WITHDRAW, {"input": {"id": "abc", "reason": "x"}})) == "CORRECTION_UNKNOWN"


def test_a_steward_sees_the_own_source_and_no_other(hub: CorrectionHub) -> None:
    assert code_of(hub.ask(hub.steward_key, QUEUE, {"source": "finance"}, purpose="corrections")) == "NOT_A_SUBJECT"
    assert code_of(hub.ask("an", QUEUE, {"source": "land"}, dossier=DOSSIER)) == "FORBIDDEN_FIELD"
    assert code_of(hub.ask("explorer", QUEUE, {"source": "land"}, purpose="explore")) == "FORBIDDEN_MASKED"


def test_a_steward_asks_for_the_own_copies_that_differ(hub: CorrectionHub) -> None:
    with psycopg.connect(hub.database) as connection:
        row = connection.execute(
            "select record_id from link.discrepancy where record_entity = 'LandUseRight' and record_field = 'holder_name'"
            " and kind = 'DIFFERS' and sys_to is null limit 1"
        ).fetchone()
    assert row is not None
    copy = {"record": global_id("LandUseRight", row[0]), "field": "holderLink.recorded.name", "purpose": "reconcile"}
    opened = correction(hub.open(hub.steward_key, claimed=None, fromDiscrepancy=True, **copy))
    assert opened["source"] == "land"
    assert code_of(hub.open(hub.steward_key, claimed="77.5 Nguyễn", **copy)) == "NOT_A_SUBJECT"


def test_explorers_see_that_something_is_disputed_and_no_value(hub: CorrectionHub) -> None:
    correction(hub.open(claimed="74"))
    query = "{ landUseRights(first: 500) { nodes { area corrections(first: 5) { nodes { field state held claimed reason } } } } }"
    body = hub.ask("explorer", query, purpose="explore").json()
    found = [one for right in body["data"]["landUseRights"]["nodes"] for one in right["corrections"]["nodes"]]
    assert all(one["held"] == one["claimed"] == one["reason"] == "•••" for one in found)


def test_a_prefill_says_which_of_its_values_are_disputed(hub: CorrectionHub) -> None:
    query = """query { prefill(procedure: "land-right-transfer") { answers { values {
        recordId field corrections { id state label { vi } since dueAt overdue words { vi en } } } } } }"""

    def list_values() -> list[dict[str, Any]]:
        body = hub.ask("an", query, dossier=DOSSIER).json()
        assert "errors" not in body, body
        return [value for answer in body["data"]["prefill"]["answers"] for value in answer["values"]]

    value = next(one for one in list_values() if one["field"] == "fullName")
    opened = correction(hub.open(record=value["recordId"], field="fullName", claimed="Nguyễn Văn Khác"))
    disputed = [one for one in list_values() if any(c["id"] == opened["id"] for c in one["corrections"])]
    assert disputed
    assert {(one["recordId"], one["field"]) for one in disputed} == {(value["recordId"], "fullName")}
    assert disputed[0]["corrections"][-1]["words"]["vi"].startswith("Đang chờ chỉnh sửa từ ")
    assert "Khác" not in str(disputed), "the value claimed is not part of it"


def test_the_demonstration_has_one_on_a_discrepancy(hub: CorrectionHub) -> None:
    with psycopg.connect(hub.database, autocommit=True) as connection:
        opened = open_example_correction(connection)
        assert opened is not None
        assert (opened.connector, opened.origin, opened.to_send) == ("land", "DISCREPANCY", None)
        assert opened.claimed != opened.held
        same = open_example_correction(connection)
        assert same is not None
        assert same.id == opened.id
