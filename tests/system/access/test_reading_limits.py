"""Limits of reading over a real store: two servers share them, an operator lifts them, and a caller is told over HTTP."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import httpx2
import psycopg
import pytest

from hub.access.callers.principals import Principal, Role
from hub.access.limits.limiter import ReadingLimiter
from hub.access.limits.rates import RateTable
from hub.access.limits.refusals import RateLimited, ReadingPaused, ReadingRefused
from hub.access.limits.use_store import UseStore
from hub.access.oidc.local_issuer import LocalIdentity, LocalIssuer
from hub.errors import StoreUnavailable
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.engine import make_write_pool, store_url
from hub.web.app import create_app
from tests.conftest import ServedHub
from tests.serving import served
from tests.system.trial import Command

LOW = {
    "reads_per_minute": "officer=5,reviewer=5,operator=5,app=5,explorer=5",
    "subjects_per_hour": "officer=10,reviewer=10,operator=10,app=10,explorer=10",
    "refusals_per_hour": "officer=2,reviewer=2,operator=2,app=2,explorer=2",
    "misses_per_hour": "officer=2,reviewer=2,operator=2,app=2,explorer=2",
}
AN = Principal("id|an", "An", True, None, frozenset({Role.OFFICER}), frozenset(), None, frozenset(), datetime.now(UTC))
BINH = Principal(
    "id|binh", "B", True, None, frozenset({Role.OFFICER}), frozenset(), None, frozenset(), datetime.now(UTC)
)
Work = Callable[[ReadingLimiter, ReadingLimiter], Awaitable[None]]


def people(*numbers: int) -> frozenset[tuple[str, int]]:
    return frozenset(("Citizen", number) for number in numbers)


def run_two(url: str, work: Work, **more: Any) -> None:
    """Two limiters, as in two servers; neither tells the store but when the test says so."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            made = []
            for _ in range(2):
                store = UseStore(make_write_pool(url, size=2, statement_timeout_s=5))
                limiter = ReadingLimiter(RateTable(load_settings(**LOW)), store, sync_s=3_600, **more)
                await limiter.open()
                stack.push_async_callback(limiter.close)
                made.append(limiter)
            await work(*made)

    asyncio.run(run())


async def refused(call: Awaitable[object]) -> ReadingRefused:
    with pytest.raises(ReadingRefused) as found:
        await call
    return found.value


def alarms(url: str) -> list[tuple[str, str, dict[str, int]]]:
    with psycopg.connect(url) as connection:
        return connection.execute("select kind, principal, details from hub.alarm order by id").fetchall()


def test_two_servers_do_not_double_a_limit(database_url: str) -> None:
    async def work(one: ReadingLimiter, other: ReadingLimiter) -> None:
        for _ in range(3):
            await one.admit(AN)
        await one.sync()
        for _ in range(2):
            await other.admit(AN)
        told = await refused(other.admit(AN))
        assert isinstance(told, RateLimited)
        assert 0 < told.retry_after_s <= 60
        await other.sync()
        await one.admit(BINH)  # another person is not concerned
        await one.admit(AN)  # this one was at 3 when it heard last
        await one.sync()
        assert isinstance(await refused(one.admit(AN)), RateLimited)

    run_two(database_url, work)
    assert alarms(database_url) == [("READS_PER_MINUTE", "id|an", {"limit": 5})], "one alarm, not one for each refusal"


def test_distinct_people_are_counted_over_both_servers(database_url: str) -> None:
    async def work(one: ReadingLimiter, other: ReadingLimiter) -> None:
        await one.admit(AN)
        await other.admit(AN)
        await one.count_subjects(AN, people(*range(8)))
        await one.sync()
        await other.count_subjects(AN, people(*range(8)))  # the same people: nobody is paused for them
        await other.count_subjects(AN, people(1, 8, 9))
        told = await refused(other.count_subjects(AN, people(10)))
        assert isinstance(told, ReadingPaused)
        assert 3_000 < told.retry_after_s <= 3_600
        await one.count_subjects(AN, people(8))
        await one.sync()
        assert isinstance(await refused(one.admit(AN)), ReadingPaused), "the first server has heard of it"

    run_two(database_url, work)
    assert alarms(database_url) == [("SUBJECTS_PER_HOUR", "id|an", {"limit": 10})]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from hub.reading_subject").fetchone() == (11,)


