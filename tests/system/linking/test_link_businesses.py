"""Businesses by name, form, address and numbers: how offices write them, and what goes to review."""

from collections.abc import Iterator
from typing import Any

import pytest

from hub.link.run.linking_run import run_linking
from hub.store.engine import make_engine
from tests.system.linking.links import Links

METHOD = "business_likeness"
HOME = "Tổ 3, khu 5"


@pytest.fixture
def links(database_url: str) -> Iterator[Links]:
    made = make_engine(database_url)
    yield Links(made)
    made.dispose()


def add_business(links: Links, number: str, name: str, form: str = "HOUSEHOLD_BUSINESS", **more: Any) -> int:
    given = {"seat_address": HOME, **more}
    return links.add("business", registration_number=number, legal_name=name, legal_form=form, status="ACTIVE", **given)


@pytest.mark.parametrize(
    ("held", "form", "kind", "written"),
    [
        ("Hộ kinh doanh Tạp hoá Lan", "HOUSEHOLD_BUSINESS", "HOUSEHOLD_BUSINESS", "HKD Tạp hóa Lan"),
        ("Hộ kinh doanh Tạp hoá Lan", "HOUSEHOLD_BUSINESS", "HOUSEHOLD_BUSINESS", "TAP HOA LAN"),
        ("Công ty TNHH một thành viên Hải Long", "LIMITED_ONE_MEMBER", "ENTERPRISE", "Cty TNHH MTV Hải Long"),
        ("Công ty TNHH Hải Long", "LIMITED_MEMBERS", "ENTERPRISE", "C.ty trách nhiệm hữu hạn Hải Long - chi nhánh Cẩm Phả"),
        ("Công ty cổ phần Than Hà Tu", "JOINT_STOCK", "ENTERPRISE", "CTCP Than Hà Tu"),
        ("Doanh nghiệp tư nhân Minh Phát", "PRIVATE_ENTERPRISE", "ENTERPRISE", "DNTN Minh Phát"),
        ("Hợp tác xã Đông Bắc", "COOPERATIVE", "ENTERPRISE", "H.T.X Đông Bắc"),
    ],
)  # fmt: skip
def test_a_name_in_another_form_of_writing_leads_to_the_business(
    links: Links, held: str, form: str, kind: str, written: str
) -> None:
    found = add_business(links, "22A1", held, form)
    record = links.debt(kind=kind, name=written, address=HOME)
    links.run()
    assert links.of(record) == [(found, "PROBABLE", METHOD)]


SHOP, JOINT_STOCK = ("Hộ kinh doanh Phở Bình", "HOUSEHOLD_BUSINESS"), ("Công ty cổ phần Biển Bắc", "JOINT_STOCK")
LIMITED = ("Công ty TNHH một thành viên Hải Long", "LIMITED_ONE_MEMBER")
PRIVATE = ("Doanh nghiệp tư nhân Minh Phát", "PRIVATE_ENTERPRISE")


@pytest.mark.parametrize(
    ("held", "written"),
    [
        (JOINT_STOCK, "CP Biển Bắc"), (JOINT_STOCK, "Cty C.P. Biển Bắc"), (JOINT_STOCK, "CN Công ty CP Biển Bắc"),
        (JOINT_STOCK, "Công ty cổ phần Biển Bắc (Bien Bac JSC)"), (JOINT_STOCK, "CTCP Biển Bắc - CN Cẩm Phả"),
        (LIMITED, "TNHH một TV Hải Long"), (LIMITED, "CTTNHH MTV Hải Long"), (LIMITED, "Công ty Hải Long"),
        (PRIVATE, "Doanh nghiệp Minh Phát"), (PRIVATE, "Xí nghiệp Minh Phát"),
        (SHOP, "HKDCT Phở Bình"), (SHOP, "Hộ KDCT Phở Bình"), (SHOP, "Hộ Phở Bình"),
        (("Hộ kinh doanh Nguyễn Thị Lan", "HOUSEHOLD_BUSINESS"), "Hộ KD bà Nguyễn Thị Lan"),
    ],
)  # fmt: skip
def test_every_abbreviation_of_a_form_leads_to_the_business_at_its_seat(
    links: Links, held: tuple[str, str], written: str
) -> None:
    name, form = held
    found = add_business(links, "22A1", name, form)
    kind = form if form == "HOUSEHOLD_BUSINESS" else "ENTERPRISE"
    record, elsewhere = (
        links.debt(kind=kind, name=written, address=HOME),
        links.debt(kind=kind, name=written, address="Tổ 1, khu 9"),
    )
    nameless = links.debt(kind=kind, name=written)
    links.run()
    assert links.of(record) == [(found, "PROBABLE", METHOD)]
    assert "PROBABLE" not in [status for _, status, _ in links.of(elsewhere)]
    if kind == "HOUSEHOLD_BUSINESS":
        assert "PROBABLE" not in [status for _, status, _ in links.of(nameless)]


