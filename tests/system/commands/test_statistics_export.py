"""`hub statistics export`: what DuckDB reads of it, held against the rows, and what it never holds."""

import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psycopg
import pytest

from hub.access.purposes import find_purpose
from hub.cli import main
from hub.errors import HubMisconfigured
from hub.model.registry import load_registry
from hub.statistics import cubes
from hub.statistics.cubes import CUBES_FILE, read_cubes
from tests.conftest import ServedHub
from tests.system.ledger.test_ledger import Ledger

SMALLEST = 10
ALL = ("citizens", "households", "parcels", "land_use_rights", "businesses", "tax_obligations", "benefits")


@pytest.fixture(scope="module")
def exported(served_hub: ServedHub, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("statistics") / "today"
    with psycopg.connect(served_hub.database) as connection:
        # A thousand people in a hundred communes are small cells only: every other one moves to the same commune.
        connection.execute(
            "update data.citizen set residence_unit_code = (select min(residence_unit_code) from data.citizen) where id % 2 = 0"
        )
        # One household owes all of what is most often owed.
        connection.execute(
            "with most as (select kind, status, left(due_on::text, 4) as year from data.tax_obligation group by 1, 2, 3"
            " order by count(*) desc limit 1)"
            " update link.tax_obligation_debtor set subject_id = (select min(subject_id) from link.tax_obligation_debtor)"
            " where status <> 'UNCONFIRMED' and record_id in (select o.id from data.tax_obligation o join most m"
            " on (o.kind, o.status, left(o.due_on::text, 4)) is not distinct from (m.kind, m.status, m.year))"
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUB_DATABASE_URL", served_hub.database)
        main_ended(["statistics", "export", "--to", str(folder)])
    return folder


def main_ended(arguments: list[str]) -> int:
    """Run a command. Returns its exit code."""
    try:
        main(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def read(folder: Path, cube: str) -> dict[tuple[str | None, ...], int]:
    with duckdb.connect() as connection:
        rows = connection.execute("select * from read_parquet(?)", [str(folder / f"{cube}.parquet")]).fetchall()
    return {row[:-1]: row[-1] for row in rows}


def round_down(cells: Counter[tuple[str | None, ...]]) -> dict[tuple[str | None, ...], int]:
    return {cell: count // SMALLEST * SMALLEST for cell, count in cells.items() if count >= SMALLEST}


def test_duckdb_reads_the_counts_of_the_store_without_its_small_cells(served_hub: ServedHub, exported: Path) -> None:
    assert {path.name for path in exported.iterdir()} == {"export.json", *(f"{name}.parquet" for name in ALL)}
    with psycopg.connect(served_hub.database) as connection:
        living = connection.execute(
            "select residence_unit_code, sex, left(birth_date, 4) from data.citizen where death_date is null"
            " and id not in (select subject_id from link.heir)"
        ).fetchall()
        owed = connection.execute(
            "select o.kind, o.status, left(o.due_on::text, 4), l.subject_id from data.tax_obligation o"
            " left join link.tax_obligation_debtor l on l.record_id = o.id and l.status <> 'UNCONFIRMED'"
        ).fetchall()
    people: Counter[tuple[str | None, ...]] = Counter()
    for unit, sex, year in living:
        age = None if year is None else datetime.now(UTC).year - int(year)
        people[
            unit, sex, None if age is None else "90+" if age >= 90 else f"{age // 10 * 10}-{age // 10 * 10 + 9}"
        ] += 1
    wanted = round_down(people)
    assert read(exported, "citizens") == wanted
    assert 0 < len(wanted) < len(people), "some cells are left out, and some are not"
    debtors: dict[tuple[str | None, ...], set[int]] = {}
    for *cell, subject in owed:
        debtors.setdefault(tuple(cell), set()).update({subject} - {None})
    amounts = round_down(Counter(tuple(cell) for *cell, _ in owed))
    # Ten notices to one household tell of that household.
    assert any(len(debtors[cell]) < SMALLEST for cell in amounts)
    assert read(exported, "tax_obligations") == {c: n for c, n in amounts.items() if len(debtors[c]) >= SMALLEST}
    described = json.loads((exported / "export.json").read_bytes())
    assert (described["purpose"], described["smallestCell"]) == ("statistics", SMALLEST)
    (citizens,) = (file for file in described["files"] if file["file"] == "citizens.parquet")
    assert (citizens["cells"], citizens["suppressedCells"]) == (len(wanted), len(people) - len(wanted))
    assert described["sources"].keys() >= {"population", "finance"}


def test_nobody_s_value_is_in_the_files_and_the_ledger_says_that_they_left(
    served_hub: ServedHub, exported: Path
) -> None:
    for name in ALL:
        assert all(count >= SMALLEST and count % SMALLEST == 0 for count in read(exported, name).values()), name
    written = b"".join(path.read_bytes() for path in exported.iterdir())
    assert served_hub.personal_id.encode() not in written
    (record,) = Ledger(served_hub.database).bodies(kind="EXPORT", purpose="statistics")
    assert record["principal"].startswith("local:")
    assert (record["details"]["cubes"], record.get("subjects", [])) == (list(ALL), [])


def test_an_export_is_there_whole_or_not_at_all(
    served_hub: ServedHub,
    exported: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", served_hub.database)
    before = len(Ledger(served_hub.database).bodies(kind="EXPORT"))
    assert main_ended(["statistics", "export", "--to", str(exported)]) == 64
    assert main_ended(["statistics", "export", "--to", str(tmp_path / "new"), "--cube", "names"]) == 64
    assert "use one of: citizens" in capsys.readouterr().err
    assert len(Ledger(served_hub.database).bodies(kind="EXPORT")) == before
    monkeypatch.setattr(os, "rename", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert main_ended(["statistics", "export", "--to", str(tmp_path / "full"), "--cube", "benefits"]) != 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ('{ column = "full_name" }', "full_name is no code list"),
        ('{ column = "birth_date" }', "birth_date is no code list"),
        ('{ column = "sex", band = "age" }', "sex is no date"),
        ('{ column = "shoe_size" }', "no column shoe_size"),
    ],
)
def test_what_would_tell_of_one_person_is_no_dimension(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str, told: str
) -> None:
    purpose = find_purpose("statistics")
    (tmp_path / CUBES_FILE).write_text(
        f'[[cube]]\nname = "people"\nentity = "Citizen"\nby = [{by}]\nabout = {{ vi = "Người", en = "People" }}\n'
    )
    moved = type(purpose)(tmp_path, purpose.declaration, purpose.documents, purpose.version)
    monkeypatch.setattr(cubes, "find_purpose", lambda _: moved)
    with pytest.raises(HubMisconfigured, match=told):
        read_cubes(load_registry())
