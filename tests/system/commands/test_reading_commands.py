"""Commands that only read change nothing: not an empty database, and with no right but to select."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from cyclopts import App
from psycopg import sql
from sqlalchemy.engine import make_url

from hub.cli import app, main
from hub.cli.store import open_store_to_serve
from hub.errors import HubMisconfigured
from hub.settings import load_settings
from tests.conftest import ServedHub

Command = tuple[str, ...]

READS: dict[Command, tuple[str, ...]] = {
    ("runs", "list"): (),
    ("runs", "show"): ("1",),
    ("runs", "approvals"): (),
    ("link", "evaluate"): ("--truth", "truth"),
    ("link", "quality"): (),
    ("link", "thresholds"): (),
    ("link", "model", "list"): (),
    ("link", "model", "show"): (),
    ("link", "model", "compare"): ("1", "2"),
    ("review", "sample"): (),
    ("review", "list"): (),
    ("review", "decisions"): (),
    ("review", "checks"): (),
    ("review", "agreement"): (),
    ("explain",): ("{ citizens { totalCount } }",),
    ("doctor",): (),
    ("schema", "diff"): (),
    ("discrepancies", "list"): (),
    ("discrepancies", "counts"): (),
    ("corrections", "list"): (),
    ("drift", "list"): (),
    ("quarantine", "list"): (),
    ("quarantine", "counts"): (),
    ("keys", "list"): (),
    ("seals", "list"): (),
    ("subjects", "list"): (),
    ("alarms", "list"): (),
    ("access", "explain"): ("{ administrativeUnits { totalCount } }", "--role", "officer"),
    ("limits", "list"): (),
    ("ledger", "verify"): (),
    ("ledger", "months"): (),
    ("senders", "list"): (),
    ("snapshots", "list"): ("H49.12-251118-9999",),
    ("procedures", "stats"): (),
    ("procedures", "rehearse"): ("tax-clearance", "--cases", "2"),
    ("quality", "show"): (),
    ("webhooks", "list"): (),
    ("webhooks", "deliveries"): (),
}
"""Commands that read the store, each with arguments of a real call."""
SHOWS: dict[Command, tuple[str, ...]] = {
    ("prefill",): (
        "land-right-transfer",
        "--subject",
        "transferor=022080683727",
        "--subject",
        "transferee=022184173560",
    ),
    ("review", "question"): ("1",),
    ("review", "show"): ("TaxObligation.debtor", "{record}"),
    ("discrepancies", "export"): ("mended",),
    ("quarantine", "show"): ("1",),
    ("corrections", "show"): ("1",),
    ("snapshots", "rerun"): ("1",),
    ("snapshots", "receipt"): ("H49.12-251118-9999", "--to", "receipt.html"),
    ("quarantine", "patch"): ("1", "--column", "ma_so_thue", "--to", "5700000124"),
    ("ledger", "list"): (),
    ("ledger", "export"): ("--to", "ledger.export"),
    ("ledger", "usage"): ("{person}",),
    ("subjects", "export"): ("--personal-id", "{person}", "--to", "copy.json"),
    ("ledger", "spans"): (),
    ("ledger", "push-spans"): ("--to", "http://127.0.0.1:9/v1/traces", "--patience", "0", "--state", "push.json"),
    ("ledger", "breach"): ("--since", "2026-07-01T00:00:00+07:00", "--principal", "local:nobody"),
}
"""Commands that show values of people, or who read them: they write one thing, the ledger, and show nothing if they cannot."""
USAGE = 64
ENDS = {
    ("link", "model", "show"): 64,
    ("link", "model", "compare"): 64,
    ("corrections", "show"): 64,
    ("ledger", "push-spans"): 69,
    ("quality", "show"): 64,
    ("snapshots", "list"): 64,
    ("snapshots", "rerun"): 64,
    ("snapshots", "receipt"): 64,
}
"""How they end on the demonstration's store, if not with 0: there is no model, no measurement, no such correction, dossier or snapshot, nor a collector."""
WRITES: dict[Command, tuple[str, ...]] = {
    ("migrate",): (),
    ("sync",): ("place",),
    ("link",): (),
    ("link", "thresholds", "undo"): ("1", "--reviewer", "An", "--reason", "thử"),
    ("runs", "approve"): ("1",),
    ("runs", "refuse"): ("1",),
    ("review", "answer"): ("1", "none", "--reviewer", "An", "--reason", "thử"),
    ("review", "decide"): ("TaxObligation.debtor", "1", "2", "same", "--reviewer", "An", "--reason", "thử"),
    ("review", "second"): ("1", "same", "--reviewer", "An", "--reason", "thử"),
    ("review", "undo"): ("1", "--reviewer", "An", "--reason", "thử"),
    ("schema", "draft"): ("thử",),
    ("drift", "accept"): ("1",),
    ("quarantine", "fix"): ("1", "--set", "ma_so_thue=5700000124"),
    ("quarantine", "replay"): (),
    ("quarantine", "dismiss"): ("1", "--note", "thử"),
    ("quarantine", "reopen"): ("1",),
    ("keys", "new"): ("thử",),
    ("keys", "revoke"): ("hub_1",),
    ("seals", "add"): ("Q2l0aXplbjoxMg==", "--ground", "ADOPTION"),
    ("seals", "lift"): ("Q2l0aXplbjoxMg==",),
    ("subjects", "restrict"): ("--personal-id", "022080000001", "--ground", "REQUEST", "--reason", "thử"),
    ("subjects", "lift"): ("--personal-id", "022080000001"),
    ("alarms", "acknowledge"): ("1",),
    ("limits", "lift"): ("nobody",),
    ("corrections", "accept"): ("1",),
    ("corrections", "refuse"): ("1", "--reason", "thử"),
    ("corrections", "send"): (),
    ("corrections", "remind"): ("1",),
    ("ledger", "destroy-key"): ("--month", "2026-01", "--confirm", "2026-01"),
    ("ledger", "destroy-due"): (),
    ("backup", "restore"): ("backup",),
    ("ledger", "drop"): ("--month", "2026-01", "--confirm", "2026-01"),
    ("ledger", "resume"): ("--after-restore", "--head", "0:" + "0" * 64),
    ("ledger", "keys", "revoke"): ("0" * 32,),
    ("senders", "new"): ("thử", "--key", "key.pem"),
    ("senders", "revoke"): ("one-stop-aaaaaaaa",),
    ("webhooks", "add"): ("thử", "https://hub.example/events"),
    ("webhooks", "remove"): ("1",),
    ("webhooks", "test"): ("1",),
    ("webhooks", "retry"): ("1",),
    ("quality", "measure"): (),
}
"""Commands that write to the store and end."""
NEEDS_NO_STORE = {
    ("link", "model", "build-start"),
    ("schema", "export"),
    ("schema", "check"),
    ("connector", "new"),
    ("connector", "list"),
    ("connector", "check"),
    ("connector", "preview"),
    ("procedures", "list"),
    ("procedures", "show"),
    ("procedures", "schema"),
    ("procedures", "lint"),
    ("procedures", "client"),
    ("purposes", "list"),
    ("purposes", "show"),
    ("purposes", "diff"),
    ("purposes", "who"),
    ("purposes", "lint"),
    ("statistics", "list"),
    ("ledger", "keys", "new"),
    ("ledger", "keys", "rotate"),
    ("snapshots", "verify"),
    ("backup", "check"),
    ("evidence", "verify"),
}
MAKES_A_FILE = {("backup", "create"), ("evidence", "export"), ("statistics", "export")}
"""Commands that make a file of what they read: tests/system/operate/test_backup.py, test_snapshots.py and test_statistics_export.py hold what they write, and the ledger."""
RUNS_ON = {("demo",), ("serve",), ("worker",)}
"""Commands that write and go on until they are stopped: tests of their own run them."""
SCHEMAS = ("hub", "data", "history", "link", "link_history", "staging", "jobs")


