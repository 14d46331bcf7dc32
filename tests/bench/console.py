"""The console at work: 16 officers who open the sheets of their dossiers, and reviewers who decide questions, against one server process.

Each person is a signed-in browser without scripts. A page is measured from its request to its last byte, so waiting for others counts.
How long a person takes to decide a question is not measured but reckoned, by the keystroke-level model (Card, Moran and Newell 1980).
"""

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable
from html import unescape
from pathlib import Path
from statistics import median, quantiles

import httpx2
import psycopg
from psycopg.conninfo import conninfo_to_dict

from hub.store import roles
from hub.store.server.embedded import EmbeddedServer
from tests.bench.console_staff import STAFF, name_officer, name_reviewer
from tests.bench.harness import Bench, Row, Target
from tests.bench.servers import Served, on_socket

TABLE = "Console"
SERVER = "tests.bench.peers.console_server"
PROCEDURE = "land-right-transfer"
OFFICES = ("06652@2025-07-01",)
THINK_S = 2.0
"""An officer reads a sheet for minutes; each of them opening one every two seconds is more than an office does."""
SHEET_P95_MS, NEXT_P95_MS, DECISION_S = 150, 100, 6.0
MENTAL_S, KEY_S = 1.35, 0.2
"""Operators of the keystroke-level model: to think of one thing, and to press a key as an average typist."""
COUNTED_QUESTIONS = 48
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
HIDDEN = re.compile(r'<input type="hidden" name="(field|record|subject|same_reason|different_reason)" value="([^"]*)">')
CHOOSE = """
select distinct on (h.subject_id) c.personal_id from link.land_use_right_holder h
join data.land_use_right r on r.id = h.record_id and r.status = 'REGISTERED'
join data.citizen c on c.id = h.subject_id and c.death_date is null
where h.subject_kind = 'Citizen' and h.status in ('CONFIRMED', 'PROBABLE') and c.birth_date < '1990'
order by h.subject_id limit %s"""


def measure(bench: Bench, server: EmbeddedServer, url: str, *, seconds: int) -> None:
    """Measure sheets and review questions, each by 16 people at once, and reckon a decision."""
    database = str(conninfo_to_dict(url)["dbname"])
    kinds = (roles.READER, roles.CLERK, roles.LEDGER, roles.AUDITOR, roles.STEWARD)
    urls = [server.login_url(role, database) for role in kinds]
    with psycopg.connect(url) as connection:
        people = [number for (number,) in connection.execute(CHOOSE, (2 * STAFF,))]
    load = os.getloadavg()[0]
    with on_socket(SERVER, *urls, ",".join(OFFICES)) as found:
        sheets, steady, bytes_of_sheet, sheet_cpu = asyncio.run(_measure_sheets(found, people, seconds))
        decided, passed, marks, review_cpu = asyncio.run(_measure_review(found, seconds))
    with psycopg.connect(url) as connection:
        (citizens,) = connection.execute("select count(*) from data.citizen").fetchone() or (0,)
    at = f"{STAFF} at once, one server process, {citizens:,} citizens; {_describe_machine(load)}"
    limit = Target(SHEET_P95_MS, at_most=True)
    decision = _reckon_decision(marks, _p95(decided) / 1000)
    bench.rows += [
        Row(TABLE, f"Officer's sheet, one every {THINK_S:.0f} s each: p95", "ms", _p95(steady), {}, (limit,), f"median {median(steady):.0f} ms of {len(steady)}; {bytes_of_sheet / 1000:.0f} kB; {sheet_cpu:.0f} ms of the server's processor each; {at}"),
        Row(TABLE, "Officer's sheet, back to back: p95", "ms", _p95(sheets), {}, (), f"median {median(sheets):.0f} ms of {len(sheets)}, {len(sheets) / seconds:.0f} a second; {at}"),
        Row(TABLE, "Review, the next question: p95", "ms", _p95(passed), {}, (Target(NEXT_P95_MS, at_most=True),), f"median {median(passed):.0f} ms of {len(passed)}, one every {THINK_S:.0f} s each; {review_cpu:.0f} ms of the server's processor a page; {at}"),
        Row(TABLE, "Review, from a decision to the next question: p95", "ms", _p95(decided), {}, (), f"median {median(decided):.0f} ms of {len(decided)}: the decision is kept and the next page made; {at}"),
        Row(TABLE, "Review, a person's decision: median", "s", decision, {}, (Target(DECISION_S, at_most=True),), f"keystroke-level model over {len(marks)} questions; {median(marks):.0f} rows with two different values in the median one"),
    ]  # fmt: skip
    bench.method.append(
        f"Console: {STAFF} signed-in browsers in one process, the hub in another, ledger on; every sheet is of a dossier of its own"
        f" ({PROCEDURE}). A page is measured from its request to its last byte, and a decision from the form to the next question"
        " (two requests). A person's decision by the keystroke-level model: one mental step of"
        f" {MENTAL_S} s for each row whose two values are marked as different, in spelling or altogether (an empty one cannot be compared), one to decide, one key of {KEY_S} s (S, D or U; the hand stays on the keys,"
        " and no reason need be typed), and the answer of the server at its 95th percentile."
    )


def _describe_machine(load: float) -> str:
    """What else the machine did as the measurement began, which decides how long a page waits; and the priority that it had, if any."""
    priority = os.getpriority(os.PRIO_PROCESS, 0)
    own = f", measured at priority {priority}" if priority else ""
    return f"load of the machine before it {load:.1f} on {os.cpu_count()} cores{own}"


def _p95(taken: list[float]) -> float:
    return quantiles(taken, n=20)[-1]


