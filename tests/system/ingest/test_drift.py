"""Drift through whole runs: reported, kept, resolved; each mode; what an approval takes; nothing personal anywhere."""

import json
from typing import Any

import pytest

from hub.cli.terminal import OUT
from hub.errors import OperationRefused
from hub.ingest.drift import records as drift_record
from hub.ingest.guards import approvals as approve
from hub.ingest.run.connector_run import RunReport
from hub.store.engine import connect_for_run, store_url
from tests.system.trial import Command, Trial

FIELDS: dict[str, Any] = {
    "personal_id": "so",
    "full_name": "ten",
    "birth_date": {"column": "sinh", "formats": ["%d/%m/%Y", "%Y"]},
    "former_id": "cu",
    "sex": {"column": "gioi", "codes": "vi"},
}
EMITS = {"Citizen": {"fields": FIELDS}}
COLUMNS = "id;so;ten;sinh;luc;cu;gioi"
AT = "2026-01-01T00:00:00+07:00"
SECRET = "Trần Thị Bí Mật"


def citizen(number: int, cu: str = "", gioi: str = "Nam", at: str = AT) -> str:
    return f"{number};{number:012d};Lê Văn An;1980;{at};{cu};{gioi}"


def write(trial: Trial, *rows: str, header: str = COLUMNS) -> None:
    trial.write(*rows, header=header + "\n")


def sync(trial: Trial, **stream: Any) -> RunReport:
    return trial.sync(emits=EMITS, ignore=[], **stream)


def changes(trial: Trial, *rows: str, header: str = COLUMNS, **stream: Any) -> RunReport:
    return trial.changes(*rows, header=header + "\n", emits=EMITS, ignore=[], **stream)


def drifts(trial: Trial, where: str = "resolved_at is null") -> list[tuple[Any, ...]]:
    return trial.rows(f'select kind, "column", grade from hub.drift where {where} order by id')


def answer(trial: Trial, *, approved: bool) -> None:
    with connect_for_run(store_url(trial.engine)) as connection:
        (question,) = approve.list_approvals(connection)
        approve.decide_approval(connection, question.id, approved=approved, by="test")


def test_an_added_column_is_open_until_it_is_gone(trial: Trial) -> None:
    write(trial, citizen(1) + ";x", header=COLUMNS + ";moi")
    report = sync(trial)
    assert report.drift == ("trial.people: column moi is neither mapped nor ignored",)
    sync(trial)
    assert trial.rows("select kind, run_id, last_seen > first_seen, resolved_at from hub.drift") == [
        ("ADDED", 2, True, None)
    ]
    write(trial, citizen(1))
    # The column that came and went is told once: it is gone.
    assert sync(trial).drift == ("trial.people: column moi is no longer there",)
    assert drifts(trial) == [("REMOVED", "moi", "INFO")]
    assert sync(trial).drift == ()
    assert drifts(trial) == []
    assert trial.rows("select columns->>'so', columns ? 'moi' from hub.stream") == [("unknown", False)]


def test_evolve_empties_a_field_whose_column_is_gone_and_says_so(trial: Trial) -> None:
    write(trial, citizen(1, cu="012345678"))
    sync(trial)
    assert trial.rows("select former_id from data.citizen") == [("012345678",)]
    write(trial, f"1;000000000001;Lê Văn An;1980;{AT};Nam", header="id;so;ten;sinh;luc;gioi")
    report = sync(trial)
    assert (report.status, report.drift) == ("SUCCEEDED", ("trial.people: column cu is no longer there",))
    assert trial.rows("select former_id from data.citizen") == [(None,)]
    assert drifts(trial) == [("REMOVED", "cu", "WARNING")]


