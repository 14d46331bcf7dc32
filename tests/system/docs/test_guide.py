"""The guide for integrators, followed to the letter: the commands of docs/how-to/add-a-connector.md, against a new MariaDB and a new API."""

import json
import os
import re
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pymysql
import pytest
from sqlalchemy.engine import URL, make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.doc_blocks import ROOT, blocks_of
from tests.forked_hub import hub_program
from tests.serving import served

MARIADB = os.environ.get("HUB_TEST_MARIADB_URL", "mysql+pymysql://root@127.0.0.1:3306/test")
GUIDE = ROOT / "docs" / "how-to" / "add-a-connector.md"
KEY = secrets.token_urlsafe(8)


def blocks(title: str, language: str) -> list[str]:
    """The lines of the blocks of one language under a heading of the guide; under no heading, those before the first."""
    text = GUIDE.read_text(encoding="utf-8")
    begin = text.index(f"\n## {title}\n") + 1 if title else 0
    first = text.count("\n", 0, begin)
    last = text.count("\n", 0, text.find("\n## ", begin))
    found = [block.text for block in blocks_of(GUIDE) if first < block.line <= last and block.language == language]
    assert found
    return "".join(found).splitlines()


def commands(title: str) -> list[str]:
    return blocks("", "sh") + blocks(title, "sh")


def statements(title: str) -> list[str]:
    """The SQL under a heading, a statement each."""
    return [line.strip() for line in " ".join(blocks(title, "sql")).split(";") if line.strip()]


def follow(lines: list[str], given: Mapping[str, str], folder: Path, database: str) -> list[str]:
    """Run the lines in one shell, with what is given for what the guide only names. Returns what each `hub` printed."""
    script = ["set -e", f'hub() {{ {hub_program()} "$@"; }}']
    for line in lines:
        name = re.match(r"export ([A-Z_]+)=", line)
        if name and name[1] in given:
            script.append(f"export {name[1]}='{given[name[1]]}'")
        else:
            script += [line, "echo '----'"] if line.startswith("hub ") else [line]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env={**inherited, "HUB_DATABASE_URL": database},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    assert "Traceback" not in done.stderr
    return done.stdout.split("----\n")[:-1]


@pytest.fixture
def mariadb() -> Iterator[URL]:
    """A new database with the guide's table."""
    url = make_url(MARIADB)
    try:
        server = pymysql.connect(host=url.host or "", port=url.port or 3306, user=url.username, password=url.password or "", autocommit=True)  # fmt: skip
    except pymysql.err.OperationalError:
        pytest.skip("no MariaDB listens at HUB_TEST_MARIADB_URL")
    name = f"guide_{secrets.token_hex(4)}"
    with server, server.cursor() as cursor:
        cursor.execute(f"create database {name} character set utf8mb4")
        cursor.execute(f"use {name}")
        made = statements("A database, from nothing")
        assert len(made) == 2
        for statement in made:
            cursor.execute(statement)
        yield url.set(drivername="mysql", database=name)
        cursor.execute(f"drop database {name}")


def test_a_new_database_as_the_guide_says(mariadb: URL, tmp_path: Path, database_url: str) -> None:
    lines = commands("A database, from nothing")
    given = {"PENSIONS_URL": mariadb.render_as_string(hide_password=False)}
    new, preview, told, accepted, checked, first, second = follow(lines, given, tmp_path, database_url)
    assert "pensions → Benefit" in new
    assert "Trần Thị Bình" in preview
    assert [len(stream["records"]) for stream in json.loads(told)] == [3]
    assert accepted.count(" A ") == 2
    assert "passed pensions chaos: reset" in checked
    assert re.search(r"Benefit\W+4\W+4\W+0", first)
    assert re.search(r"Benefit\W+4\W+0\W+0\W+4", second)
    folder = tmp_path / "connectors-of-mine" / "pensions"
    assert {path.name for path in folder.iterdir()} == {"manifest.toml", "samples"}
    written = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.*"))
    for secret in ("Trần Thị Bình", "022150000001", "03/04/1950", str(mariadb.username) + "@"):
        assert secret not in written


def payments() -> list[dict[str, object]]:
    return [
        {
            "ma": number,
            "so_bien_lai": f"BL-{number:04d}",
            "so_thong_bao": f"TB-{number:04d}",
            "so_tien": f"{number}.250.000",
            "ngay_nop": f"{number:02d}/01/2026",
            "thu_ngan": {"ho_ten": "Lê Thị Lan"},
        }
        for number in range(1, 8)
    ]


def api() -> Starlette:
    """The API of the guide."""

    async def rows(request: Request) -> Response:
        if request.headers.get("x-api-key") != KEY:
            return JSONResponse({}, 401)
        at, size = int(request.query_params.get("offset", 0)), int(request.query_params.get("limit", 3))
        return JSONResponse({"total": 7, "data": payments()[at : at + min(size, 3)]})

    return Starlette(routes=[Route("/api/v1/nop-tien", rows)])


def test_a_new_api_as_the_guide_says(tmp_path: Path, database_url: str) -> None:
    lines = commands("An HTTP API, from nothing")
    with served(api()) as url:
        new, preview, checked, synced = follow(
            lines, {"RECEIPTS_URL": url, "RECEIPTS_KEY": KEY}, tmp_path, database_url
        )
    assert "receipts → Payment" in new
    assert "1250000" in preview
    assert checked.count(" A ") == 2
    assert re.search(r"Payment\W+7\W+7\W+0", synced)
    written = "".join(p.read_text(encoding="utf-8") for p in (tmp_path / "connectors-of-mine").rglob("*.*"))
    assert KEY not in written
    assert "Lê Thị Lan" not in written
