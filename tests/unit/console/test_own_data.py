"""A citizen's data and an auditor's search in words."""

from hub.access.purposes import read_purposes
from hub.console.auditor.log_pages import PAGE
from hub.console.auditor.log_search import list_purposes, read_row, read_search
from hub.console.citizen.own_data import PERSON, SECTIONS, find_path_column, read_own_data
from hub.console.layout.page_response import render_page
from hub.model.registry import load_registry
from hub.web.pages.sign_in_pages import name_office
from schema.codes import RightStatus, Sex
from schema.core import Label

EVERYTHING = [
    f"citizen.{field}.nodes.status"
    for field in (
        "memberships",
        "maritalStatuses",
        "landUseRights",
        "taxpayers",
        "taxObligations",
        "benefits",
        "businessRoles",
    )
]
"""Paths that are about many kinds of data."""
EMPTY = {shape.field: {"nodes": []} for shape in SECTIONS}


def test_every_value_has_words_of_the_schema() -> None:
    for entity, paths in [("Citizen", PERSON), *((shape.entity, shape.paths) for shape in SECTIONS)]:
        labels = [find_path_column(load_registry(), entity, path)[0].vi for path in paths]
        assert len(labels) == len(set(labels)) == len(paths)
    assert find_path_column(load_registry(), "MaritalStatus", "spouse.fullName")[0].vi == "Vợ hoặc chồng"
    assert find_path_column(load_registry(), "LandUseRight", "parcel.address")[0].vi == "Thửa đất: địa chỉ"


def test_amounts_and_areas_are_grouped_and_have_their_unit() -> None:
    owed = {"kind": "LAND_USE_FEE", "year": 2025, "amount": "12500000", "paidAmount": 0}
    right = {"area": "1120.5"}
    citizen = {**EMPTY, "taxObligations": {"nodes": [owed]}, "landUseRights": {"nodes": [right]}}
    _, land, taxes = read_own_data(citizen, {})
    assert [text for _, text in taxes.rows[0].facts] == ["Tiền sử dụng đất", "2025", "12.500.000 đồng", "0 đồng"]
    assert [text for _, text in land.rows[0].facts] == ["1.120,5 m²"]


def test_sections_are_in_words_and_name_their_source() -> None:
    right = {
        "certificateSerial": "AA1",
        "issuedOn": "2019-02-01",
        "status": "REGISTERED",
        "parcel": None,
        "provenance": {"source": "land", "asOf": "2026-01-02T03:04:00+00:00"},
        "corrections": {"nodes": [{"label": {"vi": "Đã gửi", "en": "Sent"}}]},
    }
    citizen = {**EMPTY, "personalId": "022085001234", "sex": "MALE", "landUseRights": {"nodes": [right]}}
    person, land = read_own_data(citizen, {"land": Label("Đất đai", "Land")})
    assert [text for _, text in person.rows[0].facts] == ["022085001234", Sex.codes["MALE"].vi]
    (row,) = land.rows
    assert [text for _, text in row.facts] == ["AA1", "01/02/2019", RightStatus.codes["REGISTERED"].vi]
    assert row.source == "Đất đai, 02/01/2026 10:04"
    assert row.disputes == (Label("Đã gửi", "Sent"),)


def test_days_of_a_search_are_those_of_vietnam_and_the_last_is_included() -> None:
    found = read_search({"since": "14/05/2026", "until": "14/05/2026", "personalId": "022 085 001 234", "code": " "})
    assert found.variables == {
        "since": "2026-05-14T00:00:00+07:00",
        "until": "2026-05-15T00:00:00+07:00",
        "personalId": "022085001234",
    }
    assert read_search({"since": "2026-05-14", "personalId": "x", "who": "y", "code": "a" * 201}).errors.keys() == {
        "since",
        "personalId",
        "code",
    }


def test_an_edited_record_is_said_to_be() -> None:
    node = dict.fromkeys(("code", "principal", "purpose", "dossier", "office", "kind", "outcome"))
    more = {"at": "2026-05-14T00:00:00+00:00", "people": [{"people": 2}, {"people": 1}], "paths": []}
    row = read_row({**node, **more, "epoch": "abcdef0123", "number": 4, "hash": "h", "intact": False}, {})
    assert (row.people, row.is_intact, row.outcome.en, row.number) == (3, False, "edited", "abcdef01/4")


def test_an_entry_names_purpose_office_and_kinds_of_data_in_words() -> None:
    node = dict.fromkeys(("code", "principal", "dossier", "kind", "outcome"))
    more = {
        "at": "2026-05-14T00:00:00+00:00",
        "people": [],
        "epoch": "abcdef0123",
        "number": 4,
        "hash": "h",
        "intact": True,
    }
    given = {
        "purpose": "identify",
        "office": "22@2025-07-01",
        "paths": ["citizen.fullName", "citizen.taxObligations.nodes.amount"],
    }
    row = read_row({**node, **more, **given}, read_purposes())
    assert row.purpose is not None
    assert row.purpose.vi == read_purposes()["identify"].declaration.name.vi
    assert (row.office, row.office_code) == ("Tỉnh Quảng Ninh", "22@2025-07-01")
    assert [one.vi for one in row.about] == ["họ tên", "nghĩa vụ thuế"]
    gone = read_row({**node, **more, "purpose": "gone", "office": "99@..", "paths": []}, read_purposes())
    assert (gone.purpose, gone.office, gone.office_code) == (Label("gone", "gone"), "", "99@..")


def test_every_purpose_can_be_searched_for_and_one_that_is_gone_too() -> None:
    offered = list_purposes(read_purposes(), "gone")
    assert offered.keys() == {*read_purposes(), "gone"}
    assert list_purposes(read_purposes(), "").keys() == set(read_purposes())


def test_a_page_of_the_log_stays_light_however_much_each_read_asked_for() -> None:
    paths = [f"citizen.landUseRights.nodes.parcel.encumbrances.nodes.field{n}" for n in range(300)] + EVERYTHING
    node = {
        **dict.fromkeys(("code", "kind", "outcome"), "READING_PAUSED"),
        "principal": f"https://id.example.vn/realms/one|{'a' * 36}",
        "purpose": "land-right-transfer",
        "dossier": "H49.12-251118-0007",
        "office": "06820@2025-07-01",
        "at": "2026-05-14T00:00:00+00:00",
        "people": [{"people": 2}],
        "paths": paths,
    }
    row = read_row({**node, "epoch": "abcdef0123", "number": 4, "hash": "h", "intact": True}, read_purposes())
    shown = {"here": "/", "fields": {}, "purposes": {}, "given": {}, "errors": {}, "rows": [row] * PAGE, "more": "a"}
    about = {"links": (), "signed_in": None, "home": "/", "csrf_token": ""}
    assert len(row.about) > 5
    assert len(render_page("auditor/log.html", about | shown).body) < 100_000


def test_an_office_is_named_as_it_is_today() -> None:
    assert name_office("06820") == "Phường Vàng Danh (06820)"
    assert name_office("22@2025-07-01") == "Tỉnh Quảng Ninh (22@2025-07-01)"
    assert name_office("99999") == "99999"
    assert name_office("06673").endswith(" (06673)"), "a unit that was merged into another"