def test_a_required_column_that_is_gone_stops_the_read_and_a_new_name_is_guessed(trial: Trial) -> None:
    write(trial, citizen(1))
    sync(trial)
    before = trial.rows("select * from data.citizen")
    write(trial, citizen(1), header=COLUMNS.replace("ten", "ho_ten"))
    report = sync(trial)
    assert report.status == "FAILED"
    assert "missing columns: ten; ten was probably renamed to ho_ten" in report.problems[0]
    assert trial.rows("select * from data.citizen") == before
    assert drifts(trial) == [("RENAMED", "ten", "BREAKING")]
    write(trial, citizen(1))
    sync(trial)
    assert drifts(trial) == []


def test_a_new_kind_of_values_is_open_until_it_is_accepted(trial: Trial, cli: Command) -> None:
    rows = [citizen(n, cu=f"{n:09d}") for n in range(1, 41)]
    write(trial, *rows)
    assert sync(trial).drift == ()
    write(trial, *(citizen(n, cu="không rõ") for n in range(1, 41)))
    for _ in range(2):
        assert sync(trial, max_changed=1.0).drift == ("trial.people: column cu held whole numbers and now holds codes",)
    assert drifts(trial) == [("RETYPED", "cu", "WARNING")]
    assert trial.rows("select count(*) from hub.quarantine where field = 'former_id' and resolved_at is null") == [
        (40,)
    ]
    (number,) = (d["id"] for d in json.loads(cli("drift", "list", "trial", "--json")) if d["kind"] == "RETYPED")
    cli("drift", "accept", str(number))
    sync(trial, max_changed=1.0)
    assert drifts(trial) == []


def test_a_new_kind_is_found_wherever_it_begins(trial: Trial) -> None:
    write(trial, *(citizen(n, cu=f"{n:09d}") for n in range(1, 3_001)))
    sync(trial)
    # A file that is sorted: what came first is as it was.
    write(trial, *(citizen(n, cu=f"{n:09d}" if n < 1_100 else f"{n},5") for n in range(1, 3_001)))
    assert "column cu held whole numbers and now holds numbers" in sync(trial, max_changed=1.0).drift[0]


def test_a_column_that_lost_every_value_is_open_until_it_has_some(trial: Trial) -> None:
    write(trial, *(citizen(n, cu=f"{n:09d}") for n in range(1, 41)))
    sync(trial)
    write(trial, *(citizen(n) for n in range(1, 41)))
    for _ in range(2):
        assert sync(trial, max_changed=1.0).drift == ("trial.people: column cu held values and now holds none",)
    assert drifts(trial) == [("EMPTIED", "cu", "WARNING")]
    write(trial, *(citizen(n, cu=f"{n:09d}") for n in range(1, 41)))
    sync(trial)
    assert drifts(trial) == []


def test_few_rows_are_no_evidence(trial: Trial) -> None:
    write(trial, *(citizen(n, cu=f"{n:09d}") for n in range(1, 41)))
    sync(trial)
    write(trial, *(citizen(n, cu="x" if n < 5 else "") for n in range(1, 41)))
    assert sync(trial, max_changed=1.0).drift == ()


def test_codes_outside_a_list_are_named_and_resolved(trial: Trial) -> None:
    write(trial, citizen(1), citizen(2, gioi="X9"), citizen(3, gioi="khác hẳn"))
    report = sync(trial)
    assert report.drift == ("trial.people: column gioi has codes outside its list: X9, khác hẳn",)
    assert trial.rows("select kind, grade, entities, procedures from hub.drift") == [
        ("CODE", "WARNING", {"Citizen": ["sex"]}, [])
    ]
    assert report.counts[0].quarantined == 2
    write(trial, citizen(1), citizen(2), citizen(3))
    sync(trial)
    assert drifts(trial) == []


