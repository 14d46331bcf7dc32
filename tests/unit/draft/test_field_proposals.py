"""What is proposed for columns of a source: by name, by value, with a reason; and nothing where nothing speaks for it."""

import pytest

from hub.draft.column_names import name_likeness, normalise_column_name
from hub.draft.field_proposals import FieldProposal, choose_entity, find_changed_at, find_key, propose_fields
from hub.model.registry import load_registry

CITIZENS = {
    "id": ["1", "2", "3"],
    "HoVaTen": ["Lê Văn An", "Trần Thị Bình", "Vũ Minh Chi"],
    "Số CCCD": ["022085001234", "022085001235", "022085001236"],
    "ngay_sinh": ["01/02/1980", "1954", "03/04/1990"],
    "gioi_tinh": ["Nam", "Nữ", "Nữ"],
    "ghi_chu_noi_bo": ["a", "b", "c"],
    "cap_nhat_luc": ["2026-01-01T00:00:00+07:00", "2026-01-02 10:00:00", "2026-01-03"],
}


def by_field(found: list[FieldProposal]) -> dict[str, FieldProposal]:
    return {proposal.field: proposal for proposal in found}


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("Họ và tên", "ho_va_ten"),
        ("hoVaTen", "ho_va_ten"),
        ("NGÀY_SINH", "ngay_sinh"),
        ("thua.So To", "so_to"),
        ("ĐịaChỉ", "dia_chi"),
    ],
)
def test_names_are_compared_without_tone_marks_and_case(name: str, same: str) -> None:
    assert normalise_column_name(name) == same


def test_columns_of_citizens_are_known() -> None:
    found = by_field(propose_fields(CITIZENS, load_registry()["Citizen"]))
    assert {field: p.column for field, p in found.items()} == {
        "personal_id": "Số CCCD",
        "full_name": "HoVaTen",
        "birth_date": "ngay_sinh",
        "sex": "gioi_tinh",
    }
    assert found["birth_date"].keys == {"formats": ["%d/%m/%Y"]}
    assert found["sex"].keys == {"codes": "vi"}
    assert all(0.45 <= p.confidence <= 1 for p in found.values())
    assert choose_entity(CITIZENS).name == "Citizen"
    assert find_changed_at(CITIZENS) == "cap_nhat_luc"
    assert find_key(CITIZENS, 3) == ["id"]


def test_values_speak_where_names_do_not() -> None:
    columns = {"c1": ["022085001234", "022085001235"], "c2": ["x", "y"]}
    assert [(p.field, p.column) for p in propose_fields(columns, load_registry()["Citizen"])] == [("personal_id", "c1")]


def test_values_of_another_type_speak_against_a_name() -> None:
    assert (
        propose_fields({"gioi_tinh": ["0", "1", "0"], "ngay_sinh": ["abc", "xyz", "-"]}, load_registry()["Citizen"])
        == []
    )


def test_numbers_in_vietnamese_notation() -> None:
    columns = {"so_tien": ["1.250.000", "2.000.000"], "so_qd": ["QD1", "QD2"]}
    found = by_field(propose_fields(columns, load_registry()["Benefit"]))
    assert found["monthly_amount"].keys == {"number": "vi"}
    assert found["benefit_number"].column == "so_qd"


def test_a_name_that_is_alike_by_chance_is_not() -> None:
    assert name_likeness("mau_sac", "full_name") == 0.0
    assert name_likeness("ngay_sinh", "birth_date") == 1.0
    assert name_likeness("ngay_sinh", "holder_birth_date", "birth_date") >= 0.85


@pytest.mark.parametrize(
    ("amounts", "days", "keys", "sure"),
    [
        (["1250000.00", "4500000.00"], ["2026-01-05", "2026-02-01"], [{}, {}], [True, True]),
        (["1250000.0", "99.99", "500"], ["2026-01-04T17:00:00Z"], [{}, {}], [False, True]),
        (["1.250.000", "500"], ["05/01/2026", "13/01/2026"], [{"number": "vi"}, {"formats": ["%d/%m/%Y"]}], [True, True]),
        (["1,250,000", "500"], [1767546000000], [{"number": "en"}, {"formats": ["epoch_ms"]}], [True, True]),
        (["1.250", "4.500"], ["05/01/26"], [None, None], [False, False]),
    ],
)  # fmt: skip
def test_no_reading_is_proposed_that_could_be_wrong(
    amounts: list[str], days: list[object], keys: list[dict[str, object] | None], sure: list[bool]
) -> None:
    columns = {"so_tien": amounts, "ngay_nop": [str(day) for day in days], "so_bien_lai": ["B1", "B2"]}
    found = by_field(propose_fields(columns, load_registry()["Payment"]))
    for field, expected, certain in zip(("amount", "paid_on"), keys, sure, strict=True):
        assert (found[field].keys if field in found else None) == expected
        assert (field in found and f"{found[field].confidence:.0%}" == "100%") == certain


def test_a_proposal_says_what_the_values_leave_open() -> None:
    columns = {"ngay_nop": ["05/01/2026", "06/02/2026"], "so_tien": ["1", "2"]}
    assert "day and month" in by_field(propose_fields(columns, load_registry()["Payment"]))["paid_on"].evidence


@pytest.mark.parametrize("column", ["cccd", "So_CCCD", "so_dinh_danh"])
def test_a_column_with_the_name_of_one_field_is_no_other_because_of_its_values(column: str) -> None:
    """Twelve digits of a person are also of the form of a parcel's identifier."""
    numbers = ["022080123456", "022184173560", "001090000001"]
    assert [p.field for p in propose_fields({column: numbers}, load_registry()["Parcel"])] == []
    assert [p.field for p in propose_fields({column: numbers}, load_registry()["Citizen"])] == ["personal_id"]
    assert [p.field for p in propose_fields({"x": numbers}, load_registry()["Citizen"])] == ["personal_id"], (
        "values speak"
    )
