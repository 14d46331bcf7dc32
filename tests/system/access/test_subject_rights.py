"""`hub subjects`: a copy of what is held of one person, and what everybody sees of a person whose processing is restricted."""

import asyncio
import io
import json
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

import schema
from hub.access.purposes import find_purpose
from hub.access.subjects.sealing import lift_restriction, list_seals, restrict_subject, seal_subject, unseal_subject
from hub.access.subjects.subject_export import list_exported_entities
from hub.cli import main
from hub.cli.shown_values import ShownValues, record_shown
from hub.errors import OperationRefused
from hub.graph.execution.prepare import GraphQLRequest, PreparedRequest
from hub.graph.execution.subscriptions import stream_events
from hub.graph.permission.callers import LOCAL, Caller
from hub.graph.service import make_executor, make_pool
from hub.ledger.writing.records import RecordKind
from hub.model.registry import load_registry
from hub.plan.binds import global_id
from hub.settings import load_settings
from hub.snapshots.records import NewSnapshot, keep_snapshot
from hub.store.roles import AUDITOR
from hub.store.server.embedded import EmbeddedServer
from tests.conftest import ServedHub
from tests.serving import served
from tests.system.access.test_access import IDENTIFY, PREFILL, READ, AccessHub, code_of, make_app
from tests.system.ledger.test_access_log import OWN_LOG, LogHub
from tests.system.ledger.test_access_log import hub as log_hub
from tests.system.ledger.test_ledger import Ledger
from tests.system.ledger.test_my_access_log import SPOUSES, as_portal_of
from tests.system.trial import Trial, person

__all__ = ["log_hub"]
SPOUSE_OF = """
select other.id, own.personal_id, other.full_name from data.marital_status m
join link.marital_status_person a on a.record_id = m.id and a.status <> 'UNCONFIRMED'
join link.marital_status_spouse b on b.record_id = m.id and b.status <> 'UNCONFIRMED'
join data.citizen other on other.id = b.subject_id
join data.citizen own on own.id = a.subject_id and own.personal_id <> other.personal_id limit 1"""
NODES = "subscription Follow($source: String!) { recordChanged(source: $source) { action node { id ... on Citizen { fullName } } } }"


SNAPSHOT_DOSSIER = "H49.12-251118-0961"


def keep_snapshot_of(connection: psycopg.Connection[Any], number: int, personal_id: str, spouse: int) -> int:
    """A dossier of a person with one kept prefill, which has answers about the spouse too. Returns its number."""
    (dossier,) = connection.execute(
        "insert into hub.dossier (code, purpose, purpose_version, office, opened_by, opened_via, expires_at)"
        " values (%s, 'land-right-transfer', %s, '06820@2025-07-01', 'x', 'MUTATION', now() + interval '1 day') returning id",
        (SNAPSHOT_DOSSIER, "ab" * 32),
    ).fetchone() or (0,)
    connection.execute(
        "insert into hub.dossier_subject (dossier_id, role, entity, subject_id, field, value, added_by)"
        " values (%s, 'transferor', 'Citizen', %s, 'personal_id', %s, 'x')",
        (dossier, number, personal_id),
    )
    own, other = global_id("Citizen", number), global_id("Citizen", spouse)
    head = {"requirement": {"code": "full_name"}, "role": "transferor", "status": "HELD", "reasons": []}
    value = {"type": "TextAnswer", "field": "fullName", "losingValues": []}
    lost = {"text": "THE SPOUSE", "recordId": other, "field": "fullName"}
    values = [
        {**value, "text": "as it was", "recordId": own, "losingValues": [lost]},
        {**value, "text": "THE SPOUSE", "recordId": other},
        {**value, "type": "PartyAnswer", "name": "THE SPOUSE", "recordId": None},
    ]
    answer = {
        "procedure": {"code": "land-right-transfer", "version": "1", "declaration": "ab" * 32},
        "subjects": [{"id": own, "role": "transferor"}, {"id": other, "role": "transferee"}],
        "answers": [{**head, "subjectId": own, "values": values}, {**head, "subjectId": other, "values": values[1:]}],
    }
    now = datetime.now(UTC)
    people = [("Citizen", number), ("Citizen", spouse)]
    new = NewSnapshot(dossier, answer, {}, people, ["citizen.fullName"], now, "0", "REQUEST", "x", None, 30)
    return keep_snapshot(connection, new).id


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as left:
        main(words)
    printed = capsys.readouterr()
    assert (left.value.code or 0) == code, printed.out + printed.err
    return printed.out + printed.err


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    def give(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text + "\n"))

    return give