def test_refusals_and_misses_pause_and_other_mistakes_do_not(database_url: str) -> None:
    async def work(one: ReadingLimiter, _: ReadingLimiter) -> None:
        await one.admit(AN)
        for _ in range(9):
            one.count_refusal(AN, "SYNTAX")
        for _ in range(2):
            one.count_refusal(AN, "NOT_A_SUBJECT")
        await one.admit(AN)
        one.count_refusal(AN, "DOSSIER_UNKNOWN")
        assert "refused" in str(await refused(one.admit(AN)))
        await one.admit(BINH)
        for _ in range(3):
            one.count_misses(BINH, 1)
        assert "found nobody" in str(await refused(one.admit(BINH)))
        await refused(one.admit(BINH, is_request=False))  # a subscription ends

    run_two(database_url, work)
    assert {kind for kind, _, _ in alarms(database_url)} == {"REFUSALS_PER_HOUR", "MISSES_PER_HOUR"}


def test_a_new_process_goes_on_from_what_the_store_holds(database_url: str) -> None:
    async def first(one: ReadingLimiter, _: ReadingLimiter) -> None:
        await one.admit(AN)
        for _ in range(3):
            one.count_refusal(AN, "FORBIDDEN_FIELD")

    async def second(one: ReadingLimiter, _: ReadingLimiter) -> None:
        assert isinstance(await refused(one.admit(AN)), ReadingPaused)

    run_two(database_url, first)  # closing it tells the store the rest
    run_two(database_url, second)


def test_who_was_forgotten_for_the_sake_of_memory_is_read_back(database_url: str) -> None:
    async def work(one: ReadingLimiter, _: ReadingLimiter) -> None:
        await one.admit(AN)
        await one.count_subjects(AN, people(*range(9)))
        await one.sync()
        assert not one._uses, "nothing is kept above the bound"
        await one.count_subjects(AN, people(1, 2, 100))
        await refused(one.count_subjects(AN, people(101)))

    run_two(database_url, work, max_bytes=1_000)


@pytest.mark.parametrize("back", ["10 minutes", "5 hours", "400 days"])
def test_a_clock_that_goes_back_neither_lifts_nor_freezes_a_limit(database_url: str, back: str) -> None:
    """For the store, a clock that went back is an hour that began in the future."""

    async def work(one: ReadingLimiter, other: ReadingLimiter) -> None:
        await one.admit(AN)
        for _ in range(3):
            one.count_refusal(AN, "FORBIDDEN_FIELD")
        await one.sync()
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(
                "update hub.reading_use set hour_from = hour_from + %s::interval, minute_from = minute_from + %s::interval",
                (back, back),
            )
        told = await refused(other.admit(AN))
        assert isinstance(told, ReadingPaused)
        assert told.retry_after_s <= 3_600, "not frozen: one more hour at most"

    run_two(database_url, work)


def test_an_hour_that_is_over_in_the_store_begins_again(database_url: str) -> None:
    async def work(one: ReadingLimiter, other: ReadingLimiter) -> None:
        await one.admit(AN)
        await one.count_subjects(AN, people(*range(9)))
        await one.sync()
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("update hub.reading_use set hour_from = hour_from - interval '1 hour', met = '{X}'")
        await other.admit(AN)
        await other.count_subjects(AN, people(*range(10)))
        await other.sync()
        with psycopg.connect(database_url) as connection:
            assert connection.execute("select subjects, met from hub.reading_use").fetchall() == [(10, [])]
        with psycopg.connect(database_url, autocommit=True) as connection:
            await other._store.delete_old()
            assert connection.execute("select count(*) from hub.reading_subject").fetchone() == (10,)
            connection.execute("update hub.reading_use set hour_from = hour_from - interval '3 hours'")
            await other._store.delete_old()
            assert connection.execute("select count(*) from hub.reading_subject").fetchone() == (0,)

    run_two(database_url, work)


