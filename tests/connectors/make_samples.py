"""Make the samples of the project's own connectors anew, from the demo province and the reference data: nobody in them lives.

    python -m tests.connectors.make_samples

A stream's samples are the first rows that become records, and the first that do not, where there are any.
"""

import csv
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from hub.conform.rows import samples
from hub.conform.rows.samples import Row
from hub.demo.province.generate import generate_province
from hub.ingest.connectors import load_manifests, project_connectors_folder
from hub.model.registry import load_registry
from hub.sdk.manifest import Manifest

GOOD, BAD = 12, 2
LOOKED_AT = 500
POPULATION = {
    "citizens": "cong_dan",
    "households": "ho_gia_dinh",
    "memberships": "thanh_vien_ho",
    "marital_statuses": "hon_nhan",
    "births": "khai_sinh",
    "deaths": "khai_tu",
}
LAND = {
    "parcels": "thua-dat",
    "rights": "quyen-su-dung-dat",
    "encumbrances": "han-che",
    "restrictions": "quy-hoach",
    "transfer_slips": "phieu-chuyen",
}
INSURANCE = {"pensions": "luong-huu", "cards": "the-bhyt", "notices": "giay-chung-sinh"}
PLACE = {"units": "administrative_units", "changes": "administrative_unit_changes"}


def main() -> None:
    """Write samples and what they become."""
    with tempfile.TemporaryDirectory() as temporary:
        province = Path(temporary)
        generate_province(province, 1_000)
        for name, manifest in load_manifests().items():
            for stream in manifest.streams:
                chosen = list(choose(manifest, stream, rows(province, name, stream)))
                samples.write_samples(samples.path_of(manifest, stream), chosen)
            samples.accept_samples(manifest)


def rows(province: Path, connector: str, stream: str) -> Iterator[Row]:
    """The rows of a stream as its source gives them."""
    if connector == "population":
        return _csv(province / "population" / f"{POPULATION[stream]}.csv", ",")
    if connector == "place":
        return _csv(project_connectors_folder().parent / "schema" / "data" / f"{PLACE[stream]}.csv", ",")
    if connector == "land":
        return _lines(province / "land" / f"{LAND[stream]}.jsonl")
    if connector == "insurance":
        return _lines(province / "insurance" / f"{INSURANCE[stream]}.jsonl")
    if connector == "business":
        return _lines(province / "business" / "doanh-nghiep.jsonl")
    if stream == "benefits":
        return pl.read_excel(province / "finance" / "tro_cap.xlsx", infer_schema_length=0).iter_rows(named=True)
    pattern = {
        "taxpayers": "nguoi_nop_thue.csv",
        "obligations": "nghia_vu_thue_*.csv",
        "payments": "nop_tien.csv",
        "exemptions": "mien_giam.csv",
        "poor_households": "ho_ngheo_*.csv",
    }
    return _csv(min((province / "finance").glob(pattern[stream])), ";")


def choose(manifest: Manifest, stream: str, found: Iterable[Row]) -> Iterator[Row]:
    """The first rows of either sort; of rows with one key, the first."""
    good = bad = 0
    seen: set[tuple[str, str]] = set()
    for _, row in zip(range(LOOKED_AT), found, strict=False):
        records = samples.map_samples(manifest, stream, [row])
        rejected = any("rejected" in record for record in records)
        unique = {
            (column.name, record["fields"][column.name])
            for record in records
            if "fields" in record
            for column in load_registry()[record["entity"]].keys
            if column.name in record["fields"]
        }
        if seen & unique or not records:
            continue
        if rejected and bad < BAD:
            bad += 1
        elif not rejected and good < GOOD:
            good += 1
        else:
            continue
        seen |= unique
        yield row
        if good == GOOD and bad == BAD:
            return


def _csv(path: Path, delimiter: str) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter=delimiter):
            yield {name: value or None for name, value in row.items()}


def _lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


if __name__ == "__main__":
    main()
