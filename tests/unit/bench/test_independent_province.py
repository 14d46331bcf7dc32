"""The independent province: the same arguments give the same bytes, and nearly every kind of dirt is in it."""

import csv
from pathlib import Path

from tests.bench.independent_province.dirt import KINDS
from tests.bench.independent_province.write import write_province


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_province_is_drawn_again_as_it_was(tmp_path: Path) -> None:
    one, other = (write_province(tmp_path / name, 300, seed=3) for name in ("one", "other"))
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert len(files) > 20
    assert all((one / path).read_bytes() == (other / path).read_bytes() for path in files)


def test_dirt_of_nearly_every_kind_occurs_and_each_row_means_someone_who_is_there(tmp_path: Path) -> None:
    folder = write_province(tmp_path, 8_000) / "truth"
    rows = [row for path in folder.glob("*.csv") if path.name != "twice.csv" for row in _rows(path)]
    kinds = {kind for row in rows for kind in row["dirt"].split(";")}
    assert len(set(KINDS) & kinds) >= 0.9 * len(KINDS)  # twins and mothers are few
    subjects = {(row["subject_kind"], row["subject_key"]) for row in rows if not row["role"]}
    meant = {(row["subject_kind"], row["subject_key"]) for row in rows if row["role"] and row["subject_key"]}
    assert meant - subjects == set()
