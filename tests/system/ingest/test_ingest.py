"""Ingest on a real PostgreSQL: first load, changes, history, deletes, quarantine, faults of sources; nothing lost, nothing doubled."""

import threading
from collections.abc import Callable

import psycopg
import pytest

from hub.ingest.run import connector_run as ingest
from hub.ingest.run.connector_run import RunReport
from hub.ingest.run.run_lock import TRY_LOCK
from hub.sdk.manifest import parse_manifest
from hub.store.server.embedded import EmbeddedServer
from tests.system.trial import HEADER, Trial, manifest, person


def counts(report: RunReport) -> dict[str, int]:
    (found,) = report.counts
    return {name: getattr(found, name) for name in ("read", "added", "changed", "unchanged", "deleted", "quarantined")}


def test_load_repeat_change_delete(trial: Trial) -> None:
    trial.write(*(person(n) for n in range(1, 101)))
    assert counts(trial.sync()) == {
        "read": 100,
        "added": 100,
        "changed": 0,
        "unchanged": 0,
        "deleted": 0,
        "quarantined": 0,
    }
    before = trial.rows("select id, source_key, run_id, sys_from from data.citizen order by id")
    assert counts(trial.sync())["unchanged"] == 100
    assert trial.rows("select id, source_key, run_id, sys_from from data.citizen order by id") == before
    trial.write(person(1, "Lê Văn Bình"), *(person(n) for n in range(2, 100)))
    assert counts(trial.sync()) == {
        "read": 99,
        "added": 0,
        "changed": 1,
        "unchanged": 98,
        "deleted": 1,
        "quarantined": 0,
    }
    history = trial.rows("select full_name, source_key, sys_from, sys_to, id from history.citizen order by source_key")
    assert [(name, key) for name, key, *_ in history] == [("Lê Văn An", "1"), ("Lê Văn An", "100")]
    (now,) = trial.rows("select full_name, sys_from, id, first_seen from data.citizen where source_key = '1'")
    assert now[0] == "Lê Văn Bình"
    assert now[1] == history[0][3] > history[0][2]
    assert now[2] == history[0][4]
    assert now[3] == before[0][3]


@pytest.mark.parametrize("name", ["Lê\\Văn", r"Lê \N An", 'Lê ""Văn"" An', "Lê, Văn", "Lê\tVăn"], ids=repr)
@pytest.mark.parametrize("again", [False, True], ids=["filled", "staged"])
def test_characters_that_are_special_to_copy_are_stored_as_they_are(trial: Trial, name: str, again: bool) -> None:
    if again:
        trial.write(person(1))
        trial.sync()
    key = r"k\,\t" + '""1""'
    trial.write(person(1), person(2, f'"{name}"').replace("2;", f'"{key}";', 1))
    assert counts(trial.sync())["added"] == (1 if again else 2)
    (found,) = trial.rows("select full_name, source_key from data.citizen where personal_id = '000000000002'")
    assert found == (name.replace('""', '"').replace("\t", " "), key.replace('""', '"'))


def test_a_merge_goes_by_index_unless_the_operator_has_said_what_a_page_costs(
    database_url: str, postgres_server: EmbeddedServer
) -> None:
    cost = "select current_setting('random_page_cost')::float8"
    with ingest.connect_for_run(database_url) as connection:  # type: ignore[attr-defined]  # looked up there
        assert connection.execute(cost).fetchone() == (1.1,)
        name = connection.info.dbname
        connection.execute(f"alter database {name} set random_page_cost = 3")
    with ingest.connect_for_run(database_url) as connection:  # type: ignore[attr-defined]  # looked up there
        assert connection.execute(cost).fetchone() == (3.0,)


