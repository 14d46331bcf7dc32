"""The rows of the ingest benchmark: the demo province's people, as many as are wanted, in one CSV file of 12 columns."""

from pathlib import Path

import polars as pl

from hub.demo.generate import generate
from hub.ingest.discover import discover
from hub.sdk.manifest import Manifest, parse
from schema.units import eras

TILE = 10_000


def write_csv(folder: Path, rows: int) -> Path:
    """`people.csv` with this many valid and different people: those of a small province over again, under new numbers."""
    source = Path(generate(folder / "province", TILE).folder) / "population" / "cong_dan.csv"
    tile = pl.read_csv(source, infer_schema=False).drop("ghi_chu")
    good = (pl.col("so_dinh_danh").str.len_chars() == 12) & pl.col("ma_xa").is_in(
        [c for c, p in eras().items() if len(c) == 5 and not p[0][0]]
    )
    tile = tile.filter(
        good & pl.col("gioi_tinh").is_in(["Nam", "Nữ"]) & pl.col("ngay_sinh").str.contains("^[0-9/]{4,10}$")
    )
    copies = -(-rows // tile.height)
    frame = pl.concat([tile] * copies).head(rows).with_row_index("n")
    number = pl.col("n").cast(pl.String).str.zfill(9)
    frame = frame.with_columns(
        pl.col("n").cast(pl.String).alias("id"), ("022" + number).alias("so_dinh_danh"), number.alias("so_cmnd_cu")
    )
    path = folder / "people.csv"
    frame.drop("n").write_csv(path)
    return path


def manifest() -> Manifest:
    """The population connector's citizens, read from a folder of CSV files."""
    document = discover()["population"].model_dump(mode="json", exclude_unset=True)
    stream = {k: v for k, v in document["streams"]["citizens"].items() if k not in ("table", "ignore")}
    source = {"kind": "files", "folder": {"env": "BENCH_FOLDER"}}
    stream |= {"files": "people.csv", "format": "csv"}
    return parse({**document, "name": "bench", "source": source, "streams": {"citizens": stream}})
