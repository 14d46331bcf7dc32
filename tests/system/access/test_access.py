"""Access end to end, over HTTP: who asks, for what purpose, on which dossier; and what each refusal looks like."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from hub.access.callers.api_keys import NewApiKey, create_key
from hub.access.callers.principals import ClientKind, Principal, Role
from hub.access.oidc.local_issuer import LocalIdentity, LocalIssuer
from hub.access.purpose_declaration import CALLER_ATTRIBUTES
from hub.access.subjects.sealing import seal_subject, unseal_subject
from hub.cli import main
from hub.graph.permission.callers import caller_attributes
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.server.embedded import EmbeddedServer
from hub.web.app import create_app
from hub.web.edge import Edge
from tests.conftest import ServedHub
from tests.serving import served

OFFICE, OTHER_OFFICE = "06820@2025-07-01", "00097@2025-07-01"
IDENTITIES = (
    LocalIdentity("an", "Lê An", frozenset({Role.OFFICER}), frozenset({OFFICE})),
    LocalIdentity("giang", "Hồ Giang", frozenset({Role.OFFICER}), frozenset({OFFICE})),
    LocalIdentity("binh", "Vũ Bình", frozenset({Role.OFFICER}), frozenset({OTHER_OFFICE})),
    LocalIdentity("chi", "Đỗ Chi", frozenset({Role.REVIEWER})),
    LocalIdentity("dung", "Ngô Dung", frozenset({Role.OPERATOR})),
    LocalIdentity("app", "Sở Tài chính", client_kind=ClientKind.APP),
    LocalIdentity("explorer", "GraphiQL", client_kind=ClientKind.EXPLORER),
)
EVERY_KIND = ",".join(f"{kind}=off" for kind in ("officer", "reviewer", "operator", "app", "explorer"))
UNLIMITED = dict.fromkeys(("reads_per_minute", "subjects_per_hour", "refusals_per_hour", "misses_per_hour"), EVERY_KIND)
"""Tests of other things refuse more often within an hour than an officer may be."""
ISSUER = LocalIssuer("127.0.0.1", IDENTITIES)
OPEN = "mutation ($input: OpenDossierInput!) { openDossier(input: $input) { dossier { code outcome subjects { role found } } } }"
END = "mutation ($input: EndDossierInput!) { endDossier(input: $input) { dossier { outcome } } }"
READ = """query ($personalId: PersonalId!) { citizen(by: { personalId: $personalId }) {
    name: fullName landUseRights(first: 3, filter: { status: { eq: REGISTERED } }, orderBy: [{ issuedOn: ASC }]) {
        nodes { certificateSerial } } } }"""
PREFILL = """{ prefill(procedure: "land-right-transfer") {
    dossier subjects { role } answers { requirement { code } role status reasons } } }"""
IDENTIFY = "query ($personalId: PersonalId!) { citizen(by: { personalId: $personalId }) { fullName birthDate } }"


@dataclass(frozen=True)
class AccessHub:
    """A hub with access on, over the demonstration's store."""

    url: str
    seller: str
    buyer: str
    stranger: str
    seller_id: int

    def ask(
        self,
        who: str | None,
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        path: str = "/graphql",
        **headers: str,
    ) -> httpx2.Response:
        """One request. `dossier=` and `purpose=` become their headers."""
        sent = {f"x-hub-{name}": value for name, value in headers.items()}
        if who is not None:
            identity = ISSUER.find_identity(who)
            assert identity is not None
            sent["authorization"] = f"Bearer {ISSUER.sign_token(identity)}"
        return httpx2.post(
            f"{self.url}{path}", json={"query": query, "variables": variables or {}}, headers=sent, timeout=30
        )

    def open(self, who: str, dossier: str, **change: Any) -> httpx2.Response:
        subjects = [
            {"role": "transferor", "subject": {"citizen": {"personalId": self.seller}}},
            {"role": "transferee", "subject": {"citizen": {"personalId": self.buyer}}},
        ]
        given = {"code": dossier, "purpose": "land-right-transfer", "office": OFFICE, "subjects": subjects, **change}
        return self.ask(who, OPEN, {"input": given})


