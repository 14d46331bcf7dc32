"""Birth dates of the right day and month whose year is one off, as where ages are counted or lunar years converted."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import polars as pl
import pytest

from hub.link.likeness import likeness
from hub.link.model.scoring.backends import Backend
from hub.link.model.scoring.score import score_pairs
from hub.link.normalise.party import INPUT, party_features
from hub.link.run.linking_run import run_linking
from hub.store.engine import make_engine
from tests.system.linking.links import Links
from tests.system.models.stated_model import stated

YEAR_APART = "a year apart, same day and month"
BIRTH_COMPARISON = "birth"


def born(day: str, identifier: str | None = None) -> pl.DataFrame:
    """A person of a birth date, without an address."""
    given = {"key": day, "kind": "PERSON", "name": "Trần Thị Lan", "birth_date": day, "identifier": identifier}
    return party_features(
        pl.DataFrame({column: [given.get(column)] for column in INPUT}, schema=dict.fromkeys(INPUT, pl.String))
    )


@pytest.mark.parametrize(
    ("recorded", "outcome"),
    [
        ("12/05/1979", YEAR_APART),
        ("12/05/1981", YEAR_APART),
        ("12/05/1980", "same day"),
        ("12/05/1978", "other"),
        ("13/05/1979", None),
        ("05/12/1979", None),
        ("1979", None),
    ],
)
def test_a_year_off_is_found_by_the_name_and_the_day_of_the_year(
    duck: Backend, recorded: str, outcome: str | None
) -> None:
    """Neither number nor place nor year leads there; another day does not, and two years off are another date."""
    found = score_pairs(stated(), born(recorded), born("1980-05-12"), backend=duck, floor=0.0)
    assert [_birth(evidence) for evidence in found["evidence"].to_list()] == ([outcome] if outcome else [])


def test_a_year_off_by_a_single_digit_is_a_year_apart_and_a_decade_is_a_typing_error(duck: Backend) -> None:
    (near,) = score_pairs(stated(), born("12/05/1979"), born("1978-05-12"), backend=duck, floor=0.0)["evidence"]
    (far,) = score_pairs(stated(), born("12/05/1989"), born("1979-05-12"), backend=duck, floor=0.0)["evidence"]
    assert (_birth(near.to_list()), _birth(far.to_list())) == (YEAR_APART, "one typing error")


@pytest.mark.parametrize(
    ("recorded", "outcome"),
    [("13/05/1979", "other"), ("12/06/1979", "other"), ("1979", "a year apart, day not stated")],
)
def test_another_day_a_year_apart_is_another_date(duck: Backend, recorded: str, outcome: str) -> None:
    """Met by the identifier, which both have."""
    left, right = (born(day, "022180000001") for day in (recorded, "1980-05-12"))
    (evidence,) = score_pairs(stated(), left, right, backend=duck, floor=0.0)["evidence"]
    assert _birth(evidence.to_list()) == outcome


def test_the_first_of_january_is_no_day_to_meet_by(duck: Backend) -> None:
    assert score_pairs(stated(), born("01/01/1979"), born("1980-01-01"), backend=duck, floor=0.0).is_empty()


def _birth(evidence: list[dict[str, Any]]) -> str:
    (outcome,) = (one["outcome"] for one in evidence if one["comparison"] == BIRTH_COMPARISON)
    return str(outcome)


# --- In a store -------------------------------------------------------------------------------------------------------

SURNAMES = ("Nguyễn", "Trần", "Phạm", "Lê", "Vũ", "Bùi", "Đặng", "Đỗ")
GIVENS = ("An", "Bình", "Cường", "Dũng", "Giang", "Hải", "Khánh", "Long", "Nam", "Phúc")
HUSBAND, WIFE = "Hoàng Văn Thắng", "Mạc Thị Quyên"
HIS_NUMBER, HER_NUMBER = "022070555001", "022180555002"
ADDRESS = "Tổ 5, khu 2, phường Hà Tu, thành phố Hạ Long, tỉnh Quảng Ninh"
ELSEWHERE = "Tổ 7, khu 6, phường Hà Tu, thành phố Hạ Long, tỉnh Quảng Ninh"
HER_PARTY = {"kind": "PERSON", "name": WIFE, "birth_date": "12/05/1979"}


def person(links: Links, number: str, name: str, birth: str, **more: Any) -> int:
    return links.add("citizen", personal_id=number, full_name=name, birth_date=birth, **more)


@pytest.fixture
def couple(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Links]:
    """Eighty citizens, and a husband and a wife, born on 12 May 1980, in their household; the shipped model weighs."""
    monkeypatch.setattr(likeness, "FEWEST", 30)
    made = make_engine(database_url)
    links = Links(made)
    links.communes()
    for at, (surname, given) in enumerate(product(SURNAMES, GIVENS)):
        born_on = f"1960-{at % 12 + 1:02}-{at % 28 + 1:02}"
        person(links, f"022060{at * 7919 % 1_000_000:06}", f"{surname} Văn {given}", born_on)
    person(links, HIS_NUMBER, HUSBAND, "1974-03-14", sex="MALE", residence_address=ADDRESS)
    person(links, HER_NUMBER, WIFE, "1980-05-12", sex="FEMALE", residence_address=ADDRESS)
    links.add("household", household_code="HK1", head_personal_id=HIS_NUMBER, address=ADDRESS)
    for number, name in ((HIS_NUMBER, HUSBAND), (HER_NUMBER, WIFE)):
        links.add("household_membership", household_code="HK1", relationship="HEAD" if name == HUSBAND else "SPOUSE",
                  member_name=name, member_identifier=number)  # fmt: skip
    yield links
    made.dispose()


def subject(links: Links, number: str) -> int:
    ((found,),) = links.rows("select id from data.citizen where personal_id = :n", n=number)
    return int(found)


@pytest.mark.parametrize("day", ["12/05/1979", "12/05/1981"])
def test_name_and_address_join_a_record_whose_birth_year_is_one_off(couple: Links, day: str) -> None:
    record = couple.debt(**{**HER_PARTY, "birth_date": day}, address=ADDRESS)
    run_linking(couple.engine)
    assert couple.of(record) == [(subject(couple, HER_NUMBER), "PROBABLE", "model:party:1")]


def test_name_and_household_join_a_record_whose_birth_year_is_one_off(couple: Links) -> None:
    record = couple.add(
        "marital_status", state="MARRIED", person_name=HUSBAND, person_identifier=HIS_NUMBER, spouse_name=WIFE,
        spouse_birth_date="12/05/1979",
    )  # fmt: skip
    run_linking(couple.engine)
    found = couple.of(record, "marital_status_spouse")
    assert found == [(subject(couple, HER_NUMBER), "PROBABLE", "model:party:1")]


def test_the_model_joins_what_a_rule_refuses_for_the_birth_year(couple: Links) -> None:
    """The whole identifier and the whole name are those of one citizen; it is not confirmed, and with another date it is not joined."""
    party = {"kind": "PERSON", "name": "Trần Văn Bình", "identifier": "022060087109"}
    year_off, other_date = (couple.debt(**party, birth_date=day) for day in ("12/12/1959", "17/08/1951"))
    run_linking(couple.engine)
    assert couple.of(year_off) == [(subject(couple, "022060087109"), "PROBABLE", "model:party:1")]
    assert [status for _, status, _ in couple.of(other_date)] == ["UNCONFIRMED"]


@pytest.mark.parametrize("address", [None, ELSEWHERE])
def test_name_and_day_of_the_year_alone_wait_for_a_person(couple: Links, address: str | None) -> None:
    record = couple.debt(**HER_PARTY, address=address)
    run_linking(couple.engine)
    assert couple.of(record) == [(subject(couple, HER_NUMBER), "UNCONFIRMED", "model:party:1")]


def test_a_namesake_of_another_day_is_not_joined(couple: Links) -> None:
    """Not at the same address either: a namesake who moved in is somebody else."""
    there, elsewhere = (
        couple.debt(**{**HER_PARTY, "birth_date": "17/05/1979"}, address=address) for address in (ADDRESS, ELSEWHERE)
    )
    run_linking(couple.engine)
    assert {status for _, status, _ in couple.of(there)} <= {"UNCONFIRMED"}
    assert couple.of(elsewhere) == []


def test_a_sibling_born_a_year_before_on_the_same_day_is_not_joined(couple: Links) -> None:
    """First one sister is in the register, then both. Of a record with the name of the one and the whole birth date of the other, a
    person decides."""
    sister = couple.debt(**{**HER_PARTY, "name": "Mạc Thị Hằng"}, address=ADDRESS)
    run_linking(couple.engine)
    assert {status for _, status, _ in couple.of(sister)} <= {"UNCONFIRMED"}
    other = person(couple, "022179555003", "Mạc Thị Hằng", "1979-05-12", sex="FEMALE", residence_address=ADDRESS)
    of_both = couple.debt(**HER_PARTY, address=ADDRESS)
    run_linking(couple.engine)
    assert couple.of(sister) == [(other, "PROBABLE", "model:party:1")]
    assert {status for _, status, _ in couple.of(of_both)} == {"UNCONFIRMED"}


def test_of_two_namesakes_a_year_before_and_a_year_after_neither_is_joined(couple: Links) -> None:
    person(couple, "022178555004", WIFE, "1978-05-12", sex="FEMALE", residence_address=ADDRESS)
    record = couple.debt(**HER_PARTY, address=ADDRESS)
    run_linking(couple.engine)
    assert [status for _, status, _ in couple.of(record)] == ["UNCONFIRMED", "UNCONFIRMED"]