@pytest.fixture
def restricted(served_hub: ServedHub, postgres_server: EmbeddedServer) -> Iterator[AccessHub]:
    """A hub that begins when its seller is restricted already: what a process knows is up to 10 seconds old."""
    with psycopg.connect(served_hub.database, autocommit=True) as connection:
        (seller,) = connection.execute(
            "select id from data.citizen where personal_id = %s", (served_hub.personal_id,)
        ).fetchone() or (0,)
        (stranger,) = connection.execute(
            "select personal_id from data.citizen where death_date is null and birth_date < '1990' and id <> %s order by id offset 1 limit 1",
            (seller,),
        ).fetchone() or ("",)
        assert restrict_subject(connection, "Citizen", seller, "REQUEST", "bà yêu cầu hạn chế xử lý", "chief")
        try:
            with served(make_app(served_hub, postgres_server)) as url:
                yield AccessHub(url, served_hub.personal_id, stranger, stranger, seller)
        finally:
            lift_restriction(connection, "Citizen", seller)
            # The store is shared: other tests count the alarms that they raise themselves.
            connection.execute("delete from hub.alarm where kind in ('SEALED_SUBJECT', 'RESTRICTED_SUBJECT')")


def test_an_officer_does_not_see_a_restricted_person_and_sees_the_others(
    restricted: AccessHub, served_hub: ServedHub
) -> None:
    dossier = "H49.12-251118-0951"
    assert "errors" not in restricted.open("an", dossier).json(), "the case is opened, and an alarm raised"
    for answer in (
        restricted.ask("an", READ, {"personalId": restricted.seller}, dossier=dossier),
        restricted.ask("an", IDENTIFY, {"personalId": restricted.seller}, purpose="identify"),
    ):
        assert code_of(answer) == "SUBJECT_RESTRICTED"
        assert answer.json()["data"] is None
    answers = restricted.ask("an", PREFILL, dossier=dossier).json()["data"]["prefill"]["answers"]
    states = {(a["role"], a["status"], *a["reasons"]) for a in answers if a["role"]}
    assert {one for one in states if one[0] == "transferor"} == {("transferor", "UNAVAILABLE", "RESTRICTED")}
    assert ("transferee", "HELD") in states
    other = restricted.ask("an", IDENTIFY, {"personalId": restricted.stranger}, purpose="identify")
    assert other.json()["data"]["citizen"]["fullName"]
    with psycopg.connect(served_hub.database) as connection:
        alarms = connection.execute(
            "select details, dossier_id is null from hub.alarm where kind = 'RESTRICTED_SUBJECT' order by id"
        ).fetchall()
    assert alarms[:3] == [({"opening": True}, True), ({}, False), ({}, True)], "nothing says whose"
    refused = Ledger(served_hub.database).bodies(code="SUBJECT_RESTRICTED", outcome="REFUSED")
    assert refused, "the refusal is in the ledger"


