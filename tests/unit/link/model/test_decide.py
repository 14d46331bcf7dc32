"""Decisions over any pairs: partners are a matching, leads hold, clusters are a partition."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.link.model.scoring.clusters import cluster_pairs
from hub.link.model.scoring.decide import PairBand, one_to_many, one_to_one
from hub.link.model.spec import Bands

BANDS = Bands(accept=0.99, review=0.1)
Edge = tuple[str, str, float]


def pairs(edges: list[Edge]) -> pl.DataFrame:
    rows = [(one, two, weight, 1 / (1 + 2**-weight)) for one, two, weight in edges]
    schema = {"left_key": pl.String, "right_key": pl.String, "weight": pl.Float64, "probability": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def bands(frame: pl.DataFrame) -> dict[tuple[str, str], str]:
    return {(one, two): band for one, two, band in frame.select("left_key", "right_key", "band").iter_rows()}


KEYS = st.sampled_from("abcdefgh")
WEIGHTS = st.integers(-5, 40).map(float)
ANY = st.dictionaries(st.tuples(KEYS, KEYS.map(str.upper)), WEIGHTS, max_size=30).map(
    lambda found: [(one, two, weight) for (one, two), weight in found.items()]
)
WITHIN = st.dictionaries(st.tuples(KEYS, KEYS).filter(lambda two: two[0] < two[1]), WEIGHTS, max_size=28).map(
    lambda found: [(one, two, weight) for (one, two), weight in found.items()]
)


@given(ANY)
def test_one_to_one_is_a_matching_and_keeps_every_pair(edges: list[Edge]) -> None:
    decided = one_to_one(pairs(edges), BANDS)
    accepted = decided.filter(pl.col("band") == PairBand.ACCEPT)
    assert accepted["left_key"].is_duplicated().sum() == accepted["right_key"].is_duplicated().sum() == 0
    assert set(bands(decided)) == {(one, two) for one, two, _ in edges}
    assert decided["weight"].is_sorted(descending=True)


@given(ANY)
def test_one_to_many_gives_a_left_one_right_that_leads_by_the_margin(edges: list[Edge]) -> None:
    decided = one_to_many(pairs(edges), BANDS)
    accepted = decided.filter(pl.col("band") == PairBand.ACCEPT)
    assert accepted["left_key"].is_duplicated().sum() == 0
    for one, two, weight, probability in accepted.select("left_key", "right_key", "weight", "probability").iter_rows():
        others = [w for left, right, w in edges if left == one and right != two]
        assert probability >= BANDS.accept
        assert all(weight - other >= BANDS.margin for other in others)


@given(ANY, st.randoms())
def test_the_order_of_pairs_does_not_matter(edges: list[Edge], random: object) -> None:
    shuffled = list(edges)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for decide in (one_to_one, one_to_many):
        assert decide(pairs(edges), BANDS).equals(decide(pairs(shuffled), BANDS))


@given(ANY)
def test_an_accepted_pair_is_accepted_whatever_becomes_of_other_records(edges: list[Edge]) -> None:
    whole = bands(one_to_many(pairs(edges), BANDS))
    for key in {one for one, _, _ in edges}:
        alone = bands(one_to_many(pairs([edge for edge in edges if edge[0] == key]), BANDS))
        assert all(whole[pair] == band for pair, band in alone.items())


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([("a", "A", 20)], {"aA": "ACCEPT"}),
        ([("a", "A", 3)], {"aA": "REVIEW"}),
        ([("a", "A", -5)], {"aA": "REJECT"}),
        ([("a", "A", 20), ("a", "B", 5)], {"aA": "ACCEPT", "aB": "REJECT"}),
        ([("a", "A", 20), ("a", "B", 15)], {"aA": "REVIEW", "aB": "REVIEW"}),
        # B is b's, and far more so: what is left to a is A.
        ([("a", "A", 20), ("a", "B", 21), ("b", "B", 40)], {"aA": "ACCEPT", "aB": "REJECT", "bB": "ACCEPT"}),
    ],
)
def test_bands_one_to_one(edges: list[Edge], expected: dict[str, str]) -> None:
    assert {one + two: band for (one, two), band in bands(one_to_one(pairs(edges), BANDS)).items()} == expected


def test_a_right_may_have_many_lefts_where_the_right_side_is_a_register() -> None:
    assert set(bands(one_to_many(pairs([("a", "A", 20), ("b", "A", 20)]), BANDS)).values()) == {"ACCEPT"}


@given(WITHIN)
def test_clusters_are_a_partition_in_which_accepted_pairs_connect(edges: list[Edge]) -> None:
    found = cluster_pairs(pairs(edges), BANDS)
    of = dict(found.members.iter_rows())
    accepted = [(one, two) for one, two, weight in edges if 1 / (1 + 2**-weight) >= BANDS.accept]
    refused = set(found.refused.select("left_key", "right_key").iter_rows())
    assert set(of) == {key for pair in accepted for key in pair}
    assert all(name == min(key for key in of if of[key] == name) for name in of.values())
    assert refused == {(one, two) for one, two in accepted if of[one] != of[two]}
    for name in set(of.values()):
        members = {key for key in of if of[key] == name}
        reached = {name}
        while (
            grown := {two for pair in accepted for one, two in (pair, pair[::-1]) if one in reached and two in members}
            - reached
        ):
            reached |= grown
        assert reached == members


@given(WITHIN)
def test_no_two_groups_that_stay_apart_are_joined_by_more_than_one_weak_pair(edges: list[Edge]) -> None:
    found = cluster_pairs(pairs(edges), BANDS)
    of = dict(found.members.iter_rows())
    between = [frozenset((of[one], of[two])) for one, two in found.refused.select("left_key", "right_key").iter_rows()]
    assert len(set(between)) == len(between)
    assert all(weight < 2 * math.log2(0.99 / 0.01) for weight in found.refused["weight"])


def test_one_weak_pair_joins_a_record_but_no_groups() -> None:
    groups: list[Edge] = [("a", "b", 30), ("c", "d", 30)]
    assert cluster_pairs(pairs([*groups, ("b", "e", 8)]), BANDS).members["cluster"].n_unique() == 2
    weak = cluster_pairs(pairs([*groups, ("b", "c", 8)]), BANDS)
    assert weak.members["cluster"].to_list() == ["a", "a", "c", "c"]
    assert weak.refused.select("left_key", "right_key").rows() == [("b", "c")]


@pytest.mark.parametrize("proof", [[("b", "c", 20.0)], [("b", "c", 8.0), ("a", "d", 8.0)]])
def test_groups_are_joined_by_a_strong_pair_or_by_two(proof: list[Edge]) -> None:
    found = cluster_pairs(pairs([("a", "b", 30), ("c", "d", 30), *proof]), BANDS)
    assert found.members["cluster"].to_list() == ["a"] * 4
    assert found.refused.is_empty()
