"""Records are refreshed before a procedure reads: a real register over HTTP, a worker's look-up server, and whoever asks."""

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from hub.access.dossiers.dossier_store import NamedSubject
from hub.demo.systems.sector_systems import start_systems
from hub.graph.execution.reading import Reading
from hub.graph.permission.callers import LOCAL
from hub.graph.procedures.prefill.live_lookups import Refresher
from hub.graph.procedures.prefill.prefill_service import PrefillRequest
from hub.graph.service import make_executor, make_pool
from hub.ingest.connectors import load_manifests
from hub.ingest.run.connector_run import run_connectors
from hub.model.registry import load_registry
from hub.procedures.answering.statuses import AnswerStatus, Reason
from hub.procedures.answers import Prefill, RequirementAnswer
from hub.procedures.display import display_value
from hub.refresh.lookup_server import start_lookup_server
from hub.refresh.lookup_statements import IS_SERVED
from hub.refresh.refresh_types import RefreshNeed, RefreshOutcome, RefreshStatus
from hub.sdk.manifest import Manifest
from hub.settings import load_settings
from hub.store.engine import make_engine, store_url
from hub.store.query import fetch_value
from hub.store.server.embedded import EmbeddedServer
from tests.conftest import LinkedProvince, copy_database
from tests.serving import served
from tests.system.servers.register import Behaviour, Register, register_manifest

HOUR = timedelta(hours=1)
PATIENCE_S = 60.0
"""How long answers that come may take where other builds share the processors."""


class Office:
    """A hub that has synced the register an hour and more ago."""

    def __init__(self, database: str, url: str, register: Register, patch: pytest.MonkeyPatch) -> None:
        self.database, self.register, self.patch = database, register, patch
        self.engine = make_engine(database)
        self.lines: list[str] = []
        self.changed: list[int] = []
        patch.setenv("REGISTER_URL", url)

    def manifest(self, source: Mapping[str, Any] = {}, **stream: Any) -> Manifest:
        return register_manifest({"breaker_failures": 2, **source}, **stream)

    def sync(self, manifest: Manifest) -> None:
        (report,) = run_connectors(self.engine, [manifest])
        assert report.status == "SUCCEEDED", report.problems

    def sync_long_ago(self, manifest: Manifest) -> None:
        self.sync(manifest)
        self.do("update hub.stream set as_of = now() - interval '1 day'")

    def do(self, statement: str) -> None:
        with psycopg.connect(self.database) as connection:
            connection.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(query).fetchall()

    def held(self) -> dict[str, str]:
        return dict(self.rows("select source_key, full_name from data.citizen"))

    def number(self, key: str) -> int:
        return int(dict(self.rows("select source_key, id from data.citizen"))[key])

    def need(self, key: str, max_age: timedelta = HOUR) -> RefreshNeed:
        return RefreshNeed("Citizen", self.number(key), max_age)

    @contextmanager
    def worker(self, manifest: Manifest, timeout_s: float = PATIENCE_S) -> Iterator[None]:
        """While a worker serves look-ups."""
        stop = threading.Event()
        thread = start_lookup_server(
            store_url(self.engine), [manifest], timeout_s, stop, self.lines.append, self.changed.append
        )
        assert thread is not None
        wait_until_served(self.database)
        try:
            yield
        finally:
            stop.set()
            thread.join(30)
            assert not thread.is_alive()

    def refresh(self, manifest: Manifest, *keys: str, **settings: Any) -> list[RefreshOutcome]:
        """Refresh as one process would: the outcomes of these keys."""
        needs = [self.need(key) for key in keys]
        found = self.ask(manifest, [needs], **settings)[0]
        return [found[need] for need in needs]

    def ask(
        self, manifest: Manifest, callers: Sequence[Sequence[RefreshNeed]], **settings: Any
    ) -> list[Mapping[RefreshNeed, RefreshOutcome]]:
        """Refresh for several callers of one process at once."""

        async def run() -> list[Mapping[RefreshNeed, RefreshOutcome]]:
            asking = Refresher(
                load_settings(**{"lookup_timeout_s": PATIENCE_S, **settings}), self.database, {manifest.name: manifest}
            )
            try:
                return await asyncio.gather(*map(asking.refresh_before_reading, callers))
            finally:
                await asking.close()

        return asyncio.run(run())


