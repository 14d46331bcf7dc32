"""Weights as waterfalls, in values and in the terminal; agreement of reviewers against numbers worked out by hand."""

import pytest

from hub.cli.linking.review_display import waterfall_rows
from hub.link.decisions.agreement import compute_agreement
from hub.link.review.weight_steps import explain_weight

EVIDENCE = [
    {"comparison": "name", "outcome": "agrees", "bits": 6.0},
    {"comparison": "birthYear", "outcome": "differs", "bits": -4.0},
    {"comparison": "address", "outcome": "missing", "bits": None},
]


def test_a_waterfall_goes_from_the_prior_to_the_weight() -> None:
    steps = explain_weight(-8.0, EVIDENCE)
    assert [(step.comparison, step.bits, step.total) for step in steps] == [
        ("prior", -10.0, -10.0),
        ("name", 6.0, -4.0),
        ("birthYear", -4.0, -8.0),
        ("address", None, -8.0),
    ]


def test_a_prior_that_the_evidence_states_is_taken_as_it_is() -> None:
    prior = {"comparison": "prior", "outcome": "", "bits": -10.0}
    assert explain_weight(-8.0, [prior, *EVIDENCE]) == explain_weight(-8.0, EVIDENCE)


def test_a_rule_gives_no_bits_and_no_bars() -> None:
    steps = explain_weight(None, [{"comparison": "name", "outcome": "differs", "bits": None}])
    assert [(step.comparison, step.bits, step.total) for step in steps] == [("name", None, None)]
    assert waterfall_rows(steps) == [("name", "differs", "", "", "")]


def test_bars_go_from_sum_to_sum_and_the_axis_is_zero() -> None:
    steps = explain_weight(2.0, [{"comparison": "name", "outcome": "agrees", "bits": 8.0}, EVIDENCE[1]])
    assert waterfall_rows(steps, width=8) == [
        ("prior", "", "-2.00", "-2.00", "[red]██[/]│"),
        ("name", "agrees", "+8.00", "+6.00", "[green]████████[/]"),
        ("birthYear", "differs", "-4.00", "+2.00", "  │ [red]████[/]"),
    ]


@pytest.mark.parametrize(
    ("counted", "observed", "kappa"),
    [
        # The worked example of Cohen's kappa: 20 and 15 agree, 5 and 10 do not.
        ([("SAME", "SAME", 20), ("SAME", "DIFFERENT", 5), ("DIFFERENT", "SAME", 10), ("DIFFERENT", "DIFFERENT", 15)], 0.7, 0.4),
        ([("SAME", "DIFFERENT", 5), ("DIFFERENT", "SAME", 5)], 0.0, -1.0),
        ([("SAME", "SAME", 4)], 1.0, None),
        ([], None, None),
    ],
)  # fmt: skip
def test_agreement_beyond_chance(
    counted: list[tuple[str, str, int]], observed: float | None, kappa: float | None
) -> None:
    found = compute_agreement("Citizen.duplicate", counted)
    assert found.observed == observed
    assert found.kappa == (None if kappa is None else pytest.approx(kappa))
