"""The ledger of a served hub: what is written down of each request before its answer leaves."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from hub.access.callers.principals import KeyInvalid
from hub.access.purposes import find_purpose, read_purposes
from hub.graph.execution.prepare import GraphQLRequest, PreparedRequest
from hub.graph.execution.responses import Response
from hub.graph.execution.subscriptions import stream_events
from hub.graph.permission.callers import LOCAL, Caller
from hub.graph.service import make_executor, make_pool
from hub.ledger.months import LedgerMonth, month_of
from hub.ledger.writing.records import NO_RECORD, StoredRecord
from hub.settings import load_settings
from hub.store.server.embedded import EmbeddedServer
from tests.conftest import ServedHub
from tests.serving import served
from tests.system.access.test_access import IDENTIFY, READ, AccessHub, code_of, make_app
from tests.system.trial import Trial, person

DOSSIER = "H49.12-251118-0701"


@dataclass(frozen=True)
class Ledger:
    """The records of a database, read as its owner."""

    database: str

    def records(self, epoch: UUID | None = None) -> list[StoredRecord]:
        with psycopg.connect(self.database) as connection:
            rows = connection.execute(
                "select epoch, number, record, hash from ledger.record where %(epoch)s::uuid is null or epoch = %(epoch)s"
                " order by epoch, number",
                {"epoch": epoch},
            ).fetchall()
        return [StoredRecord(*row) for row in rows]

    def bodies(self, **found: Any) -> list[dict[str, Any]]:
        """Records of reads that have these values, in the order of their chains."""
        bodies = [r.body for r in self.records()]
        return [b for b in bodies if all(b.get(key) == value for key, value in found.items())]

    def month(self) -> LedgerMonth:
        with psycopg.connect(self.database) as connection:
            row = connection.execute(
                "select first_day, subject_key from ledger.month where first_day = %s", (month_of(datetime.now(UTC)),)
            ).fetchone()
        assert row is not None
        return LedgerMonth(*row)

    def paths(self, operation: str) -> list[str]:
        with psycopg.connect(self.database) as connection:
            row = connection.execute(
                "select paths from ledger.operation where hash = %s", (bytes.fromhex(operation),)
            ).fetchone()
        assert row is not None
        assert hashlib.sha256(row[0]).hexdigest() == operation
        paths: list[str] = orjson.loads(row[0])
        return paths


@pytest.fixture(scope="module")
def ledger(served_hub: ServedHub) -> Ledger:
    return Ledger(served_hub.database)


@pytest.fixture(scope="module")
def hub(served_hub: ServedHub, postgres_server: EmbeddedServer) -> Iterator[AccessHub]:
    with psycopg.connect(served_hub.database) as connection:
        (buyer, stranger) = connection.execute(
            "select personal_id from data.citizen where death_date is null and personal_id <> %s"
            " and birth_date < '1990' order by id limit 2",
            (served_hub.personal_id,),
        ).fetchall()
        seller = connection.execute(
            "select id from data.citizen where personal_id = %s", (served_hub.personal_id,)
        ).fetchone()
    assert seller is not None
    with served(make_app(served_hub, postgres_server)) as url:
        made = AccessHub(url, served_hub.personal_id, buyer[0], stranger[0], seller[0])
        opened = made.open("an", DOSSIER)
        assert "errors" not in opened.json(), opened.text
        yield made


def last(ledger: Ledger, **found: Any) -> dict[str, Any]:
    return max(ledger.bodies(**found), key=lambda body: body["at"])


def test_a_read_is_written_down_with_everybody_in_its_answer(hub: AccessHub, ledger: Ledger) -> None:
    answer = hub.ask("an", READ, {"personalId": hub.seller}, dossier=DOSSIER)
    assert "errors" not in answer.json()
    body = last(ledger, dossier=DOSSIER, outcome="ANSWERED", kind="READ")
    assert body["principal"] == "urn:hub:demo|an"
    assert (body["purpose"], len(body["purposeVersion"]), body["office"]) == (
        "land-right-transfer",
        64,
        "06820@2025-07-01",
    )
    assert body["subjects"]["transferor"] == [ledger.month().pseudonym("Citizen", hub.seller_id).hex()]
    assert {"citizen.fullName", "citizen.landUseRights.nodes.certificateSerial"} == set(ledger.paths(body["operation"]))
    assert {source for source, _ in body["sources"]} >= {"population", "land"}
    text = json.dumps(body)
    assert hub.seller not in text, "a record never names a person"
    assert answer.json()["data"]["citizen"]["name"] not in text


def test_each_person_has_a_row(hub: AccessHub, ledger: Ledger) -> None:
    hub.ask("an", IDENTIFY, {"personalId": hub.seller}, purpose="identify")
    with psycopg.connect(ledger.database) as connection:
        rows = connection.execute(
            "select r.hash, d.role from ledger.disclosure d join ledger.record r using (month, epoch, number)"
            " where d.subject = %s and r.principal = 'urn:hub:demo|an' order by r.at desc",
            (ledger.month().pseudonym("Citizen", hub.seller_id),),
        ).fetchall()
    assert rows[0][1] == "requested"


def find_number(ledger: Ledger, personal_id: str) -> int:
    with psycopg.connect(ledger.database) as connection:
        row = connection.execute("select id from data.citizen where personal_id = %s", (personal_id,)).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    ("who", "variables", "headers", "code", "purpose"),
    [
        ("an", {"personalId": "stranger"}, {"dossier": DOSSIER}, "NOT_A_SUBJECT", "land-right-transfer"),
        ("binh", {"personalId": "seller"}, {"dossier": DOSSIER}, "DOSSIER_UNKNOWN", "land-right-transfer"),
        ("an", {"personalId": "seller"}, {"dossier": "H49.12-251118-9999"}, "DOSSIER_UNKNOWN", None),
        ("an", {"personalId": "seller"}, {"purpose": "land-right-transfer"}, "DOSSIER_NEEDED", "land-right-transfer"),
        ("an", {"personalId": "seller"}, {"purpose": "audit"}, "PURPOSE_FORBIDDEN", "audit"),
        ("an", {"personalId": "seller"}, {"purpose": "identify", "dossier": DOSSIER}, "PURPOSE_MISMATCH", "identify"),
        ("an", {"personalId": "seller"}, {"purpose": "nguyen-van-an"}, "UNKNOWN_PURPOSE", None),
        ("an", {"personalId": "seller"}, {"purpose": "identify"}, "FORBIDDEN_FIELD", "identify"),
        ("an", {"personalId": "seller"}, {}, "FORBIDDEN_FIELD", None),
    ],
)
def test_a_refused_read_is_written_down(
    hub: AccessHub,
    ledger: Ledger,
    who: str,
    variables: dict[str, str],
    headers: dict[str, str],
    code: str,
    purpose: str | None,
) -> None:
    before = len(ledger.bodies(outcome="REFUSED", code=code))
    answer = hub.ask(who, READ, {"personalId": getattr(hub, variables["personalId"])}, **headers)
    assert code_of(answer) == code
    refused = ledger.bodies(outcome="REFUSED", code=code)
    assert len(refused) == before + 1
    newest = max(refused, key=lambda body: body["at"])
    assert newest["principal"] == f"urn:hub:demo|{who}"
    version = read_purposes()[purpose].version if purpose is not None else None
    assert (newest.get("purpose"), newest.get("purposeVersion")) == (purpose, version), "what was asked for"
    assert "nguyen-van-an" not in json.dumps(newest)


def test_a_dossier_code_that_has_no_form_is_not_kept(hub: AccessHub, ledger: Ledger) -> None:
    hub.ask("an", READ, {"personalId": hub.seller}, dossier=hub.seller)
    assert "dossier" not in last(ledger, code="DOSSIER_UNKNOWN")
    assert hub.seller.encode() not in b"".join(record.record for record in ledger.records())


@pytest.mark.parametrize("code", ["{seller}-251118-0001", "H49.12-251118-{seller}"])
def test_a_dossier_code_with_an_identifier_in_it_is_not_kept(hub: AccessHub, ledger: Ledger, code: str) -> None:
    hub.ask("an", READ, {"personalId": hub.seller}, dossier=code.format(seller=hub.seller))
    assert "dossier" not in last(ledger, code="DOSSIER_UNKNOWN")
    assert hub.seller.encode() not in b"".join(record.record for record in ledger.records())


def test_nothing_found_is_written_down(hub: AccessHub, ledger: Ledger) -> None:
    answer = hub.ask("an", IDENTIFY, {"personalId": "001099999999"}, purpose="identify")
    assert answer.json()["data"] == {"citizen": None}
    assert last(ledger, purpose="identify", outcome="NOTHING_FOUND")["principal"] == "urn:hub:demo|an"


def test_public_reads_and_strangers_are_not_written_down(hub: AccessHub, ledger: Ledger) -> None:
    before = len(ledger.records())
    assert hub.ask("an", "{ administrativeUnits(first: 1) { nodes { name } } }").status_code == 200
    assert hub.ask(None, READ, {"personalId": hub.seller}).status_code == 401
    assert hub.ask("an", "{ __schema { queryType { name } } }", dossier=DOSSIER).status_code == 200
    assert len(ledger.records()) == before


def test_the_chain_holds(hub: AccessHub, ledger: Ledger) -> None:
    chains: dict[UUID, list[StoredRecord]] = {}
    for record in ledger.records():
        chains.setdefault(record.epoch, []).append(record)
    for chain in chains.values():
        previous = NO_RECORD
        for number, record in enumerate(chain):
            assert record.number == number == int.from_bytes(record.record[32:40])
            assert record.previous == previous
            assert hashlib.sha256(record.record).digest() == record.hash
            previous = record.hash
        assert chain[0].body["kind"] == "EPOCH_BEGIN"


def test_the_web_process_can_append_and_nothing_else(postgres_server: EmbeddedServer, ledger: Ledger) -> None:
    name = str(conninfo_to_dict(ledger.database)["dbname"])
    with psycopg.connect(postgres_server.login_url("hub_ledger", name), autocommit=True) as connection:
        for statement in (
            "select count(*) from ledger.record",
            "delete from ledger.record",
            "update ledger.record set principal = 'x'",
            "select subject_key from ledger.month",
            "truncate ledger.disclosure",
            "drop table ledger.operation",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            connection.execute("select ledger.open_month(%s)", (date(2001, 1, 1),))


def test_masked_reads_of_an_explorer_are_added_up(
    served_hub: ServedHub, postgres_server: EmbeddedServer, ledger: Ledger
) -> None:
    before = len(ledger.bodies(kind="MASKED"))
    with served(make_app(served_hub, postgres_server, explorers="masked")) as url:
        explorer = AccessHub(url, served_hub.personal_id, "", "", 0)
        for _ in range(3):
            answer = explorer.ask("explorer", "{ citizens(first: 2) { nodes { fullName } } }", purpose="explore")
            assert len(answer.json()["data"]["citizens"]["nodes"]) == 2
        assert len(ledger.bodies(kind="MASKED")) == before, "not one by one"
        forbidden = explorer.ask("explorer", IDENTIFY, {"personalId": served_hub.personal_id}, purpose="explore")
        assert code_of(forbidden) == "FORBIDDEN_MASKED"
        assert last(ledger, code="FORBIDDEN_MASKED")["principal"] == "urn:hub:demo|explorer", "a refusal is, at once"
    masked = last(ledger, kind="MASKED")
    assert len(ledger.bodies(kind="MASKED")) == before + 1
    assert (masked["count"], masked["purpose"], "subjects" in masked) == (3, "explore", False)


def test_each_event_of_a_subscription_is_written_down(trial: Trial, database_url: str) -> None:
    """A sector's app follows its own records: a record for each event that was sent, and one for what it may not follow."""
    trial.write(person(1))
    trial.sync()  # the first fill of a table is no event
    purpose = find_purpose("reconcile")
    own = next(d.text for d in purpose.documents if "subscription" in d.text)
    principal = replace(LOCAL.known, id="key:sector")
    caller = Caller(principal, purpose, bindings={"caller.sources": frozenset({"trial"})})

    revoked: list[bool] = []

    async def admit_again() -> Caller:
        if revoked:
            raise KeyInvalid("the key is revoked")
        return caller

    async def follow() -> None:
        async with make_pool(load_settings(), database_url) as pool:
            executor = make_executor(load_settings(access="on"), pool, enforced=True)
            assert executor.ledger is not None
            request = GraphQLRequest(own, operation_name="OwnRecords", variables={"source": "trial"})
            ready = await executor.ready_stream(request, caller)
            assert isinstance(ready, PreparedRequest)
            events = stream_events(executor, ready, caller, admit_again)
            first = asyncio.ensure_future(anext(events))
            for _ in range(6_000):
                if any(woken._waiters for woken in list(executor.changes.subscribers)):
                    break  # it waits at the end of the feed: what comes now is its own
                await asyncio.sleep(0.01)
            trial.write(person(1), person(2))
            await asyncio.to_thread(trial.sync)
            assert b"ADDED" in await asyncio.wait_for(first, 60)
            revoked.append(True)
            trial.write(person(1), person(2), person(3))
            await asyncio.to_thread(trial.sync)
            refused = await asyncio.wait_for(anext(events), 60)
            assert (b"KEY_INVALID" in refused, b"ADDED" in refused) == (True, False)
            await events.aclose()
            foreign = request._replace(variables={"source": "another"})
            assert isinstance(await executor.ready_stream(foreign, caller), Response)
            await executor.ledger.close()
            await executor.changes.close()

    asyncio.run(follow())
    reads = Ledger(database_url).bodies(principal="key:sector")
    assert [(b["kind"], b["outcome"], b.get("code")) for b in reads] == [
        ("EVENT", "ANSWERED", None),
        ("READ", "REFUSED", "NOT_A_SUBJECT"),
    ]


def test_the_ledger_names_a_request_as_its_answer_does(hub: AccessHub, ledger: Ledger) -> None:
    answer = hub.ask("an", IDENTIFY, {"personalId": hub.seller}, purpose="identify")
    assert len(ledger.bodies(request=answer.headers["x-request-id"])) == 1
