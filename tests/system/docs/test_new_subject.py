"""A sector with a subject of its own comes in by `schema/` and `connectors/` alone: the engine names no entity."""

import ast
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.model.registry import load_registry

ROOT = Path(__file__).parents[3]
MANIFEST = """\
name = "transport"
title = { vi = "Giao thông", en = "Transport" }
sector = "transport"
owner = "-"
legal_basis = "-"
version = "1"
freshness = "-"

[source]
kind = "sql"
url = { env = "TRANSPORT_URL" }

[streams.vehicles]
table = "xe"
key = ["id"]
max_deleted = 1.0
emits.Vehicle.fields = { plate = "bien_so", colour = "mau" }

[streams.violations]
table = "vi_pham"
key = ["id"]

[streams.violations.emits.Violation.fields]
ticket = "so"
day = "ngay"
vehicle_plate = "bien_so"
vehicle_colour = "mau"
"""
# What a sector adds to the two lists of modules in `schema/`, done here before anything reads them.
PROGRAM = """\
import sys
import schema
import schema.linking
schema.MODULES += ("tests.system.docs.vehicles",)
schema.linking.MODULES += ("tests.system.docs.vehicles",)
schema.__path__.insert(0, sys.argv.pop())  # a vocabulary without migrations, which are drafted into this folder
from tests.system.docs.vehicles_hub import main
main(*sys.argv[1:])
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, postgres_server: Any) -> Any:
    """What the hub with that vocabulary says."""
    folder = tmp_path_factory.mktemp("new_subject")
    (folder / "transport").mkdir()
    (folder / "transport" / "manifest.toml").write_text(MANIFEST, encoding="utf-8")
    with sqlite3.connect(folder / "source.db") as source:
        source.execute("create table xe (id, bien_so, mau)")
        source.executemany(
            "insert into xe values (?, ?, ?)",
            [(1, "14A-123.45", "trắng"), (2, "14A-999.99", "xanh"), (3, "14B-555.55", "trắng")],
        )
        source.execute("create table vi_pham (id, so, ngay, bien_so, mau)")
        source.executemany(
            "insert into vi_pham values (?, ?, ?, ?, ?)",
            [
                (1, "V1", "2024-02-29", "14a 12345", "Trắng"),
                (2, "V2", "2024-03-01", "14A99999", "đỏ"),
                (3, "V3", "2024-03-02", "14C 777 77", None),
                (4, "V4", "2024-03-03", "14B-555.55", None),
            ],
        )
    postgres_server.create_database("new_subject")
    given = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    given |= {"HUB_CONNECTORS_PATH": str(folder), "TRANSPORT_URL": f"sqlite:///{folder}/source.db"}
    (folder / "vocabulary").mkdir()
    command = [sys.executable, "-c", PROGRAM, postgres_server.url("new_subject"), str(folder / "source.db"), str(folder / "vocabulary")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, env=given, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_records_are_linked_by_the_rule_of_the_sector(found: Any) -> None:
    assert found["first"] == ["FULL", 2, 1, 1]


def test_a_reviewer_sees_what_the_sector_shows_of_its_subject(found: Any) -> None:
    assert found["item"] == [[["plate", "14A99999", "14A-999.99"], ["colour", "đỏ", "xanh"]]]


def test_links_are_sampled_beside_what_the_sector_calls_alike(found: Any) -> None:
    # Two vehicles are white: each is shown with the other.
    assert found["sampled"] == [["Violation.vehicle", 2], ["Violation.vehicle", 2]]


def test_a_run_of_changes_follows_the_subject(found: Any) -> None:
    mode, confirmed, waiting, unlinked = found["second"]
    assert (mode, confirmed, waiting, unlinked) == ("CHANGES", 2, 1, 1)  # one came, one went
    assert found["full"] == 0


def test_the_graph_has_it(found: Any) -> None:
    said = {node["ticket"]: node for node in found["asked"]}
    assert said["V1"]["vehicle"] is None  # its vehicle has gone
    assert said["V2"]["vehicleLink"]["candidates"] == [{"subject": {"plate": "14A-999.99"}}]
    assert said["V3"]["vehicle"] == {"plate": "14C-777.77"}
    assert (said["V4"]["vehicleLink"]["status"], said["V4"]["vehicleLink"]["method"]) == ("CONFIRMED", "vehicle_plate")


# --- No entity is named -----------------------------------------------------------------------------------------------

PLACES = {"AdministrativeUnit", "AdministrativeUnitChange"}
"""The calendar of places, on which every dated code and every address rests, whatever the sectors are."""
NAMED_FOR = {
    "hub/cli/operate/demo_server.py": "the demonstration",
    "hub/draft/source_probe.py": "a draft for a person to correct",
}
"""Files outside demonstration and console that may name an entity, and why."""


def test_the_engine_names_no_entity() -> None:
    """Neither as a value nor in SQL. Sentences may give one as an example."""
    names = {entity.name for entity in load_registry()} - PLACES
    tables = "|".join(entity.table for entity in load_registry() if entity.name not in PLACES)
    in_sql = re.compile(rf"\b(?:data|history)\.(?:{tables})\b|\blink(?:_history)?\.(?:{tables})_")
    found = [
        f"{file}:{node.lineno}: {node.value[:60]}"
        for file in engine_files()
        for node in written_values(ROOT / file)
        if node.value in names or in_sql.search(node.value)
    ]
    assert found == []


def test_what_may_name_an_entity_does() -> None:
    names = {entity.name for entity in load_registry()}
    assert [file for file in NAMED_FOR if not any(node.value in names for node in written_values(ROOT / file))] == []


def engine_files() -> list[str]:
    paths = sorted((ROOT / "hub").rglob("*.py"))
    files = [str(path.relative_to(ROOT)) for path in paths]
    return [file for file in files if not file.startswith(("hub/demo/", "hub/console/")) and file not in NAMED_FOR]


def written_values(path: Path) -> Iterator[Any]:
    """The texts in a module's code, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node