EVERY_WAY = {
    "key": "citizen(by: { personalId: $personalId }) { fullName }",
    "the id alone": "citizen(by: { personalId: $personalId }) { id }",
    "filter": "citizens(first: 5, filter: { personalId: { eq: $personalId } }) { nodes { fullName } }",
    "cursor": "citizens(first: 5, filter: { personalId: { eq: $personalId } }) { edges { cursor } }",
    "the end of a page": "citizens(first: 5, orderBy: [{ fullName: ASC }], filter: { personalId: { eq: $personalId } }) { pageInfo { endCursor } }",
    "node": "node(id: $id) { ... on Citizen { fullName } }",
    "nodes": "nodes(ids: [$id]) { ... on Citizen { fullName } }",
    "search": "search(text: $text) { hits { node { ... on Citizen { fullName } } } }",
    "the holder of a right": "landUseRights(first: 5, filter: { certificateSerial: { eq: $serial } }) { nodes { holder { ... on Citizen { fullName } } } }",
    "a record about them, and not its holder": "landUseRights(first: 5, filter: { certificateSerial: { eq: $serial } }) { nodes { area } }",
    "the parcel of a right of theirs": "landUseRights(first: 5, filter: { certificateSerial: { eq: $serial } }) { nodes { parcel { parcelNumber } } }",
    "through their own record and back": "citizen(by: { personalId: $personalId }) { landUseRights(first: 5) { nodes { area } } }",
    "a list with them among others": "citizens(first: 500, filter: { residenceUnitCode: { eq: $unit } }) { nodes { sex } }",
}
"""Ways to a person, each in a document of a purpose of a deployment's own, which permits more than any of ours."""


@pytest.fixture
def every_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "purposes" / "every-way"
    folder.mkdir(parents=True)
    names = ("personalId", "id", "text", "serial", "unit")
    declared = (Path(schema.__file__).parent / "purposes" / "identify" / "purpose.toml").read_text(encoding="utf-8")
    declared = declared.replace('code = "identify"', 'code = "every-way"').replace("rows = 5", "rows = 5000")
    kept = [line for line in declared.splitlines() if "{ free = true }" not in line]
    at = kept.index("[variables]") + 1
    kept[at:at] = [f"{name} = {{ free = true }}" for name in names]
    (folder / "purpose.toml").write_text("\n".join(kept), encoding="utf-8")
    for number, fields in enumerate(EVERY_WAY.values()):
        (folder / f"way{number}.graphql").write_text(declare_variables(fields), encoding="utf-8")
    monkeypatch.setenv("HUB_PURPOSES", str(tmp_path / "purposes"))


def declare_variables(fields: str) -> str:
    """A query of these fields, with the variables that they use."""
    types = {
        "$personalId": "PersonalId!",
        "$id": "ID!",
        "$text": "String!",
        "$serial": "CertificateSerial!",
        "$unit": "AdministrativeUnitCode!",
    }
    used = ", ".join(f"{name}: {kind}" for name, kind in types.items() if re.search(rf"\{name}\b", fields))
    return f"query Q({used}) {{ {fields} }}"


def test_a_restricted_person_is_not_shown_in_any_way_of_reaching_them(
    every_way: None, restricted: AccessHub, served_hub: ServedHub
) -> None:
    with psycopg.connect(served_hub.database) as connection:
        ((serial, name, birth, unit),) = connection.execute(
            "select r.certificate_serial, c.full_name, c.birth_date, c.residence_unit_code from data.land_use_right r"
            " join link.land_use_right_holder l on l.record_id = r.id and l.status <> 'UNCONFIRMED'"
            " join data.citizen c on c.id = l.subject_id where l.subject_id = %s limit 1",
            (restricted.seller_id,),
        ).fetchall()
    given = {
        "personalId": restricted.seller,
        "id": global_id("Citizen", restricted.seller_id),
        "serial": serial,
        "unit": unit,
    }
    said = {}
    for way, fields in EVERY_WAY.items():
        variables = {n: v for n, v in {**given, "text": f"{name} {birth}"}.items() if f"${n}" in fields}
        answer = restricted.ask("an", declare_variables(fields), variables, purpose="every-way")
        assert name not in answer.text, way
        said[way] = code_of(answer) if "errors" in answer.json() else answer.text
    assert said == dict.fromkeys(EVERY_WAY, "SUBJECT_RESTRICTED")
    other = restricted.ask(
        "an", declare_variables(EVERY_WAY["key"]), {"personalId": restricted.stranger}, purpose="every-way"
    )
    assert other.json()["data"]["citizen"]["fullName"]


