"""Fixtures of the system tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store.engine import engine
from hub.store.migrate import migrate
from tests.system.trial import Trial


@pytest.fixture
def trial(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    made = engine(database_url)
    migrate(made)
    yield Trial(made, tmp_path, monkeypatch)
    made.dispose()
