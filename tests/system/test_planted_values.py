"""Nothing personal in what the hub writes beside its answers: values are planted everywhere, and everything is searched for them.

A served hub in a process of its own gets recognisable names, identifiers and addresses in variables, filters, headers, tokens, dossier
codes, cursors and paths; then its output, its error bodies, its process title, the ledger, alarms and jobs are searched.
"""

import json
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
from hub.store.embedded import EmbeddedServer
from hub.store.roles import CLERK, LEDGER, READER
from tests.conftest import ServedHub
from tests.system.test_access import IDENTIFY, READ

NAME, IDENTIFIER, ADDRESS = "Quyền Thị Trồng-Mốc", "022199876543", "số 7 ngõ Trồng Mốc"
PLANTED = (NAME, IDENTIFIER, ADDRESS, "Trồng", "tr\\u1ed3ng", "Tr%E1%BB%93ng")
DOSSIER = f"H49.12-{IDENTIFIER}"
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
            [sys.executable, "-m", "tests.system.ledger_server", *urls], stdout=subprocess.PIPE, stderr=sink, text=True
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
    time.sleep(0.2)
    assert len(hub.answers) > 40
    for number, answer in enumerate(hub.answers):
        look(answer, f"answer {number}")
    look(hub.output.read_text(), "the server's output")
    title = Path(f"/proc/{hub.process.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    look(title, "the process title")
    with psycopg.connect(served_hub.database) as connection:
        records = connection.execute(
            "select encode(record, 'escape'), principal, dossier from ledger.record"
        ).fetchall()
        look("\n".join(map(str, records)), "the ledger")
        paths = connection.execute("select convert_from(paths, 'UTF8') from ledger.operation").fetchall()
        look("\n".join(map(str, paths)), "the operations of the ledger")
        for table in ("hub.alarm", "hub.run", "hub.link_run", "hub.inbox", "ledger.epoch"):
            look(rows_of(connection, table), table)
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
        ("ledger", "list", "--after", NAME),
        ("keys", "revoke", NAME),
        ("discrepancies", "list", "--entity", IDENTIFIER),
        ("link", "evaluate", "--truth", NAME),
        ("snapshots", "list", IDENTIFIER),
        ("snapshots", "receipt", NAME, "--to", "receipt.html"),
        ("snapshots", "verify", NAME, "--key", NAME),
        ("procedures", "stats", NAME),
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
        records = connection.execute("select encode(record, 'escape') from ledger.record").fetchall()
        look("\n".join(map(str, records)), "the ledger")
        for table in ("hub.alarm", "hub.run", "hub.link_run", "jobs.procrastinate_jobs"):
            look(rows_of(connection, table), table)
