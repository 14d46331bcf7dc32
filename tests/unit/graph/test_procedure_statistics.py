"""Statistics of procedures: counts are rounded down, and no share tells more than they do."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hub.graph.procedures.procedure_statistics import describe_statistics
from hub.snapshots.statistics import ProcedureStatistics, RequirementStatistics

Numbers = st.integers(0, 60)


def make(held: int, missing: int, stale: int, *papers: int) -> ProcedureStatistics:
    one = RequirementStatistics("owner_name", held + missing + stale, held, Counter(), *papers)
    one.not_held = Counter({"MISSING: SOURCE_HAS_NONE": missing, "UNAVAILABLE: SOURCE_DOWN": stale})
    return ProcedureStatistics("land-right-transfer", 37, 21, {"owner_name": one})


@given(Numbers, Numbers, Numbers, Numbers, Numbers)
def test_counts_are_multiples_of_the_step_and_never_more(
    held: int, missing: int, stale: int, refused: int, granted: int
) -> None:
    (one,) = describe_statistics(make(held, missing, stale, refused, granted), 10)["requirements"]
    counts = {"answers": held + missing + stale, "held": held, "papersRefused": refused, "papersGranted": granted}
    for name, number in counts.items():
        assert 0 <= number - one[name] < 10
        assert one[name] % 10 == 0
    assert one["shareHeld"] == (round(one["held"] / one["answers"], 4) if one["answers"] else None)
    assert all(reason["answers"] >= 10 and reason["answers"] % 10 == 0 for reason in one["notHeld"])


def test_without_a_step_everything_is_told() -> None:
    found = describe_statistics(make(3, 1, 0, 2, 1), 1)
    (one,) = found["requirements"]
    assert (found["snapshots"], found["dossiers"]) == (37, 21)
    assert one == {
        "requirement": "owner_name", "answers": 4, "held": 3, "shareHeld": 0.75,
        "notHeld": [{"reason": "MISSING: SOURCE_HAS_NONE", "answers": 1}], "papersRefused": 2, "papersGranted": 1,
    }  # fmt: skip
    assert found["total"] == one | {"requirement": None}