@pytest.fixture(scope="module")
def served_register() -> Iterator[tuple[str, Register]]:
    register = Register()
    with served(register) as url:
        yield url, register


@pytest.fixture
def office(
    database_url: str, served_register: tuple[str, Register], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    url, register = served_register
    register.rows, register.behave = {}, None
    register.asked.clear()
    for n in range(1, 6):
        register.put(str(n), f"Lê Văn {['An', 'Ba', 'Chín', 'Dũng', 'Em'][n - 1]}")
    made = Office(database_url, url, register, monkeypatch)
    yield made
    made.engine.dispose()


def statuses(outcomes: Sequence[RefreshOutcome]) -> list[str]:
    return [outcome.status.value for outcome in outcomes]


def test_a_stale_record_is_asked_for_merged_and_then_fresh(office: Office) -> None:
    manifest = office.manifest()
    office.sync_long_ago(manifest)
    office.register.put("2", "Lê Văn Hai")
    began = datetime.now(UTC)
    with office.worker(manifest):
        (first,) = office.refresh(manifest, "2")
        (second,) = office.refresh(manifest, "2")
    assert (first.status, first.source) == (RefreshStatus.REFRESHED, "register")
    assert first.as_of is not None
    assert first.as_of >= began
    assert (second.status, second.as_of) == (RefreshStatus.FRESH, first.as_of)
    assert office.register.asked == ["2"]
    assert office.held()["2"] == "Lê Văn Hai"
    assert office.changed == [1]
    assert office.rows("select mode, status from hub.run order by id desc limit 1") == [("LOOKUP", "SUCCEEDED")]
    # Keys name people.
    assert office.lines[0].startswith("look up register.people: 1 REFRESHED; ")


def test_a_confirmed_record_leaves_no_run_behind(office: Office) -> None:
    manifest = office.manifest()
    office.sync_long_ago(manifest)
    with office.worker(manifest):
        assert statuses(office.refresh(manifest, "1", "3")) == ["REFRESHED", "REFRESHED"]
    assert office.register.asked == ["1,3"]
    assert office.rows("select mode from hub.run") == [("SYNC",)]
    assert office.changed == []


def test_nothing_is_asked_that_is_fresh_or_not_promised_or_unknown(office: Office) -> None:
    manifest = office.manifest()
    office.sync(manifest)
    with office.worker(manifest):
        assert statuses(office.refresh(manifest, "1")) == ["FRESH"]
        office.do("update hub.stream set as_of = now() - interval '1 day'")
        assert statuses(office.refresh(office.manifest(lookup=None), "1")) == ["NOT_PROMISED"]
        gone = RefreshNeed("Citizen", 10**15, HOUR)
        assert office.ask(manifest, [[gone]])[0][gone] == RefreshOutcome(RefreshStatus.UNKNOWN_RECORD)
        assert statuses(office.refresh(manifest, "1", lookup_timeout_s=0)) == ["NOT_SERVED"]
    assert office.register.asked == []


def test_without_a_worker_nobody_waits(office: Office) -> None:
    manifest = office.manifest()
    office.sync_long_ago(manifest)
    began = time.monotonic()
    (outcome,) = office.refresh(manifest, "1", lookup_timeout_s=60)
    assert outcome.status is RefreshStatus.NOT_SERVED
    assert outcome.as_of is not None
    assert time.monotonic() - began < 30
    with office.worker(manifest):  # what was requested meanwhile is served at once, or again
        assert statuses(office.refresh(manifest, "1")) == ["REFRESHED"]
    assert office.register.asked == ["1"]


async def down(request: Request) -> Response | None:
    return PlainTextResponse("", 503)


async def slow(request: Request) -> Response | None:
    await asyncio.sleep(1.5)
    return None


async def error_body(request: Request) -> Response | None:
    return JSONResponse({"loi": "không truy vấn được cơ sở dữ liệu"})


async def login_page(request: Request) -> Response | None:
    return HTMLResponse("<html>Đăng nhập</html>")


async def half_json(request: Request) -> Response | None:
    return Response(b'{"data": [{"id": "1", "so": "0000', media_type="application/json")


async def half_row(request: Request) -> Response | None:
    return JSONResponse({"data": [{"id": "1", "ten": "Lê Văn An"}]})


async def optional_member_missing(request: Request) -> Response | None:
    return JSONResponse({"data": [{"id": "1", "so": "000000000001", "ten": "Lê Văn An"}]})


async def other_row(request: Request) -> Response | None:
    return JSONResponse({"data": [{"id": "2", "so": "000000000002", "ten": "Lê Văn Ba", "sinh": "1980"}]})


async def bad_value(request: Request) -> Response | None:
    return JSONResponse({"data": [{"id": "1", "so": "khong phai so", "ten": "Lê Văn An", "sinh": "1980"}]})


async def no_row(request: Request) -> Response | None:
    return JSONResponse({"data": []})


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (down, "SOURCE_DOWN"),
        (slow, "TIMED_OUT"),
        (error_body, "LIED"),
        (login_page, "LIED"),
        (half_json, "LIED"),
        (half_row, "LIED"),
        (optional_member_missing, "LIED"),
        (other_row, "LIED"),
        (bad_value, "LIED"),
        (no_row, "ABSENT"),
    ],
)
def test_a_source_that_misbehaves_changes_nothing_and_is_told_apart(
    office: Office, behaviour: Behaviour, status: str
) -> None:
    manifest = office.manifest()
    office.sync_long_ago(manifest)
    before = office.rows("select * from data.citizen order by id")
    office.register.behave = behaviour
    patience_s = 1.0 if behaviour is slow else PATIENCE_S
    with office.worker(manifest, timeout_s=patience_s):
        (outcome,) = office.refresh(manifest, "1", lookup_timeout_s=patience_s)
    assert outcome.status.value == status, office.lines
    assert outcome.as_of is not None
    assert datetime.now(UTC) - outcome.as_of > HOUR
    assert office.rows("select * from data.citizen order by id") == before
    rejected = office.rows("select source_key, rule from hub.quarantine where resolved_at is null")
    assert [key for key, _ in rejected] == (["1"] if behaviour is bad_value else [])


