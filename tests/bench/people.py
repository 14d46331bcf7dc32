"""The rows that loads are measured with: the demo province's people, as many as are wanted, in a CSV file of 12 columns."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from hub.demo.province.generate import generate_province
from schema.units import read_eras

NAME = "people.csv"
TILE = 10_000
CHANGED_EVERY = 100
"""Of an edition with changes, every so manieth row is another one."""
NEW_ADDRESS = "Tổ 1, khu 1, phường Hồng Gai"
NEW_TIME = "2030-01-01T08:30:00+07:00"


@dataclass(frozen=True)
class People:
    """So many valid and different people: those of a small province over again, under new numbers."""

    tile: pl.DataFrame
    rows: int
    shuffled: bool = False
    changed: bool = False

    @classmethod
    def make(cls, folder: Path, rows: int) -> "People":
        """Generate the small province in a folder. Rows that are wrong on purpose are left out where that can be seen."""
        source = Path(generate_province(folder / "people-province", TILE).folder) / "population" / "cong_dan.csv"
        tile = pl.read_csv(source, infer_schema=False).drop("ghi_chu")
        good = (pl.col("so_dinh_danh").str.len_chars() == 12) & pl.col("ma_xa").is_in(
            [c for c, p in read_eras().items() if len(c) == 5 and not p[0][0]]
        )
        good &= pl.col("gioi_tinh").is_in(["Nam", "Nữ"]) & pl.col("ngay_sinh").str.contains("^[0-9/]{4,10}$")
        return cls(tile.filter(good), rows)

    def again(self) -> "People":
        """The same rows in another order, so that no byte but the header is where it was."""
        return replace(self, shuffled=True)

    def with_changes(self) -> "People":
        """One row in a hundred with another address and a later time of change, in another order, too."""
        return replace(self, shuffled=True, changed=True)

    def write(self, folder: Path) -> Path:
        """Write the CSV file, a tile at a time: memory does not grow with the rows."""
        path = folder / NAME
        with path.open("wb") as out:
            for number, frame in enumerate(self.frames()):
                frame.write_csv(out, include_header=number == 0)
        return path

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows, a tile at a time."""
        starts = list(range(0, self.rows, self.tile.height))
        if self.shuffled:
            random.Random(1).shuffle(starts)
        for start in starts:
            frame = self._numbered(start)
            yield frame.sample(fraction=1.0, shuffle=True, seed=1) if self.shuffled else frame

    def _numbered(self, start: int) -> pl.DataFrame:
        frame = self.tile.head(self.rows - start).with_row_index("n", offset=start)
        number = pl.col("n").cast(pl.String).str.zfill(9)
        named = {"id": pl.col("n").cast(pl.String), "so_dinh_danh": "022" + number, "so_cmnd_cu": number}
        frame = frame.with_columns(**named)
        if self.changed:
            moves = pl.col("n") % CHANGED_EVERY == 0
            frame = frame.with_columns(
                dia_chi=pl.when(moves).then(pl.lit(NEW_ADDRESS)).otherwise("dia_chi"),
                cap_nhat_luc=pl.when(moves).then(pl.lit(NEW_TIME)).otherwise("cap_nhat_luc"),
            )
        return frame.drop("n")
