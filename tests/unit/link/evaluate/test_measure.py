"""Measures on cases counted by hand."""

from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

from hub.link.evaluate import charts
from hub.link.evaluate.held import PAIRS
from hub.link.evaluate.measure import (
    RECORDS,
    Proportion,
    Tally,
    by_band,
    by_combination,
    by_dirt,
    compute_wilson_interval,
    measure_homonyms,
    measure_merges,
    tally_by_column,
    tally_records,
)
from hub.link.evaluate.thresholds import BINS, STEPS, count_by_weight, list_threshold_points


def record(record_id: int, status: str, **facts: Any) -> dict[str, Any]:
    """A clean linkable record, but for what is said."""
    plain = {
        "field": "Benefit.beneficiary", "subject_kind": "person", "dirt": "", "linkable": True, "method": "rule", "right": False,
        "offered": False, "homonym": False, "bare": False,
    }  # fmt: skip
    return {**plain, "record_id": record_id, "status": status, **facts}


def records(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(RECORDS))


EIGHT = records(
    record(1, "CONFIRMED", right=True),
    record(2, "PROBABLE", right=True, dirt="upper_case;year_only"),
    record(3, "CONFIRMED", dirt="year_only"),
    record(4, "CONFIRMED", linkable=False, dirt="moved_away"),
    record(5, "UNCONFIRMED", offered=True),
    record(6, "UNCONFIRMED"),
    record(7, "UNLINKED", method=None, dirt="year_only"),
    record(8, "UNLINKED", linkable=False, method=None),
)


def test_each_record_is_counted_once() -> None:
    found = tally_records(EIGHT)
    assert found == Tally(right=2, wrong=2, offered=1, astray=1, missed=1, nobody=1, linkable=6)
    assert found.records == 8
    assert found.precision == Proportion(2, 4)
    assert found.recall == Proportion(2, 6)
    assert found.recall_with_review == Proportion(3, 6)


def test_an_unconfirmed_record_without_a_subject_is_nobody_and_not_astray() -> None:
    found = tally_records(records(record(1, "UNCONFIRMED", linkable=False)))
    assert (found.nobody, found.astray, found.linkable) == (1, 0, 0)
    assert found.recall.value is None


def test_no_record_has_no_rates() -> None:
    nothing = tally_records(records())
    assert nothing.records == 0
    assert nothing.precision.value is nothing.recall.interval is None


def test_a_record_with_two_faults_is_in_both_kinds() -> None:
    found = by_dirt(EIGHT)
    assert set(found) == {"clean", "upper_case", "year_only", "moved_away"}
    assert (found["upper_case"].right, found["upper_case"].records) == (1, 1)
    assert (found["year_only"].right, found["year_only"].wrong, found["year_only"].missed) == (1, 1, 1)
    assert found["clean"].records == 4


def test_the_worst_combination_comes_first_and_one_that_lost_nothing_not_at_all() -> None:
    assert list(by_combination(EIGHT)) == ["clean", "year_only"]


def test_bands_are_in_the_order_of_trust_and_methods_leave_out_records_without_one() -> None:
    assert list(by_band(EIGHT)) == ["CONFIRMED", "PROBABLE", "UNCONFIRMED", "UNLINKED"]
    assert by_band(EIGHT)["CONFIRMED"].precision == Proportion(1, 3)
    assert tally_by_column(EIGHT, "method")["rule"].records == 6


