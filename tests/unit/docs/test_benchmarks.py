"""The page of benchmarks is made of the document beside it, and a part that is measured alone leaves the others alone."""

import json
from pathlib import Path
from typing import Any

from tests.bench.harness import Row, Target, page, together

DOCS = Path(__file__).parents[3] / "docs" / "reference"


def part(date: str, *rows: dict[str, Any]) -> dict[str, Any]:
    return {
        "date": date,
        "machine": "2 cores",
        "versions": {"python": "3.11"},
        "rows": list(rows),
        "method": [],
        "sections": {},
    }


def row(name: str, hub: float, peers: dict[str, float], *targets: dict[str, Any]) -> dict[str, Any]:
    return {
        "table": name,
        "name": "a row",
        "unit": "rows/s",
        "hub": hub,
        "peers": peers,
        "targets": list(targets),
        "note": "",
        "met": False,
    }


def test_the_page_is_what_the_document_says() -> None:
    document = json.loads((DOCS / "benchmarks.json").read_text(encoding="utf-8"))
    assert (DOCS / "benchmarks.md").read_text(encoding="utf-8") == page(document["parts"])


def test_a_part_that_was_measured_again_takes_the_place_of_its_own_record_only() -> None:
    recorded = {"reads": part("2026-01-01"), "ingest": part("2026-01-01"), "of an older bench": part("2025-01-01")}
    found = together(recorded, {"ingest": part("2026-02-02")}, ("ingest", "cdc", "reads"))
    assert [(name, found[name]["date"]) for name in found] == [("ingest", "2026-02-02"), ("reads", "2026-01-01")]


def test_each_table_says_when_it_was_measured() -> None:
    text = page({"a": part("2026-01-01", row("Old", 1, {})), "b": part("2026-02-02", row("New", 1, {}))})
    assert "## Old\n\nMeasured on 2026-01-01; 2 cores." in text
    assert "## New\n\nMeasured on 2026-02-02; 2 cores." in text


def test_the_cells_of_a_row_are_those_of_its_table() -> None:
    beside = row("With peers", 10, {"raw COPY": 100}, {"ratio": 0.12, "peer": "raw COPY", "at_most": False})
    lines = page({"a": part("2026-01-01", beside, row("Alone", 1, {}))}).splitlines()
    assert "| a row | rows/s | 10 | 100 | 0.10 × raw COPY | ≥ 0.12 × raw COPY | **no** |" in lines
    assert "| a row | rows/s | 1 |  |  |  |" in lines
    tables = [line for line in lines if line.startswith("|")]
    assert [line.count("|") for line in tables] == [8, 8, 8, 7, 7, 7]


def test_a_target_is_met_on_its_own_side() -> None:
    def met(hub: float, target: Target) -> bool:
        return Row("", "", "", hub, {"peer": 10}, (target,)).met

    assert met(70, Target(7, "peer"))
    assert not met(69, Target(7, "peer"))
    assert met(15, Target(1.5, "peer", at_most=True))
    assert not met(16, Target(1.5, "peer", at_most=True))
    assert met(600, Target(600, at_most=True))
    assert not met(601, Target(600, at_most=True))
