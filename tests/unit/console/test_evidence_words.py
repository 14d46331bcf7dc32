"""Every rule, comparison and outcome that evidence can have is told in words: what has none would be left out or shown in English."""

import pytest

from hub.console.officer.evidence.reasons import COMPARISON_WORDS, METHOD_WORDS, OUTCOME_WORDS, read_reason
from hub.link.likeness.organisation_evidence import BITS
from hub.link.model.party import PARTY
from hub.link.profile import load_profile

RULES = load_profile().rules
TOLD_ONLY_BY_ORGANISATIONS = {comparison for comparison, *_ in BITS}


def test_every_rule_is_told() -> None:
    assert METHOD_WORDS.keys() == {rule.name for rule in RULES}


def test_every_comparison_is_told() -> None:
    of_rules = {word for rule in RULES for word, _ in rule.subject.tests}
    weighed = {one.comparison for rule in RULES for one in rule.subject.weighed}
    of_model = {one.name for one in PARTY.comparisons}
    assert (of_rules | weighed | of_model | TOLD_ONLY_BY_ORGANISATIONS) - COMPARISON_WORDS.keys() == set()


def test_every_outcome_is_told() -> None:
    weighed = {outcome.name for rule in RULES for one in rule.subject.weighed for outcome in one.outcomes}
    of_model = {level.outcome for one in PARTY.comparisons for level in one.levels}
    of_organisations = {outcome for _, outcome, *_ in BITS}
    assert (weighed | of_model | of_organisations) - OUTCOME_WORDS.keys() == set()


@pytest.mark.parametrize(
    ("status", "is_sure"), [("CONFIRMED", True), ("PROBABLE", False), ("UNCONFIRMED", False), ("NEW", False)]
)
def test_only_a_confirmed_link_is_sure(status: str, is_sure: bool) -> None:
    node = {"field": "LAND_USE_RIGHT_HOLDER", "recordId": "", "step": None, "status": status, "method": None, "decidedBy": "RUN", "evidence": []}  # fmt: skip
    assert read_reason(node).is_sure is is_sure
