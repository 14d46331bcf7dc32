"""A sector's application, in a process of its own: `python -m tests.bench.cdc_writer SOURCE PLAN RATE`.

It makes the changes of a plan (a JSON list of `Change`), so many a second, each in a transaction of its own, and says of each,
on a line, its number and the source's clock as it was written into the row.
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.bench.manifests import TABLE

UPDATE = f"update {TABLE} set dia_chi = %(address)s, cap_nhat_luc = clock_timestamp() where id = %(like)s"
INSERT = (
    f"insert into {TABLE} select %(id)s, %(personal_id)s, so_cmnd_cu, ho_va_ten, gioi_tinh, ngay_sinh, ngay_mat, dan_toc,"
    f" ma_xa, ngay_dang_ky, %(address)s, clock_timestamp() from {TABLE} where id = %(like)s"
)
RETURNING = " returning extract(epoch from cap_nhat_luc)::float8"


@dataclass(frozen=True)
class Change:
    """A person who moves, where `id` is that of `like`; otherwise a new one, who is as `like` but for number and address."""

    id: int
    like: int
    personal_id: str
    address: str

    @property
    def statement(self) -> str:
        """The change in SQL, which returns the row's time in seconds of the epoch."""
        return (UPDATE if self.id == self.like else INSERT) + RETURNING


def main() -> None:
    """Make the changes, each at its time: one that is late does not put off those after it."""
    source, plan, rate = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    changes = [Change(**given) for given in json.loads(plan.read_text(encoding="utf-8"))]
    with psycopg.connect(source, autocommit=True) as connection:
        began = time.monotonic()
        for number, change in enumerate(changes):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            ((at,),) = connection.execute(change.statement, vars(change)).fetchall()
            print(number, at, flush=True)


if __name__ == "__main__":
    main()
