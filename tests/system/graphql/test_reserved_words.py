"""A declared field may be called `end`, `order`, `user` or `select`: every statement of the hub quotes its identifiers."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hub.store.revision import newest_revision

MANIFEST = """\
name = "trial"
title = { vi = "Thử", en = "Trial" }
sector = "land"
owner = "-"
legal_basis = "-"
version = "1"
freshness = "-"

[source]
kind = "sql"
url = { env = "TRIAL_URL" }

[streams.people]
table = "nguoi"
key = ["id"]
emits.Citizen.fields = { personal_id = "so", full_name = "ten" }

[streams.users]
table = "dung"
key = ["id"]
emits.User.fields = { select = "ma", analyze = "ten" }

[streams.orders]
table = "don"
key = ["id"]
max_deleted = 1.0

[streams.orders.emits.Order.fields]
end = "ma"
table = "bang"
order = "ten"
limit = "tien"
when = "ngay"
group_select = "nhom"
user_name = "nguoi_ten"
user_identifier = "nguoi_so"
"""

# The vocabulary is read once and kept by many modules, so it is set before any of them is imported.
PROGRAM = """\
import sys
import schema
schema.MODULES += ("tests.system.graphql.reserved_words",)
schema.__path__.insert(0, sys.argv.pop())  # a vocabulary without migrations, which are drafted into this folder
from tests.system.graphql.reserved_words_hub import main
main(*sys.argv[1:])
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, postgres_server: Any) -> Any:
    """What the hub with that vocabulary says."""
    folder = tmp_path_factory.mktemp("reserved_words")
    (folder / "trial").mkdir()
    (folder / "trial" / "manifest.toml").write_text(MANIFEST, encoding="utf-8")
    with sqlite3.connect(folder / "source.db") as source:
        source.execute("create table nguoi (id, so, ten)")
        source.execute("insert into nguoi values (1, '022085001234', 'Lê Văn An')")
        source.execute("create table dung (id, ma, ten)")
        source.execute("insert into dung values (1, 'u1', 'Trần An'), (2, 'u2', 'Phạm An')")
        source.execute("create table don (id, ma, bang, ten, tien, ngay, nhom, nguoi_ten, nguoi_so)")
        source.executemany(
            "insert into don values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (1, "A", "T1", "Lê Văn A", 500, "2024-02-29", "u1", "Lê Văn An", "022085001234"),
                (2, "B", "T2", "Lê Văn B", 600, "2023-01-31", "u2", "Lê Văn An", "022085001234"),
                (3, "C", "T3", "Lê Văn C", 1, "2020-01-01", None, None, None),
            ],
        )
    postgres_server.create_database("reserved_words")
    given = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    given |= {"HUB_CONNECTORS_PATH": str(folder), "TRIAL_URL": f"sqlite:///{folder}/source.db"}
    command = [sys.executable, "-c", PROGRAM]
    command += [postgres_server.url("reserved_words"), str(folder / "source.db"), str(folder / "vocabulary")]
    (folder / "vocabulary").mkdir()
    root = Path(__file__).parents[3]
    done = subprocess.run(command, capture_output=True, text=True, env=given, cwd=root, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_drafted_migration_makes_the_tables(found: Any) -> None:
    assert found["difference"] == []


def test_another_vocabulary_has_migrations_of_its_own(found: Any) -> None:
    """It takes those of the hub as they are: what differs is drafted in its own folder alone."""
    own, ((folder, name),) = newest_revision().split()[0], found["drafted"]
    first = name.partition("_")[0]
    assert (folder, first[0]) == ("vocabulary", "v")
    assert found["revision"] == f"{own} {first}"


def test_rows_are_loaded_merged_exchanged_and_deleted(found: Any) -> None:
    assert found["first"] == [["Citizen", 1, 0, 0, 0], ["User", 2, 0, 0, 0], ["Order", 3, 0, 0, 0]]
    assert found["second"] == [["Citizen", 0, 0, 0, 0], ["User", 0, 0, 0, 0], ["Order", 1, 2, 1, 0]]


def test_records_are_linked(found: Any) -> None:
    assert found["linked"] == [["Order.user", 3]]
    assert [node["end"] for node in found["through_link"]["orders"]["nodes"]] == ["A", "B", "D"]


def test_they_are_filtered_ordered_paged_and_searched(found: Any) -> None:
    (first,) = found["filtered"]["orders"]["nodes"]
    assert first == {
        "end": "B",
        "order": "Lê Thị Hoà",
        "limit": 700,
        "when": "2023-01-31",
        "table": "T1",
        "group": {"select": "U2", "analyze": "Phạm An"},
        "user": {"fullName": "Lê Văn An"},
        "userLink": {"status": "CONFIRMED", "recorded": {"name": "Lê Văn An"}},
    }
    assert [node["end"] for node in found["next"]["orders"]["nodes"]] == ["A"]
    assert found["by_key"] == {"order": first, "user": {"analyze": "Trần An"}}
    assert found["searched"]["search"]["hits"] == [{"matchedOn": ["SELECT"], "node": {"select": "U1"}}]


def test_the_past_is_read(found: Any) -> None:
    assert found["past"]["orders"]["nodes"] == [
        {"end": "A", "order": "Lê Văn A"},
        {"end": "B", "order": "Lê Văn B"},
        {"end": "C", "order": "Lê Văn C"},
    ]