def test_a_seal_is_not_told_from_a_restriction_by_what_is_said(
    restricted: AccessHub, served_hub: ServedHub, postgres_server: EmbeddedServer
) -> None:
    with psycopg.connect(served_hub.database, autocommit=True) as connection:
        assert seal_subject(connection, "Citizen", restricted.seller_id, "COURT_ORDER", "chief"), (
            "both stand beside each other"
        )
        try:
            with served(make_app(served_hub, postgres_server)) as url:
                sealed = replace(restricted, url=url)
                answer = sealed.ask("an", IDENTIFY, {"personalId": restricted.seller}, purpose="identify")
            assert code_of(answer) == "SUBJECT_SEALED"
        finally:
            assert unseal_subject(connection, "Citizen", restricted.seller_id)
        assert [one.number for one in list_seals(connection)] == []


def test_a_list_with_a_restricted_person_is_refused_and_their_own_log_is_not(log_hub: LogHub) -> None:
    with psycopg.connect(log_hub.database, autocommit=True) as connection:
        spouse, one, name = connection.execute(SPOUSE_OF).fetchone() or (0, "", "")
        for number in (spouse, log_hub.seller_id):
            restrict_subject(connection, "Citizen", number, "DISPUTE", "đang tranh chấp", "chief")
        log_hub.executor.access.sealed.forget()
        try:
            answer = as_portal_of(log_hub, one).ask("portal", SPOUSES, {"personalId": one}, purpose="portal")
            assert code_of(answer) == "SUBJECT_RESTRICTED"
            assert name not in answer.text
            own = log_hub.ask("portal", OWN_LOG, {}, purpose="portal").json()
            assert own["data"]["myAccessLog"]["entries"] is not None, "who read their data is their own right"
        finally:
            for number in (spouse, log_hub.seller_id):
                lift_restriction(connection, "Citizen", number)
            log_hub.executor.access.sealed.forget()


