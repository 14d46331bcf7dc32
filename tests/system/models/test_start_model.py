"""The shipped start model is what its command builds: nobody can change how parties are compared and leave the old one behind."""

import pytest

from hub.cli.linking.start_model import build_start_model
from hub.link.model.training.start_model import load_start_model

CITIZENS = 10_000
LAST_DIGITS = 1e-6
"""Engines add in the order in which their threads finish."""


def test_building_the_start_model_gives_the_shipped_one() -> None:
    """If it does not: `hub link model build-start hub/link/model/training/start/party.json.gz`."""
    built, kept = build_start_model(CITIZENS), load_start_model()
    assert kept is not None
    assert built.digest == kept.digest
    assert built.prior == pytest.approx(kept.prior, rel=LAST_DIGITS)
    assert built.trained_on.records == kept.trained_on.records
    for comparison, rates in built.learned.items():
        for one, other in zip(rates, kept.learned[comparison], strict=True):
            assert (one.outcome, one.limits) == (other.outcome, other.limits)
            assert (one.m, one.u) == pytest.approx((other.m, other.u), rel=LAST_DIGITS), f"{comparison} {one.outcome}"
