"""Commands that only read change nothing: not an empty database, and with no right but to select."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from hub.cli import main
from hub.cli.store import open_store_to_serve
from hub.errors import HubMisconfigured
from hub.settings import load
from tests.conftest import ServedHub

READING = (
    ("runs", "list"),
    ("runs", "approvals"),
    ("drift", "list"),
    ("quarantine", "list"),
    ("quarantine", "counts"),
    ("discrepancies", "list"),
    ("discrepancies", "counts"),
    ("explain", "{ citizens { totalCount } }"),
    ("schema", "diff"),
    ("doctor",),
)
SCHEMAS = ("hub", "data", "history", "link", "link_history", "staging", "jobs")


@pytest.fixture
def reader_url(served_hub: ServedHub) -> Iterator[str]:
    """The demonstration's store, by a role that may only select."""
    name = f"reader_{secrets.token_hex(4)}"
    role = sql.Identifier(name)
    with psycopg.connect(served_hub.database, autocommit=True) as owner:
        owner.execute(sql.SQL("create role {} login password 'reader'").format(role))
        for schema in SCHEMAS[:-1]:  # the queue is not read
            owner.execute(sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(schema), role))
            owner.execute(sql.SQL("grant select on all tables in schema {} to {}").format(sql.Identifier(schema), role))
        yield make_url(served_hub.database).set(username=name, password="reader").render_as_string(hide_password=False)
        owner.execute(sql.SQL("drop owned by {}").format(role))
        owner.execute(sql.SQL("drop role {}").format(role))


def run(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    with pytest.raises(SystemExit) as left:
        main(command)
    printed = capsys.readouterr()
    return left.value.code or 0, printed.out + printed.err


@pytest.mark.parametrize("command", [*READING, ("review", "list"), ("review", "agreement")], ids=" ".join)
def test_a_database_that_is_looked_at_stays_empty(
    command: tuple[str, ...],
    new_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", new_database_url)
    code, said = run(command, capsys)
    assert code == 78, said
    assert "the database has no hub tables" in said
    with psycopg.connect(new_database_url) as connection:
        assert connection.execute("select nspname from pg_namespace where nspname = any(%s)", (list(SCHEMAS),)).fetchall() == []  # fmt: skip


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_role_that_may_only_select_is_enough(
    command: tuple[str, ...], reader_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", reader_url)
    code, said = run(command, capsys)
    # Doctor also finds that no connector is configured here, which is another matter.
    assert code == (78 if command == ("doctor",) else 0), said
    assert "unforeseen" not in said
    assert "permission denied" not in said


def test_a_store_that_is_served_is_left_as_it_is(new_database_url: str, reader_url: str) -> None:
    with (
        pytest.raises(HubMisconfigured, match="no hub tables"),
        open_store_to_serve(load(database_url=new_database_url)),
    ):
        pass
    with open_store_to_serve(load(database_url=reader_url)) as store:
        assert store.server is None


def test_an_embedded_store_is_not_made_by_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    assert run(("runs", "list"), capsys)[0] == 78
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("wrong", "right"), [("HUB_DATABSE_URL", "HUB_DATABASE_URL"), ("HUB_MAX_DEPHT", "HUB_MAX_DEPTH")]
)
def test_a_mistyped_setting_is_refused_with_the_nearest(
    wrong: str, right: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(wrong, "5")
    code, said = run(("runs", "list"), capsys)
    assert code == 78
    assert f"did you mean {right}?" in said


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert run(("--version",), capsys) == (0, version("cross-sector-hub") + "\n")


WRITING = (
    ("migrate",),
    ("sync", "place"),
    ("link",),
    ("runs", "approve", "1"),
    ("quarantine", "dismiss", "1", "--note", "thử"),
    ("drift", "accept", "1"),
    ("review", "undo", "1", "--reviewer", "An", "--reason", "thử"),
)


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_a_role_that_may_only_select_is_told_so_by_commands_that_write(
    command: tuple[str, ...], reader_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", reader_url)
    code, said = run(command, capsys)
    assert code not in (0, 70), said
    assert "unforeseen" not in said
    assert "next step" in said