@pytest.fixture
def reader_url(served_hub: ServedHub) -> Iterator[str]:
    """The demonstration's store, by a role that may only select."""
    name = f"reader_{secrets.token_hex(4)}"
    role = sql.Identifier(name)
    with psycopg.connect(served_hub.database, autocommit=True) as owner:
        owner.execute(sql.SQL("create role {} login password 'reader'").format(role))
        for schema in (*SCHEMAS[:-1], "ledger"):  # the queue is not read
            owner.execute(sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(schema), role))
            owner.execute(sql.SQL("grant select on all tables in schema {} to {}").format(sql.Identifier(schema), role))
        yield make_url(served_hub.database).set(username=name, password="reader").render_as_string(hide_password=False)
        owner.execute(sql.SQL("drop owned by {}").format(role))
        owner.execute(sql.SQL("drop role {}").format(role))


def commands(group: App = app, path: Command = ()) -> Iterator[Command]:
    """Every command that can be typed, from the command line's own table."""
    if path and group.default_command is not None:
        yield path
    for name in group:
        if not name.startswith("-"):
            yield from commands(group[name], (*path, name))


def test_every_command_says_whether_it_changes_the_store() -> None:
    """A new command is put into one of the tables above, and so is tested."""
    classes = (*READS, *SHOWS, *WRITES, *NEEDS_NO_STORE, *MAKES_A_FILE, *RUNS_ON)
    assert sorted(classes) == sorted(commands())