def code_of(answer: httpx2.Response) -> str:
    (error, *_) = answer.json()["errors"]
    return str(error["extensions"]["code"])


def make_app(served_hub: ServedHub, server: EmbeddedServer, **changed: Any) -> Edge:
    """The application as it is deployed: access on, reading as hub_reader and writing as hub_clerk."""
    name = conninfo_to_dict(served_hub.database)["dbname"]
    logins = Logins.by_role(lambda role: server.login_url(role, str(name)))
    settings = load_settings(access="on", **(UNLIMITED | changed))
    return create_app(settings, logins, local_issuer=ISSUER)


@pytest.fixture(scope="module")
def hub(served_hub: ServedHub, postgres_server: EmbeddedServer) -> Iterator[AccessHub]:
    with psycopg.connect(served_hub.database) as connection:
        rows = connection.execute(
            "select personal_id, id from data.citizen where death_date is null and personal_id <> %s"
            " and birth_date < '1990' order by id limit 2",
            (served_hub.personal_id,),
        ).fetchall()
        seller = connection.execute(
            "select id from data.citizen where personal_id = %s", (served_hub.personal_id,)
        ).fetchone()
    assert seller is not None
    with served(make_app(served_hub, postgres_server)) as url:
        made = AccessHub(url, served_hub.personal_id, rows[0][0], rows[1][0], seller[0])
        opened = made.open("an", "H49.12-251118-0001")
        assert "errors" not in opened.json(), opened.text
        yield made


DOSSIER = "H49.12-251118-0001"


def test_an_officer_reads_under_the_dossier(hub: AccessHub) -> None:
    answer = hub.ask("an", READ, {"personalId": hub.seller}, dossier=DOSSIER).json()
    assert answer["data"]["citizen"]["name"]
    assert "~" not in json.dumps(answer), "what the ledger needs does not leave the hub"


def test_the_dossier_s_procedure_is_prefilled_for_its_subjects(hub: AccessHub) -> None:
    filled = hub.ask("an", PREFILL, dossier=DOSSIER).json()["data"]["prefill"]
    assert (filled["dossier"], [one["role"] for one in filled["subjects"]]) == (DOSSIER, ["transferor", "transferee"])
    held = {a["requirement"]["code"] for a in filled["answers"] if a["status"] == "HELD"}
    assert held >= {"transferor_name", "transferee_name", "certificate_serial"}
    assert "~" not in json.dumps(filled), "what the ledger needs does not leave the hub"


@pytest.mark.parametrize(
    ("query", "headers", "code"),
    [
        (PREFILL, {}, "DOSSIER_NEEDED"),
        (PREFILL, {"purpose": "identify"}, "DOSSIER_NEEDED"),
        (PREFILL.replace("land-right-transfer", "identify"), {"dossier": DOSSIER}, "UNKNOWN_PROCEDURE"),
        (PREFILL.replace('transfer")', 'transfer", subjects: [])'), {"dossier": DOSSIER}, None),
        (PREFILL.replace('transfer")', 'transfer", subjects: [{ role: "transferor", subject: { citizen: { personalId: "022080683727" } } }])'), {"dossier": DOSSIER}, "BAD_USER_INPUT"),
        (PREFILL.replace("{ prefill", "{ citizens { totalCount } prefill", 1), {"dossier": DOSSIER}, "FORBIDDEN_FIELD"),
    ],
)  # fmt: skip
def test_prefill_is_for_the_dossier_alone(
    hub: AccessHub, query: str, headers: dict[str, str], code: str | None
) -> None:
    answer = hub.ask("an", query, **headers)
    assert ("errors" not in answer.json()) if code is None else code_of(answer) == code