def test_counts_hold_while_the_store_is_away(database_url: str) -> None:
    async def work(one: ReadingLimiter, other: ReadingLimiter) -> None:
        await one.admit(AN)
        await one._store.pool.close()
        for _ in range(4):
            await one.admit(AN)
        with pytest.raises(StoreUnavailable):
            await one.sync()
        assert isinstance(await refused(one.admit(AN)), RateLimited)
        with pytest.raises(StoreUnavailable):
            await one.admit(BINH)  # of whom nothing is known here

    run_two(database_url, work)


def test_an_operator_sees_and_lifts_a_limit(cli: Command, trial: Any) -> None:
    url = store_url(trial.engine)

    async def work(one: ReadingLimiter, other: ReadingLimiter) -> None:
        await one.admit(AN)
        await one.admit(BINH)
        for _ in range(3):
            one.count_misses(AN, 1)
        await one.sync()
        (met,) = json.loads(cli("limits", "list", "--json"))
        assert (met["principal"], met["met"], met["misses"]) == ("id|an", ["MISSES_PER_HOUR"], 3)
        assert len(json.loads(cli("limits", "list", "--all", "--json"))) == 2
        assert "MISSES_PER_HOUR" in cli("limits", "list")
        assert "2 s" in cli("limits", "lift", "id|an")
        await refused(one.admit(AN))  # which the process does not know yet
        one._wait_again(one._uses[AN.id])
        await one.sync()
        await one.admit(AN)
        await other.admit(AN)
        assert json.loads(cli("limits", "list", "--json")) == []
        assert "NO_PRINCIPAL" in cli("limits", "lift", "nobody", fails=64)

    run_two(url, work)


# --- Over HTTP --------------------------------------------------------------------------------------------------------

OFFICERS = {
    name: LocalIdentity(f"limited-{name}", name, frozenset({Role.OFFICER}), frozenset({"06820@2025-07-01"}))
    for name in (
        *("fast", "guesses", "wanders", "reads", "follows"),
        *(f"hides-{number}" for number in range(5)),
        *(f"names-{number}" for number in range(8)),
    )
}
OFFICERS["hands"] = LocalIdentity("limited-hands", "hands", frozenset({Role.REVIEWER}))
OFFICERS["audits"] = LocalIdentity("limited-audits", "audits", frozenset({Role.AUDITOR}))
ISSUER = LocalIssuer("127.0.0.1", tuple(OFFICERS.values()))
IDENTIFY = "query ($personalId: PersonalId!) { citizen(by: { personalId: $personalId }) { fullName } }"


@pytest.fixture(scope="module")
def limited_url(served_hub: ServedHub) -> Iterator[str]:
    rates = {
        **LOW,
        "reads_per_minute": LOW["reads_per_minute"].replace("=5", "=20"),
        "subjects_per_hour": LOW["subjects_per_hour"].replace("=10", "=3"),
    }
    with served(
        create_app(load_settings(access="on", **rates), Logins.one(served_hub.database), local_issuer=ISSUER)
    ) as url:
        yield url


def ask(url: str, who: str, query: str, variables: Any = None, **headers: str) -> httpx2.Response:
    token = ISSUER.sign_token(OFFICERS[who])
    sent = {"authorization": f"Bearer {token}", **{f"x-hub-{name}": value for name, value in headers.items()}}
    return httpx2.post(f"{url}/graphql", json={"query": query, "variables": variables or {}}, headers=sent, timeout=30)


def find_people(served_hub: ServedHub, number: int) -> list[str]:
    with psycopg.connect(served_hub.database) as connection:
        found = connection.execute(
            "select personal_id from data.citizen where personal_id is not null and death_date is null"
            " and birth_date < '1990' and id not in (select subject_id from link.heir) order by id limit %s",
            (number,),
        ).fetchall()
    return [one for (one,) in found]


def find_two_people(served_hub: ServedHub) -> tuple[str, str]:
    one, other = find_people(served_hub, 2)
    return one, other


def error_of(answer: httpx2.Response) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["errors"][0]
    return error


