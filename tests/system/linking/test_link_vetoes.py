"""What is never joined, however much else agrees: each veto, against rules and against the model, and that its reason is kept."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from hub.link.likeness import likeness
from hub.link.run.linking_run import run_linking
from hub.store.engine import make_engine
from tests.system.linking.links import Links

HUNG, OTHER_TWIN = "022085000111", "022085000222"


@pytest.fixture
def links(database_url: str) -> Iterator[Links]:
    made = make_engine(database_url)
    built = Links(made)
    built.communes()
    yield built
    made.dispose()


def person(links: Links, number: str, name: str, birth: str = "1985-03-02", **more: Any) -> int:
    return links.add("citizen", personal_id=number, full_name=name, birth_date=birth, **more)


def vetoes(links: Links, record: int, table: str = "tax_obligation_debtor") -> dict[int, tuple[str, set[str]]]:
    """Subject → status, and the vetoes in the evidence."""
    rows = links.rows(
        f"select subject_id, status, coalesce(evidence, '[]'::jsonb) from link.{table} where record_id = :r", r=record
    )
    return {
        subject: (status, {one["outcome"] for one in evidence if one["comparison"] == "veto"})
        for subject, status, evidence in rows
    }


# --- Rules ------------------------------------------------------------------------------------------------------------


def test_a_twins_number_confirms_nothing_if_the_other_twin_has_exactly_the_recorded_name(links: Links) -> None:
    person(links, HUNG, "Trần Văn Hùng")
    other = person(links, OTHER_TWIN, "Trần Văn Hưng")
    record = links.debt(kind="PERSON", name="TRẦN VĂN HÙNG", identifier=OTHER_TWIN)
    unmarked = links.debt(kind="PERSON", name="TRAN VAN HUNG", identifier=OTHER_TWIN)
    right = links.debt(kind="PERSON", name="Trần Văn Hưng", identifier=OTHER_TWIN)
    links.run()
    assert vetoes(links, record) == {other: ("UNCONFIRMED", {"NAMESAKE_FITS_BETTER"})}
    assert vetoes(links, unmarked) == {other: ("PROBABLE", set())}
    assert vetoes(links, right) == {other: ("CONFIRMED", set())}


def place(given: list[str]) -> dict[str, str]:
    """The residence, if one is given."""
    return {"residence_address": given[0]} if given else {}


@pytest.mark.parametrize(
    ("owner", "sibling", "record", "is_vetoed"),
    [
        # The sibling's name is the recorded one, and a middle name tells them apart.
        (("Chíu Thị Lan Anh", "1990-11-12"), ("Chíu Thị Anh", "1990-11-12"), {"birth_date": "12/11/1990"}, True),
        (("Tằng Văn Hùng", "1990-11-12"), ("Tằng Hùng", "1990-11-12"), {}, True),
        # Only the sibling's birth is the recorded one.
        (("Dường Văn Tuấn", "1988"), ("Dường Văn Tuân", "1988-03-03"), {"birth_date": "3/3/1988"}, True),
        (("Dường Văn Tuấn", "1988-04-03"), ("Dường Văn Tuân", "1988-03-03"), {"birth_date": "1988-03-03"}, True),
        (("Nịnh Văn Sáng", "1970-02-01"), ("Nịnh Văn Sang", "1972-09-05"), {"birth_date": "1972"}, True),
        # Only the sibling lives at the recorded address.
        (("Nịnh Văn Sáng", "1970-02-01", "Thôn Nà Làng"), ("Nịnh Văn Sang", "1972-09-05", "Thôn Bản Cáu"),
         {"address": "Thôn Bản Cáu, xã Lục Hồn"}, True),
        # A namesake of whom nothing else agrees is nobody's sibling.
        (("Nịnh Văn Sáng", "1970-02-01"), ("Nịnh Văn Sang", "1991-09-05"), {"birth_date": "01/02/1970"}, False),
        (("Nịnh Văn Sáng", "1970-02-01"), ("Nịnh Văn Sang", "1991-09-05"), {}, False),
    ],
)  # fmt: skip
def test_a_siblings_number_is_not_joined_if_the_register_has_exactly_the_recorded_name(
    links: Links, owner: tuple[str, ...], sibling: tuple[str, ...], record: dict[str, str], is_vetoed: bool
) -> None:
    (name, birth, *address), (recorded, other_birth, *other_address) = owner, sibling
    other = person(links, OTHER_TWIN, name, birth, **place(address))
    person(links, HUNG, recorded, other_birth, **place(other_address))
    debt = links.debt(kind="PERSON", name=recorded, identifier=OTHER_TWIN, **record)
    links.run()
    status, codes = vetoes(links, debt)[other]
    assert (status, "NAMESAKE_FITS_BETTER" in codes) == (("UNCONFIRMED", True) if is_vetoed else ("PROBABLE", False))


def test_two_numbers_of_two_people_confirm_neither(links: Links) -> None:
    one = person(links, HUNG, "Trần Văn Hùng")
    person(links, "022085900444", "Lê Thị Hoa")
    party = {"kind": "PERSON", "name": "Trần Văn Hùng", "identifier": HUNG}
    contradicted = links.debt(**party, tax_code="022085900444")
    repeated, own, household = (links.debt(**party, tax_code=code) for code in (HUNG, "8000000001", None))
    links.run()
    assert vetoes(links, contradicted) == {one: ("UNCONFIRMED", {"ANOTHER_IDENTIFIER"})}
    assert vetoes(links, repeated) == vetoes(links, own) == vetoes(links, household) == {one: ("CONFIRMED", set())}


def test_an_enterprises_code_under_another_name_is_somebody_elses(links: Links) -> None:
    firm = links.add(
        "business", registration_number="5700000001", enterprise_code="5700000001", tax_code="5700000001",
        legal_name="Công ty cổ phần Hùng Vương", legal_form="JOINT_STOCK", status="ACTIVE",
    )  # fmt: skip
    other, own, unnamed = (
        links.debt(kind="ENTERPRISE", name=name, tax_code="5700000001")
        for name in ("Công ty TNHH Gạch Hạ Long", "CÔNG TY CỔ PHẦN HÙNG VƯƠNG", None)
    )
    links.run()
    assert vetoes(links, other).get(firm, ("UNCONFIRMED", set()))[0] == "UNCONFIRMED"
    assert vetoes(links, own)[firm][0] == "CONFIRMED"
    assert vetoes(links, unnamed)[firm][0] == "PROBABLE"


def test_a_namesakes_number_is_not_joined_if_the_namesake_lives_where_the_record_says(links: Links) -> None:
    name, day = "Nông Văn Sằn", "1962-01-01"
    person(links, HUNG, name, day, residence_address="Thôn Bản Cáu")
    other = person(links, OTHER_TWIN, name, day, residence_address="Thôn Nà Làng")
    party = {"kind": "PERSON", "name": name, "birth_date": "01/01/1962", "identifier": OTHER_TWIN}
    there, here, elsewhere = (
        links.debt(**party, address=address) for address in ("Thôn Bản Cáu, xã Lục Hồn", "Thôn Nà Làng", "Thôn Khe Vằn")
    )
    links.run()
    assert vetoes(links, there) == {other: ("UNCONFIRMED", {"NAMESAKE_FITS_BETTER"})}
    assert vetoes(links, here) == vetoes(links, elsewhere) == {other: ("CONFIRMED", set())}


@pytest.mark.parametrize(
    ("citizen", "record", "code"),
    [
        ({"birth": "2022-04-01"}, {"issued_on": "2010-06-01"}, "BORN_AFTER"),
        ({"birth": "2010-06-02"}, {"issued_on": "2010-06-01"}, "BORN_AFTER"),
        ({"birth": "2010"}, {"issued_on": "2010-06-01"}, None),
        ({"birth": "1940", "death_date": "2009-12-31"}, {"issued_on": "2010-06-01"}, "DIED_BEFORE"),
        ({"birth": "1940", "death_date": "2010-06-01"}, {"issued_on": "2010-06-01"}, None),
        ({"birth": "2022-04-01"}, {}, None),
    ],
)
def test_who_was_not_alive_on_the_day_of_a_certificate_is_not_its_holder(
    links: Links, citizen: dict[str, str], record: dict[str, str], code: str | None
) -> None:
    owner = person(links, HUNG, "Trần Văn Hùng", citizen.pop("birth"), **citizen)
    right = links.right(
        None, holder_kind="PERSON", holder_name="Trần Văn Hùng", holder_identifier=HUNG, certificate_serial="DA 1", **record
    )  # fmt: skip
    links.run("LandUseRight.holder")
    expected = ("UNCONFIRMED", {code}) if code else ("CONFIRMED", set())
    assert vetoes(links, right, "land_use_right_holder") == {owner: expected}


@pytest.mark.parametrize(
    ("birth", "role", "since", "code"),
    [
        ("2022-04-01", "OWNER", None, "TOO_YOUNG"),
        ("1999-04-01", "LEGAL_REPRESENTATIVE", "2015-01-01", "TOO_YOUNG"),
        ("1999-04-01", "LEGAL_REPRESENTATIVE", "2017-01-01", None),
        ("1999-04-01", "MEMBER", "2015-01-01", None),
        ("2016-04-01", "MEMBER", "2015-01-01", "BORN_AFTER"),
    ],
)
def test_a_child_runs_no_business(links: Links, birth: str, role: str, since: str | None, code: str | None) -> None:
    child = person(links, HUNG, "Trần Văn Hùng", birth)
    links.shop("22A1", "Hộ kinh doanh Hùng")
    record = links.add(
        "business_role", role=role, business_registration_number="22A1", since=since,
        person_identifier=HUNG, person_name="Trần Văn Hùng",
    )  # fmt: skip
    links.run("BusinessRole.person")
    expected = ("UNCONFIRMED", {code}) if code else ("CONFIRMED", set())
    assert vetoes(links, record, "business_role_person") == {child: expected}


def marriage(links: Links, person: dict[str, str | None], spouse: dict[str, str | None], **more: Any) -> int:
    parties = {f"person_{name}": value for name, value in person.items()}
    parties |= {f"spouse_{name}": value for name, value in spouse.items()}
    return links.add("marital_status", state="MARRIED", **parties, **more)


def test_nobody_is_married_to_themselves(links: Links) -> None:
    """The husband's number stands in the wife's column too, where her name is left out."""
    husband = person(links, HUNG, "Trần Văn Hùng", sex="MALE")
    record = marriage(links, {"name": "Trần Văn Hùng", "identifier": HUNG}, {"name": None, "identifier": HUNG})
    links.run("MaritalStatus.person", "MaritalStatus.spouse")
    assert vetoes(links, record, "marital_status_person") == {husband: ("CONFIRMED", set())}
    assert vetoes(links, record, "marital_status_spouse") == {husband: ("UNCONFIRMED", {"IS_THE_SPOUSE"})}


def test_spouses_are_not_of_one_sex(links: Links) -> None:
    husband = person(links, HUNG, "Trần Văn Hùng", sex="MALE")
    brother = person(links, OTHER_TWIN, "Trần Văn Long", sex="MALE")
    record = marriage(
        links, {"name": "Trần Văn Hùng", "identifier": HUNG}, {"name": None, "identifier": OTHER_TWIN}, since="2010-01-01"
    )  # fmt: skip
    links.run("MaritalStatus.person", "MaritalStatus.spouse")
    assert vetoes(links, record, "marital_status_person") == {husband: ("CONFIRMED", set())}
    assert vetoes(links, record, "marital_status_spouse") == {brother: ("UNCONFIRMED", {"SPOUSES_OF_ONE_SEX"})}


def test_of_claims_that_rest_on_the_same_both_are_vetoed(links: Links) -> None:
    person(links, HUNG, "Trần Văn Hùng", sex="MALE")
    record = marriage(links, {"name": None, "identifier": HUNG}, {"name": None, "identifier": HUNG})
    links.run("MaritalStatus.person", "MaritalStatus.spouse")
    for side in ("person", "spouse"):
        (found,) = vetoes(links, record, f"marital_status_{side}").values()
        assert found == ("UNCONFIRMED", {"IS_THE_SPOUSE"})


def test_co_holders_of_one_certificate_are_two_people_and_one_holder_of_two_parcels_is_one(links: Links) -> None:
    husband = person(links, HUNG, "Trần Văn Hùng")

    def holder(parcel: str, name: str | None) -> int:
        return links.right(
            parcel, certificate_serial="DA 1", holder_kind="PERSON", holder_identifier=HUNG, holder_name=name
        )

    his, hers = holder("06664@2019-01-01:1:1", "Trần Văn Hùng"), holder("06664@2019-01-01:1:1", None)
    other_parcel = holder("06664@2019-01-01:1:2", "TRẦN VĂN HÙNG")
    links.run("LandUseRight.holder")
    table = "land_use_right_holder"
    assert vetoes(links, his, table) == vetoes(links, other_parcel, table) == {husband: ("CONFIRMED", set())}
    assert vetoes(links, hers, table) == {husband: ("UNCONFIRMED", {"IS_THE_CO_HOLDER"})}


@pytest.mark.parametrize("other", [None, "06652@2026-01-01:1:1", "06664@2019-01-01:01:001"])
def test_a_co_holder_is_one_whatever_is_written_of_the_parcel(links: Links, other: str | None) -> None:
    husband = person(links, HUNG, "Trần Văn Hùng")
    his, hers = (
        links.right(parcel, certificate_serial="DA 1", holder_kind="PERSON", holder_identifier=HUNG, holder_name=name)
        for parcel, name in (("06664@2019-01-01:1:1", "Trần Văn Hùng"), (other, None))
    )
    links.run("LandUseRight.holder")
    assert vetoes(links, his, "land_use_right_holder") == {husband: ("CONFIRMED", set())}
    assert vetoes(links, hers, "land_use_right_holder") == {husband: ("UNCONFIRMED", {"IS_THE_CO_HOLDER"})}


def test_two_members_of_a_household_are_not_one_person(links: Links) -> None:
    """The father's number stands in the child's row too, where the name is left out; a row that is there twice is his all the same."""
    father = person(links, HUNG, "Trần Văn Hùng")

    def member(name: str | None, household: str = "HK1") -> int:
        return links.add("household_membership", household_code=household, relationship="CHILD" if name is None else "HEAD",
                         member_name=name, member_identifier=HUNG)  # fmt: skip

    his, again, child, elsewhere = member("Trần Văn Hùng"), member("TRẦN VĂN HÙNG"), member(None), member(None, "HK2")
    links.run("HouseholdMembership.member")
    table = "household_membership_member"
    assert vetoes(links, his, table) == vetoes(links, again, table) == {father: ("CONFIRMED", set())}
    assert vetoes(links, child, table) == {father: ("UNCONFIRMED", {"IS_ANOTHER_MEMBER"})}
    assert vetoes(links, elsewhere, table) == {father: ("PROBABLE", set())}


@pytest.mark.parametrize(
    ("role", "birth", "sex", "codes"),
    [
        ("mother", "1980-01-02", "FEMALE", set()),
        ("mother", "1935-01-02", "FEMALE", {"TOO_OLD"}),
        ("mother", "1998-01-02", "FEMALE", {"TOO_YOUNG"}),
        ("mother", "1980-01-02", "MALE", {"OF_ANOTHER_SEX"}),
        ("father", "1980-01-02", "FEMALE", {"OF_ANOTHER_SEX"}),
        ("father", "1935-01-02", "MALE", set()),
        ("child", "2005-08-08", "MALE", set()),
        ("child", "2006-01-01", "MALE", {"BORN_AFTER"}),
        ("child", "1933-08-08", "MALE", {"TOO_OLD"}),
        ("child", "2015-08-08", "MALE", {"BORN_AFTER", "TOO_YOUNG"}),
    ],
)
def test_a_relatives_number_in_a_birth_registration_joins_nobody_who_cannot_be_meant(
    links: Links, role: str, birth: str, sex: str, codes: set[str]
) -> None:
    relative = person(links, HUNG, "Trần Văn Hùng", birth, sex=sex)
    record = links.add("birth_registration", registration_number="01/2005", birth_date="2005-08-08", registered_on="2005-09-01",
                       **{f"{role}_identifier": HUNG})  # fmt: skip
    links.run(f"BirthRegistration.{role}")
    expected = ("UNCONFIRMED", codes) if codes else ("PROBABLE", set())
    assert vetoes(links, record, f"birth_registration_{role}") == {relative: expected}


@pytest.mark.parametrize(
    ("owner", "namesake", "birth"),
    [
        (("Trần Văn Hưng", "1985-03-02"), ("Trần Văn Hùng", "1985-03-02"), None),
        (("Trần Văn Hùng", "1985-03-02"), ("Trần Hùng", "1985-03-02"), None),
        (("Trần Văn Hùng", "1985"), ("Trần Hùng", "1985-03-09"), "09/03/1985"),
    ],
)
def test_a_veto_goes_with_what_it_rests_on(
    links: Links, owner: tuple[str, str], namesake: tuple[str, str], birth: str | None
) -> None:
    """A run that looks at changes alone finds that the namesake is there, and that there is none any more."""
    other = person(links, OTHER_TWIN, *owner)
    record = links.debt(kind="PERSON", name=namesake[0], identifier=OTHER_TWIN, birth_date=birth)
    run_linking(links.engine)
    assert vetoes(links, record) == {other: ("PROBABLE", set())}
    twin = person(links, HUNG, *namesake)
    report = run_linking(links.engine)
    assert vetoes(links, record) == {other: ("UNCONFIRMED", {"NAMESAKE_FITS_BETTER"})}
    links.keep("citizen", twin)
    links.do("delete from data.citizen where id = :id", id=twin)
    assert run_linking(links.engine).mode == "CHANGES"
    assert vetoes(links, record) == {other: ("PROBABLE", set())}
    assert report.changed > 0


# --- The model --------------------------------------------------------------------------------------------------------

SURNAMES = ("Nguyễn", "Trần", "Phạm", "Lê", "Vũ", "Bùi", "Đặng", "Đỗ")
GIVENS = ("An", "Bình", "Cường", "Dũng", "Giang", "Hải", "Khánh", "Long", "Nam", "Phúc")
HUSBAND, WIFE = "Hoàng Văn Thắng", "Mạc Thị Quyên"
ADDRESS = "Tổ 5, khu 2, phường Hà Tu, thành phố Hạ Long, tỉnh Quảng Ninh"
ELSEWHERE = "Tổ 7, khu 6, phường Hà Tu, thành phố Hạ Long, tỉnh Quảng Ninh"


@pytest.fixture
def couple(links: Links, monkeypatch: pytest.MonkeyPatch) -> Links:
    """Eighty citizens, and a husband and a wife in their household; the shipped model weighs."""
    monkeypatch.setattr(likeness, "FEWEST", 30)
    for at, (surname, given) in enumerate(product(SURNAMES, GIVENS)):
        person(
            links, f"022060{at * 7919 % 1_000_000:06}", f"{surname} Văn {given}", f"1960-{at % 12 + 1:02}-{at % 28 + 1:02}"
        )  # fmt: skip
    person(links, "022070555001", HUSBAND, "1970-03-14", sex="MALE", residence_address=ADDRESS)
    person(links, "022173555002", WIFE, "1973-08-21", sex="FEMALE", residence_address=ADDRESS)
    links.add("household", household_code="HK1", head_personal_id="022070555001", address=ADDRESS)
    for number, name in (("022070555001", HUSBAND), ("022173555002", WIFE)):
        links.add("household_membership", household_code="HK1", relationship="HEAD" if name == HUSBAND else "SPOUSE",
                  member_name=name, member_identifier=number)  # fmt: skip
    return links


def subject(links: Links, number: str) -> int:
    ((found,),) = links.rows("select id from data.citizen where personal_id = :n", n=number)
    return int(found)


WIFE_PARTY = {"kind": "PERSON", "name": WIFE, "birth_date": "21/08/1973", "address": ADDRESS}


@pytest.mark.parametrize(
    ("party", "status", "code"),
    [
        ({}, "PROBABLE", None),
        ({"identifier": "022173900817"}, "UNCONFIRMED", "ANOTHER_IDENTIFIER"),
        ({"identifier": "034180900817"}, "UNCONFIRMED", "ANOTHER_IDENTIFIER"),
        ({"identifier": "000000000000"}, "PROBABLE", None),
        ({"identifier": "022173555003"}, "PROBABLE", None),
        ({"identifier": "022173555003", "address": None}, "UNCONFIRMED", "IDENTIFIER_MISTYPED"),
        ({"birth_date": "1973", "address": None}, "UNCONFIRMED", "NAME_AND_YEAR_ONLY"),
        ({"birth_date": "1973", "address": ELSEWHERE}, "UNCONFIRMED", "NAME_AND_YEAR_ONLY"),
        ({"identifier": "022173555003", "address": "Thôn Nà Làng"}, "UNCONFIRMED", "IDENTIFIER_MISTYPED"),
        ({"birth_date": "1973"}, "PROBABLE", None),
    ],
)
def test_likeness_alone_does_not_outvote_what_speaks_against_it(
    couple: Links, party: dict[str, str | None], status: str, code: str | None
) -> None:
    record = couple.debt(**{**WIFE_PARTY, **party})
    assert run_linking(couple.engine).model == "party:1"
    found = vetoes(couple, record)
    wife = subject(couple, "022173555002")
    if status == "PROBABLE":
        assert found == {wife: ("PROBABLE", set())}
    else:
        assert found.get(wife, (status, {code})) == (status, {code})
        assert {one for one, _ in found.values()} <= {"UNCONFIRMED"}


def test_the_first_of_january_says_no_more_than_the_year(couple: Links) -> None:
    """It stands where only the year was known: 60 people of one year share it, and the register may know the day."""
    late = person(couple, "022062000321", "Sùng A Páo", "1962-01-01", residence_address=ADDRESS)
    dated = person(couple, "022062000654", "Vàng A Sính", "1962-05-14", residence_address=ADDRESS)
    party = {"kind": "PERSON", "birth_date": "01/01/1962"}
    alone = couple.debt(**party, name="Sùng A Páo", address=None)
    at_home = couple.debt(**party, name="Sùng A Páo", address=ADDRESS)
    known_better = couple.debt(**party, name="Vàng A Sính", address=ADDRESS)
    run_linking(couple.engine)
    assert vetoes(couple, alone).get(late, ("UNCONFIRMED", set()))[0] == "UNCONFIRMED"
    assert vetoes(couple, at_home) == {late: ("PROBABLE", set())}
    assert vetoes(couple, known_better) == {dated: ("PROBABLE", set())}


def test_a_number_that_is_one_digit_off_and_somebody_elses_goes_to_review(couple: Links) -> None:
    person(couple, "022173555003", "Lê Thị Hoa", "1973-02-02", sex="FEMALE")
    record = couple.debt(**WIFE_PARTY, identifier="022173555003")
    run_linking(couple.engine)
    assert vetoes(couple, record)[subject(couple, "022173555002")] == ("UNCONFIRMED", {"IDENTIFIER_OF_ANOTHER"})


@pytest.mark.parametrize(
    ("party", "is_joined"),
    [
        # Another year, and all else agrees: the date was mistyped.
        ({"birth_date": "03/06/1937"}, True),
        # The number and the name alone may be a son's of the same name.
        ({"birth_date": "03/06/1937", "address": None}, False),
        # The name differs by a tone mark: a relative's number, at the same address.
        ({"birth_date": "03/06/1937", "name": "Mạc Thị Quyến"}, False),
    ],
)
def test_a_number_does_not_outvote_another_birth_year(
    couple: Links, party: dict[str, str | None], is_joined: bool
) -> None:
    record = couple.debt(**{**WIFE_PARTY, "identifier": "022173555002", **party})
    run_linking(couple.engine)
    status, codes = vetoes(couple, record)[subject(couple, "022173555002")]
    assert (status, "BIRTH_DIFFERS" in codes) == (("PROBABLE", False) if is_joined else ("UNCONFIRMED", True))


def test_the_former_number_of_another_person_joins_nobody(couple: Links) -> None:
    """A person may have had several former numbers, but none that is somebody else's."""
    wife = subject(couple, "022173555002")
    couple.do("update data.citizen set former_id = '100555002' where id = :id", id=wife)
    person(couple, "022160000777", "Lê Thị Hoa", "1960-02-02", sex="FEMALE", former_id="100777888")
    others, nobodys = (couple.debt(**WIFE_PARTY, identifier=number) for number in ("100777888", "100999333"))
    run_linking(couple.engine)
    assert vetoes(couple, others)[wife] == ("UNCONFIRMED", {"IDENTIFIER_OF_ANOTHER"})
    assert vetoes(couple, nobodys) == {wife: ("PROBABLE", set())}


def test_a_husbands_number_in_the_wifes_column_joins_neither(couple: Links) -> None:
    record = marriage(
        couple, {"name": HUSBAND, "identifier": "022070555001"},
        {"name": WIFE, "birth_date": "21/08/1973", "identifier": "022070555001", "address": ADDRESS},
    )  # fmt: skip
    run_linking(couple.engine)
    husband, wife = subject(couple, "022070555001"), subject(couple, "022173555002")
    assert vetoes(couple, record, "marital_status_person") == {husband: ("CONFIRMED", set())}
    found = vetoes(couple, record, "marital_status_spouse")
    assert found[wife] == ("UNCONFIRMED", {"ANOTHER_IDENTIFIER"})
    assert {status for status, _ in found.values()} == {"UNCONFIRMED"}