def test_an_event_does_not_carry_a_restricted_person(
    trial: Trial, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "purposes" / "follow"
    shutil.copytree(Path(schema.__file__).parent / "purposes" / "reconcile", folder)
    declared = (folder / "purpose.toml").read_text().replace('code = "reconcile"', 'code = "follow"')
    kept = [line for line in declared.splitlines() if not line.startswith(("since =", "first =", "after ="))]
    (folder / "purpose.toml").write_text("\n".join(kept))
    (folder / "discrepancies.graphql").write_text(NODES)
    monkeypatch.setenv("HUB_PURPOSES", str(tmp_path / "purposes"))
    trial.write(person(1), person(2))
    trial.sync()
    ((hidden,),) = trial.rows("select id from data.citizen where source_key = '1'")
    with psycopg.connect(database_url, autocommit=True) as connection:
        restrict_subject(connection, "Citizen", hidden, "REQUEST", "yêu cầu", "chief")
    caller = Caller(
        replace(LOCAL.known, id="key:sector"), find_purpose("follow"), bindings={"caller.sources": frozenset({"trial"})}
    )

    async def admit_again() -> Caller:
        return caller

    async def follow() -> list[bytes]:
        async with make_pool(load_settings(), database_url) as pool:
            executor = make_executor(load_settings(access="on"), pool, enforced=True)
            request = GraphQLRequest(NODES, variables={"source": "trial"})
            ready = await executor.ready_stream(request, caller)
            assert isinstance(ready, PreparedRequest), ready
            events = stream_events(executor, ready, caller, admit_again)
            first = asyncio.ensure_future(anext(events))
            for _ in range(6_000):
                if any(woken._waiters for woken in list(executor.changes.subscribers)):
                    break
                await asyncio.sleep(0.01)
            trial.write(
                person(1, "Người Ẩn", luc="2026-02-01T00:00:00+07:00"),
                person(2, "Lê Mới", luc="2026-02-01T00:00:00+07:00"),
            )
            await asyncio.to_thread(trial.sync)
            found = [await asyncio.wait_for(first, 60), await asyncio.wait_for(anext(events), 60)]
            await events.aclose()
            assert executor.ledger is not None
            await executor.ledger.close()
            await executor.changes.close()
            return found

    found = b"\n".join(asyncio.run(follow())).decode()
    assert "SUBJECT_RESTRICTED" in found
    assert "Người Ẩn" not in found
    assert "Lê Mới" in found


def test_a_command_does_not_show_a_restricted_person(
    served_hub: ServedHub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", served_hub.database)
    with psycopg.connect(served_hub.database, autocommit=True) as connection:
        (number,) = connection.execute(
            "select id from data.citizen where personal_id = %s", (served_hub.personal_id,)
        ).fetchone() or (0,)

        def show(kind: RecordKind, *, with_others: bool = False) -> None:
            people = ((), (("Citizen", number),)) if with_others else ((("Citizen", number),), ())
            record_shown(connection, ShownValues(("Citizen.fullName",), people[0], kind, others=people[1]))

        show(RecordKind.COMMAND)
        restrict_subject(connection, "Citizen", number, "REQUEST", "yêu cầu", "chief")
        try:
            for with_others in (False, True):
                with pytest.raises(OperationRefused) as refused:
                    show(RecordKind.COMMAND, with_others=with_others)
                assert refused.value.code == "SUBJECT_RESTRICTED"
            show(RecordKind.EXPORT)
            alarms = connection.execute(
                "select principal from hub.alarm where kind = 'RESTRICTED_SUBJECT' and principal like 'local:%'"
            ).fetchall()
            assert [principal.split(":")[0] for (principal,) in alarms] == ["local", "local"]
        finally:
            lift_restriction(connection, "Citizen", number)
            connection.execute("delete from hub.alarm where kind = 'RESTRICTED_SUBJECT'")
    refusals = Ledger(served_hub.database).bodies(code="SUBJECT_RESTRICTED", kind="COMMAND")
    assert {body["outcome"] for body in refusals} == {"REFUSED"}
    assert len(refusals) == 2


def test_restricting_and_lifting_by_command(
    served_hub: ServedHub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, typed: Any
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", served_hub.database)
    given = ("--ground", "REQUEST", "--reason", "đơn ngày 20/11", "--by", "chief")
    typed(served_hub.personal_id)
    said = run(capsys, "subjects", "restrict", "--personal-id", "-", *given)
    assert said.strip() == "restricted"
    typed(served_hub.personal_id)
    assert "first reason stays" in run(capsys, "subjects", "restrict", "--personal-id", "-", *given)
    listed = run(capsys, "subjects", "list", "--json")
    (one,) = json.loads(listed)
    assert (one["ground"], one["reason"], one["by"], bool(one["since"])) == ("REQUEST", "đơn ngày 20/11", "chief", True)
    assert served_hub.personal_id not in listed
    assert json.loads(run(capsys, "seals", "list", "--json")) == [], "a restriction is no seal"
    warned = run(capsys, "subjects", "lift", "--personal-id", served_hub.personal_id)
    assert "lifted" in warned
    assert "arguments show in lists of processes" in warned
    assert json.loads(run(capsys, "subjects", "list", "--json")) == []
    with psycopg.connect(served_hub.database) as connection:
        (alarms,) = connection.execute(
            "select count(*) from hub.alarm where kind = 'RESTRICTION_LIFTED'"
        ).fetchone() or (0,)
    assert alarms == 1, "nobody lifts one unseen"
    for typed_in, ground, code in (
        ("", given, 64),
        ("999999999999", given, 64),
        (served_hub.personal_id, (*given[:3], " "), 64),
    ):
        typed(typed_in)
        run(capsys, "subjects", "restrict", "--personal-id", "-", *ground, code=code)


def test_the_copy_of_one_person_has_what_is_held_and_nothing_of_others(
    log_hub: LogHub,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    typed: Any,
    postgres_server: EmbeddedServer,
) -> None:
    name = str(conninfo_to_dict(log_hub.database)["dbname"])
    monkeypatch.setenv("HUB_DATABASE_URL", log_hub.database)
    with psycopg.connect(log_hub.database, autocommit=True) as connection:
        spouse, one, spouse_name = connection.execute(SPOUSE_OF).fetchone() or (0, "", "")
        (number,) = connection.execute("select id from data.citizen where personal_id = %s", (one,)).fetchone() or (0,)
        (spouse_id,) = connection.execute(
            "select personal_id from data.citizen where id = %s", (spouse,)
        ).fetchone() or ("",)
        linked = connection.execute(
            "select count(distinct record_id) from link.land_use_right_holder where subject_id = %s and status <> 'UNCONFIRMED'",
            (number,),
        ).fetchone()
        log_hub.ask("an", IDENTIFY, {"personalId": one}, purpose="identify")
        snapshot = keep_snapshot_of(connection, number, one, spouse)
        restrict_subject(connection, "Citizen", number, "REQUEST", "yêu cầu", "chief")
    before = Ledger(log_hub.database).bodies(kind="EXPORT")
    file = tmp_path / "copy.json"
    typed(one)
    said = run(capsys, "subjects", "export", "--personal-id", "-", "--to", str(file))
    assert one not in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    found = json.loads(text)
    assert (found["format"], found["subject"]["ids"]) == ("hub-subject-export-1", [global_id("Citizen", number)])
    (kept,) = found["snapshots"]
    assert (kept["snapshot"], kept["dossier"]) == (snapshot, SNAPSHOT_DOSSIER)
    (answer,) = kept["answers"]
    assert [value["text"] for value in answer["values"]] == ["as it was"], (
        "neither a party nor a record of somebody else"
    )
    assert (answer["withheldValues"], "THE SPOUSE" in text) == (2, False)
    own = [record for record in found["records"] if record["entity"] == "Citizen"]
    assert [record["values"]["personalId"] for record in own if record["until"] is None] == [one]
    assert own[0]["source"]["connector"] == "population"
    rights = {record["id"] for record in found["records"] if record["entity"] == "LandUseRight"}
    assert len(rights) == (linked or (0,))[0]
    marriage = next(
        r for r in found["records"] if r["entity"] == "MaritalStatus" and "person" in {x["field"] for x in r["links"]}
    )
    assert "spouse" in marriage["withheld"]
    assert {link["status"] for link in marriage["links"]} <= {"CONFIRMED", "PROBABLE"}, "unsure links are left out"
    assert spouse_name not in json.dumps(marriage, ensure_ascii=False)
    assert spouse_id not in text, "nobody else's identifier"
    assert any(entry["text"]["vi"].startswith("Ủy ban nhân dân phường Vàng Danh") for entry in found["accessLog"])
    assert found["restriction"]["ground"] == "REQUEST", "a restriction does not take this right away"
    # Each command writes a chain of its own, and chains have no order among them.
    (recorded,) = (body for body in Ledger(log_hub.database).bodies(kind="EXPORT") if body not in before)
    assert len(recorded["subjects"]["requested"]) >= 1
    assert one not in json.dumps(recorded)
    typed(one)
    assert "there already" in run(capsys, "subjects", "export", "--personal-id", "-", "--to", str(file), code=64)
    with psycopg.connect(log_hub.database, autocommit=True) as connection:
        lift_restriction(connection, "Citizen", number)
        seal_subject(connection, "Citizen", number, "ADOPTION", "chief")
        try:
            typed(one)
            run(capsys, "subjects", "export", "--personal-id", "-", "--to", str(tmp_path / "no.json"), code=64)
            assert not (tmp_path / "no.json").exists()
        finally:
            unseal_subject(connection, "Citizen", number)
    # Without a ledger that can be written, nothing is given.
    monkeypatch.setenv("HUB_DATABASE_URL", postgres_server.login_url(AUDITOR, name))
    typed(one)
    assert "LEDGER_UNAVAILABLE" in run(
        capsys, "subjects", "export", "--personal-id", "-", "--to", str(tmp_path / "no.json"), code=78
    )
    assert not (tmp_path / "no.json").exists()


def test_every_entity_that_leads_to_a_person_is_exported() -> None:
    found = list_exported_entities(load_registry(), "Citizen")
    assert found[0] == "Citizen"
    assert {"LandUseRight", "MaritalStatus", "TaxObligation", "Payment", "TaxExemption", "BusinessRole"} <= set(found)
    assert {"Business", "Household", "Parcel", "AdministrativeUnit"}.isdisjoint(found), "these are about others"
    for entity in load_registry():
        if any("Citizen" in linked.kinds for linked in entity.linked):
            assert entity.name in found
