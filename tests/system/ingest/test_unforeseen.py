"""An error that nobody foresaw, at each boundary of a run: it fails its stream, says where, and harms nothing else."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hub.cli import main
from hub.ingest.guards import circuit_breaker as circuit
from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext, ReadState
from hub.ingest.run import connector_run as run
from hub.ingest.run import intake, stream_run
from hub.ingest.run.connector_run import RunReport
from hub.ingest.run.history import list_runs
from hub.ingest.transform.prepare import BatchPreparer
from hub.ingest.write import stage
from hub.sdk.manifest import Manifest
from hub.store.engine import connect_for_run, store_url
from tests.system.trial import HEADER, Trial, manifest, person

SECRET = "Người Không Nên Thấy"


class Scripted(Reader):
    """Gives one row in each of two batches; a test says where it fails."""

    fails_at: str | None = None

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        for number in (1, 2):
            if self._fails(f"batch {number}"):
                raise KeyError(SECRET)
            frame = pl.read_csv(f"{HEADER}{person(self._number(number))}\n".encode(), separator=";", infer_schema=False)
            yield ReadBatch(frame, token=number)

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        if self._fails("acknowledge"):
            raise KeyError(SECRET)

    def close(self) -> None:
        if self._fails("close"):
            raise KeyError(SECRET)

    def _fails(self, at: str) -> bool:
        return self.context.manifest.name == "bad" and self.fails_at == at

    def _number(self, number: int) -> int:
        return number + (100 if "good" in (self.context.manifest.name, self.context.name) else 0)


def _named(name: str) -> Manifest:
    return manifest("TRIAL_FOLDER").model_copy(update={"name": name})


def _break(patch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Make a function of a module fail, as long as the connector `bad` is at work."""
    real = getattr(module, name)

    def broken(*arguments: Any, **named: Any) -> Any:
        if BROKEN[0]:
            raise KeyError(SECRET)
        return real(*arguments, **named)

    patch.setattr(module, name, broken)


BROKEN = [False]
WITHIN_THE_READER = ("batch 1", "batch 2", "acknowledge", "close")
WITHIN_THE_HUB: dict[str, tuple[Any, str]] = {
    "deferral": (circuit, "find_deferral"),
    "create": (stage, "create_tables"),
    "prepare": (BatchPreparer, "prepare"),
    "written": (stage, "encode_copy"),
    "accept": (intake.InitialLoad, "copy_rows"),  # type: ignore[attr-defined]  # looked up there
    "keep": (stream_run.quarantine, "quarantine_rejects"),  # type: ignore[attr-defined]  # looked up there
    "succeeded": (circuit, "close_circuit"),
    "end": (run, "end_run"),
}


def _sync(trial: Trial) -> list[RunReport]:
    reports = []
    for one in (_named("bad"), _named("good")):
        BROKEN[0] = one.name == "bad" and BROKEN[0]
        reports += run.run_connectors(trial.engine, [one])
    return reports