@pytest.mark.parametrize(
    ("held", "written", "known"),
    [
        (SHOP, "HKD Phở Bình", True),
        (JOINT_STOCK, "CTCP Biển Bắc", True),
        (SHOP, "Hộ Phở Bình", False),
        (SHOP, "Phở Bình", False),
    ],
)
def test_the_form_tells_what_a_sector_did_not(links: Links, held: tuple[str, str], written: str, known: bool) -> None:
    found = add_business(links, "22A1", *held)
    add_business(links, "22A2", "Hộ kinh doanh Biển Bắc")
    record = links.debt(name=written, address=HOME)
    links.run()
    assert links.of(record) == ([(found, "PROBABLE", METHOD)] if known else [])


def test_a_record_of_no_kind_is_linked_by_a_run_of_changes_as_by_a_whole_run(links: Links) -> None:
    add_business(links, "22A2", "Hộ kinh doanh Tạp hoá Lan")
    record = links.debt(name="HKDCT Phở Bình", address=HOME)
    run_all(links)
    assert links.of(record) == []
    found = add_business(links, "22A1", *SHOP)
    run_all(links)
    assert links.rows("select mode from hub.link_run order by id desc limit 1") == [("CHANGES",)]
    assert links.of(record) == [(found, "PROBABLE", METHOD)]


@pytest.mark.parametrize(
    "written",
    [
        {"name": "HKD Tạp hoá Lan"},  # nothing but a name, and many have it
        {"name": "HKD Tạp hoá Làn", "address": HOME},  # other marks are another name
        {"name": "HKD Tạp hoá Lan", "address": "Tổ 3, khu 6"},
    ],
)
def test_a_household_business_needs_more_than_a_name(links: Links, written: dict[str, str]) -> None:
    add_business(links, "22A1", "Hộ kinh doanh Tạp hoá Lan")
    record = links.debt(kind="HOUSEHOLD_BUSINESS", **written)
    links.run()
    assert [status for _, status, _ in links.of(record)] in ([], ["UNCONFIRMED"])


def test_two_of_one_name_go_to_review_unless_the_address_tells(links: Links) -> None:
    found = [add_business(links, f"22A{n}", "Hộ kinh doanh Quán cơm Hà", seat_address=at) for n, at in enumerate((HOME, HOME, "Tổ 9, khu 8"))]  # fmt: skip
    tied, told = (
        links.debt(kind="HOUSEHOLD_BUSINESS", name="HKD Quán cơm Hà", address=at) for at in (HOME, "Tổ 9, khu 8")
    )
    links.run()
    assert [status for _, status, _ in links.of(tied)][:2] == ["UNCONFIRMED"] * 2
    assert links.of(told) == [(found[2], "PROBABLE", METHOD)]


def test_forms_that_differ_are_different_enterprises(links: Links) -> None:
    add_business(links, "1", "Công ty cổ phần Hải Long", "JOINT_STOCK")
    record = links.debt(kind="ENTERPRISE", name="DNTN Hải Long", address=HOME)
    links.run()
    assert [status for _, status, _ in links.of(record)] in ([], ["UNCONFIRMED"])


def test_a_tax_code_with_a_name_in_short_form_is_the_business(links: Links) -> None:
    number = "022080000001"
    shops = [
        add_business(links, f"22A{n}", f"Hộ kinh doanh {name}", tax_code=number)
        for n, name in enumerate(("Phở Bình", "May đo Bình"))
    ]
    record = links.debt(kind="HOUSEHOLD_BUSINESS", name="HKD Phở Bình", tax_code=number)
    links.run()
    assert links.of(record) == [(shops[0], "PROBABLE", METHOD)]


def test_another_tax_code_takes_an_enterprise_away(links: Links) -> None:
    add_business(
        links, "1", "Công ty TNHH Hải Long", "LIMITED_MEMBERS", enterprise_code="0100233488", tax_code="0100233488"
    )
    record = links.debt(kind="ENTERPRISE", name="Cty TNHH Hải Long", address=HOME, tax_code="5701234563")
    links.run()
    assert [status for _, status, _ in links.of(record)] in ([], ["UNCONFIRMED"])


def test_a_new_business_of_the_name_takes_a_link_back_in_the_next_run(links: Links) -> None:
    found = add_business(links, "22A1", "Hộ kinh doanh Tạp hoá Lan")
    record = links.debt(kind="HOUSEHOLD_BUSINESS", name="HKD Tạp hoá Lan", address=HOME)
    run_all(links)
    assert links.of(record) == [(found, "PROBABLE", METHOD)]
    again = add_business(links, "22A2", "Hộ kinh doanh Tạp hoá Lan")
    run_all(links)
    assert {status for _, status, _ in links.of(record)} == {"UNCONFIRMED"}
    links.do("delete from data.business where id = :id", id=again)
    run_all(links)
    assert links.of(record) == [(found, "PROBABLE", METHOD)]


def run_all(links: Links) -> None:
    run_linking(links.engine)
