"""`hub link evaluate` on a real small province, through the command line."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.store.server.embedded import EmbeddedServer
from tests.conftest import LinkedProvince, copy_database
from tests.forked_hub import run_hub

NAME = "evaluated"


@dataclass(frozen=True)
class Copy:
    """A copy of a province's store, in which a test may do wrong."""

    database: str
    truth: Path


@pytest.fixture
def copied(linked_province: LinkedProvince, postgres_server: EmbeddedServer) -> Iterator[Copy]:
    yield Copy(copy_database(postgres_server, linked_province.database, NAME), linked_province.folder / "truth")
    postgres_server.drop_database(NAME)


def run(copy: Copy, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {"HUB_DATABASE_URL": copy.database, "PATH": "/usr/bin:/bin"}
    return run_hub("link", "evaluate", "--truth", str(copy.truth), *arguments, environment=environment)


def figures(copy: Copy, *arguments: str) -> dict[str, Any]:
    done = run(copy, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def wrong_link(copy: Copy) -> tuple[int, int]:
    """Give one right benefit to another citizen. Returns the record and the citizen."""
    with psycopg.connect(copy.database) as connection:
        row = connection.execute(
            "update link.benefit_beneficiary l set found_id = c.id, subject_id = c.id, weight = 12.5 from data.citizen c"
            " where l.record_id = (select min(record_id) from link.benefit_beneficiary where status <> 'UNCONFIRMED')"
            " and c.id = (select max(id) from data.citizen) returning l.record_id, c.id"
        ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def test_figures_files_and_a_wrong_link_put_in_by_hand(copied: Copy, tmp_path: Path) -> None:
    before = figures(copied)
    assert set(before["by_field"]) >= {
        "LandUseRight.holder",
        "TaxObligation.debtor",
        "BusinessRole.person",
        "Benefit.beneficiary",
    }
    assert before["overall"]["records"] > 5_000
    assert before["overall"]["precision"]["value"] > 0.99
    assert before["merges"]["Citizen"]["real"] == 3
    assert before["by_dirt"]["moved_away"]["nobody"] > 0
    assert before["homonyms"]["records"] > 0
    assert before["by_field"]["Benefit.beneficiary"]["wrong"] == 0

    record, citizen = wrong_link(copied)
    labels = tmp_path / "pairs.jsonl"
    after = figures(copied, "--label-into", str(labels), "--out", str(tmp_path / "out"))
    assert after["by_field"]["Benefit.beneficiary"]["wrong"] == 1
    (found,) = (one for one in after["false"] if one["field"] == "Benefit.beneficiary")
    assert (found["record_id"], found["found_id"], found["weight"]) == (record, citizen, 12.5)
    assert found["evidence"]
    assert "values" not in found
    assert after["labelled"] == after["false_links"] == len(labels.read_text(encoding="utf-8").splitlines())

    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {
        "index.html",
        "evaluation.json",
        "false_links.jsonl",
        "outcomes_by_field.svg",
        "weights.svg",
        "thresholds.svg",
    }
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "Độ chính xác" in page
    assert f"<td>{record}</td><td>{citizen}</td>" in page
    assert "src=" not in page


def test_values_are_shown_only_when_asked_for_and_never_written(copied: Copy, tmp_path: Path) -> None:
    _, citizen = wrong_link(copied)
    with psycopg.connect(copied.database) as connection:
        row = connection.execute("select full_name, personal_id from data.citizen where id = %s", (citizen,)).fetchone()
    assert row is not None
    plain, shown = run(copied), run(copied, "--show-values")
    assert plain.returncode == shown.returncode == 0, plain.stderr
    assert not any(value in plain.stdout + plain.stderr for value in row)
    assert all(value in shown.stdout for value in row)
    refused = run(copied, "--show-values", "--out", str(tmp_path / "out"))
    assert refused.returncode != 0
    assert "screen only" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_without_truth_is_refused_with_the_next_step(copied: Copy, tmp_path: Path) -> None:
    done = run(Copy(copied.database, tmp_path))
    assert done.returncode != 0
    assert "truth.toml" in done.stderr
    assert "next step" in done.stderr