@pytest.mark.parametrize(
    ("key", "scalar"), [("enterpriseCode", "EnterpriseCode"), ("registrationNumber", "RegistrationNumber")]
)
def test_a_business_is_found_by_its_code_and_by_nothing_less(
    hub: AccessHub, served_hub: ServedHub, key: str, scalar: str
) -> None:
    with psycopg.connect(served_hub.database) as connection:
        row = connection.execute(
            "select enterprise_code, registration_number, legal_name from data.business where enterprise_code is not null order by id limit 1"
        ).fetchone()
    assert row is not None
    value = row[0] if key == "enterpriseCode" else row[1]
    query = f"query ($given: {scalar}!) {{ business(by: {{ {key}: $given }}) {{ legalName status }} }}"
    found = hub.ask("an", query, {"given": value}, purpose="identify").json()
    assert found["data"]["business"]["legalName"] == row[2], found
    roles = query.replace("legalName status", "roles(first: 1) { nodes { role } }")
    assert code_of(hub.ask("an", roles, {"given": value}, purpose="identify")) == "FORBIDDEN_FIELD"
    assert (
        code_of(hub.ask("an", "{ businesses(first: 1) { nodes { legalName } } }", purpose="identify"))
        == "FORBIDDEN_FIELD"
    )


def test_the_holder_of_a_certificate_is_found_by_its_serial_and_by_nothing_less(
    hub: AccessHub, served_hub: ServedHub
) -> None:
    with psycopg.connect(served_hub.database) as connection:
        row = connection.execute(
            "select r.certificate_serial, c.full_name from data.land_use_right r join link.land_use_right_holder l"
            " on l.record_id = r.id and l.status <> 'UNCONFIRMED' join data.citizen c on c.id = l.subject_id"
            " where r.certificate_serial is not null order by r.id limit 1"
        ).fetchone()
    assert row is not None
    query = """query ($certificateSerial: CertificateSerial!) {
        landUseRights(first: 2, filter: { certificateSerial: { eq: $certificateSerial } }) {
            nodes { holder { ... on Citizen { fullName } } } } }"""
    found = hub.ask("an", query, {"certificateSerial": row[0]}, purpose="identify").json()
    assert {"holder": {"fullName": row[1]}} in found["data"]["landUseRights"]["nodes"], found
    for wider in (
        query.replace("CertificateSerial!", "String!").replace("eq:", "prefix:"),
        query.replace("{ fullName }", "{ fullName landUseRights { totalCount } }"),
    ):
        refused = hub.ask("an", wider, {"certificateSerial": row[0]}, purpose="identify")
        assert refused.json()["errors"][0]["extensions"]["code"].startswith("FORBIDDEN"), refused.text
    assert code_of(hub.ask("an", query, {"certificateSerial": row[0]})) == "FORBIDDEN_FIELD"


def test_another_person_is_not_read_under_it(hub: AccessHub) -> None:
    answer = hub.ask("an", READ, {"personalId": hub.stranger}, dossier=DOSSIER)
    assert code_of(answer) == "NOT_A_SUBJECT"
    assert hub.stranger not in answer.text


def test_the_transferee_is_not_read_as_the_transferor(hub: AccessHub) -> None:
    assert code_of(hub.ask("an", READ, {"personalId": hub.buyer}, dossier=DOSSIER)) == "NOT_A_SUBJECT"


