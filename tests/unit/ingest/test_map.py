"""Mapping: what a manifest says of a row is what the row becomes."""

import itertools
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.ingest.transform import map as mapping
from hub.ingest.values.parse_values import FAULT_PREFIX, parse_columns
from hub.model.registry import load_registry
from hub.sdk.mapping import Condition, Emit, FieldMapping
from hub.sdk.streams import SqlStream


def stream(fields: dict[str, Any], entity: str = "Parcel", **keys: Any) -> SqlStream:
    emit = {"fields": fields, **keys.pop("emit", {})}
    return SqlStream.model_validate({"table": "t", "key": ["id"], "emits": {entity: emit}, **keys})


def one(row: dict[str, Any], fields: dict[str, Any], entity: str = "Parcel", **keys: Any) -> dict[str, Any]:
    """The canonical record that one row becomes."""
    declared = stream(fields, entity, **keys)
    frame = mapping.apply_patches(pl.DataFrame([{"id": "1", **row}]), declared)
    numbered = frame.with_columns(pl.lit(0, pl.Int64).alias(mapping.READ_NUMBER))
    (found,) = mapping.map_rows(numbered, declared, load_registry()[entity], "Asia/Ho_Chi_Minh").to_dicts()
    return found


@pytest.mark.parametrize(
    ("row", "given", "expected"),
    [
        ({"a": "x"}, "a", "x"),
        ({"a": "x", "b": "y"}, {"template": "{a}-{b}"}, "x-y"),
        ({"a": "x", "b": None}, {"template": "{a}-{b}"}, None),
        ({"a": "x", "b": None, "c": " z "}, {"join": {"columns": ["a", "b", "c"]}}, "x, z"),
        ({"a": "", "b": None}, {"join": {"columns": ["a", "b"]}}, None),
        ({"a": "x"}, {"constant": "k"}, "k"),
        ({"a": "Tổ 1; khu 2"}, {"column": "a", "split": {"by": ";", "take": -1}}, "khu 2"),
        ({"a": "Tổ 1"}, {"column": "a", "split": {"by": ";", "take": 1}}, None),
        ({"a": "tờ 12 thửa 34"}, {"column": "a", "split": {"pattern": "thửa ([0-9]+)"}}, "34"),
        ({"a": "Lâu dài"}, {"column": "a", "null": ["Lâu dài"]}, None),
        ({"a": "22080123456"}, {"column": "a", "pad": 12}, "022080123456"),
        ({"a": "022080123456"}, {"column": "a", "pad": 12}, "022080123456"),
        ({"a": "1022080123456"}, {"column": "a", "pad": 12}, "1022080123456"),
        ({"a": "0"}, {"column": "a", "pad": 12}, "0"),
        ({"a": "-5"}, {"column": "a", "pad": 12}, "-5"),
        ({"a": "2.2080123456E10"}, {"column": "a", "pad": 12}, "2.2080123456E10"),
        ({"a": "1.250.000,5"}, {"column": "a", "number": "vi"}, "1250000.5"),
        ({"a": "0,1"}, {"column": "a", "number": "vi", "scale": 10000}, "1000"),
        ({"a": "0.123"}, {"column": "a", "scale": 10000}, "1230"),
        ({"a": "nhiều"}, {"column": "a", "scale": 10000}, "nhiều"),
        ({"a": " X "}, {"column": "a", "codes": {"X": "Y"}}, "Y"),
        ({"a": "03/06/2019"}, {"column": "a", "formats": ["%d/%m/%Y", "%Y"]}, "2019-06-03"),
        ({"a": "1980"}, {"column": "a", "formats": ["%d/%m/%Y", "%Y"]}, "1980"),
        ({"a": "31/02/2019"}, {"column": "a", "formats": ["%d/%m/%Y"]}, "31/02/2019"),
    ],
)
def test_a_field_is_made_as_declared(row: dict[str, Any], given: Any, expected: str | None) -> None:
    assert one(row, {"address": given})["address"] == expected


def test_a_party_is_mapped_as_a_group() -> None:
    given = {"fields": {"status": "s"}, "parties": {"holder": {"within": "chu", "name": "ten", "birth_date": {"column": "sinh", "formats": ["%d/%m/%Y"]}, "address": {"template": "{to}, {xa}"}}}}  # fmt: skip
    emit = Emit.model_validate(given)
    assert set(emit.fields) == {"status", "holder_name", "holder_birth_date", "holder_address"}
    columns = {name: set(field.list_columns()) for name, field in emit.fields.items()}
    assert columns["holder_name"] == {"chu.ten"}
    assert columns["holder_address"] == {"chu.to", "chu.xa"}


def test_patches_replace_known_values_only_where_they_hold() -> None:
    patches = [
        {"column": "a", "value": "NAM ", "to": "Nam", "note": "trailing space of the old client"},
        {"column": "a", "value": "?", "where": {"column": "b", "values": ["old"]}},
    ]
    keys = {"patches": patches, "optional": ["b"]}
    assert one({"a": "NAM ", "b": "new"}, {"address": "a"}, **keys)["address"] == "Nam"
    assert one({"a": "?", "b": "old"}, {"address": "a"}, **keys)["address"] is None
    assert one({"a": "?", "b": "new"}, {"address": "a"}, **keys)["address"] == "?"