def test_a_code_column_full_of_names_shows_none(trial: Trial, cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OUT, "width", 400)
    write(trial, *(citizen(n, gioi=SECRET) for n in range(1, 30)))
    report = sync(trial)
    table, english = (" ".join(cli("drift", "list", "--all", *more).split()) for more in ((), ("--lang", "en")))
    assert ("Mã mới" in table, "giới tính" in table, "CODE" in table) == (True, True, False)
    assert ("New code" in english, "sex" in english) == (True, True)
    shown = cli("drift", "list", "--all") + cli("drift", "list", "--json")
    assert "which are not shown" in " ".join(shown.split())
    kept = str(trial.rows("select * from hub.drift") + trial.rows("select drift, reason from hub.run"))
    assert "Bí Mật" not in shown + kept + str(report)


@pytest.mark.parametrize("mode", ["evolve", "discard_row"])
def test_rows_with_bad_values_wait_and_columns_added_are_passed_over(trial: Trial, mode: str) -> None:
    write(trial, citizen(1) + ";x", citizen(2, gioi="X9") + ";x", header=COLUMNS + ";moi")
    report = sync(trial, drift=mode)
    assert (report.counts[0].added, report.counts[0].quarantined, report.counts[0].discarded) == (1, 1, 0)
    assert {kind for kind, *_ in drifts(trial)} == {"ADDED", "CODE"}


def test_discard_value_takes_the_row_without_the_value(trial: Trial) -> None:
    bad_id = f"3;12;Lê Văn An;1980;{AT};;Nam"
    write(trial, citizen(1), citizen(2, cu="zz", gioi="X9"), bad_id)
    for at in range(2):
        report = sync(trial, drift="discard_value")
        count = report.counts[0]
        assert (count.added, count.quarantined, count.discarded) == (0 if at else 2, 1, 2)
        # Seen again though the row is stored: it is looked at in every full read.
        assert report.drift == ("trial.people: column gioi has codes outside its list: X9",)
    assert trial.rows("select source_key, sex, former_id from data.citizen order by 1") == [
        ("1", "MALE", None),
        ("2", None, None),
    ]
    assert trial.rows("select field, reason from hub.quarantine") == [
        ("personal_id", "personal_id must be 12 digits, such as 022085001234; it is 2 digits")
    ]
    write(trial, citizen(1), citizen(2, cu="012345678"))
    sync(trial, drift="discard_value")
    assert drifts(trial) == []
    assert trial.rows("select sex, former_id from data.citizen where source_key = '2'") == [("MALE", "012345678")]


def test_of_rows_with_the_same_digest_the_one_that_is_gone_goes(trial: Trial) -> None:
    """Rows without a value that broke a rule all have the digest 0: the key of one does not account for another."""
    write(trial, *(citizen(n, gioi="X9") for n in range(1, 5)), citizen(5))
    assert sync(trial, drift="discard_value").counts[0].added == 5
    write(trial, citizen(1, gioi="X9"), citizen(2, gioi="X9"), citizen(5))
    count = sync(trial, drift="discard_value").counts[0]
    assert (count.added, count.changed, count.unchanged, count.deleted) == (0, 0, 3, 2)
    assert trial.rows("select source_key from data.citizen order by 1") == [("1",), ("2",), ("5",)]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (COLUMNS + ";moi", citizen(1) + ";x"),
        (COLUMNS.replace(";cu", ""), citizen(1).replace(";;", ";")),
        (COLUMNS.replace(";cu", ";cmnd_cu"), citizen(1)),
        (COLUMNS, citizen(1, gioi="X9")),
    ],
    ids=["added", "removed", "renamed", "code"],
)
def test_freeze_waits_for_a_person_and_then_takes_the_new_shape(trial: Trial, header: str, row: str) -> None:
    write(trial, citizen(1), citizen(2))
    assert sync(trial, drift="freeze").status == "SUCCEEDED"
    before = trial.rows("select * from data.citizen order by id")
    write(trial, row, header=header)
    for _ in range(2):
        refused = sync(trial, drift="freeze")
        assert refused.status == "FAILED"
        assert "is frozen" in refused.problems[0]
        assert "`hub runs approve" in refused.problems[0]
    assert trial.rows("select * from data.citizen order by id") == before
    assert trial.rows("select count(*) from hub.quarantine") == [(0,)]
    answer(trial, approved=True)
    for _ in range(3):
        assert sync(trial, drift="freeze").status == "SUCCEEDED"
    assert trial.rows("select count(*) from hub.approval where used_by is not null") == [(1,)]
    assert len(trial.rows("select 1 from data.citizen")) == 1
    write(trial, row + ";y", header=header + ";khac_nua")
    assert sync(trial, drift="freeze").status == "FAILED"


