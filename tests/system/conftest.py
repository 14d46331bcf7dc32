"""Fixtures of the system tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cli import main
from hub.cli.ingest import quarantine
from hub.ingest.run import connector_run as ingest
from hub.link.model.scoring.backends import Backend, open_backend
from hub.store.engine import make_engine, store_url
from tests.system.trial import Command, Trial


@pytest.fixture(scope="module")
def duck() -> Iterator[Backend]:
    """An engine of DuckDB to learn and apply models with."""
    with open_backend("duckdb", memory_mb=1000) as backend:
        yield backend


@pytest.fixture
def trial(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    made = make_engine(database_url)
    yield Trial(made, tmp_path, monkeypatch)
    made.dispose()


@pytest.fixture
def cli(trial: Trial, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`hub` on the trial's store and on the manifest of its last run."""
    monkeypatch.setenv("HUB_DATABASE_URL", store_url(trial.engine))
    monkeypatch.setattr(quarantine, "load_manifests", lambda: ingest.load_manifests())  # type: ignore[attr-defined]  # looked up there

    def run(*arguments: str, fails: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(arguments)
        printed = capsys.readouterr()
        assert (left.value.code or 0) == fails, printed
        return printed.out + (printed.err if fails else "")

    return run
