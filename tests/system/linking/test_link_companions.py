"""Those who stand beside a record as a block: whom nothing else finds, a companion's household holds. On an engine that runs."""

import polars as pl
import pytest

from hub.link.model.scoring.backends import Backend
from hub.link.model.scoring.score import FEWER, score_pairs
from hub.link.normalise.party import INPUT, party_features
from tests.system.models.stated_model import stated

FAMILIES = 20
HOUSEHOLD = ("Nguyễn Văn Hùng", "Trần Thị Lan", "Nguyễn Thị Mai")


def parties(rows: list[tuple[str, str, str | None, list[str]]]) -> pl.DataFrame:
    """Persons of key, name, birth date and the codes of the households beside them; no identifier and no address."""
    keys, names, births, companions = zip(*rows, strict=True)
    given = {"key": keys, "kind": ["PERSON"] * len(rows), "name": names, "birth_date": births}
    written = pl.DataFrame({column: given.get(column, [None] * len(rows)) for column in INPUT})
    return party_features(written).with_columns(pl.Series("companions", companions, dtype=pl.List(pl.String)))


REGISTER = parties([
    (f"{family:02}-{at}", name, f"{1960 + family}-0{at + 1}-11", [f"hk{family:02}"])
    for family in range(FAMILIES)
    for at, name in enumerate(HOUSEHOLD)
])  # fmt: skip


def test_a_spouse_of_whom_a_name_is_all_that_is_known_is_found_in_the_household_of_the_other(duck: Backend) -> None:
    asked = parties([("by household", "Trần Thị Lan", None, ["hk07"]), ("by nothing", "Trần Thị Lan", None, [])])
    found = score_pairs(stated(), asked, REGISTER, backend=duck, floor=0.0)
    assert found["left_key"].unique().to_list() == ["by household"]
    assert sorted(found["right_key"]) == ["07-0", "07-1", "07-2"]
    assert found["right_key"][0] == "07-1"


def test_a_pair_of_two_blocks_or_of_two_households_is_found_once(duck: Backend) -> None:
    asked = parties([("q", "Trần Thị Lan", "1967-02-11", ["hk07", "hk08"])])
    extended = REGISTER.with_columns(
        pl.when(pl.col("key") == "07-1").then(["hk07", "hk08"]).otherwise("companions").alias("companions")
    )
    found = score_pairs(stated(), asked, extended, backend=duck, floor=0.0)
    assert found["right_key"].is_unique().all()
    assert found["right_key"][0] == "07-1"


def test_a_few_records_meet_in_households_whom_they_would_meet_among_many(duck: Backend) -> None:
    few = parties([("q", "Trần Thị Lan", None, ["hk07", "hk99"])])
    many = parties(
        [("q", "Trần Thị Lan", None, ["hk07", "hk99"]), *((f"other {at}", "Lê Văn An", None, []) for at in range(9))]
    )
    assert FEWER * len(few) < len(REGISTER) < FEWER * len(many)
    one, other = (score_pairs(stated(), asked, REGISTER, backend=duck, floor=0.0) for asked in (few, many))
    assert len(one) == len(HOUSEHOLD)
    assert one.equals(other)


@pytest.mark.parametrize(
    ("held", "written"),
    [
        ("Giàng A Páo", "Páo Giàng A"),
        ("Giàng A Páo", "A Páo Giàng"),
        ("Lỷ A Sồi", "Sồi A Lỷ"),
        ("Slằm Thị Lụa", "Lụa Slằm Thị"),
        ("Sằn Văn Pản", "Pản Văn Sằn"),
    ],
)
def test_a_minority_name_written_given_name_first_is_found_in_the_household_and_leads(
    duck: Backend, held: str, written: str
) -> None:
    """The moved order is compared as the written one is: nobody else of the household is as likely."""
    register = pl.concat([REGISTER, parties([("held", held, "1967-05-11", ["hk07"])])])
    asked = parties([("by household", written, "1967-05-11", ["hk07"])])
    found = score_pairs(stated(), asked, register, backend=duck, floor=0.0)
    assert found["right_key"][0] == "held"
    (evidence,) = found.filter(pl.col("right_key") == "held")["evidence"].to_list()
    assert "written the other way round" in {one["outcome"] for one in evidence}


def test_a_kinh_name_in_the_other_order_is_another_person(duck: Backend) -> None:
    register = pl.concat([REGISTER, parties([("held", "Lâm Văn Hoàng", "1967-05-11", ["hk07"])])])
    asked = parties([("q", "Hoàng Văn Lâm", "1967-05-11", ["hk07"])])
    found = score_pairs(stated(), asked, register, backend=duck, floor=0.0).filter(pl.col("right_key") == "held")
    assert "written the other way round" not in {one["outcome"] for row in found["evidence"].to_list() for one in row}
