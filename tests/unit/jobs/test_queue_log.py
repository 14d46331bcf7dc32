"""The queue's library logs arguments of jobs and messages of the database, in several lines: none of it reaches the log of a worker."""

import logging
from collections.abc import Iterator

import pytest

from hub.jobs.worker import silence_queue_log

LOGGERS = ("procrastinate", "procrastinate.worker", "procrastinate.worker.worker", "procrastinate.manager", "procrastinate.utils")  # fmt: skip


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    logger = logging.getLogger("procrastinate")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.mark.parametrize("name", LOGGERS)
def test_no_logger_of_the_queue_s_library_writes(name: str, caplog: pytest.LogCaptureFixture) -> None:
    silence_queue_log()
    try:
        raise ValueError("a value of a row")
    except ValueError:
        logging.getLogger(name).exception("Side task failed")
    assert not caplog.records