@pytest.mark.parametrize("at", ["open", *WITHIN_THE_READER, *WITHIN_THE_HUB])
def test_an_unforeseen_error_fails_its_connector_alone(trial: Trial, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(context: ReaderContext) -> Reader:
        if at == "open" and context.manifest.name == "bad" and BROKEN[0]:
            raise KeyError(SECRET)
        reader = Scripted(context)
        reader.fails_at = at if BROKEN[0] else None
        return reader

    monkeypatch.setattr(run, "open_reader", opened)
    with pytest.MonkeyPatch.context() as patch:
        if at in WITHIN_THE_HUB:
            _break(patch, *WITHIN_THE_HUB[at])
        BROKEN[0] = True
        bad, good = _sync(trial)
        BROKEN[0] = False
    assert bad.status == "FAILED"
    assert "unforeseen failure: KeyError at " in bad.problems[0]
    assert SECRET not in str(bad)
    assert good.status == "SUCCEEDED"
    with connect_for_run(store_url(trial.engine)) as connection:
        records = list_runs(connection, "bad", 10)
        assert [record.status for record in records if record.status == "RUNNING"] == []
        assert not any(SECRET in (record.reason or "") for record in records)
        assert connection.execute("select count(*) from pg_locks where locktype = 'advisory'").fetchone() == (0,)
    again = run.run_connectors(trial.engine, [_named("bad")])
    assert [report.status for report in again] == ["SUCCEEDED"]
    assert trial.rows("select count(*) from data.citizen") == [(4,)]


OF_ONE_STREAM = ("open", *WITHIN_THE_READER, "create", "prepare", "written", "accept", "keep")


@pytest.mark.parametrize("order", [("bad", "good"), ("good", "bad")], ids="-".join)
@pytest.mark.parametrize("at", OF_ONE_STREAM)
def test_an_unforeseen_error_fails_its_stream_alone(
    trial: Trial, at: str, order: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other stream is read whether it comes before or after, and the next run makes good what was missed."""
    failing = [True]

    def opened(context: ReaderContext) -> Reader:
        BROKEN[0] = failing[0] and context.name == "bad"
        if at == "open" and BROKEN[0]:
            raise KeyError(SECRET)
        reader = Scripted(context)
        reader.fails_at = at if BROKEN[0] else None
        return reader

    connector = _named("bad")
    connector = connector.model_copy(update={"streams": dict.fromkeys(order, connector.streams["people"])})
    monkeypatch.setattr(run, "open_reader", opened)
    with pytest.MonkeyPatch.context() as patch:
        if at in WITHIN_THE_HUB:
            _break(patch, *WITHIN_THE_HUB[at])
        if at == "accept":  # An empty table is filled directly; the rows of a later stream are staged beside it.
            _break(patch, stage, "stage_accepted")
        (report,) = run.run_connectors(trial.engine, [connector])
        BROKEN[0] = failing[0] = False
    assert report.status == "PARTIAL"
    assert [problem for problem in report.problems if "bad.bad: unforeseen failure: KeyError at " in problem]
    assert not [problem for problem in report.problems if "bad.good" in problem]
    assert SECRET not in str(report)
    good = "select count(*) from data.citizen where personal_id in ('000000000101', '000000000102')"
    assert trial.rows(good) == [(2,)]
    (again,) = run.run_connectors(trial.engine, [connector])
    assert again.status == "SUCCEEDED"
    assert trial.rows("select count(*) from data.citizen") == [(4,)]


def test_connectors_of_one_command_do_not_stop_each_other(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(context: ReaderContext) -> Reader:
        reader = Scripted(context)
        reader.fails_at = "batch 2"
        return reader

    monkeypatch.setattr(run, "open_reader", opened)
    reports = run.run_connectors(trial.engine, [_named("bad"), _named("good")])
    assert [report.status for report in reports] == ["FAILED", "SUCCEEDED"]


HANGING = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
sys.path.insert(0, {here!r})
from tests.system.ingest import test_unforeseen as t
from hub.ingest.run import connector_run as run
from hub.store.engine import make_engine
class Waiting(t.Scripted):
    def read(self, state):
        yield from ()
        print("reading", flush=True)
        time.sleep(600)
run.open_reader = Waiting
run.run_connectors(make_engine({url!r}), [t._named("bad")])
"""


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_whose_process_ended_is_shown_so_at_once(trial: Trial, sent: signal.Signals) -> None:
    script = HANGING.format(here=str(Path(__file__).parents[3]), url=store_url(trial.engine))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"reading\n"
        with connect_for_run(store_url(trial.engine)) as connection:
            assert [record.status for record in list_runs(connection, None, 1)] == ["RUNNING"]
            process.send_signal(sent)
            try:
                process.wait(60)
            finally:
                process.kill()
            _await_no_lock(connection)
            assert [record.status for record in list_runs(connection, None, 1)] == ["INTERRUPTED"]


def _await_no_lock(connection: Any) -> None:
    """Wait for the server to notice that the client has gone: its session ends in its own time."""
    for _ in range(3_000):
        held = connection.execute("select count(*) from pg_locks where locktype = 'advisory'").fetchone()
        if held == (0,):
            return
        connection.execute("select pg_sleep(0.02)")
    raise AssertionError("the session of the killed run did not end")


def test_output_that_nobody_reads_any_more_is_an_ordinary_end(tmp_path: Path) -> None:
    """As with `hub connector list | head -0`."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-c", "from hub.cli import main; main()", "connector", "list"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=300, cwd=tmp_path)
    os.close(write)
    assert done.returncode in (1, 141)  # rich ends with the one, what prints JSON with the other
    assert done.stderr == ""


def test_a_database_that_is_away_is_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://hub:very-secret@127.0.0.1:1/hub")
    for command in (("runs", "list"), ("link",), ("quarantine", "counts"), ("review", "list"), ("drift", "list")):
        with pytest.raises(SystemExit) as left:
            main(command)
        said = capsys.readouterr().err
        assert left.value.code == 69, command
        assert "does not answer" in said, command
        assert "very-secret" not in said