def test_freeze_stays_where_a_person_refuses(trial: Trial) -> None:
    write(trial, citizen(1) + ";x", header=COLUMNS + ";moi")
    sync(trial, drift="freeze")
    answer(trial, approved=False)
    assert sync(trial, drift="freeze").status == "FAILED"
    assert trial.rows("select count(*) from data.citizen") == [(0,)]


def test_freeze_takes_a_new_kind_once_approved(trial: Trial) -> None:
    write(trial, *(citizen(n, cu=f"{n:09d}") for n in range(1, 41)))
    sync(trial, drift="freeze")
    write(trial, *(citizen(n, cu=f"{n},5") for n in range(1, 41)))
    assert "held whole numbers and now holds numbers" in sync(trial, drift="freeze").problems[0]
    answer(trial, approved=True)
    sync(trial, drift="freeze", max_changed=1.0)
    assert trial.rows("select columns->>'cu' from hub.stream") == [("decimal",)]
    assert sync(trial, drift="freeze").status == "SUCCEEDED"
    assert drifts(trial, "resolved_at is null and kind = 'RETYPED'") == []


def test_freeze_stops_a_first_load_at_a_later_batch_before_anything_is_written(trial: Trial) -> None:
    write(trial, *(citizen(n) for n in range(1, 60_000)))
    (trial.folder / "people2.csv").write_text(f"{COLUMNS};moi\n{citizen(70_000)};x\n", encoding="utf-8")
    assert sync(trial, drift="freeze").status == "FAILED"
    assert trial.rows("select count(*) from data.citizen") == [(0,)]
    assert drifts(trial) == [("ADDED", "moi", "INFO")]


def test_reads_of_changes_resolve_a_code_when_no_row_waits_for_it(trial: Trial) -> None:
    changes(trial, citizen(1, gioi="X9"))
    assert changes(trial, citizen(2)).drift == ()
    assert drifts(trial) == [("CODE", "gioi", "WARNING")]
    changes(trial, citizen(1, at="2026-02-01T00:00:00+07:00"))
    assert drifts(trial) == []


def test_reads_of_changes_keep_the_shape_that_they_do_not_show(trial: Trial) -> None:
    write(trial, *(citizen(n, cu=f"{n:09d}") for n in range(1, 41)))
    sync(trial)
    changes(trial, citizen(41))
    assert trial.rows("select columns->>'cu' from hub.stream") == [("integer",)]
    refused = changes(trial, citizen(42) + ";x", header=COLUMNS + ";moi", drift="freeze")
    assert "is frozen" in refused.problems[0]
    assert trial.rows("select cursor->>'n', (select max(source_key::int) from data.citizen) from hub.stream") == [
        ("1", 41)
    ]
    answer(trial, approved=True)
    changes(trial, citizen(42) + ";x", header=COLUMNS + ";moi", drift="freeze")
    assert trial.rows("select count(*) from data.citizen") == [(42,)]


def test_only_a_new_kind_can_be_accepted(trial: Trial) -> None:
    write(trial, citizen(1) + ";x", header=COLUMNS + ";moi")
    sync(trial)
    with connect_for_run(store_url(trial.engine)) as connection:
        with pytest.raises(OperationRefused, match="is ADDED"):
            drift_record.accept_drift(connection, 1)
        with pytest.raises(OperationRefused, match="no open drift"):
            drift_record.accept_drift(connection, 99)