@pytest.mark.parametrize(
    ("who", "headers", "status", "code"),
    [
        (None, {}, 401, "UNAUTHENTICATED"),
        (None, {"dossier": DOSSIER}, 401, "UNAUTHENTICATED"),
        ("an", {"dossier": "H49.12-251118-9999"}, 403, "DOSSIER_UNKNOWN"),
        ("an", {"dossier": "' or true --"}, 403, "DOSSIER_UNKNOWN"),
        ("binh", {"dossier": DOSSIER}, 403, "DOSSIER_UNKNOWN"),
        ("chi", {"dossier": DOSSIER}, 403, "DOSSIER_UNKNOWN"),
        ("app", {"dossier": DOSSIER}, 403, "DOSSIER_UNKNOWN"),
        ("an", {"dossier": DOSSIER, "purpose": "identify"}, 403, "PURPOSE_MISMATCH"),
        ("an", {"purpose": "land-right-transfer"}, 403, "DOSSIER_NEEDED"),
        ("an", {"purpose": "nothing"}, 403, "UNKNOWN_PURPOSE"),
        ("an", {"purpose": "review"}, 403, "PURPOSE_FORBIDDEN"),
        ("explorer", {"purpose": "identify"}, 403, "PURPOSE_FORBIDDEN"),
    ],
)
def test_refused_before_anything_is_planned(
    hub: AccessHub, who: str | None, headers: dict[str, str], status: int, code: str
) -> None:
    answer = hub.ask(who, READ, {"personalId": hub.seller}, **headers)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert ("www-authenticate" in answer.headers) is (status == 401)
    assert hub.seller not in answer.text


@pytest.mark.parametrize("who", ["an", "chi", "dung", "app", "explorer"])
def test_without_a_purpose_only_public_data_is_read(hub: AccessHub, who: str) -> None:
    answer = hub.ask(who, READ, {"personalId": hub.seller})
    assert code_of(answer) == "FORBIDDEN_FIELD"
    assert "land-right-transfer" in answer.text, "the refusal says which purposes allow it"
    places = hub.ask(who, "{ administrativeUnits(first: 2) { nodes { name } } }").json()
    assert len(places["data"]["administrativeUnits"]["nodes"]) == 2


def test_the_schema_is_public_and_nothing_else(hub: AccessHub) -> None:
    assert hub.ask(None, "{ __schema { queryType { name } } }").json()["data"]
    assert hub.ask(None, "{ __typename }").json()["data"] == {"__typename": "Query"}
    assert hub.ask(None, "{ administrativeUnits(first: 1) { nodes { name } } }").status_code == 401
    assert hub.ask(None, "{ __typename ...x } fragment x on Query { citizens { totalCount } }").status_code == 401


def test_the_subgraph_is_for_whoever_is_known_and_its_sdl_for_everybody(hub: AccessHub) -> None:
    assert "@key" in hub.ask(None, "{ _service { sdl } }", path="/federation").json()["data"]["_service"]["sdl"]
    everything = "{ administrativeUnits(first: 2) { nodes { name } } labels { code } procedures { code } }"
    for query in (everything, "{ procedures { code } }", "{ _entities(representations: []) { __typename } }"):
        assert hub.ask(None, query, path="/federation").status_code == 401
    found = hub.ask("app", everything, path="/federation").json()["data"]
    assert len(found["administrativeUnits"]["nodes"]) == 2
    assert {"code": "land-right-transfer"} in found["procedures"]


def test_identifying_needs_no_dossier_and_gives_little(hub: AccessHub) -> None:
    found = hub.ask("an", IDENTIFY, {"personalId": hub.stranger}, purpose="identify").json()
    assert found["data"]["citizen"]["fullName"]
    more = IDENTIFY.replace("birthDate", "birthDate taxObligations { totalCount }")
    assert code_of(hub.ask("an", more, {"personalId": hub.stranger}, purpose="identify")) == "FORBIDDEN_FIELD"
    many = " ".join(f"a{n}: citizen(by: {{ personalId: $personalId }}) {{ fullName }}" for n in range(6))
    everyone = f"query ($personalId: PersonalId!) {{ {many} }}"
    assert code_of(hub.ask("an", everyone, {"personalId": hub.stranger}, purpose="identify")) == "OPERATION_TOO_LARGE"