def test_too_many_requests_are_answered_429_with_the_time_to_wait(limited_url: str) -> None:
    answers = [ask(limited_url, "fast", "{ __typename }") for _ in range(21)]
    assert {answer.status_code for answer in answers[:20]} == {200}
    last = answers[20]
    assert last.status_code == 429
    assert 0 < int(last.headers["retry-after"]) <= 60
    told = error_of(last)["extensions"]
    assert told["code"] == "RATE_LIMITED"
    assert "quá 20 yêu cầu" in told["label"]["vi"]
    assert ask(limited_url, "guesses", "{ __typename }").status_code == 200, "others are not concerned"


def test_guessing_identifiers_pauses(limited_url: str) -> None:
    for number in range(3):
        missed = ask(limited_url, "guesses", IDENTIFY, {"personalId": f"0990800000{number:02}"}, purpose="identify")
        assert missed.json() == {"data": {"citizen": None}}
        ask(limited_url, "guesses", "{ administrativeUnits(first: 1) { nodes { name } } }", purpose="identify")
    paused = ask(limited_url, "guesses", IDENTIFY, {"personalId": "099080000004"}, purpose="identify")
    assert (paused.status_code, error_of(paused)["extensions"]["code"]) == (429, "READING_PAUSED")
    assert int(paused.headers["retry-after"]) <= 3_600
    assert "tạm dừng" in error_of(paused)["extensions"]["label"]["vi"].lower()


KNOWN = "a: citizen(by: { personalId: $known }) { fullName }"
HIDDEN_GUESSES = {
    "by key": f"{KNOWN} b: citizen(by: {{ personalId: $guess }}) {{ fullName }}",
    "of rows alone": """a: citizen(by: { personalId: $known }) { __typename } b: citizen(by: { personalId: $guess }) { __typename }""",
    "in a fragment": f"{KNOWN} ... on Query {{ b: citizen(by: {{ personalId: $guess }}) {{ fullName }} }}",
    "beside public data": f"""{KNOWN} b: citizen(by: {{ personalId: $guess }}) {{ fullName }}
        c: administrativeUnits(first: 1) {{ nodes {{ name }} }} __typename""",
}


@pytest.mark.parametrize("how", HIDDEN_GUESSES)
def test_a_person_who_is_found_hides_no_guess_beside_them(limited_url: str, served_hub: ServedHub, how: str) -> None:
    who = f"hides-{list(HIDDEN_GUESSES).index(how)}"
    known, _ = find_two_people(served_hub)
    query = f"query ($known: PersonalId!, $guess: PersonalId!) {{ {HIDDEN_GUESSES[how]} }}"
    for number in range(3):
        values = {"known": known, "guess": f"0990800001{number:02}"}
        answer = ask(limited_url, who, query, values, purpose="identify")
        assert (answer.json()["data"]["b"], bool(answer.json()["data"]["a"])) == (None, True)
    paused = ask(limited_url, who, IDENTIFY, {"personalId": known}, purpose="identify")
    assert error_of(paused)["extensions"]["code"] == "READING_PAUSED"


def test_people_who_are_all_found_are_no_misses(limited_url: str, served_hub: ServedHub) -> None:
    one, other = find_two_people(served_hub)
    query = "query ($a: PersonalId!, $b: PersonalId!) { a: citizen(by: { personalId: $a }) { fullName } b: citizen(by: { personalId: $b }) { fullName } c: administrativeUnits(first: 1) { nodes { name } } }"
    for _ in range(4):
        assert ask(limited_url, "hides-4", query, {"a": one, "b": other}, purpose="identify").json()["data"]["b"]


NAMING = {
    "openDossier": "mutation ($input: OpenDossierInput!) { openDossier(input: $input) { dossier { code subjects { found } } } }",
    "requestEmergencyAccess": """mutation ($input: RequestEmergencyAccessInput!) {
        requestEmergencyAccess(input: $input) { dossier { code subjects { found } } } }""",
}


def name_people(mutation: str, serial: int, known: str, others: list[str]) -> dict[str, Any]:
    """The input of a mutation that names a known person and others."""
    office = "06820@2025-07-01"
    if mutation == "openDossier":
        roles = [("owner", known), *(("member", other) for other in others)]
        more = {"code": f"H49.12-251118-{serial:04}", "purpose": "household-business-registration", "office": office}
    else:
        roles = [("person", one) for one in (known, *others)]
        more = {"purpose": "emergency", "office": office, "reason": "cứu nạn tại hiện trường"}
    return {**more, "subjects": [{"role": r, "subject": {"citizen": {"personalId": p}}} for r, p in roles]}


