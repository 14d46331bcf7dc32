"""Models learned from people whose births are heaped: what one block makes of a heap does not become the model."""

from dataclasses import replace

import polars as pl
import pytest

from hub.link.model.frozen import BlockEstimate, Model
from hub.link.model.party import PARTY
from hub.link.model.scoring.backends import Backend
from hub.link.model.scoring.decide import PairBand, one_to_many
from hub.link.model.scoring.score import score_pairs
from hub.link.model.training.train import train_model
from tests.heaped import Heaped, heaped

CITIZENS, HEAP = 3_000, 0.15
SPEC = replace(PARTY, fields=tuple(replace(field, placeholders=()) for field in PARTY.fields))
"""That takes 1 January for a day: heaps on other days are found all the same."""


@pytest.fixture(scope="module")
def people() -> Heaped:
    return heaped(CITIZENS, HEAP)


@pytest.fixture(scope="module")
def model(duck: Backend, people: Heaped) -> Model:
    return train_model(SPEC, people.parties, people.citizens, backend=duck)


def rate(model: Model, comparison: str, outcome: str) -> float:
    return next(one.m for one in model.learned[comparison] if one.outcome == outcome)


def test_heaped_births_in_villages_with_few_names_do_not_teach_that_matches_disagree(model: Model) -> None:
    """One in a hundred names is wrong there, and nobody has a second number. A block on births alone learns 0.33 and 0.52."""
    assert rate(model, "surname", "other") < 0.03
    assert rate(model, "given_name", "other") < 0.04
    assert rate(model, "identifier", "another, of the same year and sex") < 0.01


def test_a_model_says_which_heaps_it_left_out_and_which_blocks_it_does_not_believe(model: Model) -> None:
    assert any("born on 01-01" in heap for heap in model.trained_on.heaps)
    assert not any(one.used and one.m > 0.2 for one in _estimates(model, "surname", "other"))


def _estimates(model: Model, comparison: str, outcome: str) -> list[BlockEstimate]:
    return [estimate for one in model.learned[comparison] if one.outcome == outcome for estimate in one.estimates]


def test_rates_are_learned_by_several_blocks(model: Model) -> None:
    for comparison in ("surname", "given_name", "birth", "identifier", "address"):
        strongest = model.learned[comparison][0]
        assert sum(one.used for one in strongest.estimates) >= 2, comparison


def test_those_who_share_a_heaped_birth_are_told_apart(duck: Backend, people: Heaped, model: Model) -> None:
    few = people.parties.filter(pl.col("key").str.ends_with("-0")).head(1_000)
    pairs = score_pairs(model, few, people.citizens, backend=duck)
    accepted = one_to_many(pairs, PARTY.bands).filter(pl.col("band") == PairBand.ACCEPT)
    wrong = accepted.filter(pl.col("left_key").str.head(6) != pl.col("right_key"))
    assert len(accepted) > 900
    assert len(wrong) <= 1
