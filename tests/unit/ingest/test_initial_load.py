"""First loads of several tables: locks are taken in one order, whatever order a manifest names its tables in."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.write.initial_load import begin_loads


class Load:
    """A load that notes when it begins, and does so if its table is empty."""

    def __init__(self, table: str, is_empty: bool, begun: list[str]) -> None:
        self.table = table
        self._is_empty = is_empty
        self._begun = begun

    def begin(self) -> bool:
        self._begun.append(self.table)
        return self._is_empty


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.booleans(), max_size=6))
def test_tables_are_locked_in_one_order_and_those_with_rows_are_left_out(tables: dict[str, bool]) -> None:
    locked: list[str] = []
    loads: dict[str, Any] = {name: Load(f"data.{name}", is_empty, locked) for name, is_empty in tables.items()}
    begun = begin_loads(loads)
    assert locked == sorted(f"data.{name}" for name in tables)
    assert begun == {name: loads[name] for name, is_empty in tables.items() if is_empty}
