"""Nothing personal in what the hub writes beside its answers: values are planted everywhere, and everything is searched for them.

A served hub in a process of its own gets recognisable names, identifiers and addresses in variables, filters, headers, tokens, dossier
codes, cursors, paths, forms of pages and reasons; then its output, its error bodies, its process title, the ledger, alarms, sessions, what
other systems are told, and jobs are searched.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from hub.cli import main
from hub.store.roles import CLERK, LEDGER, READER
from hub.store.server.embedded import EmbeddedServer
from tests.conftest import ServedHub
from tests.system.access.test_access import END, IDENTIFY, OFFICE, OPEN, PREFILL, READ
from tests.system.servers.console_site import PageReader

NAME, IDENTIFIER, ADDRESS = "Quyền Thị Trồng-Mốc", "022199876543", "số 7 ngõ Trồng Mốc"
OTHER_IDENTIFIER = "022099876543"
PLANTED = (NAME, IDENTIFIER, ADDRESS, "Trồng", "tr\\u1ed3ng", "Tr%E1%BB%93ng")
DOSSIER, TOLD = f"H49.12-{IDENTIFIER}", "H49.12-251118-0971"
KEPT_TABLES = (
    *("hub.alarm", "hub.run", "hub.link_run", "hub.inbox", "hub.event", "hub.webhook_delivery", "hub.webhook_endpoint"),
    *(
        "hub.web_session",
        "hub.reading_use",
        "hub.reading_subject",
        "hub.lookup",
        "hub.circuit",
        "hub.approval",
        "hub.drift",
    ),
    *("ledger.epoch", "jobs.procrastinate_jobs", "jobs.procrastinate_events"),
)
BY_NAME = "query ($fullName: String!, $birthDate: PartialDate!) { citizens(first: 2, filter: { fullName: { eq: $fullName }, birthDate: { eq: $birthDate } }) { nodes { fullName } } }"
LITERAL = f'{{ citizen(by: {{ personalId: "{IDENTIFIER}" }}) {{ fullName nonsense }} }}'


@dataclass
class PlantedHub:
    """A hub in a process of its own, and the bodies of its refusals."""

    url: str
    tokens: dict[str, str]
    process: subprocess.Popen[str]
    output: Path
    answers: list[str] = field(default_factory=list)

    def ask(self, body: Any, who: str = "an", **headers: str) -> None:
        sent = {"authorization": f"Bearer {self.tokens[who]}"} if who in self.tokens else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        encoded = {name: value.encode() for name, value in sent.items()}
        answer = httpx2.post(
            f"{self.url}/graphql", content=raw, headers={"content-type": b"application/json", **encoded}, timeout=30
        )
        self.answers.append(answer.text + str(answer.headers))


@pytest.fixture(scope="module")
def hub(served_hub: ServedHub, postgres_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlantedHub]:  # fmt: skip
    name = str(conninfo_to_dict(served_hub.database)["dbname"])
    urls = [postgres_server.login_url(role, name) for role in (READER, CLERK, LEDGER)]
    output = tmp_path_factory.mktemp("planted") / "output"
    with output.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.servers.ledger_server", *urls],
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
        )
        try:
            assert process.stdout is not None
            started = json.loads(process.stdout.readline())
            yield PlantedHub(started["url"], started["tokens"], process, output)
        finally:
            process.terminate()
            process.wait(20)
            if process.stdout is not None:
                process.stdout.close()


def plant(hub: PlantedHub) -> None:
    """Send planted values wherever a request has room for one."""
    find = {"query": IDENTIFY, "variables": {"personalId": IDENTIFIER}}
    for headers in (
        {"x_hub_purpose": "identify"},
        {"x_hub_purpose": NAME},
        {"x_hub_purpose": IDENTIFIER},
        {"x_hub_dossier": DOSSIER},
        {"x_hub_dossier": NAME},
        {"x_hub_dossier": IDENTIFIER},
        {"x_request_id": f"{IDENTIFIER}", "x_hub_purpose": "identify"},
        {"traceparent": IDENTIFIER, "x_hub_purpose": "identify"},
        {"user_agent": NAME, "referer": f"https://x/{IDENTIFIER}", "x_hub_purpose": "identify"},
    ):
        hub.ask(find, **headers)
        hub.ask({"query": READ, "variables": {"personalId": IDENTIFIER}}, **headers)
    for body in (
        {"query": BY_NAME, "variables": {"fullName": NAME, "birthDate": "1990-01-01"}},
        {"query": BY_NAME, "variables": {"fullName": NAME, "birthDate": ADDRESS}},
        {"query": IDENTIFY, "variables": {"personalId": NAME}},
        {"query": IDENTIFY, "variables": {"personalId": {"x": NAME}}},
        {"query": IDENTIFY, "variables": {IDENTIFIER: NAME}},
        {"query": LITERAL},
        {"query": f'{{ search(text: "{NAME}") {{ hits {{ __typename }} }} }}'},
        {"query": f'{{ citizens(first: 1, after: "{NAME}") {{ nodes {{ fullName }} }} }}'},
        {"query": f'{{ node(id: "{IDENTIFIER}") {{ id }} }}'},
        {"query": NAME},
        {"query": IDENTIFY, "operationName": IDENTIFIER, "variables": {"personalId": IDENTIFIER}},
    ):
        hub.ask(body, x_hub_purpose="identify")
        hub.ask(body, who="chi", x_hub_purpose="review")
    hub.ask(f'{{"query": "{NAME}'.encode(), x_hub_purpose="identify")
    hub.ask(find, who="nobody", authorization=f"Bearer {IDENTIFIER}")
    hub.ask(find, who="nobody", authorization=f"Bearer hub_{IDENTIFIER}_x")
    for path in (
        f"/{IDENTIFIER}",
        f"/graphql?query={NAME}",
        f"/graphql?access_token={IDENTIFIER}",
        f"/push/{NAME}",
        f"/dossiers/{IDENTIFIER}/receipt",
        f"/dossiers/{NAME}/receipt",
    ):
        for credentials in ({}, {"authorization": f"Bearer {hub.tokens['an']}"}):
            answer = httpx2.get(hub.url + path, headers=credentials, timeout=30)
            hub.answers.append(answer.text)


def plant_pages(hub: PlantedHub) -> None:
    """Send planted values by the pages: in addresses, in forms, and in the fields of a dossier."""
    officer, reviewer = (PageReader(hub.url).sign_in(who) for who in ("an", "chi"))
    for reader, path in ((officer, "/console"), (reviewer, "/console/review")):
        reader.page = reader.client.get(path)
        assert reader.page.status_code == 200
        for address in (
            f"{path}?text={NAME}&subject={IDENTIFIER}&after={ADDRESS}",
            f"/console/found/{IDENTIFIER}",
            f"/console/dossiers?code={IDENTIFIER}&state={NAME}",
            f"/console/dossiers/{IDENTIFIER}",
            f"/console/dossiers/{NAME}/correct?field={NAME}",
            f"/console/sources/{NAME}",
            f"/console/rejected?source={IDENTIFIER}",
            f"/console/log?personalId={IDENTIFIER}",
            f"/console/mine?q={NAME}",
            f"/console/rejected/population/citizens/Citizen/pattern?field={IDENTIFIER}",
            f"/console/rejected/population/citizens/Citizen/{NAME}?field={NAME}",
            f"/console/rejected/population/{NAME}/{IDENTIFIER}/pattern?field=birth_date",
        ):
            reader.client.get(address)
    (token,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', officer.page.text))
    for path, text in (
        ("/console", IDENTIFIER),
        ("/console", f"{NAME} 01/01/1990"),
        ("/console", ADDRESS),
        (f"/console/dossiers/{IDENTIFIER}", NAME),
        ("/console/review", NAME),
        ("/console/log", IDENTIFIER),
    ):
        given = {"csrf_token": token, "text": text, "reason": text, "personalId": text, "subject": text}
        answer = officer.send(path, given)
        if path == "/console":  # others are refused: they lead back to where the person came from
            look(answer.headers.get("location", ""), "the address that a search leads to")
            if "location" in answer.headers:
                officer.client.get(answer.headers["location"])


def plant_in_dossier(hub: PlantedHub) -> None:
    """A dossier of somebody whom the hub does not hold, ended for a reason that says more than it should: systems are told of both."""
    subjects = [
        {"role": role, "subject": {"citizen": {"personalId": one}}}
        for role, one in (("transferor", IDENTIFIER), ("transferee", OTHER_IDENTIFIER))
    ]
    opened = {"code": TOLD, "purpose": "land-right-transfer", "office": OFFICE, "subjects": subjects}
    hub.ask({"query": OPEN, "variables": {"input": opened}})
    hub.ask({"query": PREFILL}, x_hub_dossier=TOLD)
    hub.ask(
        {"query": END, "variables": {"input": {"code": TOLD, "outcome": "WITHDRAWN", "reason": f"{NAME} {ADDRESS}"}}}
    )


def read_records(connection: psycopg.Connection[Any]) -> str:
    """The records of the ledger as text: what follows the 40 bytes of hash and number is JSON."""
    rows = connection.execute(
        "select convert_from(substring(record from 41), 'UTF8'), principal, dossier from ledger.record"
    )
    return "\n".join(map(str, rows.fetchall()))


def look(text: str, where: str) -> None:
    """Fail if a planted value is in a text. The failure does not repeat the text: only where, and what is around it."""
    for value in PLANTED:
        at = text.lower().find(value.lower())
        assert at < 0, f"{where} has a planted value: …{text[max(0, at - 60) : at + 60]}…"


def rows_of(connection: psycopg.Connection[Any], table: str) -> str:
    if connection.execute("select to_regclass(%s)", (table,)).fetchone() == (None,):
        return ""  # the queue is made by the first worker
    return "\n".join(str(row) for row in connection.execute(f"select t::text from {table} t").fetchall())  # type: ignore[call-overload]


def test_nothing_personal_is_written_beside_the_answers(hub: PlantedHub, served_hub: ServedHub) -> None:
    plant(hub)
    plant_pages(hub)
    plant_in_dossier(hub)
    time.sleep(0.2)
    assert len(hub.answers) > 40
    for number, answer in enumerate(hub.answers):
        look(answer, f"answer {number}")
    look(hub.output.read_text(), "the server's output")
    title = Path(f"/proc/{hub.process.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    look(title, "the process title")
    with psycopg.connect(served_hub.database) as connection:
        look(read_records(connection), "the ledger")
        paths = connection.execute("select convert_from(paths, 'UTF8') from ledger.operation").fetchall()
        look("\n".join(map(str, paths)), "the operations of the ledger")
        for table in KEPT_TABLES:
            look(rows_of(connection, table), table)
        told = connection.execute("select state from hub.event where dossier_code = %s order by id", (TOLD,)).fetchall()
        assert {state for (state,) in told} == {"OPEN", "WITHDRAWN"}
        titles = connection.execute(
            "select query, application_name from pg_stat_activity where pid <> pg_backend_pid()"
        )
        look(str(titles.fetchall()), "statements as PostgreSQL shows them")


@pytest.mark.parametrize(
    "words",
    [
        ("quarantine", "show", IDENTIFIER[:9]),
        ("quarantine", "replay", NAME),
        ("review", "show", NAME, "1"),
        ("review", "show", "TaxObligation.debtor", IDENTIFIER[:9]),
        ("sync", NAME),
        ("connector", "preview", NAME),
        ("connector", "check", IDENTIFIER),
        ("seals", "add", IDENTIFIER, "--ground", "ADOPTION"),
        ("explain", LITERAL),
        ("prefill", "land-right-transfer", "--subject", f"transferor={NAME}"),
        ("prefill", NAME),
        ("ledger", "usage", IDENTIFIER),
        *(
            ("ledger", "list", f"--{name}", NAME)
            for name in ("principal", "app", "purpose", "dossier", "office", "code")
        ),
        ("ledger", "list", "--kind", NAME),
        ("ledger", "list", "--principal", f"urn:x|{IDENTIFIER}"),
        ("ledger", "list", "--dossier", f"H49.12-251118-{IDENTIFIER}"),
        ("ledger", "breach", "--since", "2026-07-01T00:00:00+07:00", "--principal", f"{NAME} {IDENTIFIER}"),
        ("discrepancies", "export", "files", "--field", IDENTIFIER),
        ("ledger", "list", "--after", NAME),
        ("keys", "revoke", NAME),
        ("discrepancies", "list", "--entity", IDENTIFIER),
        ("link", "evaluate", "--truth", NAME),
        ("snapshots", "list", IDENTIFIER),
        ("snapshots", "receipt", NAME, "--to", "receipt.html"),
        ("snapshots", "verify", NAME, "--key", NAME),
        ("procedures", "stats", NAME),
        ("access", "explain", LITERAL),
        ("backup", "check", NAME),
        ("backup", "restore", IDENTIFIER),
        ("corrections", "show", IDENTIFIER),
        ("doctor", "--sizing", NAME),
        ("evidence", "check", NAME),
        ("senders", "revoke", NAME),
        ("subjects", "export", IDENTIFIER),
        ("webhooks", "deliveries", NAME),
        ("webhooks", "add", "x", f"https://x.example/{IDENTIFIER}", "--procedure", NAME),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_what_a_command_was_given_is_not_written_down(
    words: tuple[str, ...],
    served_hub: ServedHub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its own message may quote the words of whoever typed them; nothing that stays may."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUB_DATABASE_URL", served_hub.database)
    with pytest.raises(SystemExit):
        main(words)
    assert "unforeseen" not in capsys.readouterr().err
    with psycopg.connect(served_hub.database) as connection:
        look(read_records(connection), "the ledger")
        for table in KEPT_TABLES:
            look(rows_of(connection, table), table)
