"""The command line as a person meets it: results, errors with a next step, exit codes; never a stack trace."""

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from hub.store.server.embedded import EmbeddedServer
from tests.forked_hub import run_hub

ROOT = Path(__file__).parents[3]


def hub(
    *arguments: str, url: str = "", cwd: Path | None = None, checkout: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `hub` in a process of its own: the code of `checkout` as it is at the first command."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}
    given = {**inherited, **({"HUB_DATABASE_URL": url} if url else {}), **environment}
    return run_hub(*arguments, environment=given, cwd=cwd or "/", checkout=checkout)


def test_derived_files_are_fresh_and_a_stale_one_is_named(tmp_path: Path) -> None:
    assert hub("schema", "check").returncode == 0
    copy = copied(tmp_path)
    (copy / "schema" / "generated" / "schema.graphql").write_text("old")
    done = hub("schema", "check", cwd=copy, checkout=copy)
    assert done.returncode == 78
    assert "schema/generated/schema.graphql" in done.stderr
    assert "hub schema export" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("sync", "nobody"), 78, "there is no connector nobody"),
        (("sync", "[/x]"), 78, "there is no connector [/x]"),
        (("link", "Nothing.at_all"), 78, "there is no linked field"),
        (("demo", "--citizens", "5"), 64, "1,000 to 1,000,000"),
        (("sync", "finance"), 69, "FINANCE_FOLDER is not set"),
    ],
)
def test_errors_say_what_and_the_next_step(
    database_url: str, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = hub(*arguments, url=database_url)
    assert done.returncode == code
    assert words in done.stderr
    assert "next step" in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_said_before_anything_starts(database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = hub("serve", "--port", str(taken.getsockname()[1]), url=database_url)
    assert done.returncode == 78
    assert "--port 0" in done.stderr


def test_a_database_that_is_away(tmp_path: Path) -> None:
    done = hub("migrate", url="postgresql://hub:SECRET@127.0.0.1:1/hub")
    assert done.returncode == 69
    assert "SECRET" not in done.stderr + done.stdout


def test_a_wrong_setting_is_named() -> None:
    done = hub("doctor", HUB_PORT="many")
    assert done.returncode == 78
    assert "HUB_PORT" in done.stderr


def test_explain_shows_the_plan_and_reads_nothing(database_url: str, tmp_path: Path) -> None:
    query = "query A($id: PersonalId!) { citizen(by: { personalId: $id }) { fullName landUseRights(first: 3) { nodes { parcel { area } } } } }"
    given = ("--variables", '{"id": "022085001234"}')
    shown = hub("explain", query, *given, url=database_url)
    assert shown.returncode == 0, shown.stderr
    for words in (
        "one citizen by personal_id",
        "a page of land_use_right by link.",
        "select",
        "rows at most 7",
        "PostgreSQL estimates",
    ):
        assert words in shown.stdout
    assert "022085001234" not in shown.stdout
    (tmp_path / "a.graphql").write_text(f"{query} query B {{ citizens {{ totalCount }} }}")
    told = hub("explain", "a.graphql", "--operation", "A", *given, "--json", url=database_url, cwd=tmp_path)
    found = json.loads(told.stdout)
    assert (found["rows"], "Total Cost" in found["postgresql"], found["sql"].startswith("select")) == (7, True, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{ nothing }",), "Cannot query field"),
        (("{ __schema { queryType { name } } }",), "fields that are not stored data"),
        (("{ citizens { totalCount } }", "--variables", "[]"), "--variables is not a JSON object"),
        (("none.graphql",), "there is no file none.graphql"),
        (("query A { __typename } query B { __typename }",), "give operationName, one of: A, B"),
    ],
)
def test_explain_refuses_with_the_next_step(database_url: str, arguments: tuple[str, ...], words: str) -> None:
    done = hub("explain", *arguments, url=database_url)
    assert done.returncode != 0
    assert words in done.stderr
    assert "next step" in done.stderr
    assert "Traceback" not in done.stderr


def test_place_is_read_and_doctor_tells(database_url: str) -> None:
    done = hub("sync", "place", "--json", url=database_url)
    assert done.returncode == 0, done.stderr
    (report,) = json.loads(done.stdout)
    assert [c["added"] for c in report["counts"]] == [14_149, 10_602]
    findings = {f["what"]: f for f in json.loads(hub("doctor", "--json", url=database_url).stdout)}
    assert findings["tables"]["holds"]
    assert findings["data of place"]["holds"]
    assert findings["connector finance"]["holds"], "a sector that is not used here is no failure"
    assert "FINANCE_FOLDER" in findings["connector finance"]["next_step"]


def test_one_field_is_one_line_in_the_schema_one_in_a_manifest_and_a_drafted_migration(
    tmp_path: Path, postgres_server: EmbeddedServer, database_url: str
) -> None:
    copy = copied(tmp_path)
    after(
        copy / "schema" / "citizen.py", "    ethnicity:", '    religion: Text | None = field("Religion as registered.")'
    )
    after(copy / "connectors" / "population" / "manifest.toml", "ethnicity =", 'religion = "ton_giao"')
    here = {"url": database_url, "cwd": copy, "checkout": copy}
    assert "religion" in hub("schema", "diff", **here).stdout  # type: ignore[arg-type]
    drafted = hub("schema", "draft", "Religion of citizens", **here)  # type: ignore[arg-type]
    assert drafted.returncode == 0, drafted.stderr
    (script,) = (copy / "schema" / "migrations").glob("*_religion_of_citizens.py")
    assert script.read_text().count("op.add_column") == 2  # the table and its history
    assert hub("migrate", **here).returncode == 0  # type: ignore[arg-type]
    assert hub("schema", "diff", **here).stdout.strip() == ""  # type: ignore[arg-type]
    assert "religion: String" in hub("schema", "export", "--stdout", **here).stdout  # type: ignore[arg-type]


def copied(to: Path) -> Path:
    """The project's own sources, to change."""
    for folder in ("hub", "schema", "connectors", "docs"):
        # With what is compiled: to compile it again takes longer than the commands that are tried.
        shutil.copytree(ROOT / folder, to / folder, ignore=shutil.ignore_patterns("node_modules", "static"))
    return to


def after(path: Path, line: str, added: str) -> None:
    text = path.read_text(encoding="utf-8")
    at = text.index("\n", text.index(line)) + 1
    path.write_text(f"{text[:at]}{added}\n{text[at:]}", encoding="utf-8")