def fingerprint(url: str) -> list[tuple[object, ...]]:
    """What any write to the hub's tables changes: of each, its rows and the transactions that wrote them."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select format('%%I.%%I', schemaname, tablename) from pg_tables where schemaname = any(%s) order by 1",
            (list(SCHEMAS),),
        ).fetchall()
        query = " union all ".join(
            f"select '{table}', count(*), sum(xmin::text::bigint), sum(xmax::text::bigint) from {table}" for (table,) in tables
        )  # fmt: skip
        return sorted(connection.execute(query).fetchall())


def run(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    with pytest.raises(SystemExit) as left:
        main(command)
    printed = capsys.readouterr()
    return left.value.code or 0, printed.out + printed.err


@pytest.fixture(autouse=True)
def own_folder(served_hub: ServedHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that a command reads or writes, out of the way."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "truth").symlink_to(served_hub.folder / "truth")


@pytest.mark.parametrize("command", [*READS, *SHOWS], ids=" ".join)
def test_a_database_that_is_looked_at_stays_empty(
    command: Command,
    new_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", new_database_url)
    shown = [word.format(record=1, person="022080683727") for word in SHOWS.get(command, ())]
    arguments = (*READS.get(command, ()), *shown)
    code, said = run((*command, *arguments), capsys)
    assert code == 78, said
    assert "the database has no hub tables" in said
    with psycopg.connect(new_database_url) as connection:
        assert connection.execute("select nspname from pg_namespace where nspname = any(%s)", (list(SCHEMAS),)).fetchall() == []  # fmt: skip


@pytest.mark.parametrize("command", READS, ids=" ".join)
def test_a_role_that_may_only_select_is_enough(
    command: Command, reader_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", reader_url)
    code, said = run((*command, *READS[command]), capsys)
    assert code == ENDS.get(command, 0), said
    assert "unforeseen" not in said
    assert "permission denied" not in said


def test_who_may_write_changes_nothing_by_reading(
    served_hub: ServedHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", served_hub.database)
    before = fingerprint(served_hub.database)
    for command, arguments in READS.items():
        code, said = run((*command, *arguments), capsys)
        assert code == ENDS.get(command, 0), said
        assert fingerprint(served_hub.database) == before, command


@pytest.fixture
def examples(served_hub: ServedHub) -> dict[str, str]:
    """What stands in braces in the arguments of SHOWS."""
    with psycopg.connect(served_hub.database) as connection:
        row = connection.execute("select record_id from link.tax_obligation_debtor limit 1").fetchone()
    assert row is not None
    return {"record": str(row[0]), "person": served_hub.personal_id}


def count_records(url: str) -> dict[str, int]:
    """Records of the ledger by kind."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select substring(encode(record, 'escape') from '\"kind\":\"([A-Z_]+)\"'), count(*) from ledger.record group by 1"
        ).fetchall()
    return dict(rows)