def test_a_row_that_a_source_lacks_is_not_asked_for_again_for_a_while(office: Office) -> None:
    manifest = office.manifest()
    office.sync_long_ago(manifest)
    del office.register.rows["1"]
    with office.worker(manifest):
        assert [statuses(office.refresh(manifest, "1")) for _ in range(2)] == [["ABSENT"]] * 2
        assert office.register.asked == ["1"]
        assert "1" in office.held()  # only a sweep deletes
        office.register.put("1", "Lê Văn An")
        assert statuses(office.refresh(manifest, "1", lookup_absent_s=0)) == ["REFRESHED"]


@pytest.mark.parametrize("key", ["a/b", "a,b", 'ngõ 5/2? "x" | y\\z', "%41&ids=2", "ﬁ+é", "' or 1=1 --"])
def test_keys_of_any_characters_find_their_row(office: Office, key: str) -> None:
    office.register.put(key, "Trần Thị Lan", 77)
    manifest = office.manifest()
    office.sync_long_ago(manifest)
    office.register.put(key, "Trần Thị Lành", 77)
    with office.worker(manifest):
        assert statuses(office.refresh(manifest, key)) == ["REFRESHED"], office.lines
    assert office.held()[key] == "Trần Thị Lành"


def test_many_callers_in_two_processes_cause_one_look_up(office: Office) -> None:
    manifest = office.manifest()
    office.sync_long_ago(manifest)
    office.register.put("2", "Lê Văn Hai")
    office.register.behave = slow
    need = office.need("2")
    found: list[Mapping[RefreshNeed, RefreshOutcome]] = []

    def process() -> None:
        # Two refreshers share nothing but the database, as two processes do.
        found.extend(office.ask(manifest, [[need]] * 100))

    with office.worker(manifest):
        threads = [threading.Thread(target=process) for _ in range(2)]
        for thread in threads:
            thread.start()
            time.sleep(0.5)  # the second comes while the source is being asked
        for thread in threads:
            thread.join(60)
    assert {outcome[need].status for outcome in found} == {RefreshStatus.REFRESHED}
    assert len(found) == 200
    assert office.register.asked == ["2"]


