"""Values are guarded as deletions are: a run that would empty, change or set aside much of a column asks first."""

from typing import Any

import pytest

from hub.ingest.guards import approvals as approve
from hub.ingest.run.connector_run import RunReport
from hub.store.engine import connect_for_run, store_url
from tests.system.trial import Trial

HEADER = "id;so;ten;sinh;luc;cu\n"
FIELDS = {
    "personal_id": "so",
    "full_name": "ten",
    "birth_date": {"column": "sinh", "formats": ["%d/%m/%Y"]},
    "former_id": "cu",
}
AT = "2026-01-01T00:00:00+07:00"
EMITS = {"Citizen": {"fields": FIELDS}}


def row(number: int, *, name: str = "Lê Văn An", born: str = "02/03/1980", former: str | None = None) -> str:
    return f"{number};{number:012d};{name};{born};{AT};{f'{number:09d}' if former is None else former}"


def sync(trial: Trial, *rows: str, header: str = HEADER, **stream: Any) -> RunReport:
    trial.write(*rows, header=header)
    return trial.sync(emits=EMITS, ignore=[], optional=["cu", "sinh"], **stream)


def answer(trial: Trial) -> approve.Approval:
    with connect_for_run(store_url(trial.engine)) as connection:
        (question,) = approve.list_approvals(connection)
        return approve.decide_approval(connection, question.id, approved=True, by="an")


NUMBERS = range(1, 101)
FAULTS = {
    "renamed": ([row(n) for n in NUMBERS], HEADER.replace(";cu", ";so_cu"), "former_id (100 emptied of 100)"),
    "emptied": ([row(n, former="" if n > 50 else None) for n in NUMBERS], HEADER, "former_id (50 emptied of 100)"),
    "changed": ([row(n, born="03/02/1980") for n in NUMBERS], HEADER, "birth_date (100 changed of 100)"),
    "set aside": ([row(n, former="9 số") for n in NUMBERS], HEADER, "former_id (100 set aside of 100)"),
    "all of it": (
        [row(n, former=("", "9 số", f"{n + 500:09d}")[n % 3]) for n in NUMBERS],
        HEADER,
        "former_id (33 emptied, 33 changed, 34 set aside of 100)",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_run_that_would_change_much_of_a_column_asks_and_does_it_once_approved(trial: Trial, fault: str) -> None:
    sync(trial, *(row(n) for n in NUMBERS))
    before = trial.rows("select * from data.citizen order by id")
    rows, header, words = FAULTS[fault]
    for _ in range(2):
        report = sync(trial, *rows, header=header)
        assert report.status == "FAILED"
        assert (
            f"trial.people: Citizen: more values would change than max_changed allows: {words};" in (report.problems[0])
        )
        assert trial.rows("select * from data.citizen order by id") == before
        assert trial.rows("select count(*) from hub.quarantine") == [(0,)]
    question = answer(trial)
    assert (question.kind, question.entity, question.held) == ("VALUES", "Citizen", 100)
    assert sync(trial, *rows, header=header).status == "SUCCEEDED"
    # Done once, it is as it is: nobody is asked again.
    assert sync(trial, *rows, header=header).status == "SUCCEEDED"


def test_what_is_usual_asks_nobody(trial: Trial) -> None:
    assert (
        sync(trial, *(row(n, former="9 số" if n > 40 else None) for n in NUMBERS)).status == "SUCCEEDED"
    )  # a first load
    good = [row(n) for n in range(1, 41)]
    rejected = [row(n, former="9 số") for n in range(41, 101)]
    assert sync(trial, *good[:20], *(row(n, former="") for n in range(21, 41)), *rejected).status == "SUCCEEDED"
    changed = [row(n, born="03/02/1980") for n in range(1, 41)]
    assert "40 changed of 40" in sync(trial, *changed, *rejected).problems[0]
    assert sync(trial, *changed, *rejected, volatile=["birth_date"]).status == "SUCCEEDED"
    assert "40 emptied" in sync(trial, *(row(n, born="") for n in range(1, 41)), volatile=["birth_date"]).problems[0]
    assert sync(trial, *good, *rejected, max_changed=1.0).status == "SUCCEEDED"


def test_small_commits_are_counted_together(trial: Trial) -> None:
    changes = {"emits": EMITS, "ignore": [], "optional": ["cu", "sinh"], "header": HEADER}
    trial.changes(*(row(n) for n in NUMBERS), **changes)
    report = trial.changes(*(row(n, former="") for n in NUMBERS), commit_rows=10, **changes)
    assert report.status == "FAILED"
    # Two commits, of 20 in all, may always be.
    assert "former_id (30 emptied of 100)" in report.problems[0]
    assert trial.rows("select count(*) from data.citizen where former_id is null") == [(20,)]


def test_another_version_of_a_connector_says_what_it_changes(trial: Trial) -> None:
    sync(trial, *(row(n) for n in NUMBERS))
    with trial.engine.begin() as connection:
        connection.exec_driver_sql("update hub.run set connector_version = '6'")
    report = sync(trial, *(row(n, born="03/02/1980" if n < 10 else "02/03/1980") for n in NUMBERS))
    assert report.notes == ("trial.people: version 7 of the connector, previously 6: Citizen: birth_date (9 changed)",)
    assert sync(trial, *(row(n) for n in NUMBERS)).notes == ()