def test_homonyms_are_counted_apart_and_candidates_are_not_joined() -> None:
    found = measure_homonyms(
        records(
            record(1, "CONFIRMED", right=True, homonym=True),
            record(2, "PROBABLE", right=True, homonym=True, bare=True),
            record(3, "PROBABLE", homonym=True, bare=True),
            record(4, "UNCONFIRMED", homonym=True, bare=True),
            record(5, "CONFIRMED", right=True),
        )
    )
    assert (found.tally.records, found.bare, found.bare_wrong) == (4, 2, 1)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [  # Worked out by hand from the formula, to four places.
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (9_995, 10_000, 0.9988, 0.9998),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_wilson_intervals(part: int, whole: int, low: float, high: float) -> None:
    assert compute_wilson_interval(part, whole) == pytest.approx((low, high), abs=5e-5)


def test_a_pair_is_one_proposal_whichever_row_comes_first() -> None:
    real = pl.DataFrame({"one": [2, 3], "other": [1, 4]})
    found = pl.DataFrame(
        {"one": [2, 1, 5], "other": [1, 2, 6], "status": ["CONFIRMED", "CONFIRMED", "UNCONFIRMED"]},
    )
    counted = measure_merges(real, found)
    assert (counted.real, counted.proposed, counted.right, counted.accepted, counted.accepted_right) == (2, 2, 1, 1, 1)
    assert (counted.precision, counted.recall) == (Proportion(1, 2), Proportion(1, 2))


def pair(record_id: int, found_id: int, weight: float | None, right: bool, status: str) -> dict[str, Any]:
    return {
        "field": "Benefit.beneficiary", "record_id": record_id, "found_id": found_id, "subject_id": found_id, "status": status,
        "method": "m", "weight": weight, "confidence": None, "right": right, "homonym": False, "linkable": True, "dirt": "",
    }  # fmt: skip


PAIRS_BY_HAND = pl.DataFrame(
    [
        pair(1, 11, None, True, "CONFIRMED"),
        pair(2, 12, 20.0, True, "PROBABLE"),
        pair(3, 13, 8.0, False, "UNCONFIRMED"),
        pair(3, 14, 6.0, True, "UNCONFIRMED"),
        pair(4, 15, 2.0, True, "UNCONFIRMED"),
    ],
    schema=PAIRS,
)
FOUR = records(record(1, "CONFIRMED", right=True), *(record(n, "UNCONFIRMED") for n in (2, 3, 4)))


def test_at_a_threshold_the_strongest_candidate_of_each_record_is_accepted_if_it_reaches_it() -> None:
    low, middle, high = list_threshold_points(FOUR, PAIRS_BY_HAND)
    assert (low.weight, middle.weight, high.weight) == (2.0, 8.0, 20.0)
    assert (low.precision, low.recall) == (Proportion(2, 3), Proportion(2, 3))
    assert (middle.precision, middle.recall) == (Proportion(1, 2), Proportion(1, 3))
    assert (high.precision, high.recall) == (Proportion(1, 1), Proportion(1, 3))
    assert (high.all_precision, high.all_recall) == (Proportion(2, 2), Proportion(2, 4))
    assert low.all_recall == Proportion(3, 4)


def test_where_rules_decided_all_there_are_no_thresholds() -> None:
    ruled = PAIRS_BY_HAND.filter(pl.col("weight").is_null())
    assert list_threshold_points(FOUR, ruled) == count_by_weight(ruled) == ()


def test_of_many_weights_some_are_looked_at_with_the_extremes() -> None:
    many = pl.DataFrame([pair(n, n, n / 7, True, "PROBABLE") for n in range(500)], schema=PAIRS)
    found = list_threshold_points(records(*(record(n, "PROBABLE", right=True) for n in range(500))), many)
    assert len(found) == STEPS
    assert (found[0].weight, found[-1].weight) == (0.0, 499 / 7)


def test_every_weighed_pair_is_in_one_bin() -> None:
    bins = count_by_weight(PAIRS_BY_HAND)
    assert len(bins) == BINS
    assert (sum(one.true for one in bins), sum(one.false for one in bins)) == (3, 1)
    assert (bins[0].true, bins[-1].true) == (1, 1)


def test_charts_are_whole_pictures_in_both_languages() -> None:
    groups = {"a<b & c": tally_records(EIGHT), "nothing": tally_records(records()), "x" * 80: tally_records(EIGHT)}
    drawn = [
        charts.draw_outcomes("Kết quả / Outcomes", groups),
        charts.draw_precision("Độ chính xác / Precision", groups),
        charts.threshold_curves("Ngưỡng / Threshold", list_threshold_points(FOUR, PAIRS_BY_HAND)),
        charts.weight_histogram("Trọng số / Weights", count_by_weight(PAIRS_BY_HAND)),
    ]
    for picture in drawn:
        root = ElementTree.fromstring(picture)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")
    assert "nối sai / linked wrongly" in drawn[0]
    # Three of the four accepted links of each group that has any are in a figure beside its dot.
    assert drawn[1].count("2/4") == 2