def test_reviewers_review_in_their_own_name(hub: AccessHub) -> None:
    queue = "{ reviewQueue(first: 2) { totalCount nodes { field recordId } } }"
    assert hub.ask("chi", queue, purpose="review").json()["data"]["reviewQueue"]["totalCount"] > 0
    assert code_of(hub.ask("chi", queue)) == "FORBIDDEN_FIELD"
    decide = "mutation ($input: DecideLinkInput!) { decideLink(input: $input) { decision { id } } }"
    given = {"field": "TAX_OBLIGATION_DEBTOR", "recordId": "x", "subjectId": "y", "verdict": "SAME", "reason": "z"}
    named = hub.ask("chi", decide, {"input": {**given, "reviewer": "someone else"}}, purpose="review")
    assert code_of(named) == "BAD_USER_INPUT", "a reviewer cannot say who they are"


def test_counts_of_statistics_are_rounded_down(hub: AccessHub, served_hub: ServedHub) -> None:
    asked = """query ($unitCode: AdministrativeUnitCode!) {
        citizens(filter: { residenceUnitCode: { eq: $unitCode } }) { totalCount } }"""
    with psycopg.connect(served_hub.database) as connection:
        counts = connection.execute(
            "select residence_unit_code, count(*) from data.citizen where residence_unit_code is not null"
            " and id not in (select subject_id from link.heir) group by 1 order by 2"
        ).fetchall()
    for unit, people in (counts[0], counts[len(counts) // 2], counts[-1]):
        answer = hub.ask("dung", asked, {"unitCode": unit}, purpose="statistics").json()
        assert answer["data"]["citizens"]["totalCount"] == people // 10 * 10
    rows = asked.replace("totalCount", "nodes { fullName }")
    assert code_of(hub.ask("dung", rows, {"unitCode": counts[-1][0]}, purpose="statistics")) == "FORBIDDEN_FIELD"


def test_a_portal_reads_for_the_citizen_whom_it_has_signed_in(hub: AccessHub) -> None:
    asked = "query ($personalId: PersonalId!) { citizen(by: { personalId: $personalId }) { fullName } }"

    def read(personal_ids: frozenset[str], wanted: str) -> httpx2.Response:
        portal = LocalIdentity("portal", "Cổng dịch vụ công", client_kind=ClientKind.APP, personal_ids=personal_ids)
        headers = {"authorization": f"Bearer {ISSUER.sign_token(portal)}", "x-hub-purpose": "portal"}
        body = {"query": asked, "variables": {"personalId": wanted}}
        return httpx2.post(f"{hub.url}/graphql", json=body, headers=headers, timeout=30)

    assert read(frozenset({hub.stranger}), hub.stranger).json()["data"]["citizen"]["fullName"]
    assert code_of(read(frozenset({hub.stranger}), hub.seller)) == "NOT_A_SUBJECT"
    assert code_of(read(frozenset(), hub.stranger)) == "NOT_A_SUBJECT"


def test_a_sector_reconciles_the_sources_of_its_scopes_alone() -> None:
    app = Principal(
        id="key:1",
        display_name="Sở",
        is_person=False,
        client_kind=ClientKind.APP,
        roles=frozenset(),
        offices=frozenset(),
        acting_app=None,
        scopes=frozenset({"source:land", "dossier:open"}),
        expires_at=datetime.max.replace(tzinfo=UTC),
    )
    assert caller_attributes(app)["caller.sources"] == {"land"}
    assert {f"caller.{name}" for name in CALLER_ATTRIBUTES} == caller_attributes(app).keys(), (
        "a purpose can use no other"
    )


def test_a_dossier_that_ends_is_read_no_more(hub: AccessHub) -> None:
    code = "H49.12-251118-0002"
    assert "errors" not in hub.open("an", code).json()
    assert hub.ask("an", READ, {"personalId": hub.seller}, dossier=code).json()["data"]["citizen"]
    end = {"input": {"code": code, "outcome": "WITHDRAWN", "reason": "người dân rút hồ sơ"}}
    assert code_of(hub.ask("binh", END, end)) == "DOSSIER_UNKNOWN"
    assert hub.ask("an", END, end).json()["data"]["endDossier"]["dossier"]["outcome"] == "WITHDRAWN"
    assert code_of(hub.ask("an", READ, {"personalId": hub.seller}, dossier=code)) == "DOSSIER_ENDED"


@pytest.mark.parametrize(
    ("who", "change", "code"),
    [
        ("binh", {}, "OFFICE_FORBIDDEN"),
        ("chi", {}, "FORBIDDEN"),
        ("app", {}, "FORBIDDEN"),
        ("an", {"code": "12"}, "DOSSIER_CODE_INVALID"),
        ("an", {"office": "06820"}, "OFFICE_UNKNOWN"),
        ("an", {"purpose": "identify"}, "FORBIDDEN"),
        ("an", {"purpose": "none"}, "UNKNOWN_PURPOSE"),
        ("an", {"subjects": []}, "ROLE_MISSING"),
    ],
)
def test_dossiers_that_are_not_opened(hub: AccessHub, who: str, change: dict[str, Any], code: str) -> None:
    assert code_of(hub.open(who, "H49.12-251118-0003", **change)) == code


def test_the_key_of_a_one_stop_system_opens_dossiers_of_its_office_and_reads_nothing(
    hub: AccessHub, served_hub: ServedHub
) -> None:
    """As docs/how-to/identify-callers.md makes it."""
    ends = datetime.now(UTC) + timedelta(days=1)
    with psycopg.connect(served_hub.database, autocommit=True) as connection:
        keys = {
            scopes: create_key(connection, NewApiKey("one-stop", ClientKind.APP, (OFFICE,), scopes, ends))
            for scopes in (("dossier:open",), ())
        }

    def ask(query: str, variables: Any, scopes: tuple[str, ...] = ("dossier:open",), **headers: str) -> httpx2.Response:
        sent = {"authorization": f"Bearer {keys[scopes]}", **{f"x-hub-{name}": text for name, text in headers.items()}}
        return httpx2.post(
            f"{hub.url}/graphql", json={"query": query, "variables": variables}, headers=sent, timeout=30
        )

    subjects = [
        {"role": role, "subject": {"citizen": {"personalId": person}}}
        for role, person in (("transferor", hub.seller), ("transferee", hub.buyer))
    ]
    given = {"code": "H49.12-251118-0071", "purpose": "land-right-transfer", "office": OFFICE, "subjects": subjects}
    assert code_of(ask(OPEN, {"input": given}, ())) == "FORBIDDEN"
    assert code_of(ask(OPEN, {"input": {**given, "office": OTHER_OFFICE}})) == "OFFICE_FORBIDDEN"
    opened = ask(OPEN, {"input": given}).json()
    assert opened["data"]["openDossier"]["dossier"]["code"] == given["code"], opened
    assert hub.ask("an", READ, {"personalId": hub.seller}, dossier=given["code"]).json()["data"]["citizen"]["name"]
    assert code_of(ask(READ, {"personalId": hub.seller}, dossier=given["code"])) == "PURPOSE_FORBIDDEN"
    emergency = {**given, "code": "H49.12-251118-0072", "purpose": "emergency"}
    emergency["subjects"] = [{"role": "person", "subject": {"citizen": {"personalId": hub.seller}}}]
    assert code_of(ask(OPEN, {"input": emergency})) == "FORBIDDEN"
    ended = ask(END, {"input": {"code": given["code"], "outcome": "CLOSED", "reason": "xong"}}).json()
    assert ended["data"]["endDossier"]["dossier"]["outcome"] == "CLOSED", ended


def test_nobody_opens_a_dossier_without_signing_in(hub: AccessHub) -> None:
    given = {"code": "H49.12-251118-0003", "purpose": "land-right-transfer", "office": OFFICE, "subjects": []}
    assert hub.ask(None, OPEN, {"input": given}).status_code == 401


def test_a_sealed_person_is_not_shown_wherever_they_stand(
    hub: AccessHub, served_hub: ServedHub, postgres_server: EmbeddedServer
) -> None:
    with psycopg.connect(served_hub.database, autocommit=True) as connection:
        seal_subject(connection, "Citizen", hub.seller_id, "WITNESS_PROTECTION", "chief")
        app = create_app(load_settings(access="on", **UNLIMITED), Logins.one(served_hub.database), local_issuer=ISSUER)
        try:
            with served(app) as url:
                sealed = AccessHub(url, hub.seller, hub.buyer, hub.stranger, hub.seller_id)
                for answer in (
                    sealed.ask("an", READ, {"personalId": hub.seller}, dossier=DOSSIER),
                    sealed.ask("an", IDENTIFY, {"personalId": hub.seller}, purpose="identify"),
                ):
                    assert code_of(answer) == "SUBJECT_SEALED"
                    assert answer.json()["data"] is None
                alarms = connection.execute(
                    "select kind, principal, dossier_id is null, details from hub.alarm where kind = 'SEALED_SUBJECT'"
                ).fetchall()
                who = "urn:hub:demo|an"
                assert alarms == [("SEALED_SUBJECT", who, False, {}), ("SEALED_SUBJECT", who, True, {})]
                # The transferee of the dossier is the sealed person's spouse; a stranger's own data is not touched.
                parties = [
                    {"role": role, "subject": {"citizen": {"personalId": number}}}
                    for role, number in (("transferor", hub.seller), ("transferee", hub.stranger))
                ]
                assert "errors" not in sealed.open("an", "H49.12-251118-0031", subjects=parties).json()
                answers = sealed.ask("an", PREFILL, dossier="H49.12-251118-0031").json()["data"]["prefill"]["answers"]
                states = {(a["role"], a["status"], *a["reasons"]) for a in answers if a["role"]}
                assert {one for one in states if one[0] == "transferor"} == {("transferor", "UNAVAILABLE", "SEALED")}
                assert ("transferee", "HELD") in states
                other = sealed.ask("an", IDENTIFY, {"personalId": hub.stranger}, purpose="identify")
                assert other.json()["data"]["citizen"]["fullName"]
        finally:
            unseal_subject(connection, "Citizen", hub.seller_id)


def explained(database: str, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUB_DATABASE_URL", database)
        with pytest.raises(SystemExit) as ended:
            main(["access", "explain", READ, *arguments, "--json"])
    caller: dict[str, Any] = json.loads(capsys.readouterr().out)["caller"]
    return int(str(ended.value.code or 0)), caller


def test_hub_access_explain_says_what_the_hub_says(
    hub: AccessHub, served_hub: ServedHub, capsys: pytest.CaptureFixture[str]
) -> None:
    seller, stranger = (json.dumps({"personalId": one}) for one in (hub.seller, hub.stranger))
    officer = ("--role", "officer", "--office", OFFICE)
    code, caller = explained(served_hub.database, capsys, *officer, "--dossier", DOSSIER, "--variables", seller)
    assert (code, caller["allowed"], caller["purpose"]) == (0, True, "land-right-transfer")
    for arguments, expected in (
        ((*officer, "--dossier", DOSSIER, "--variables", stranger), "NOT_A_SUBJECT"),
        ((*officer, "--dossier", "H49.12-251118-9999", "--variables", seller), "DOSSIER_UNKNOWN"),
        (
            ("--role", "officer", "--office", OTHER_OFFICE, "--dossier", DOSSIER, "--variables", seller),
            "DOSSIER_UNKNOWN",
        ),
        ((*officer, "--purpose", "land-right-transfer", "--variables", seller), "DOSSIER_NEEDED"),
        ((*officer, "--purpose", "identify", "--variables", seller), "FORBIDDEN_FIELD"),
        (("--client", "explorer", "--purpose", "identify", "--variables", seller), "PURPOSE_FORBIDDEN"),
    ):
        code, caller = explained(served_hub.database, capsys, *arguments)
        assert (code, caller["allowed"], caller["refused"][0]["code"]) == (64, False, expected)
        assert hub.seller not in json.dumps(caller)


def test_emergency_access_is_read_by_who_requested_it_once_it_is_confirmed(hub: AccessHub) -> None:
    request = (
        "mutation ($input: RequestEmergencyAccessInput!) { requestEmergencyAccess(input: $input) { dossier { code } } }"
    )
    subjects = [{"role": "person", "subject": {"citizen": {"personalId": hub.stranger}}}]
    given = {"purpose": "emergency", "office": OFFICE, "subjects": subjects, "reason": "lũ cuốn, nạn nhân bất tỉnh"}
    assert code_of(hub.ask("chi", request, {"input": given})) == "FORBIDDEN"
    code = hub.ask("an", request, {"input": given}).json()["data"]["requestEmergencyAccess"]["dossier"]["code"]
    read = "query ($personalId: PersonalId!) { citizen(by: { personalId: $personalId }) { fullName residenceAddress } }"
    assert code_of(hub.ask("an", read, {"personalId": hub.stranger}, dossier=code)) == "EMERGENCY_UNCONFIRMED"
    confirm = "mutation ($input: ConfirmEmergencyAccessInput!) { confirmEmergencyAccess(input: $input) { dossier { expiresAt } } }"
    assert code_of(hub.ask("an", confirm, {"input": {"code": code}})) == "SECOND_PERSON_NEEDED"
    assert code_of(hub.ask("binh", confirm, {"input": {"code": code}})) == "DOSSIER_UNKNOWN"
    assert hub.ask("giang", confirm, {"input": {"code": code}}).json()["data"]["confirmEmergencyAccess"]
    found = hub.ask("an", read, {"personalId": hub.stranger}, dossier=code).json()
    assert found["data"]["citizen"]["fullName"]
    assert code_of(hub.ask("an", read, {"personalId": hub.seller}, dossier=code)) == "NOT_A_SUBJECT"
    assert code_of(hub.ask("giang", read, {"personalId": hub.stranger}, dossier=code)) == "DOSSIER_UNKNOWN"
    end = "mutation ($input: EndEmergencyAccessInput!) { endEmergencyAccess(input: $input) { dossier { outcome } } }"
    assert hub.ask("giang", end, {"input": {"code": code, "reason": "xong"}}).json()["data"]["endEmergencyAccess"]
    assert code_of(hub.ask("an", read, {"personalId": hub.stranger}, dossier=code)) == "DOSSIER_ENDED"


def test_only_operators_may_see_the_plan(hub: AccessHub) -> None:
    def plan(who: str) -> bool:
        identity = ISSUER.find_identity(who)
        assert identity is not None
        answer = httpx2.post(
            f"{hub.url}/graphql",
            json={"query": "{ administrativeUnits(first: 1) { nodes { name } } }", "extensions": {"explain": True}},
            headers={"authorization": f"Bearer {ISSUER.sign_token(identity)}"},
        )
        return "extensions" in answer.json()

    assert [plan(who) for who in ("an", "app", "dung")] == [False, False, True]


def test_two_credentials_or_two_dossiers_are_refused(hub: AccessHub) -> None:
    identity = ISSUER.find_identity("an")
    assert identity is not None
    bearer = f"Bearer {ISSUER.sign_token(identity)}"
    body = {"query": READ, "variables": {"personalId": hub.seller}}
    twice = httpx2.post(f"{hub.url}/graphql", json=body, headers=[("authorization", bearer), ("authorization", bearer)])
    assert (twice.status_code, code_of(twice)) == (401, "CREDENTIALS_AMBIGUOUS")
    dossiers = [("authorization", bearer), ("x-hub-dossier", DOSSIER), ("x-hub-dossier", "H49.12-251118-0002")]
    both = httpx2.post(f"{hub.url}/graphql", json=body, headers=dossiers)
    assert (both.status_code, code_of(both)) == (403, "BAD_USER_INPUT")
    in_url = httpx2.get(f"{hub.url}/graphql?query={{__typename}}&access_token={bearer[7:]}")
    assert (in_url.status_code, code_of(in_url)) == (401, "CREDENTIALS_IN_URL")
