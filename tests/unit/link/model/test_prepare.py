"""Preparation: one form for each kind, whatever the frame calls it, and a clear refusal where it cannot."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from hub.errors import HubMisconfigured
from hub.link.model.commune_neighbours import add_surroundings, find_surroundings, in_force
from hub.link.model.party import PARTY
from hub.link.model.roles import ColumnRole, map_roles
from hub.link.model.scoring.prepare import prepare_records

SPEC = map_roles(
    "people",
    "id",
    {
        "first": ColumnRole.GIVEN_NAME,
        "last": ColumnRole.SURNAME,
        "born": ColumnRole.BIRTH_DATE,
        "number": ColumnRole.IDENTIFIER,
        "street": ColumnRole.WORDS,
    },
)


def one(**given: object) -> dict[str, object]:
    row = {"id": 1, "first": "An", "last": "Lê", "born": "1980-03-05", "number": "12-34", "street": "x", **given}
    return prepare_records(SPEC, pl.DataFrame([row])).row(0, named=True)


def test_values_of_each_kind_have_one_form() -> None:
    found = one(first="  THỊ  Hoà ", last="Đỗ", number="ab 12-345678", street="Số 5, Đường Trần-Phú")
    assert (found["unique_id"], found["first"], found["first_ascii"]) == ("1", "thị hoà", "thi hoa")
    assert (found["last"], found["last_ascii"]) == ("đỗ", "do")
    assert (found["number"], found["street"]) == ("AB12345678", "so 5 duong tran phu")


def test_decomposed_letters_are_the_composed_ones() -> None:
    assert one(first="Hoa\u0300")["first"] == one(first="Hoà")["first"]


@pytest.mark.parametrize("born", ["19800305", "1980-03-05", date(1980, 3, 5)])
def test_a_date_in_any_form_is_its_digits(born: object) -> None:
    found = one(born=born)
    assert (found["born"], found["born_sorted"], found["born_year"]) == ("19800305", "19800305", 1980)


def test_a_swapped_date_is_sorted_alike_and_a_year_alone_is_no_day() -> None:
    assert one(born="19800503")["born_sorted"] == one(born="19800305")["born_sorted"]
    found = one(born="1980")
    assert (found["born"], found["born_year"]) == (None, 1980)


def test_a_day_that_stands_for_an_unknown_one_leaves_the_year() -> None:
    fields = tuple(replace(field, placeholders=("0101",)) if field.column == "born" else field for field in SPEC.fields)
    spec = replace(SPEC, fields=fields)
    rows = pl.DataFrame([
        {"id": at, "first": "An", "last": "Lê", "born": born, "number": "1", "street": "x"}
        for at, born in enumerate(("1980-01-01", "1980-01-02", "1980"))
    ])  # fmt: skip
    found = prepare_records(spec, rows)
    assert found["born"].to_list() == found["born_sorted"].to_list() == [None, "19800102", None]
    assert found["born_year"].to_list() == [1980, 1980, 1980]


def test_the_day_without_its_year_is_the_same_in_every_year_and_none_if_it_stands_for_an_unknown_one() -> None:
    needed = {field.column: [None] * 4 for field in PARTY.fields if not field.optional}
    days = ("1979-05-12", "1980-05-12", "1979-01-01", "1979")
    frame = pl.DataFrame({"key": ["1", "2", "3", "4"], **needed, "birth_day": days})
    found = prepare_records(PARTY, frame.with_columns(pl.col("units").cast(pl.List(pl.String))))
    assert found["birth_day_month_day"].to_list() == ["0512", "0512", None, None]


def test_what_states_nothing_is_null() -> None:
    found = one(first=" ", last=None, born="unknown", number="--", street="?")
    assert {found[name] for name in ("first", "last", "born", "born_year", "number", "street")} == {None}


COLUMNS = ("first", "last", "born", "number", "street")


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pl.DataFrame({"id": [1]}), "lacks the columns first, last, born, number, street"),
        (pl.DataFrame({"id": [1, 1]}).with_columns(**{column: pl.lit("x") for column in COLUMNS}), "stand twice"),
        (pl.DataFrame({"id": [None]}).with_columns(**{column: pl.lit("x") for column in COLUMNS}), "missing"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(frame: pl.DataFrame, said: str) -> None:
    with pytest.raises(HubMisconfigured, match=said):
        prepare_records(SPEC, frame)


def test_optional_columns_of_parties_may_be_absent_and_state_nothing_then() -> None:
    needed = {field.column: [None] for field in PARTY.fields if not field.optional}
    frame = pl.DataFrame({"key": ["1"], **needed}).with_columns(pl.col("units").cast(pl.List(pl.String)))
    lacking = prepare_records(PARTY, frame)
    whole = prepare_records(PARTY, frame.with_columns(companions=pl.Series([["hk"]], dtype=pl.List(pl.String))))
    assert lacking["companions"].to_list() == [None]
    assert whole["companions"].to_list() == [["hk"]]
    assert lacking.schema == whole.schema


def test_around_a_commune_are_its_neighbours_and_the_districts_it_was_made_of() -> None:
    bai_chay, hong_gai = "06673@2025-07-01", "06688@2025-07-01"
    near = find_surroundings(bai_chay).near
    assert bai_chay in near
    assert hong_gai in near
    features = add_surroundings(pl.DataFrame({"units": [[bai_chay], [], ["nowhere"]]}))
    assert features["near"].to_list() == [list(near), [], []]
    assert features["districts"].to_list()[0] == list(find_surroundings(bai_chay).districts)
    assert features["districts"].to_list()[0]


def test_neighbours_are_neighbours_both_ways() -> None:
    near = {key: find_surroundings(key).near for key in in_force()}
    assert len(near) > 3_000
    assert all(key in near[other] for key, others in near.items() for other in others)