def count_dossiers(served_hub: ServedHub, who: str) -> int:
    with psycopg.connect(served_hub.database) as connection:
        row = connection.execute(
            "select count(*) from hub.dossier where opened_by = %s", (f"{ISSUER.rules.issuer}|limited-{who}",)
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(("mutation", "who"), [*zip(NAMING, ("names-0", "names-1"), strict=True)])
def test_guesses_among_the_subjects_of_a_dossier_pause(
    limited_url: str, served_hub: ServedHub, mutation: str, who: str
) -> None:
    known, _ = find_two_people(served_hub)
    two = name_people(mutation, 9101, known, ["099080000201", "099080000202"])
    assert "errors" not in ask(limited_url, who, NAMING[mutation], {"input": two}).json(), "two misses are allowed"
    third = name_people(mutation, 9102, known, ["099080000203"])
    paused = ask(limited_url, who, NAMING[mutation], {"input": third})
    assert error_of(paused)["extensions"]["code"] == "READING_PAUSED"
    assert (paused.json()["data"], count_dossiers(served_hub, who)) == (None, 1), "nothing is told, nothing is left"
    again = ask(limited_url, who, NAMING[mutation], {"input": third})
    assert (again.status_code, error_of(again)["extensions"]["code"]) == (429, "READING_PAUSED")


@pytest.mark.parametrize(("mutation", "who"), [*zip(NAMING, ("names-2", "names-3"), strict=True)])
def test_people_named_for_dossiers_are_people_looked_up(
    limited_url: str, served_hub: ServedHub, mutation: str, who: str
) -> None:
    """Of whom three are allowed here."""
    ids = find_people(served_hub, 4)
    many = name_people(mutation, 9103, ids[0], ids[1:])
    paused = ask(limited_url, who, NAMING[mutation], {"input": many})
    assert error_of(paused)["extensions"]["code"] == "READING_PAUSED"
    assert (paused.json()["data"], count_dossiers(served_hub, who)) == (None, 0)


def test_guesses_in_one_request_are_not_answered_beyond_the_limit(limited_url: str, served_hub: ServedHub) -> None:
    known, _ = find_two_people(served_hub)
    fields = " ".join(f"m{n}: openDossier(input: $i{n}) {{ dossier {{ subjects {{ found }} }} }}" for n in range(3))
    query = f"mutation ({', '.join(f'$i{n}: OpenDossierInput!' for n in range(3))}) {{ {fields} }}"
    inputs = {f"i{n}": name_people("openDossier", 9110 + n, known, [f"0990800003{n:02}"]) for n in range(3)}
    answer = ask(limited_url, "names-4", query, inputs)
    assert error_of(answer)["extensions"]["code"] == "READING_PAUSED"
    assert count_dossiers(served_hub, "names-4") == 2


def test_adding_subjects_is_looking_them_up(limited_url: str, served_hub: ServedHub) -> None:
    known, _ = find_two_people(served_hub)
    given = name_people("openDossier", 9120, known, [])
    assert "errors" not in ask(limited_url, "names-5", NAMING["openDossier"], {"input": given}).json()
    add = "mutation ($input: AddDossierSubjectsInput!) { addDossierSubjects(input: $input) { dossier { code } } }"
    for number in range(3):
        member = {"role": "member", "subject": {"citizen": {"personalId": f"0990800004{number:02}"}}}
        answer = ask(limited_url, "names-5", add, {"input": {"code": given["code"], "subjects": [member]}})
    assert error_of(answer)["extensions"]["code"] == "READING_PAUSED"


def test_asking_who_is_dead_pauses_and_tells_nothing_without_the_other_roles(
    limited_url: str, served_hub: ServedHub
) -> None:
    with psycopg.connect(served_hub.database) as connection:
        row = connection.execute("select personal_id from data.citizen where death_date is not null limit 1").fetchone()
    assert row is not None
    known, _ = find_two_people(served_hub)
    alone = name_people("openDossier", 9130, known, [row[0]])
    alone["subjects"] = alone["subjects"][1:]
    codes = [error_of(ask(limited_url, "names-6", NAMING["openDossier"], {"input": alone}))["extensions"]["code"]]
    for serial in range(3):
        whole = name_people("openDossier", 9131 + serial, known, [row[0]])
        answer = ask(limited_url, "names-6", NAMING["openDossier"], {"input": whole})
        codes.append(error_of(answer)["extensions"]["code"])
    assert codes == ["ROLE_MISSING", *["SUBJECT_DECEASED"] * 3]
    assert ask(limited_url, "names-6", "{ __typename }").status_code == 429


def test_a_file_for_a_sector_has_people_who_count(limited_url: str) -> None:
    """The demonstration has hundreds of them, and three are allowed here."""
    query = "query ($sector: Sector!) { discrepancyHandover(sector: $sector) { rows csv } }"
    answer = ask(limited_url, "hands", query, {"sector": "FINANCE"}, purpose="handover")
    assert (answer.json()["data"], error_of(answer)["extensions"]["code"]) == (None, "READING_PAUSED")


def test_people_in_a_breach_count(limited_url: str, served_hub: ServedHub) -> None:
    for reader in ("hides-4", "names-7"):  # two who have read, or named, people above or here
        for one in find_people(served_hub, 2) if reader == "hides-4" else find_people(served_hub, 5)[3:]:
            ask(limited_url, reader, IDENTIFY, {"personalId": one}, purpose="identify")
    query = """query ($credential: String!, $since: DateTime!) {
        breach(principal: $credential, since: $since) { known people { identifier } } }"""
    since = datetime.now(UTC).replace(hour=0, minute=0).isoformat()
    codes = []
    for reader in ("hides-4", "names-7"):
        given = {"credential": f"{ISSUER.rules.issuer}|limited-{reader}", "since": since}
        answer = ask(limited_url, "audits", query, given, purpose="breach")
        codes.append(
            error_of(answer)["extensions"]["code"]
            if "errors" in answer.json()
            else answer.json()["data"]["breach"]["known"]
        )
    assert codes == [2, "READING_PAUSED"]


def test_asking_for_what_is_not_ones_own_pauses(limited_url: str) -> None:
    codes = [
        error_of(ask(limited_url, "wanders", "{ citizens { totalCount } }", **headers))["extensions"]["code"]
        for headers in ({}, {"dossier": "H49.12-251118-7777"}, {"purpose": "review"}, {})
    ]
    assert codes == ["FORBIDDEN_FIELD", "DOSSIER_UNKNOWN", "PURPOSE_FORBIDDEN", "READING_PAUSED"]


def test_an_answer_with_too_many_people_does_not_leave(limited_url: str, served_hub: ServedHub) -> None:
    with psycopg.connect(served_hub.database) as connection:
        ids = [
            one
            for (one,) in connection.execute(
                "select personal_id from data.citizen where personal_id is not null and id not in (select subject_id from link.heir) order by id limit 4"
            )
        ]
    for personal_id in ids[:3]:
        for _ in range(2):
            found = ask(limited_url, "reads", IDENTIFY, {"personalId": personal_id}, purpose="identify")
            assert found.json()["data"]["citizen"]["fullName"]
    withheld = ask(limited_url, "reads", IDENTIFY, {"personalId": ids[3]}, purpose="identify")
    assert withheld.status_code == 429
    assert withheld.json()["data"] is None
    assert int(withheld.headers["retry-after"]) <= 3_600
    assert error_of(withheld)["extensions"]["code"] == "READING_PAUSED"
    again = ask(limited_url, "reads", IDENTIFY, {"personalId": ids[0]}, purpose="identify")
    assert again.status_code == 429, "reading is paused as a whole"
    with psycopg.connect(served_hub.database) as connection:
        found_alarms = connection.execute(
            "select kind, details from hub.alarm where principal = %s", (f"{ISSUER.rules.issuer}|limited-reads",)
        ).fetchall()
    assert found_alarms == [("SUBJECTS_PER_HOUR", {"limit": 3})]
