"""Samples of nobody: no value that a person could be known by is left, and every value has the form that it had."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.draft.connector_writer import columns_of
from hub.draft.field_proposals import FieldProposal, propose_fields
from hub.draft.pseudonyms import Pseudonyms
from hub.model.registry import load_registry

ROWS = [
    {
        "id": number,
        "so_dinh_danh": f"02208500{number:04d}",
        "ho_ten": name,
        "ngay_sinh": born,
        "gioi_tinh": "Nam",
        "ma_xa": "06664",
        "dia_chi": "Tổ 7, khu 8, phường Hà Tu",
        "chu": {"mst": "0100233488", "so": [{"giay": "B1234567"}]},
        "luc": "2026-01-05T08:30:00+07:00",
        "dung": True,
        "trong": None,
    }
    for number, (name, born) in enumerate(
        [("Lê Thị Duyên", "05/06/1980"), ("Hồ Xuân Kỳ", "1954"), ("Mạc 3", "7/8/91")], 11
    )
]


@pytest.fixture
def pseudonyms() -> Pseudonyms:
    entity = load_registry()["Citizen"]
    return Pseudonyms(entity, propose_fields(columns_of(ROWS), entity), keys=["id"], kept=["luc"])


def test_nothing_of_a_person_is_left(pseudonyms: Pseudonyms) -> None:
    text = str(pseudonyms.rows(ROWS))
    for row in ROWS:
        for name in ("so_dinh_danh", "ho_ten", "dia_chi"):
            assert str(row[name]) not in text
    for value in ("Duyên", "Xuân Kỳ", "05/06/1980", "0100233488", "B1234567", "phường"):
        assert value not in text


def test_forms_stay(pseudonyms: Pseudonyms) -> None:
    first, _, third = pseudonyms.rows(ROWS)
    assert first["so_dinh_danh"].isdigit()
    assert len(first["so_dinh_danh"]) == 12
    assert len({row["so_dinh_danh"] for row in pseudonyms.rows(ROWS)}) == 3
    assert (first["gioi_tinh"], first["ma_xa"], first["dung"], first["trong"]) == ("Nam", "06664", True, None)
    assert first["luc"] == ROWS[0]["luc"]
    assert [row["id"] for row in pseudonyms.rows(ROWS)] == [1, 2, 3]
    assert len(first["chu"]["mst"]) == 10
    assert first["chu"]["so"][0]["giay"][0].isalpha()
    assert any(c.isdigit() for c in third["ho_ten"])  # what was broken is broken still


def test_the_same_value_is_the_same_everywhere_and_another_in_the_next_draft(pseudonyms: Pseudonyms) -> None:
    assert pseudonyms.rows(ROWS) == pseudonyms.rows(ROWS)
    entity = load_registry()["Citizen"]
    again = Pseudonyms(entity, propose_fields(columns_of(ROWS), entity), keys=["id"], kept=["luc"])
    assert again.rows(ROWS)[0]["so_dinh_danh"] != pseudonyms.rows(ROWS)[0]["so_dinh_danh"]


def test_a_good_value_stays_good() -> None:
    entity = load_registry()["Business"]
    rows = [{"ma_so": "0100233488", "mst": "0100233488", "ten": "Công ty Hạ Long"}]
    proposals = propose_fields(columns_of(rows), entity)
    (made,) = Pseudonyms(entity, proposals).rows(rows)
    for proposal in proposals:
        entity.column(proposal.field).value.parse(made[proposal.column])
    assert "Hạ Long" not in made["ten"]


def test_what_a_mapping_chooses_and_pads_by_stays() -> None:
    """Zeros in front, zero dates, days without end and flags: a drafted sample is read as the source's row would be."""
    row = {
        "ma": "0007",
        "to": "0012",
        "so": "22085001234",
        "ngay": "0000-00-00",
        "gio": "0000-00-00 00:00:00",
        "het": "9999-12-31",
        "con": "1",
        "xoa": "N",
        "co": 0,
        "muc_dich": "ONT",
        "thieu": "00",
        "tien": "0.00",
    }
    entity = load_registry()["Citizen"]
    proposals = [FieldProposal("personal_id", "so", {}, 1.0, "")]
    made = Pseudonyms(entity, proposals, keys=["ma"]).rows([row])[0]
    unchanged = ("ngay", "gio", "het", "con", "xoa", "co", "muc_dich", "thieu", "tien")
    assert {name: made[name] for name in unchanged} == {name: row[name] for name in unchanged}
    assert made["ma"] == "0001"
    assert made["to"].startswith("00")
    assert made["to"][2] != "0"
    assert made["to"] != row["to"]
    assert made["so"] != row["so"]
    assert entity.column("personal_id").value.parse(f"0{made['so']}")


@given(st.integers(0, 6), st.integers(1, 10**9))
def test_zeros_in_front_are_as_many_as_before(zeros: int, number: int) -> None:
    text = "0" * zeros + str(number)
    (made,) = Pseudonyms(load_registry()["Citizen"], []).rows([{"so": text}])
    assert len(made["so"]) == len(text)
    assert len(made["so"]) - len(made["so"].lstrip("0")) == zeros