def _reckon_decision(marks: list[int], response_s: float) -> float:
    """Seconds of the median question, of which each has so many rows that differ."""
    return median(MENTAL_S * (count + 1) + KEY_S + response_s for count in marks)


async def _sign_in(base: str, who: str) -> httpx2.AsyncClient:
    client = httpx2.AsyncClient(base_url=base, timeout=60, headers={"accept": "text/html", "origin": base})
    answer = await client.post("/sign-in", data={"identity": who, "next": "/console"})
    assert answer.status_code == 303, answer.text[:300]
    return client


async def _submit(
    client: httpx2.AsyncClient, page: httpx2.Response, path: str, fields: dict[str, str]
) -> httpx2.Response:
    """Send a form of a page, and open what it leads to. Raises AssertionError."""
    (token, *_) = TOKEN.findall(page.text)
    answer = await client.post(path, data={"csrf_token": token, **fields})
    assert answer.status_code == 303, (path, answer.status_code, answer.text[:2000])
    return await client.get(answer.headers["location"])


async def _measure_sheets(
    server: Served, people: list[str], seconds: int
) -> tuple[list[float], list[float], int, float]:
    """Milliseconds of sheets back to back, and with time to think; the bytes of one, and the server's processor time for it."""
    base = server.base
    clients = await asyncio.gather(*(_sign_in(base, name_officer(number)) for number in range(STAFF)))
    pages = [await _open_sheet(client, number, people) for number, client in enumerate(clients)]
    paths = [str(page.url.raw_path.decode()).partition("?")[0] for page in pages]

    def visit(client: httpx2.AsyncClient, path: str) -> Callable[[], Awaitable[None]]:
        async def open_page() -> None:
            answer = await client.get(path)
            assert answer.status_code == 200, answer.text[:300]

        return open_page

    visits = [visit(client, path) for client, path in zip(clients, paths, strict=True)]
    await _repeat(visits, seconds, 0)
    before = _read_cpu_s(server.pid)
    busy = await _repeat(visits, seconds, 0)
    spent_ms = 1000 * (_read_cpu_s(server.pid) - before) / len(busy)
    steady = await _repeat(visits, max(seconds * 4, 10), THINK_S)
    for client in clients:
        await client.aclose()
    return busy, steady, len(pages[0].content), spent_ms


async def _open_sheet(client: httpx2.AsyncClient, number: int, people: list[str]) -> httpx2.Response:
    """Find the seller and open a dossier, as an officer does."""
    seller, buyer = people[2 * number : 2 * number + 2]
    found = await _submit(client, await client.get("/console"), "/console", {"text": seller})
    path = f"{found.url.raw_path.decode()}?procedure={PROCEDURE}"
    form = await client.get(path)
    (office, *_) = re.findall(r'<option value="([^"]+@[^"]+)"', form.text)
    code = f"H49.12-251118-{9000 + number}"
    given = {"role.transferor": seller, "role.transferee": buyer, "code": code, "office": office}
    return await _submit(client, form, path, {"procedure": PROCEDURE, **given})


async def _measure_review(server: Served, seconds: int) -> tuple[list[float], list[float], list[int], float]:
    """Milliseconds from a decision to the next question, from one question to the next, how many rows of each differ; processor time."""
    base = server.base
    clients = await asyncio.gather(*(_sign_in(base, name_reviewer(number)) for number in range(STAFF)))
    start = await asyncio.gather(*(client.get("/console/review") for client in clients))
    after = _find_next(start[0])
    marks = []
    for _ in range(COUNTED_QUESTIONS):
        marks.append(len(re.findall(r'<td data-label="Có thể là 1" class="mark-(?:spelling|differs)"', start[0].text)))
        if after is None:
            break
        start[0] = await clients[0].get(after)
        after = _find_next(start[0])

    async def decide() -> None:
        fields = {name: unescape(text) for name, text in HIDDEN.findall(start[0].text)}
        start[0] = await _submit(clients[0], start[0], "/console/review", fields | {"verdict": "DIFFERENT"})

    def skip(number: int) -> Callable[[], Awaitable[None]]:
        async def go_on() -> None:
            # One decides and the others pass: two who decide the same question would be told so.
            start[number] = await clients[number].get(_find_next(start[number]) or "/console/review")
            assert start[number].status_code == 200, start[number].text[:300]

        return go_on

    start[0] = await clients[0].get("/console/review")
    lasts, before = max(seconds * 4, 10), _read_cpu_s(server.pid)
    decided, passed = await asyncio.gather(
        _repeat([decide], lasts, 0.5), _repeat([skip(number) for number in range(1, STAFF)], lasts, THINK_S)
    )
    spent_ms = 1000 * (_read_cpu_s(server.pid) - before) / (len(decided) + len(passed))
    for client in clients:
        await client.aclose()
    return decided, passed, marks, spent_ms


def _read_cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has used: it does not depend on what else the machine does."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _find_next(page: httpx2.Response) -> str | None:
    """The address of the question after this one; None at the end."""
    found = re.search(r'href="(/console/review\?[^"]+)" data-key="u n"', page.text)
    return found[1].replace("&amp;", "&") if found else None


async def _repeat(visits: list[Callable[[], Awaitable[None]]], seconds: float, think_s: float) -> list[float]:
    """Milliseconds of each visit, everyone at once and again after `think_s`; people do not begin in step."""
    taken: list[float] = []
    ends = time.monotonic() + seconds

    async def work(number: int, visit: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(think_s * number / len(visits))
        while time.monotonic() < ends:
            began = time.perf_counter()
            await visit()
            taken.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(think_s)

    await asyncio.gather(*(work(number, visit) for number, visit in enumerate(visits)))
    return taken
