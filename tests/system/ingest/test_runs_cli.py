"""`hub runs` and the flags of `hub sync`, as a person meets them."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cli import main
from hub.ingest.run import connector_run as ingest
from hub.jobs import schema
from hub.store.engine import make_engine, store_url
from tests.system.trial import Trial, manifest, person

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def url(module_database_url: str) -> str:
    made = make_engine(module_database_url)
    schema.migrate_queue(store_url(made))
    made.dispose()
    return module_database_url


@pytest.fixture
def trial(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    monkeypatch.setenv("HUB_DATABASE_URL", url)
    monkeypatch.setattr(ingest, "load_manifests", lambda: {"trial": manifest("TRIAL_FOLDER")})
    made = make_engine(url)
    with made.begin() as connection:
        connection.exec_driver_sql(
            "truncate hub.run, hub.stream, hub.circuit, data.citizen, history.citizen, jobs.procrastinate_jobs cascade"
        )
    yield Trial(made, tmp_path, monkeypatch)
    made.dispose()


@pytest.fixture
def call(trial: Trial, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run `hub`. Returns its exit code, what it printed, and what it said of errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*arguments])
        out, err = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), out, err

    return run


def shrunk(trial: Trial, call: Call) -> int:
    """A question that waits: most rows are gone. Returns its number."""
    trial.write(*(person(n) for n in range(1, 51)))
    assert call("sync", "trial")[0] == 0
    trial.write(person(1))
    code, _, error = call("sync", "trial")
    assert code == 69
    assert "read in part: trial" in error
    (question,) = json.loads(call("runs", "approvals", "--json")[1])
    return int(question["id"])


def people(trial: Trial) -> int:
    ((count,),) = trial.rows("select count(*) from data.citizen")
    return int(count)


def test_runs_are_listed_newest_first_and_shown(trial: Trial, call: Call) -> None:
    trial.write(person(1, "Trần Thị Bưởi"), person(2, so="x"))
    call("sync", "trial")
    call("sync", "trial", "--full")
    newest, first = json.loads(call("runs", "list", "--json")[1])
    assert (newest["mode"], newest["status"], newest["unchanged"]) == ("FULL", "SUCCEEDED", 1)
    assert (first["mode"], first["read"], first["added"], first["quarantined"]) == ("SYNC", 2, 1, 1)
    assert [r["id"] for r in json.loads(call("runs", "list", "trial", "--limit", "1", "--json")[1])] == [newest["id"]]
    assert json.loads(call("runs", "list", "nobody", "--json")[1]) == []
    shown = json.loads(call("runs", "show", str(first["id"]), "--json")[1])
    assert shown["counts"][0]["entity"] == "Citizen"
    assert set(shown["timings"]["people"]) == {"seconds", "source_s", "store_s"}
    for arguments in (("list",), ("show", str(first["id"]))):
        code, out, _ = call("runs", *arguments)
        assert code == 0
        assert "SUCCEEDED" in out
        assert "Bưởi" not in out


def test_a_run_that_is_not_there(call: Call) -> None:
    code, _, err = call("runs", "show", "12345")
    assert code == 64
    assert "there is no run 12345" in err


def test_an_approval_is_done_at_once_by_whom_it_says(trial: Trial, call: Call) -> None:
    number = shrunk(trial, call)
    assert people(trial) == 50
    code, out, _ = call("runs", "approve", str(number), "--by", "phong.du.lieu")
    assert code == 0
    assert f"question {number} of trial.people is approved" in out
    assert people(trial) == 1
    assert json.loads(call("runs", "approvals", "--json")[1]) == []
    (answered,) = json.loads(call("runs", "approvals", "--all", "--json")[1])
    assert (answered["approved"], answered["decided_by"]) == (True, "phong.du.lieu")
    assert "approved by phong.du.lieu" in call("runs", "approvals", "--all")[1]
    assert call("runs", "approve", str(number))[0] == 64


def test_an_approval_for_later_waits_for_the_next_run(trial: Trial, call: Call) -> None:
    number = shrunk(trial, call)
    assert call("runs", "approve", str(number), "--later")[0] == 0
    assert people(trial) == 50
    call("sync", "trial")
    assert people(trial) == 1


def test_a_refusal_leaves_the_store_as_it_is(trial: Trial, call: Call) -> None:
    number = shrunk(trial, call)
    assert "refused" in call("runs", "refuse", str(number), "--by", "a")[1]
    call("sync", "trial")
    assert people(trial) == 50


def test_a_deferred_run_is_shown_and_is_no_failure(trial: Trial, call: Call) -> None:
    trial.write(person(1))
    with trial.engine.begin() as connection:
        connection.exec_driver_sql("insert into hub.circuit values ('trial', 5, now() + interval '1 h', null)")
    code, _, err = call("sync", "trial")
    assert code == 0
    assert "DEFERRED" in err
    assert "the circuit breaker stays open until" in err
    assert people(trial) == 0
    assert call("sync", "trial", "--anyway")[0] == 0
    assert people(trial) == 1


def test_later_queues_and_runs_nothing(trial: Trial, call: Call) -> None:
    trial.write(person(1))
    assert json.loads(call("sync", "trial", "--later", "--full", "--json")[1]) == {"trial": True}
    assert "waits in the queue already" in call("sync", "--later")[1]
    assert people(trial) == 0
    found: list[tuple[Any, ...]] = trial.rows("select args from jobs.procrastinate_jobs")
    assert found == [({"connector": "trial", "attempt": 1, "full": True},)]


def test_a_run_that_failed_says_why(trial: Trial, call: Call) -> None:
    os.environ.pop("TRIAL_FOLDER")
    code, _, err = call("sync", "trial")
    assert code == 69
    assert "TRIAL_FOLDER is not set" in err
    (run,) = json.loads(call("runs", "list", "--json")[1])
    assert "TRIAL_FOLDER is not set" in run["reason"]
