"""Which run is chosen: of what changed, or of everything."""

import pytest

from hub.link.field import list_decidable_fields
from hub.link.run.run_plan import FIXED_SHARE, LIMIT, RowCounts, estimate_cost

LINKED = [field for field in list_decidable_fields().values() if field.linked]
KNOWN = {
    **{field.entity.name: 1_000 for field in LINKED},
    **{kind: 10_000 for field in LINKED for kind in field.kinds},
}


def cost(**changed: int) -> float:
    return estimate_cost(LINKED, RowCounts(KNOWN, changed))


def test_a_run_costs_more_the_more_changed_and_never_less_than_its_fixed_part() -> None:
    costs = [cost(Citizen=changed) for changed in (0, 100, 500, 2_500, 5_000, 10_000, 20_000)]
    assert costs[0] == FIXED_SHARE
    assert costs == sorted(costs)
    assert costs[1] < costs[3] < LIMIT < costs[-2] == costs[-1]


def test_records_count_as_subjects_do() -> None:
    every = {field.entity.name: 1_000 for field in LINKED}
    assert cost(**every) >= LIMIT
    assert FIXED_SHARE < cost(LandUseRight=1_000) < LIMIT


@pytest.mark.parametrize("known", [{}, dict.fromkeys(KNOWN, 0)])
def test_a_store_that_linking_knows_nothing_of_is_linked_whole(known: dict[str, int]) -> None:
    assert estimate_cost(LINKED, RowCounts(known, {"Citizen": 5})) >= LIMIT
