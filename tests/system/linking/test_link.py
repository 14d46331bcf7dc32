"""Deterministic linking on a real PostgreSQL: each rule, and above all what is not linked."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from hub.store.engine import make_engine
from tests.system.linking.links import Links


@pytest.fixture
def links(database_url: str) -> Iterator[Links]:
    made = make_engine(database_url)
    built = Links(made)
    built.communes()
    yield built
    made.dispose()


def test_identifiers_old_and_new_lead_to_the_citizen(links: Links) -> None:
    an = links.citizen("022080000001", former="100000001")
    sure, likely = "CONFIRMED", "PROBABLE"
    records = {
        links.debt(kind="PERSON", identifier="022 080 000 001", name="NGUYỄN  VĂN AN"): (sure, "personal_identifier"),
        links.debt(kind="PERSON", tax_code="022080000001", name="Nguyễn Văn An"): (sure, "personal_identifier"),
        links.debt(kind="PERSON", identifier="100000001", name="Nguyễn Văn An", birth_date="1980"): (
            sure,
            "former_identifier",
        ),
        links.debt(kind="PERSON", identifier="022080000001"): (likely, "personal_identifier"),
        links.debt(kind="PERSON", identifier="022080000001", name="NGUYEN VAN AN"): (likely, "personal_identifier"),
        links.debt(kind="PERSON", identifier="022080000001", name="Nguyễn Văn Ân"): (likely, "personal_identifier"),
        links.debt(kind="PERSON", identifier="022080000001", name="Nguyễn An"): (likely, "personal_identifier"),
    }
    links.run()
    assert {record: links.of(record) for record in records} == {
        record: [(an, *expected)] for record, expected in records.items()
    }


@pytest.mark.parametrize(
    "party",
    [
        {"name": "Trần Thị Bình"},
        {"name": "Trần Thị Bình", "birth_date": "1980"},
        {"name": "Nguyễn Văn An", "birth_date": "01/05/1979"},
    ],
)
def test_an_identifier_against_the_evidence_is_a_candidate_only(links: Links, party: dict[str, str]) -> None:
    an = links.citizen("022080000001")
    record = links.debt(kind="PERSON", identifier="022080000001", **party)
    links.run()
    assert links.of(record) == [(an, "UNCONFIRMED", "personal_identifier")]


def test_no_identifier_no_link_however_alike(links: Links) -> None:
    links.citizen("022080000001")
    records = [
        links.debt(kind="PERSON", name="Nguyễn Văn An", birth_date="1980-05-01"),
        links.debt(kind="PERSON", identifier="12345"),
    ]
    report = links.run()
    assert [links.of(record) for record in records] == [[], []]
    assert report.fields[0].unlinked == 2


def test_one_number_names_three_subjects_and_the_kind_decides(links: Links) -> None:
    number = "022080000001"
    person = links.citizen(number)
    home = links.add("household", household_code="HK1", head_personal_id=number)
    shop = links.add("business", registration_number="22A8000001", tax_code=number, legal_name="An", legal_form="HOUSEHOLD_BUSINESS", status="ACTIVE")  # fmt: skip
    by_kind = {"PERSON": person, "HOUSEHOLD": home, "HOUSEHOLD_BUSINESS": shop}
    records = {
        links.debt(kind=kind, tax_code=number, name="Nguyễn Văn An"): subject for kind, subject in by_kind.items()
    }
    open_to_all = links.debt(tax_code=number, name="Nguyễn Văn An")
    enterprise = links.debt(kind="ENTERPRISE", tax_code=number)
    links.run()
    for record, subject in records.items():
        assert [(s, status) for s, status, _ in links.of(record)] == [(subject, "CONFIRMED")]
    assert [(s, status) for s, status, _ in links.of(open_to_all)] == [
        (s, "UNCONFIRMED") for s in sorted(by_kind.values())
    ]
    assert links.of(enterprise) == []


def test_a_former_number_of_two_people_needs_the_name(links: Links) -> None:
    an, binh = (
        links.citizen("022080000001", former="100000001"),
        links.citizen("022080000002", "Lê Thị Bình", former="100000001"),
    )
    named, nameless = (
        links.debt(identifier="100000001", name="Lê Thị Bình", kind="PERSON"),
        links.debt(identifier="100000001", kind="PERSON"),
    )
    links.run()
    assert links.of(named) == [(binh, "CONFIRMED", "former_identifier")]
    assert links.of(nameless) == [(an, "UNCONFIRMED", "former_identifier"), (binh, "UNCONFIRMED", "former_identifier")]


def test_enterprises_are_found_by_their_code_and_branches(links: Links) -> None:
    name = "Công ty cổ phần Hà Lầm"
    firm = links.add("business", registration_number="0100233488", enterprise_code="0100233488", legal_name=name, legal_form="JOINT_STOCK", status="ACTIVE")  # fmt: skip
    expected = {
        links.debt(kind="ENTERPRISE", tax_code="0100233488", name=name): [(firm, "CONFIRMED", "enterprise_code")],
        links.debt(kind="ENTERPRISE", tax_code="0100233488-001"): [(firm, "PROBABLE", "enterprise_code")],
        links.debt(kind="ENTERPRISE", tax_code="0100233489"): [],
    }
    links.run()
    assert {record: links.of(record) for record in expected} == expected


def test_parcels_through_the_changes_of_communes(links: Links) -> None:
    own = links.parcel("06664@..", "1:1")
    merged = links.parcel("06652@2025-07-01", "2:2", area=110.0)
    whole = links.parcel("06661@2025-07-01", "3:3", area=90.0)
    split = [links.parcel("06661@2025-07-01", "4:4", area=50.0), links.parcel("06706@2025-07-01", "4:4", area=80.0)]
    one_of_split = links.parcel("06706@2025-07-01", "5:5", area=70.0)
    marked = links.parcel("06652@2025-07-01", "9:9", "w7er4n8p2q1z")
    renamed = links.parcel("06709@2025-07-01", "6:6", area=60.0)
    older, newer = links.parcel("06667@..", "8:8", area=30.0), links.parcel("06652@2025-07-01", "8:8", area=40.0)
    successor, predecessor = "parcel_number_in_successor", "parcel_number_in_predecessor"
    expected = {
        links.right("06664@2019-02-30:001:01"): [(own, "CONFIRMED", "parcel_number")],
        links.right("06664@2019-01-01:2:2"): [(merged, "UNCONFIRMED", successor)],
        links.right("06664@2019-01-01:2:2", area=110.4): [(merged, "PROBABLE", successor)],
        links.right("06664@2019-01-01:2:2", area=115.0): [(merged, "UNCONFIRMED", successor)],
        links.right("06670@2019-01-01:3:3", area=200.0): [(whole, "UNCONFIRMED", successor)],
        links.right("06655@2019-01-01:4:4"): [(p, "UNCONFIRMED", successor) for p in split],
        links.right("06655@2019-01-01:4:4", area=80.0): [(split[1], "PROBABLE", successor)],
        links.right("06655@2019-01-01:5:5"): [(one_of_split, "UNCONFIRMED", successor)],
        links.right("06673@2019-01-01:6:6"): [(renamed, "CONFIRMED", successor)],
        links.right("06673@2019-01-01:6:6", area=90.0): [(renamed, "UNCONFIRMED", successor)],
        links.right("06652@2026-01-01:8:8"): [(older, "UNCONFIRMED", predecessor), (newer, "UNCONFIRMED", "parcel_number")],
        links.right("06652@2026-01-01:8:8", area=40.0): [(newer, "PROBABLE", "parcel_number")],
        links.right("06652@2026-01-01:8:8", area=30.0): [(older, "PROBABLE", predecessor)],
        links.right(None, "w7er4n8p2q1z"): [(marked, "CONFIRMED", "parcel_identifier")],
        links.right("06664@2019-01-01:1:1", "w7er4n8p2q1z"): [
            (own, "UNCONFIRMED", "parcel_number"),
            (marked, "UNCONFIRMED", "parcel_identifier"),
        ],
        links.right("06664@2026-01-01:1:1"): [],
        links.right("06664@2019-01-01:7:7"): [],
    }  # fmt: skip
    links.run("LandUseRight.parcel")
    assert {record: links.of(record, "land_use_right_parcel") for record in expected} == expected


def test_a_land_tax_is_on_the_parcel_that_its_debtor_holds(links: Links) -> None:
    held = links.parcel("06652@2025-07-01", "2:2", "w7er4n8p2q1z")
    nobodys = links.parcel("06652@2025-07-01", "3:3")
    links.right(None, "w7er4n8p2q1z", holder_name="Nguyễn Văn An")
    links.right(None, "w7er4n8p2q1z", holder_name="TRẦN THỊ BÌNH")
    successor = "parcel_number_in_successor"
    expected = {
        links.land_tax("06664@2019-01-01:2:2", "Trần Thị Bình"): [(held, "PROBABLE", successor)],
        links.land_tax("06664@2019-01-01:2:2", "Lê Văn Cường"): [(held, "UNCONFIRMED", successor)],
        links.land_tax("06664@2019-01-01:2:2", None): [(held, "UNCONFIRMED", successor)],
        links.land_tax("06664@2019-01-01:3:3", "Nguyễn Văn An"): [(nobodys, "UNCONFIRMED", successor)],
    }
    links.run("LandUseRight.parcel", "TaxObligation.parcel")
    assert {record: links.of(record, "tax_obligation_parcel") for record in expected} == expected


def test_a_household_business_is_found_by_who_stands_for_it_and_its_name(links: Links) -> None:
    links.citizen("022080000001", former="100000001")
    links.citizen("022080000002", former="100000002")
    an, binh = (
        links.shop("22A1", "Hộ kinh doanh An", "8000000001"),
        links.shop("22A2", "Hộ kinh doanh Bình", "8000000002"),
    )
    other = links.shop("22A3", "Hộ kinh doanh Bình", "8000000003")
    for shop in ("22A1", "22A2"):
        links.role(shop, "022080000001")
    links.role("22A3", "022080000002")
    kind = {"kind": "HOUSEHOLD_BUSINESS"}
    expected = {
        links.debt(**kind, name="HO KINH DOANH AN", identifier="022080000001"): [
            (an, "PROBABLE", "household_business_representative")
        ],
        links.debt(**kind, name="Hộ kinh doanh Bình", identifier="100000001", tax_code="8999999999"): [
            (binh, "CONFIRMED", "household_business_representative_former")
        ],
        links.debt(**kind, name="Hộ kinh doanh Bình", identifier="100000002"): [
            (other, "CONFIRMED", "household_business_representative_former")
        ],
        links.debt(**kind, name="Hộ kinh doanh Cường", identifier="022080000001"): [
            (s, "UNCONFIRMED", "household_business_representative") for s in (an, binh)
        ],
        links.debt(**kind, name="Hộ kinh doanh Bình"): [(s, "UNCONFIRMED", "business_name") for s in (binh, other)],
        links.debt(kind="PERSON", name="Hộ kinh doanh Bình"): [],
    }
    links.run("BusinessRole.person", "TaxObligation.debtor")
    assert {record: links.of(record) for record in expected} == expected


def test_a_second_run_changes_nothing_and_withdrawn_links_are_kept(links: Links) -> None:
    an = links.citizen("022080000001")
    record = links.debt(kind="PERSON", identifier="022080000001")
    assert links.run().changed == 1
    assert links.run().changed == 0
    with links.engine.begin() as connection:
        connection.execute(text("update data.tax_obligation set debtor_identifier = '022080000009'"))
    assert links.run().changed == 1
    assert links.of(record) == []
    with links.engine.connect() as connection:
        rows = connection.execute(
            text("select subject_id, sys_to > sys_from from link_history.tax_obligation_debtor")
        ).all()
    assert [tuple(row) for row in rows] == [(an, True)]


def test_what_a_person_decided_binds_later_runs(links: Links) -> None:
    links.citizen("022080000001")
    binh = links.citizen("022080000002", "Lê Thị Bình")
    record = links.debt(kind="PERSON", identifier="022080000001")
    with links.engine.begin() as connection:
        connection.execute(
            text(
                "insert into link.tax_obligation_debtor (record_id, found_id, subject_id, subject_kind, status, method, decided_by, decided_at, sys_from)"
                " values (:r, :s, :s, 'Citizen', 'CONFIRMED', 'review', 'person:7', now(), now())"
            ),
            {"r": record, "s": binh},
        )
    assert links.run().changed == 0
    assert links.of(record) == [(binh, "CONFIRMED", "review")]