def test_a_rejected_row_keeps_its_old_version_and_waits_once(trial: Trial) -> None:
    trial.write(person(1), person(2))
    trial.sync()
    trial.write(person(1, so="7777", xa="99999"), person(2))
    report = trial.sync()
    assert counts(report)["quarantined"] == 1
    assert counts(report)["deleted"] == 0
    assert trial.rows("select personal_id from data.citizen where source_key = '1'") == [("000000000001",)]
    trial.sync()
    ((field, rule, reason, payload, version, resolved),) = trial.rows(
        "select field, rule, reason, payload, connector_version, resolved_at from hub.quarantine"
    )
    assert (field, rule, version, resolved) == ("personal_id", "pattern", "7", None)
    assert payload["so"] == "7777"
    assert payload["them"] == "-"
    assert "7777" not in reason
    trial.write(person(1), person(2))
    trial.sync()
    assert trial.rows("select resolved_at is not null from hub.quarantine") == [(True,)]


def test_duplicates_are_set_aside_and_the_latest_stays(trial: Trial) -> None:
    trial.write(
        person(1, "Lê Văn Cũ"),
        person(1, "Lê Văn Mới", luc="2026-02-01T00:00:00+07:00"),
        person(2, so="000000000009"),
        person(3, so="000000000009", luc="2026-03-01T00:00:00+07:00"),
    )
    assert counts(trial.sync())["quarantined"] == 2
    kept = trial.rows("select source_key, full_name from data.citizen order by source_key")
    assert kept == [("1", "Lê Văn Mới"), ("3", "Lê Văn An")]
    assert {row[0] for row in trial.rows("select rule from hub.quarantine")} == {
        "duplicate_source_key",
        "duplicate_key",
    }
    trial.write(person(1), person(3, so="000000000009"), person(4, so="000000000009"))
    trial.sync()
    assert trial.rows("select source_key from data.citizen where personal_id = '000000000009'") == [("3",)]


def test_a_sweep_beyond_the_bound_waits_for_a_person(trial: Trial) -> None:
    trial.write(*(person(n) for n in range(1, 101)))
    trial.sync()
    trial.write(*(person(n) for n in range(1, 11)))
    refused = trial.sync()
    assert (refused.status, counts(refused)["deleted"]) == ("PARTIAL", 0)
    assert "`hub runs approve 1`" in refused.problems[0]
    assert counts(trial.sync(accept_deletes=True))["deleted"] == 90
    assert trial.rows("select count(*) from data.citizen") == [(10,)]
    assert trial.rows("select count(*) from history.citizen") == [(90,)]


def test_no_deletes_where_the_manifest_says_none(trial: Trial) -> None:
    trial.write(person(1), person(2))
    trial.sync(deletes="none")
    trial.write(person(1))
    assert counts(trial.sync(deletes="none"))["deleted"] == 0
    assert trial.rows("select count(*) from data.citizen") == [(2,)]


def break_folder(trial: Trial) -> None:
    trial.patch.setenv("TRIAL_FOLDER", "/nowhere/at/all")


def break_variable(trial: Trial) -> None:
    trial.patch.delenv("TRIAL_FOLDER")


def break_column(trial: Trial) -> None:
    trial.write("1;000000000001;An", header="id;so;hoten\n")


def break_file(trial: Trial) -> None:
    trial.write(person(3) + ";SECRET;SECRET")


def break_second_file(trial: Trial) -> None:
    trial.write(*(person(n) for n in range(5, 60_000)), file="people1.csv")
    (trial.folder / "people2.csv").write_bytes(b"\xff\xfe\x00SECRET\x00")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (break_folder, "does not exist"),
        (break_variable, "TRIAL_FOLDER is not set"),
        (break_column, "missing columns: luc, sinh, ten, xa"),
        (break_file, "line 2: 9 cells, but the header has 7"),
        (break_second_file, ""),
    ],
)
def test_a_source_that_fails_leaves_the_store_as_it_was(
    trial: Trial, damage: Callable[[Trial], None], words: str
) -> None:
    trial.write(person(1), person(2))
    trial.sync()
    before = trial.rows("select * from data.citizen order by id")
    damage(trial)
    report = trial.sync()
    assert report.status == "FAILED"
    assert words in report.problems[0]
    assert "Next step" in report.problems[0]
    assert "SECRET" not in report.problems[0]
    assert trial.rows("select * from data.citizen order by id") == before
    assert trial.rows("select status from hub.run order by id") == [("SUCCEEDED",), ("FAILED",)]


