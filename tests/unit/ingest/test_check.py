"""The columnar check and `Value.parse` are one rule, written twice: whatever one accepts, the other does, as the same text."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.ingest.transform.check import RULE_MESSAGES, check_rows, clean_values, find_broken_rule, resolve_units
from hub.ingest.transform.map import SOURCE_KEY
from hub.model.registry import load_registry
from schema.values import Storage, Value, ValueRejected

TYPES = sorted({c.value for e in load_registry() for c in e.columns}, key=lambda kind: kind.__name__)
BLANKS = "\t\n\x0b\x0c\r \x1c\x1f\x85\u00a0\u2003\u2028\u3000"


def texts(kind: type[Value]) -> st.SearchStrategy[str]:
    """Good values, good values with something wrong in them, and anything at all."""
    good = st.sampled_from(kind.examples or tuple(getattr(kind, "codes", ("X",))))
    pieces = st.sampled_from([*BLANKS, "", ".", "-", "_", "0", "9", "đ", "ð", "Đ", "é", "é", ":", "@", "/", "\x00"])
    spoilt = st.builds(lambda text, at, piece, cut: text[: at % (len(text) + 1)] + piece + text[at % (len(text) + 1) + cut :], good, st.integers(0, 40), pieces, st.integers(0, 2))  # fmt: skip
    return st.one_of(good, spoilt, spoilt.map(str.lower), spoilt.map(str.upper), st.text(max_size=20))


def by_columns(kind: type[Value], raw: list[str]) -> list[tuple[str | None, str | None]]:
    """Canonical text and broken rule of each, as ingest has them."""
    frame = pl.DataFrame({"v": raw}).select(clean_values(pl.col("v"), kind).alias("v"))
    if kind.dated_unit:
        frame = frame.with_columns(resolve_units(frame["v"]).alias("u"))
        return frame.select("u", find_broken_rule(pl.col("v"), kind, pl.col("u"))).rows()
    return frame.select("v", find_broken_rule(pl.col("v"), kind).alias("broken")).rows()


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_columns_and_single_values_agree(kind: type[Value], data: st.DataObject) -> None:
    """Ten values or so an example: a frame costs as much for them as for one."""
    raw = data.draw(st.lists(texts(kind), min_size=1, max_size=20))
    for one, (canonical, broken) in zip(raw, by_columns(kind, raw), strict=True):
        try:
            expected = kind.parse(one)
        except ValueRejected:
            assert canonical is None or broken in RULE_MESSAGES, one
        else:
            assert (canonical, broken) == (expected, None), one


def test_rejected_rows_say_field_rule_and_reason_without_the_value() -> None:
    entity = load_registry()["Citizen"]
    rows = {
        SOURCE_KEY: ["1", "2", None],
        "personal_id": ["022 085 001 234", "12", "022085001234"],
        "full_name": ["Nguyễn Thị Hoà", None, "Lê Văn An"],
        "residence_unit_code": ["06820@2020-01-01", "99999@2020-01-01", None],
    }
    found = check_rows(pl.DataFrame(rows), entity)
    assert found.accepted.to_dicts() == [
        {
            SOURCE_KEY: "1",
            "personal_id": "022085001234",
            "full_name": "Nguyễn Thị Hoà",
            "residence_unit_code": "06820@..",
        }
    ]
    second, third = found.rejected.to_dicts()
    assert (second["row"], second["field"], second["rule"]) == (1, "personal_id", "pattern")
    assert "full_name is missing" in second["reason"]
    assert "residence_unit_code names an administrative unit" in second["reason"]
    assert "99999" not in second["reason"]
    assert (third["field"], third["rule"]) == (SOURCE_KEY, "required")


def test_numbers_and_days_are_checked_by_storage() -> None:
    kinds = {column.value.storage for entity in load_registry() for column in entity.columns}
    assert {Storage.DATE, Storage.BIGINT, Storage.NUMERIC, Storage.INTEGER, Storage.TEXT} <= kinds