def test_many_prefills_of_one_stale_person_cause_one_look_up(office: Office) -> None:
    manifest = office.manifest()
    office.sync(manifest)
    office.do("update hub.stream set as_of = now() - interval '400 days'")
    office.register.put("2", "Lê Văn Hai")
    office.register.behave = slow
    applicant = NamedSubject("applicant", "Citizen", number=office.number("2"))

    async def run() -> list[Prefill]:
        settings = load_settings(lookup_timeout_s=PATIENCE_S)
        async with make_pool(settings, office.database) as pool:
            pool.timeout = 60.0  # 200 of them wait for a few connections
            executor = make_executor(settings, pool, connectors={manifest.name: manifest})
            request = PrefillRequest("old-age-allowance", (applicant,))
            try:
                return await asyncio.gather(*(executor.prefills.fill(request, Reading(LOCAL)) for _ in range(200)))
            finally:
                await executor.refresher.close()

    with office.worker(manifest):
        filled = asyncio.run(run())
    assert office.register.asked == ["2"]
    names = [next(a for a in one.answers if a.requirement.code == "applicant_name") for one in filled]
    assert {answer.status for answer in names} == {AnswerStatus.HELD}
    assert {display_value(answer.values[0]).vi for answer in names} == {"Lê Văn Hai"}


def test_a_caller_who_leaves_does_not_take_the_others_along(office: Office) -> None:
    manifest = office.manifest()
    office.sync_long_ago(manifest)
    office.register.behave = slow
    need = office.need("2")

    async def run() -> Mapping[RefreshNeed, RefreshOutcome]:
        asking = Refresher(load_settings(lookup_timeout_s=PATIENCE_S), office.database, {manifest.name: manifest})
        leaves = asyncio.create_task(asking.refresh_before_reading([need]))
        await asyncio.sleep(0.3)
        stays = asyncio.create_task(asking.refresh_before_reading([need]))
        await asyncio.sleep(0.1)
        leaves.cancel()
        try:
            return await stays
        finally:
            await asking.close()

    with office.worker(manifest):
        assert asyncio.run(run())[need].status is RefreshStatus.REFRESHED
    assert office.register.asked == ["2"]


def test_the_breaker_opens_lets_one_probe_pass_and_closes(office: Office) -> None:
    manifest = office.manifest()
    office.sync_long_ago(manifest)
    office.register.behave = down
    with office.worker(manifest):
        assert [statuses(office.refresh(manifest, key)) for key in "123"] == [
            ["SOURCE_DOWN"],
            ["SOURCE_DOWN"],
            ["BREAKER_OPEN"],
        ]
        assert office.register.asked == ["1", "2"]
        office.do("update hub.lookup_source set open_until = now()")
        assert statuses(office.refresh(manifest, "4")) == ["SOURCE_DOWN"]  # the probe
        assert statuses(office.refresh(manifest, "4")) == ["BREAKER_OPEN"]
        rested = office.rows("select failures, open_until > now() + interval '8 min' from hub.lookup_source")
        assert rested == [(3, True)]  # twice as long as the first time
        office.register.behave = None
        office.do("update hub.lookup_source set open_until = now()")
        assert statuses(office.refresh(manifest, "4")) == ["REFRESHED"]
        assert statuses(office.refresh(manifest, "1", "2", "3")) == ["REFRESHED"] * 3
    assert office.rows("select failures, open_until from hub.lookup_source") == [(0, None)]
    assert office.rows("select 1 from hub.circuit") == []  # syncs go on


def test_a_source_is_asked_no_more_often_than_its_manifest_says(office: Office) -> None:
    manifest = office.manifest({"lookup_rate": "1/h", "lookup_burst": 2})
    office.sync_long_ago(manifest)
    with office.worker(manifest):
        assert [statuses(office.refresh(manifest, key)) for key in "123"] == [
            ["REFRESHED"],
            ["REFRESHED"],
            ["QUOTA_SPENT"],
        ]
    assert office.register.asked == ["1", "2"]


