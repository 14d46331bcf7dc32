"""The frame of features: its columns, and that it is total, in order, and the same for the same party."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.link.normalise.party import FEATURES, INPUT, party_features

HA_TU = "06652@2025-07-01"
ADDRESS = "Tổ 5, khu Trần Phú, phường Hà Tu, thành phố Hạ Long, tỉnh Quảng Ninh"


def frame(*parties: dict[str, Any]) -> pl.DataFrame:
    """Parties with nulls for what is not said."""
    return pl.DataFrame(
        [{column: party.get(column) for column in INPUT} for party in parties],
        schema=dict.fromkeys(INPUT, pl.String()),
    )


def features(**party: str) -> dict[str, Any]:
    return party_features(frame({"key": "k", **party})).row(0, named=True)


def test_a_party_as_a_land_office_writes_it() -> None:
    said = features(
        kind="PERSON", name="Ông NGUYỄN VĂN HÒA", birth_date="04/05/1980", identifier="022080001234", address=ADDRESS
    )
    assert {name: value for name, value in said.items() if value is not None} == {
        "key": "k", "kind": "PERSON", "name": "nguyễn văn hoà", "name_ascii": "nguyen van hoa", "surname": "nguyễn", "middle": "văn",
        "given": "hoà", "surname_ascii": "nguyen", "given_ascii": "hoa", "initials": "nvh", "birth_day": date(1980, 5, 4),
        "birth_month": 5, "birth_year": 1980, "birth_precision": "DAY", "birth_swapped": date(1980, 4, 5),
        "personal_id": "022080001234", "id_digits": "022080001234", "id_year": 1980, "id_sex": "MALE", "id_province": "022",
        "units": [HA_TU], "unit": HA_TU, "unit_recorded": "06664@..", "unit_how": "SUCCESSOR", "hamlet": "trần phú", "grp": "5",
    }  # fmt: skip


def test_the_register_and_an_office_give_the_same_features() -> None:
    held = features(name="Nguyễn Văn Hoà", birth_date="1980-05-04", identifier="022080001234", address="Tổ 5, khu Trần Phú", unit_code=HA_TU)  # fmt: skip
    written = features(name="NGUYỄN VĂN HÒA", birth_date="04/05/1980", identifier="022 080 001 234", address=ADDRESS)
    differ = {name for name in held if held[name] != written[name]}
    assert differ == {"unit_recorded", "unit_how"}


def test_of_an_unknown_party_there_is_a_row_of_nulls() -> None:
    said = {name: value for name, value in features().items() if value is not None}
    assert said == {"key": "k", "birth_precision": "NONE", "units": [], "unit_how": "UNKNOWN"}


def test_the_address_decides_among_the_units_a_code_leaves_open() -> None:
    split = features(unit_code="06820@..", address="Khu 3")
    assert split["unit"] is None
    assert split["units"] == ["06811@2025-07-01", "06820@2025-07-01"]
    said = features(unit_code="06820@..", address="Khu 3, phường Vàng Danh, tỉnh Quảng Ninh")
    assert (said["unit"], said["unit_recorded"], said["unit_how"]) == ("06820@2025-07-01", "06820@..", "SPLIT")


def test_an_address_elsewhere_does_not_outweigh_the_code() -> None:
    assert features(unit_code=HA_TU, address="phường Vàng Danh, tỉnh Quảng Ninh")["unit"] == HA_TU


def test_a_code_of_no_commune_leaves_it_to_the_address() -> None:
    assert features(unit_code="22@..", address=ADDRESS)["unit"] == HA_TU


def test_the_columns_are_those_that_are_documented() -> None:
    schema = {"key": pl.String(), "kind": pl.String()} | {feature.name: feature.dtype for feature in FEATURES}
    assert party_features(frame()).schema == schema
    assert party_features(frame({"key": "k", "name": "An"})).schema == schema
    assert all(feature.about.endswith(".") for feature in FEATURES)


@pytest.mark.parametrize("missing", INPUT)
def test_a_missing_column_is_an_error(missing: str) -> None:
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        party_features(frame({"key": "k"}).drop(missing))


def test_keys_of_any_type_are_kept() -> None:
    keys = pl.Series("key", [3, 1, 2], pl.Int64)
    parties = frame({"name": "C"}, {"name": "A"}, {"name": "C"}).with_columns(keys)
    assert party_features(parties)["key"].to_list() == [3, 1, 2]


texts = st.one_of(st.none(), st.text(max_size=24), st.sampled_from(["Nguyễn Văn An", "1980", "022080001234", ADDRESS, HA_TU, "06820@.."]))  # fmt: skip
parties = st.fixed_dictionaries(dict.fromkeys(INPUT, texts))


@given(st.lists(parties, max_size=6))
@settings(deadline=None)
def test_whatever_is_written_each_party_has_its_row_and_stands_for_itself(written: list[dict[str, Any]]) -> None:
    together = party_features(frame(*written))
    assert together["key"].to_list() == [party["key"] for party in written]
    alone = [party_features(frame(party)) for party in written]
    assert together.rows() == [row for one in alone for row in one.rows()]


def test_more_distinct_values_than_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    written = [{"key": str(at), "name": f"Nguyễn Văn A{chr(97 + at % 7)}", "address": f"Tổ {at}"} for at in range(20)]
    whole = party_features(frame(*written))
    monkeypatch.setattr("hub.link.normalise.party.BATCH", 3)
    assert party_features(frame(*written)).equals(whole)
