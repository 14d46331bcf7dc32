"""Sample sizes and bands: every stratum is asked, those near the threshold more, never above the month's sum; edges in SQL and Python agree."""

import math

from hypothesis import given
from hypothesis import strategies as st

from hub.link.model.party import PARTY
from hub.link.quality.bands import ACCEPTED_BANDS, MODEL, next_edge
from hub.link.quality.plan import Size, sample_sizes

SIZES = st.dictionaries(
    st.integers(0, 60), st.builds(Size, st.integers(0, 100_000), st.floats(0.0005, 0.5)), max_size=40
)


@given(SIZES, st.integers(0, 500))
def test_a_plan_asks_for_no_more_than_there_is_or_may_be(strata: dict[int, Size], most: int) -> None:
    sizes = sample_sizes(strata, most)
    assert sum(sizes.values()) == min(most, sum(size.links for size in strata.values()))
    assert all(0 <= sizes[key] <= size.links for key, size in strata.items())
    filled = [key for key, size in strata.items() if size.links]
    if len(filled) <= most:
        assert all(sizes[key] >= 1 for key in filled)


@given(SIZES, st.integers(0, 500))
def test_a_plan_is_the_same_each_time(strata: dict[int, Size], most: int) -> None:
    assert sample_sizes(strata, most) == sample_sizes(dict(strata), most)


def test_near_the_threshold_more_is_asked_of_as_many_links() -> None:
    sizes = sample_sizes({band.name: Size(10_000, band.expected_wrong) for band in ACCEPTED_BANDS}, 200)
    by_nearness = [sizes[band.name] for band in MODEL]
    assert by_nearness == sorted(by_nearness, reverse=True)
    assert by_nearness[0] > 2 * by_nearness[-1]


def test_a_large_stratum_does_not_take_the_whole_sample() -> None:
    sizes = sample_sizes({"sure": Size(1_000_000, 0.001), "near": Size(500, 0.02)}, 100)
    assert 5 <= sizes["near"] < sizes["sure"]


def test_edges_rise_to_none_at_all() -> None:
    edges = [next_edge(band) for band in MODEL]
    assert edges == sorted(edges)
    assert edges[0] == PARTY.bands.margin + 2
    assert edges[-1] == math.inf