def test_a_column_that_nobody_mapped_is_reported(trial: Trial) -> None:
    trial.write(person(1) + ";x", header=HEADER.replace("\n", ";moi\n"))
    report = trial.sync()
    assert report.status == "SUCCEEDED"
    assert report.drift == ("trial.people: column moi is neither mapped nor ignored",)


def test_one_run_of_a_connector_at_a_time(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "LOCK_WAIT_S", 0.3)
    trial.write(person(1))
    with psycopg.connect(ingest.store_url(trial.engine)) as other:  # type: ignore[attr-defined]  # looked up there
        other.execute(TRY_LOCK, ("trial",))
        report = trial.sync()
    assert report.status == "FAILED"
    assert "another run" in report.problems[0]


def test_a_run_waits_until_the_session_of_a_killed_one_has_ended(trial: Trial) -> None:
    trial.write(person(1))
    with psycopg.connect(ingest.store_url(trial.engine)) as killed:  # type: ignore[attr-defined]  # looked up there
        killed.execute(TRY_LOCK, ("trial",))
        threading.Timer(1, killed.close).start()
        assert trial.sync().status == "SUCCEEDED"
        assert killed.closed


def test_a_run_that_was_killed_is_known_as_such(trial: Trial) -> None:
    with trial.engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into hub.run (connector, connector_version, status) values ('trial', '7', 'RUNNING')"
        )
    trial.write(person(1))
    trial.sync()
    assert trial.rows("select status from hub.run order by id") == [("INTERRUPTED",), ("SUCCEEDED",)]


def test_a_database_source_refuses_in_our_words(trial: Trial, postgres_server: EmbeddedServer) -> None:
    good = postgres_server.url("postgres")
    source = {"kind": "sql", "url": {"env": "TRIAL_URL"}}
    base = manifest("TRIAL_FOLDER").model_dump(mode="json", exclude_unset=True)
    people = base["streams"]["people"]
    for name in ("files", "format", "delimiter"):
        del people[name]
    people["table"] = "nobody.people"
    trial.patch.setattr(ingest, "load_manifests", lambda: {"trial": parse_manifest({**base, "source": source})})
    for url, words in (
        (good, "the table nobody.people does not exist"),
        (
            good.replace(":" + good.split(":")[2].split("@")[0] + "@", ":wrongSECRET@"),
            "rejects the user or the password",
        ),
        ("postgresql://hub:SECRET@127.0.0.1:1/x", "cannot be reached"),
        ("not a url SECRET", "is not valid"),
    ):
        trial.patch.setenv("TRIAL_URL", url)
        (report,) = ingest.sync_connectors(trial.engine, ["trial"])
        assert words in report.problems[0]
        assert "SECRET" not in report.problems[0]


def test_a_list_where_a_text_is_named_fails_the_run_in_words_and_a_path_into_it_is_read(trial: Trial) -> None:
    lines = '{"id": 1, "so": "000000000001", "ten": "Lê Văn An", "so_nha": [{"l": "a", "v": "Tổ 1"}, {"l": "b", "v": "Tổ 2"}]}\n'
    (trial.folder / "people.jsonl").write_text(lines, encoding="utf-8")
    fields = {"personal_id": "so", "full_name": "ten", "residence_address": "so_nha"}
    stream = {"files": "people*.jsonl", "format": "jsonl", "changed_at": None, "ignore": [], "delimiter": ","}
    report = trial.sync(**stream, emits={"Citizen": {"fields": fields}})
    assert report.status == "FAILED"
    assert "fields.residence_address: so_nha is a list: name one of its items, e.g. so_nha[0].v" in report.problems[0]
    assert trial.rows("select status from hub.run") == [("FAILED",)]
    fields["residence_address"] = "so_nha[l=b].v"
    for _ in range(2):
        assert trial.sync(**stream, emits={"Citizen": {"fields": fields}}).status == "SUCCEEDED"
    assert trial.rows("select residence_address from data.citizen") == [("Tổ 2",)]
