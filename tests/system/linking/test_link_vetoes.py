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


def test_a_veto_goes_with_what_it_rests_on(links: Links) -> None:
    """A run that looks at changes alone finds that the namesake is there, and that there is none any more."""
    other = person(links, OTHER_TWIN, "Trần Văn Hưng")
    record = links.debt(kind="PERSON", name="Trần Văn Hùng", identifier=OTHER_TWIN)
    run_linking(links.engine)
    assert vetoes(links, record) == {other: ("PROBABLE", set())}
    twin = person(links, HUNG, "Trần Văn Hùng")
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
