"""What numbers say by the shipped model: another valid one is evidence against, and one that contradicts the name is none."""

from functools import cache
from itertools import product

import polars as pl
import pytest

from hub.link.model.frozen import Model
from hub.link.model.party import PARTY
from hub.link.model.scoring.backends import Backend
from hub.link.model.scoring.score import score_pairs
from hub.link.model.training.start_model import start_model
from hub.link.normalise.party import INPUT, party_features

SURNAMES = ("Nguyễn", "Trần", "Phạm", "Lê", "Vũ", "Bùi", "Đặng", "Đỗ", "Ngô", "Dương")
MIDDLES = ("Văn", "Đức", "Minh", "Quang", "Ngọc", "Thanh", "Hữu", "Xuân")
GIVENS = ("An", "Bình", "Cường", "Dũng", "Giang", "Hải", "Khánh", "Long", "Nam", "Phúc", "Quân", "Sơn", "Tâm", "Vinh")
HUSBAND, WIFE = "Hoàng Văn Thắng", "Mạc Thị Quyên"
ADDRESS = "Tổ 3, khu 5, phường Hồng Gai"
IDENTIFIER = "identifier"


def people(rows: list[dict[str, str | None]]) -> pl.DataFrame:
    """Persons by key, name, birth date, identifier and address."""
    written = pl.DataFrame([{column: row.get(column) for column in INPUT} | {"kind": "PERSON"} for row in rows],
                           schema=dict.fromkeys(INPUT, pl.String))  # fmt: skip
    return party_features(written)


def number(at: int, year: int, *, female: bool = False) -> str:
    return f"022{int(female)}{year % 100:02}{(at * 7919 + 104729) % 1_000_000:06}"


CITIZENS = [
    {"key": f"c{at}", "name": f"{surname} {middle} {given}", "birth_date": f"{1950 + at % 45}-{at % 12 + 1:02}-{at % 28 + 1:02}",
     "identifier": number(at, 1950 + at % 45), "address": f"Tổ {at % 9 + 1}, khu {at % 7 + 1}, phường Hồng Gai"}
    for at, (surname, middle, given) in enumerate(product(SURNAMES, MIDDLES, GIVENS))
]  # fmt: skip
COUPLE = [
    {"key": "husband", "name": HUSBAND, "birth_date": "1970-03-14", "identifier": "022070555001", "address": ADDRESS},
    {"key": "wife", "name": WIFE, "birth_date": "1973-08-21", "identifier": "022173555002", "address": ADDRESS},
]


@cache
def register() -> pl.DataFrame:
    """What records are weighed against."""
    return people([*CITIZENS, *COUPLE])  # type: ignore[list-item]  # every value is text


@pytest.fixture(scope="module")
def model() -> Model:
    made = start_model(PARTY, register())
    assert made is not None, "run: hub link model build-start hub/link/model/training/start/party.json.gz"
    return made


def weighed(model: Model, duck: Backend, *records: dict[str, str | None]) -> pl.DataFrame:
    return score_pairs(model, people(list(records)), register(), backend=duck, floor=0.0)


def outcome(pairs: pl.DataFrame, left: str, right: str) -> tuple[str, float]:
    (evidence,) = pairs.filter((pl.col("left_key") == left) & (pl.col("right_key") == right))["evidence"].to_list()
    return next((one["outcome"], one["bits"]) for one in evidence if one["comparison"] == IDENTIFIER)


def test_another_valid_number_of_the_same_year_speaks_against_a_match(duck: Backend, model: Model) -> None:
    """The number's year and sex restate the birth date: they made another number count for a match. That the pair is not joined
    whatever else agrees is a veto (`test_link_vetoes`)."""
    records = [
        {"key": f"r{at}", "name": one["name"], "birth_date": one["birth_date"], "identifier": number(at + 51_237, 1950 + at % 45)}
        for at, one in enumerate(CITIZENS[:10])
    ]  # fmt: skip
    pairs = weighed(model, duck, *records)  # type: ignore[arg-type]  # every value is text
    for at in range(10):
        said, bits = outcome(pairs, f"r{at}", f"c{at}")
        assert (said, bits < -5) == ("another, of the same year and sex", True)


def test_a_number_says_nothing_for_the_person_whose_name_it_contradicts(duck: Backend, model: Model) -> None:
    record = {"key": "r", "name": WIFE, "birth_date": None, "identifier": "022070555001", "address": ADDRESS}
    said, bits = outcome(weighed(model, duck, record), "r", "husband")
    assert said == "equal, but of another name"
    assert bits <= 0


@pytest.mark.parametrize(
    "name", [HUSBAND, "Hoang Van Thang", "Thắng Văn Hoàng", "Hoàng V. T.", "Hoàng Văn Thăng", None]
)
def test_a_number_counts_in_full_if_the_name_agrees_or_cannot_be_told(
    duck: Backend, model: Model, name: str | None
) -> None:
    record = {"key": "r", "name": name, "birth_date": "1970-03-14", "identifier": "022070555001", "address": None}
    said, bits = outcome(weighed(model, duck, record), "r", "husband")
    assert said == "equal"
    assert bits > 10


@pytest.mark.parametrize(
    ("held", "written"),
    [
        ("Giàng A Páo", "Páo Giàng A"),
        ("Giàng A Páo", "A Páo Giàng"),
        ("Lỷ A Sồi", "Sồi A Lỷ"),
        ("Giàng Seo Phừ", "Phừ Giàng Seo"),
    ],
)
def test_a_number_counts_in_full_if_a_minority_name_is_written_given_name_first(
    duck: Backend, model: Model, held: str, written: str
) -> None:
    number, birth = "022070555009", "1970-03-14"
    known = people([{"key": "held", "name": held, "birth_date": birth, "identifier": number, "address": ADDRESS}])
    record = people([{"key": "r", "name": written, "birth_date": birth, "identifier": f"CCCD {number}"}])
    pairs = score_pairs(model, record, pl.concat([register(), known]), backend=duck, floor=0.0)
    said, bits = outcome(pairs, "r", "held")
    assert (said, bits > 10) == ("equal", True)
