"""What several tries of a followed stream did is counted as one."""

from hub.ingest.run.follow import add_outcomes
from hub.ingest.run.outcome import EntityCounts, StreamOutcome


def tried(problem: str, drift: list[str], notes: list[str], *numbers: int) -> StreamOutcome:
    count = EntityCounts("people", "Citizen", *numbers)
    return StreamOutcome({"Citizen": count}, [problem], drift, notes, seconds=2.0, waited_s=1.0, stored_s=0.5)


def test_two_tries_add_up_and_keep_the_last_problem() -> None:
    whole = add_outcomes(
        tried("first", ["a"], ["read whole"], 1, 2, 3, 4, 5, 6, 7),
        tried("last", ["a", "b"], ["read whole"], 10, 20, 30, 40, 50, 60, 70),
    )
    assert whole.counts == {"Citizen": EntityCounts("people", "Citizen", 11, 22, 33, 44, 55, 66, 77)}
    assert (whole.problems, whole.drift, whole.notes) == (["last"], ["a", "b"], ["read whole"])
    assert (whole.seconds, whole.waited_s, whole.stored_s) == (4.0, 2.0, 1.0)
