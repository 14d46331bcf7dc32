"""Tiles of sources: age against the promise, and trouble first."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.console.operator.rejected_groups import find_expected
from hub.console.operator.source_tiles import SourcePromise, make_tile, read_tiles, show_schedule
from schema.core import Label

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
PROMISES = {"land": SourcePromise(Label("Đất đai", "Land"), 24, "0 2 * * *")}


def node(name: str = "land", hours: float | None = 1, **changed: Any) -> dict[str, Any]:
    as_of = None if hours is None else (NOW - timedelta(hours=hours)).isoformat()
    made = {"name": name, "streams": [{"name": "a", "asOf": as_of}], "failures": 0, "circuitOpenUntil": None}
    made |= {"isPaused": False, "nextRun": None, "lastSuccess": as_of}
    return {**made, "lastRun": None, "rejectedRows": 0, "openDrift": 0, "pendingApprovals": 0, **changed}


@pytest.mark.parametrize(
    ("given", "state", "is_late"),
    [
        (node(), "good", False),
        (node(hours=25), "bad", True),
        (node(hours=None), "bad", True),
        (node(name="other", hours=2500), "good", False),
        (node(openDrift=1), "watch", False),
        (node(pendingApprovals=2), "watch", False),
        (node(circuitOpenUntil=NOW.isoformat(), failures=5), "bad", False),
        (node(circuitOpenUntil=NOW.isoformat(), isPaused=True), "watch", False),
    ],
)
def test_a_source_is_judged_by_what_it_promises(given: dict[str, Any], state: str, is_late: bool) -> None:
    tile = make_tile(given, PROMISES, NOW)
    assert (tile.state, tile.is_late) == (state, is_late)


def test_trouble_comes_first() -> None:
    tiles = read_tiles([node("a"), node("land", hours=30), node("b", openDrift=1)], PROMISES, NOW)
    assert [tile.name for tile in tiles] == ["land", "b", "a"]


def test_numbers_are_told_as_vietnamese_write_them() -> None:
    counts = dict.fromkeys(("rowsAdded", "rowsChanged", "rowsDeleted", "rowsRejected"), 0)
    run = {
        "number": 1,
        "source": "land",
        "status": "SUCCEEDED",
        "mode": None,
        "startedAt": NOW.isoformat(),
        "reason": None,
    }
    tile = make_tile(node(hours=50, lastRun={**run, **counts, "rowsRead": 1_234_500, "seconds": 100.0}), PROMISES, NOW)
    assert tile.rate == "12.345", "12,345 is twelve and a bit"
    assert (tile.age, tile.promise) == ("2 ngày", "24 giờ")


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("30 1 * * *", Label("hằng ngày lúc 01:30", "daily at 01:30")),
        ("5 * * * *", Label("mỗi giờ, vào phút 05", "hourly, at minute 05")),
        ("*/15 * * * *", Label("mỗi 15 phút", "every 15 min")),
        ("*/15 2 * * *", Label("*/15 2 * * *", "*/15 2 * * *")),
        ("30 1 * * 1", Label("30 1 * * 1", "30 1 * * 1")),
        ("@daily", Label("@daily", "@daily")),
        ("0,30 1 * * *", Label("0,30 1 * * *", "0,30 1 * * *")),
    ],
)
def test_a_schedule_is_told_in_words_if_its_form_is_a_common_one(cron: str, words: Label) -> None:
    assert show_schedule(cron) == words


def test_a_rejected_field_has_an_example_of_its_form() -> None:
    assert len(find_expected("Citizen", "personal_id")) == 12
    assert (find_expected("Nothing", "x"), find_expected("Citizen", None)) == ("", "")
