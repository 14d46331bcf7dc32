"""Those who stand beside a record as a block: whom nothing else finds, a companion's household holds. On an engine that runs."""

import polars as pl

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