@pytest.mark.parametrize("command", SHOWS, ids=" ".join)
def test_who_shows_values_writes_the_ledger_and_nothing_else(
    command: Command,
    served_hub: ServedHub,
    examples: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", served_hub.database)
    before, records = fingerprint(served_hub.database), count_records(served_hub.database)
    code, said = run((*command, *(word.format(**examples) for word in SHOWS[command])), capsys)
    assert code == ENDS.get(command, 0), said
    assert fingerprint(served_hub.database) == before
    if code == USAGE:
        assert count_records(served_hub.database) == records, "nothing was shown"
        return
    more = {kind: number - records.get(kind, 0) for kind, number in count_records(served_hub.database).items()}
    written = {kind for kind, number in more.items() if number}
    assert written - {"EPOCH_BEGIN", "EPOCH_END"} <= {"COMMAND", "EXPORT", "AUDIT"}
    assert (more["EPOCH_BEGIN"], more["EPOCH_END"], len(written)) == (1, 1, 3)


@pytest.mark.parametrize("command", SHOWS, ids=" ".join)
def test_nothing_is_shown_that_cannot_be_written_down(
    command: Command,
    reader_url: str,
    examples: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", reader_url)
    code, said = run((*command, *(word.format(**examples) for word in SHOWS[command])), capsys)
    assert code == (USAGE if ENDS.get(command) == USAGE else 78), said
    assert code == USAGE or "LEDGER_UNAVAILABLE" in said or "the database refused" in said
    assert "│" not in said, "no table was printed"
    assert not Path("mended").exists() or not list(Path("mended").iterdir())


def test_a_store_that_is_served_is_left_as_it_is(new_database_url: str, reader_url: str) -> None:
    with (
        pytest.raises(HubMisconfigured, match="no hub tables"),
        open_store_to_serve(load_settings(database_url=new_database_url)),
    ):
        pass
    with open_store_to_serve(load_settings(database_url=reader_url)) as store:
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


def write_connector(folder: Path, variable: str) -> None:
    """A folder of connectors in which one manifest names a variable; settings read no more of it."""
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "manifest.toml").write_text(f'[read]\nurl = {{ env = "{variable}" }}\n')


def test_a_variable_of_a_connector_is_known_and_a_mistyped_one_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    write_connector(tmp_path, "HUB_CADASTRE_URL")
    monkeypatch.setenv("HUB_CADASTRE_URL", "http://127.0.0.1")
    with pytest.raises(HubMisconfigured, match="HUB_CADASTRE_URL"):
        load_settings()
    monkeypatch.setenv("HUB_CONNECTORS_PATH", str(tmp_path))
    load_settings()
    monkeypatch.setenv("HUB_CADASTER_URL", "http://127.0.0.1")
    with pytest.raises(HubMisconfigured, match="HUB_CADASTER_URL") as refused:
        load_settings()
    assert "did you mean HUB_CADASTRE_URL?" in refused.value.next_step


def test_a_variable_that_nothing_reads_is_refused_unless_it_is_another_programs(monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("HUB_SERVICE_HOST", "10.0.0.1")  # Kubernetes sets it for a service called hub
    with pytest.raises(HubMisconfigured, match="HUB_SERVICE_HOST") as refused:
        load_settings()
    assert "did you mean" not in refused.value.next_step
    assert "HUB_OTHER_VARIABLES" in refused.value.next_step
    monkeypatch.setenv("HUB_OTHER_VARIABLES", "HUB_X, HUB_SERVICE_*")
    load_settings()
    monkeypatch.setenv("HUB_SERVIC_HOST", "10.0.0.1")
    with pytest.raises(HubMisconfigured, match="HUB_SERVIC_HOST"):
        load_settings()


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert run(("--version",), capsys) == (0, version("cross-sector-hub") + "\n")


@pytest.mark.parametrize("command", WRITES, ids=" ".join)
def test_a_role_that_may_only_select_is_told_so_by_commands_that_write(
    command: Command, reader_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", reader_url)
    code, said = run((*command, *WRITES[command]), capsys)
    assert code not in (0, 70), said
    assert "unforeseen" not in said
    assert "next step" in said
