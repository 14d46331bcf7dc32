"""Names of organisations: legal form and core, however offices write them."""

import csv

import pytest

from hub.link.likeness.organisation_evidence import one_edit_apart
from hub.link.normalise.organisations import FORMS_CSV, TERMS_CSV, read_organisation
from schema.codes import LegalForm

ANY_ENTERPRISE = {"PRIVATE_ENTERPRISE", "LIMITED_ONE_MEMBER", "LIMITED_MEMBERS", "JOINT_STOCK"}


@pytest.mark.parametrize(
    ("written", "forms", "core"),
    [
        ("HKD Tạp hoá Lan", {"HOUSEHOLD_BUSINESS"}, "tạp hoá lan"),
        ("Hộ KD cá thể Phở Bình", {"HOUSEHOLD_BUSINESS"}, "phở bình"),
        ("CÔNG TY TNHH MỘT THÀNH VIÊN HẢI LONG", {"LIMITED_ONE_MEMBER"}, "hải long"),
        ("Cty T.N.H.H M.T.V Hải Long", {"LIMITED_ONE_MEMBER"}, "hải long"),
        ("Công ty trách nhiệm hữu hạn Hải Long", {"LIMITED_ONE_MEMBER", "LIMITED_MEMBERS"}, "hải long"),
        ("Công ty TNHH hai thành viên trở lên Hải Long", {"LIMITED_MEMBERS"}, "hải long"),
        ("cong ty co phan than ha tu", {"JOINT_STOCK"}, "than ha tu"),
        ("C.ty CP Than Hà Tu - Chi nhánh Cẩm Phả", {"JOINT_STOCK"}, "than hà tu"),
        ("Chi nhánh Cẩm Phả - Công ty CP Than Hà Tu", {"JOINT_STOCK"}, "than hà tu"),
        ("DN tư nhân Minh Phát", {"PRIVATE_ENTERPRISE"}, "minh phát"),
        ("Liên hiệp hợp tác xã Đông Bắc", {"COOPERATIVE"}, "đông bắc"),
        ("CP Than Hà Tu", {"JOINT_STOCK"}, "than hà tu"),
        ("Cty C.P. Than Hà Tu", {"JOINT_STOCK"}, "than hà tu"),
        ("CN Công ty CP Than Hà Tu", {"JOINT_STOCK"}, "than hà tu"),
        ("Công ty CP Than Hà Tu - CN Cẩm Phả", {"JOINT_STOCK"}, "than hà tu"),
        ("Công ty CP Than Hà Tu (CN Cẩm Phả)", {"JOINT_STOCK"}, "than hà tu"),
        ("Công ty CP Đầu tư CN Hạ Long", {"JOINT_STOCK"}, "đầu tư cn hạ long"),  # công nghệ, perhaps
        ("Công ty CP Biển Bắc (Bien Bac JSC)", {"JOINT_STOCK"}, "biển bắc"),
        ("Công ty TNHH Hải Long (Hai Long Co., Ltd)", {"LIMITED_ONE_MEMBER", "LIMITED_MEMBERS"}, "hải long"),
        ("Công ty TNHH Hải Long (Việt Nam)", {"LIMITED_ONE_MEMBER", "LIMITED_MEMBERS"}, "hải long việt nam"),
        ("TNHH một TV Hải Long", {"LIMITED_ONE_MEMBER"}, "hải long"),
        ("CTTNHH MTV Hải Long", {"LIMITED_ONE_MEMBER"}, "hải long"),
        ("CTTNHH Hải Long", {"LIMITED_ONE_MEMBER", "LIMITED_MEMBERS"}, "hải long"),
        ("Cty TNHHMTV Hải Long", {"LIMITED_ONE_MEMBER"}, "hải long"),
        ("Công ty Hải Long", {"LIMITED_ONE_MEMBER", "LIMITED_MEMBERS", "JOINT_STOCK"}, "hải long"),
        ("Doanh nghiệp Minh Phát", ANY_ENTERPRISE, "minh phát"),
        ("Xí nghiệp Minh Phát", ANY_ENTERPRISE, "minh phát"),
        ("HKDCT Phở Bình", {"HOUSEHOLD_BUSINESS"}, "phở bình"),
        ("Hộ KDCT Phở Bình", {"HOUSEHOLD_BUSINESS"}, "phở bình"),
        ("Hộ Phở Bình", {"HOUSEHOLD_BUSINESS"}, "phở bình"),
        ("Hồ Gươm", set(), "hồ gươm"),  # no hộ
        ("HO GUOM", set(), "ho guom"),
        ("Hộ KD bà Nguyễn Thị Lan", {"HOUSEHOLD_BUSINESS"}, "nguyễn thị lan"),
        ("HKD Ông Trần Văn Nam", {"HOUSEHOLD_BUSINESS"}, "trần văn nam"),
        ("HKD Bà Bảy", {"HOUSEHOLD_BUSINESS"}, "bà bảy"),  # the name of a shop
        ("Tạp hoá Lan", set(), "tạp hoá lan"),
        ("Công ty TNHH", set(), "công ty tnhh"),  # a form and nothing else
        ("Chi nhánh", set(), "chi nhánh"),
        ("", set(), ""),
        ("HTXanh", set(), "htxanh"),  # no form inside a word
    ],
)
def test_a_name_is_a_form_and_a_core(written: str, forms: set[str], core: str) -> None:
    read = read_organisation(written)
    assert (read.forms, read.core) == (forms, core)


@pytest.mark.parametrize(
    ("written", "says_kind"),
    [
        ("HKD Lan", True),
        ("CTCP Hà Tu", True),
        ("Hộ Lan", False),
        ("Hộ bà Trần Thị Lan", False),
        ("Trần Thị Lan", False),
    ],
)
def test_a_form_that_only_a_business_has_says_what_it_is(written: str, says_kind: bool) -> None:
    assert read_organisation(written).says_kind is says_kind


def test_the_data_name_only_legal_forms_and_terms_that_there_are() -> None:
    with TERMS_CSV.open(encoding="utf-8") as file:
        terms = {row["term"] for row in csv.DictReader(file) if row["source"]}
    with FORMS_CSV.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {term for row in rows for term in row["terms"].split()} <= terms
    assert {form for row in rows for form in row["legal_forms"].split()} == set(LegalForm.codes)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [("lan", "lam", True), ("lan", "lann", True), ("lan", "an", True), ("lan", "lna", True), ("lan", "lan", False), ("lan", "mai", False), ("", "ab", False), ("abcd", "badc", False)],
)  # fmt: skip
def test_one_edit(one: str, other: str, apart: bool) -> None:
    assert one_edit_apart(one, other) is one_edit_apart(other, one) is apart