def test_a_running_sync_is_waited_for_and_then_left_alone(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.ingest.run.lookup.LOCK_WAIT_S", 0.2)
    manifest = office.manifest()
    office.sync_long_ago(manifest)
    with office.worker(manifest):
        with psycopg.connect(office.database) as running:
            running.execute("select from hub.stream for no key update")
            assert statuses(office.refresh(manifest, "1")) == ["STREAM_BUSY"]
            assert office.register.asked == []
        assert statuses(office.refresh(manifest, "1")) == ["REFRESHED"]


def test_what_a_sync_wrote_while_the_source_was_asked_is_not_overwritten(office: Office) -> None:
    manifest = office.manifest()
    office.sync_long_ago(manifest)

    async def outdated(request: Request) -> Response | None:
        before = [dict(office.register.rows[key]) for key in "12"]
        office.register.put("1", "Lê Văn Mới")
        del office.register.rows["2"]
        await asyncio.to_thread(office.sync, manifest)
        return JSONResponse({"data": before})

    office.register.behave = outdated
    with office.worker(manifest):
        assert statuses(office.refresh(manifest, "1", "2")) == ["REFRESHED", "REFRESHED"]
    assert office.held()["1"] == "Lê Văn Mới"
    assert "2" not in office.held()


def test_a_request_that_a_dead_worker_claimed_is_made_again(office: Office) -> None:
    manifest = office.manifest()
    office.sync_long_ago(manifest)
    claimed = (
        "insert into hub.lookup (stream_id, source_key, asked_at, claimed_at) select id, '1', {0}, {0} from hub.stream"
    )
    office.do(claimed.format("now() - interval '1 hour'"))
    with office.worker(manifest):
        assert statuses(office.refresh(manifest, "1")) == ["REFRESHED"]
        office.do(f"truncate hub.lookup; {claimed.format('now()')}")
        assert statuses(office.refresh(manifest, "1", lookup_timeout_s=0.2)) == ["TIMED_OUT"]


def test_look_ups_are_forgotten(office: Office) -> None:
    manifest = office.manifest()
    office.sync_long_ago(manifest)
    office.do(
        "insert into hub.lookup (stream_id, source_key, asked_at, settled_at, status)"
        " select 1, 'old', now() - interval '2 days', now() - interval '2 days', 'ABSENT'"
    )
    with office.worker(manifest):
        until = time.monotonic() + 30
        while office.rows("select from hub.lookup"):
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.fixture(scope="module")
def province(
    linked_province: LinkedProvince, postgres_server: EmbeddedServer
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The database of the demo province, and its sector systems while they run."""
    database = copy_database(postgres_server, linked_province.database, "refreshed")
    with start_systems(linked_province.folder, postgres_server.url("postgres")) as systems:
        yield database, systems.environment


def test_the_systems_of_the_demo_are_looked_up(
    province: tuple[str, Mapping[str, str]], postgres_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, environment = province
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    manifests = load_manifests()
    wanted = {
        "Citizen": "population", "BirthRegistration": "population", "LandUseRight": "land", "LandTransferSlip": "land",
        "BusinessRole": "business", "HealthInsuranceCard": "insurance", "Payment": "finance",
    }  # fmt: skip
    with psycopg.connect(database) as connection:
        connection.execute("update hub.stream set as_of = now() - interval '1 day'")
        # A list has several items of one row: look them up together. Not the first: the demonstration's showcase stands there,
        # and one who is renamed here is named otherwise in every other register.
        tables = {name: load_registry()[name].table for name in wanted}
        ids = {
            name: [n for (n,) in connection.execute(f"select id from data.{table} order by source_key desc limit 3")]
            for name, table in tables.items()
        }
        key = connection.execute("select source_key from data.citizen where id = %s", (ids["Citizen"][0],)).fetchone()
        assert key is not None
    with psycopg.connect(postgres_server.url("dan_cu")) as source:
        source.execute(
            "update dan_cu.cong_dan set ho_va_ten = 'Đỗ Thị Mới', cap_nhat_luc = now() where id = %s", (int(key[0]),)
        )
    needs = [RefreshNeed(name, number, HOUR) for name, numbers in ids.items() for number in numbers]

    async def run() -> Mapping[RefreshNeed, RefreshOutcome]:
        asking = Refresher(load_settings(lookup_timeout_s=PATIENCE_S), database, manifests)
        try:
            return await asking.refresh_before_reading(needs)
        finally:
            await asking.close()

    stop, lines = threading.Event(), list[str]()
    thread = start_lookup_server(database, list(manifests.values()), 30, stop, lines.append, lambda _: None)
    try:
        assert thread is not None
        wait_until_served(database)
        found = asyncio.run(run())
    finally:
        stop.set()
        assert thread is not None
        thread.join(30)
    told = {(need.entity, outcome.source, outcome.status.value) for need, outcome in found.items()}
    assert told == {
        (name, source, "NOT_PROMISED" if source == "finance" else "REFRESHED") for name, source in wanted.items()
    }, lines
    with psycopg.connect(database) as connection:
        row = connection.execute("select full_name from data.citizen where id = %s", (ids["Citizen"][0],)).fetchone()
    assert row == ("Đỗ Thị Mới",)


def wait_until_served(database: str) -> None:
    until = time.monotonic() + 30
    with psycopg.connect(database, autocommit=True) as connection:
        while not fetch_value(connection, IS_SERVED):
            assert time.monotonic() < until
            time.sleep(0.01)


def test_a_prefill_asks_the_sources_of_what_is_too_old(
    province: tuple[str, Mapping[str, str]], linked_province: LinkedProvince, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, environment = province
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with psycopg.connect(database) as connection:
        connection.execute("update hub.stream set as_of = now() - interval '400 days'")
        connection.execute("truncate hub.lookup")
        other = fetch_value(
            connection,
            "select personal_id from data.citizen where death_date is null and birth_date < '1990' order by id desc limit 1",
        )
    parties = {"transferor": linked_province.showcase_personal_id, "transferee": str(other)}
    subjects = tuple(NamedSubject(role, "Citizen", "personal_id", number) for role, number in parties.items())

    def prefill() -> list[RequirementAnswer]:
        async def run() -> Prefill:
            settings = load_settings(lookup_timeout_s=PATIENCE_S)
            async with make_pool(settings, database) as pool:
                executor = make_executor(settings, pool, connectors=load_manifests())
                try:
                    request = PrefillRequest("land-right-transfer", subjects)
                    return await executor.prefills.fill(request, Reading(LOCAL))
                finally:
                    await executor.refresher.close()

        return [one for one in asyncio.run(run()).answers if one.values and one.role == "transferor"]

    stale = [one for one in prefill() if one.status is AnswerStatus.STALE]
    codes = {one.requirement.code for one in stale}
    assert {one.values[0].source for one in stale} >= {"population", "land"}
    assert all(Reason.LOOKUP_FAILED not in one.reasons for one in stale)
    monkeypatch.setenv("LAND_API_URL", "http://127.0.0.1:9")
    stop = threading.Event()
    thread = start_lookup_server(database, list(load_manifests().values()), 30, stop, lambda _: None, lambda _: None)
    assert thread is not None
    try:
        wait_until_served(database)
        found = [one for one in prefill() if one.requirement.code in codes]
    finally:
        stop.set()
        thread.join(60)
    registered = [one for one in found if one.values[0].source == "population"]
    statuses_now = {one.status for one in registered}
    assert AnswerStatus.HELD in statuses_now
    assert AnswerStatus.STALE not in statuses_now
    held = [value for one in registered for value in one.values if value.source == "population"]
    assert all(value.as_of is not None and datetime.now(UTC) - value.as_of < HOUR for value in held)
    owned = [one for one in found if one.values[0].source == "land"]
    assert {one.status for one in owned} == {AnswerStatus.STALE}
    assert all(Reason.LOOKUP_FAILED in one.reasons for one in owned)