def test_rows_are_chosen_and_lists_unfolded() -> None:
    declared = stream({"address": "l.x"}, emit={"explode": "l", "when": {"column": "k", "values": ["1"]}})
    emit = declared.emits["Parcel"]
    frame = pl.DataFrame(
        {"id": ["a", "b", "c"], "k": ["1", "1", "2"], "l": [[{"x": "p"}, {"x": "q"}], [], [{"x": "r"}]]}
    ).with_columns(pl.int_range(3).alias(mapping.READ_NUMBER))
    rows = mapping.select_items(mapping.unfold_list(mapping.filter_chosen(frame, emit), emit), declared, emit)
    found = mapping.map_rows(rows, declared, load_registry()["Parcel"], "UTC")
    assert found["address"].to_list() == ["p", "q"]
    first, second = found["source_key"]
    assert first.startswith("a|~")
    assert second.startswith("a|~")
    assert first != second
    without = mapping.select_items(mapping.unfold_list(frame.drop("l"), emit), declared, emit)
    assert mapping.map_rows(without, declared, load_registry()["Parcel"], "UTC").is_empty()
    assert mapping.find_unmet_keys(frame, declared, emit, "UTC")["source_key"].to_list() == ["c"]  # type: ignore[index]  # it has a when


TEXTS = st.one_of(st.none(), st.text("a|\\=~vn1", max_size=3))


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6), st.booleans(), st.randoms())
def test_items_are_known_by_key_or_content_wherever_they_stand(
    items: list[tuple[str | None, str | None]], keyed: bool, random: Any
) -> None:
    more = {"item_key": ["l.x"]} if keyed else {}
    declared = stream({"address": "l.x", "parcel_number": "l.y"}, emit={"explode": "l", **more})
    emit = declared.emits["Parcel"]

    def keys(listed: list[tuple[str | None, str | None]]) -> list[tuple[str | None, tuple[str | None, str | None]]]:
        kind = pl.List(pl.Struct({"x": pl.String, "y": pl.String}))
        cells = [[{"x": x, "y": y} for x, y in listed]]
        frame = pl.DataFrame({"id": ["a"], "l": pl.Series(cells, dtype=kind), mapping.READ_NUMBER: [0]})
        rows = mapping.select_items(mapping.unfold_list(frame, emit), declared, emit)
        return list(zip(rows[mapping.ITEM_KEY].to_list() if listed else [], listed, strict=True))

    shifted = random.sample(items, len(items))
    assert sorted(map(repr, keys(items))) == sorted(map(repr, keys(shifted)))
    known: dict[str, object] = {}
    for key, (x, y) in keys(items):
        if key is None:
            assert keyed
            assert not x
        else:
            assert known.setdefault(key, x if keyed else (x, y)) == (x if keyed else (x, y))
    if not keyed:
        assert len(known) == len(items)


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ({"values": ["1", "2"]}, [True, False, False, False]),
        ({"not_values": ["1"]}, [False, True, True, True]),
        ({"null": True}, [False, False, True, True]),
        ({"null": False}, [True, True, False, False]),
    ],
)
def test_a_condition_is_met_or_not_never_neither(condition: dict[str, Any], met: list[bool]) -> None:
    frame = pl.DataFrame({"k": ["1", "3", "", None]})
    declared = Condition.model_validate({"column": "k", **condition})
    assert frame.select(mapping.meets_condition(declared)).to_series().to_list() == met


@pytest.mark.parametrize("wrong", [{}, {"values": ["1"], "null": True}, {"values": []}])
def test_a_condition_has_one_test(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="null = false"):
        Condition.model_validate({"column": "k", **wrong})


def test_composite_keys_are_never_confused() -> None:
    texts = ["".join(letters) for n in range(3) for letters in itertools.product("a|\\", repeat=n)]
    keys = list(itertools.product(texts, repeat=2))
    declared = SqlStream.model_validate({"table": "t", "key": ["x", "y"], "emits": {"Parcel": {"fields": {}}}})
    made = pl.DataFrame(keys, schema=["x", "y"], orient="row").select(mapping.build_source_key(declared)).to_series()
    assert made.n_unique() == len(keys)


@given(st.decimals(0, 10**6, places=4), st.sampled_from([10000.0, 0.001, 500.0]))
def test_units_are_converted_exactly(number: Any, factor: float) -> None:
    declared = FieldMapping.model_validate({"column": "a", "scale": factor})
    column = load_registry()["Parcel"].column("area")
    found = parse_columns(pl.DataFrame({"area": [str(number)]}), {"area": (declared, column)}, "UTC")
    assert Decimal(found["area"][0]) == number * Decimal(str(factor))
    assert found[FAULT_PREFIX + "area"][0] is None
